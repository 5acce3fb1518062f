//! An index that another one begins with.
//!
//! An index on `(a, b)` finds rows by `a` alone as well, so that one on `(a)` is maintained for little: it is smaller, and that
//! is all. An index that keeps something unique is not redundant, nor is one with another order, collation, operator class,
//! predicate or with columns that the longer one lacks.
//!
//! It is fine where the short one is used so much more often that its size matters: look at the statistics of both.
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, placed_at timestamptz NOT NULL);
//! CREATE INDEX orders_customer_idx ON orders (customer_id);
//! CREATE INDEX orders_customer_placed_idx ON orders (customer_id, placed_at);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, placed_at timestamptz NOT NULL);
//! CREATE INDEX orders_customer_idx ON orders (customer_id) INCLUDE (id);
//! CREATE INDEX orders_customer_placed_idx ON orders (customer_id DESC, placed_at);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, placed_at datetime NOT NULL,
//!   KEY by_customer (customer_id), KEY by_customer_and_time (customer_id, placed_at));
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, placed_at datetime NOT NULL,
//!   KEY by_customer_and_time (customer_id, placed_at));
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at TEXT NOT NULL);
//! CREATE INDEX by_customer ON orders (customer_id);
//! CREATE INDEX by_customer_and_time ON orders (customer_id, placed_at);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at TEXT NOT NULL);
//! CREATE INDEX by_customer ON orders (customer_id) WHERE placed_at > '2024';
//! CREATE INDEX by_customer_and_time ON orders (customer_id, placed_at);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/indexes-multicolumn.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/multiple-column-indexes.html> and
//! <https://www.sqlite.org/optoverview.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::{IndexFacts, Schema};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "redundant-index",
    group: Group::Design,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("redundant_index.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        for index in &table.indexes {
            let Some(longer) = table.indexes.iter().find(|longer| begins_with(longer, index)) else {
                continue;
            };
            let parts: Vec<&str> = longer.parts.iter().map(|part| part.text.as_str()).collect();
            flaws.push(
                Flaw::new(
                    index.id,
                    format!(
                        "adds nothing to {}, which begins with the same columns",
                        longer.called()
                    ),
                )
                .with(longer.id)
                .fact(format!("The longer one is over ({}).", parts.join(", ")))
                .advice(format!("Drop {} unless its smaller size matters.", index.id)),
            );
        }
    }
}

fn begins_with(longer: &IndexFacts<'_>, index: &IndexFacts<'_>) -> bool {
    let is_ordered = |index: &IndexFacts<'_>| index.index.method == "btree";
    let covers = |column: &String| {
        longer.index.included.contains(column) || longer.parts.iter().any(|part| part.column.as_ref() == Some(column))
    };
    let is_prefix = longer.parts.len() > index.parts.len()
        && longer
            .parts
            .iter()
            .zip(&index.parts)
            .all(|(long, short)| long.text == short.text);
    is_prefix
        && !index.index.unique
        && is_ordered(index)
        && is_ordered(longer)
        && longer.index.valid
        && longer.index.predicate == index.index.predicate
        && index.index.included.iter().all(covers)
}
