//! An index finds many rows, of which a filter throws most away.
//!
//! The index narrows the search by one column, and the rest of the condition is checked row by row in the table: each row is
//! fetched to be thrown away.
//!
//! How it is found: below an index or bitmap scan, the filter threw away at least ten times the rows that it kept, and a
//! thousand or more (with `--analyze`, or where a bitmap tells what it expects).
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, shop_id integer NOT NULL, reference text NOT NULL, note text);
//! INSERT INTO orders SELECT n, n / 25000, 'r' || n % 25000, repeat('x', 50) FROM generate_series(1, 200000) n;
//! CREATE INDEX orders_shop_id ON orders (shop_id);
//! ```
//!
//! ```sql told postgres analyze
//! SELECT id FROM orders WHERE shop_id = 3 AND reference = 'r77'
//! ```
//!
//! ```sql silent postgres analyze
//! SELECT id FROM orders WHERE shop_id = 3
//! ```
//!
//! What to do: put the columns that are compared into one index, those compared with `=` first.
//!
//! See <https://www.postgresql.org/docs/current/indexes-multicolumn.html>.

use dbwright_catalog::{
    ChangePurpose, ConditionKind, Engine, NodeRole, Operation, PlanChangeKind, PlanFinding, Severity,
};

use crate::context::{Context, rows_told};
use crate::finding::change;
use crate::indexing::wanted;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "filter-discards-most-rows",
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    source: include_str!("filter_discards_most_rows.rs"),
    look,
};

/// So many times the rows that are kept.
const FACTOR: f64 = 10.0;

/// Fewer are not worth another index.
const DISCARDED_MIN: f64 = 1000.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let operations = [
        Operation::IndexScan,
        Operation::IndexOnlyScan,
        Operation::BitmapHeapScan,
    ];
    for (index, node) in context.nodes_of(&operations) {
        let filters = || node.conditions_of(ConditionKind::Filter);
        if filters().next().is_none() || !context.is_much(context.costs[index].inclusive) {
            continue;
        }
        let kept = node.rows();
        let bitmap = context
            .nodes
            .get(index + 1)
            .filter(|below| below.role == NodeRole::Outer);
        let discarded = match (node.actual, bitmap) {
            (Some(actual), _) => filters().filter_map(|filter| filter.removed).sum::<f64>() * actual.loops,
            (None, Some(bitmap)) if node.operation == Operation::BitmapHeapScan => bitmap.rows() - kept,
            (None, _) => 0.0,
        };
        let runs = node.actual.map_or(1.0, |actual| actual.loops);
        if discarded < DISCARDED_MIN || discarded < FACTOR * kept * runs {
            continue;
        }
        let Some(table) = context.table(node) else { continue };
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "Of the rows that the index finds in {}, the filter throws {} away",
                table.name,
                rows_told(discarded)
            ),
        );
        finding
            .evidence
            .push(format!("{} keeps {}.", node.title(), rows_told(kept * runs)));
        let kinds = [ConditionKind::Index, ConditionKind::Recheck, ConditionKind::Filter];
        if let Some(wanted) = wanted(context, node, table, &kinds) {
            finding.advice.push(format!(
                "An index on {} finds only those that are kept.",
                wanted.columns_told(context)
            ));
            let sql = wanted.sql(context, table);
            finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
        } else {
            finding
                .advice
                .push("Let an index hold what the filter compares as well.".to_owned());
        }
        findings.push(finding);
    }
}
