//! The plans of a query before and after the migrations, where it gets worse: in text, in Markdown, and in the wire format.

use dbwright_catalog::{Finding, QueryPlan, Section, WorsePlan};

use crate::explain::plan_tree;
use crate::layout::Layout;
use crate::told::{block, code};

/// In text, the plans of so many queries of a finding are shown.
const IN_TEXT_MAX: usize = 1;
/// In Markdown, of so many.
const IN_MARKDOWN_MAX: usize = 5;
/// Columns of a plan where nobody has a terminal.
const WIDTH: usize = 100;

/// The worse plans that a finding is about, the busiest query first.
fn of<'a>(section: &'a Section, finding: &Finding) -> Vec<&'a WorsePlan> {
    if finding.rule != "plan-worse" {
        return Vec::new();
    }
    let all = section.release.plans.iter().flat_map(|plans| &plans.worse);
    let is_there = |worse: &&WorsePlan| {
        let path = section
            .history
            .migrations
            .get(worse.place.migration)
            .map(|migration| &migration.path);
        let statement = worse
            .place
            .statement
            .map(|statement| (worse.place.migration, statement));
        path == Some(&finding.place.path) && statement == finding.place.statement
    };
    let mut plans: Vec<&WorsePlan> = all.filter(is_there).collect();
    let share = |worse: &WorsePlan| {
        let query = section.release.running.get(worse.query);
        query.and_then(|query| query.load).map_or(0, |load| load.share_permille)
    };
    plans.sort_by_key(|worse| std::cmp::Reverse(share(worse)));
    plans
}

/// The plans below a finding, each line behind `indent`.
pub(crate) fn in_text(section: &Section, finding: &Finding, indent: &str, layout: Layout, verbose: bool) -> String {
    let all = of(section, finding);
    let shown_max = if verbose { all.len() } else { IN_TEXT_MAX };
    let mut text = String::new();
    for worse in all.iter().take(shown_max) {
        if all.len() > 1
            && let Some(query) = section.release.running.get(worse.query)
        {
            text.push_str(&layout.wrap(indent, indent, &crate::layout::clean(&query.to_string())));
        }
        for (when, plan) in [("before:", &worse.before), ("after:", &worse.after)] {
            text.extend([format!("{indent}{when}\n")]);
            text.push_str(&plan_tree(plan, &format!("{indent}  "), layout, verbose));
        }
    }
    if all.len() > shown_max {
        text.push_str(&layout.wrap(indent, indent, "The plans of the others are told with `--verbose`."));
    }
    text
}

/// The plans of a finding as Markdown, each pair folded.
pub(crate) fn in_markdown(section: &Section, finding: &Finding) -> String {
    let mut text = String::new();
    for worse in of(section, finding).into_iter().take(IN_MARKDOWN_MAX) {
        let Some(query) = section.release.running.get(worse.query) else {
            continue;
        };
        text.extend([format!(
            "\n<details><summary>plans of a query</summary>\n\n{}\n\nBefore:\n\n{}\nAfter:\n\n{}\n</details>\n",
            code(&query.spaced()),
            block("", plain(&worse.before).trim_end()),
            block("", plain(&worse.after).trim_end())
        )]);
    }
    text
}

/// A plan as text, for whoever has no terminal.
pub(crate) fn plain(plan: &QueryPlan) -> String {
    plan_tree(plan, "", Layout::new(false, WIDTH), false)
}
