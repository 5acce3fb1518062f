//! Rows that refer to a row that is not there.
//!
//! Where no foreign key is checked, deleting a row leaves those that refer to it: joins lose them, sums differ by the way that
//! they are made, and the foreign key can't be added until they are gone.
//!
//! Looked at are foreign keys that nothing has checked (`NOT VALID` and `NOT ENFORCED` on PostgreSQL; on MySQL and MariaDB those
//! that `foreign_key_checks = 0` let rows past, as every restored dump does; on SQLite all, because `PRAGMA foreign_keys` is off
//! until a connection switches it on), and columns that by name and type hold the key of another table: `customer_id`, where
//! `customers` has the key `id`. A column by name of which no row has a parent is taken for something else.
//!
//! It is fine where rows outlive what they refer to on purpose, as those of an audit log.
//!
//! ```sql bad postgres
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! INSERT INTO customers VALUES (1);
//! INSERT INTO orders VALUES (1, 1), (2, 7);
//! ```
//!
//! ```sql bad postgres
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, payer bigint NOT NULL);
//! INSERT INTO orders VALUES (2, 7);
//! ALTER TABLE orders ADD FOREIGN KEY (payer) REFERENCES customers NOT VALID;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, owner_id bigint, owner_type text);
//! CREATE TABLE owners (id bigint PRIMARY KEY);
//! CREATE TABLE visits (id bigint PRIMARY KEY, customer_id bigint);
//! INSERT INTO customers VALUES (1);
//! INSERT INTO owners VALUES (1);
//! INSERT INTO orders VALUES (1, 1, 1, 'a'), (2, NULL, 7, 'b');
//! INSERT INTO visits VALUES (1, 900);
//! ```
//!
//! ```sql bad mysql mariadb
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, payer bigint NOT NULL, FOREIGN KEY (payer) REFERENCES customers (id));
//! SET foreign_key_checks = 0;
//! INSERT INTO orders VALUES (2, 7);
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE customers (id bigint PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
//! INSERT INTO customers VALUES (1);
//! INSERT INTO orders VALUES (1, 1);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY);
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, payer INTEGER NOT NULL REFERENCES customers);
//! PRAGMA foreign_keys = OFF;
//! INSERT INTO orders VALUES (2, 7);
//! ```
//!
//! ```sql bad sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY);
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customerId INTEGER NOT NULL);
//! INSERT INTO customers VALUES (1);
//! INSERT INTO orders VALUES (1, 1), (2, 7);
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE customers (id INTEGER PRIMARY KEY);
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, payer INTEGER REFERENCES customers);
//! INSERT INTO orders VALUES (2, NULL);
//! ```
//!
//! Reported by `dbwright schema lint --data` only, which counts such rows in a live database and shows none of them.
//!
//! See <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT>,
//! <https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html#sysvar_foreign_key_checks> and
//! <https://www.sqlite.org/foreignkeys.html#fk_enable>.

use dbwright_catalog::{Engine, Group, Related, RelationKind, Severity};

use crate::flaw::Flaw;
use crate::rule::Needs;
use crate::schema::{Schema, relations};
use crate::{Check, Claim, Rule};

pub(crate) static RULE: Rule = Rule {
    name: "orphan-rows",
    group: Group::Design,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("orphan_rows.rs"),
    on_by_default: true,
    check: Check::Measured(Needs::Rows, check),
};

fn check(schema: &Schema<'_>, flaws: &mut Vec<Flaw>) {
    for Related {
        relation,
        orphans,
        has_matches,
    } in &schema.measured.relations
    {
        let is_guess = relation.kind == RelationKind::ByName;
        if *orphans == 0 || is_guess && !has_matches {
            continue;
        }
        let rows = match *orphans {
            1 => "1 row".to_owned(),
            Related::COUNTED_MAX.. => format!("{} rows or more", Related::COUNTED_MAX),
            rows => format!("{rows} rows"),
        };
        let says = format!("names no row of {} in {rows}", relation.parent);
        let columns = relation.columns.join(", ");
        let fact = match &relation.kind {
            RelationKind::NotValidated(_) => {
                format!("The foreign key over ({columns}) is NOT VALID: old rows were never checked.")
            }
            RelationKind::NotEnforced(_) => {
                format!("The foreign key over ({columns}) is NOT ENFORCED: nothing checks it.")
            }
            RelationKind::Switchable(_) if schema.engine() == Engine::Sqlite => {
                format!(
                    "The foreign key over ({columns}) is checked only where a connection has said PRAGMA foreign_keys = ON."
                )
            }
            RelationKind::Switchable(_) => {
                format!(
                    "The foreign key over ({columns}) was not checked when these rows came: foreign_key_checks was off."
                )
            }
            RelationKind::ByName => "No foreign key says so; the name and the type do.".to_owned(),
        };
        let advice = if is_guess {
            "Correct or remove these rows, then add a foreign key, which keeps it so."
        } else {
            "Correct or remove these rows; the server says nothing of them by itself."
        };
        flaws.push(
            Flaw::new(&relations::object_of(relation), says)
                .called("foreign key")
                .with(&relation.parent)
                .fact(fact)
                .advice(advice),
        );
    }
}
