//! An index that is the same as another one.
//!
//! Every write to the table maintains both, both take room in memory, and the planner uses one of them.
//! An index that a unique constraint or a primary key owns serves queries as any other does.
//!
//! It is fine for a moment, while one replaces the other.
//!
//! ```sql bad postgres
//! CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
//! CREATE INDEX users_email_idx ON users (email);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
//! CREATE INDEX users_email_prefix_idx ON users (email text_pattern_ops);
//! CREATE INDEX users_email_lower_idx ON users (lower(email));
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE users (id bigint PRIMARY KEY, email varchar(200) NOT NULL UNIQUE, KEY email_index (email));
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE users (id bigint PRIMARY KEY, email varchar(200) NOT NULL UNIQUE);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);
//! CREATE INDEX users_email ON users (email);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);
//! CREATE INDEX users_email ON users (email COLLATE NOCASE);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/indexes-unique.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/create-index.html> and <https://www.sqlite.org/lang_createindex.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::{IndexFacts, Schema};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "duplicate-index",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("duplicate_index.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        for (number, index) in table.indexes.iter().enumerate() {
            let mut others = table.indexes.iter().enumerate();
            let Some((_, other)) = others.find(|(place, other)| is_kept_for(other, index, *place < number)) else {
                continue;
            };
            flaws.push(
                Flaw::new(index.id, format!("is the same as {}", other.called()))
                    .with(other.id)
                    .fact(format!("Both are over {}.", keys(index)))
                    .advice(format!("Drop {}.", index.id)),
            );
        }
    }
}

/// Whether `other` does all that `index` does, so that `index` may go: of two that are alike, the later one by name.
fn is_kept_for(other: &IndexFacts<'_>, index: &IndexFacts<'_>, is_earlier: bool) -> bool {
    let texts = |index: &IndexFacts<'_>| index.parts.iter().map(|part| part.text.clone()).collect::<Vec<_>>();
    let is_alike = other.id != index.id
        && other.index.method == index.index.method
        && texts(other) == texts(index)
        && other.index.included == index.index.included
        && other.index.predicate == index.index.predicate
        && other.index.valid;
    // What is unique does more than what is not, and what a constraint owns can't be dropped by itself.
    let rank = |index: &IndexFacts<'_>| {
        (
            index.index.unique,
            index.index.of_constraint,
            index.index.nulls_not_distinct,
        )
    };
    let is_needed =
        index.index.unique && !other.index.unique || index.index.nulls_not_distinct && !other.index.nulls_not_distinct;
    is_alike && !is_needed && (rank(other) > rank(index) || rank(other) == rank(index) && is_earlier)
}

fn keys(index: &IndexFacts<'_>) -> String {
    let parts: Vec<&str> = index.parts.iter().map(|part| part.text.as_str()).collect();
    format!("({})", parts.join(", "))
}
