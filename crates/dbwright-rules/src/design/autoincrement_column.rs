//! AUTOINCREMENT where INTEGER PRIMARY KEY would do.
//!
//! Without it, SQLite gives each row the highest number so far plus one. With it, it never gives a number again that a deleted
//! row had, and pays for that with a table of its own that every insert reads and writes.
//!
//! It is fine where deleted numbers must not come back. The rule is off unless you ask for it.
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, total INTEGER);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER);
//! ```
//!
//! See <https://www.sqlite.org/autoinc.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "autoincrement-column",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("autoincrement_column.rs"),
    on_by_default: false,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        if table.sqlite().is_some_and(|sqlite| sqlite.autoincrement) {
            let flaw = Flaw::new(table.id, "pays for AUTOINCREMENT at every insert");
            flaws.push(flaw.advice("Leave the word out unless deleted numbers must not come back."));
        }
    }
}
