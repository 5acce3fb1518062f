//! A schema is dropped with everything in it.
//!
//! It is fine for schemas that nobody uses any more, and for those that the same migration creates; the latter is not
//! reported.
//!
//! ```sql setup postgres
//! CREATE SCHEMA billing;
//! CREATE TABLE billing.invoices (id integer PRIMARY KEY);
//! CREATE TABLE billing.payments (id integer PRIMARY KEY);
//! ```
//!
//! ```sql bad postgres
//! DROP SCHEMA billing CASCADE;
//! ```
//!
//! What to do: drop what is in it by name, so that nothing goes that nobody thought of; then the schema, without CASCADE.
//!
//! ```sql good postgres
//! CREATE SCHEMA scratch;
//! CREATE TABLE scratch.work (id integer);
//! DROP SCHEMA scratch CASCADE;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-dropschema.html>.

use dbwright_catalog::{Engine, Finding, Group, ObjectId, ObjectKind, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "drop-schema",
    group: Group::DataLoss,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Dropped(ObjectKind::Schema)],
    source: include_str!("drop_schema.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for object in context.dropped().filter(|object| object.id.kind == ObjectKind::Schema) {
        let schema = &object.id;
        if context.existed_before_scope(schema).is_none() || context.at_scope_end(schema).is_some() {
            continue;
        }
        let inside = |kind: ObjectKind| {
            let dropped = context.dropped().map(|object| &object.id);
            dropped
                .filter(move |id| id.kind == kind && id.schema() == schema.name())
                .collect::<Vec<&ObjectId>>()
        };
        let tables = inside(ObjectKind::Table);
        let message = if tables.is_empty() {
            format!("The schema {} is dropped", schema.name())
        } else {
            format!(
                "The schema {} is dropped with {} and all their rows: {}",
                schema.name(),
                phrase::count(tables.len(), "table"),
                phrase::list(&tables)
            )
        };
        let mut finding = context.finding(&RULE, Some(schema), message);
        let others: Vec<String> = [
            ObjectKind::View,
            ObjectKind::Routine,
            ObjectKind::Type,
            ObjectKind::Sequence,
        ]
        .into_iter()
        .map(|kind| (kind, inside(kind).len()))
        .filter(|(_, number)| *number > 0)
        .map(|(kind, number)| phrase::count(number, kind.name()))
        .collect();
        if !others.is_empty() {
            finding.evidence.facts.push(phrase::goes_along(&others));
        }
        finding
            .advice
            .push("Drop what is in it by name, after a backup, and then the schema without CASCADE.".to_owned());
        findings.push(finding);
    }
}

/// Whether the statement drops the schema around an object, so that the object is told with it.
pub(super) fn goes_with_schema(context: &Context<'_>, id: &ObjectId) -> bool {
    context
        .dropped()
        .any(|object| object.id.kind == ObjectKind::Schema && object.id.name() == id.schema())
}
