//! A CHECK or FOREIGN KEY is checked against every row of an existing table while the table is locked.
//!
//! `ADD CONSTRAINT … CHECK` takes ACCESS EXCLUSIVE (reads and writes wait), `ADD CONSTRAINT … FOREIGN KEY` takes SHARE ROW
//! EXCLUSIVE on the table *and on the table it references* (writes to both wait), and then the whole table is read.
//! With `NOT VALID` the lock is held for an instant and only new rows are checked; `VALIDATE CONSTRAINT` reads the table
//! later under a lock that lets reads and writes pass.
//!
//! Both in one transaction help nothing: the lock of the first is held until the end, while the second reads. That is
//! reported as well.
//!
//! It is fine on small tables, and on tables that the same migration creates; the latter is not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE customers (id integer PRIMARY KEY);
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer, customer_id integer);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0);
//! ```
//!
//! What to do: add it without validation, then validate it in a transaction of its own.
//!
//! ```sql fixed postgres mode:each-statement
//! ALTER TABLE public.orders ADD CONSTRAINT orders_total_check CHECK ((total >= 0)) NOT VALID;
//! ALTER TABLE public.orders VALIDATE CONSTRAINT orders_total_check;
//! ```
//!
//! The same for a foreign key:
//!
//! ```sql bad postgres
//! ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id);
//! ```
//!
//! ```sql fixed postgres mode:each-statement
//! ALTER TABLE public.orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES public.customers(id) NOT VALID;
//! ALTER TABLE public.orders VALIDATE CONSTRAINT orders_customer_fk;
//! ```
//!
//! Not so, because all of it is one transaction:
//!
//! ```sql bad postgres
//! ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;
//! ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;
//! ```
//!
//! A new table has no rows to check:
//!
//! ```sql good postgres
//! CREATE TABLE refunds (id integer PRIMARY KEY, total integer);
//! ALTER TABLE refunds ADD CONSTRAINT refunds_total_check CHECK (total >= 0);
//! ```
//!
//! Before PostgreSQL 18 a foreign key of a *partitioned* table can't be added NOT VALID: add it to each partition that
//! way, validate each, and then to the parent.
//!
//! NOT VALID is safe for locks, not for releases: new rows are checked from that moment on, so the running release must
//! already write what the constraint demands.
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES> and
//! <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-VALIDATE-CONSTRAINT>.

use dbwright_catalog::{
    Constraint, ConstraintKind, Engine, Finding, Fix, Group, LockMode, Object, ObjectBody, ObjectId, Severity,
};

use crate::context::Context;
use crate::{Check, Claim, Rule, fix, phrase, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "constraint-validated-under-lock",
    group: Group::Locks,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::ScanUnderLock(LockMode::ShareRowExclusive)],
    source: include_str!("constraint_validated_under_lock.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

/// A constraint whose rows the statement checked.
#[derive(Clone, Copy)]
struct Validated<'a> {
    object: &'a Object,
    constraint: &'a Constraint,
    /// Whether the statement made it; else it was there NOT VALID.
    is_new: bool,
}

impl Validated<'_> {
    fn table(&self) -> Option<ObjectId> {
        self.object.id.owner_table()
    }
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let validated = validated(context);
    for one in &validated {
        let Some(table) = one.table() else { continue };
        if context.is_exempt(&table)
            || context.effect.rewritten.contains(&table)
            || comes_with_parent(context, one, &validated)
            || !reads_the_table(context, one, &table)
        {
            continue;
        }
        if let Some(lock) = context.lock_from(&table, LockMode::ShareRowExclusive) {
            findings.push(finding(context, one, &table, lock, &validated));
        }
    }
}

fn validated<'a>(context: &Context<'a>) -> Vec<Validated<'a>> {
    let checks_rows = |constraint: &Constraint| {
        constraint.validated
            && constraint.enforced
            && matches!(
                constraint.kind,
                ConstraintKind::Check(_) | ConstraintKind::ForeignKey(_)
            )
    };
    let new = context.created().filter_map(|object| match &object.body {
        ObjectBody::Constraint(constraint) if checks_rows(constraint) => Some(Validated {
            object,
            constraint,
            is_new: true,
        }),
        _ => None,
    });
    let later = context
        .altered()
        .filter_map(|(before, object)| match (&before.body, &object.body) {
            (ObjectBody::Constraint(before), ObjectBody::Constraint(constraint))
                if !before.validated && checks_rows(constraint) =>
            {
                Some(Validated {
                    object,
                    constraint,
                    is_new: false,
                })
            }
            _ => None,
        });
    new.chain(later).collect()
}

