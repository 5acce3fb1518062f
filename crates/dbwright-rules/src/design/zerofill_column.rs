//! A number with ZEROFILL.
//!
//! It pads numbers with zeros when a client prints them, makes the column UNSIGNED without saying so, and is deprecated on
//! MySQL. How numbers look is a matter of the program that shows them.
//!
//! It is fine: values are stored as they are.
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, number int(6) ZEROFILL NOT NULL);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, number int unsigned NOT NULL);
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.7/en/numeric-type-attributes.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::TypeName;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "zerofill-column",
    group: Group::Design,
    severity: Severity::Note,
    engines: &[Engine::MySql, Engine::MariaDb],
    claims: &[Claim::Nothing],
    source: include_str!("zerofill_column.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        if TypeName::parse(&column.column.type_name).zerofill {
            flaws.push(
                Flaw::new(column.id, "is padded with zeros, which is deprecated")
                    .of_many("are padded with zeros, which is deprecated")
                    .advice("Pad with lpad() or in the program, or store a text."),
            );
        }
    }
}
