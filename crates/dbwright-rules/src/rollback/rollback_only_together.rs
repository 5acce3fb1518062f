//! Ways back that are right only one after the other.
//!
//! By itself, such a way back fails or leads to another schema: it undoes what another migration did.
//! Run from the newest to the oldest, all of them together lead back, and the migrations can be applied again; dbwright tried
//! that.
//! Who goes back by one migration only is left with a schema that no release was tested with.
//!
//! It is fine where the migrations are only ever applied and undone together, as those that a generator wrote for one change.
//!
//! ```sql bad postgres mysql mariadb sqlite
//! -- migrate:up
//! CREATE TABLE logins (id integer PRIMARY KEY);
//! -- migrate:down
//! DROP TABLE logouts;
//! -- migrate:up
//! CREATE TABLE logouts (id integer PRIMARY KEY);
//! -- migrate:down
//! DROP TABLE logins;
//! ```
//!
//! What to do: undo in each way back what its own migration does.
//!
//! ```sql good postgres mysql mariadb sqlite
//! -- migrate:up
//! CREATE TABLE logins (id integer PRIMARY KEY);
//! -- migrate:down
//! DROP TABLE logins;
//! -- migrate:up
//! CREATE TABLE logouts (id integer PRIMARY KEY);
//! -- migrate:down
//! DROP TABLE logouts;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-alter.html>.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, Finding, Group, Severity, Together};

use crate::phrase;
use crate::ways_back::{Trip, WaysBack, fails, told_in_short};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "rollback-only-together",
    group: Group::Rollback,
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("rollback_only_together.rs"),
    on_by_default: true,
    check: Check::WaysBack(check),
};

/// So many members are told one by one.
const TOLD_MAX: usize = 6;

fn check(ways: &WaysBack<'_>, findings: &mut Vec<(usize, Finding)>) {
    for (together, members) in groups(ways).into_iter().filter(|(together, _)| together.leads_back) {
        let Some(last) = members.last() else { continue };
        let message = format!("{} lead back only together", named(ways, together));
        let mut finding = ways.finding(&RULE, last.place(), message);
        finding.evidence.facts.extend(by_themselves(&members));
        finding
            .advice
            .push(format!("Undo in each {} what its own migration does.", ways.word()));
        findings.push((last.index, finding));
    }
}

/// Ways back that belong together, with those of them that do something.
pub(super) fn groups<'a>(ways: &WaysBack<'a>) -> BTreeMap<Together, Vec<Trip<'a>>> {
    let mut groups: BTreeMap<Together, Vec<Trip<'_>>> = BTreeMap::new();
    for trip in ways.trips() {
        if let Some(together) = trip.seen.together {
            groups.entry(together).or_default().push(trip);
        }
    }
    groups
}

/// `The down migrations of 3 migrations (20200101_a to 20200103_c)`. The oldest of them may have none that does anything.
pub(super) fn named(ways: &WaysBack<'_>, together: Together) -> String {
    let name = |index: usize| {
        ways.history
            .migrations
            .get(index)
            .map_or("", |migration| &migration.name)
    };
    format!(
        "The {}s of {} ({} to {})",
        ways.word(),
        phrase::count(together.last - together.first + 1, "migration"),
        name(together.first),
        name(together.last)
    )
}

/// What comes of the members by themselves, of so many.
pub(super) fn by_themselves(members: &[Trip<'_>]) -> Vec<String> {
    let mut alone: Vec<String> = members.iter().filter_map(by_itself).collect();
    let more = alone.len().saturating_sub(TOLD_MAX);
    alone.truncate(TOLD_MAX);
    if more > 0 {
        alone.push(format!("{more} more are not right by themselves."));
    }
    alone
}

/// What comes of one of them by itself; nothing where it leads back.
fn by_itself(trip: &Trip<'_>) -> Option<String> {
    let name = &trip.migration.name;
    if trip.seen.is_proven() {
        return None;
    }
    if let Some(failure) = &trip.seen.failure {
        return Some(format!(
            "By itself, that of {name}: {}.",
            fails(&trip.down.statements, failure)
        ));
    }
    let short: Vec<String> = trip.seen.differences.iter().map(told_in_short).collect();
    Some(format!(
        "By itself, that of {name} leads to another schema: {}.",
        phrase::some_of(&short, 2, "")
    ))
}
