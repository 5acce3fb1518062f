//! Rows or values that the way back does not bring back.
//!
//! A column that was dropped comes back empty; rows that were deleted do not come back; a value that was changed stays what it
//! became.
//! The schema is right after the way back, and the data is gone.
//! dbwright counted the values of generated rows before the migration, after it and after the way back.
//! What the migration itself removes is told as a note; what only the way back removes, as a warning.
//!
//! It is fine where the data is worthless, or where a backup is at hand and the time it takes to restore it is known.
//!
//! ```sql setup postgres mysql mariadb sqlite
//! CREATE TABLE users (id integer PRIMARY KEY, name varchar(20));
//! ```
//!
//! ```sql bad postgres mysql mariadb sqlite
//! -- migrate:up
//! ALTER TABLE users DROP COLUMN name;
//! -- migrate:down
//! ALTER TABLE users ADD COLUMN name varchar(20);
//! ```
//!
//! What to do: remove data in a later migration, when nobody will go back any more; until then, stop using it, or rename it.
//!
//! ```sql good postgres mysql mariadb sqlite
//! -- migrate:up
//! ALTER TABLE users RENAME COLUMN name TO name_unused;
//! -- migrate:down
//! ALTER TABLE users RENAME COLUMN name_unused TO name;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-alter.html#DDL-ALTER-REMOVING-A-COLUMN>.

use dbwright_catalog::{Engine, Finding, Group, LostRows, Severity};

use crate::phrase;
use crate::ways_back::WaysBack;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "rollback-loses-rows",
    group: Group::Rollback,
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("rollback_loses_rows.rs"),
    on_by_default: true,
    check: Check::WaysBack(check),
};

/// So many columns are named.
const COLUMNS_MAX: usize = 4;

fn check(ways: &WaysBack<'_>, findings: &mut Vec<(usize, Finding)>) {
    for trip in ways.trips_alone() {
        let lost = &trip.seen.lost;
        if lost.is_empty() || trip.seen.failure.is_some() {
            continue;
        }
        let by_way_back = lost.iter().any(is_lost_back);
        let word = ways.word();
        let what: Vec<String> = lost.iter().flat_map(in_short).collect();
        let what = phrase::some_of(&what, COLUMNS_MAX, "");
        let name = &trip.migration.name;
        let message = if by_way_back {
            format!("The {word} of {name} loses data: {what}")
        } else {
            format!("The {word} of {name} does not bring back {what}")
        };
        let mut finding = ways.finding(&RULE, trip.place(), message);
        if by_way_back {
            finding.severity = Severity::Warning;
        }
        finding.evidence.relation = lost.first().map(|lost| lost.table.clone());
        finding.evidence.facts.extend(lost.iter().map(in_full));
        finding.advice.push(if by_way_back {
            format!("Keep in the {word} what was there before the migration.")
        } else {
            "Keep a copy of what the migration removes or changes until nobody will go back any more, or be ready to \
             restore a backup."
                .to_owned()
        });
        findings.push((trip.index, finding));
    }
}

fn is_lost_back(lost: &LostRows) -> bool {
    lost.rows_lost_back > 0 || lost.columns.iter().any(|column| column.lost_back > 0)
}

/// `rows of t`, `the values of t.a`.
fn in_short(lost: &LostRows) -> Vec<String> {
    let rows = lost.rows_before > lost.rows_after;
    let columns = lost
        .columns
        .iter()
        .map(|it| format!("values of {}.{}", lost.table, it.column));
    rows.then(|| format!("rows of {}", lost.table))
        .into_iter()
        .chain(columns)
        .collect()
}

fn in_full(lost: &LostRows) -> String {
    let mut parts = Vec::new();
    if lost.rows_before > lost.rows_after {
        parts.push(format!(
            "had {} before the migration and {} after the way back",
            phrase::count(usize::try_from(lost.rows_before).unwrap_or(usize::MAX), "row"),
            lost.rows_after
        ));
    }
    let columns: Vec<String> = lost
        .columns
        .iter()
        .map(|it| format!("{} of {} values of {}", it.lost, it.values, it.column))
        .collect();
    if !columns.is_empty() {
        parts.push(format!("lost {}", phrase::some_of(&columns, COLUMNS_MAX, "")));
    }
    format!(
        "{} {}.",
        phrase::uppercase_first(&lost.table.to_string()),
        parts.join(", and ")
    )
}
