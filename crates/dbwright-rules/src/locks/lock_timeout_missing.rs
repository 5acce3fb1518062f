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
//! MySQL and MariaDB do the same with the metadata lock of a table, and wait for a year (MySQL) or a day (MariaDB) where
//! nothing else is set:
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id int PRIMARY KEY, note varchar(60));
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE orders ADD COLUMN total int;
//! ```
//!
//! ```sql good mysql mariadb
//! SET SESSION lock_wait_timeout = 5;
//! ALTER TABLE orders ADD COLUMN total int;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT>,
//! <https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html#sysvar_lock_wait_timeout> and
//! <https://mariadb.com/docs/server/server-management/variables-and-modes/server-system-variables#lock_wait_timeout>.

use dbwright_catalog::{Engine, Finding, Group, LockMode, ObjectId, ObjectKind, Severity};

use crate::context::Context;
use crate::failure::lock_timeout_without_effect::{sets_lock_timeout, takes_strong_lock};
use crate::{Check, Claim, Rule, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "lock-timeout-missing",
    group: Group::Locks,
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("lock_timeout_missing.rs"),
    on_by_default: false,
    check: Check::Statement(check),
};

/// Whether a statement takes a lock that everybody may have to wait behind.
fn takes_lock(context: &Context<'_>) -> bool {
    operated(context).is_some() || takes_strong_lock(context, context.here())
}

fn sets_timeout(context: &Context<'_>) -> bool {
    match context.history.engine {
        Engine::Postgres | Engine::Sqlite => sets_lock_timeout(context),
        Engine::MySql | Engine::MariaDb => sets_lock_wait_timeout(context),
    }
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !takes_lock(context) || sets_timeout(context) {
        return;
    }
    // One finding for a migration, at the first such statement.
    let is_told_or_set = context.earlier_in_migration().any(|earlier| {
        let there = context.at(earlier);
        takes_lock(&there) || sets_timeout(&there)
    });
    if is_told_or_set {
        return;
    }
    let message =
        |table: &ObjectId| format!("It waits for its lock on {table} without a limit, and everybody behind it");
    let mut finding = if let Some(table) = operated(context) {
        let mut finding = context.finding(&RULE, Some(table), message(table));
        finding.advice.push(
            "Begin the migration with SET SESSION lock_wait_timeout = 5, and try again when it expires.".to_owned(),
        );
        finding
    } else {
        let mut locks = context.effect.locks.iter().filter(|lock| {
            lock.mode == LockMode::AccessExclusive
                && lock.relation.kind == ObjectKind::Table
                && context.took(lock)
                && !context.is_exempt(&lock.relation)
        });
        let Some(lock) = locks.next() else { return };
        let mut finding = context.lock_finding(&RULE, lock, message(&lock.relation));
        finding
            .advice
            .push("Begin the migration with SET lock_timeout = '2s', and try again when it expires.".to_owned());
        finding
    };
    finding.evidence.facts.extend(default_wait(context.history.engine));
    findings.push(finding);
}

/// The table that was there before and that a statement changed (MySQL and MariaDB): whatever the algorithm, it is locked
/// for an instant.
fn operated<'a>(context: &Context<'a>) -> Option<&'a ObjectId> {
    let mut operations = context
        .effect
        .operations
        .iter()
        .filter(|_| context.is_judged_for_locks());
    operations.find_map(|operation| (!context.is_exempt(&operation.table)).then_some(&operation.table))
}

/// `SET [SESSION] lock_wait_timeout`, `SET STATEMENT lock_wait_timeout = … FOR`, or `ALTER TABLE … WAIT 5 | NOWAIT`.
fn sets_lock_wait_timeout(context: &Context<'_>) -> bool {
    let engine = context.history.engine;
    let text = &context.statement.text;
    let words = statement_text::words(engine, text);
    let is_variable = |word: &String| word == "lock_wait_timeout";
    let is_set = words.first().is_some_and(|word| word == "set");
    let waits = engine == Engine::MariaDb && words.iter().any(|word| matches!(word.as_str(), "wait" | "nowait"));
    waits || (is_set && (words.iter().any(is_variable) || text.to_lowercase().contains("@@lock_wait_timeout")))
}

fn default_wait(engine: Engine) -> Option<String> {
    let wait = match engine {
        Engine::MySql => "31,536,000 seconds",
        Engine::MariaDb => "86,400 seconds",
        Engine::Postgres | Engine::Sqlite => return None,
    };
    Some(format!(
        "Where nothing else is configured, lock_wait_timeout is {wait}."
    ))
}
