//! A statement that can't run inside a transaction is run inside one, and fails.
//!
//! `CREATE INDEX CONCURRENTLY`, `DROP INDEX CONCURRENTLY`, `REINDEX CONCURRENTLY`, `VACUUM`, `ALTER SYSTEM` and a few more
//! manage their transactions themselves.
//! Most migration tools wrap a file in a transaction, and a file sent as one query of several statements is a transaction
//! too; there the server refuses them.
//!
//! It is never fine: the migration fails. How a tool is told to do without a transaction differs; the finding says it for
//! the tool at hand.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer);
//! ```
//!
//! ```sql bad postgres
//! CREATE INDEX CONCURRENTLY orders_total_idx ON orders (total);
//! ```
//!
//! ```sql good postgres mode:each-statement
//! CREATE INDEX CONCURRENTLY orders_total_idx ON orders (total);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>.

use dbwright_catalog::{Engine, Finding, Group, Outcome, RunMode, Severity, SqlError};

use crate::context::Context;
use crate::{Check, Claim, Rule, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "concurrently-in-transaction",
    group: Group::Failure,
    severity: Severity::Error,
    engines: &[Engine::Postgres],
    claims: &[Claim::Error("25001")],
    source: include_str!("concurrently_in_transaction.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let (Outcome::Failed(error) | Outcome::FailedOnRows(error)) = &context.effect.outcome else {
        return;
    };
    if !is_refused_in_transaction(error) {
        return;
    }
    let tool = context.history.tool;
    let why = match context.migration.run_mode {
        RunMode::Transaction => format!("{tool} runs this file in a transaction"),
        RunMode::AllInOneTransaction => format!("{tool} runs all pending migrations in one transaction"),
        RunMode::SimpleQuery => format!("{tool} sends this file as one query, which is one transaction"),
        RunMode::EachStatement => "the file opens a transaction".to_owned(),
    };
    let message = super::statement_fails::one_line(&error.message);
    let mut finding = context.finding(&RULE, None, format!("{message}, and {why}"));
    finding.evidence.facts = super::statement_fails::facts(context, error);
    finding
        .advice
        .push(tool_advice::outside_transaction(tool, context.migration.run_mode));
    findings.push(finding);
}

/// Whether the server refuses the statement for being inside a transaction, a function or a query of several statements.
/// `SET TRANSACTION` after a query has the same code and another message.
pub(super) fn is_refused_in_transaction(error: &SqlError) -> bool {
    error.code == "25001"
        && ["cannot run inside", "cannot be executed"]
            .into_iter()
            .any(|words| error.message.contains(words))
}
