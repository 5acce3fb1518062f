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
//! What to do: write `NOT MATERIALIZED`, or repeat the condition inside of the expression.
//!
//! See <https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-CTE-MATERIALIZATION>.

use dbwright_catalog::{ChangePurpose, Engine, NodeRole, Operation, PlanChangeKind, PlanFinding, Severity};

use crate::context::{Context, count_of_rows};
use crate::finding::change;
use crate::insight::Insight;
use crate::query::Query;

pub(crate) static INSIGHT: Insight = Insight {
    name: "materialised-cte",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::Sqlite],
    source: include_str!("materialised_cte.rs"),
    look,
};

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
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
