//! A SECURITY DEFINER function that trusts the caller's search path.
//!
//! It runs with its owner's rights, and looks up names where the *caller* says: whoever can create a table, a function or an
//! operator in a schema of their own (or a temporary table) has it run theirs, as the owner.
//!
//! It is fine where only trusted roles may call it.
//!
//! ```sql bad postgres
//! CREATE FUNCTION total(customer bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN length(customer::text); END $$;
//! ```
//!
//! ```sql good postgres
//! CREATE FUNCTION total(customer bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
//!   SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN length(customer::text); END $$;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY>.

use dbwright_catalog::{Engine, Group, ObjectBody, ObjectKind, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "security-definer-search-path",
    group: Group::Security,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("security_definer_search_path.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for object in schema.objects(ObjectKind::Routine) {
        let ObjectBody::Routine(routine) = &object.body else {
            continue;
        };
        // The names in a body that the server has parsed are settled, and code in C looks up none.
        let Some((head, _)) = object.definition.split_once("\nAS ") else {
            continue;
        };
        let is_settled = head.to_lowercase().contains("set search_path") || routine.language == "c";
        if routine.security_definer && !is_settled {
            flaws.push(
                Flaw::new(
                    &object.id,
                    "runs with its owner's rights and looks up names by the caller's search path",
                )
                .advice("Add `SET search_path = pg_catalog, pg_temp`, and write other names with their schema."),
            );
        }
    }
}
