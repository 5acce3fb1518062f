//! A migration takes a strong lock without a lock timeout.
//!
//! A statement that waits for ACCESS EXCLUSIVE makes every later query of the table wait behind it, however short its own
//! work is: one long report, and the program stands still. With `lock_timeout` it gives up after that time, and can be tried
//! again.
//!
//! It is fine where the role, the database or the tool sets one, which is not seen here; the rule is off unless it is switched on.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, note text);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE orders ADD COLUMN total integer;
//! ```
//!
//! What to do:
//!
//! ```sql good postgres
//! SET lock_timeout = '2s';
//! ALTER TABLE orders ADD COLUMN total integer;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT>.

use dbwright_catalog::{Engine, Finding, Group, LockMode, ObjectKind, Severity};

use crate::context::Context;
use crate::failure::lock_timeout_without_effect::{sets_lock_timeout, takes_strong_lock};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "lock-timeout-missing",
    group: Group::Locks,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("lock_timeout_missing.rs"),
    on_by_default: false,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !takes_strong_lock(context, context.here()) {
        return;
    }
    // One finding for a migration, at the first such statement.
    let is_told_or_set = context
        .earlier_in_migration()
        .any(|earlier| takes_strong_lock(context, earlier) || sets_lock_timeout(&context.at(earlier)));
    if is_told_or_set {
        return;
    }
    let mut locks = context.effect.locks.iter().filter(|lock| {
        lock.mode == LockMode::AccessExclusive
            && lock.relation.kind == ObjectKind::Table
            && context.took(lock)
            && !context.is_exempt(&lock.relation)
    });
    let Some(lock) = locks.next() else { return };
    let message = format!(
        "It waits for its lock on {} without a limit, and everybody behind it",
        lock.relation
    );
    let mut finding = context.lock_finding(&RULE, lock, message);
    finding
        .advice
        .push("Begin the migration with SET lock_timeout = '2s', and try again when it expires.".to_owned());
    findings.push(finding);
}
