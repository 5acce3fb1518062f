//! An index finds many rows, of which a filter throws most away.
//!
//! The index narrows the search by one column, and the rest of the condition is checked row by row in the table: each row is
//! fetched to be thrown away.
//!
//! How it is found: below an index or bitmap scan, the filter threw away at least ten times the rows that it kept, and a
//! thousand or more (with `--analyze`, or where the plan tells what it expects to read). On SQLite: `ANALYZE` has counted a
//! thousand rows or more for each value of the index, and the query compares another column as well.
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
//! ```sql setup sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, shop_id INTEGER NOT NULL, reference TEXT NOT NULL, note TEXT);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 100000)
//! INSERT INTO orders SELECT value, value / 25000, 'r' || value % 25000, 'note' FROM g;
//! CREATE INDEX orders_shop_id ON orders (shop_id);
//! ```
//!
//! ```sql told sqlite
//! SELECT id FROM orders WHERE shop_id = 3 AND reference = 'r77'
//! ```
//!
//! ```sql silent sqlite
//! SELECT id FROM orders WHERE shop_id = 3
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE orders (id integer PRIMARY KEY, shop_id integer NOT NULL, reference varchar(20) NOT NULL, note varchar(200),
//!   KEY orders_shop_id (shop_id));
//! INSERT INTO orders SELECT a.n * 10 + b.n, a.n DIV 1000, concat('r', a.n), repeat('x', 50) FROM number a JOIN digit b;
//! ANALYZE TABLE orders;
//! ```
//!
//! ```sql told mysql mariadb analyze
//! SELECT id FROM orders WHERE shop_id = 3 AND reference = 'r3077'
//! ```
//!
//! ```sql silent mysql mariadb analyze
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
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("filter_discards_most_rows.rs"),
    look,
};

/// So many times the rows that are kept.
const FACTOR: f64 = 10.0;

/// Fewer are not worth another index.
const DISCARDED_MIN: f64 = 1000.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    if context.server.engine == Engine::Sqlite {
        return look_sqlite(context, findings);
    }
    let operations = [
        Operation::IndexScan,
        Operation::IndexOnlyScan,
        Operation::BitmapHeapScan,
    ];
    for (index, node) in context.nodes_of(&operations) {
        let filters = || node.conditions_of(ConditionKind::Filter);
        if filters().next().is_none() || context.is_whole_scan(node) || !context.is_much(context.costs[index].inclusive)
        {
            continue;
        }
        let kept = node.rows();
        let bitmap = context
            .nodes
            .get(index + 1)
            .filter(|below| below.role == NodeRole::Outer);
        let discarded = match (node.actual, bitmap) {
            (Some(actual), _) => filters().filter_map(|filter| filter.removed).sum::<f64>() * actual.loops,
            (None, _) if node.rows_read.is_some() && !context.is_guess(node) => node.rows_read.unwrap_or(0.0) - kept,
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

/// SQLite tells no rows that a filter leaves; statistics tell how many the index finds.
fn look_sqlite(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes_of(&[Operation::IndexScan, Operation::IndexOnlyScan]) {
        let found = node.rows_read.unwrap_or_default();
        let has_filter = node.conditions_of(ConditionKind::Filter).next().is_some();
        let is_search = node.conditions_of(ConditionKind::Index).next().is_some();
        let Some(table) = context
            .table(node)
            .filter(|_| has_filter && is_search && found >= DISCARDED_MIN)
        else {
            continue;
        };
        let Some(wanted) = wanted(context, node, table, &[ConditionKind::Index, ConditionKind::Filter]) else {
            continue;
        };
        let by = node.index.as_deref().unwrap_or_default();
        let is_longer = wanted.columns.len()
            > node
                .conditions_of(ConditionKind::Index)
                .flat_map(|by| by.text.split(" AND "))
                .count();
        if !is_longer || !context.matters(index) {
            continue;
        }
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "The index {by} finds about {} rows, which a filter then looks through",
                rows_told(found)
            ),
        );
        for filter in node.conditions_of(ConditionKind::Filter) {
            finding.evidence.push(format!("The filter is {}.", filter.text));
        }
        finding.advice.push(format!(
            "An index on {} finds what is left of them.",
            wanted.columns_told(context)
        ));
        let sql = wanted.sql(context, table);
        finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
        findings.push(finding);
    }
}
