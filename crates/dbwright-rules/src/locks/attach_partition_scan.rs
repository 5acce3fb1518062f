//! A table becomes a partition, and rows are read to prove that they belong there while nobody can use them.
//!
//! `ATTACH PARTITION` and `CREATE TABLE … PARTITION OF` take ACCESS EXCLUSIVE on the default partition and read all of it,
//! in search of rows that belong into the new one; `ATTACH PARTITION` reads the new partition as well. Nothing is read where
//! a validated CHECK constraint already says what would be searched for.
//!
//! It is fine where these tables are small. A table that the same migration creates is not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE events (id integer, at date NOT NULL) PARTITION BY RANGE (at);
//! CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
//! CREATE TABLE events_2026 (id integer, at date NOT NULL, CONSTRAINT recent CHECK (at >= '2026-01-01'));
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
//! ```
//!
//! What to do: prove it beforehand with a constraint that is validated while reads and writes pass.
//!
//! ```sql good postgres mode:each-statement
//! ALTER TABLE events_2026 ADD CONSTRAINT in_2026 CHECK (at >= '2026-01-01' AND at < '2027-01-01') NOT VALID;
//! ALTER TABLE events_2026 VALIDATE CONSTRAINT in_2026;
//! ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
//! ```
//!
//! The default partition is proven the same way, with a constraint that says the opposite:
//!
//! ```sql setup postgres
//! CREATE TABLE events (id integer, at date NOT NULL) PARTITION BY RANGE (at);
//! CREATE TABLE events_rest PARTITION OF events DEFAULT;
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
//! ```
//!
//! ```sql good postgres mode:each-statement
//! ALTER TABLE events_rest ADD CONSTRAINT not_in_2026 CHECK (at < '2026-01-01' OR at >= '2027-01-01') NOT VALID;
//! ALTER TABLE events_rest VALIDATE CONSTRAINT not_in_2026;
//! CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ATTACH-PARTITION>.

use dbwright_catalog::{Engine, Finding, Group, LockMode, Object, ObjectBody, ObjectId, Partition, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "attach-partition-scan",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::ScanUnderLock(LockMode::AccessExclusive)],
    source: include_str!("attach_partition_scan.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    for (attached, partition) in attached(context) {
        let is_default_of_parent = |table: &ObjectId| {
            context.table(table).is_some_and(|table| {
                let of_parent = table
                    .partition
                    .as_ref()
                    .filter(|other| other.parent == partition.parent);
                of_parent.is_some_and(|other| other.is_default)
            })
        };
        let scanned = context.effect.scanned.iter();
        let read = scanned.filter(|table| *table == attached || is_default_of_parent(table));
        for table in read.filter(|table| !context.is_exempt(table)) {
            let Some(lock) = context.lock_from(table, LockMode::AccessExclusive) else {
                continue;
            };
            let whole = phrase::blocked(lock.mode);
            let message = if table == attached {
                format!(
                    "Every row of {table} is read before it becomes a partition of {}, and {whole} wait",
                    partition.parent
                )
            } else {
                format!(
                    "Every row of the default partition {table} is read before {attached} comes beside it, and {whole} wait"
                )
            };
            let mut finding = context.lock_finding(&RULE, lock, message);
            finding.evidence.facts.push(Context::scan_fact(table));
            let what = if table == attached {
                "the bounds of the new partition"
            } else {
                "that no row lies within the new bounds"
            };
            finding.advice.push(format!(
                "Prove {what} first with a CHECK constraint on {table} that is added NOT VALID and validated in another transaction; \
                 nothing is read then."
            ));
            finding.advice.push(tool_advice::committed_separately(
                context.history.tool,
                context.migration.run_mode,
            ));
            findings.push(finding);
        }
    }
}

/// The tables that the statement made partitions.
fn attached<'a>(context: &Context<'a>) -> Vec<(&'a ObjectId, &'a Partition)> {
    let steps = context.steps().iter();
    let became = steps.filter_map(|step| {
        let after = step.after?;
        let was = step.before.and_then(partition);
        let is = partition(after)?;
        was.is_none().then_some((&after.id, is))
    });
    became.collect()
}

/// Of which table an object is a partition, and with which bounds.
pub(super) fn partition(object: &Object) -> Option<&Partition> {
    match &object.body {
        ObjectBody::Table(table) => table.partition.as_ref(),
        _ => None,
    }
}
