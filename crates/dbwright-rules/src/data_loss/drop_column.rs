//! A column that existed before the migration is gone after it.
//!
//! Its values are gone with it, and so are the indexes, constraints and (with CASCADE) views that use it.
//! The release that still runs while the migration does fails as soon as it names the column; object mappers name all
//! columns in every query.
//!
//! It is fine when no running release names the column any more and its values are not needed.
//! A rename is no drop. In a rebuild (SQLite: new table, rows copied, old one dropped, name taken over) only the columns
//! that are missing afterwards count.
//!
//! ```sql setup postgres
//! CREATE TABLE customers (id integer PRIMARY KEY, name text, fax text);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE customers DROP COLUMN fax;
//! ```
//!
//! ```sql good postgres
//! ALTER TABLE customers RENAME COLUMN name TO full_name;
//! ALTER TABLE customers ADD COLUMN scratch integer;
//! ALTER TABLE customers DROP COLUMN scratch;
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, fax TEXT);
//! ```
//!
//! ```sql bad sqlite
//! ALTER TABLE customers DROP COLUMN fax;
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE customers_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '', fax TEXT);
//! INSERT INTO customers_new SELECT id, coalesce(name, ''), fax FROM customers;
//! DROP TABLE customers;
//! ALTER TABLE customers_new RENAME TO customers;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE customers (id int PRIMARY KEY, name varchar(60), fax varchar(60));
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE customers DROP COLUMN fax;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE customers RENAME COLUMN name TO full_name;
//! ALTER TABLE customers ADD COLUMN scratch int;
//! ALTER TABLE customers DROP COLUMN scratch;
//! ```
//!
//! What to do: deploy a release that does not name the column first, and drop it in a later migration.
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-DROP-COLUMN>,
//! <https://www.sqlite.org/lang_altertable.html#alter_table_drop_column>,
//! <https://dev.mysql.com/doc/refman/9.7/en/alter-table.html> and
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/alter-table>.

use dbwright_catalog::{ConstraintKind, Engine, Finding, Group, Object, ObjectBody, ObjectId, ObjectKind, Severity};

use super::rebuild;
use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "drop-column",
    group: Group::DataLoss,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Dropped(ObjectKind::Column)],
    source: include_str!("drop_column.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let columns: Vec<ObjectId> = context
        .dropped()
        .filter_map(|object| lost(context, &object.id))
        .collect();
    let mut tables: Vec<ObjectId> = columns.iter().filter_map(ObjectId::owner_table).collect();
    tables.dedup();
    for table in &tables {
        let with_parent = context
            .partition_parents(table)
            .iter()
            .any(|parent| tables.contains(parent));
        if with_parent {
            continue;
        }
        let of_table = columns.iter().filter(|id| id.owner_table().as_ref() == Some(table));
        let names: Vec<String> = of_table.map(|id| format!("{table}.{}", id.name())).collect();
        let (be, their) = if names.len() == 1 {
            ("is", "its")
        } else {
            ("are", "their")
        };
        let names = phrase::list(names);
        let mut finding = context.finding(
            &RULE,
            Some(table),
            format!("{names} {be} dropped with all {their} values"),
        );
        let along = along(context, table);
        if !along.is_empty() {
            finding.evidence.facts.push(phrase::goes_along(&along));
        }
        if context.dropped().any(|object| object.id == *table) {
            let fact = format!(
                "{table} is rebuilt without it; a column copied under another name can't be told from a lost one."
            );
            finding.evidence.facts.push(fact);
        }
        finding.advice.push(
            "The running release fails as soon as it names the column: deploy one that does not first.".to_owned(),
        );
        finding
            .advice
            .push("Drop it in a later migration, after a backup of its values.".to_owned());
        findings.push(finding);
    }
}

/// The column under the name it had before the migration, where its values are lost.
fn lost(context: &Context<'_>, column: &ObjectId) -> Option<ObjectId> {
    let table = column.owner_table().filter(|_| column.kind == ObjectKind::Column)?;
    let table_name = context.existed_before_scope(&table)?;
    context.existed_before_scope(column)?;
    if !context.dropped().any(|object| object.id == table) {
        return Some(column.clone());
    }
    // With the whole table gone `drop-table` says so; of a rebuilt table only what is missing afterwards counts.
    let replacement = rebuild::replacement(context, &table, &table_name)?;
    let successor = replacement.name.column(column.name());
    let is_missing = context.timeline.after(replacement.at, &successor).is_none();
    is_missing.then(|| table_name.column(column.name()))
}

/// What else the statement dropped because of the column: views, and indexes and constraints of any table.
fn along(context: &Context<'_>, table: &ObjectId) -> Vec<String> {
    if context.dropped().any(|object| object.id == *table) {
        return Vec::new();
    }
    let is_told = |kind: ObjectKind| match kind {
        ObjectKind::View
        | ObjectKind::Index
        | ObjectKind::Constraint
        | ObjectKind::Trigger
        | ObjectKind::Routine
        | ObjectKind::Rule
        | ObjectKind::Policy => true,
        ObjectKind::Schema
        | ObjectKind::Extension
        | ObjectKind::Type
        | ObjectKind::Sequence
        | ObjectKind::Table
        | ObjectKind::Column
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
    // A NOT NULL, which is a constraint with a name on PostgreSQL 18, is a part of its column.
    let is_not_null = |object: &Object| match &object.body {
        ObjectBody::Constraint(constraint) => matches!(constraint.kind, ConstraintKind::NotNull(_)),
        _ => false,
    };
    let dropped = context
        .dropped()
        .filter(|object| is_told(object.id.kind) && !is_not_null(object));
    dropped
        .map(|object| format!("the {} {}", object.id.kind.name(), object.id))
        .collect()
}
