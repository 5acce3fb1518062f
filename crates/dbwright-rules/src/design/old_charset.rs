//! Text in a character set that does not hold all of Unicode.
//!
//! `utf8mb3` (which `utf8` meant for long) has no room for emoji and rare characters: writing one fails, or cuts the text off
//! where strict mode is not on. It is deprecated. `latin1` holds Western European letters only.
//! Where tables with both are joined, one side is converted row by row.
//!
//! `ascii` is not reported: whoever writes it means it.
//! It is fine for columns that only ever hold codes.
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE users (id bigint PRIMARY KEY, name varchar(100) CHARACTER SET utf8mb3 NOT NULL);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE users (id bigint PRIMARY KEY, name varchar(100) CHARACTER SET utf8mb4 NOT NULL, code char(2) CHARACTER SET ascii);
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/charset-unicode-utf8mb3.html>.

use dbwright_catalog::{ColumnExtra, Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "old-charset",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("old_charset.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        let ColumnExtra::MySqlFamily(extra) = &column.column.extra else {
            continue;
        };
        let charset = extra.charset.as_deref().unwrap_or_default();
        let misses = match charset {
            "utf8" | "utf8mb3" => "emoji and other characters beyond the first 65,536",
            "latin1" => "all but Western European letters",
            _ => continue,
        };
        flaws.push(
            Flaw::new(column.id, format!("is {charset}, which has no room for {misses}"))
                .of_many(format!("are {charset}, which has no room for {misses}"))
                .advice("Use utf8mb4; `ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4` rewrites the table."),
        );
    }
}
