//! A FLOAT or DOUBLE with a number of digits.
//!
//! `FLOAT(8, 2)` rounds what is written to two decimals and is still inexact. It is no standard SQL, and deprecated on MySQL.
//! Who needs two decimals needs DECIMAL.
//!
//! It is fine: values are what they were.
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE readings (id bigint PRIMARY KEY, temperature float(8, 2) NOT NULL);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE readings (id bigint PRIMARY KEY, temperature decimal(8, 2) NOT NULL, pressure float);
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/floating-point-types.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::TypeName;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "float-with-digits",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("float_with_digits.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        let type_name = TypeName::parse(&column.column.type_name);
        let is_floating = matches!(type_name.base.trim_end_matches(" unsigned"), "float" | "double");
        if is_floating && type_name.arguments.is_some_and(|arguments| arguments.contains(',')) {
            let flaw = Flaw::new(
                column.id,
                format!("is {}, which rounds and is inexact", column.column.type_name),
            );
            flaws
                .push(flaw.advice("Use decimal for exact digits, float or double without digits for measured values."));
        }
    }
}
