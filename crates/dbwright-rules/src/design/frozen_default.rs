//! A default that is a moment in time, kept since the table was made.
//!
//! `DEFAULT 'now'` is read once, when the statement runs: all rows get the time of the migration.
//! `DEFAULT now()` is computed for every row.
//!
//! Reported of defaults with seconds and fractions of them, as a clock gives and nobody writes.
//! It is fine where that very moment is meant.
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz NOT NULL DEFAULT 'now'::timestamptz);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz NOT NULL DEFAULT now());
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-SPECIAL-VALUES>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "frozen-default",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("frozen_default.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        let default = column.column.default.as_deref().unwrap_or_default();
        let literal = default.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
        let Some((moment, _)) = literal.filter(|(_, rest)| rest.starts_with("::time")) else {
            continue;
        };
        let is_of_a_clock =
            moment.contains(':') && moment.contains('.') && moment.starts_with(|c: char| c.is_ascii_digit());
        if is_of_a_clock {
            flaws.push(
                Flaw::new(column.id, format!("has the default {moment} for all rows"))
                    .advice("Write `DEFAULT now()`: 'now' is read once, when the statement runs."),
            );
        }
    }
}
