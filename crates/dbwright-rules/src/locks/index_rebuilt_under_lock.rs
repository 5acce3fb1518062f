//! An index is built anew while writes to its table wait.
//!
//! `REINDEX` takes SHARE on the table and ACCESS EXCLUSIVE on the index, and queries that plan with the index wait as well.
//! A change of a column's collation, and one between `timestamp` and `timestamptz` in a session at UTC, leave the rows alone
//! and build the indexes over the column anew, under ACCESS EXCLUSIVE on the table.
//!
//! It is fine on small tables, and on tables that the same migration creates; the latter is not reported. With a rewrite of
//! the table, `table-rewrite` says it.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, code text);
//! CREATE INDEX orders_code_idx ON orders (code);
//! ```
//!
//! ```sql bad postgres
//! REINDEX INDEX orders_code_idx;
//! ```
//!
//! What to do: build it anew beside the old one, while reads and writes pass.
//!
//! ```sql good postgres mode:each-statement
//! REINDEX INDEX CONCURRENTLY orders_code_idx;
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE orders ALTER COLUMN code TYPE text COLLATE "C";
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY>.

use dbwright_catalog::{Engine, Finding, Group, LockMode, ObjectId, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase, statement_text, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "index-rebuilt-under-lock",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Lock(LockMode::Share)],
    source: include_str!("index_rebuilt_under_lock.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    // A key that is replaced under its old name is told by `add-unique-constraint`.
    if !context.is_judged_for_locks() || !super::add_unique_constraint::built(context).is_empty() {
        return;
    }
    let rebuilt = &context.effect.rebuilt_indexes;
    let mut tables: Vec<ObjectId> = rebuilt.iter().map(|index| context.table_of(index)).collect();
    tables.sort();
    tables.dedup();
    for table in &tables {
        let with_parent = context
            .partition_parents(table)
            .iter()
            .any(|parent| tables.contains(parent));
        if context.is_exempt(table) || context.effect.rewritten.contains(table) || with_parent {
            continue;
        }
        let Some(lock) = context.lock_from(table, LockMode::Share) else {
            continue;
        };
        let of_table = rebuilt.iter().filter(|index| context.table_of(index) == *table);
        let names = phrase::list(of_table.map(ObjectId::name));
        let message = format!("Building {names} anew blocks {} on {table}", phrase::blocked(lock.mode));
        let mut finding = context.lock_finding(&RULE, lock, message);
        if statement_text::begins_with(context, &["reindex"]) {
            finding
                .advice
                .push("REINDEX … CONCURRENTLY builds it beside the old one, while reads and writes pass.".to_owned());
            finding.advice.push(tool_advice::outside_transaction(
                context.history.tool,
                context.migration.run_mode,
            ));
        } else {
            finding.advice.push(
                "Drop the index before and build it CONCURRENTLY after the change, where queries can do without it meanwhile."
                    .to_owned(),
            );
        }
        findings.push(finding);
    }
}
