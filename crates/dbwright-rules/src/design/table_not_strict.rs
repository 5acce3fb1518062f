//! A table that takes any value in any column.
//!
//! Without STRICT, an INTEGER column takes `'many'` and a TEXT column bytes; what a program or a script wrote wrongly is found
//! when it is read.
//!
//! It is fine: SQLite works so by default, and STRICT needs version 3.37. The rule is off unless you ask for it.
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER NOT NULL);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER NOT NULL) STRICT;
//! ```
//!
//! See <https://www.sqlite.org/stricttables.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "table-not-strict",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("table_not_strict.rs"),
    on_by_default: false,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        if table.sqlite().is_some_and(|sqlite| !sqlite.strict) {
            flaws.push(Flaw::new(table.id, "takes any value in any column").advice("Make it STRICT."));
        }
    }
}
