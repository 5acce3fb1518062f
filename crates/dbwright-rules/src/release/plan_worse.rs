//! A query of the running release gets a more expensive plan.
//!
//! An index that goes, or the type of a column that changes, leaves queries right and makes them slow. With `--snapshot`,
//! dbwright plans the queries of the running release on a twin of production (its schema, statistics and sizes, no row of it)
//! before and after the migrations under review, and tells those whose cost has grown: at least twofold (`plan-cost-factor` in
//! `dbwright.toml`), and to what takes some milliseconds (`plan-cost-min`):
//!
//! - PostgreSQL: a cost of 1000.
//! - MySQL, MariaDB: a cost of 1000, on MariaDB (whose costs are milliseconds) of 10, and the plan is another one: another table
//!   first, another index, a scan, a sort. The rows of a twin are made up, and the same before and after.
//! - SQLite, which tells no costs, and MariaDB before 11: 10,000 rows that are read. On SQLite, a row that is sorted, or put into
//!   an automatic index, counts as two more. The plan must be another one, and the former one impossible now: an index or a view
//!   of it is gone or is another one, or a column has another type or collation. While it is possible, SQLite has chosen.
//!
//! New indexes count with the size that they would have, and statistics of a column whose type changes as if `ANALYZE` had
//! run. The statement that is named is the one that dropped an index of the first plan, changed the type of a column in it, or
//! touched one of its tables; it is of the migration since which the plan is worse.
//!
//! It is fine where the query is asked seldom, or the release that asks it goes away at once.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, note text);
//! INSERT INTO orders SELECT n, n / 10, repeat('x', 50) FROM generate_series(1, 100000) n;
//! CREATE INDEX orders_customer ON orders (customer_id);
//! CREATE TABLE customers (id bigint PRIMARY KEY, name text);
//! INSERT INTO customers SELECT n, repeat('x', 50) FROM generate_series(1, 100000) n;
//! ANALYZE orders, customers;
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE orders (id bigint PRIMARY KEY, code varchar(20) NOT NULL, customer_id bigint NOT NULL, note varchar(100));
//! INSERT INTO orders WITH d AS (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5
//!     UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9), numbers AS (SELECT
//!     a.n + 10 * b.n + 100 * c.n + 1000 * e.n + 10000 * f.n AS n FROM d a, d b, d c, d e, d f)
//!     SELECT n, n, n DIV 10, repeat('x', 50) FROM numbers;
//! CREATE INDEX orders_customer ON orders (customer_id);
//! CREATE INDEX orders_code ON orders (code);
//! ANALYZE TABLE orders;
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at INTEGER NOT NULL);
//! WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
//!     INSERT INTO orders SELECT n, n / 10, n FROM numbers;
//! CREATE INDEX orders_customer ON orders (customer_id);
//! CREATE INDEX orders_placed ON orders (placed_at);
//! ANALYZE;
//! ```
//!
//! ```sql bad postgres
//! -- The running release asks:
//! SELECT note FROM orders WHERE customer_id = $1;
//! -- Migration:
//! DROP INDEX orders_customer;
//! ```
//!
//! ```sql bad postgres
//! -- The running release asks:
//! SELECT c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1;
//! -- Migration:
//! ALTER TABLE orders ALTER COLUMN customer_id TYPE numeric;
//! ```
//!
//! Keys of two types are compared in the wider one, in which the index on the other is of no use.
//!
//! ```sql bad mysql mariadb
//! -- The running release asks:
//! SELECT note FROM orders WHERE customer_id = ?;
//! -- Migration:
//! DROP INDEX orders_customer ON orders;
//! ```
//!
//! ```sql bad mysql mariadb
//! -- The running release asks:
//! SELECT note FROM orders WHERE customer_id = 77;
//! -- Migration:
//! ALTER TABLE orders MODIFY customer_id varchar(20) NOT NULL;
//! ```
//!
//! A text and a number are compared as numbers, in which no index on the text is sorted.
//!
//! ```sql bad sqlite
//! -- The running release asks:
//! SELECT * FROM orders WHERE customer_id = ?;
//! -- Migration:
//! DROP INDEX orders_customer;
//! ```
//!
//! ```sql bad sqlite
//! -- The running release asks:
//! SELECT * FROM orders ORDER BY placed_at DESC LIMIT 10;
//! -- Migration:
//! CREATE TABLE orders_new (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at INTEGER NOT NULL, note TEXT);
//! INSERT INTO orders_new (id, customer_id, placed_at) SELECT id, customer_id, placed_at FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE orders_new RENAME TO orders;
//! CREATE INDEX orders_customer ON orders (customer_id);
//! ```
//!
//! A table that is made anew has the indexes that are made anew.
//!
//! What to do: build what the query needs first, and drop the old index when no release needs it any more.
//!
//! ```sql good postgres
//! -- The running release asks:
//! SELECT note FROM orders WHERE customer_id = $1;
//! -- Migration:
//! CREATE INDEX orders_customer_note ON orders (customer_id, note);
//! DROP INDEX orders_customer;
//! ```
//!
//! ```sql good mysql mariadb
//! -- The running release asks:
//! SELECT note FROM orders WHERE customer_id = ?;
//! -- Migration:
//! CREATE INDEX orders_customer_code ON orders (customer_id, code);
//! DROP INDEX orders_customer ON orders;
//! ```
//!
//! ```sql good sqlite
//! -- The running release asks:
//! SELECT * FROM orders WHERE customer_id = ?;
//! -- Migration:
//! CREATE INDEX orders_customer_placed ON orders (customer_id, placed_at);
//! DROP INDEX orders_customer;
//! ```
//!
//! See <https://www.postgresql.org/docs/current/using-explain.html>, <https://dev.mysql.com/doc/refman/9.4/en/explain.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/administrative-sql-statements/analyze-and-explain-statements/explain>,
//! <https://www.sqlite.org/eqp.html>.

