//! A statement fails, whatever the tables hold.
//!
//! It was run the way the migration tool runs it, after all migrations before it, and the server refused it.
//! The deployment stops there; whether what came before it in the file stays depends on the engine and the tool.
//! Statements that fail only because this one did are not reported by themselves.
//!
//! ```sql bad postgres
//! ALTER TABLE nowhere ADD COLUMN total integer;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE somewhere (id integer PRIMARY KEY);
//! ALTER TABLE somewhere ADD COLUMN total integer;
//! ```
//!
//! ```sql bad sqlite
//! ALTER TABLE nowhere ADD COLUMN total INTEGER;
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE somewhere (id INTEGER PRIMARY KEY);
//! ALTER TABLE somewhere ADD COLUMN total INTEGER;
//! ```
//!
//! It is fine where production has what the scratch server lacks: an extension, a right, a role.
//! Such a failure is a note, and everything after it was observed without that statement.
//!
//! See <https://www.postgresql.org/docs/current/errcodes-appendix.html> and <https://www.sqlite.org/rescode.html>.

use dbwright_catalog::{Engine, Finding, Group, Known, Outcome, Severity, SqlError};
use dbwright_sql::Summary;

use super::concurrently_in_transaction::is_refused_in_transaction;
use crate::context::Context;
use crate::{Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "statement-fails",
    group: Group::Failure,
    severity: Severity::Error,
    engines: &Engine::ALL,
    claims: &[Claim::Fails],
    source: include_str!("statement_fails.rs"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Outcome::Failed(error) = &context.effect.outcome else {
        return;
    };
    // What is not known, and why, stands in the report; it is nobody's fault.
    if is_refused_in_transaction(error) || matches!(context.effect.known, Known::Unknown(_)) {
        return;
    }
    let mut finding = context.finding(
        &RULE,
        None,
        format!("The statement fails: {}", one_line(&error.message)),
    );
    finding.evidence.facts = facts(context, error);
    if lies_in_the_scratch_server(context, error) {
        finding.severity = Severity::Note;
        finding.message = format!("The statement could not be tried here: {}", one_line(&error.message));
        finding.advice.push(
            "Production may have what is missing here; what follows was observed without this statement.".to_owned(),
        );
    }
    findings.push(finding);
}

/// The server's words, and what else fails for it.
pub(super) fn facts(context: &Context<'_>, error: &SqlError) -> Vec<String> {
    let mut facts = vec![format!(
        "{} {}: {}",
        context.trace.server.engine,
        error.code,
        one_line(&error.message)
    )];
    facts.extend(error.detail.as_deref().map(one_line));
    let migrations = context.trace.migrations.iter();
    let following = migrations
        .flat_map(|migration| &migration.effects)
        .filter(|effect| match &effect.outcome {
            Outcome::FollowsFrom {
                migration, statement, ..
            } => (*migration, *statement) == context.position,
            Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) | Outcome::Refused(_) => false,
        });
    match following.count() {
        0 => {}
        1 => facts.push("1 later statement fails only because of this one.".to_owned()),
        number => facts.push(format!(
            "{} fail only because of this one.",
            phrase::count(number, "later statement")
        )),
    }
    facts
}

/// A message without the line breaks that servers put into some.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the scratch server lacks something that another server may have: an extension (`feature_not_supported`,
/// `undefined_file`) or a right (`insufficient_privilege`).
fn lies_in_the_scratch_server(context: &Context<'_>, error: &SqlError) -> bool {
    context.history.engine == Engine::Postgres
        && match error.code.as_str() {
            "42501" => true,
            "0A000" | "58P01" => {
                matches!(context.summary(), Summary::CreateExtension { .. }) || error.message.starts_with("extension ")
            }
            _ => false,
        }
}
