//! Rights granted to PUBLIC.
//!
//! PUBLIC is every role that there is and will be, also one that is created for a dashboard. A right granted to it can't be
//! taken from a single role.
//! Schemas in which everybody may create objects let any role put functions and tables where others look for names.
//!
//! The rights that PUBLIC has by default (calling functions, using types) are not reported; reading alone is a note.
//! It is fine in a database that a single program uses.
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY);
//! GRANT SELECT, UPDATE ON orders TO PUBLIC;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY);
//! CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
//! GRANT EXECUTE ON FUNCTION one() TO PUBLIC;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-priv.html>.

use dbwright_catalog::{Engine, Group, ObjectBody, ObjectKind, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "granted-to-public",
    group: Group::Security,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("granted_to_public.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for object in schema.objects(ObjectKind::Grant) {
        let (ObjectBody::Grant(grant), Some(target)) = (&object.body, object.id.target()) else {
            continue;
        };
        let is_public = object.id.name() == "public";
        let is_default = |name: &str| matches!(name, "USAGE" | "EXECUTE" | "CONNECT" | "TEMPORARY");
        let rights: Vec<&str> = grant
            .privileges
            .iter()
            .map(|privilege| privilege.name.as_str())
            .collect();
        let rights: Vec<&str> = rights.into_iter().filter(|name| !is_default(name)).collect();
        if !is_public || rights.is_empty() {
            continue;
        }
        let reads_only = rights.iter().all(|right| *right == "SELECT");
        let flaw = Flaw::new(
            &target,
            format!("grants {} to every role there is", phrase::list(&rights)),
        )
        .with(&object.id)
        .advice(format!(
            "`REVOKE … ON {} {target} FROM PUBLIC`, and grant to roles by name.",
            target.kind.name()
        ));
        flaws.push(if reads_only {
            flaw.severity(Severity::Note)
        } else {
            flaw
        });
    }
}
