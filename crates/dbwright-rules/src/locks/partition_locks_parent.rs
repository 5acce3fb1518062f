//! A partition is created or detached under a lock that stops the whole partitioned table.
//!
//! `CREATE TABLE … PARTITION OF`, `DETACH PARTITION` and `DROP TABLE` of a partition take ACCESS EXCLUSIVE on the parent: every query
//! of the partitioned table waits, and the statement itself waits until the longest running query of it has ended, with
//! everybody behind it. The work takes an instant.
//!
//! `CREATE TABLE … (LIKE …)` with `ATTACH PARTITION`, and `DETACH PARTITION … CONCURRENTLY`, take SHARE UPDATE EXCLUSIVE, which lets
//! queries pass.
//!
//! It is fine on tables that the same migration creates; that is not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE events (id integer, at date NOT NULL) PARTITION BY RANGE (at);
//! CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
//! ```
//!
//! What to do: create the table by itself, then attach it.
//!
//! ```sql good postgres
//! CREATE TABLE events_2026 (LIKE events INCLUDING ALL);
//! ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE events DETACH PARTITION events_2025;
//! ```
//!
//! ```sql good postgres mode:each-statement from:14
//! ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE>.

use dbwright_catalog::{Engine, Finding, Group, LockMode, ObjectId, Severity};

use super::attach_partition_scan::partition;
use crate::context::Context;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "partition-locks-parent",
    group: Group::Locks,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Lock(LockMode::AccessExclusive)],
    source: include_str!("partition_locks_parent.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let mut told: Vec<&ObjectId> = Vec::new();
    for step in context.steps() {
        let (was, is) = (step.before.and_then(partition), step.after.and_then(partition));
        let (parent, object, verb, advice) = match (was, is, step.before, step.after) {
            (None, Some(is), None, Some(after)) => (
                &is.parent,
                after,
                "Creating",
                "Create it by itself (CREATE TABLE … (LIKE …)) and attach it with ATTACH PARTITION, which lets queries pass.",
            ),
            (Some(was), None, Some(before), Some(_)) => (
                &was.parent,
                before,
                "Detaching",
                "DETACH PARTITION … CONCURRENTLY lets queries pass (PostgreSQL 14 and later, outside a transaction, without a default \
                 partition).",
            ),
            _ => continue,
        };
        let lock = context.lock_from(parent, LockMode::AccessExclusive);
        let Some(lock) = lock.filter(|lock| context.took(lock) && !context.is_exempt(parent)) else {
            continue;
        };
        if told.contains(&parent) {
            continue;
        }
        told.push(parent);
        let message = format!("{verb} the partition {} blocks reads and writes on {parent}", object.id);
        let mut finding = context.lock_finding(&RULE, lock, message);
        finding.advice.push(advice.to_owned());
        findings.push(finding);
    }
}
