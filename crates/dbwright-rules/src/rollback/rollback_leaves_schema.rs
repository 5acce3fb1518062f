//! A way back that leads to another schema than the one before the migration.
//!
//! What a down migration forgets stays: an index, a type, a trigger, a default.
//! The next try of the migration can fail on it, and no release was ever tested with that schema.
//! dbwright compared every object that the server knows before the migration and after the way back, by its own definition.
//! In which order a table or a view has its columns does not count, because what was dropped comes back at the end.
//!
//! It is fine for what others may use by now, such as an extension; dbwright tells that as a note.
//!
//! ```sql setup postgres mysql mariadb sqlite
//! CREATE TABLE users (id integer PRIMARY KEY, name varchar(20));
//! ```
//!
//! ```sql bad postgres mysql mariadb sqlite
//! -- migrate:up
//! CREATE TABLE orders (id integer PRIMARY KEY);
//! CREATE INDEX users_name_idx ON users (name);
//! -- migrate:down
//! DROP TABLE orders;
//! ```
//!
//! What to do: undo all that the migration does, in the opposite order.
//!
//! ```sql good postgres sqlite
//! -- migrate:up
//! CREATE TABLE orders (id integer PRIMARY KEY);
//! CREATE INDEX users_name_idx ON users (name);
//! -- migrate:down
//! DROP INDEX users_name_idx;
//! DROP TABLE orders;
//! ```
//!
//! ```sql good mysql mariadb
//! -- migrate:up
//! CREATE TABLE orders (id integer PRIMARY KEY);
//! CREATE INDEX users_name_idx ON users (name);
//! -- migrate:down
//! DROP INDEX users_name_idx ON users;
//! DROP TABLE orders;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-alter.html>.

use dbwright_catalog::{Again, Difference, DifferenceKind, Engine, Finding, Group, ObjectKind, Severity};

use super::rollback_only_together::{by_themselves, groups, named};
use crate::phrase;
use crate::ways_back::{WaysBack, fails, told, told_in_short};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "rollback-leaves-schema",
    group: Group::Rollback,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("rollback_leaves_schema.rs"),
    on_by_default: true,
    check: Check::WaysBack(check),
};

/// So many differences are told one by one.
const TOLD_MAX: usize = 12;

fn check(ways: &WaysBack<'_>, findings: &mut Vec<(usize, Finding)>) {
    for trip in ways.trips_alone() {
        let differences = &trip.seen.differences;
        if differences.is_empty() {
            continue;
        }
        let short: Vec<String> = differences.iter().map(told_in_short).collect();
        let message = format!(
            "The {} of {} leads to another schema: {}",
            ways.word(),
            trip.migration.name,
            phrase::some_of(&short, 2, "")
        );
        let mut finding = ways.finding(&RULE, trip.place(), message);
        let facts = &mut finding.evidence.facts;
        facts.extend(differences.iter().take(TOLD_MAX).map(told));
        if differences.len() > TOLD_MAX {
            facts.push(format!("{} more differences.", differences.len() - TOLD_MAX));
        }
        if let Again::Fails(failure) = &trip.seen.again {
            facts.push(format!(
                "The migration can't be applied again: {}.",
                fails(&trip.migration.statements, failure)
            ));
        } else if differences.iter().all(may_stay) {
            finding.severity = Severity::Note;
        }
        finding.evidence.relation = differences.first().map(|difference| difference.object.clone());
        finding
            .advice
            .push(format!("Undo in the {} all that the migration does.", ways.word()));
        findings.push((trip.index, finding));
    }
    for (together, members) in groups(ways).into_iter().filter(|(together, _)| !together.leads_back) {
        let Some(last) = members.last() else { continue };
        let left = &last.seen.left_together;
        let short: Vec<String> = left.iter().map(told_in_short).collect();
        let message = format!(
            "{}, one after the other, lead to another schema: {}",
            named(ways, together),
            phrase::some_of(&short, 2, "")
        );
        let mut finding = ways.finding(&RULE, last.place(), message);
        finding.evidence.facts.extend(left.iter().take(TOLD_MAX).map(told));
        finding.evidence.facts.extend(by_themselves(&members));
        finding.evidence.relation = left.first().map(|difference| difference.object.clone());
        finding
            .advice
            .push(format!("Undo in each {} what its own migration does.", ways.word()));
        findings.push((last.index, finding));
    }
}

/// What others may use by now.
fn may_stay(difference: &Difference) -> bool {
    let kind = difference
        .object
        .target()
        .map_or(difference.object.kind, |target| target.kind);
    difference.kind == DifferenceKind::Left && matches!(kind, ObjectKind::Extension | ObjectKind::Schema)
}
