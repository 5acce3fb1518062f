//! A table of which every column but the key may be NULL.
//!
//! Somewhere there is a value without which a row makes no sense. Saying so keeps half-written rows out, and lets queries do
//! without checks for NULL.
//!
//! Reported for tables with at least four such columns, in a schema where most tables say NOT NULL. Not for tables whose key says
//! something by itself: one of several columns (who likes what), or one that refers to another table.
//! It is fine for tables that take in foreign data as it comes.
//!
//! ```sql setup postgres
//! CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);
//! CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL);
//! CREATE TABLE stores (id bigint PRIMARY KEY, city text NOT NULL);
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, number text, total integer, note text, state text);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, number text NOT NULL, total integer, note text, state text);
//! CREATE TABLE actions (customer_id bigint, store_id bigint, liked timestamptz, seen timestamptz, hidden timestamptz,
//!   blocked timestamptz, PRIMARY KEY (customer_id, store_id));
//! CREATE TABLE settings (customer_id bigint PRIMARY KEY REFERENCES customers, theme text, font text, size int, bell text);
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE customers (id bigint PRIMARY KEY, email varchar(100) NOT NULL);
//! CREATE TABLE products (id bigint PRIMARY KEY, name varchar(100) NOT NULL);
//! CREATE TABLE stores (id bigint PRIMARY KEY, city varchar(100) NOT NULL);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, number varchar(20), total int, note text, state varchar(20));
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, number varchar(20) NOT NULL, total int, note text, state varchar(20));
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
//! CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
//! CREATE TABLE stores (id INTEGER PRIMARY KEY, city TEXT NOT NULL);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, number TEXT, total INTEGER, note TEXT, state TEXT);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, number TEXT NOT NULL, total INTEGER, note TEXT, state TEXT);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-NOT-NULL>,
//! <https://dev.mysql.com/doc/refman/9.7/en/create-table.html> and
//! <https://www.sqlite.org/lang_createtable.html#not_null_constraints>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::{Schema, TableFacts};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "all-columns-nullable",
    group: Group::Design,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("all_columns_nullable.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

/// Smaller tables are not spoken of.
const COLUMNS_MIN: usize = 4;

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let is_lax = |table: &TableFacts<'_>| {
        let mut others = table.columns.iter().filter(|column| !table.is_key_column(column));
        let is_reference = |name: &String| {
            let mut keys = table.foreign_keys();
            keys.any(|(_, key)| key.columns.iter().any(|column| column == name))
        };
        // Of a table without a key, that is told.
        matches!(table.primary_key(), Some([key]) if !is_reference(key))
            && others.clone().count() >= COLUMNS_MIN
            && others.all(|column| !column.column.not_null)
    };
    let (all, lax) = (
        schema.tables().count(),
        schema.tables().filter(|table| is_lax(table)).count(),
    );
    if lax * 4 > all {
        return;
    }
    for table in schema.tables().filter(|table| is_lax(table)) {
        flaws.push(
            Flaw::new(table.id, "lets every column but its key be NULL")
                .advice("Say NOT NULL of the columns without which a row makes no sense."),
        );
    }
}
