//! A default of `0000-00-00`.
//!
//! No such day exists. In strict mode the server refuses to write it, and with it the next `ALTER TABLE` of the table; drivers
//! turn it into NULL, an error or the year 1.
//!
//! It is fine where nobody ever leaves out the column; then it needs no default.
//!
//! ```sql bad mysql mariadb
//! SET SESSION sql_mode = '';
//! CREATE TABLE orders (id bigint PRIMARY KEY, shipped_at datetime NOT NULL DEFAULT '0000-00-00 00:00:00');
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, shipped_at datetime);
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/sql-mode.html#sqlmode_no_zero_date>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "zero-date-default",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("zero_date_default.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        let default = column.column.default.as_deref().unwrap_or_default();
        if default.trim_matches('\'').starts_with("0000-00-00") {
            flaws.push(
                Flaw::new(column.id, "has a default that is no day")
                    .of_many("have a default that is no day")
                    .advice("Let it be NULL, or take away the default."),
            );
        }
    }
}
