//! A `char(n)` column on PostgreSQL.
//!
//! It is filled up with spaces to its length, which come back when it is read and vanish when it is compared or cast to text:
//! `LIKE`, regular expressions and programs see another value than `=` does.
//! It is no faster and no smaller than `text`.
//!
//! Lengths of codes, hashes and UUIDs (up to 3, 32, 36, 40, 64, 128) are not reported: there, every value has the full length.
//! It is fine wherever that is so.
//!
//! ```sql bad postgres
//! CREATE TABLE airports (id bigint PRIMARY KEY, code char(4) NOT NULL);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE airports (id bigint PRIMARY KEY, code varchar(4) NOT NULL, country char(2) NOT NULL, uuid char(36) NOT NULL);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-character.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::TypeName;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "padded-char",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("padded_char.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        let type_name = TypeName::parse(&column.column.type_name);
        let length: u32 = type_name
            .arguments
            .as_deref()
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        let is_code = matches!(length, 1..=3 | 32 | 36 | 40 | 64 | 128);
        if matches!(type_name.base.as_str(), "character" | "bpchar") && !is_code {
            let flaw = Flaw::new(
                column.id,
                format!("is {}, filled up with spaces", column.column.type_name),
            );
            flaws.push(
                flaw.of_many("are char, filled up with spaces")
                    .advice("Use text or varchar, with a CHECK where the length matters."),
            );
        }
    }
}
