//! An index is dropped under a lock that stops the table.
//!
//! `DROP INDEX` takes ACCESS EXCLUSIVE on the table for an instant. Until it gets it, it waits for every query of the table that
//! runs, and everybody waits behind it.
//!
//! It is fine with a lock timeout, on tables without long queries, and on tables that the same migration creates; the rule
//! is off unless it is switched on.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer);
//! CREATE INDEX orders_total_idx ON orders (total);
//! ```
//!
//! ```sql bad postgres
//! DROP INDEX orders_total_idx;
//! ```
//!
//! What to do:
//!
//! ```sql fixed postgres mode:each-statement
//! DROP INDEX CONCURRENTLY public.orders_total_idx;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-dropindex.html>.

use dbwright_catalog::{
    Engine, Finding, Fix, FixStep, Group, Index, LockMode, Object, ObjectBody, ObjectKind, Severity,
};

use crate::context::Context;
use crate::{Check, Claim, Rule, fix, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "drop-index-without-concurrently",
    group: Group::Locks,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Lock(LockMode::AccessExclusive)],
    source: include_str!("drop_index_without_concurrently.rs"),
    on_by_default: false,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_only_indexes = context.steps().iter().all(|step| {
        let object = step.before.filter(|_| step.after.is_none());
        object.is_some_and(|object| object.id.kind == ObjectKind::Index)
    });
    if !context.is_judged_for_locks() || !is_only_indexes {
        return;
    }
    let dropped: Vec<(&Object, &Index)> = context.dropped().filter_map(as_index).collect();
    for (object, index) in &dropped {
        let lock = context.lock_from(&index.table, LockMode::AccessExclusive);
        let Some(lock) = lock.filter(|lock| context.took(lock) && !context.is_exempt(&index.table)) else {
            continue;
        };
        let with_parent = context.partition_parents(&index.table);
        if dropped.iter().any(|(_, other)| with_parent.contains(&other.table)) {
            continue;
        }
        let message = format!(
            "Dropping {} blocks reads and writes on {}",
            object.id.name(),
            index.table
        );
        let mut finding = context.lock_finding(&RULE, lock, message);
        finding.fix = (!context.is_partitioned(&index.table) && dropped.len() == 1).then(|| Fix {
            summary: "Drop the index while reads and writes pass.".to_owned(),
            steps: vec![FixStep {
                undo: fix::create_index_concurrently(&object.definition).into_iter().collect(),
                ..fix::step_outside_transaction(format!("DROP INDEX CONCURRENTLY {}", fix::qualified(&object.id)), [])
            }],
            avoids: vec![(index.table.clone(), LockMode::AccessExclusive)],
            proof: None,
        });
        finding.advice.push(tool_advice::outside_transaction(
            context.history.tool,
            context.migration.run_mode,
        ));
        findings.push(finding);
    }
}

fn as_index(object: &Object) -> Option<(&Object, &Index)> {
    match &object.body {
        ObjectBody::Index(index) => Some((object, index)),
        _ => None,
    }
}
