//! A table is read again for each of many rows.
//!
//! A nested loop runs its inner side once for each row of the outer one. That is right for few rows or with an index; reading
//! through a table thousands of times is not.
//!
//! How it is found: the inner side of a nested loop has no index to find its rows by, runs at least a hundred times, and takes a
//! good part of the whole.
//!
//! ```sql setup postgres
//! CREATE TABLE event (id integer PRIMARY KEY, at integer NOT NULL);
//! INSERT INTO event SELECT n, n FROM generate_series(1, 5000) n;
//! CREATE TABLE price (id integer PRIMARY KEY, valid_from integer NOT NULL, valid_to integer NOT NULL, event_id integer);
//! INSERT INTO price SELECT n, n * 10, n * 10 + 10, n FROM generate_series(1, 500) n;
//! ```
//!
//! ```sql told postgres
//! SELECT count(*) FROM event e JOIN price p ON e.at >= p.valid_from AND e.at < p.valid_to
//! ```
//!
//! ```sql silent postgres
//! SELECT count(*) FROM event e JOIN price p ON p.event_id = e.id
//! ```
//!
//! What to do: join by an equality, where one can be had (a hash join then reads each table once); or build an index that finds
//! the rows of the inner side. Where far more rows came than expected, mend the estimate first.
//!
//! See <https://www.postgresql.org/docs/current/planner-optimizer.html>.

use dbwright_catalog::{ConditionKind, Engine, NodeRole, Operation, PlanFinding, PlanNode, Severity};

use crate::context::{Context, rows_told};
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "nested-loop-over-many-rows",
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    source: include_str!("nested_loop_over_many_rows.rs"),
    look,
};

/// Fewer runs are what nested loops are for.
const RUNS_MIN: f64 = 100.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes_of(&[Operation::NestedLoop]) {
        let child = |role: NodeRole| node.children.iter().find(move |child| child.role == role);
        let (Some(outer), Some(inner)) = (child(NodeRole::Outer), child(NodeRole::Inner)) else {
            continue;
        };
        let runs = match inner.actual {
            Some(actual) => actual.loops,
            None => outer.rows(),
        };
        let Some(read) = read_whole(inner) else { continue };
        // Comparing each pair of rows costs where they are compared: at the join.
        if runs < RUNS_MIN || !context.is_much(context.costs[index].inclusive - outer_cost(context, index)) {
            continue;
        }
        let each = inner.rows();
        let mut finding = INSIGHT.finding(
            Some(index),
            format!("{} is gone through {} times", read.title(), rows_told(runs)),
        );
        finding.evidence.push(format!(
            "{} rows each time: {} pairs are compared.",
            rows_told(each),
            rows_told(each * runs)
        ));
        if let Some(filter) = node.conditions_of(ConditionKind::JoinFilter).next() {
            finding.evidence.push(format!("They are joined by {}.", filter.text));
        }
        if let (Some(estimate), Some(actual)) = (outer.estimate, outer.actual)
            && actual.rows > estimate.rows * 10.0
        {
            finding.evidence.push(format!(
                "{} rows were expected on its outer side, and {} came.",
                rows_told(estimate.rows),
                rows_told(actual.rows)
            ));
        }
        finding.advice.push(
            "Join by an equality where one can be had, or build an index that finds the rows of the inner side."
                .to_owned(),
        );
        findings.push(finding);
    }
}

fn outer_cost(context: &Context<'_>, index: usize) -> f64 {
    let mut children = (index + 1..context.nodes.len()).filter(|child| context.parents[*child] == Some(index));
    let outer = children.find(|child| context.nodes[*child].role == NodeRole::Outer);
    outer.map_or(0.0, |outer| context.costs[outer].inclusive)
}

/// The table below that is read from end to end, kept in memory or not.
fn read_whole(node: &PlanNode) -> Option<&PlanNode> {
    match node.operation {
        Operation::SequentialScan => Some(node),
        Operation::Materialize => node.children.first().and_then(read_whole),
        _ => None,
    }
}
