//! A table is read from end to end for a few of its rows.
//!
//! Every page of the table is read, and nearly every row thrown away again. It takes longer the more the table grows, however few
//! rows are asked for, and it drives out of memory what other queries need.
//!
//! How it is found: a sequential scan with a filter that leaves at most a twentieth of the table, that is a good part of what
//! the query costs, and whose filter compares columns in a way that an index can answer.
//! Small tables are never told: reading one is faster than any index.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, state text NOT NULL, total numeric);
//! INSERT INTO orders SELECT n, n % 5000, 'done', n FROM generate_series(1, 50000) n;
//! CREATE TABLE country (code text NOT NULL, name text);
//! INSERT INTO country SELECT 'c' || n, 'country ' || n FROM generate_series(1, 100) n;
//! ```
//!
//! ```sql told postgres
//! SELECT id, total FROM orders WHERE customer_id = 7
//! ```
//!
//! A small table, and a condition that most rows satisfy:
//!
//! ```sql silent postgres
//! SELECT name FROM country WHERE code = 'c7'
//! ```
//!
//! ```sql silent postgres
//! SELECT id, total FROM orders WHERE state = 'done'
//! ```
//!
//! What to do: build an index on the columns that the filter compares: those compared with `=` first, then one that is compared
//! with `<` or `>`. A flag that is the same in every such query (`deleted_at IS NULL`) belongs into the index's `WHERE`.
//! Each index slows writes down and takes room, so let one index serve several queries.
//!
//! See <https://www.postgresql.org/docs/current/indexes-multicolumn.html>.

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, Operation, PlanChangeKind, PlanFinding, Severity};

use crate::context::{Context, count_of_rows, rows_told};
use crate::finding::change;
use crate::indexing::wanted;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "sequential-scan-for-few-rows",
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    source: include_str!("sequential_scan_for_few_rows.rs"),
    look,
};

/// The share of a table that is few.
const FEW: f64 = 0.05;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes_of(&[Operation::SequentialScan]) {
        let Some(table) = context.table(node).filter(|_| context.matters(index)) else {
            continue;
        };
        let Some(all) = table.rows.filter(|rows| *rows > 0.0) else {
            continue;
        };
        let rows = context.rows(index);
        if rows > all * FEW {
            continue;
        }
        let Some(wanted) = wanted(context, node, table, &[ConditionKind::Filter]) else {
            continue;
        };
        let told = if node.actual.is_some() { "" } else { "about " };
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "All {} rows of {} are read to find {told}{}",
                rows_told(all),
                table.name,
                rows_told(rows)
            ),
        );
        finding.evidence.push(format!(
            "{} is {}; its filter leaves {told}{}.",
            node.title(),
            context.share_told(index),
            count_of_rows(rows),
        ));
        finding.advice.push(format!(
            "An index on {} finds them without reading the others.",
            wanted.columns_told(context)
        ));
        let sql = wanted.sql(context, table);
        finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
        findings.push(finding);
    }
}
