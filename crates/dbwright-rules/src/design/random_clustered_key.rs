//! A clustered primary key that is filled with random values.
//!
//! InnoDB keeps a table in the order of its primary key.
//! Random keys (`uuid()` with its fast-moving part in front, random bytes) put each new row somewhere else: pages split and stay
//! half empty, and as soon as the table is larger than the buffer pool, every insert reads a page.
//! Every secondary index holds a copy of the key, all 36 letters of it where the UUID is text.
//!
//! It is fine for tables that stay in memory.
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE sessions (id char(36) PRIMARY KEY DEFAULT (uuid()), note text);
//! ```
//!
//! ```sql good mysql
//! CREATE TABLE sessions (id binary(16) PRIMARY KEY DEFAULT (uuid_to_bin(uuid(), 1)), note text);
//! ```
//!
//! ```sql good mariadb
//! CREATE TABLE sessions (id uuid PRIMARY KEY DEFAULT uuid(), note text);
//! ```
//!
//! MariaDB's type `uuid` stores the parts in an order that grows. UUIDs of version 7 grow as well.
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/innodb-index-types.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/miscellaneous-functions.html#function_uuid-to-bin> and
//! <https://mariadb.com/docs/server/reference/data-types/string-data-types/uuid-data-type>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "random-clustered-key",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("random_clustered_key.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        let is_innodb = table
            .mysql_family()
            .is_some_and(|it| it.storage_engine.eq_ignore_ascii_case("InnoDB"));
        let first = table.primary_key().and_then(<[String]>::first);
        let Some(column) = first.and_then(|name| table.column(name)).filter(|_| is_innodb) else {
            continue;
        };
        let default = column
            .column
            .default
            .as_deref()
            .unwrap_or_default()
            .to_lowercase()
            .replace(' ', "");
        let is_random = ["uuid()", "uuid_v4()", "random_bytes(", "rand("]
            .iter()
            .any(|call| default.contains(call));
        let grows = default.contains("uuid_to_bin(uuid(),1)")
            || default.contains("uuid_to_bin(uuid(),true)")
            || column.column.type_name == "uuid" && !default.contains("uuid_v4()");
        if is_random && !grows {
            flaws.push(
                Flaw::new(column.id, "orders the table by random values")
                    .fact("InnoDB keeps rows in the order of the primary key, and a copy of the key in every other index.")
                    .advice("Use keys that grow (UUIDs of version 7, `uuid_to_bin(uuid(), 1)`), stored as binary(16)."),
            );
        }
    }
}
