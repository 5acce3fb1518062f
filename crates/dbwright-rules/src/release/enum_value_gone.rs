//! A value of an enumeration is renamed or taken away, and the running release still writes it.
//!
//! From then on its inserts, updates and comparisons with that value fail, until the next release is deployed everywhere.
//!
//! It is fine when no running release uses the value any more.
//!
//! ```sql setup postgres
//! CREATE TYPE mood AS ENUM ('sad', 'happy');
//! CREATE TABLE people (id integer PRIMARY KEY, mood mood);
//! ```
//!
//! ```sql bad postgres
//! ALTER TYPE mood RENAME VALUE 'happy' TO 'glad';
//! ```
//!
//! What to do: add the new value, deploy a release that reads both and writes the new one, and change the old rows. PostgreSQL
//! can't take a value away; one that nobody uses harms nobody.
//!
//! ```sql good postgres
//! ALTER TYPE mood ADD VALUE 'glad';
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE people (id int PRIMARY KEY, mood enum('sad', 'happy'));
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE people MODIFY mood enum('sad', 'glad');
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE people MODIFY mood enum('sad', 'happy', 'glad');
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-altertype.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/enum.html> and
//! <https://mariadb.com/docs/server/reference/data-types/string-data-types/enum>.

use dbwright_catalog::{Engine, Finding, Group, Object, ObjectBody, ObjectId, Severity, TypeKind};
use dbwright_sql::{TokenKind, tokens};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "enum-value-gone",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("enum_value_gone.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    // A type may be renamed out of the way, so that what counts is who bears its name when the migration ends.
    for before in context.steps().iter().filter_map(|step| step.before) {
        let Some(old) = values(context.history.engine, before) else {
            continue;
        };
        if context.existed_before_scope(&before.id).as_ref() != Some(&before.id) {
            continue;
        }
        let end = context.at_scope_end(&before.id);
        let Some(new) = end.and_then(|after| values(context.history.engine, after)) else {
            continue;
        };
        let gone: Vec<&String> = old.iter().filter(|value| !new.contains(value)).collect();
        if gone.is_empty() || is_told_earlier(context, &before.id) {
            continue;
        }
        let (be, s) = if gone.len() == 1 { ("is", "") } else { ("are", "s") };
        let quoted = phrase::list(gone.iter().map(|value| format!("'{value}'")));
        let message = format!(
            "The value{s} {quoted} of {} {be} gone, and the running release may still use {}",
            before.id,
            if gone.len() == 1 { "it" } else { "them" }
        );
        let relation = before.id.owner_table();
        let mut finding = context.finding(&RULE, relation.as_ref(), message);
        finding.advice.push(
            "Add the new value and keep the old one until no running release uses it and no row holds it.".to_owned(),
        );
        findings.push(finding);
    }
}

/// Whether an earlier statement of the migration changed the same enumeration already.
fn is_told_earlier(context: &Context<'_>, id: &ObjectId) -> bool {
    context.earlier_in_migration().any(|earlier| {
        let steps = context.timeline.steps(earlier.position);
        steps
            .iter()
            .any(|step| step.before.is_some_and(|before| before.id == *id))
    })
}

/// The values of an enumeration: of a type on PostgreSQL, of a column on MySQL and MariaDB.
fn values(engine: Engine, object: &Object) -> Option<Vec<String>> {
    match &object.body {
        ObjectBody::Type(body) => match &body.kind {
            TypeKind::Enum(values) => Some(values.clone()),
            TypeKind::Domain { .. }
            | TypeKind::Composite(_)
            | TypeKind::Range(_)
            | TypeKind::Base(_)
            | TypeKind::Shell => None,
        },
        ObjectBody::Column(column) => {
            let list = column.type_name.strip_prefix("enum(")?;
            let strings = tokens(engine, list).filter(|token| token.kind == TokenKind::String);
            Some(
                strings
                    .map(|token| token.text.trim_matches('\'').replace("''", "'"))
                    .collect(),
            )
        }
        _ => None,
    }
}
