//! A unique key over several columns, one of which may be NULL.
//!
//! NULL is equal to nothing, not even to NULL: a key over `(account_id, name)` lets any number of rows with the same name in
//! where `account_id` is NULL. Often the NULL means "of all accounts" or "not deleted", and just there the name should be unique.
//!
//! A key over one column is not reported: there, NULL says that there is no value.
//! It is fine where rows with a NULL may repeat.
//!
//! ```sql bad postgres
//! CREATE TABLE labels (id bigint PRIMARY KEY, account_id bigint, name text NOT NULL, UNIQUE (account_id, name));
//! ```
//!
//! ```sql good postgres from:15
//! CREATE TABLE labels (id bigint PRIMARY KEY, account_id bigint, name text NOT NULL,
//!   UNIQUE NULLS NOT DISTINCT (account_id, name));
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE labels (id bigint PRIMARY KEY, account_id bigint, name text NOT NULL, UNIQUE (account_id, name));
//! CREATE UNIQUE INDEX labels_name_without_account_key ON labels (name) WHERE account_id IS NULL;
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE labels (id bigint PRIMARY KEY, account_id bigint, name varchar(100) NOT NULL, UNIQUE (account_id, name));
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE labels (id bigint PRIMARY KEY, account_id bigint NOT NULL, name varchar(100) NOT NULL, UNIQUE (account_id, name));
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE labels (id INTEGER PRIMARY KEY, account_id INTEGER, name TEXT NOT NULL, UNIQUE (account_id, name));
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE labels (id INTEGER PRIMARY KEY, account_id INTEGER, name TEXT NOT NULL);
//! CREATE UNIQUE INDEX labels_key ON labels (account_id, name) WHERE account_id IS NOT NULL;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-UNIQUE-CONSTRAINTS>,
//! <https://dev.mysql.com/doc/refman/9.7/en/create-index.html#create-index-unique> and
//! <https://www.sqlite.org/lang_createtable.html#uniqueconst>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::{IndexFacts, Schema, TableFacts};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "nullable-unique",
    group: Group::Design,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("nullable_unique.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        for index in table
            .indexes
            .iter()
            .filter(|index| index.index.unique && !index.index.nulls_not_distinct)
        {
            let Some(columns) = index.key_columns().filter(|columns| columns.len() > 1) else {
                continue;
            };
            let nullable: Vec<&str> = columns
                .iter()
                .copied()
                .filter(|name| may_be_null(table, index, name))
                .collect();
            // Where all of them may be NULL, so may the whole key.
            if nullable.is_empty() || nullable.len() == columns.len() {
                continue;
            }
            let same: Vec<&str> = columns
                .iter()
                .copied()
                .filter(|name| !nullable.contains(name))
                .collect();
            let verb = if nullable.len() == 1 { "is" } else { "are" };
            let (same, nullable) = (phrase::list(same), phrase::list(nullable));
            let says = format!("lets rows with the same {same} in where {nullable} {verb} NULL");
            let distinct = schema.engine() == Engine::Postgres && schema.major() >= 15;
            let way = if distinct {
                "declare it NULLS NOT DISTINCT, or "
            } else {
                ""
            };
            flaws.push(Flaw::new(index.id, says).called_fully(index.called()).with(table.id).advice(format!(
                "Where that is not meant: make the column NOT NULL, {way}add a unique index over the other columns for rows with NULL."
            )));
        }
    }
}

/// Whether rows with NULL in this column are in the index and in no other that keeps them apart.
fn may_be_null(table: &TableFacts<'_>, index: &IndexFacts<'_>, name: &str) -> bool {
    let is_nullable = table
        .column(name)
        .is_some_and(|column| !column.column.not_null && !table.is_key_column(&column));
    let speaks_of = |predicate: &str| predicate.to_lowercase().contains(&name.to_lowercase());
    let own = index.index.predicate.as_deref().is_some_and(speaks_of);
    let of_other = table.indexes.iter().any(|other| {
        let predicate = other.index.predicate.as_deref().unwrap_or_default();
        other.index.unique && predicate.to_lowercase().contains("is null") && speaks_of(predicate)
    });
    is_nullable && !own && !of_other
}
