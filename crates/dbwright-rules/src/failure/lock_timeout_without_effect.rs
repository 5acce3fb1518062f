//! A lock timeout that does nothing: it is zero, or it is set after the lock was taken.
//!
//! `lock_timeout` bounds how long a statement waits for a lock. Zero switches it off. Set after the first statement of the
//! transaction that takes a strong lock, it comes too late: that statement waited for as long as it took, and everybody else
//! behind it.
//!
//! Zero is fine at the end of a migration, where it takes a timeout back; that is not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, note text);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE orders ADD COLUMN total integer;
//! SET LOCAL lock_timeout = '2s';
//! ALTER TABLE orders ADD COLUMN tax integer;
//! ```
//!
//! What to do: set it first.
//!
//! ```sql good postgres
//! SET LOCAL lock_timeout = '2s';
//! ALTER TABLE orders ADD COLUMN total integer;
//! ALTER TABLE orders ADD COLUMN tax integer;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT>.

use dbwright_catalog::{Engine, Finding, Group, LockMode, ObjectKind, Severity};
use dbwright_sql::{TokenKind, tokens};

use crate::context::{Context, Neighbour};
use crate::{Check, Claim, Rule, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "lock-timeout-without-effect",
    group: Group::Failure,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("lock_timeout_without_effect.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() || !sets_lock_timeout(context) {
        return;
    }
    let later_locks = context.scope().filter(|one| one.position > context.position);
    let is_used = later_locks.into_iter().any(|one| takes_strong_lock(context, one));
    let message = if value(context).as_deref().is_some_and(is_zero) {
        // Switched off at the end, it bounds nothing that comes after; before a strong lock it was meant to be something.
        if !is_used {
            return;
        }
        "A lock timeout of zero is none: the statements after it wait for as long as it takes".to_owned()
    } else {
        let earlier = context
            .earlier_in_transaction()
            .find(|one| takes_strong_lock(context, *one));
        let Some(earlier) = earlier else { return };
        format!(
            "The lock timeout is set too late: {} of the same transaction has waited for its lock already",
            earlier.place(context)
        )
    };
    let mut finding = context.finding(&RULE, None, message);
    finding.advice.push(
        "Set it to a few seconds before the first statement that locks, and try the migration again when it expires."
            .to_owned(),
    );
    findings.push(finding);
}

/// `SET [SESSION | LOCAL] lock_timeout`.
pub(crate) fn sets_lock_timeout(context: &Context<'_>) -> bool {
    let words = statement_text::words(context.history.engine, &context.statement.text);
    let mut words = words.iter().map(String::as_str);
    words.next() == Some("set") && words.find(|word| !matches!(*word, "session" | "local")) == Some("lock_timeout")
}

/// What it is set to, without quotes.
fn value(context: &Context<'_>) -> Option<String> {
    let values = tokens(context.history.engine, &context.statement.text)
        .filter(|token| matches!(token.kind, TokenKind::String | TokenKind::Number));
    values.last().map(|token| token.text.trim_matches('\'').to_owned())
}

fn is_zero(value: &str) -> bool {
    let digits: String = value
        .chars()
        .take_while(|letter| letter.is_ascii_digit() || *letter == '.')
        .collect();
    digits.parse::<f64>().is_ok_and(|number| number == 0.0)
}

/// Whether a statement took a lock that makes reads and writes of a table wait which was there before.
pub(crate) fn takes_strong_lock(context: &Context<'_>, one: Neighbour<'_>) -> bool {
    let there = context.at(one);
    one.ran()
        && one.effect.locks.iter().any(|lock| {
            lock.mode == LockMode::AccessExclusive
                && lock.relation.kind == ObjectKind::Table
                && there.took(lock)
                && !there.is_exempt(&lock.relation)
        })
}
