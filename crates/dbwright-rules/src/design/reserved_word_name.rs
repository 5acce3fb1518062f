//! A table or column whose name is a keyword.
//!
//! It has to be quoted in some or all places, and whoever forgets that gets a syntax error, or something else: `SELECT user`
//! is the current user.
//!
//! It is fine where a program writes all the SQL. The rule is off unless you ask for it.
//!
//! ```sql bad postgres
//! CREATE TABLE "order" (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE "order" (id INTEGER PRIMARY KEY);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/sql-keywords-appendix.html> and <https://www.sqlite.org/lang_keywords.html>.

use dbwright_catalog::{Engine, Group, ObjectId, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "reserved-word-name",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::Sqlite],
    claims: &[Claim::Nothing],
    source: include_str!("reserved_word_name.rs"),
    on_by_default: false,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let is_plain = |name: &str| name.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_');
    let is_keyword =
        |id: &ObjectId| is_plain(id.name()) && dbwright_ddl::quote_identifier(schema.engine(), id.name()) != id.name();
    for table in schema.tables() {
        let columns = table.columns.iter().map(|column| column.id);
        for id in std::iter::once(table.id).chain(columns).filter(|id| is_keyword(id)) {
            let flaw = Flaw::new(id, "has a keyword for its name").of_many("have keywords for their names");
            flaws.push(flaw.advice("Choose another word, such as the plural."));
        }
    }
}
