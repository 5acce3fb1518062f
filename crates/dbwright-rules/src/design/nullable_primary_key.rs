//! A primary key that may be NULL.
//!
//! By an old mistake that it keeps, SQLite lets NULL into a primary key, any number of times, unless the column is
//! `INTEGER PRIMARY KEY`, the table is STRICT or WITHOUT ROWID, or the column says NOT NULL.
//! Such rows have no key.
//!
//! It is fine only where no row is ever written without one.
//!
//! ```sql bad sqlite
//! CREATE TABLE sessions (token TEXT PRIMARY KEY, note TEXT);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE sessions (token TEXT NOT NULL PRIMARY KEY, note TEXT);
//! CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
//! CREATE TABLE parts (code TEXT PRIMARY KEY, note TEXT) STRICT;
//! ```
//!
//! See <https://www.sqlite.org/lang_createtable.html#the_primary_key>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::{ColumnFacts, Schema};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "nullable-primary-key",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("nullable_primary_key.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        let Some(sqlite) = table.sqlite().filter(|sqlite| !sqlite.strict && !sqlite.without_rowid) else {
            continue;
        };
        let key = table.primary_key().unwrap_or_default();
        let columns: Vec<ColumnFacts<'_>> = key.iter().filter_map(|name| table.column(name)).collect();
        let is_rowid = match columns.as_slice() {
            [only] => sqlite.autoincrement || only.column.type_name.eq_ignore_ascii_case("integer"),
            _ => false,
        };
        for column in columns.iter().filter(|column| !is_rowid && !column.column.not_null) {
            flaws.push(
                Flaw::new(column.id, "is in the primary key and may be NULL")
                    .of_many("are in the primary key and may be NULL")
                    .advice("Say NOT NULL, or make the table STRICT."),
            );
        }
    }
}
