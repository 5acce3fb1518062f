//! A function or procedure is gone after the migration, and the running release may still call it.
//!
//! The release that still runs while the migration does fails as soon as it calls it.
//!
//! It is fine when no running release calls it. A routine that is made again in the same migration, with the same name, is
//! not reported, nor are the functions of triggers.
//!
//! ```sql setup postgres
//! CREATE FUNCTION tax(amount integer) RETURNS integer LANGUAGE sql AS 'SELECT amount / 5';
//! ```
//!
//! ```sql bad postgres
//! DROP FUNCTION tax(integer);
//! ```
//!
//! What to do: drop it in a later migration, when no release calls it any more.
//!
//! ```sql good postgres
//! CREATE OR REPLACE FUNCTION tax(amount integer) RETURNS integer LANGUAGE sql AS 'SELECT amount / 4';
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE FUNCTION tax(amount int) RETURNS int DETERMINISTIC RETURN amount / 5;
//! ```
//!
//! ```sql bad mysql mariadb
//! DROP FUNCTION tax;
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE FUNCTION duty(amount int) RETURNS int DETERMINISTIC RETURN amount / 4;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-dropfunction.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/drop-procedure.html> and
//! <https://mariadb.com/docs/server/server-usage/stored-routines/stored-functions/drop-function>.

use dbwright_catalog::{Engine, Finding, Group, ObjectBody, ObjectId, ObjectKind, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "drop-routine",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("drop_routine.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let with_more = context
        .dropped()
        .any(|object| matches!(object.id.kind, ObjectKind::Schema | ObjectKind::Extension));
    if !context.is_judged_for_locks() || with_more {
        return;
    }
    let dropped = context.dropped().filter(|object| match &object.body {
        ObjectBody::Routine(routine) => routine.returns.as_deref() != Some("trigger"),
        _ => false,
    });
    let gone: Vec<&ObjectId> = dropped
        .map(|object| &object.id)
        .filter(|id| context.existed_before_scope(id).is_some() && !has_successor(context, id))
        .collect();
    let Some(first) = gone.first() else { return };
    let be = if gone.len() == 1 { "routine is" } else { "routines are" };
    let message = format!(
        "The {be} dropped that the running release may call: {}",
        phrase::list(&gone)
    );
    let mut finding = context.finding(&RULE, Some(first), message);
    finding
        .advice
        .push("Deploy a release that does not call it first, and drop it in a later migration.".to_owned());
    findings.push(finding);
}

/// Whether a routine of the same name is there when the migration ends, whatever its arguments are.
fn has_successor(context: &Context<'_>, id: &ObjectId) -> bool {
    let name = |id: &ObjectId| id.path.get(..2).map(<[String]>::to_vec);
    let bare = |id: &ObjectId| {
        let mut path = name(id).unwrap_or_default();
        if let Some(last) = path.last_mut() {
            last.truncate(last.find('(').unwrap_or(last.len()));
        }
        path
    };
    let mut routines = context
        .timeline
        .standing_after(context.scope_end(), ObjectKind::Routine);
    routines.any(|object| bare(&object.id) == bare(id))
}
