//! A column that names a row of another table, with another type than everywhere else.
//!
//! Columns like `customer_id` are compared with each other all the time. Where one of them has another type, the server
//! converts it row by row and may not use an index, and on MySQL text and numbers compare as floating-point numbers.
//!
//! Reported where at least three tables agree on the type and this one does not.
//! It is fine where the name happens to mean something else here.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! CREATE TABLE calls (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! CREATE TABLE notes (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE visits (id bigint PRIMARY KEY, customer_id text NOT NULL);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE visits (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! CREATE TABLE calls (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! CREATE TABLE notes (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE visits (id bigint PRIMARY KEY, customer_id varchar(20) NOT NULL);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE visits (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL);
//! CREATE TABLE calls (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL);
//! CREATE TABLE notes (id INTEGER PRIMARY KEY, customer_id BIGINT NOT NULL);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE visits (id INTEGER PRIMARY KEY, customer_id TEXT NOT NULL);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE visits (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/typeconv-oper.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/type-conversion.html> and <https://www.sqlite.org/datatype3.html>.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::types::{Affinity, TypeName, words};
use crate::schema::{ColumnFacts, Schema};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "inconsistent-column-type",
    group: Group::Design,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("inconsistent_column_type.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

/// So many tables make a custom.
const CUSTOM: usize = 3;

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let mut named: BTreeMap<String, Vec<(ColumnFacts<'_>, String)>> = BTreeMap::new();
    for (table, column) in schema.columns() {
        let words = words(column.id.name());
        let is_reference = words.len() > 1 && words.last().is_some_and(|word| word == "id" || word == "uuid");
        let is_key = table.primary_key().is_some_and(|key| key.len() == 1) && table.is_key_column(&column);
        // What a foreign key says is told where its types differ.
        let is_tied = table
            .foreign_keys()
            .any(|(_, key)| key.columns.iter().any(|name| name == column.id.name()));
        let kind = kind(schema.engine(), &column.column.type_name);
        if let Some(kind) = kind.filter(|_| is_reference && !is_key) {
            let columns = named.entry(column.id.name().to_lowercase()).or_default();
            columns.push((column, if is_tied { format!("={kind}") } else { kind }));
        }
    }
    for columns in named.values() {
        let plain = |kind: &str| kind.trim_start_matches('=').to_owned();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (_, kind) in columns {
            *counts.entry(plain(kind)).or_default() += 1;
        }
        let Some((usual, count)) = counts.iter().max_by_key(|(_, count)| **count) else {
            continue;
        };
        let others = columns.len() - count;
        if *count < CUSTOM || *count < 3 * others {
            continue;
        }
        for (column, _) in columns
            .iter()
            .filter(|(_, kind)| !kind.starts_with('=') && kind != usual)
        {
            let says = format!(
                "is {}, and {usual} in the other {count} tables",
                column.column.type_name
            );
            flaws.push(Flaw::new(column.id, says).advice(format!("Make it {usual}, or give it another name.")));
        }
    }
}

/// What values are compared as, where the type tells.
fn kind(engine: Engine, type_name: &str) -> Option<String> {
    let parsed = TypeName::parse(type_name);
    if engine == Engine::Sqlite {
        return Affinity::meant(type_name).map(str::to_owned);
    }
    if parsed.is_text() && !parsed.is_array {
        return Some("text".to_owned());
    }
    let array = if parsed.is_array { "[]" } else { "" };
    Some(format!("{}{array}", parsed.base))
}