use dbwright_catalog::{CostUnit, Engine, Finding, Group, Query, Severity, WorsePlan};

use crate::queries::{Queries, lines, named, subject};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "plan-worse",
    group: Group::Release,
    severity: Severity::Warning,
    engines: &Engine::ALL,
    claims: &[Claim::Nothing],
    source: include_str!("plan_worse.rs"),
    on_by_default: true,
    check: Check::Plans(check),
};

fn check(queries: &Queries<'_>, findings: &mut Vec<(usize, Finding)>) {
    let Some(plans) = &queries.release.plans else { return };
    let places = queries.by_place(&plans.worse, |worse| (worse.query, worse.place));
    for (place, worse) in places {
        let asked: Vec<&Query> = worse.iter().map(|(_, query)| *query).collect();
        let verb = match worse.as_slice() {
            [(only, _)] => match only.unit {
                CostUnit::RowsRead => format!("reads and sorts {} as many rows", times(only)),
                CostUnit::Cost | CostUnit::Milliseconds => format!("becomes {} as expensive", times(only)),
            },
            _ => "become more expensive".to_owned(),
        };
        let mut because: Vec<&str> = worse.iter().filter_map(|(worse, _)| worse.because.as_deref()).collect();
        because.dedup();
        let why = match because.as_slice() {
            [] => String::new(),
            because => format!(": it {}", phrase::list(because)),
        };
        let (index, mut finding) =
            queries.finding_at(&RULE, place, format!("{}{why}", subject(&asked, (&verb, &verb))));
        finding.evidence.facts = lines(&worse, |(worse, query)| format!("{}: {}.", named(query), costs(worse)));
        finding
            .evidence
            .facts
            .push(format!("Planned on a twin of production, which is {}.", plans.fidelity));
        finding.advice.push(
            "Build an index that the query can use before this migration, or keep the old one until no release asks it."
                .to_owned(),
        );
        findings.push((index, finding));
    }
}

/// `30 times`.
fn times(worse: &WorsePlan) -> String {
    if worse.cost_before <= 0.0 {
        return "many times".to_owned();
    }
    let factor = worse.cost_after / worse.cost_before;
    if factor < 10.0 {
        format!("{factor:.1} times")
    } else {
        format!("{factor:.0} times")
    }
}

/// `its cost goes from 8.3 to 2200`.
fn costs(worse: &WorsePlan) -> String {
    let (before, after) = (told(worse.cost_before), told(worse.cost_after));
    match worse.unit {
        CostUnit::RowsRead => format!("rows that it reads or sorts go from about {before} to {after}"),
        CostUnit::Cost | CostUnit::Milliseconds => format!("its cost goes from {before} to {after}"),
    }
}

fn told(cost: f64) -> String {
    if cost >= 100.0 || cost.fract() == 0.0 {
        format!("{cost:.0}")
    } else if cost >= 1.0 {
        format!("{cost:.1}")
    } else {
        format!("{cost:.2}")
    }
}
