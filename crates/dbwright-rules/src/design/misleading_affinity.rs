//! A column whose declared type means another one to SQLite.
//!
//! SQLite knows five affinities and finds one by parts of the type's name. `STRING`, and every other name that it does not know,
//! is NUMERIC: a text that looks like a number becomes one, and `'007'` is read back as 7, `'1e5'` as 100000.
//! `FLOATING POINT` contains `INT` and is INTEGER.
//!
//! It is fine where no value ever looks like a number.
//!
//! ```sql bad sqlite
//! CREATE TABLE parts (id INTEGER PRIMARY KEY, code STRING NOT NULL);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE parts (id INTEGER PRIMARY KEY, code TEXT NOT NULL, made_at DATETIME, payload JSON, price DECIMAL(10, 2));
//! ```
//!
//! See <https://www.sqlite.org/datatype3.html#determination_of_column_affinity>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::Affinity;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "misleading-affinity",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("misleading_affinity.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

/// Names that mean text and are NUMERIC to SQLite. Of JSON, UUIDs and dates hardly any value looks like a number.
const TEXTS: [&str; 9] = [
    "STRING", "STR", "ENUM", "HASH", "TOKEN", "URL", "EMAIL", "XML", "SHA256",
];

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        let declared = &column.column.type_name;
        let upper = declared.to_uppercase();
        let first = upper.split(['(', ' ']).next().unwrap_or_default();
        let is_text = TEXTS.contains(&first) && Affinity::of(declared) == Affinity::Numeric;
        let is_point = upper.contains("POINT");
        if is_text {
            flaws.push(
                Flaw::new(
                    column.id,
                    format!("is declared {declared}, which is NUMERIC: '007' becomes 7"),
                )
                .of_many(format!("are declared {declared}, which is NUMERIC: '007' becomes 7"))
                .advice("Declare it TEXT."),
            );
        } else if is_point && Affinity::of(declared) == Affinity::Integer {
            let flaw = Flaw::new(
                column.id,
                format!("is declared {declared}, which is INTEGER because of its letters"),
            );
            flaws.push(flaw.advice("Declare it REAL."));
        }
    }
}
