//! A default that is the word NULL as a text.
//!
//! `DEFAULT 'NULL'` writes four letters. `IS NULL` does not find them.
//!
//! It is fine in no case that we know of.
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, note text DEFAULT 'NULL');
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, note text DEFAULT NULL);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(100) DEFAULT 'NULL');
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(100) DEFAULT NULL);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT DEFAULT 'NULL');
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT DEFAULT NULL);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-default.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/data-type-defaults.html> and
//! <https://www.sqlite.org/lang_createtable.html#the_default_clause>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "null-text-default",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("null_text_default.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        let default = column.column.default.as_deref().unwrap_or_default().to_uppercase();
        let value = default.split("::").next().unwrap_or_default();
        if value == "'NULL'" {
            let flaw = Flaw::new(column.id, "has the word NULL as its default, which is not NULL");
            flaws.push(flaw.advice("Write DEFAULT NULL, or no default."));
        }
    }
}
