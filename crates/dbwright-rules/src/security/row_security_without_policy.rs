//! A table under row level security without a policy.
//!
//! Nobody but its owner (and roles that bypass row security) sees or writes a row of it, whatever they were granted: queries
//! return nothing and say nothing.
//!
//! It is fine where that is meant, for tables of which only the server side knows.
//!
//! ```sql bad postgres
//! CREATE TABLE notes (id bigint PRIMARY KEY, owner text NOT NULL);
//! ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE notes (id bigint PRIMARY KEY, owner text NOT NULL);
//! ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
//! CREATE POLICY notes_of_owner ON notes USING (owner = current_user);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-rowsecurity.html>.

use std::collections::BTreeSet;

use dbwright_catalog::{Engine, Group, ObjectId, ObjectKind, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "row-security-without-policy",
    group: Group::Security,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("row_security_without_policy.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let with_policies: BTreeSet<ObjectId> = schema
        .objects(ObjectKind::Policy)
        .filter_map(|policy| policy.id.owner_table())
        .collect();
    for table in schema.tables() {
        if table.postgres().is_some_and(|extra| extra.row_security) && !with_policies.contains(table.id) {
            flaws.push(
                Flaw::new(
                    table.id,
                    "is under row security and has no policy: only its owner sees rows",
                )
                .advice("Create policies for those who shall see rows."),
            );
        }
    }
}
