//! An amount of money in a floating-point column.
//!
//! `0.1 + 0.2` is `0.30000000000000004` there, sums depend on the order of the rows, and equal amounts are not equal.
//! `numeric(12, 2)`, or an integer that counts cents, is exact.
//!
//! Told by the name of the column: price, amount, balance, cost, fee, salary, and words like them.
//! It is fine for amounts that are estimated or measured, where nobody counts cents.
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, unit_price double precision NOT NULL);
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, unit_price numeric(12, 2) NOT NULL, weight double precision);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, unit_price double NOT NULL);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, unit_price decimal(12, 2) NOT NULL, weight double);
//! ```
//!
//! SQLite has no exact decimals: count cents in an INTEGER.
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, unit_price REAL NOT NULL);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, unit_price_cents INTEGER NOT NULL, weight REAL);
//! ```
//!
//! See <https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT>,
//! <https://dev.mysql.com/doc/refman/9.7/en/problems-with-float.html> and <https://www.sqlite.org/floatingpoint.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::schema::Schema;
use crate::schema::types::{Affinity, TypeName, words};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "inexact-money",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("inexact_money.rs"),
    on_by_default: true,
    check: Check::Catalog(check),
};

/// Words in names of amounts that are paid or owed.
const MONEY: [&str; 20] = [
    "price", "prices", "amount", "balance", "cost", "fee", "salary", "wage", "payment", "subtotal", "revenue",
    "income", "invoice", "refund", "deposit", "payout", "tax", "vat", "usd", "eur",
];

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for (_, column) in schema.columns() {
        let names_money = words(column.id.name())
            .iter()
            .any(|word| MONEY.contains(&word.as_str()));
        let type_name = &column.column.type_name;
        if names_money && is_floating(schema.engine(), type_name) && column.column.generated.is_none() {
            let exact = match schema.engine() {
                Engine::Postgres => "Use numeric, or an integer that counts cents.",
                Engine::MySql | Engine::MariaDb => "Use decimal, or an integer that counts cents.",
                Engine::Sqlite => "Use an INTEGER that counts cents.",
            };
            let flaw = Flaw::new(column.id, format!("keeps money as {type_name}, which rounds"));
            flaws.push(
                flaw.of_many("keep money in floating-point numbers, which round")
                    .advice(exact),
            );
        }
    }
}

fn is_floating(engine: Engine, type_name: &str) -> bool {
    if engine == Engine::Sqlite {
        return Affinity::of(type_name) == Affinity::Real;
    }
    let base = TypeName::parse(type_name).base;
    matches!(
        base.trim_end_matches(" unsigned"),
        "real" | "double precision" | "double" | "float"
    )
}
