//! Columns that are joined with each other have different collations or character sets.
//!
//! Comparing them fails with "Illegal mix of collations", or converts one side for every row, so that its index is of no use.
//!
//! Reported of text columns that name the same thing (`order_id`, `order_uuid`, `country_code`) in several tables.
//! It is fine where they are never compared.
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE orders (order_uuid varchar(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY);
//! CREATE TABLE parcels (id bigint PRIMARY KEY, order_uuid varchar(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (order_uuid varchar(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY);
//! CREATE TABLE parcels (id bigint PRIMARY KEY, order_uuid varchar(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin);
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/charset-collation-coercibility.html>.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::types::words;
use crate::schema::{ColumnFacts, Schema};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "mixed-collations",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("mixed_collations.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let mut named: BTreeMap<String, Vec<(ColumnFacts<'_>, &str)>> = BTreeMap::new();
    for (_, column) in schema.columns() {
        let words = words(column.id.name());
        let is_reference = words.len() > 1
            && words
                .last()
                .is_some_and(|last| matches!(last.as_str(), "id" | "uuid" | "code" | "key" | "slug"));
        if let Some(collation) = column.column.collation.as_deref().filter(|_| is_reference) {
            named
                .entry(column.id.name().to_lowercase())
                .or_default()
                .push((column, collation));
        }
    }
    for columns in named.values() {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, collation) in columns {
            *counts.entry(collation).or_default() += 1;
        }
        // Of two that are as frequent, the first one is the usual one.
        let first = columns.iter().map(|(_, collation)| *collation).next();
        let usual = counts
            .iter()
            .max_by_key(|(name, count)| (**count, Some(**name) == first));
        let Some((usual, _)) = usual else { continue };
        let Some((example, _)) = columns.iter().find(|(_, collation)| collation == usual) else {
            continue;
        };
        for (column, collation) in columns.iter().filter(|(_, collation)| collation != usual) {
            flaws.push(
                Flaw::new(
                    column.id,
                    format!("has the collation {collation}, and {} has {usual}", example.id),
                )
                .with(example.id)
                .advice("Give both the same collation: a comparison of the two uses no index, or fails."),
            );
        }
    }
}
