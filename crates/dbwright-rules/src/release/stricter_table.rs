//! A new CHECK, UNIQUE or FOREIGN KEY that the running release may not keep.
//!
//! A constraint that is added without locking for long (`NOT VALID`, a unique index built CONCURRENTLY) still holds from that
//! moment on for whatever is written: inserts and updates of the release that still runs, and, for a CHECK, every update of an
//! old row that breaks it, whatever it changes.
//! Lock-safe is not deploy-safe.
//!
//! It is fine where the running release keeps it already, which nobody here can know; the rule is off unless it is switched
//! on. Tables that the same migration creates are not reported.
//!
//! ```sql setup postgres mysql mariadb
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer, code integer);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE orders ADD CONSTRAINT total_is_positive CHECK (total > 0) NOT VALID;
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE UNIQUE INDEX one_code ON orders (code);
//! ```
//!
//! What to do: deploy a release that keeps it, then add it.
//!
//! ```sql good
//! CREATE TABLE refunds (id integer PRIMARY KEY, total integer, CONSTRAINT refund_is_positive CHECK (total > 0));
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER, code INTEGER);
//! ```
//!
//! ```sql bad sqlite
//! CREATE UNIQUE INDEX one_code ON orders (code);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>,
//! <https://dev.mysql.com/doc/refman/9.7/en/create-table-check-constraints.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/constraint> and
//! <https://www.sqlite.org/lang_createindex.html>.

use dbwright_catalog::{ConstraintKind, Engine, Finding, Group, Object, ObjectBody, ObjectId, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "stricter-table",
    group: Group::Release,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("stricter_table.rs"),
    on_by_default: false,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    for object in context.created() {
        let Some((table, demand)) = demand(object) else {
            continue;
        };
        let concerns_old_columns = columns_were_there(context, object, &table);
        if context.is_exempt(&table) || !concerns_old_columns || context.at_scope_end(&object.id).is_none() {
            continue;
        }
        let message = format!("Writes of the running release to {table} fail from here on where {demand}");
        let mut finding = context.finding(&RULE, Some(&table), message);
        finding
            .advice
            .push("Deploy a release that keeps it first, and look in its logs for writes that did not.".to_owned());
        findings.push(finding);
    }
}

/// The table, and when a write to it fails.
fn demand(object: &Object) -> Option<(ObjectId, String)> {
    match &object.body {
        ObjectBody::Constraint(constraint) if constraint.enforced => {
            let table = object.id.owner_table()?;
            let demand = match &constraint.kind {
                ConstraintKind::Check(expression) => format!("{expression} is false"),
                ConstraintKind::ForeignKey(key) => format!(
                    "{} names no row of {}",
                    crate::phrase::list(&key.columns),
                    key.references
                ),
                _ => return None,
            };
            Some((table, demand))
        }
        ObjectBody::Index(index) if index.unique => {
            let keys = crate::phrase::list(&index.keys);
            Some((index.table.clone(), format!("another row has the same {keys}")))
        }
        _ => None,
    }
}

/// Whether a column that it is about was there before: over new columns alone, the running release writes nothing.
fn columns_were_there(context: &Context<'_>, object: &Object, table: &ObjectId) -> bool {
    let new: Vec<&str> = context
        .created()
        .filter(|created| created.id.owner_table().as_ref() == Some(table))
        .filter(|created| matches!(created.body, ObjectBody::Column(_)))
        .map(|created| created.id.name())
        .collect();
    let columns: Vec<&String> = match &object.body {
        ObjectBody::Index(index) => index.keys.iter().collect(),
        ObjectBody::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::ForeignKey(key) => key.columns.iter().collect(),
            _ => return new.is_empty(),
        },
        _ => return false,
    };
    columns
        .iter()
        .any(|column| !new.contains(&column.trim_matches(['"', '`'])))
}
