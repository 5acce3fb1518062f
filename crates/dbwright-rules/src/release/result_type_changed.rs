//! A column has another type after the migration, and prepared statements of open connections fail once.
//!
//! PostgreSQL refuses to run a prepared statement whose result has other types than when it was prepared: `cached plan must
//! not change result type`. Drivers and poolers prepare statements by themselves; inside a transaction they can't prepare
//! again, so that requests fail until each connection has been renewed.
//!
//! It is fine where the program prepares nothing, or where connections are renewed with the deployment; the rule is off
//! unless it is switched on. Where another finding stands at the same statement, it is told there.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, note varchar(20));
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE orders ALTER COLUMN note TYPE varchar(40);
//! ```
//!
//! ```sql good postgres
//! ALTER TABLE orders ALTER COLUMN note SET DEFAULT '';
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-prepare.html>.

use dbwright_catalog::{Engine, Finding, Group, ObjectBody, ObjectId, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "result-type-changed",
    group: Group::Release,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("result_type_changed.rs"),
    on_by_default: false,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let changed = context
        .altered()
        .filter(|(before, after)| match (&before.body, &after.body) {
            (ObjectBody::Column(before), ObjectBody::Column(after)) => before.type_name != after.type_name,
            _ => false,
        });
    let columns: Vec<&ObjectId> = changed
        .map(|(_, after)| &after.id)
        .filter(|id| !context.is_exempt(id))
        .collect();
    let Some(table) = columns.first().and_then(|id| id.owner_table()) else {
        return;
    };
    let names = phrase::list(columns.iter().map(|id| id.name()));
    let message =
        format!("Statements that were prepared before and read {names} of {table} fail once in each open connection");
    let mut finding = context.finding(&RULE, Some(&table), message);
    finding
        .advice
        .push("Renew the connections of the program and of the pooler after the migration.".to_owned());
    findings.push(finding);
}
