//! A counter that numbers rows has used up most of its numbers.
//!
//! A sequence, an identity column and an `AUTO_INCREMENT` end where their type ends; then every insert fails.
//! Numbers are used up faster than rows: a rolled-back insert, a conflict and a deleted row take one each.
//! Making the key larger rewrites the table and every table that refers to it, so that it has to begin long before the end.
//!
//! A note from half of the numbers on, a warning from three quarters, an error from nine tenths.
//! Of SQLite, what `AUTOINCREMENT` counts is looked at.
//!
//! It is fine where the counter is that of a fixed set and will never reach the end.
//!
//! ```sql bad postgres
//! CREATE TABLE orders (id integer GENERATED ALWAYS AS IDENTITY (START WITH 2000000000) PRIMARY KEY);
//! INSERT INTO orders DEFAULT VALUES;
//! ```
//!
//! ```sql bad postgres
//! CREATE SEQUENCE numbers MAXVALUE 100 START WITH 80;
//! CREATE TABLE orders (id bigint PRIMARY KEY DEFAULT nextval('numbers'));
//! INSERT INTO orders DEFAULT VALUES;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY (START WITH 2000000000) PRIMARY KEY);
//! INSERT INTO orders DEFAULT VALUES;
//! CREATE SEQUENCE wheel MAXVALUE 100 START WITH 99 CYCLE;
//! SELECT nextval('wheel');
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 2000000000;
//! INSERT INTO orders VALUES ();
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE orders (id bigint AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 2000000000;
//! INSERT INTO orders VALUES ();
//! CREATE TABLE parts (id int unsigned AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 2000000000;
//! INSERT INTO parts VALUES ();
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT);
//! INSERT INTO orders VALUES (9000000000000000000);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT);
//! INSERT INTO orders VALUES (2000000000);
//! ```
//!
//! Reported by `dbwright schema lint` for a live database only; no row is read.
//!
//! See <https://www.postgresql.org/docs/current/view-pg-sequences.html>,
//! <https://dev.mysql.com/doc/refman/9.7/en/information-schema-tables-table.html> and
//! <https://www.sqlite.org/autoinc.html>.

use dbwright_catalog::{Engine, Group, Severity};

use crate::flaw::Flaw;
use crate::rule::Needs;
use crate::schema::Schema;
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "key-near-its-end",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("key_near_its_end.rs"),
    on_by_default: true,
    check: Check::Measured(Needs::Counters, check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    let counters = schema.measured.counters.iter();
    for counter in counters.filter(|counter| !schema.is_exempt(&counter.object)) {
        let severity = match counter.used_thousandths {
            900.. => Severity::Error,
            750.. => Severity::Warning,
            500.. => Severity::Note,
            0..500 => continue,
        };
        // Rounded down: what is not used up does not look so.
        let percent = counter.used_thousandths / 10;
        let says = format!("has used {percent} % of its numbers");
        let advice = if counter.object.owner_table().is_none() {
            "Raise its MAXVALUE, and the type of what stores its numbers."
        } else if counter.bound.contains("bigint") || counter.bound.contains("INTEGER") {
            "Find out who gives such high numbers; no larger integer type is left."
        } else {
            "Begin to move to bigint now: it rewrites the table and every table that refers to it."
        };
        flaws.push(
            Flaw::new(&counter.object, says)
                .severity(severity)
                .fact(format!("They end with {}.", counter.bound))
                .advice(advice),
        );
    }
}
