//! A constraint that was added with NOT VALID and never validated.
//!
//! New rows are checked; whether old ones satisfy it, nobody knows, and the planner does not count on it.
//! Such a constraint is one half of the safe way to add one: `VALIDATE CONSTRAINT` is the other.
//!
//! It is fine while the validation is still to come, in a migration of its own.
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, total integer NOT NULL);
//! ALTER TABLE orders ADD CONSTRAINT total_is_positive CHECK (total > 0) NOT VALID;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, total integer NOT NULL);
//! ALTER TABLE orders ADD CONSTRAINT total_is_positive CHECK (total > 0) NOT VALID;
//! ALTER TABLE orders VALIDATE CONSTRAINT total_is_positive;
//! ```
//!
//! Reported by `dbwright schema lint` only.
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "constraint-not-validated",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("constraint_not_validated.rs"),
    on_by_default: true,
    check: Check::WholeCatalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        for (id, constraint) in &table.constraints {
            if !constraint.validated && constraint.enforced {
                flaws.push(
                    Flaw::new(id, "was never validated: old rows may break it").advice(format!(
                        "`ALTER TABLE {} VALIDATE CONSTRAINT {}`: it reads the table without blocking writes.",
                        table.id,
                        id.name()
                    )),
                );
            }
        }
    }
}
