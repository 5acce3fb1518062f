//! A table without row security among tables that have it.
//!
//! Where nearly all tables of a schema are under row level security, programs and clients rely on it: whoever may read the
//! schema at all reads every row of the one that was forgotten.
//!
//! Reported where at least three tables of the same schema are under row security, and three of four.
//! It is fine for tables that hold nothing of any single user, such as lists of countries.
//!
//! ```sql setup postgres
//! CREATE TABLE notes (id bigint PRIMARY KEY, owner text NOT NULL);
//! CREATE TABLE files (id bigint PRIMARY KEY, owner text NOT NULL);
//! CREATE TABLE tasks (id bigint PRIMARY KEY, owner text NOT NULL);
//! ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
//! ALTER TABLE files ENABLE ROW LEVEL SECURITY;
//! ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE letters (id bigint PRIMARY KEY, owner text NOT NULL);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE letters (id bigint PRIMARY KEY, owner text NOT NULL);
//! ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
//! CREATE POLICY letters_of_owner ON letters USING (owner = current_user);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-rowsecurity.html>.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::{Schema, TableFacts};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "row-security-missing",
    group: Group::Security,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("row_security_missing.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

/// So many tables make a custom.
const CUSTOM: usize = 3;

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let is_secured = |table: &TableFacts<'_>| table.postgres().is_some_and(|extra| extra.row_security);
    let mut schemas: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for table in schema.tables() {
        let (all, secured) = schemas.entry(table.id.schema()).or_default();
        *all += 1;
        *secured += usize::from(is_secured(table));
    }
    for table in schema.tables().filter(|table| !is_secured(table)) {
        let (all, secured) = schemas.get(table.id.schema()).copied().unwrap_or_default();
        if secured >= CUSTOM && secured * 4 >= all * 3 {
            flaws.push(
                Flaw::new(table.id, "is not under row security")
                    .fact(format!(
                        "{secured} of {all} tables of the schema {} are.",
                        table.id.schema()
                    ))
                    .advice(format!(
                        "`ALTER TABLE {} ENABLE ROW LEVEL SECURITY`, with policies.",
                        table.id
                    )),
            );
        }
    }
}
