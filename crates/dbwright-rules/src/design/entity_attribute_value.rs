//! A table of entity, attribute and value.
//!
//! Every value is a text, so that no type, no NOT NULL and no foreign key holds; a query for three attributes joins the table
//! three times, and the planner has no statistics of any of them.
//!
//! It is fine for settings and for attributes that users invent. The rule is off unless you ask for it.
//!
//! ```sql bad postgres
//! CREATE TABLE product_attributes (product_id bigint, attribute text, value text, PRIMARY KEY (product_id, attribute));
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE products (id bigint PRIMARY KEY, color text, weight numeric, attributes jsonb NOT NULL DEFAULT '{}');
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE product_attributes (product_id bigint, attribute varchar(50), value text, PRIMARY KEY (product_id, attribute));
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE products (id bigint PRIMARY KEY, color varchar(20), attributes json);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE product_attributes (product_id INTEGER, attribute TEXT, value TEXT, PRIMARY KEY (product_id, attribute)) WITHOUT ROWID;
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE products (id INTEGER PRIMARY KEY, color TEXT, attributes TEXT);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-json.html>, <https://dev.mysql.com/doc/refman/9.7/en/json.html> and
//! <https://www.sqlite.org/json1.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::{TypeName, words};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "entity-attribute-value",
    group: Group::Design,
    severity: Severity::Note,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("entity_attribute_value.rs"),
    on_by_default: false,
    check: Check::Catalog(check),
};

/// A table with more columns than this is something else as well.
const COLUMNS_MAX: usize = 7;

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables().filter(|table| table.columns.len() <= COLUMNS_MAX) {
        let named = |wanted: &[&str]| {
            table.columns.iter().find(|column| {
                let is_wanted = words(column.id.name())
                    .last()
                    .is_some_and(|last| wanted.contains(&last.as_str()));
                is_wanted && TypeName::parse(&column.column.type_name).is_text()
            })
        };
        let attribute = named(&["attribute", "key", "property", "field"]);
        let value = named(&["value"]);
        let entity = table
            .columns
            .iter()
            .any(|column| words(column.id.name()).last().is_some_and(|last| last == "id"));
        if let (Some(attribute), Some(value), true) = (attribute, value, entity && table.columns.len() > 2) {
            flaws.push(
                Flaw::new(table.id, "keeps attributes of other things as rows of texts")
                    .with(attribute.id)
                    .with(value.id)
                    .advice("Make the attributes that are known columns, and keep the others as JSON."),
            );
        }
    }
}
