//! A column becomes NOT NULL, and every row is read to prove it while nobody can use the table.
//!
//! `SET NOT NULL` takes ACCESS EXCLUSIVE and reads the whole table: reads and writes wait.
//! It reads nothing when a validated CHECK constraint already proves that the column holds no NULL (PostgreSQL 12 and
//! later), wherever that constraint was added; then nothing is reported.
//!
//! It is fine on small tables, and on tables that the same migration creates; the latter is not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE orders ALTER COLUMN total SET NOT NULL;
//! ```
//!
//! What to do: prove it beforehand with a constraint that is validated while reads and writes pass.
//!
//! ```sql fixed postgres mode:each-statement below:18
//! ALTER TABLE public.orders ADD CONSTRAINT orders_total_is_not_null CHECK (total IS NOT NULL) NOT VALID;
//! ALTER TABLE public.orders VALIDATE CONSTRAINT orders_total_is_not_null;
//! ALTER TABLE public.orders ALTER COLUMN total SET NOT NULL;
//! ALTER TABLE public.orders DROP CONSTRAINT orders_total_is_not_null;
//! ```
//!
//! PostgreSQL 18 has NOT NULL constraints that are validated later:
//!
//! ```sql fixed postgres mode:each-statement from:18
//! ALTER TABLE public.orders ADD CONSTRAINT orders_total_not_null NOT NULL total NOT VALID;
//! ALTER TABLE public.orders VALIDATE CONSTRAINT orders_total_not_null;
//! ```
//!
//! Fine, as the constraint is there:
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer, CONSTRAINT total_there CHECK (total IS NOT NULL));
//! ```
//!
//! ```sql good postgres
//! ALTER TABLE orders ALTER COLUMN total SET NOT NULL;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-DROP-NOT-NULL>.

use dbwright_catalog::{
    Column, ConstraintKind, Engine, Finding, Fix, Group, LockMode, Object, ObjectBody, ObjectId, Severity,
};

use crate::context::Context;
use crate::{Check, Claim, Rule, fix, phrase, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "set-not-null-scan",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::ScanUnderLock(LockMode::AccessExclusive)],
    source: include_str!("set_not_null_scan.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    // A primary key that builds its index makes its columns NOT NULL on the way: `add-unique-constraint` says so.
    if !context.is_judged_for_locks() || !super::add_unique_constraint::built(context).is_empty() {
        return;
    }
    let columns = became_not_null(context);
    let mut tables: Vec<ObjectId> = columns.iter().filter_map(|id| id.owner_table()).collect();
    tables.dedup();
    for table in &tables {
        let with_parent = context
            .partition_parents(table)
            .iter()
            .any(|parent| tables.contains(parent));
        if with_parent
            || context.is_exempt(table)
            || context.effect.rewritten.contains(table)
            || !context.scanned(table)
        {
            continue;
        }
        let Some(lock) = context.lock_from(table, LockMode::AccessExclusive) else {
            continue;
        };
        let of_table = columns.iter().filter(|id| id.owner_table().as_ref() == Some(table));
        let names = phrase::list(of_table.map(|id| id.name()));
        let blocked = phrase::blocked(lock.mode);
        let message = format!("Making {table}.{names} NOT NULL reads every row and blocks {blocked} on {table}");
        let mut finding = context.lock_finding(&RULE, lock, message);
        finding.evidence.facts.push(Context::scan_fact(table));
        finding.fix = fix_for(context, &columns);
        finding.advice.push(
            "Prove it first with a constraint that is added NOT VALID and validated in another transaction; SET NOT NULL then \
             reads nothing."
                .to_owned(),
        );
        finding.advice.push(tool_advice::committed_separately(
            context.history.tool,
            context.migration.run_mode,
        ));
        findings.push(finding);
    }
}

/// The constraint that PostgreSQL 18 made for a column that became NOT NULL.
pub(crate) fn not_null_constraint<'a>(context: &Context<'a>, column: &ObjectId) -> Option<&'a str> {
    let mut created = context.created();
    created.find_map(|object| match &object.body {
        ObjectBody::Constraint(constraint) if object.id.owner_table() == column.owner_table() => {
            let is_of_column = matches!(&constraint.kind, ConstraintKind::NotNull(name) if name == column.name());
            is_of_column.then(|| object.id.name())
        }
        _ => None,
    })
}

/// Columns that were there before and refuse NULL now.
fn became_not_null<'a>(context: &Context<'a>) -> Vec<&'a ObjectId> {
    let altered = context
        .altered()
        .filter(|(before, after)| match (column(before), column(after)) {
            (Some(before), Some(after)) => !before.not_null && after.not_null,
            _ => false,
        });
    altered.map(|(_, after)| &after.id).collect()
}

/// Known where the statement did nothing else.
fn fix_for(context: &Context<'_>, columns: &[&ObjectId]) -> Option<Fix> {
    let constraints: Vec<Option<&str>> = columns.iter().map(|id| not_null_constraint(context, id)).collect();
    let explained = columns.len() + constraints.iter().flatten().count();
    let is_only_that = explained == context.steps().len() && context.effect.rows.is_empty();
    let differs_only_there = context
        .altered()
        .all(|(before, after)| match (column(before), column(after)) {
            (Some(before), Some(after)) => {
                let not_null = Column {
                    not_null: true,
                    ..before.clone()
                };
                not_null == *after
            }
            _ => false,
        });
    if !is_only_that || !differs_only_there {
        return None;
    }
    let mut steps = Vec::new();
    for (id, constraint) in columns.iter().zip(constraints) {
        let parents = context.partition_parents(&id.owner_table()?);
        if !columns
            .iter()
            .any(|other| other.owner_table().is_some_and(|table| parents.contains(&table)))
        {
            steps.extend(fix::set_not_null(id, context.major(), constraint)?);
        }
    }
    Some(Fix {
        summary: "Prove that no row holds NULL while reads and writes pass, then make the column NOT NULL.".to_owned(),
        steps,
        // ACCESS EXCLUSIVE is taken for an instant: that nothing is read under it, the rule itself confirms.
        avoids: Vec::new(),
        proof: None,
    })
}

fn column(object: &Object) -> Option<&Column> {
    match &object.body {
        ObjectBody::Column(column) => Some(column),
        _ => None,
    }
}
