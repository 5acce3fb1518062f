//! A statement locks a table that it does not name, because a foreign key refers to it.
//!
//! Dropping a foreign key, or the table that has it, removes the triggers of the foreign key from the table that it refers
//! to, and takes ACCESS EXCLUSIVE there too: reads and writes of that table wait, however busy it is, until the end of the
//! transaction.
//!
//! It is fine when the transaction is short and does not wait for its locks for long, so that the rule is off unless it is
//! switched on; work that is done meanwhile is told by `long-lock-hold`. Tables that the same migration creates or changes are not
//! reported.
//!
//! ```sql setup postgres
//! CREATE TABLE users (id integer PRIMARY KEY);
//! CREATE TABLE old_logins (id integer PRIMARY KEY, user_id integer REFERENCES users);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE old_logins DROP CONSTRAINT old_logins_user_id_fkey;
//! ```
//!
//! What to do: set a lock timeout, so that a long query on the other table does not stop everybody, and do it by itself.
//!
//! ```sql good postgres
//! ALTER TABLE old_logins ALTER COLUMN user_id DROP NOT NULL;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>.

use dbwright_catalog::{ConstraintKind, Engine, Finding, Group, LockMode, Object, ObjectBody, ObjectId, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "referenced-table-locked",
    group: Group::Locks,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Lock(LockMode::AccessExclusive)],
    source: include_str!("referenced_table_locked.rs"),
    on_by_default: false,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let mut told: Vec<&ObjectId> = Vec::new();
    for object in context.dropped() {
        let Some(parent) = references(object) else { continue };
        let is_its_own = object.id.owner_table().as_ref() == Some(parent);
        let is_changed = context
            .steps()
            .iter()
            .filter_map(|step| step.before.or(step.after))
            .any(|changed| {
                // The constraint itself hangs on the other table.
                context.table_of(&changed.id) == *parent
            });
        let lock = context.lock_from(parent, LockMode::AccessExclusive);
        let Some(lock) = lock.filter(|lock| context.took(lock) && !context.is_exempt(parent)) else {
            continue;
        };
        if is_its_own || is_changed || told.contains(&parent) || is_new_key(context, object) {
            continue;
        }
        told.push(parent);
        let message = format!(
            "It blocks reads and writes on {parent} as well, to which the foreign key {} referred",
            object.id.name()
        );
        let mut finding = context.lock_finding(&RULE, lock, message);
        finding.advice.push(format!(
            "Set a lock timeout before it, so that a long query on {parent} does not make everybody wait."
        ));
        findings.push(finding);
    }
}

fn references(object: &Object) -> Option<&ObjectId> {
    match &object.body {
        ObjectBody::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some(&key.references),
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique(_)
            | ConstraintKind::Check(_)
            | ConstraintKind::Exclusion(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Trigger => None,
        },
        _ => None,
    }
}

/// Whether the migration itself made the foreign key, or the table that has it.
fn is_new_key(context: &Context<'_>, object: &Object) -> bool {
    context.existed_before_scope(&object.id).is_none()
}
