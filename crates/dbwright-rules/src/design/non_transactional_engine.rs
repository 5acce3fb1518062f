//! A table in a storage engine without transactions.
//!
//! Writes to it are not undone by a rollback, a crash can leave it damaged or half-written, one writer locks the whole table,
//! and foreign keys are accepted and ignored.
//!
//! It is fine for `MEMORY` tables that may vanish, and for archives that nobody changes.
//!
//! ```sql bad mysql
//! CREATE TABLE orders (id bigint PRIMARY KEY) ENGINE = MyISAM;
//! ```
//!
//! ```sql bad mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY) ENGINE = Aria;
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY) ENGINE = InnoDB;
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/myisam-storage-engine.html> and
//! <https://mariadb.com/docs/server/server-usage/storage-engines/aria/aria-storage-engine>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "non-transactional-engine",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("non_transactional_engine.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for table in schema.tables() {
        let engine = table.mysql_family().map_or("", |extra| extra.storage_engine.as_str());
        if matches!(
            engine.to_lowercase().as_str(),
            "myisam" | "aria" | "mrg_myisam" | "csv" | "merge"
        ) {
            let flaw = Flaw::new(table.id, format!("is stored in {engine}, which knows no transactions"));
            flaws.push(flaw.advice("Use ENGINE = InnoDB."));
        }
    }
}
