//! A constraint that the server does not enforce.
//!
//! `NOT ENFORCED` writes down what should hold; rows that break it are let in all the same.
//!
//! It is fine as documentation, where another system keeps the rule.
//!
//! ```sql bad postgres from:18
//! CREATE TABLE orders (id bigint PRIMARY KEY, total integer NOT NULL, CONSTRAINT total_is_positive CHECK (total > 0) NOT ENFORCED);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, total integer NOT NULL, CONSTRAINT total_is_positive CHECK (total > 0));
//! ```
//!
//! ```sql bad mysql
//! CREATE TABLE orders (id bigint PRIMARY KEY, total int NOT NULL, CONSTRAINT total_is_positive CHECK (total > 0) NOT ENFORCED);
//! ```
//!
//! ```sql good mysql
//! CREATE TABLE orders (id bigint PRIMARY KEY, total int NOT NULL, CONSTRAINT total_is_positive CHECK (total > 0));
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-createtable.html> and
//! <https://dev.mysql.com/doc/refman/9.7/en/create-table-check-constraints.html>.

use dbwright_catalog::{ConstraintKind, Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "constraint-not-enforced",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::MySql],
    claims: &[Claim::Nothing],
    source: include_str!("constraint_not_enforced.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        for (id, constraint) in table.constraints.iter().filter(|(_, constraint)| !constraint.enforced) {
            let is_trigger = constraint.kind == ConstraintKind::Trigger;
            if !is_trigger {
                let flaw = Flaw::new(id, "is not enforced: rows that break it are let in");
                flaws.push(flaw.advice("Enforce it, or drop it and say the rule in a comment."));
            }
        }
    }
}
