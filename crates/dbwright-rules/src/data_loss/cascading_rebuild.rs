//! Dropping a SQLite table deletes rows of other tables that refer to it.
//!
//! With foreign keys on, `DROP TABLE` first deletes all rows of the table, and so fires `ON DELETE CASCADE` (and SET NULL)
//! of every table that refers to it.
//! A rebuild (new table, rows copied, old one dropped, name taken over) thus empties the children of the table.
//! The manual's recipe switches foreign keys off first, but `PRAGMA foreign_keys` does nothing inside a transaction, and
//! most migration tools open one. `PRAGMA defer_foreign_keys` does not prevent it either.
//!
//! It is never fine, unless the children's rows are meant to go. Test databases are mostly empty and don't show it.
//!
//! ```sql setup sqlite
//! PRAGMA foreign_keys = ON;
//! CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
//! CREATE TABLE tags (id INTEGER PRIMARY KEY, note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE);
//! INSERT INTO notes (id, text) VALUES (1, 'a');
//! INSERT INTO tags (id, note_id) VALUES (1, 1);
//! ```
//!
//! ```sql bad sqlite
//! PRAGMA foreign_keys = OFF;
//! CREATE TABLE notes_new (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
//! INSERT INTO notes_new SELECT id, coalesce(text, '') FROM notes;
//! DROP TABLE notes;
//! ALTER TABLE notes_new RENAME TO notes;
//! PRAGMA foreign_keys = ON;
//! ```
//!
//! What to do: run the migration outside the tool's transaction and open one of your own after the pragma.
//!
//! ```sql good sqlite mode:each-statement
//! PRAGMA foreign_keys = OFF;
//! BEGIN;
//! CREATE TABLE notes_new (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
//! INSERT INTO notes_new SELECT id, coalesce(text, '') FROM notes;
//! DROP TABLE notes;
//! ALTER TABLE notes_new RENAME TO notes;
//! PRAGMA foreign_key_check;
//! COMMIT;
//! PRAGMA foreign_keys = ON;
//! ```
//!
//! See <https://www.sqlite.org/pragma.html#pragma_foreign_keys>, <https://www.sqlite.org/foreignkeys.html#fk_schemacommands>
//! and <https://www.sqlite.org/lang_altertable.html#otheralter>.

use dbwright_catalog::{Engine, Finding, Group, ObjectId, ObjectKind, RowCount, Severity};
use dbwright_sql::Summary;

use super::rebuild;
use crate::context::{Context, Neighbour};
use crate::{Check, Claim, Rule, phrase, tool_advice};

/// So many tables stand in the message.
const CHILDREN_MAX: usize = 3;

pub(crate) static RULE: Rule = Rule {
    name: "cascading-rebuild",
    group: Group::DataLoss,
    severity: Severity::Error,
    engines: &[Engine::Sqlite],
    claims: &[Claim::RowsLost],
    source: include_str!("cascading_rebuild.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let dropped: Vec<&ObjectId> = context
        .dropped()
        .map(|object| &object.id)
        .filter(|id| id.kind == ObjectKind::Table)
        .collect();
    let Some(parent) = dropped.first() else { return };
    let lost = context.effect.rows.iter().filter(|rows| {
        rows.deleted + rows.updated > 0 && !dropped.contains(&&rows.table) && context.after(&rows.table).is_some()
    });
    let (deleted, cleared): (Vec<&RowCount>, Vec<&RowCount>) = lost.partition(|rows| rows.deleted > 0);
    for rows in [deleted, cleared] {
        if !rows.is_empty() {
            findings.push(finding(context, parent, &rows));
        }
    }
}

/// All tables whose rows were deleted, or all whose references were cleared.
fn finding(context: &Context<'_>, parent: &ObjectId, lost: &[&RowCount]) -> Finding {
    let is_deleted = lost.iter().any(|rows| rows.deleted > 0);
    let what = if is_deleted {
        "deletes the rows of"
    } else {
        "clears the references in"
    };
    let how = if context
        .existed_before_scope(parent)
        .is_some_and(|name| rebuild::replacement(context, parent, &name).is_some())
    {
        "Rebuilding"
    } else {
        "Dropping"
    };
    let children: Vec<&ObjectId> = lost.iter().map(|rows| &rows.table).collect();
    let mut finding = context.finding(
        &RULE,
        children.first().copied(),
        format!(
            "{how} {parent} {what} {} that refer to it",
            phrase::some_of(&children, CHILDREN_MAX, "table")
        ),
    );
    let verb = if is_deleted { "deleted" } else { "changed" };
    let counts: Vec<String> = lost
        .iter()
        .map(|rows| {
            let number = if is_deleted { rows.deleted } else { rows.updated };
            let number = phrase::count(usize::try_from(number).unwrap_or(usize::MAX), "row");
            format!("{number} of {}", rows.table)
        })
        .collect();
    finding
        .evidence
        .facts
        .push(format!("DROP TABLE {parent} {verb} {} here.", phrase::list(counts)));
    let pragma = context
        .earlier_in_migration()
        .filter(|earlier| switches_foreign_keys_off(context, earlier))
        .last();
    match pragma {
        Some(earlier) if earlier.effect.transaction == context.effect.transaction => {
            finding.evidence.facts.push(format!(
                "PRAGMA foreign_keys = OFF on {} stands inside the transaction, where it does nothing.",
                earlier.place(context)
            ));
        }
        Some(earlier) => {
            let fact = format!(
                "Foreign keys were on in spite of the PRAGMA on {}.",
                earlier.place(context)
            );
            finding.evidence.facts.push(fact);
        }
        None if context.history.sqlite_foreign_keys => finding.evidence.facts.push(
            "Foreign keys were on, as on this project's connection (`dbwright detect` shows where it says so)."
                .to_owned(),
        ),
        None => finding.evidence.facts.push("Foreign keys were on.".to_owned()),
    }
    finding
        .advice
        .push("Switch foreign keys off before the transaction begins, and on again after it.".to_owned());
    finding.advice.push(tool_advice::foreign_keys_off(context.history.tool));
    finding
        .advice
        .push("Run PRAGMA foreign_key_check before COMMIT: it lists rows whose parents are missing.".to_owned());
    finding
}

fn switches_foreign_keys_off(context: &Context<'_>, earlier: &Neighbour<'_>) -> bool {
    match dbwright_sql::summarise(context.history.engine, &earlier.statement.text) {
        Summary::Pragma {
            name,
            value: Some(value),
        } => name == "foreign_keys" && matches!(value.as_str(), "off" | "0" | "false" | "no"),
        _ => false,
    }
}
