//! A query gives as many rows as there are.
//!
//! Without a limit, the result grows with the table: it fills the memory of whoever reads it, today or in a year.
//!
//! How it is found: a `SELECT` without `LIMIT` whose plan gives ten thousand rows or more; on SQLite one without any condition,
//! as plans do not tell how many rows a condition leaves.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, state text NOT NULL);
//! INSERT INTO orders SELECT n, 'done' FROM generate_series(1, 20000) n;
//! ```
//!
//! ```sql told postgres
//! SELECT id FROM orders WHERE state = 'done'
//! ```
//!
//! ```sql silent postgres
//! SELECT id FROM orders WHERE state = 'done' ORDER BY id LIMIT 100
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT NOT NULL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 20000)
//! INSERT INTO orders SELECT value, 'done' FROM g;
//! ```
//!
//! ```sql told sqlite
//! SELECT id FROM orders ORDER BY state
//! ```
//!
//! ```sql silent sqlite
//! SELECT id FROM orders ORDER BY id LIMIT 100
//! ```
//!
//! ```sql silent sqlite
//! SELECT count(*), max(id) FROM orders
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE orders (id integer PRIMARY KEY, state varchar(10) NOT NULL);
//! INSERT INTO orders SELECT a.n * 5 + b.n, 'done' FROM number a JOIN digit b ON b.n < 5;
//! ANALYZE TABLE orders;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT id FROM orders WHERE id > 5
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT id FROM orders WHERE id > 5 ORDER BY id LIMIT 100
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT state, count(*) FROM orders GROUP BY state
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT max(state) FROM orders
//! ```
//!
//! What to do: give it a limit and turn pages by the last row; where all rows are wanted, as in an export, read them through a
//! cursor.
//!
//! See <https://www.postgresql.org/docs/current/queries-limit.html>, <https://dev.mysql.com/doc/refman/9.4/en/select.html>.

use dbwright_catalog::{Engine, PlanFinding, Severity};

use crate::context::{Context, count_of_rows};
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "unbounded-result",
    severity: Severity::Note,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("unbounded_result.rs"),
    look,
};

/// So many rows are no page.
const ROWS_MIN: f64 = 10_000.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let Some(query) = &context.query else { return };
    let rows = context.result_rows();
    let Some(select) = query
        .outermost()
        .filter(|select| !context.writes() && select.limit.is_none())
    else {
        return;
    };
    // How many groups there are, plans of MySQL and MariaDB do not tell.
    let is_unknown = context.is_mysql_family()
        && (select.group.is_some() || select.distinct || select.having.is_some() || query.is_aggregated(&select));
    if is_unknown || rows < ROWS_MIN || query.source(&select.list).is_empty() {
        return;
    }
    let told = if context.plan.is_measured() { "" } else { "about " };
    let mut finding = INSIGHT.finding(
        None,
        format!(
            "The query gives {told}{}, and more as its tables grow",
            count_of_rows(rows)
        ),
    );
    if let Some(width) = context.plan.root.estimate.and_then(|estimate| estimate.width) {
        finding.evidence.push(format!(
            "It has no LIMIT; {width} bytes a row make {:.1} MB.",
            rows * f64::from(width) / 1e6
        ));
    }
    finding
        .advice
        .push("Give it a limit and turn pages by the last row, or read it through a cursor.".to_owned());
    findings.push(finding);
}
