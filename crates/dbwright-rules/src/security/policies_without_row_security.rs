//! A table with policies that do nothing.
//!
//! Policies are asked only where row level security is switched on for the table. Without that, everybody with the right to
//! read the table reads all of it, and the policies look as if they kept them from it.
//!
//! It is fine while the switch is still to come.
//!
//! ```sql bad postgres
//! CREATE TABLE notes (id bigint PRIMARY KEY, owner text NOT NULL);
//! CREATE POLICY notes_of_owner ON notes USING (owner = current_user);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE notes (id bigint PRIMARY KEY, owner text NOT NULL);
//! CREATE POLICY notes_of_owner ON notes USING (owner = current_user);
//! ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-rowsecurity.html>.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, Group, ObjectId, ObjectKind, Severity};

use crate::flaw::Flaw;
use crate::schema::{Schema, TableFacts};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "policies-without-row-security",
    group: Group::Security,
    severity: Severity::Error,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("policies_without_row_security.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let mut tables: BTreeMap<ObjectId, Vec<&str>> = BTreeMap::new();
    for policy in schema.objects(ObjectKind::Policy) {
        if let Some(table) = policy.id.owner_table() {
            tables.entry(table).or_default().push(policy.id.name());
        }
    }
    for (table, policies) in &tables {
        let is_secured = |facts: &TableFacts<'_>| facts.postgres().is_some_and(|extra| extra.row_security);
        if schema.table(table).is_some_and(|facts| !is_secured(facts)) {
            let flaw = Flaw::new(table, "has policies and no row security: they do nothing");
            flaws.push(
                policies
                    .iter()
                    .fold(flaw, |flaw, policy| {
                        flaw.with(&table.child(ObjectKind::Policy, *policy))
                    })
                    .fact(format!("Its policies are {}.", phrase::list(policies)))
                    .advice(format!("`ALTER TABLE {table} ENABLE ROW LEVEL SECURITY`.")),
            );
        }
    }
}
