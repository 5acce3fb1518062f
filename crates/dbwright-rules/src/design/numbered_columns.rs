//! Columns that count: `phone1`, `phone2`, `phone3`.
//!
//! They are a list that was laid flat. To find a value, every query asks all of them; to add one more, the table is altered.
//!
//! It is fine where the number is part of the thing (address lines, coordinates). The rule is off unless you ask for it.
//!
//! ```sql bad postgres
//! CREATE TABLE people (id bigint PRIMARY KEY, phone1 text, phone2 text, phone3 text);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE people (id bigint PRIMARY KEY);
//! CREATE TABLE phones (person_id bigint REFERENCES people, phone text, PRIMARY KEY (person_id, phone));
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE people (id bigint PRIMARY KEY, phone_1 text, phone_2 text, phone_3 text);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE people (id bigint PRIMARY KEY);
//! CREATE TABLE phones (person_id bigint, phone varchar(40), PRIMARY KEY (person_id, phone));
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE people (id INTEGER PRIMARY KEY, phone1 TEXT, phone2 TEXT, phone3 TEXT);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE people (id INTEGER PRIMARY KEY, phone1 TEXT, phone2 TEXT);
//! ```
//!
//! Three or more are reported. See <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK>,
//! <https://dev.mysql.com/doc/refman/9.7/en/create-table-foreign-keys.html> and <https://www.sqlite.org/foreignkeys.html>.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::{ColumnFacts, Schema};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "numbered-columns",
    group: Group::Design,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("numbered_columns.rs"),
    on_by_default: false,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        let mut stems: BTreeMap<&str, Vec<ColumnFacts<'_>>> = BTreeMap::new();
        for column in &table.columns {
            let name = column.id.name();
            let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
            if stem.len() < name.len() && !stem.is_empty() {
                stems.entry(stem).or_default().push(*column);
            }
        }
        for (stem, columns) in stems.iter().filter(|(_, columns)| columns.len() > 2) {
            let mut flaw = Flaw::new(table.id, format!("has {} columns called {stem}N", columns.len()));
            for column in columns {
                flaw = flaw.with(column.id);
            }
            flaws.push(flaw.advice("Keep them as rows of a table of their own, or as one array or JSON value."));
        }
    }
}
