//! A foreign key whose columns have other types than those they refer to.
//!
//! The server compares values of two types for every row. Where the referencing column is the smaller one, it can't hold
//! every key there is, and inserts fail on the day when the keys outgrow it.
//! On SQLite, a number stored as text equals no number: rows are refused, or refer to nothing, although they look right.
//! MySQL and MariaDB refuse such keys.
//!
//! It is fine for a moment, while a key is being made larger step by step.
//!
//! ```sql setup postgres
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id integer REFERENCES customers);
//! CREATE INDEX ON orders (customer_id);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers);
//! CREATE INDEX ON orders (customer_id);
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id TEXT REFERENCES customers (id));
//! CREATE INDEX orders_customer_id ON orders (customer_id);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id BIGINT REFERENCES customers (id));
//! CREATE INDEX orders_customer_id ON orders (customer_id);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-createtable.html> and <https://www.sqlite.org/foreignkeys.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::{Affinity, TypeName};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "foreign-key-type-mismatch",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("foreign_key_type_mismatch.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (table, id, key) in schema.foreign_keys() {
        let Some(parent) = schema.table(&key.references) else {
            continue;
        };
        for (child, referenced) in key.columns.iter().zip(&key.referenced_columns) {
            let (Some(child), Some(referenced)) = (table.column(child), parent.column(referenced)) else {
                continue;
            };
            let (own, other) = (&child.column.type_name, &referenced.column.type_name);
            if is_same(schema.engine(), own, other) {
                continue;
            }
            flaws.push(
                Flaw::new(id, format!("ties {} ({own}) to {} ({other})", child.id, referenced.id))
                    .called("foreign key")
                    .with(child.id)
                    .with(referenced.id)
                    .advice(format!("Give {} the type {other}.", child.id)),
            );
        }
    }
}

/// Whether values of both types are stored and compared alike. Lengths don't matter.
fn is_same(engine: Engine, own: &str, other: &str) -> bool {
    if engine == Engine::Sqlite {
        let (own, other) = (Affinity::meant(own), Affinity::meant(other));
        return own == other || own.is_none() || other.is_none();
    }
    let base = |text: &str| TypeName::parse(text);
    let (own, other) = (base(own), base(other));
    own.base == other.base || own.is_text() && other.is_text()
}
