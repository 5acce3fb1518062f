//! Facts to advice: plans of queries as servers print them ([`read_plan`]), and what insights tell of them ([`look`]).
//!
//! An insight speaks only where it is true and matters on the plan at hand: what takes no time is not told, however unusual it
//! looks. This crate runs nothing and reads no file.

mod context;
mod converted;
mod expression;
mod finding;
mod indexing;
mod insight;
mod insights;
mod kept_query;
mod parameters;
mod plan;
mod query;
mod rewrite;
mod scope;
mod worse;
mod written_rows;

use dbwright_catalog::{PlanFacts, PlanFinding, QueryPlan, Server};

pub use insight::{Insight, InsightExample};
pub use kept_query::preparable;
pub use parameters::{
    Comparison, Parameter, ParameterRole, parameters, sample_key, values_of_sample, with_question_marks,
};
pub use plan::{NoPlan, complete_sqlite, read_kept_plan, read_plan};
pub use worse::{KnownPlan, Outcome, Thresholds, Weighed, weigh};
pub use written_rows::rows_written;

/// Every insight, in the order in which they are listed to people.
pub static INSIGHTS: &[&Insight] = &[
    &insights::sequential_scan_for_few_rows::INSIGHT,
    &insights::filter_discards_most_rows::INSIGHT,
    &insights::function_on_column::INSIGHT,
    &insights::implicit_cast::INSIGHT,
    &insights::leading_wildcard::INSIGHT,
    &insights::or_across_columns::INSIGHT,
    &insights::collation_mismatch::INSIGHT,
    &insights::automatic_index::INSIGHT,
    &insights::temporary_b_tree::INSIGHT,
    &insights::nested_loop_over_many_rows::INSIGHT,
    &insights::correlated_subquery::INSIGHT,
    &insights::wrong_row_estimate::INSIGHT,
    &insights::partitions_not_pruned::INSIGHT,
    &insights::materialised_cte::INSIGHT,
    &insights::offset_pagination::INSIGHT,
    &insights::count_for_existence::INSIGHT,
    &insights::not_in_subquery::INSIGHT,
    &insights::sort_for_few_rows::INSIGHT,
    &insights::spilled_to_disk::INSIGHT,
    &insights::lossy_bitmap::INSIGHT,
    &insights::index_only_scan_with_heap_fetches::INSIGHT,
    &insights::trigger_time::INSIGHT,
    &insights::jit_time::INSIGHT,
    &insights::workers_not_launched::INSIGHT,
    &insights::unbounded_result::INSIGHT,
    &insights::wide_rows_selected::INSIGHT,
];

/// The insight with this name.
pub fn find(name: &str) -> Option<&'static Insight> {
    INSIGHTS.iter().copied().find(|insight| insight.name == name)
}

/// What insights tell of a plan, what is worst first. Changes that they propose are not tried yet.
///
/// The facts are those of the tables that the plan names; where something is not known, what depends on it is not told.
pub fn look(query: Option<&str>, plan: &QueryPlan, facts: &PlanFacts, server: &Server) -> Vec<PlanFinding> {
    let context = context::Context::new(query, plan, facts, server);
    let mut findings = Vec::new();
    for insight in INSIGHTS
        .iter()
        .filter(|insight| insight.engines.contains(&server.engine))
    {
        (insight.look)(&context, &mut findings);
    }
    let share = |finding: &PlanFinding| finding.node.map_or(0.0, |node| context.share(node));
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(share(b).total_cmp(&share(a))));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_insight_has_a_name_of_its_own_a_file_and_a_whole_page() {
        let mut names: Vec<&str> = INSIGHTS.iter().map(|insight| insight.name).collect();
        names.sort_unstable();
        let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/insights"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name != "mod.rs")
            .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
            .collect();
        files.sort_unstable();
        assert_eq!(names, files);
        for insight in INSIGHTS {
            let page = insight.page();
            for part in ["How it is found:", "What to do:", "See <https://"] {
                assert!(page.contains(part), "{}: {part}", insight.name);
            }
            for engine in insight.engines {
                for told in [true, false] {
                    assert!(
                        insight
                            .examples()
                            .iter()
                            .any(|example| example.told == told && example.engine == *engine),
                        "{} has no example for {engine} that is told: {told}",
                        insight.name
                    );
                }
            }
        }
    }
}
