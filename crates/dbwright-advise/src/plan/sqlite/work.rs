//! What a plan of SQLite takes, which tells no costs: rows that are read or put into a temporary B-tree.
//!
//! Where statistics do not tell how many rows a search reads, it is what the planner assumes:
//! <https://github.com/sqlite/sqlite/blob/master/src/where.c>, <https://github.com/sqlite/sqlite/blob/master/src/build.c>
//! (sqlite3DefaultRowEst).

use dbwright_catalog::{ConditionKind, Estimate, Operation, PlanFacts, PlanNode, QueryPlan, TableFacts};

/// Rows that share the keys of an index of which nothing is known.
const SHARED: [f64; 5] = [10.0, 9.0, 8.0, 7.0, 6.0];
const SHARED_BEYOND: f64 = 5.0;

/// Of the rows, so many are within a range that has one end, and one that has two.
const WITHIN_ONE_END: f64 = 1.0 / 4.0;
const WITHIN_TWO_ENDS: f64 = 1.0 / 64.0;

/// Putting a row into a B-tree and taking it out again, in rows that are read.
const SORTED_ROW: f64 = 2.0;

/// Rows that a completed plan reads, at most, and of those that it sorts or puts into an automatic index as many times as that
/// takes longer.
///
/// # Errors
///
/// The table of which nobody knows how many rows it has.
pub(crate) fn work(plan: &QueryPlan, facts: &PlanFacts) -> Result<f64, String> {
    let mut plan = plan.clone();
    let mut built = 0.0;
    assume(&mut plan.root, facts, &mut built)?;
    let read = plan.costs().first().map_or(0.0, |cost| cost.inclusive);
    Ok(read + built)
}

/// Fills in what each node reads; what automatic indexes take is added up.
fn assume(node: &mut PlanNode, facts: &PlanFacts, built: &mut f64) -> Result<(), String> {
    for child in &mut node.children {
        assume(child, facts, built)?;
    }
    if node.operation == Operation::Sort {
        let rows = node.children.first().map_or(1.0, PlanNode::rows_at_most);
        node.estimate = Some(Estimate {
            startup_cost: None,
            total_cost: None,
            rows,
            width: None,
        });
        node.rows_read = Some(rows * SORTED_ROW);
        return Ok(());
    }
    if matches!(node.operation, Operation::BitmapCombination | Operation::CustomScan) || node.rows_read.is_some() {
        return Ok(());
    }
    let name = node.relation.as_ref().map(|relation| relation.name.as_str());
    let Some(table) = name.and_then(|name| facts.table(None, name)) else {
        return Ok(());
    };
    let is_automatic = node.index.as_ref().is_some_and(|index| index.starts_with("automatic "));
    let rows = match table.rows {
        Some(rows) => rows,
        None if is_one_row(node) => 1.0,
        None => return Err(table.name.clone()),
    };
    if is_automatic {
        *built += rows * (1.0 + SORTED_ROW);
        node.rows_read = Some(1.0);
    } else {
        node.rows_read = Some(searched(node, table, rows));
    }
    Ok(())
}

/// Whether a search finds one row whatever the table holds.
fn is_one_row(node: &PlanNode) -> bool {
    let mut conditions = node.conditions_of(ConditionKind::Index);
    conditions.next().is_some_and(|condition| condition.text == "rowid=?")
}

fn searched(node: &PlanNode, table: &TableFacts, rows: f64) -> f64 {
    let Some(condition) = node.conditions_of(ConditionKind::Index).next() else {
        return rows;
    };
    let terms: Vec<&str> = condition.text.split(" AND ").collect();
    let equal = terms.iter().take_while(|term| term.ends_with("=?")).count();
    let index = table
        .indexes
        .iter()
        .find(|index| Some(&index.name) == node.index.as_ref());
    let shared = match equal.checked_sub(1) {
        None => index.and_then(|index| index.rows).unwrap_or(rows),
        Some(last) => {
            let known = index.and_then(|index| index.rows_each.get(last)).copied();
            known.unwrap_or(SHARED.get(last).copied().unwrap_or(SHARED_BEYOND))
        }
    };
    let within = match terms.len() - equal {
        0 => 1.0,
        1 => WITHIN_ONE_END,
        _ => WITHIN_TWO_ENDS,
    };
    (shared * within).clamp(1.0, rows.max(1.0))
}
