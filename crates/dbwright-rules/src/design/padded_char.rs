//! A `char(n)` column on PostgreSQL.
//!
//! It is filled up with spaces to its length, which come back when it is read and vanish when it is compared or cast to text:
//! `LIKE`, regular expressions and programs see another value than `=` does.
//! It is no faster and no smaller than `text`.
//!
//! `char(1)` is not reported.
//! It is fine where every value has the full length, though `varchar` is not worse then.
//!
//! ```sql bad postgres
//! CREATE TABLE airports (id bigint PRIMARY KEY, code char(4) NOT NULL);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE airports (id bigint PRIMARY KEY, code varchar(4) NOT NULL, kind char(1) NOT NULL);
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
        let is_one = type_name.arguments.as_deref() == Some("1");
        if matches!(type_name.base.as_str(), "character" | "bpchar") && !is_one {
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
