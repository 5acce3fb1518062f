//! CASCADE drops more than the statement names.
//!
//! CASCADE takes whatever depends on the named object, and what depends on that: views, columns' defaults, constraints,
//! policies, functions. Nothing is asked; on another database, where more depends on it, more goes.
//!
//! It is fine when all of it shall go. What goes with a dropped table or column is told by `drop-table` and `drop-column`, and
//! what the same migration makes again is not reported.
//!
//! ```sql setup postgres
//! CREATE FUNCTION tax(amount integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT amount / 5';
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer, CONSTRAINT taxed CHECK (tax(total) > 0));
//! CREATE VIEW taxes AS SELECT id, tax(total) AS tax FROM orders;
//! ```
//!
//! ```sql bad postgres
//! DROP FUNCTION tax(integer) CASCADE;
//! ```
//!
//! What to do: name everything that shall go, in an order that works without CASCADE.
//!
//! ```sql good postgres
//! DROP VIEW taxes;
//! ALTER TABLE orders DROP CONSTRAINT taxed;
//! DROP FUNCTION tax(integer);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-depend.html>.

use dbwright_catalog::{Engine, Finding, Group, Object, ObjectBody, ObjectKind, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "cascade-drops-more",
    group: Group::DataLoss,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("cascade_drops_more.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_told_elsewhere = context.dropped().any(|object| {
        matches!(
            object.id.kind,
            ObjectKind::Table | ObjectKind::Column | ObjectKind::Schema
        ) && context.existed_before_scope(&object.id).is_some()
    });
    if !context.is_judged_for_locks() || is_told_elsewhere || !statement_text::has_word(context, "cascade") {
        return;
    }
    let mut more: Vec<String> = Vec::new();
    for object in context
        .dropped()
        .filter(|object| is_counted(object) && !is_named(context, object))
    {
        let is_old = context.existed_before_scope(&object.id).is_some();
        if is_old && context.at_scope_end(&object.id).is_none() {
            more.push(format!("the {} {}", object.id.kind.name(), object.id));
        }
    }
    for (before, after) in context.altered() {
        if let (ObjectBody::Column(old), ObjectBody::Column(new)) = (&before.body, &after.body)
            && old.default.is_some()
            && new.default.is_none()
        {
            more.push(format!("the default of {}", after.id));
        }
    }
    if more.is_empty() {
        return;
    }
    let message = format!("CASCADE also drops {}", phrase::list(&more));
    let mut finding = context.finding(&RULE, None, message);
    finding.advice.push(
        "Name what shall go, in an order that works without CASCADE, so that nothing goes that nobody thought of."
            .to_owned(),
    );
    findings.push(finding);
}

/// What somebody could miss: an index goes with its constraint, a sequence or a satellite with its column.
fn is_counted(object: &Object) -> bool {
    matches!(
        object.id.kind,
        ObjectKind::View
            | ObjectKind::Routine
            | ObjectKind::Constraint
            | ObjectKind::Trigger
            | ObjectKind::Rule
            | ObjectKind::Policy
            | ObjectKind::Type
            | ObjectKind::Statistics
    )
}

fn is_named(context: &Context<'_>, object: &Object) -> bool {
    let name = object.id.name();
    let bare = name.split('(').next().unwrap_or(name);
    statement_text::names(context.history.engine, &context.statement.text, bare)
}
