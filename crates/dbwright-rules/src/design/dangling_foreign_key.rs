//! A foreign key that refers to a table, a column or a key that does not exist.
//!
//! SQLite accepts it, and fails as soon as a row is written with foreign keys switched on: `foreign key mismatch`, or
//! `no such table`.
//! The referenced columns must be the primary key or have a unique index of their own, with no `WHERE` and the same collations.
//!
//! It is fine until then, for example while the other table is still to come.
//!
//! ```sql bad sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT);
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_email TEXT REFERENCES customers (email));
//! CREATE INDEX orders_email ON orders (customer_email);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT UNIQUE);
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_email TEXT REFERENCES customers (email));
//! CREATE INDEX orders_email ON orders (customer_email);
//! ```
//!
//! See <https://www.sqlite.org/foreignkeys.html#fk_indexes>.

use dbwright_catalog::{Engine, ForeignKey, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "dangling-foreign-key",
    group: Group::Design,
    severity: Severity::Error,
    engines: &[Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("dangling_foreign_key.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, id, key) in schema.foreign_keys() {
        let Some(says) = mistake(schema, key) else { continue };
        flaws.push(
            Flaw::new(id, says)
                .called("foreign key")
                .with(&key.references)
                .fact("With foreign keys switched on, SQLite refuses to write rows of this table.")
                .advice("Refer to the primary key, or to columns with a unique index of their own."),
        );
    }
}

fn mistake(schema: &Schema<'_>, key: &ForeignKey) -> Option<String> {
    let Some(parent) = schema.table(&key.references) else {
        return Some(format!("refers to the table {}, which does not exist", key.references));
    };
    if let Some(missing) = key.referenced_columns.iter().find(|name| parent.column(name).is_none()) {
        return Some(format!("refers to {}.{missing}, which does not exist", key.references));
    }
    if key.referenced_columns.is_empty() {
        return Some(format!(
            "refers to the primary key of {}, which has none",
            key.references
        ));
    }
    let is_wanted = |columns: &[&str]| {
        columns.len() == key.referenced_columns.len()
            && key
                .referenced_columns
                .iter()
                .all(|wanted| columns.iter().any(|column| column.eq_ignore_ascii_case(wanted)))
    };
    let primary_key = parent.primary_key().unwrap_or_default();
    let is_primary_key = is_wanted(&primary_key.iter().map(String::as_str).collect::<Vec<_>>());
    let is_unique = parent.indexes.iter().any(|index| {
        index.index.unique
            && index.index.predicate.is_none()
            && index.key_columns().is_some_and(|columns| is_wanted(&columns))
    });
    let columns = phrase::list(&key.referenced_columns);
    (!is_primary_key && !is_unique)
        .then(|| format!("refers to {columns} of {}, which no key keeps unique", key.references))
}
