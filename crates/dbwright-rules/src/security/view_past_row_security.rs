//! A view that shows rows past the row security of its tables.
//!
//! A view reads with the rights of its owner, who is not subject to the policies of tables of their own. Whoever may read the
//! view sees every row. From version 15 on, `security_invoker` makes it read with the rights of whoever asks.
//! A materialized view was filled by its owner and has no rows of anybody in particular.
//!
//! It is fine where the view itself shows only what everybody may see.
//!
//! ```sql bad postgres
//! CREATE TABLE notes (id bigint PRIMARY KEY, owner text NOT NULL);
//! ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
//! CREATE POLICY notes_of_owner ON notes USING (owner = current_user);
//! CREATE VIEW recent_notes AS SELECT * FROM notes WHERE id > 100;
//! ```
//!
//! ```sql good postgres from:15
//! CREATE TABLE notes (id bigint PRIMARY KEY, owner text NOT NULL);
//! ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
//! CREATE POLICY notes_of_owner ON notes USING (owner = current_user);
//! CREATE VIEW recent_notes WITH (security_invoker = true) AS SELECT * FROM notes WHERE id > 100;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-createview.html> and
//! <https://www.postgresql.org/docs/current/ddl-rowsecurity.html>.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Engine, Group, ObjectBody, ObjectId, ObjectKind, Severity};

use crate::flaw::Flaw;
use crate::schema::{Schema, TableFacts};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "view-past-row-security",
    group: Group::Security,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("view_past_row_security.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let mut read: BTreeMap<&ObjectId, BTreeSet<ObjectId>> = BTreeMap::new();
    for dependency in &schema.catalog.dependencies {
        let table = dependency.on.owner_table().unwrap_or_else(|| dependency.on.clone());
        let is_secured = |facts: &TableFacts<'_>| facts.postgres().is_some_and(|extra| extra.row_security);
        if dependency.dependent.kind == ObjectKind::View && schema.table(&table).is_some_and(is_secured) {
            read.entry(&dependency.dependent).or_default().insert(table);
        }
    }
    for object in schema.objects(ObjectKind::View) {
        let (ObjectBody::View(view), Some(tables)) = (&object.body, read.get(&object.id)) else {
            continue;
        };
        let options = view.postgres.as_ref().map_or(&[][..], |postgres| &postgres.options);
        if options.iter().any(|option| asks_as_invoker(option)) {
            continue;
        }
        let flaw = Flaw::new(
            &object.id,
            format!("shows rows of {} past its row security", phrase::list(tables)),
        );
        flaws.push(if view.materialized {
            flaw.advice("Keep it from roles that may not see all rows.")
        } else if schema.major() >= 15 {
            flaw.advice(format!("`ALTER VIEW {} SET (security_invoker = true)`.", object.id))
        } else {
            flaw.advice("Say in the view itself which rows may be seen.")
        });
    }
}

/// Whether an option is `security_invoker`, with any of the words for a truth.
fn asks_as_invoker(option: &str) -> bool {
    let option = option.to_lowercase();
    let (name, value) = option.split_once('=').unwrap_or((&option, "true"));
    name == "security_invoker" && matches!(value, "true" | "on" | "1" | "yes")
}
