//! The type of a column is changed, and something that is built on the column forbids it.
//!
//! PostgreSQL refuses to change the type of a column that a view, a rule, a generated column, a policy or a trigger's condition
//! uses, whatever the new type is. It is fine with indexes and constraints, which PostgreSQL makes again by itself.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer);
//! CREATE VIEW big_orders AS SELECT id, total FROM orders WHERE total > 1000;
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE orders ALTER COLUMN total TYPE bigint;
//! ```
//!
//! What to do: drop what stands on it and make it again, in the same transaction.
//!
//! ```sql good postgres
//! DROP VIEW big_orders;
//! ALTER TABLE orders ALTER COLUMN total TYPE bigint;
//! CREATE VIEW big_orders AS SELECT id, total FROM orders WHERE total > 1000;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DATA-TYPE>.

use dbwright_catalog::{Engine, Finding, Group, Severity, SqlError};

use super::statement_fails::{facts, one_line};
use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "type-change-under-dependent",
    group: Group::Failure,
    severity: Severity::Error,
    engines: &[Engine::Postgres],
    claims: &[Claim::Error("0A000")],
    source: include_str!("type_change_under_dependent.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(error) = super::own_error(context).filter(|error| is_held_by_dependent(error)) else {
        return;
    };
    let detail = error
        .detail
        .as_deref()
        .map_or_else(String::new, |detail| format!(" ({})", one_line(detail)));
    let message = format!("The statement fails: {}{detail}", one_line(&error.message));
    let mut finding = context.finding(&RULE, None, message);
    finding.evidence.facts = facts(context, error);
    finding.advice.push(
        "Drop what stands on the column and make it again after the change, in the same transaction, with its rights and comments."
            .to_owned(),
    );
    findings.push(finding);
}

/// Whether the server refuses to change a type because of what stands on the column.
pub(super) fn is_held_by_dependent(error: &SqlError) -> bool {
    error.code == "0A000" && error.message.starts_with("cannot alter type of a column used ")
}
