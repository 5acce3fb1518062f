//! A column of the type `money`.
//!
//! How many decimals it has, and how it is read and printed, depends on `lc_monetary` of each session: a dump restored under
//! another locale may hold other amounts. It knows no currency, and dividing two of them gives a floating-point number.
//!
//! It is fine as long as the locale never changes, and no cents are divided.
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, total money NOT NULL);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(12, 2) NOT NULL);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-money.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::TypeName;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "money-type",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &[Engine::Postgres],
    claims: &[Claim::Nothing],
    source: include_str!("money_type.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        if TypeName::parse(&column.column.type_name).base == "money" {
            flaws.push(
                Flaw::new(column.id, "is money, which changes with the locale")
                    .of_many("are money, which changes with the locale")
                    .advice("Use numeric, with a column for the currency where there are several."),
            );
        }
    }
}
