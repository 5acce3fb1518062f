//! A foreign key whose columns no index begins with.
//!
//! Whenever a row of the referenced table is deleted, or its key changes, the server searches this table for rows that refer
//! to it, from end to end where there is no index, once for every such row.
//! So do joins from the one table to the other. MySQL and MariaDB make the index themselves.
//! Where the key says CASCADE or SET NULL, rows of the other table are meant to be deleted, and the finding is a warning; else a
//! note.
//!
//! It is fine where the referenced rows are never deleted and nobody asks in that direction.
//!
//! ```sql setup postgres
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE);
//! CREATE INDEX orders_customer_id_idx ON orders (customer_id, id);
//! CREATE TABLE notes (customer_id bigint REFERENCES customers, number integer, PRIMARY KEY (customer_id, number));
//! CREATE TABLE calls (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers);
//! CREATE INDEX calls_customer_id_idx ON calls (customer_id) WHERE customer_id IS NOT NULL;
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id));
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id));
//! CREATE INDEX orders_customer_id_idx ON orders (customer_id);
//! CREATE TABLE cards (customer_id INTEGER PRIMARY KEY REFERENCES customers (id));
//! ```
//!
//! See <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK> and
//! <https://www.sqlite.org/foreignkeys.html#fk_indexes>.

use dbwright_catalog::{ConstraintKind, Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::{IndexFacts, Schema, TableFacts};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "foreign-key-without-index",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("foreign_key_without_index.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (table, id, key) in schema.foreign_keys() {
        if serves(table, &key.columns) {
            continue;
        }
        let columns = phrase::list(&key.columns);
        let (wanted, severity) = match key.on_delete.as_str() {
            "CASCADE" => ("for rows to delete with it", Severity::Warning),
            "SET NULL" | "SET DEFAULT" => ("for rows to change", Severity::Warning),
            // Rows with others that refer to them are not deleted as a habit.
            _ => ("for rows that refer to it", Severity::Note),
        };
        flaws.push(
            Flaw::new(id, format!("has no index that begins with {columns}"))
                .called("foreign key")
                .severity(severity)
                .with(table.id)
                .fact(format!(
                    "Deleting a row of {} reads {} from end to end, {wanted}.",
                    key.references, table.id
                ))
                .advice(format!("Create an index on {} ({}).", table.id, key.columns.join(", "))),
        );
    }
}

/// Whether the server finds rows by these columns without reading the whole table.
pub(crate) fn serves(table: &TableFacts<'_>, wanted: &[String]) -> bool {
    let begins = |columns: &[&str]| {
        columns.len() >= wanted.len()
            && columns[..wanted.len()]
                .iter()
                .all(|column| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(column)))
    };
    let of_constraint = table.constraints.iter().any(|(_, constraint)| match &constraint.kind {
        ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) => {
            begins(&columns.iter().map(String::as_str).collect::<Vec<_>>())
        }
        ConstraintKind::ForeignKey(_)
        | ConstraintKind::Check(_)
        | ConstraintKind::Exclusion(_)
        | ConstraintKind::NotNull(_)
        | ConstraintKind::Trigger => false,
    });
    of_constraint
        || table.indexes.iter().any(|index| {
            let leading: Vec<&str> = index.parts.iter().map_while(|part| part.column.as_deref()).collect();
            let is_searched = matches!(index.index.method.as_str(), "btree" | "hash");
            is_searched && begins(&leading) && is_over_all(index, wanted)
        })
}

/// Whether the index holds every row that can refer to something.
fn is_over_all(index: &IndexFacts<'_>, columns: &[String]) -> bool {
    let Some(predicate) = &index.index.predicate else {
        return true;
    };
    let predicate = predicate.to_lowercase().replace(['(', ')', '"'], "");
    columns
        .iter()
        .any(|column| predicate.trim() == format!("{} is not null", column.to_lowercase()))
}
