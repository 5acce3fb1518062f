//! A `timestamp` without time zone in a schema whose other times have one.
//!
//! `timestamp` holds what a clock shows, and not where: `now()` put into it depends on the time zone of the session, and
//! comparing it with a `timestamptz` converts it by the time zone of whoever asks.
//! `timestamptz` takes the same eight bytes and holds a moment.
//!
//! Reported where at least as many columns of the schema are `timestamptz`; a schema that keeps all times without zone has
//! decided to.
//! It is fine for times by the clock on the wall, such as opening hours.
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz NOT NULL, shipped_at timestamp);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, placed_at timestamptz NOT NULL, shipped_at timestamptz);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-TIMEZONES>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::types::TypeName;
use crate::schema::{ColumnFacts, Schema};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "timestamp-without-time-zone",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("timestamp_without_time_zone.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let of_type = |wanted: &str| -> Vec<ColumnFacts<'_>> {
        let columns = schema.columns().map(|(_, column)| column);
        columns
            .filter(|column| TypeName::parse(&column.column.type_name).base == wanted)
            .collect()
    };
    let (with, without) = (
        of_type("timestamp with time zone"),
        of_type("timestamp without time zone"),
    );
    if with.len() < without.len() {
        return;
    }
    for column in without {
        flaws.push(
            Flaw::new(column.id, "is a timestamp without time zone")
                .of_many("are timestamps without time zone")
                .fact(format!(
                    "{} of the schema have one.",
                    phrase::count(with.len(), "column")
                ))
                .advice("Use timestamptz, unless a clock on the wall is meant."),
        );
    }
}
