//! The server refuses the `ALGORITHM` or `LOCK` clause of a statement.
//!
//! Such a clause is a promise: the statement is to run in that way or not at all. The server can't keep it here, so the
//! deployment stops at this statement, before anything has happened to the table.
//! What the server accepts depends on its version, on the table and on what else the same statement does.
//!
//! It is fine where production runs another version that accepts the clause.
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id int PRIMARY KEY, total int);
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE orders ALGORITHM=INPLACE, MODIFY total bigint;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE orders ALGORITHM=INPLACE, ADD INDEX (total);
//! ```
//!
//! What to do: take the clause that the server offers in its message, or do the change in another way where that would
//! keep writes waiting.
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html> and
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/alter-table#algorithm>.

use dbwright_catalog::{Engine, Finding, Group, Outcome, Severity, SqlError};

use super::statement_fails::{facts, one_line};
use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "online-clause-refused",
    group: Group::Failure,
    severity: Severity::Error,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Fails],
    source: include_str!("online_clause_refused.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

/// `ER_ALTER_OPERATION_NOT_SUPPORTED` and the same with a reason.
const REFUSED: [&str; 2] = ["1845", "1846"];

/// Whether an error is the refusal of such a clause.
pub(super) fn is_refused_clause(error: &SqlError) -> bool {
    REFUSED.contains(&error.code.as_str())
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Outcome::Failed(error) | Outcome::FailedOnRows(error)) = &context.effect.outcome else {
        return;
    };
    if !is_refused_clause(error) {
        return;
    }
    let mut finding = context.finding(
        &RULE,
        None,
        format!("The server refuses the clause: {}", one_line(&error.message)),
    );
    finding.evidence.facts = facts(context, error);
    finding.advice.push(
        "Take the clause that the server offers, if the table may be locked for so long; otherwise change the table by an \
         online schema change (gh-ost, pt-online-schema-change)."
            .to_owned(),
    );
    findings.push(finding);
}
