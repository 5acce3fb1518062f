//! A PRIMARY KEY, UNIQUE or EXCLUDE constraint builds its index while nobody can use the table.
//!
//! `ADD CONSTRAINT … UNIQUE` (and PRIMARY KEY, and EXCLUDE) takes ACCESS EXCLUSIVE and builds the index under it: reads and
//! writes wait until it is built and the transaction has ended.
//! A unique index can be built beforehand, concurrently, and be handed to the constraint, which then takes an instant.
//!
//! It is fine on small tables, and on tables that the same migration creates; the latter is not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE customers (id integer PRIMARY KEY, email text);
//! CREATE TABLE sessions (token integer NOT NULL);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE customers ADD CONSTRAINT customers_email_key UNIQUE (email);
//! ```
//!
//! ```sql fixed postgres mode:each-statement
//! CREATE UNIQUE INDEX CONCURRENTLY customers_email_key ON public.customers USING btree (email);
//! ALTER TABLE public.customers ADD CONSTRAINT customers_email_key UNIQUE USING INDEX customers_email_key;
//! ```
//!
//! The same for a primary key, whose columns should be NOT NULL before: else the table is read under the lock to prove it.
//!
//! ```sql bad postgres
//! ALTER TABLE sessions ADD CONSTRAINT sessions_pkey PRIMARY KEY (token);
//! ```
//!
//! ```sql fixed postgres mode:each-statement
//! CREATE UNIQUE INDEX CONCURRENTLY sessions_pkey ON public.sessions USING btree (token);
//! ALTER TABLE public.sessions ADD CONSTRAINT sessions_pkey PRIMARY KEY USING INDEX sessions_pkey;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE coupons (id integer PRIMARY KEY, code text);
//! ALTER TABLE coupons ADD CONSTRAINT coupons_code_key UNIQUE (code);
//! ```
//!
//! An exclusion constraint has no such way: its index can't be built beforehand.
//! Build a new table with it and move the rows, or take the pause on purpose.
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX>.

use dbwright_catalog::{
    Constraint, ConstraintKind, Engine, Finding, Fix, Group, HeldLock, LockMode, Object, ObjectBody, ObjectId, Severity,
};

use crate::context::Context;
use crate::{Check, Claim, Rule, fix, phrase, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "add-unique-constraint",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::IndexBuiltUnderLock(LockMode::AccessExclusive)],
    source: include_str!("add_unique_constraint.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let built = built(context);
    for (object, constraint) in &built {
        let Some(table) = object.id.owner_table() else { continue };
        if context.is_exempt(&table) || is_of_partition(context, &table, &built) {
            continue;
        }
        if let Some(lock) = context.lock_from(&table, LockMode::Share) {
            findings.push(finding(context, object, constraint, lock, &built));
        }
    }
}

/// Constraints that the statement created together with their index.
pub(crate) fn built<'a>(context: &Context<'a>) -> Vec<(&'a Object, &'a Constraint)> {
    let is_new = |id: &ObjectId| context.created().any(|object| object.id == *id);
    let created = context.created().filter_map(|object| match &object.body {
        ObjectBody::Constraint(constraint) => Some((object, constraint)),
        _ => None,
    });
    created
        .filter(|(_, constraint)| constraint.index.as_ref().is_some_and(is_new))
        .collect()
}

fn is_of_partition(context: &Context<'_>, table: &ObjectId, built: &[(&Object, &Constraint)]) -> bool {
    let parents = context.partition_parents(table);
    built
        .iter()
        .any(|(object, _)| object.id.owner_table().is_some_and(|table| parents.contains(&table)))
}

fn finding(
    context: &Context<'_>,
    object: &Object,
    constraint: &Constraint,
    lock: &HeldLock,
    built: &[(&Object, &Constraint)],
) -> Finding {
    let table = &lock.relation;
    let what = match constraint.kind {
        ConstraintKind::PrimaryKey(_) => "primary key",
        ConstraintKind::Exclusion(_) => "exclusion constraint",
        _ => "unique constraint",
    };
    let message = format!(
        "Building the index of the {what} {} blocks {} on {table}",
        object.id.name(),
        phrase::blocked(lock.mode)
    );
    let mut finding = context.lock_finding(&RULE, lock, message);
    if context.is_partitioned(table) {
        finding.advice.push(format!(
            "{table} is partitioned: build a unique index on each partition concurrently, create the parent's with ON ONLY and \
             attach them; a unique index does what the constraint does."
        ));
    } else if matches!(constraint.kind, ConstraintKind::Exclusion(_)) {
        finding.advice.push(
            "The index of an exclusion constraint can't be built beforehand: build a new table with it and move the rows, or \
             take the pause on purpose."
                .to_owned(),
        );
    } else {
        finding.fix = fix_for(context, built);
        finding
            .advice
            .push("Build a unique index with CONCURRENTLY first, then add the constraint with USING INDEX.".to_owned());
        finding.advice.push(tool_advice::outside_transaction(
            context.history.tool,
            context.migration.run_mode,
        ));
    }
    finding
}

/// Known where the statement did nothing but add such constraints (and what a primary key makes of its columns).
fn fix_for(context: &Context<'_>, built: &[(&Object, &Constraint)]) -> Option<Fix> {
    let mut steps = Vec::new();
    let mut explained = 2 * built.len();
    for (object, constraint) in built {
        let table = object.id.owner_table()?;
        let index = context.after(constraint.index.as_ref()?)?;
        if context.is_partitioned(&table) {
            return None;
        }
        let kind = match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => {
                for column in columns {
                    explained += not_null_steps(context, &table.column(column.as_str()), &mut steps)?;
                }
                "PRIMARY KEY"
            }
            ConstraintKind::Unique(_) => "UNIQUE",
            _ => return None,
        };
        let deferral = match (constraint.deferrable, constraint.initially_deferred) {
            (false, _) => "",
            (true, false) => " DEFERRABLE",
            (true, true) => " DEFERRABLE INITIALLY DEFERRED",
        };
        let (alter, name) = (fix::alter_table(&table), fix::quoted(object.id.name()));
        steps.push(fix::build_index(index)?);
        steps.push(fix::step(
            format!(
                "{alter} ADD CONSTRAINT {name} {kind} USING INDEX {}{deferral}",
                fix::quoted(index.id.name()),
            ),
            // The index goes with its constraint, and belongs to the step before.
            [format!("{alter} DROP CONSTRAINT {name}"), index.definition.clone()],
        ));
    }
    (explained == context.steps().len() && context.effect.rows.is_empty()).then(|| Fix {
        summary: "Build the index while reads and writes pass, then make it the constraint's.".to_owned(),
        steps,
        // The last step takes ACCESS EXCLUSIVE for an instant: that nothing is built under it, the rule itself confirms.
        avoids: Vec::new(),
        proof: None,
    })
}

/// Adds the steps for a column that becomes NOT NULL with its primary key; says how many changes that explains.
fn not_null_steps(
    context: &Context<'_>,
    column: &ObjectId,
    steps: &mut Vec<dbwright_catalog::FixStep>,
) -> Option<usize> {
    if !context.altered().any(|(_, after)| after.id == *column) {
        return Some(0);
    }
    let constraint = super::set_not_null_scan::not_null_constraint(context, column);
    steps.extend(fix::set_not_null(column, context.major(), constraint)?);
    Some(1 + usize::from(constraint.is_some()))
}