/// Constraints of partitions that come along with one of the parent are told with it.
fn comes_with_parent(context: &Context<'_>, one: &Validated<'_>, all: &[Validated<'_>]) -> bool {
    let Some(table) = one.table() else { return false };
    let parents = context.partition_parents(&table);
    all.iter()
        .any(|other| other.table().is_some_and(|other| parents.contains(&other)))
}

/// Whether rows were read for it. The server may check a foreign key through indexes, which is no scan to its counters, so
/// a new foreign key over columns that were there before counts without one.
fn reads_the_table(context: &Context<'_>, one: &Validated<'_>, table: &ObjectId) -> bool {
    let over_old_columns = match &one.constraint.kind {
        ConstraintKind::ForeignKey(key) => key
            .columns
            .iter()
            .all(|column| context.before(&table.column(column.as_str())).is_some()),
        _ => false,
    };
    context.scanned(table) || over_old_columns
}

fn finding(
    context: &Context<'_>,
    one: &Validated<'_>,
    table: &ObjectId,
    lock: &dbwright_catalog::HeldLock,
    all: &[Validated<'_>],
) -> Finding {
    let name = one.object.id.name();
    let blocked = phrase::blocked(lock.mode);
    let referenced = match &one.constraint.kind {
        ConstraintKind::ForeignKey(key) if key.references != *table && !context.is_exempt(&key.references) => {
            context.lock_from(&key.references, LockMode::ShareRowExclusive)
        }
        _ => None,
    };
    let and_referenced = referenced.map_or_else(String::new, |other| match phrase::blocked(other.mode) {
        same if same == blocked => format!(" and {}", other.relation),
        another => format!(", and {another} on {}", other.relation),
    });
    let message =
        format!("Checking every row of {table} for the constraint {name} blocks {blocked} on {table}{and_referenced}");
    let mut finding = context.lock_finding(&RULE, lock, message);
    finding
        .evidence
        .facts
        .extend(referenced.map(|lock| context.lock_fact(lock)));
    if context.scanned(table) {
        finding.evidence.facts.push(Context::scan_fact(table));
    }
    finding.fix = fix_for(context, all);
    if one.is_new {
        finding
            .advice
            .push("Add the constraint NOT VALID, then validate it in another transaction.".to_owned());
    } else {
        finding
            .advice
            .push("Validate the constraint in another transaction than the one that adds it.".to_owned());
    }
    finding.advice.push(tool_advice::committed_separately(
        context.history.tool,
        context.migration.run_mode,
    ));
    finding
}

/// Known where the statement did nothing but add such constraints, none of them a foreign key of a partitioned table.
fn fix_for(context: &Context<'_>, all: &[Validated<'_>]) -> Option<Fix> {
    let only_new = all.iter().all(|one| one.is_new) && all.len() == context.steps().len();
    if !only_new || !context.effect.rows.is_empty() {
        return None;
    }
    let mut steps = Vec::new();
    let mut validations = Vec::new();
    for one in all.iter().filter(|one| !comes_with_parent(context, one, all)) {
        let table = one.table()?;
        let is_key = matches!(one.constraint.kind, ConstraintKind::ForeignKey(_));
        if is_key && context.is_partitioned(&table) {
            return None;
        }
        let alter = fix::alter_table(&table);
        let name = fix::quoted(one.object.id.name());
        let [add, validate] = fix::add_then_validate(&alter, &name, &one.object.definition);
        steps.push(add);
        validations.push(validate);
    }
    steps.append(&mut validations);
    Some(Fix {
        summary: "Add the constraint for new rows, then check the old ones while reads and writes pass.".to_owned(),
        steps,
        // The same locks are taken, for an instant: that nothing is read under them is for the rule itself to confirm.
        avoids: Vec::new(),
        proof: None,
    })
}
