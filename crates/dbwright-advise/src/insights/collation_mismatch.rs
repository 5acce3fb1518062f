//! Texts are compared by other rules than those by which the index is sorted.
//!
//! An index is sorted by one collation. `LIKE` takes upper and lower case as the same (unless `PRAGMA case_sensitive_like` says
//! otherwise) and a usual index does not; `COLLATE NOCASE` in a query asks for an order that an index without it does not have.
//!
//! How it is found: a table of a thousand rows or more is read whole, its filter compares a column with `LIKE 'beginning%'` or with
//! `COLLATE`, and there is an index on that column with another collation.
//!
//! ```sql setup sqlite
//! CREATE TABLE account (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT COLLATE NOCASE);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 20000)
//! INSERT INTO account SELECT value, 'a' || value || '@example.org', 'Name ' || value FROM g;
//! CREATE INDEX account_email ON account (email);
//! CREATE INDEX account_name ON account (name);
//! ```
//!
//! ```sql told sqlite
//! SELECT id FROM account WHERE email LIKE 'a777%'
//! ```
//!
//! ```sql told sqlite
//! SELECT id FROM account WHERE email = 'A7@example.org' COLLATE NOCASE
//! ```
//!
//! ```sql silent sqlite
//! SELECT id FROM account WHERE name LIKE 'name 77%'
//! ```
//!
//! ```sql silent sqlite
//! SELECT id FROM account WHERE email GLOB 'a777*'
//! ```
//!
//! What to do: build an index with the collation that the query compares by; or ask with `GLOB`, which minds the case, where that
//! is meant.
//!
//! See <https://www.sqlite.org/optoverview.html#the_like_optimization>.

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, PlanChangeKind, PlanFinding, Severity, TableFacts};

use crate::context::Context;
use crate::expression::{ColumnName, Expression, Form};
use crate::finding::change;
use crate::indexing::create_index;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "collation-mismatch",
    severity: Severity::Warning,
    engines: &[Engine::Sqlite],
    source: include_str!("collation_mismatch.rs"),
    look,
};

/// What `LIKE` compares by.
const LIKE_COLLATION: &str = "NOCASE";

/// How SQLite compares where nothing is said.
const USUAL: &str = "BINARY";

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().enumerate() {
        let is_read = context.is_whole_scan(node) && context.matters(index);
        let Some(table) = context.table(node).filter(|_| is_read) else {
            continue;
        };
        for part in context.parts_of(node, ConditionKind::Filter) {
            let Some((column, collation, by)) = asked(&part) else {
                continue;
            };
            let Some(facts) = table.column(&column.name).filter(|_| Context::is_of(node, &column)) else {
                continue;
            };
            let own = facts.collation.as_deref().unwrap_or(USUAL);
            let Some(known) = index_of(table, &facts.name).filter(|_| !own.eq_ignore_ascii_case(&collation)) else {
                continue;
            };
            let mut finding = INSIGHT.finding(
                Some(index),
                format!("The index {known} is not used: it is sorted by {own}, and {by} compares by {collation}"),
            );
            finding
                .evidence
                .push(format!("{} is {}.", node.title(), context.share_told(index)));
            finding.advice.push(format!(
                "An index with COLLATE {collation} answers it{}.",
                if by == "LIKE" {
                    ", and GLOB uses the one that is there"
                } else {
                    ""
                }
            ));
            let sql = format!(
                "{} ON {} ({} COLLATE {collation})",
                create_index(context, table, std::slice::from_ref(&facts.name)),
                context.quoted_table(table),
                context.quoted(&facts.name)
            );
            finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
            findings.push(finding);
        }
    }
}

/// The column that a condition compares, by which collation, and what says so.
fn asked(part: &Expression) -> Option<(ColumnName, String, &'static str)> {
    let Expression::Compare { left, operator, right } = part else {
        return None;
    };
    if operator == "~~" {
        let pattern = right.text.strip_prefix('\'')?;
        let begins = !pattern.starts_with(['%', '_', '\'']);
        let [column] = left.columns.as_slice() else { return None };
        let is_it = begins && left.form == Form::Column && right.form == Form::Constant;
        return is_it.then(|| (column.clone(), LIKE_COLLATION.to_owned(), "LIKE"));
    }
    for side in [left, right] {
        let mut words = side.text.split_whitespace();
        let found = words.by_ref().any(|word| word.eq_ignore_ascii_case("collate"));
        let Some(collation) = words.next().filter(|_| found) else {
            continue;
        };
        let mut columns = left.columns.iter().chain(&right.columns);
        if let (Some(column), None) = (columns.next(), columns.next()) {
            return Some((column.clone(), collation.to_ascii_uppercase(), "the query"));
        }
    }
    None
}

/// An index that begins with the column as it is.
fn index_of<'t>(table: &'t TableFacts, column: &str) -> Option<&'t str> {
    let mut indexes = table.indexes.iter().filter(|index| index.method != "rowid");
    indexes
        .find(|index| index.keys.first().is_some_and(|key| key == column))
        .map(|index| index.name.as_str())
}
