//! A common table expression is worked out whole, although little of it is asked for.
//!
//! `WITH … AS MATERIALIZED`, and a `WITH` that is used more than once, is computed first and kept; conditions of the query around it
//! do not reach into it, and neither does a limit.
//!
//! How it is found: a `CTE Scan` in the plan (SQLite: `MATERIALIZE`) whose query takes a good part of the cost, and a better plan with
//! `NOT MATERIALIZED`.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, total integer NOT NULL);
//! INSERT INTO orders SELECT n, n FROM generate_series(1, 50000) n;
//! ```
//!
//! ```sql told postgres
//! WITH o AS MATERIALIZED (SELECT * FROM orders) SELECT total FROM o WHERE id = 7
//! ```
//!
//! ```sql silent postgres
//! WITH o AS (SELECT * FROM orders) SELECT total FROM o WHERE id = 7
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER NOT NULL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 20000)
//! INSERT INTO orders SELECT value, value FROM g;
//! ```
//!
//! ```sql told sqlite
//! WITH o AS MATERIALIZED (SELECT * FROM orders) SELECT total FROM o WHERE id = 7
//! ```
//!
//! ```sql silent sqlite
//! WITH o AS (SELECT * FROM orders) SELECT total FROM o WHERE id = 7
//! ```
//!
//! MySQL and MariaDB do the same with subqueries in `FROM` that group, sort or have windows, and look up in the result what a
//! join asks for. There it is told where at most a tenth of at least a thousand rows is asked for.
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE customer (id integer PRIMARY KEY, name varchar(50) NOT NULL, KEY customer_name (name));
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, total integer NOT NULL,
//!   KEY orders_customer_id (customer_id));
//! INSERT INTO customer SELECT n, concat('customer ', n) FROM number WHERE n <= 2000;
//! INSERT INTO orders SELECT n, n % 2000 + 1, n FROM number;
//! ANALYZE TABLE customer, orders;
//! ```
//!
//! ```sql told mysql
//! WITH ranked AS (SELECT customer_id, total, row_number() OVER (PARTITION BY customer_id ORDER BY total DESC) AS place FROM orders)
//! SELECT c.name, r.total FROM customer c JOIN ranked r ON r.customer_id = c.id AND r.place = 1 WHERE c.name LIKE 'customer 77%'
//! ```
//!
//! MariaDB works out the partitions that are asked for, and the whole only where there are none:
//!
//! ```sql told mariadb
//! WITH ranked AS (SELECT customer_id, total, row_number() OVER (ORDER BY total DESC) AS place FROM orders)
//! SELECT c.name, r.total FROM customer c JOIN ranked r ON r.customer_id = c.id WHERE c.name LIKE 'customer 77%'
//! ```
//!
//! ```sql silent mysql mariadb
//! WITH ranked AS (SELECT customer_id, total, row_number() OVER (PARTITION BY customer_id ORDER BY total DESC) AS place FROM orders
//!   WHERE customer_id = 77)
//! SELECT c.name, r.total FROM customer c JOIN ranked r ON r.customer_id = c.id AND r.place = 1
//! ```
//!
//! What the server keeps of an `IN` or `NOT IN` by itself is no table that somebody could write otherwise:
//!
//! ```sql silent mysql mariadb
//! SELECT name FROM customer WHERE name LIKE 'customer 77%' AND id NOT IN (SELECT total FROM orders)
//! ```
//!
//! What to do: write `NOT MATERIALIZED`, or repeat the condition inside of the expression.
//!
//! See <https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-CTE-MATERIALIZATION>,
//! <https://dev.mysql.com/doc/refman/9.4/en/derived-table-optimization.html>.

use dbwright_catalog::{
    ChangePurpose, ConditionKind, Engine, NodeRole, Operation, PlanChangeKind, PlanFinding, Severity,
};

use crate::context::{Context, count_of_rows, rows_told};
use crate::finding::change;
use crate::insight::Insight;
use crate::query::Query;

pub(crate) static INSIGHT: Insight = Insight {
    name: "materialised-cte",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("materialised_cte.rs"),
    look,
};

/// Fewer rows are worked out fast enough.
const KEPT_MIN: f64 = 1000.0;

