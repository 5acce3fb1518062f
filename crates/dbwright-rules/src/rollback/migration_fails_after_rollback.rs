//! A migration that can't be applied again after its way back.
//!
//! Who goes back mends something and goes up again.
//! Where the way back restores the schema but leaves rows behind that the migration inserts, the second time fails on them.
//! dbwright went up, back and up again.
//!
//! It is fine where a migration is never applied twice.
//!
//! ```sql setup postgres mysql mariadb sqlite
//! CREATE TABLE users (id integer PRIMARY KEY, name varchar(20));
//! ```
//!
//! ```sql bad postgres mysql mariadb sqlite
//! -- migrate:up
//! CREATE TABLE orders (id integer PRIMARY KEY);
//! INSERT INTO users (id, name) VALUES (1, 'admin');
//! -- migrate:down
//! DROP TABLE orders;
//! ```
//!
//! What to do: take out in the way back what the migration puts in, or let the migration put in only what is not there.
//!
//! ```sql good postgres mysql mariadb sqlite
//! -- migrate:up
//! CREATE TABLE orders (id integer PRIMARY KEY);
//! INSERT INTO users (id, name) VALUES (1, 'admin');
//! -- migrate:down
//! DELETE FROM users WHERE id = 1;
//! DROP TABLE orders;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT>.

use dbwright_catalog::{Again, Engine, Finding, Group, Place, Severity};

use crate::phrase;
use crate::ways_back::{Trip, WaysBack, fails, told, told_in_short};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "migration-fails-after-rollback",
    group: Group::Rollback,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("migration_fails_after_rollback.rs"),
    on_by_default: true,
    check: Check::WaysBack(check),
};

fn check(ways: &WaysBack<'_>, findings: &mut Vec<(usize, Finding)>) {
    // What follows from a way back that leads elsewhere is told with that.
    for trip in ways.trips_alone().filter(|trip| trip.seen.differences.is_empty()) {
        let name = &trip.migration.name;
        let word = ways.word();
        let finding = match &trip.seen.again {
            Again::NotTried | Again::Same => continue,
            Again::Fails(failure) => {
                let said = failure.error.message.trim_end_matches('.');
                let message = format!("{name} can't be applied again after its {word}: {said}");
                let mut finding = ways.finding(&RULE, place_of(&trip, failure.statement), message);
                let facts = &mut finding.evidence.facts;
                facts.push(format!(
                    "{}, the second time.",
                    fails(&trip.migration.statements, failure)
                ));
                facts.extend(failure.error.detail.clone());
                finding
            }
            Again::Other(differences) => {
                let short: Vec<String> = differences.iter().map(told_in_short).collect();
                let message = format!(
                    "{name} ends in another schema when it is applied again after its {word}: {}",
                    phrase::some_of(&short, 2, "")
                );
                let mut finding = ways.finding(&RULE, place_of(&trip, 0), message);
                finding.evidence.facts.extend(differences.iter().map(told));
                finding
            }
        };
        let mut finding = finding;
        finding
            .advice
            .push(format!("Undo in the {word} what the migration does to rows as well."));
        findings.push((trip.index, finding));
    }
}

fn place_of(trip: &Trip<'_>, statement: usize) -> Place {
    let at = trip.migration.statements.get(statement);
    Place {
        path: trip.migration.path.clone(),
        statement: at.map(|_| (trip.index, statement)),
        span: at.map(|statement| statement.span),
        line: at.map_or(1, |statement| statement.line),
    }
}
