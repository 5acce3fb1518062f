//! An index is built on an existing table while writes to the table wait.
//!
//! `CREATE INDEX` takes a SHARE lock: until the index is built, and until the transaction around it has ended, every
//! INSERT, UPDATE and DELETE on the table waits.
//! How long that is depends on the size of the table, so it is not seen in development.
//! `CREATE INDEX CONCURRENTLY` reads the table twice and lets writes pass.
//!
//! It is fine on tables that are small and stay small, and on a table that the same migration creates; the latter is not
//! reported.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer);
//! ```
//!
//! ```sql bad postgres
//! CREATE INDEX orders_total_idx ON orders (total);
//! ```
//!
//! What to do: build it concurrently, outside a transaction.
//!
//! ```sql fixed postgres mode:each-statement
//! CREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);
//! ```
//!
//! If the concurrent build fails (a duplicate, a deadlock, a lock timeout), it leaves an index that is marked invalid:
//! drop it with `DROP INDEX CONCURRENTLY` before the next try.
//!
//! An index on a table of the same migration hurts nobody:
//!
//! ```sql good postgres
//! CREATE TABLE invoices (id integer PRIMARY KEY, total integer);
//! CREATE INDEX invoices_total_idx ON invoices (total);
//! ```
//!
//! ## Partitioned tables
//!
//! CONCURRENTLY is refused on a partitioned table.
//! Create the index on the parent alone (`CREATE INDEX … ON ONLY parent`; it is invalid and holds no rows), build one on
//! each partition concurrently, and attach each (`ALTER INDEX parent_index ATTACH PARTITION partition_index`).
//! With the last one attached, the parent's index becomes valid.
//!
//! See <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY> and
//! <https://www.postgresql.org/docs/current/explicit-locking.html>.

use dbwright_catalog::{Engine, Finding, Fix, Group, Index, LockMode, Object, ObjectBody, ObjectId, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, fix, phrase, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "create-index-without-concurrently",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Lock(LockMode::Share)],
    source: include_str!("create_index_without_concurrently.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let created: Vec<(&Object, &Index)> = created_indexes(context).collect();
    let tables: Vec<&ObjectId> = created.iter().map(|(_, index)| &index.table).collect();
    for (object, index) in &created {
        // The indexes that come along on partitions are told with their parent's.
        let with_parent = context
            .partition_parents(&index.table)
            .iter()
            .any(|parent| tables.contains(&parent));
        if with_parent || context.is_exempt(&index.table) {
            continue;
        }
        let Some(lock) = context.lock_from(&index.table, LockMode::Share) else {
            continue;
        };
        let blocked = phrase::blocked(lock.mode);
        let name = object.id.name();
        let table = &index.table;
        let alone = context.is_alone_in_transaction();
        let until = if alone {
            "while it lasts"
        } else {
            "until the transaction ends"
        };
        let message = format!("Building the index {name} blocks {blocked} on {table} {until}");
        let mut finding = context.lock_finding(&RULE, lock, message);
        if context.is_partitioned(table) {
            finding.advice = partitioned_advice(table, name);
        } else {
            finding.fix = fix_for(context, &created);
            finding
                .advice
                .push("Build it with CREATE INDEX CONCURRENTLY, which lets writes pass.".to_owned());
            if !alone {
                let advice = tool_advice::outside_transaction(context.history.tool, context.migration.run_mode);
                finding.advice.push(advice);
            }
        }
        findings.push(finding);
    }
}

/// Indexes of their own that the statement created; those of constraints belong to `add-unique-constraint`.
fn created_indexes<'a>(context: &Context<'a>) -> impl Iterator<Item = (&'a Object, &'a Index)> {
    context.created().filter_map(|object| match &object.body {
        ObjectBody::Index(index) if !index.of_constraint => Some((object, index)),
        _ => None,
    })
}

/// The fix replaces the whole statement, so it is known only where the statement did nothing but create indexes.
fn fix_for(context: &Context<'_>, created: &[(&Object, &Index)]) -> Option<Fix> {
    if created.len() != context.steps().len() || !context.effect.rows.is_empty() {
        return None;
    }
    let steps: Option<Vec<_>> = created
        .iter()
        .map(|(object, index)| {
            let build = fix::build_index(object);
            build.filter(|_| !context.is_partitioned(&index.table))
        })
        .collect();
    let summary = match created.len() {
        1 => "Build the index without blocking writes.",
        _ => "Build the indexes without blocking writes.",
    };
    Some(Fix {
        summary: summary.to_owned(),
        steps: steps?,
        avoids: created
            .iter()
            .map(|(_, index)| (index.table.clone(), LockMode::Share))
            .collect(),
        proof: None,
    })
}

fn partitioned_advice(table: &ObjectId, index: &str) -> Vec<String> {
    vec![
        format!("{table} is partitioned, and CONCURRENTLY is refused on a partitioned table."),
        format!(
            "Create {index} with ON ONLY {table} (no rows are read), build an index on each partition with CREATE INDEX \
             CONCURRENTLY, and attach each with ALTER INDEX {index} ATTACH PARTITION; with the last one {index} becomes valid."
        ),
    ]
}
