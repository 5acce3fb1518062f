//! Foreign keys are switched off inside a transaction, and SQLite ignores it.
//!
//! SQLite ignores `PRAGMA foreign_keys` while a transaction is open, and says nothing. A migration that means to switch foreign keys off
//! before it drops a table that others refer to runs with them on: with `ON DELETE CASCADE` their rows are deleted.
//! `PRAGMA defer_foreign_keys` does not help against that.
//!
//! It is reported where the same migration drops a table. What is really lost is told by `cascading-rebuild`; this is what
//! will go wrong as soon as a table refers to this one.
//!
//! ```sql setup sqlite
//! CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
//! ```
//!
//! ```sql bad sqlite
//! PRAGMA foreign_keys = OFF;
//! CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');
//! INSERT INTO users_new SELECT id, coalesce(name, '') FROM users;
//! DROP TABLE users;
//! ALTER TABLE users_new RENAME TO users;
//! ```
//!
//! ```sql good sqlite mode:each-statement
//! PRAGMA foreign_keys = OFF;
//! BEGIN;
//! CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');
//! INSERT INTO users_new SELECT id, coalesce(name, '') FROM users;
//! DROP TABLE users;
//! ALTER TABLE users_new RENAME TO users;
//! COMMIT;
//! PRAGMA foreign_keys = ON;
//! ```
//!
//! What to do: set it before the transaction begins; then it is fine.
//!
//! See <https://www.sqlite.org/pragma.html#pragma_foreign_keys>.

use dbwright_catalog::{Engine, Finding, Group, ObjectKind, Severity};
use dbwright_sql::Summary;

use crate::context::Context;
use crate::data_loss::cascading_rebuild;
use crate::{Check, Claim, Rule, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "pragma-in-transaction",
    group: Group::Failure,
    severity: Severity::Note,
    engines: &[Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("pragma_in_transaction.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Summary::Pragma {
        name,
        value: Some(value),
    } = context.summary()
    else {
        return;
    };
    let is_off = matches!(value.as_str(), "off" | "0" | "false" | "no");
    let in_transaction =
        context.later_in_transaction().next().is_some() || context.earlier_in_transaction().next().is_some();
    let drops_a_table = context.later_in_transaction().any(|later| {
        let steps = context.timeline.steps(later.position);
        steps.iter().any(|step| {
            let dropped = step.before.filter(|_| step.after.is_none());
            dropped.is_some_and(|object| object.id.kind == ObjectKind::Table)
        })
    });
    if name != "foreign_keys" || !is_off || !in_transaction || !drops_a_table || is_told_with_its_loss(context) {
        return;
    }
    let message = "Foreign keys stay on: SQLite ignores this PRAGMA while a transaction is open".to_owned();
    let mut finding = context.finding(&RULE, None, message);
    finding.advice.push(tool_advice::foreign_keys_off(context.history.tool));
    findings.push(finding);
}

/// Whether rows are lost because of it: that finding says why.
fn is_told_with_its_loss(context: &Context<'_>) -> bool {
    let mut findings = Vec::new();
    for later in context.later_in_transaction() {
        cascading_rebuild::RULE.judge_statement(&context.at(later), &mut findings);
    }
    !findings.is_empty()
}
