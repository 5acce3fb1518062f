//! A view, trigger or routine that runs as somebody else than the others.
//!
//! It runs with the rights of its DEFINER. Where most of a schema belongs to one account and a few objects to another (a
//! developer's, the one of an old server), they have rights that nobody thinks of, and fail for everybody once that account is
//! dropped: "The user specified as a definer does not exist".
//!
//! It is fine where the other account exists for just that.
//!
//! ```sql bad mysql
//! CREATE TABLE orders (id bigint PRIMARY KEY, total int NOT NULL);
//! CREATE VIEW small_orders AS SELECT id FROM orders WHERE total < 10;
//! CREATE VIEW large_orders AS SELECT id FROM orders WHERE total > 1000;
//! CREATE DEFINER = 'somebody'@'localhost' TRIGGER orders_total BEFORE INSERT ON orders FOR EACH ROW SET NEW.total = abs(NEW.total);
//! ```
//!
//! ```sql good mysql
//! CREATE TABLE orders (id bigint PRIMARY KEY, total int NOT NULL);
//! CREATE VIEW small_orders AS SELECT id FROM orders WHERE total < 10;
//! CREATE VIEW large_orders AS SELECT id FROM orders WHERE total > 1000;
//! CREATE TRIGGER orders_total BEFORE INSERT ON orders FOR EACH ROW SET NEW.total = abs(NEW.total);
//! ```
//!
//! Reported by `dbwright schema lint` only.
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/stored-objects-security.html>.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, Group, ObjectBody, ObjectId, ObjectKind, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "foreign-definer",
    group: Group::Security,
    severity: Severity::Note,
    engines: &[Engine::MySql],
    claims: &[Claim::Nothing],
    source: include_str!("foreign_definer.rs"),
    on_by_default: true,
    check: Check::WholeCatalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    // The account that is the DEFINER is the owner.
    let owners = schema
        .objects(ObjectKind::Owner)
        .filter_map(|object| match &object.body {
            ObjectBody::Owner(owner) => Some((object.id.target()?, owner.role.as_str())),
            _ => None,
        });
    let runs_as_owner = |id: &ObjectId| {
        let object = schema.catalog.get(id);
        object.is_some_and(|object| !object.definition.contains("SQL SECURITY INVOKER"))
    };
    let definers: Vec<(ObjectId, &str)> = owners.filter(|(id, _)| runs_as_owner(id)).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, definer) in &definers {
        *counts.entry(definer).or_default() += 1;
    }
    let Some((usual, count)) = counts.iter().max_by_key(|(_, count)| **count) else {
        return;
    };
    for (id, definer) in definers.iter().filter(|(_, definer)| definer != usual) {
        if *count > 1 {
            flaws.push(
                Flaw::new(id, format!("runs as {definer}, and {count} others as {usual}"))
                    .advice("Create it anew with the same DEFINER as the others, or with SQL SECURITY INVOKER."),
            );
        }
    }
}
