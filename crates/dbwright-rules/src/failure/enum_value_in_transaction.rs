//! A new value of an enumeration is used in the transaction that adds it, and PostgreSQL refuses.
//!
//! The value may be added inside a transaction, and may be used only after its commit; the statement fails with `unsafe use of
//! new value`.
//!
//! It is fine with a type that the same transaction creates: its values can be used at once.
//!
//! ```sql setup postgres
//! CREATE TYPE status AS ENUM ('open', 'closed');
//! CREATE TABLE tickets (id integer PRIMARY KEY, status status);
//! ```
//!
//! ```sql bad postgres
//! ALTER TYPE status ADD VALUE 'waiting';
//! UPDATE tickets SET status = 'waiting' WHERE status = 'open';
//! ```
//!
//! What to do: add the value in a migration of its own that is committed first.
//!
//! ```sql good postgres mode:each-statement
//! ALTER TYPE status ADD VALUE 'waiting';
//! UPDATE tickets SET status = 'waiting' WHERE status = 'open';
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-altertype.html#id-1.9.3.42.7>.

use dbwright_catalog::{Engine, Finding, Group, Severity, SqlError};

use super::statement_fails::{facts, one_line};
use crate::context::Context;
use crate::{Check, Claim, Rule, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "enum-value-in-transaction",
    group: Group::Failure,
    severity: Severity::Error,
    engines: &[Engine::Postgres],
    claims: &[Claim::Error("55P04")],
    source: include_str!("enum_value_in_transaction.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(error) = super::own_error(context).filter(|error| is_early_use(error)) else {
        return;
    };
    let message = format!("{}: its transaction has just added it", one_line(&error.message));
    let mut finding = context.finding(&RULE, None, message);
    finding.evidence.facts = facts(context, error);
    finding
        .advice
        .push("Add the value in a migration of its own, which is committed before this one.".to_owned());
    finding.advice.push(tool_advice::committed_separately(
        context.history.tool,
        context.migration.run_mode,
    ));
    findings.push(finding);
}

/// Whether the server refuses a value of an enumeration because it is not committed yet.
pub(super) fn is_early_use(error: &SqlError) -> bool {
    error.code == "55P04" && error.message.contains("new value")
}
