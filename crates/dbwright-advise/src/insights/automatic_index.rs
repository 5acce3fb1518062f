//! SQLite builds an index for the query, each time that it runs.
//!
//! Where a join or subquery looks rows up and no index finds them, SQLite makes one of the rows that it needs, uses it, and throws
//! it away. That is better than reading the whole table for each row, and takes longer than an index that is there.
//!
//! How it is found: the plan says `AUTOMATIC COVERING INDEX` for a table of a thousand rows or more.
//!
//! ```sql setup sqlite
//! CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, total REAL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 20000)
//! INSERT INTO orders SELECT value, value % 2000 + 1, value FROM g;
//! INSERT INTO customer SELECT id, 'customer ' || id FROM orders WHERE id <= 2000;
//! ```
//!
//! ```sql told sqlite
//! SELECT c.name, o.total FROM customer c LEFT JOIN orders o ON o.customer_id = c.id
//! ```
//!
//! ```sql silent sqlite
//! SELECT c.name, o.total FROM orders o LEFT JOIN customer c ON o.customer_id = c.id
//! ```
//!
//! What to do: build that index, so that it is there when the query comes.
//!
//! See <https://www.sqlite.org/optoverview.html#automatic_query_time_indexes>.

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, PlanChangeKind, PlanFinding, Severity};

use crate::context::{Context, rows_told};
use crate::finding::change;
use crate::indexing::wanted;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "automatic-index",
    severity: Severity::Warning,
    engines: &[Engine::Sqlite],
    source: include_str!("automatic_index.rs"),
    look,
};

/// An index of fewer rows is made in no time.
const ROWS_MIN: f64 = 1000.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().enumerate() {
        let is_automatic = node.index.as_ref().is_some_and(|index| index.starts_with("automatic "));
        let Some(table) = context.table(node).filter(|_| is_automatic) else {
            continue;
        };
        let rows = table.rows.unwrap_or_default();
        let Some(wanted) = wanted(context, node, table, &[ConditionKind::Index]).filter(|_| rows >= ROWS_MIN) else {
            continue;
        };
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "Each time the query runs, SQLite builds an index on {} ({})",
                table.name,
                wanted.columns_told(context)
            ),
        );
        finding.evidence.push(format!(
            "The table has {} rows, which are all read for it.",
            rows_told(rows)
        ));
        finding.advice.push("Build it once.".to_owned());
        let sql = wanted.sql(context, table);
        finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
        findings.push(finding);
    }
}
