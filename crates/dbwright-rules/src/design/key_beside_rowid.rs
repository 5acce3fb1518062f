//! A primary key that looks like SQLite's row number and is none.
//!
//! Only `INTEGER PRIMARY KEY`, spelled just so, *is* the row number: it is filled by itself and found without an index.
//! `INT PRIMARY KEY`, `BIGINT PRIMARY KEY` and `INTEGER PRIMARY KEY DESC` make an ordinary column with an index of its own beside the row number: it stays NULL
//! where nothing is written into it, and takes text.
//!
//! It is fine where every key is given by the program.
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INT PRIMARY KEY, total INTEGER);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER);
//! CREATE TABLE kinds (id INT PRIMARY KEY, name TEXT) WITHOUT ROWID;
//! CREATE TABLE parts (id INT NOT NULL PRIMARY KEY, name TEXT) STRICT;
//! ```
//!
//! See <https://www.sqlite.org/lang_createtable.html#rowid>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::Affinity;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "key-beside-rowid",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("key_beside_rowid.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        let is_numbered = table
            .sqlite()
            .is_some_and(|sqlite| !sqlite.strict && !sqlite.without_rowid);
        let Some([key]) = table.primary_key() else { continue };
        let Some(column) = table.column(key).filter(|_| is_numbered) else {
            continue;
        };
        let declared = &column.column.type_name;
        let is_integer = Affinity::of(declared) == Affinity::Integer;
        if is_integer && !declared.eq_ignore_ascii_case("integer") && !column.column.not_null {
            flaws.push(
                Flaw::new(
                    column.id,
                    format!("is {declared} and not the row number: nothing fills it"),
                )
                .advice("Spell it INTEGER PRIMARY KEY, or say NOT NULL where the program gives the keys."),
            );
        }
    }
}
