//! A column of the type `time with time zone`.
//!
//! A time of day has a zone only together with a date: whether it is summer decides about the offset.
//! The type keeps a fixed offset, and PostgreSQL's manual advises against it.
//!
//! It is fine where an offset without a date is just what is meant.
//!
//! ```sql bad postgres
//! CREATE TABLE shifts (id bigint PRIMARY KEY, begins_at timetz NOT NULL);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE shifts (id bigint PRIMARY KEY, begins_at time NOT NULL, zone text NOT NULL);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-TIMEZONES>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::TypeName;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "time-with-time-zone",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("time_with_time_zone.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        if TypeName::parse(&column.column.type_name).base == "time with time zone" {
            flaws.push(
                Flaw::new(column.id, "is a time with a fixed offset and no date")
                    .of_many("are times with a fixed offset and no date")
                    .advice("Use timestamptz, or time with the name of the zone beside it."),
            );
        }
    }
}
