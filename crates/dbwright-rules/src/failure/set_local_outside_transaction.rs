//! SET LOCAL outside a transaction: the server warns, and nothing is set.
//!
//! A timeout that was to bound the next statements is not in force, and they wait as long as they like. The server says so
//! in a warning that no migration tool shows. Inside a transaction it is fine.
//!
//! ```sql bad postgres mode:each-statement
//! SET LOCAL lock_timeout = '2s';
//! ```
//!
//! What to do: `SET`, which holds for the session; or open a transaction around it and what it is for.
//!
//! ```sql good postgres mode:each-statement
//! SET lock_timeout = '2s';
//! ```
//!
//! ```sql good postgres
//! SET LOCAL lock_timeout = '2s';
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-set.html>.

use dbwright_catalog::{Engine, Finding, Group, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "set-local-outside-transaction",
    group: Group::Failure,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("set_local_outside_transaction.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks()
        || !statement_text::begins_with(context, &["set", "local"])
        || !context.is_alone_in_transaction()
    {
        return;
    }
    let words = statement_text::words(context.history.engine, &context.statement.text);
    let setting = words.get(2).map_or("the setting", String::as_str);
    let message = format!("SET LOCAL sets nothing here, as no transaction is open: {setting} stays as it was");
    let mut finding = context.finding(&RULE, None, message);
    finding
        .advice
        .push("Write SET instead, which holds until the end of the session.".to_owned());
    finding.advice.push(format!(
        "{} runs the statements of this file one by one.",
        context.history.tool
    ));
    findings.push(finding);
}
