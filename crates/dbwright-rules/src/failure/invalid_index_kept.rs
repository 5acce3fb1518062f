//! A concurrent index build that may be skipped: IF NOT EXISTS keeps the invalid index of a failed try.
//!
//! When `CREATE INDEX CONCURRENTLY` fails (a duplicate, a deadlock, a lock timeout while it waits for an old transaction),
//! it leaves an index behind that is marked invalid: writes maintain it, queries don't use it, and a unique one does not
//! guarantee anything.
//! With `IF NOT EXISTS` the second try finds that name, does nothing and reports success.
//!
//! It is fine where something else looks for invalid indexes after each deployment.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer);
//! ```
//!
//! ```sql bad postgres mode:each-statement
//! CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_total_idx ON orders (total);
//! ```
//!
//! What to do: drop what a failed try may have left, then create it without IF NOT EXISTS.
//!
//! ```sql fixed postgres mode:each-statement
//! DROP INDEX CONCURRENTLY IF EXISTS public.orders_total_idx;
//! CREATE INDEX CONCURRENTLY orders_total_idx ON public.orders USING btree (total);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>.

use dbwright_catalog::{Engine, Finding, Fix, Group, Index, LockMode, Object, ObjectBody, ObjectKind, Severity};
use dbwright_sql::Summary;

use crate::context::Context;
use crate::{Check, Claim, Rule, fix, tool_advice};

pub(crate) static RULE: Rule = Rule {
    name: "invalid-index-kept",
    group: Group::Failure,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("invalid_index_kept.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let Summary::CreateIndex {
        name: Some(name),
        concurrently: true,
        if_not_exists: true,
    } = context.summary()
    else {
        return;
    };
    let created = context.created().find_map(as_index);
    let there = || {
        context
            .timeline
            .named_before(context.position, ObjectKind::Index, &name)
    };
    let kept = if created.is_some() {
        None
    } else {
        there().into_iter().find_map(as_index)
    };
    let index = created.or(kept);
    if index.is_some_and(|(_, index)| context.is_exempt(&index.table)) {
        return;
    }
    let message = match kept {
        Some((_, index)) if !index.valid => {
            format!("The index {name} exists and is invalid; IF NOT EXISTS keeps it and reports success")
        }
        _ => format!("If building {name} fails once, IF NOT EXISTS keeps the invalid index and reports success"),
    };
    let mut finding = context.finding(&RULE, index.map(|(_, index)| &index.table), message);
    if kept.is_some_and(|(_, index)| !index.valid) {
        finding.severity = Severity::Error;
        finding
            .evidence
            .facts
            .push(format!("{name} was invalid before the statement and still is."));
    }
    finding.fix = index.and_then(|(object, index)| fix_for(object, index));
    finding
        .advice
        .push("Drop what a failed try may have left (DROP INDEX CONCURRENTLY IF EXISTS), then create it without IF NOT EXISTS.".to_owned());
    finding.advice.push(tool_advice::outside_transaction(
        context.history.tool,
        context.migration.run_mode,
    ));
    findings.push(finding);
}

fn as_index(object: &Object) -> Option<(&Object, &Index)> {
    match &object.body {
        ObjectBody::Index(index) => Some((object, index)),
        _ => None,
    }
}

fn fix_for(object: &Object, index: &Index) -> Option<Fix> {
    Some(Fix {
        summary: "Remove what a failed try may have left, then build the index.".to_owned(),
        steps: vec![
            fix::step_outside_transaction(fix::drop_index(&object.id), []),
            fix::build_index(object)?,
        ],
        avoids: vec![(index.table.clone(), LockMode::Share)],
        proof: None,
    })
}
