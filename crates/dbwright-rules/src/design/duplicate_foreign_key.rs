//! Two foreign keys over the same columns to the same table.
//!
//! The server checks both for every row that is written, and the actions of both run: where one says CASCADE and the other
//! RESTRICT, it depends on the engine which of them wins.
//!
//! It is fine for a moment, while one replaces the other.
//!
//! ```sql setup postgres
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers);
//! ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id);
//! CREATE INDEX ON orders (customer_id);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers, payer_id bigint REFERENCES customers);
//! CREATE INDEX ON orders (customer_id);
//! CREATE INDEX ON orders (payer_id);
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint,
//!   CONSTRAINT a FOREIGN KEY (customer_id) REFERENCES customers (id),
//!   CONSTRAINT b FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, FOREIGN KEY (customer_id) REFERENCES customers (id));
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id) UNIQUE,
//!   FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id) UNIQUE);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK>,
//! <https://dev.mysql.com/doc/refman/9.7/en/create-table-foreign-keys.html> and <https://www.sqlite.org/foreignkeys.html>.

use std::collections::BTreeSet;

use dbwright_catalog::{Engine, ForeignKey, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "duplicate-foreign-key",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("duplicate_foreign_key.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        let keys: Vec<_> = table.foreign_keys().collect();
        for (number, (id, key)) in keys.iter().enumerate() {
            let Some((first, other)) = keys[..number].iter().find(|(_, other)| is_same(key, other)) else {
                continue;
            };
            let flaw = Flaw::new(id, format!("repeats the foreign key {first}"))
                .called("foreign key")
                .with(first);
            let flaw = if (&key.on_delete, &key.on_update) == (&other.on_delete, &other.on_update) {
                flaw
            } else {
                flaw.fact(format!(
                    "One says ON DELETE {}, the other ON DELETE {}.",
                    key.on_delete, other.on_delete
                ))
            };
            flaws.push(flaw.advice("Drop one of them."));
        }
    }
}

fn is_same(key: &ForeignKey, other: &ForeignKey) -> bool {
    let pairs = |key: &ForeignKey| {
        let columns = key.columns.iter().cloned();
        columns
            .zip(key.referenced_columns.iter().cloned())
            .collect::<BTreeSet<_>>()
    };
    key.references == other.references && pairs(key) == pairs(other)
}
