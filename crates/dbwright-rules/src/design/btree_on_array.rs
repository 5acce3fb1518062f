//! A B-tree index on an array column.
//!
//! It compares whole arrays: it finds rows whose array *is* `{a,b}`, and none whose array *contains* `a`.
//! `@>`, `&&` and `= ANY (column)` don't use it; a GIN index is made for them.
//!
//! It is fine where whole arrays are looked up or sorted.
//!
//! ```sql bad postgres
//! CREATE TABLE posts (id bigint PRIMARY KEY, tags text[] NOT NULL);
//! CREATE INDEX posts_tags_idx ON posts (tags);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE posts (id bigint PRIMARY KEY, tags text[] NOT NULL);
//! CREATE INDEX posts_tags_idx ON posts USING gin (tags);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/indexes-types.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::TypeName;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "btree-on-array",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("btree_on_array.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        for index in table
            .indexes
            .iter()
            .filter(|index| index.index.method == "btree" && !index.index.unique)
        {
            let first = index.parts.first().and_then(|part| part.column.as_deref());
            let Some(column) = first.and_then(|name| table.column(name)) else {
                continue;
            };
            if TypeName::parse(&column.column.type_name).is_array {
                flaws.push(
                    Flaw::new(
                        index.id,
                        format!("finds whole arrays in {}, and no elements", column.id),
                    )
                    .with(column.id)
                    .advice("Use a GIN index for @> and &&."),
                );
            }
        }
    }
}
