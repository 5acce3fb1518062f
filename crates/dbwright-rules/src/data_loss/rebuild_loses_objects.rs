//! A table that is built anew comes out without triggers or indexes that it had.
//!
//! SQLite changes most things of a table by a rebuild: a new table is made, the rows are copied, the old table is dropped
//! with all its triggers and indexes, and the new one takes its name. What the migration does not make again is gone, and
//! nothing says so: a trigger that kept a total or an audit trail no longer does, a unique index no longer refuses
//! duplicates, and AUTOINCREMENT may hand out numbers a second time.
//!
//! It is fine when it shall go.
//!
//! ```sql setup sqlite
//! CREATE TABLE accounts (id INTEGER PRIMARY KEY, email TEXT, changed INTEGER DEFAULT 0);
//! CREATE UNIQUE INDEX accounts_email ON accounts (email);
//! CREATE TRIGGER accounts_changed AFTER UPDATE OF email ON accounts BEGIN UPDATE accounts SET changed = changed + 1 WHERE id = new.id; END;
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE accounts_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL DEFAULT '', changed INTEGER DEFAULT 0);
//! INSERT INTO accounts_new SELECT id, coalesce(email, id), changed FROM accounts;
//! DROP TABLE accounts;
//! ALTER TABLE accounts_new RENAME TO accounts;
//! ```
//!
//! What to do: make all of it again at the end of the rebuild.
//!
//! ```sql good sqlite
//! CREATE TABLE accounts_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL DEFAULT '', changed INTEGER DEFAULT 0);
//! INSERT INTO accounts_new SELECT id, coalesce(email, id), changed FROM accounts;
//! DROP TABLE accounts;
//! ALTER TABLE accounts_new RENAME TO accounts;
//! CREATE UNIQUE INDEX accounts_email ON accounts (email);
//! CREATE TRIGGER accounts_changed AFTER UPDATE OF email ON accounts BEGIN UPDATE accounts SET changed = changed + 1 WHERE id = new.id; END;
//! ```
//!
//! See <https://www.sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes>, steps 3 and 8.

use dbwright_catalog::{Engine, Finding, Group, Index, Object, ObjectBody, ObjectId, ObjectKind, Severity, TableExtra};

use super::rebuild::{self, Replacement};
use crate::context::Context;
use crate::timeline::Position;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "rebuild-loses-objects",
    group: Group::DataLoss,
    severity: Severity::Warning,
    engines: &[Engine::Sqlite],
    claims: &[Claim::Dropped(ObjectKind::Trigger)],
    source: include_str!("rebuild_loses_objects.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    for object in context.dropped().filter(|object| object.id.kind == ObjectKind::Table) {
        let Some(name) = context.existed_before_scope(&object.id) else {
            continue;
        };
        let Some(replacement) = rebuild::replacement(context, &object.id, &name) else {
            continue;
        };
        let lost = lost(context, object, &replacement);
        if lost.is_empty() {
            continue;
        }
        let message = format!("{name} is built anew without {}", phrase::list(&lost));
        let mut finding = context.finding(&RULE, Some(&object.id), message);
        finding.advice.push(
            "Make it again when the new table has taken the name, or say in a comment that it shall go.".to_owned(),
        );
        findings.push(finding);
    }
}

/// What the table had when it was dropped and its successor has not when the migration (or the last one of the rebuild) ends.
fn lost(context: &Context<'_>, table: &Object, replacement: &Replacement) -> Vec<String> {
    let end = replacement.at.max(context.scope_end());
    let end = (end.0, usize::MAX);
    let mut lost = Vec::new();
    for object in context.dropped() {
        match &object.body {
            ObjectBody::Trigger(_) if object.id.owner_table().as_ref() == Some(&table.id) => {
                let successor = replacement.name.child(ObjectKind::Trigger, object.id.name());
                if context.timeline.after(end, &successor).is_none() {
                    lost.push(format!("the trigger {}", object.id.name()));
                }
            }
            // Somebody may have wanted other columns in it: what counts is its name or what it does.
            ObjectBody::Index(index)
                if index.table == table.id
                    && !index.of_constraint
                    && !has_index(context, end, &replacement.name, &object.id, index) =>
            {
                let unique = if index.unique { "unique " } else { "" };
                lost.push(format!("the {unique}index {}", object.id.name()));
            }
            _ => {}
        }
    }
    if is_autoincrement(table) {
        let successor = context.timeline.after(end, &replacement.name);
        if successor.is_some_and(|successor| !is_autoincrement(successor)) {
            lost.push("AUTOINCREMENT".to_owned());
        }
    }
    lost
}

fn has_index(context: &Context<'_>, end: Position, table: &ObjectId, id: &ObjectId, index: &Index) -> bool {
    let mut standing = context.timeline.standing_after(end, ObjectKind::Index);
    standing.any(|object| match &object.body {
        ObjectBody::Index(other) => {
            let does_it =
                other.keys == index.keys && other.unique >= index.unique && other.predicate == index.predicate;
            other.table == *table && (object.id.name() == id.name() || does_it)
        }
        _ => false,
    }) || indexed_column_is_gone(context, end, table, index)
}

/// Whether the new table lacks a column of the index, so that the index can't come back.
fn indexed_column_is_gone(context: &Context<'_>, end: Position, table: &ObjectId, index: &Index) -> bool {
    index.keys.iter().any(|key| {
        let is_column = key.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        is_column && context.timeline.after(end, &table.column(key.as_str())).is_none()
    })
}

fn is_autoincrement(table: &Object) -> bool {
    match &table.body {
        ObjectBody::Table(table) => match &table.extra {
            TableExtra::Sqlite(extra) => extra.autoincrement,
            TableExtra::Postgres(_) | TableExtra::MySqlFamily(_) => false,
        },
        _ => false,
    }
}
