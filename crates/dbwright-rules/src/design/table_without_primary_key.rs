//! A table without a primary key, and without any other key that could be one.
//!
//! Rows can't be told apart: two equal ones can be neither updated nor deleted one by one, nothing can refer to them, and
//! tools that page, replicate or copy tables by key fall back to reading all of it.
//! PostgreSQL's logical replication refuses `UPDATE` and `DELETE` on such a table; InnoDB clusters it by a hidden number and
//! replicas search it from end to end for every changed row.
//!
//! A unique key over columns that can't be NULL is as good and not reported.
//! It is fine for tables that are only written and read as a whole, such as staging tables.
//!
//! ```sql bad postgres
//! CREATE TABLE visits (page text NOT NULL, seen_at timestamptz NOT NULL);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, page text NOT NULL, seen_at timestamptz NOT NULL);
//! CREATE TABLE pages (path text NOT NULL UNIQUE, title text);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE visits (page varchar(200) NOT NULL, seen_at datetime NOT NULL);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE visits (id bigint AUTO_INCREMENT PRIMARY KEY, page varchar(200) NOT NULL, seen_at datetime NOT NULL);
//! CREATE TABLE pages (path varchar(200) NOT NULL UNIQUE, title text);
//! ```
//!
//! SQLite numbers the rows of a table itself, and `VACUUM` may number them anew
//! (<https://www.sqlite.org/lang_vacuum.html>).
//!
//! ```sql bad sqlite
//! CREATE TABLE visits (page TEXT NOT NULL, seen_at TEXT NOT NULL);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE visits (id INTEGER PRIMARY KEY, page TEXT NOT NULL, seen_at TEXT NOT NULL);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/logical-replication-publication.html#LOGICAL-REPLICATION-PUBLICATION-REPLICA-IDENTITY>
//! and <https://dev.mysql.com/doc/refman/9.7/en/innodb-index-types.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::{IndexFacts, Schema, TableFacts};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "table-without-primary-key",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("table_without_primary_key.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables().filter(|table| !has_key(table)) {
        let unique = table.indexes.iter().find(|index| index.index.unique);
        let flaw = Flaw::new(table.id, "has no primary key");
        flaws.push(match unique {
            Some(unique) => flaw
                .fact(format!("{} is unique, and accepts rows with NULL in it.", unique.id))
                .advice("Make its columns NOT NULL and it the primary key, or add a key column."),
            None => flaw.advice("Declare the columns that tell its rows apart its primary key, or add a key column."),
        });
    }
}

/// Whether its rows can be told apart by columns that are never NULL.
pub(crate) fn has_key(table: &TableFacts<'_>) -> bool {
    let is_full = |column: &str| table.column(column).is_some_and(|column| column.column.not_null);
    let is_key = |index: &IndexFacts<'_>| {
        let columns = index.key_columns();
        let whole = index.index.predicate.is_none() && index.parts.iter().all(|part| part.prefix.is_none());
        index.index.unique && whole && columns.is_some_and(|columns| columns.into_iter().all(is_full))
    };
    table.primary_key().is_some() || table.indexes.iter().any(is_key)
}
