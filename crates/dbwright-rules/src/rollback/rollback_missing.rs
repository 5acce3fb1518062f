//! Migrations that can't be undone, in a history that has ways back.
//!
//! Where a project keeps down migrations, whoever is on call expects to find one.
//! One that is missing, or is empty although the migration changes the schema, is found out in the worst moment.
//! It is told once for a history; the figure stands in the report.
//!
//! It is fine where the migration can't be undone for good reasons; then the file that goes down should say so, and fail.
//!
//! ```sql bad postgres mysql mariadb sqlite
//! -- migrate:up
//! CREATE TABLE orders (id integer PRIMARY KEY);
//! -- migrate:down
//! ```
//!
//! What to do: write the way back, or say why there is none (`-- dbwright: allow rollback-missing because …`).
//!
//! ```sql good postgres mysql mariadb sqlite
//! -- migrate:up
//! CREATE TABLE orders (id integer PRIMARY KEY);
//! -- migrate:down
//! DROP TABLE orders;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-alter.html>.

use dbwright_catalog::{Engine, Finding, Group, Migration, Place, RollbackOutcome, Severity};

use crate::allow::Verdict;
use crate::phrase;
use crate::ways_back::WaysBack;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "rollback-missing",
    group: Group::Rollback,
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("rollback_missing.rs"),
    on_by_default: true,
    check: Check::WaysBack(check),
};

/// So many migrations are named.
const NAMES_MAX: usize = 6;

fn check(ways: &WaysBack<'_>, findings: &mut Vec<(usize, Finding)>) {
    let migrations = &ways.history.migrations;
    if migrations.iter().all(|migration| migration.down.is_none()) {
        return;
    }
    let missing = ways.rollbacks.iter().filter(|rollback| match &rollback.outcome {
        RollbackOutcome::Missing => true,
        RollbackOutcome::NotTried { .. } => false,
        RollbackOutcome::Ran(trip) => trip.does_nothing(),
    });
    let missing = missing.filter_map(|rollback| Some((rollback, migrations.get(rollback.migration)?)));
    // What a comment allows is told for itself, and is not counted with the others.
    let (allowed, missing): (Vec<_>, Vec<_>) = missing.partition(|(rollback, migration)| {
        let finding = ways.finding(&RULE, place(migration), String::new());
        matches!(ways.verdict(rollback.migration, finding), Verdict::Allowed(_))
    });
    for (rollback, migration) in allowed {
        let finding = ways.finding(&RULE, place(migration), one(ways, migration));
        findings.push((rollback.migration, finding));
    }
    let Some((first, migration)) = missing.first() else {
        return;
    };
    let word = ways.word();
    let message = match missing.len() {
        1 => one(ways, migration),
        number => format!(
            "{number} of the {} under review can't be undone: they have no {word} that does anything",
            phrase::count(ways.rollbacks.len(), "migration")
        ),
    };
    let mut finding = ways.finding(&RULE, place(migration), message);
    let name = |empty: bool| -> Vec<&str> {
        let of_kind = missing
            .iter()
            .filter(|(_, migration)| migration.down.is_some() == empty);
        of_kind.map(|(_, migration)| migration.name.as_str()).collect()
    };
    for (empty, what) in [(false, "None"), (true, "An empty one, or one that changes nothing")] {
        let names = name(empty);
        if missing.len() > 1 && !names.is_empty() {
            let names = phrase::some_of(&names, NAMES_MAX, "");
            finding.evidence.facts.push(format!("{what}: {names}."));
        }
    }
    finding.advice.push(format!(
        "Write the {word}, or one that fails and says why there is none."
    ));
    findings.push((first.migration, finding));
}

fn one(ways: &WaysBack<'_>, migration: &Migration) -> String {
    let word = ways.word();
    format!(
        "{} can't be undone: it has no {word} that does anything",
        migration.name
    )
}

fn place(migration: &Migration) -> Place {
    Place {
        path: migration.path.clone(),
        statement: None,
        span: migration.statements.first().map(|statement| statement.span),
        line: migration.statements.first().map_or(1, |statement| statement.line),
    }
}
