//! Rows are sorted, though an index could give them in that order.
//!
//! To sort, SQLite puts all rows into a temporary B-tree before it gives the first one, also where only ten are wanted: `LIMIT` does
//! not stop the reading. An index that has the order already gives the first rows at once.
//!
//! How it is found: `USE TEMP B-TREE FOR ORDER BY`, `GROUP BY` or `DISTINCT` above one table of which at least a thousand rows are
//! read, where all that is sorted by are columns of that table.
//!
//! ```sql setup sqlite
//! CREATE TABLE post (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, title TEXT NOT NULL, at TEXT NOT NULL);
//! CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 20000)
//! INSERT INTO post SELECT value, value % 7, 'post ' || value, datetime('2026-01-01', value || ' minutes') FROM g;
//! INSERT INTO author SELECT id, title FROM post WHERE id <= 50;
//! CREATE INDEX post_title ON post (title);
//! ```
//!
//! ```sql told sqlite
//! SELECT id, title FROM post ORDER BY at DESC LIMIT 20
//! ```
//!
//! ```sql told sqlite
//! SELECT author_id, max(at) FROM post GROUP BY author_id
//! ```
//!
//! ```sql silent sqlite
//! SELECT id, at FROM post ORDER BY title LIMIT 20
//! ```
//!
//! ```sql silent sqlite
//! SELECT id FROM author ORDER BY name
//! ```
//!
//! What to do: build an index on what the query compares with `=`, followed by what it sorts or groups by.
//!
//! See <https://www.sqlite.org/optoverview.html#order_by_optimizations>.

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, Operation, PlanChangeKind, PlanFinding, Severity};

use crate::context::{Context, rows_told};
use crate::finding::change;
use crate::indexing::{Wanted, compared_equal, sorted_by_columns};
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "temporary-b-tree",
    severity: Severity::Warning,
    engines: &[Engine::Sqlite],
    source: include_str!("temporary_b_tree.rs"),
    look,
};

/// Fewer rows are sorted in no time.
const ROWS_MIN: f64 = 1000.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, sort) in context.nodes_of(&[Operation::Sort]) {
        let [node] = sort.children.as_slice() else { continue };
        let rows = node.rows_read.unwrap_or_default();
        let Some(table) = context.table(node).filter(|_| rows >= ROWS_MIN && index == 0) else {
            continue;
        };
        let (what, clause) = if sort.name.ends_with("GROUP BY") {
            ("grouped", "GROUP BY")
        } else if sort.name.ends_with("DISTINCT") {
            ("compared with each other", "DISTINCT")
        } else {
            ("sorted", "ORDER BY")
        };
        let Some(sorted) = sorted_by_columns(context, node, table, clause) else {
            continue;
        };
        let mut columns = compared_equal(context, node, table, &[ConditionKind::Index, ConditionKind::Filter]);
        columns.retain(|column| !sorted.contains(column));
        columns.extend(sorted);
        let wanted = Wanted::of(columns);
        let has_limit = context
            .query
            .as_ref()
            .and_then(crate::query::Query::outermost)
            .is_some_and(|select| select.limit.is_some());
        if wanted.is_there(table) {
            continue;
        }
        let sql = wanted.sql(context, table);
        let is_told = |other: &PlanFinding| other.change.as_ref().is_some_and(|change| change.sql == sql);
        if findings.iter().any(is_told) {
            continue;
        }
        let until = if has_limit {
            " before the first one is given"
        } else {
            ""
        };
        let mut finding = INSIGHT.finding(
            Some(index),
            format!("Up to {} rows of {} are {what}{until}", rows_told(rows), table.name),
        );
        if !has_limit {
            finding.severity = Severity::Note;
        }
        finding.evidence.push(format!("The plan says USE {}.", sort.name));
        finding.advice.push(format!(
            "An index on {} gives them in that order.",
            wanted.columns_told(context)
        ));
        finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
        findings.push(finding);
    }
}
