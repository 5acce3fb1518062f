//! Costs that MySQL and MariaDB leave out: those of subqueries in what stands above them, and those of what is kept in a temporary
//! table, which MySQL prints as nothing (`cost=0..0 rows=0`) where it has not looked.

use dbwright_catalog::{Estimate, NodeRole, Operation, PlanNode};

/// Completes the costs of a node and of all below it; what subqueries added to it, for one run of it.
pub(super) fn settle(node: &mut PlanNode) -> f64 {
    let rows = node.estimate.map_or(1.0, |estimate| estimate.rows);
    let rows_read = node.rows_read.unwrap_or(rows);
    let is_loop = node.operation == Operation::NestedLoop;
    let outer = node.children.iter().find(|child| child.role == NodeRole::Outer);
    let outer_rows = outer
        .and_then(|outer| outer.estimate)
        .map_or(1.0, |estimate| estimate.rows.max(1.0));
    let conditions: Vec<String> = node.conditions.iter().map(|condition| condition.text.clone()).collect();
    let (mut more, mut more_ms) = (0.0, 0.0);
    for child in &mut node.children {
        let below = settle(child);
        let cost = child.estimate.and_then(|estimate| estimate.total_cost).unwrap_or(0.0);
        match &child.role {
            NodeRole::Once(_) => more += cost,
            NodeRole::PerRow(name) => {
                // What a filter waits for, the server counts as time; what the list of the query asks, it does not.
                if conditions.iter().any(|condition| condition.contains(name.as_str())) {
                    more += cost * rows_read;
                } else {
                    more += cost * rows;
                    more_ms += child
                        .actual
                        .map_or(0.0, |actual| actual.total_ms.unwrap_or(0.0) * actual.loops);
                }
            }
            NodeRole::Inner if is_loop => more += below * outer_rows,
            NodeRole::Root | NodeRole::Outer | NodeRole::Inner | NodeRole::Member => more += below,
        }
    }
    if let Some(cost) = node.estimate.as_mut().and_then(|estimate| estimate.total_cost.as_mut()) {
        *cost += more;
    }
    lift(node);
    if let Some(actual) = &mut node.actual
        && let Some(total_ms) = &mut actual.total_ms
        && actual.loops > 0.0
    {
        *total_ms += more_ms / actual.loops;
    }
    more
}

/// What takes rows from below costs no less than these. Where nothing is told of it, as many rows are expected of it as go in.
fn lift(node: &mut PlanNode) {
    let inputs = node
        .children
        .iter()
        .filter(|child| matches!(child.role, NodeRole::Outer | NodeRole::Inner | NodeRole::Member));
    let told: Vec<Estimate> = inputs.filter_map(|child| child.estimate).collect();
    let below: f64 = told.iter().filter_map(|estimate| estimate.total_cost).sum();
    let is_known = told.iter().any(|estimate| estimate.total_cost.is_some());
    // A limit does not wait for all that is below it, where the server tells what it takes.
    if !is_known || node.operation == Operation::Limit && node.estimate.is_some() {
        return;
    }
    let is_kept = matches!(
        node.operation,
        Operation::Materialize | Operation::CteScan | Operation::Aggregate | Operation::Other
    ) || node.operation == Operation::Sort;
    let rows: f64 = told.iter().map(|estimate| estimate.rows).sum();
    let Some(estimate) = &mut node.estimate else {
        node.estimate = Some(Estimate {
            startup_cost: None,
            total_cost: Some(below),
            rows: limit(&node.name).map_or(rows, |limit| rows.min(limit)),
            width: None,
        });
        return;
    };
    if is_kept && estimate.rows == 0.0 {
        estimate.rows = rows;
    }
    estimate.total_cost = Some(estimate.total_cost.unwrap_or(0.0).max(below));
}

/// The rows that a limit lets through: 100 of `Limit: 100 row(s)`, 10 of `Limit/Offset: 10/5000 row(s)`.
fn limit(name: &str) -> Option<f64> {
    let (_, rows) = name.strip_prefix("Limit")?.split_once(": ")?;
    rows.split(['/', ' ']).next()?.parse().ok()
}
