//! A default in double quotes, which are for names.
//!
//! SQLite takes `"new"` for the name of a column, finds none, and makes it a text after all. Builds without that old kindness
//! (`SQLITE_DQS=0`, recommended by SQLite and usual on some platforms) refuse to open such a schema, and so does every dump
//! that is read there.
//!
//! It is fine as long as every program that opens the file is built the old way.
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT NOT NULL DEFAULT "new");
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT NOT NULL DEFAULT 'new');
//! ```
//!
//! See <https://www.sqlite.org/quirks.html#double_quoted_string_literals_are_accepted>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "double-quoted-default",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("double_quoted_default.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        let default = column.column.default.as_deref().unwrap_or_default();
        if default.len() > 1 && default.starts_with('"') && default.ends_with('"') {
            let flaw = Flaw::new(column.id, format!("has the default {default}, a name in double quotes"));
            flaws.push(flaw.advice("Put it in single quotes."));
        }
    }
}
