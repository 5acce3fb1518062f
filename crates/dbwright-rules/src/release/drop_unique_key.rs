//! A table no longer refuses duplicates, and the running release may rely on it.
//!
//! When the last unique index or constraint over some columns goes, `INSERT … ON CONFLICT` over them fails (PostgreSQL,
//! SQLite), `ON DUPLICATE KEY UPDATE` inserts second rows (MySQL, MariaDB), and rows come in twice that nobody can tell apart
//! afterwards, so that the key can't be made again.
//!
//! It is fine when duplicates are wanted. A key that is replaced in the same migration is not reported, nor one that goes
//! with its table or its column.
//!
//! ```sql setup postgres sqlite
//! CREATE TABLE users (id integer PRIMARY KEY, email text);
//! CREATE UNIQUE INDEX users_email_key ON users (email);
//! ```
//!
//! ```sql bad postgres sqlite
//! DROP INDEX users_email_key;
//! ```
//!
//! What to do: make the new key before the old one goes.
//!
//! ```sql good postgres sqlite
//! CREATE UNIQUE INDEX users_email_again ON users (email);
//! DROP INDEX users_email_key;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE users (id int PRIMARY KEY, email varchar(60), UNIQUE KEY users_email_key (email));
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE users DROP INDEX users_email_key;
//! ```
//!
//! ```sql good mysql mariadb
//! ALTER TABLE users DROP INDEX users_email_key, ADD UNIQUE KEY users_email_again (email);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT>,
//! <https://www.sqlite.org/lang_upsert.html>, <https://dev.mysql.com/doc/refman/9.7/en/insert-on-duplicate.html> and
//! <https://mariadb.com/docs/server/reference/sql-statements/data-manipulation/inserting-loading-data/insert-on-duplicate-key-update>.

use dbwright_catalog::{Engine, Finding, Group, Index, Object, ObjectBody, ObjectId, ObjectKind, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "drop-unique-key",
    group: Group::Release,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("drop_unique_key.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let with_more = context.dropped().any(|object| {
        matches!(
            object.id.kind,
            ObjectKind::Table | ObjectKind::Column | ObjectKind::Schema
        )
    });
    if !context.is_judged_for_locks() || with_more {
        return;
    }
    let mut told: Vec<ObjectId> = Vec::new();
    for (_, index) in context.dropped().filter_map(unique) {
        let is_old = context.existed_before_scope(&index.table).is_some();
        let with_parent = || {
            context
                .partition_parents(&index.table)
                .iter()
                .any(|parent| told.contains(parent))
        };
        if !is_old
            || context.at_scope_end(&index.table).is_none()
            || loses_column(context, index)
            || is_replaced(context, index)
            || with_parent()
        {
            continue;
        }
        told.push(index.table.clone());
        let where_clause = index.predicate.as_deref();
        let rows = where_clause.map_or_else(String::new, |predicate| format!(" where {predicate}"));
        let message = format!(
            "{} no longer refuses duplicates of {}{rows}",
            index.table,
            phrase::list(&index.keys)
        );
        let mut finding = context.finding(&RULE, Some(&index.table), message);
        finding.advice.push(match context.history.engine {
            Engine::Postgres | Engine::Sqlite => {
                "An INSERT … ON CONFLICT over them fails from here on: deploy a release without it first.".to_owned()
            }
            Engine::MySql | Engine::MariaDb => {
                "INSERT … ON DUPLICATE KEY UPDATE and REPLACE add second rows from here on: deploy a release without them first."
                    .to_owned()
            }
        });
        findings.push(finding);
    }
}

/// Whether a column of the key goes later in the migration, so that the key goes with it.
fn loses_column(context: &Context<'_>, index: &Index) -> bool {
    index.keys.iter().any(|key| {
        let column = index.table.column(key.trim_matches('"'));
        context.at_scope_start(&column).is_some() && context.at_scope_end(&column).is_none()
    })
}

/// Whether another unique index over the same columns, or some of them, stands when the migration ends.
fn is_replaced(context: &Context<'_>, dropped: &Index) -> bool {
    let indexes = context.timeline.standing_after(context.scope_end(), ObjectKind::Index);
    indexes.filter_map(unique).any(|(_, index)| {
        index.table == dropped.table
            && index.keys.iter().all(|key| dropped.keys.contains(key))
            && (index.predicate.is_none() || index.predicate == dropped.predicate)
    })
}

fn unique(object: &Object) -> Option<(&Object, &Index)> {
    match &object.body {
        ObjectBody::Index(index) if index.unique => Some((object, index)),
        _ => None,
    }
}