/// The share of them that is little.
const FEW: f64 = 0.1;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    if context.is_mysql_family() {
        of_mysql_family(context, findings);
        return;
    }
    let Some(query) = &context.query else { return };
    let mut seen = Vec::new();
    for (_, scan) in context.nodes_of(&[Operation::CteScan]) {
        let Some(name) = scan.source.as_ref().filter(|name| !seen.contains(*name)) else {
            continue;
        };
        seen.push(name.clone());
        let roles = ["CTE", "MATERIALIZE"].map(|word| NodeRole::Once(format!("{word} {name}")));
        let Some(index) = context.nodes.iter().position(|node| roles.contains(&node.role)) else {
            continue;
        };
        if !context.is_much(context.costs[index].inclusive) {
            continue;
        }
        let Some(sql) = not_materialised(query, name) else {
            continue;
        };
        let mut finding = INSIGHT.finding(
            Some(index),
            format!("{name} is worked out whole before anything of it is asked for"),
        );
        let node = context.nodes[index];
        finding.evidence.push(match context.server.engine {
            Engine::Sqlite => format!("Up to {} are kept.", count_of_rows(node.rows_at_most())),
            Engine::Postgres | Engine::MySql | Engine::MariaDb => format!("It gives {}.", count_of_rows(node.rows())),
        });
        finding
            .advice
            .push("Let the server look into it with NOT MATERIALIZED.".to_owned());
        finding.change = Some(change(PlanChangeKind::Query, ChangePurpose::Evidence, sql, &[]));
        findings.push(finding);
    }
}

/// Rows that are kept of a subquery and of which a join asks for few.
fn of_mysql_family(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes_of(&[Operation::CteScan]) {
        let (Some(name), Some(above)) = (&node.source, context.parents[index]) else {
            continue;
        };
        let join = context.nodes[above];
        let kept = node.children.iter().find(|child| child.role == NodeRole::Outer);
        let outer = join.children.iter().find(|child| child.role == NodeRole::Outer);
        let (Some(kept), Some(outer)) = (kept, outer) else {
            continue;
        };
        // One that is worked out for each row anew is not kept.
        let is_anew = kept.name.contains("invalidate on row") || kept.actual.is_some_and(|actual| actual.loops > 1.0);
        let is_looked_up = join.operation == Operation::NestedLoop
            && node.role == NodeRole::Inner
            && node.conditions_of(ConditionKind::Index).next().is_some();
        let asked = outer.rows() * node.rows_read.unwrap_or(node.rows());
        let is_few = kept.rows() >= KEPT_MIN && asked <= kept.rows() * FEW;
        let below = (index + 1..context.nodes.len()).find(|child| context.parents[*child] == Some(index));
        let takes = below.map_or(0.0, |below| context.costs[below].inclusive);
        // As the servers call what they keep of an `IN`.
        let is_of_condition = name.starts_with("<subquery");
        if is_of_condition
            || is_anew
            || !is_looked_up
            || !is_few
            || !context.is_much(takes.max(context.costs[index].inclusive))
        {
            continue;
        }
        let mut finding = INSIGHT.finding(
            Some(index),
            format!("{name} is worked out whole, and little of it is asked for"),
        );
        finding.evidence.push(format!(
            "It gives {}, of which about {} are looked up.",
            count_of_rows(kept.rows()),
            rows_told(asked)
        ));
        finding.advice.push(if context.server.engine == Engine::MySql {
            "Repeat inside of it what limits the rows around it, or join with LATERAL (SELECT …), which works out only what is asked for."
                .to_owned()
        } else {
            "Repeat inside of it what limits the rows around it (`WHERE … IN (SELECT …)`).".to_owned()
        });
        findings.push(finding);
    }
}

/// The query with `NOT MATERIALIZED` at this expression.
fn not_materialised(query: &Query<'_>, name: &str) -> Option<String> {
    for at in 0..query.words.len() {
        if query.words[at].name().as_deref() != Some(name) {
            continue;
        }
        // Names of columns may stand between.
        let mut behind = at + 1;
        if let Some(inside) = query.inside(behind) {
            behind = inside.end + 1;
        }
        if query.stand_at(behind, &["as", "materialized", "("]) {
            return Some(query.replaced(&[(behind + 1..behind + 2, "NOT MATERIALIZED".to_owned())]));
        }
        if query.stand_at(behind, &["as", "("]) {
            return Some(query.replaced(&[(behind..behind + 1, "AS NOT MATERIALIZED".to_owned())]));
        }
    }
    None
}
