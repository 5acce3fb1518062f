//! A way back that fails: nobody has run it, and on the day it is needed it will not run.
//!
//! A down migration is called when something else has gone wrong already.
//! One that fails halfway leaves a schema that belongs to no release; where definitions commit (MySQL, MariaDB), half of it
//! has happened.
//! dbwright ran it: the migration up, with generated rows in the tables that it touches, then the way back, as the tool runs it.
//!
//! It is fine where nobody will ever go back; then it is better not to have a way back at all.
//!
//! ```sql setup postgres mysql mariadb sqlite
//! CREATE TABLE users (id integer PRIMARY KEY, name varchar(20));
//! ```
//!
//! ```sql bad postgres mysql mariadb sqlite
//! -- migrate:up
//! CREATE TABLE orders (id integer PRIMARY KEY);
//! -- migrate:down
//! DROP TABLE order_items;
//! ```
//!
//! What to do: correct it, and run up, down, up once before it is merged (`dbwright check` does).
//!
//! ```sql good postgres mysql mariadb sqlite
//! -- migrate:up
//! CREATE TABLE orders (id integer PRIMARY KEY);
//! -- migrate:down
//! DROP TABLE orders;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-droptable.html>.

use dbwright_catalog::{Engine, Finding, Group, Severity};

use crate::ways_back::{WaysBack, fails};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "rollback-fails",
    group: Group::Rollback,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("rollback_fails.rs"),
    on_by_default: true,
    check: Check::WaysBack(check),
};

fn check(ways: &WaysBack<'_>, findings: &mut Vec<(usize, Finding)>) {
    for trip in ways.trips_alone() {
        let Some(failure) = &trip.seen.failure else { continue };
        let word = ways.word();
        let message = format!(
            "The {word} of {} fails: {}",
            trip.migration.name,
            failure.error.message.trim_end_matches('.')
        );
        let mut finding = ways.finding(&RULE, trip.place_of(failure.statement), message);
        let facts = &mut finding.evidence.facts;
        facts.push(format!(
            "{}, after the migration went up.",
            fails(&trip.down.statements, failure)
        ));
        facts.extend(failure.error.detail.clone());
        if failure.on_rows {
            facts.push(
                "It runs where the tables are empty: rows that were there before the migration are in its way."
                    .to_owned(),
            );
        }
        let statements = trip.down.statements.len();
        if statements > 1 {
            facts.push(format!("It is statement {} of {statements}.", failure.statement + 1));
        }
        finding
            .advice
            .push(format!("Correct the {word}; `dbwright check` runs it again."));
        findings.push((trip.index, finding));
    }
}
