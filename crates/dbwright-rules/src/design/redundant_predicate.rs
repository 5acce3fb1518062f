//! A partial index that leaves no row out.
//!
//! `WHERE column IS NOT NULL` over a column that is never NULL holds for every row: the index is as large as without it, and
//! the planner has to prove the condition for each query.
//!
//! It is fine while the column is about to become NULL for some rows.
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! CREATE INDEX orders_customer_idx ON orders (customer_id) WHERE customer_id IS NOT NULL;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
//! CREATE INDEX orders_customer_idx ON orders (customer_id) WHERE customer_id IS NOT NULL;
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL);
//! CREATE INDEX orders_customer ON orders (customer_id) WHERE customer_id IS NOT NULL;
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER);
//! CREATE INDEX orders_customer ON orders (customer_id) WHERE customer_id IS NOT NULL;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/indexes-partial.html> and <https://www.sqlite.org/partialindex.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "redundant-predicate",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("redundant_predicate.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        for index in &table.indexes {
            let predicate = index.index.predicate.as_deref().unwrap_or_default();
            let plain = predicate.replace(['(', ')', '"'], "");
            let Some((name, "")) = split_not_null(plain.trim()) else {
                continue;
            };
            let Some(column) = table.column(name).filter(|column| column.column.not_null) else {
                continue;
            };
            flaws.push(
                Flaw::new(index.id, format!("leaves out no row: {} is never NULL", column.id))
                    .with(column.id)
                    .advice("Create it without WHERE."),
            );
        }
    }
}

/// What stands before and behind `IS NOT NULL`.
fn split_not_null(predicate: &str) -> Option<(&str, &str)> {
    let at = predicate.to_ascii_lowercase().find(" is not null")?;
    Some((predicate[..at].trim(), predicate[at + " is not null".len()..].trim()))
}
