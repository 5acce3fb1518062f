//! A table that existed before the migration is gone after it.
//!
//! Its rows are gone with it, and so is what hangs on it when the statement says CASCADE: views, foreign keys of other
//! tables, triggers.
//! The release that still runs while the migration does fails as soon as it reads or writes the table.
//!
//! It is fine when no running release uses the table any more and its rows are kept elsewhere or not needed.
//! A rename is no drop, and neither is a rebuild (a new table takes the rows and the name), also where it is spread over
//! several migrations that are new together.
//!
//! ```sql setup postgres
//! CREATE TABLE old_orders (id integer PRIMARY KEY);
//! CREATE TABLE kept (id integer PRIMARY KEY);
//! ```
//!
//! ```sql bad postgres
//! DROP TABLE old_orders;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE scratch (id integer);
//! DROP TABLE scratch;
//! ALTER TABLE kept RENAME TO renamed;
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE old_orders (id INTEGER PRIMARY KEY);
//! CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
//! ```
//!
//! ```sql bad sqlite
//! DROP TABLE old_orders;
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE notes_new (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
//! INSERT INTO notes_new SELECT id, coalesce(text, '') FROM notes;
//! DROP TABLE notes;
//! ALTER TABLE notes_new RENAME TO notes;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE old_orders (id int PRIMARY KEY);
//! CREATE TABLE kept (id int PRIMARY KEY);
//! ```
//!
//! ```sql bad mysql mariadb
//! DROP TABLE old_orders;
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE scratch (id int PRIMARY KEY);
//! DROP TABLE scratch;
//! RENAME TABLE kept TO renamed;
//! ```
//!
//! What to do: deploy a release that does not use the table first, and drop it in a later migration, after a backup.
//!
//! See <https://www.postgresql.org/docs/current/sql-droptable.html>, <https://www.sqlite.org/lang_droptable.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/drop-table.html> and
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/drop/drop-table>.

use dbwright_catalog::{Engine, Finding, Group, Object, ObjectBody, ObjectId, ObjectKind, Severity};

use super::drop_schema::goes_with_schema;
use super::rebuild;
use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "drop-table",
    group: Group::DataLoss,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Dropped(ObjectKind::Table)],
    source: include_str!("drop_table.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let dropped: Vec<&Object> = context
        .dropped()
        .filter(|object| object.id.kind == ObjectKind::Table)
        .collect();
    for object in &dropped {
        let table = &object.id;
        let Some(name) = context.existed_before_scope(table) else {
            continue;
        };
        if goes_with_schema(context, table) || rebuild::replacement(context, table, &name).is_some() {
            continue;
        }
        // Told with the table whose partition it is.
        if parent(object).is_some_and(|parent| dropped.iter().any(|other| other.id == *parent)) {
            continue;
        }
        let message = format!("{table} is dropped with all its rows");
        let mut finding = context.finding(&RULE, Some(table), message);
        if let Some(parent) = parent(object) {
            finding.evidence.facts.push(format!("It is a partition of {parent}."));
        }
        let mut along = along(context, table, &dropped);
        let partitions = partitions(table, &dropped);
        if partitions > 0 {
            along.insert(0, phrase::count(partitions, "partition"));
        }
        if !along.is_empty() {
            finding.evidence.facts.push(phrase::goes_along(&along));
        }
        finding.advice.push(format!(
            "The running release fails as soon as it uses {table}: deploy one that does not first."
        ));
        finding
            .advice
            .push("Drop it in a later migration, after a backup; renaming it first keeps a way back.".to_owned());
        findings.push(finding);
    }
}

/// The table that this one is a partition of.
fn parent(table: &Object) -> Option<&ObjectId> {
    match &table.body {
        ObjectBody::Table(body) => body.partition.as_ref().map(|partition| &partition.parent),
        _ => None,
    }
}

/// How many partitions of every level went with a table.
fn partitions(table: &ObjectId, dropped: &[&Object]) -> usize {
    let own = dropped.iter().filter(|other| parent(other) == Some(table));
    own.map(|partition| 1 + partitions(&partition.id, dropped)).sum()
}

/// What the statement dropped on other relations: views, foreign keys, triggers, routines.
fn along(context: &Context<'_>, table: &ObjectId, tables: &[&Object]) -> Vec<String> {
    let is_told = |object: &Object| match object.id.kind {
        ObjectKind::View | ObjectKind::Routine => true,
        ObjectKind::Constraint | ObjectKind::Trigger | ObjectKind::Column | ObjectKind::Rule | ObjectKind::Policy => {
            let owner = object.id.owner_table();
            owner.is_some_and(|owner| owner != *table && !tables.iter().any(|dropped| dropped.id == owner))
        }
        ObjectKind::Schema
        | ObjectKind::Extension
        | ObjectKind::Type
        | ObjectKind::Sequence
        | ObjectKind::Table
        | ObjectKind::Index
        | ObjectKind::Statistics
        | ObjectKind::Collation
        | ObjectKind::EventTrigger
        | ObjectKind::Publication
        | ObjectKind::Subscription
        | ObjectKind::ForeignDataWrapper
        | ObjectKind::ForeignServer
        | ObjectKind::UserMapping
        | ObjectKind::Event
        | ObjectKind::Comment
        | ObjectKind::Owner
        | ObjectKind::Grant
        | ObjectKind::DefaultPrivilege
        | ObjectKind::Membership
        | ObjectKind::SecurityLabel => false,
    };
    let dropped = context.dropped().filter(|object| is_told(object));
    dropped
        .map(|object| format!("the {} {}", object.id.kind.name(), object.id))
        .collect()
}
