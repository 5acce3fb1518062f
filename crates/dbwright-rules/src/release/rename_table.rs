//! A table has another name after the migration, and the running release still uses the old one.
//!
//! From the moment of the rename every query of the release that still runs fails, until the next one is deployed
//! everywhere. The rename itself takes an instant.
//!
//! It is fine when something of the old name stays (a view over the new table), when the old name goes to another table in
//! the same migration (a table that is built anew), and for tables that the same migration creates; these are not reported.
//!
//! ```sql setup postgres
//! CREATE TABLE customer (id integer PRIMARY KEY, name text);
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE customer RENAME TO customers;
//! ```
//!
//! What to do: leave a view with the old name for as long as a release uses it. A view over one table takes writes as well.
//!
//! ```sql good postgres
//! ALTER TABLE customer RENAME TO customers;
//! CREATE VIEW customer AS SELECT * FROM customers;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE customer (id int PRIMARY KEY, name varchar(60));
//! ```
//!
//! ```sql bad mysql mariadb
//! RENAME TABLE customer TO customers;
//! ```
//!
//! ```sql good mysql mariadb
//! RENAME TABLE customer TO customers;
//! CREATE VIEW customer AS SELECT * FROM customers;
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);
//! ```
//!
//! ```sql bad sqlite
//! ALTER TABLE customer RENAME TO customers;
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE customer_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');
//! INSERT INTO customer_new SELECT id, coalesce(name, '') FROM customer;
//! DROP TABLE customer;
//! ALTER TABLE customer_new RENAME TO customer;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS>,
//! <https://dev.mysql.com/doc/refman/9.7/en/view-updatability.html>,
//! <https://mariadb.com/docs/server/server-usage/views/inserting-and-updating-with-views> and
//! <https://www.sqlite.org/lang_altertable.html#alter_table_rename>.

use dbwright_catalog::{Engine, Finding, Group, ObjectId, ObjectKind, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule};

/// A name that comes back within so many migrations is no lost one: they are mostly deployed together.
const NEARBY_MAX: usize = 20;

pub(crate) static RULE: Rule = Rule {
    name: "rename-table",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("rename_table.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    for (old, new) in renamed(context) {
        let message = if old.name() == new.name() {
            format!(
                "{old} moves to the schema {}, and the running release looks for it where it was",
                new.schema()
            )
        } else {
            format!("{old} becomes {new}, and the running release still uses the old name")
        };
        let mut finding = context.finding(&RULE, Some(new), message);
        finding.advice.push(match context.history.engine {
            Engine::Sqlite => format!(
                "Keep the name, or deploy a release that knows both; a view named {} is enough for one that only reads.",
                old.name()
            ),
            Engine::Postgres | Engine::MySql | Engine::MariaDb => format!(
                "Leave a view named {} over the new table in the same migration, and drop it when no release uses it any more.",
                old.name()
            ),
        });
        findings.push(finding);
    }
}

/// The tables that the statement renames for good: old name and new one.
fn renamed<'a>(context: &Context<'a>) -> Vec<(&'a ObjectId, &'a ObjectId)> {
    let tables = context
        .altered()
        .map(|(before, after)| (&before.id, &after.id))
        .filter(|(old, new)| old.kind == ObjectKind::Table && old != new);
    tables
        .filter(|(old, new)| {
            // A chain of renames is told at its first step.
            context.existed_before_scope(old).as_ref() == Some(*old)
                && context.at_scope_end(new).is_some()
                && !is_still_there(context, old)
                // A rebuild that is spread over migrations: it takes a name that another table has left.
                && !context.timeline.has_been(context.position, new)
        })
        .collect()
}

/// Whether something bears the name when the migration (or one soon after it) ends: the table again, one that takes its
/// place, or a view.
fn is_still_there(context: &Context<'_>, name: &ObjectId) -> bool {
    let view = ObjectId::new(ObjectKind::View, name.path.iter().cloned());
    let last = context
        .nearby(NEARBY_MAX)
        .last()
        .map_or(context.position, |one| one.position);
    let end = last.max(context.scope_end());
    [name, &view]
        .into_iter()
        .any(|id| context.timeline.after(end, id).is_some())
}
