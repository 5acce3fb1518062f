//! A table that no foreign key ties to any other.
//!
//! Either it stands alone, or what it refers to is kept by nobody: rows of things that are gone stay behind.
//!
//! It is fine for tables that do stand alone, such as settings and queues. The rule is off unless you ask for it.
//!
//! ```sql setup postgres
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers);
//! CREATE INDEX ON orders (customer_id);
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE parcels (id bigint PRIMARY KEY, order_id bigint NOT NULL);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE parcels (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders);
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, FOREIGN KEY (customer_id) REFERENCES customers (id));
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE parcels (id bigint PRIMARY KEY, order_id bigint NOT NULL);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE parcels (id bigint PRIMARY KEY, order_id bigint NOT NULL, FOREIGN KEY (order_id) REFERENCES orders (id));
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY);
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id));
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE parcels (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE parcels (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id));
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK>,
//! <https://dev.mysql.com/doc/refman/9.7/en/create-table-foreign-keys.html> and <https://www.sqlite.org/foreignkeys.html>.

use std::collections::BTreeSet;

use dbwright_catalog::{Engine, Group, ObjectId, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "unrelated-table",
    group: Group::Design,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("unrelated_table.rs"),
    on_by_default: false,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let keys: BTreeSet<&ObjectId> = schema
        .foreign_keys()
        .flat_map(|(table, _, key)| [table.id, &key.references])
        .collect();
    for table in schema
        .tables()
        .filter(|table| !keys.is_empty() && !keys.contains(table.id))
    {
        let flaw = Flaw::new(table.id, "is tied to no other table by a foreign key");
        flaws.push(flaw.advice("Declare what its columns refer to."));
    }
}
