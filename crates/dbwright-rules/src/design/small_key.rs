//! A numbered primary key that is too small for a table that grows.
//!
//! An `integer` ends at 2,147,483,647, a `smallint` at 32,767.
//! Numbers are used up faster than rows: a rolled-back insert, a conflict and a deleted row take one each.
//! At the end every insert fails, and making the key larger then rewrites the table and every table that refers to it.
//! A `bigint` costs four bytes a row and never ends.
//!
//! Reported for tables that look as if they grow: with foreign keys of their own, or, in a schema without foreign keys, with
//! times of their rows.
//! It is fine where the number of rows has a bound that you know.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE order_lines (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders);
//! CREATE INDEX ON order_lines (order_id);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE order_lines (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders);
//! CREATE INDEX ON order_lines (order_id);
//! CREATE TABLE colors (id serial PRIMARY KEY, name text NOT NULL);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, created_at datetime NOT NULL);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (id bigint AUTO_INCREMENT PRIMARY KEY, created_at datetime NOT NULL);
//! CREATE TABLE colors (id int AUTO_INCREMENT PRIMARY KEY, name varchar(20) NOT NULL);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-INT> and
//! <https://dev.mysql.com/doc/refman/9.7/en/integer-types.html>.

use dbwright_catalog::{ColumnExtra, Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::types::{TypeName, integer_bytes};
use crate::schema::{ColumnFacts, Schema, TableFacts};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "small-key",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("small_key.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let has_keys = schema.foreign_keys().next().is_some();
    let grows = |table: &&TableFacts<'_>| table.foreign_keys().next().is_some() || !has_keys && has_time(table);
    for table in schema.tables().filter(grows) {
        let Some([key]) = table.primary_key() else { continue };
        let Some(column) = table.column(key).filter(is_numbered) else {
            continue;
        };
        let type_name = TypeName::parse(&column.column.type_name);
        let Some(bytes) = integer_bytes(schema.engine(), &type_name).filter(|bytes| *bytes < 8) else {
            continue;
        };
        let is_unsigned = type_name.base.ends_with("unsigned");
        let last = (1_u64 << (8 * bytes - u32::from(!is_unsigned))) - 1;
        let says = format!("numbers rows up to {} and no further", grouped(last));
        let flaw = Flaw::new(column.id, says)
            .fact(format!("It is {}.", column.column.type_name))
            .advice(
                "Make it bigint while the table is small; later, that rewrites it and every table that refers to it.",
            );
        flaws.push(if bytes < 4 {
            flaw.severity(Severity::Warning)
        } else {
            flaw
        });
    }
}

/// Whether the server gives the numbers.
fn is_numbered(column: &ColumnFacts<'_>) -> bool {
    let is_auto_increment = match &column.column.extra {
        ColumnExtra::MySqlFamily(extra) => extra.auto_increment,
        ColumnExtra::Postgres(_) | ColumnExtra::Sqlite(_) => false,
    };
    let default = column.column.default.as_deref().unwrap_or_default();
    is_auto_increment || column.column.identity.is_some() || default.starts_with("nextval(")
}

/// Whether it says when a row came.
fn has_time(table: &TableFacts<'_>) -> bool {
    table.columns.iter().any(|column| {
        let type_name = TypeName::parse(&column.column.type_name).base;
        type_name.starts_with("timestamp") || type_name == "datetime"
    })
}

/// `2,147,483,647`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
