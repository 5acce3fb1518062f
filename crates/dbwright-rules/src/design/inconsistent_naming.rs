//! A name that is written in another way than the others of the schema.
//!
//! Where nearly all tables are `snake_case`, `orderItems` is misspelled again and again; on PostgreSQL it has to be quoted.
//!
//! The custom is that of the schema itself: reported where nine of ten names agree.
//! It is fine for names that come from outside. The rule is off unless you ask for it.
//!
//! ```sql setup postgres
//! CREATE TABLE big_orders (unit_price integer, total_price integer, placed_at timestamptz, order_id bigint PRIMARY KEY);
//! CREATE TABLE old_orders (unit_price integer, total_price integer, placed_at timestamptz, order_id bigint PRIMARY KEY);
//! CREATE TABLE new_orders (unit_price integer, total_price integer, placed_at timestamptz, order_id bigint PRIMARY KEY);
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE free_orders (order_id bigint PRIMARY KEY, "placedAt" timestamptz);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE free_orders (order_id bigint PRIMARY KEY, placed_at timestamptz);
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE big_orders (unit_price int, total_price int, placed_at datetime, order_id bigint PRIMARY KEY);
//! CREATE TABLE old_orders (unit_price int, total_price int, placed_at datetime, order_id bigint PRIMARY KEY);
//! CREATE TABLE new_orders (unit_price int, total_price int, placed_at datetime, order_id bigint PRIMARY KEY);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE free_orders (order_id bigint PRIMARY KEY, placedAt datetime);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE free_orders (order_id bigint PRIMARY KEY, placed_at datetime);
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE big_orders (unit_price INTEGER, total_price INTEGER, placed_at TEXT, order_id INTEGER PRIMARY KEY);
//! CREATE TABLE old_orders (unit_price INTEGER, total_price INTEGER, placed_at TEXT, order_id INTEGER PRIMARY KEY);
//! CREATE TABLE new_orders (unit_price INTEGER, total_price INTEGER, placed_at TEXT, order_id INTEGER PRIMARY KEY);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE free_orders (order_id INTEGER PRIMARY KEY, placedAt TEXT);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE free_orders (order_id INTEGER PRIMARY KEY, placed_at TEXT);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>,
//! <https://dev.mysql.com/doc/refman/9.7/en/identifier-case-sensitivity.html> and <https://www.sqlite.org/lang_naming.html>.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, Group, ObjectId, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "inconsistent-naming",
    group: Group::Design,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("inconsistent_naming.rs"),
    on_by_default: false,
    check: Check::Catalog(check),
};

/// Fewer names make no custom.
const NAMES_MIN: usize = 10;

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let names: Vec<&ObjectId> = schema
        .tables()
        .flat_map(|table| std::iter::once(table.id).chain(table.columns.iter().map(|column| column.id)))
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for style in names.iter().filter_map(|id| style(id.name())) {
        *counts.entry(style).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    let Some((usual, count)) = counts.iter().max_by_key(|(_, count)| **count) else {
        return;
    };
    if *count < NAMES_MIN || count * 10 < all * 9 {
        return;
    }
    for id in names {
        if let Some(other) = style(id.name()).filter(|style| style != usual) {
            let flaw = Flaw::new(
                id,
                format!("is written in {other}, and {count} of {all} names in {usual}"),
            );
            flaws.push(flaw.advice(format!("Call it by a name in {usual}.")));
        }
    }
}

/// How a name of several words is written; nothing where it has just one, in lower case.
fn style(name: &str) -> Option<&'static str> {
    let has = |test: fn(char) -> bool| name.chars().any(test);
    let begins_upper = name.starts_with(char::is_uppercase);
    if !has(char::is_alphabetic) {
        return None;
    }
    match (has(char::is_uppercase), has(char::is_lowercase), name.contains('_')) {
        (false, _, true) => Some("snake_case"),
        (true, false, _) => Some("UPPER_CASE"),
        (true, true, true) => Some("Mixed_Case"),
        (true, true, false) if begins_upper => Some("PascalCase"),
        (true, true, false) => Some("camelCase"),
        (false, _, false) => None,
    }
}
