//! A `json` column where `jsonb` would do.
//!
//! `json` keeps the text as it came and parses it at every access. It has no equality, so that `DISTINCT`, `GROUP BY`, `UNION`
//! and a plain comparison of rows fail, and no index over its contents.
//!
//! It is fine where the exact text matters (order and repetition of keys, signatures).
//!
//! ```sql bad postgres
//! CREATE TABLE events (id bigint PRIMARY KEY, payload json NOT NULL);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE events (id bigint PRIMARY KEY, payload jsonb NOT NULL);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-json.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::TypeName;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "json-column",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("json_column.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        if TypeName::parse(&column.column.type_name).base == "json" {
            flaws.push(
                Flaw::new(column.id, "is json, which can be neither compared nor indexed")
                    .of_many("are json, which can be neither compared nor indexed")
                    .advice("Use jsonb unless the exact text matters."),
            );
        }
    }
}
