//! A text column whose name says that it holds JSON or a UUID.
//!
//! The server has types for both: it refuses what is none, stores them smaller (a UUID in 16 bytes instead of 37) and can look
//! into them.
//!
//! It is fine where values come from elsewhere and may be wrong. The rule is off unless you ask for it.
//!
//! ```sql bad postgres
//! CREATE TABLE events (id bigint PRIMARY KEY, payload_json text NOT NULL, request_uuid varchar(36));
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE events (id bigint PRIMARY KEY, payload_json jsonb NOT NULL, request_uuid uuid);
//! ```
//!
//! ```sql bad mysql
//! CREATE TABLE events (id bigint PRIMARY KEY, payload_json text NOT NULL);
//! ```
//!
//! ```sql good mysql
//! CREATE TABLE events (id bigint PRIMARY KEY, payload_json json NOT NULL);
//! ```
//!
//! ```sql bad mariadb
//! CREATE TABLE events (id bigint PRIMARY KEY, request_uuid varchar(36) NOT NULL);
//! ```
//!
//! ```sql good mariadb
//! CREATE TABLE events (id bigint PRIMARY KEY, request_uuid uuid NOT NULL);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-uuid.html>, <https://dev.mysql.com/doc/refman/9.7/en/json.html> and
//! <https://mariadb.com/docs/server/reference/data-types/string-data-types/uuid-data-type>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::{TypeName, words};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "untyped-text",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("untyped_text.rs"),
    on_by_default: false,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        if !TypeName::parse(&column.column.type_name).is_text() {
            continue;
        }
        let words = words(column.id.name());
        let has = |wanted: &str| words.iter().any(|word| word == wanted);
        let (what, better) = match schema.engine() {
            Engine::Postgres if has("json") => ("JSON", "jsonb"),
            Engine::MySql if has("json") => ("JSON", "json"),
            Engine::Postgres | Engine::MariaDb if has("uuid") => ("a UUID", "uuid"),
            Engine::Postgres | Engine::MySql | Engine::MariaDb | Engine::Sqlite => continue,
        };
        let flaw = Flaw::new(
            column.id,
            format!("is {} and named after {what}", column.column.type_name),
        );
        flaws.push(flaw.advice(format!("Use the type {better}.")));
    }
}
