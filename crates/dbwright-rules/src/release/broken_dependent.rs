//! A function, view or trigger still names a table or column that is gone.
//!
//! The bodies of functions are text to PostgreSQL (but for SQL functions with BEGIN ATOMIC), so that a table or column can
//! be dropped or renamed under them; the next call fails. On MySQL, MariaDB and SQLite the same is true of views,
//! triggers and routines. With a trigger, every write to its table fails.
//!
//! Bodies are searched for names, not understood: what is built as a string is not found, and a name may stand for something
//! else; then it is fine.
//!
//! ```sql setup postgres
//! CREATE TABLE rates (id integer PRIMARY KEY, percent integer);
//! CREATE FUNCTION current_rate() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT max(percent) FROM rates); END $$;
//! ```
//!
//! ```sql bad postgres
//! ALTER TABLE rates RENAME TO tax_rates;
//! ```
//!
//! What to do: change what names it in the same migration.
//!
//! ```sql good postgres
//! ALTER TABLE rates RENAME TO tax_rates;
//! CREATE OR REPLACE FUNCTION current_rate() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT max(percent) FROM tax_rates); END $$;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE rates (id int PRIMARY KEY, percent int);
//! CREATE VIEW current_rate AS SELECT max(percent) AS percent FROM rates;
//! ```
//!
//! ```sql bad mysql mariadb
//! RENAME TABLE rates TO tax_rates;
//! ```
//!
//! ```sql good mysql mariadb
//! RENAME TABLE rates TO tax_rates;
//! CREATE OR REPLACE VIEW current_rate AS SELECT max(percent) AS percent FROM tax_rates;
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE rates (id INTEGER PRIMARY KEY, percent INTEGER);
//! CREATE VIEW current_rate AS SELECT max(percent) AS percent FROM rates;
//! ```
//!
//! ```sql bad sqlite
//! DROP TABLE rates;
//! ```
//!
//! ```sql good sqlite
//! DROP VIEW current_rate;
//! DROP TABLE rates;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-depend.html>, <https://dev.mysql.com/doc/refman/9.7/en/create-view.html>,
//! <https://mariadb.com/docs/server/server-usage/views/create-view> and <https://www.sqlite.org/lang_droptable.html>.

use dbwright_catalog::{Engine, Finding, Group, Object, ObjectId, ObjectKind, Severity};

use crate::context::Context;
use crate::{Check, Claim, Rule, phrase, statement_text};

pub(crate) static RULE: Rule = Rule {
    name: "broken-dependent",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("broken_dependent.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_judged_for_locks() {
        return;
    }
    let gone: Vec<&ObjectId> = gone(context).collect();
    if gone.is_empty() {
        return;
    }
    let codes = codes(context);
    for id in gone {
        // What a statement before this one broke already is told there.
        let broken: Vec<String> = codes
            .iter()
            .filter(|code| code.id.owner_table().as_ref() != Some(id) && still_names(context, code, id))
            .map(|code| format!("the {} {}", code.id.kind.name(), code.id))
            .collect();
        if broken.is_empty() {
            continue;
        }
        let name = if broken.len() == 1 { "names" } else { "name" };
        let message = format!(
            "{id} is gone under this name, and {} still {name} it",
            phrase::list(&broken)
        );
        let table = id.owner_table().unwrap_or_else(|| id.clone());
        let mut finding = context.finding(&RULE, Some(&table), message);
        finding
            .advice
            .push("Change what names it in the same migration, and call it once to see that it works.".to_owned());
        findings.push(finding);
    }
}

/// The tables and columns that the statement drops or renames for good.
fn gone<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a ObjectId> {
    let steps = context.steps().iter();
    let old = steps.filter_map(|step| {
        let before = step.before?;
        let stays = step.after.is_some_and(|after| after.id == before.id);
        (!stays).then_some(&before.id)
    });
    old.filter(|id| matches!(id.kind, ObjectKind::Table | ObjectKind::Column))
        .filter(|id| {
            let with_table = id.kind == ObjectKind::Column
                && id
                    .owner_table()
                    .is_some_and(|table| context.at_scope_end(&table).is_none());
            let view = ObjectId::new(ObjectKind::View, id.path.iter().cloned());
            context.existed_before_scope(id).is_some()
                && !with_table
                && context.at_scope_end(id).is_none()
                && context.at_scope_end(&view).is_none()
        })
}

/// What holds text that is only read when it is used, as it stands when the migration ends.
fn codes<'a>(context: &Context<'a>) -> Vec<&'a Object> {
    let kinds: &[ObjectKind] = match context.history.engine {
        // Views follow what they stand on; triggers call functions.
        Engine::Postgres => &[ObjectKind::Routine],
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => {
            &[ObjectKind::Routine, ObjectKind::View, ObjectKind::Trigger]
        }
    };
    let end = context.scope_end();
    kinds
        .iter()
        .flat_map(|kind| context.timeline.standing_after(end, *kind))
        .collect()
}

fn still_names(context: &Context<'_>, code: &Object, id: &ObjectId) -> bool {
    let engine = context.history.engine;
    let text = body(engine, &code.definition);
    let named = |name: &str| statement_text::names(engine, text, name);
    let end = context.scope_end();
    let standing = |kind| context.timeline.standing_after(end, kind);
    if id.kind == ObjectKind::Table {
        // Another table or view of this name in another schema may be meant.
        let is_elsewhere = [ObjectKind::Table, ObjectKind::View]
            .into_iter()
            .any(|kind| standing(kind).any(|other| other.id.name() == id.name()));
        return named(id.name()) && !is_elsewhere;
    }
    let Some(table) = id.owner_table() else { return false };
    // A column of this name in any other table that the text names may be meant.
    let is_elsewhere = || {
        standing(ObjectKind::Column).any(|other| {
            other.id.name() == id.name()
                && other
                    .id
                    .owner_table()
                    .is_some_and(|other| other != table && named(other.name()))
        })
    };
    named(table.name()) && named(id.name()) && !is_elsewhere()
}

/// The text behind the head of a definition: what stands in the dollar quotes of a PostgreSQL function, whose head names
/// arguments and result.
fn body(engine: Engine, definition: &str) -> &str {
    match engine {
        Engine::Postgres => definition
            .split_once("AS $")
            .and_then(|(_, rest)| rest.split_once('$'))
            .map_or(definition, |(_, body)| body),
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => definition,
    }
}
