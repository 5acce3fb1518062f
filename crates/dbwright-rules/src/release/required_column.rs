//! A column that INSERT must fill from now on, and that the running release does not fill.
//!
//! A column that is NOT NULL and has no default must be named by every INSERT. The release that still runs while the
//! migration does leaves it out where it is new, or where so far a default or NULL stood in for it, and its inserts fail
//! until the next release is deployed everywhere. That a change takes no lock for long does not make it safe to deploy.
//!
//! It is fine where a trigger fills the column, and on tables that the same migration creates; the latter is not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, note text);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR';
//! ALTER TABLE orders ALTER COLUMN currency DROP DEFAULT;
//! ```
//!
//! What to do: keep the default until no running release leaves the column out.
//!
//! ```sql good postgres
//! ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR';
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id int PRIMARY KEY, note varchar(60));
//! ```
//!
//! MySQL and MariaDB fill old rows with an implicit default and refuse it in new ones:
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE orders ADD COLUMN currency char(3) NOT NULL;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE orders ADD COLUMN currency char(3) NOT NULL DEFAULT 'EUR';
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-default.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/data-type-defaults.html> and
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/create/create-table>.

use dbwright_catalog::{Column, Engine, Finding, Group, Object, ObjectBody, ObjectId, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "required-column",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("required_column.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

/// What an INSERT could rely on so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SoFar {
    /// There was no such column.
    New,
    /// It had a default.
    Default,
    /// It could be NULL.
    Nullable,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let required = required(context);
    let mut tables: Vec<ObjectId> = required.iter().filter_map(|(id, _)| id.owner_table()).collect();
    tables.dedup();
    for table in &tables {
        let with_parent = context
            .partition_parents(table)
            .iter()
            .any(|parent| tables.contains(parent));
        if with_parent {
            continue;
        }
        let of_table: Vec<&(&ObjectId, SoFar)> = required
            .iter()
            .filter(|(id, _)| id.owner_table().as_ref() == Some(table))
            .collect();
        let names = phrase::list(of_table.iter().map(|(id, _)| id.name()));
        let message = format!("An INSERT into {table} that leaves out {names} fails from here on");
        let mut finding = context.finding(&RULE, Some(table), message);
        let (column, _) = of_table[0];
        if of_table.iter().all(|(_, so_far)| *so_far == SoFar::Nullable) {
            // Most programs fill what they are about to require; whether this one does, nobody here can know.
            finding.severity = Severity::Note;
            finding
                .advice
                .push(format!("Deploy a release that always fills {} first.", column.name()));
        } else {
            finding.advice.push(format!(
                "Keep a default for {} until no running release leaves it out, and drop it in a later migration.",
                column.name()
            ));
        }
        findings.push(finding);
    }
}

/// The columns that the statement makes INSERT fill, where the migration ends with it so.
fn required<'a>(context: &Context<'a>) -> Vec<(&'a ObjectId, SoFar)> {
    let mut required = Vec::new();
    for step in context.steps() {
        let Some(after) = step.after.filter(|object| column(object).is_some_and(is_required)) else {
            continue;
        };
        // A column that comes under a new name, with its table or by itself, was required before.
        let was_required = step.before.and_then(column).is_some_and(is_required);
        let stays_required = context
            .at_scope_end(&after.id)
            .and_then(column)
            .is_some_and(is_required);
        if !was_required && stays_required && !context.is_exempt(&after.id) {
            required.extend(so_far(context, &after.id).map(|so_far| (&after.id, so_far)));
        }
    }
    required
}

/// What INSERT could rely on before the migration; nothing where it had to fill the column then, too.
fn so_far(context: &Context<'_>, id: &ObjectId) -> Option<SoFar> {
    let at_start = context.at_scope_start(id).and_then(column);
    match at_start {
        None => Some(SoFar::New),
        Some(before) if is_required(before) => None,
        Some(before) if before.default.is_some() => Some(SoFar::Default),
        Some(_) => Some(SoFar::Nullable),
    }
}

/// Whether INSERT must name it.
fn is_required(column: &Column) -> bool {
    column.not_null && column.default.is_none() && column.generated.is_none() && column.identity.is_none()
}

fn column(object: &Object) -> Option<&Column> {
    match &object.body {
        ObjectBody::Column(column) => Some(column),
        _ => None,
    }
}
