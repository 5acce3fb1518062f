//! The planner expected far fewer or far more rows than came.
//!
//! A plan is as good as what the planner expects. Where it expects ten rows and ten thousand come, a nested loop is chosen that
//! runs ten thousand times, or a hash table that does not fit into memory.
//!
//! How it is found: the query was run (`--analyze`), and a step gave at least ten times more or fewer rows than expected, a
//! thousand or more apart. Told is the lowest step at which that is so; what stands above follows from it.
//!
//! ```sql setup postgres
//! CREATE TABLE address (id integer PRIMARY KEY, city text NOT NULL, postcode text NOT NULL);
//! INSERT INTO address SELECT n, 'city ' || n % 50, 'code ' || n % 50 FROM generate_series(1, 100000) n;
//! ```
//!
//! ```sql told postgres analyze
//! SELECT count(*) FROM address WHERE city = 'city 7' AND postcode = 'code 7'
//! ```
//!
//! ```sql silent postgres analyze
//! SELECT count(*) FROM address WHERE city = 'city 7'
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE address (id integer PRIMARY KEY, city varchar(20) NOT NULL, postcode varchar(20) NOT NULL, KEY address_city (city));
//! INSERT INTO address SELECT a.n * 4 + b.n, concat('city ', a.n % 5), concat('code ', a.n) FROM number a JOIN digit b ON b.n < 4;
//! ANALYZE TABLE address;
//! ```
//!
//! ```sql told mysql mariadb analyze
//! SELECT count(*) FROM address WHERE postcode = 'code 77'
//! ```
//!
//! ```sql silent mysql mariadb analyze
//! SELECT count(*) FROM address WHERE city = 'city 3'
//! ```
//!
//! What to do: `ANALYZE` the table, if that was long ago; raise the statistics target of a column whose values are very unequal;
//! for columns that depend on each other, as a city and its postcodes do, `CREATE STATISTICS`.
//! MySQL and MariaDB know nothing of columns without an index until somebody builds a histogram.
//!
//! See <https://www.postgresql.org/docs/current/planner-stats.html>,
//! <https://dev.mysql.com/doc/refman/9.4/en/analyze-table.html#analyze-table-histogram-statistics-analysis>,
//! <https://mariadb.com/docs/server/ha-and-performance/optimization-and-tuning/query-optimizations/statistics-for-optimizing-queries/engine-independent-table-statistics>.

use std::collections::BTreeSet;

use dbwright_catalog::{ConditionKind, Engine, Operation, PlanFinding, PlanNode, Severity};

use crate::context::{Context, count_of_rows, rows_told};
use crate::expression::Expression;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "wrong-row-estimate",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    source: include_str!("wrong_row_estimate.rs"),
    look,
};

/// From this factor on an estimate is wrong.
const FACTOR: f64 = 10.0;

/// Fewer rows than this apart change no plan for the worse.
const APART: f64 = 1000.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().enumerate() {
        let Some((expected, came)) = wrong(context, index) else {
            continue;
        };
        let below = (index + 1..context.nodes.len()).filter(|child| context.parents[*child] == Some(index));
        if below.into_iter().any(|child| wrong(context, child).is_some())
            || !context.is_much(context.costs[index].inclusive)
        {
            continue;
        }
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "{} expected of {}, and {} came",
                count_of_rows(expected),
                node.title(),
                rows_told(came)
            ),
        );
        if let Some(condition) = node.conditions.first() {
            finding.evidence.push(format!("Its condition is {}.", condition.text));
        }
        finding.advice.push(advice(context, node));
        findings.push(finding);
    }
}

/// What was expected of all runs of a node and what came, where that is far apart.
fn wrong(context: &Context<'_>, index: usize) -> Option<(f64, f64)> {
    let node = context.nodes[index];
    let (estimate, actual) = (node.estimate?, node.actual?);
    // What a bitmap holds is not counted, and who stops early gives fewer rows than it could.
    let is_counted = !matches!(
        node.operation,
        Operation::BitmapCombination
            | Operation::Hash
            | Operation::Materialize
            | Operation::Memoize
            | Operation::Gather
    );
    if actual.loops == 0.0 || !is_counted {
        return None;
    }
    let (expected, came) = (estimate.rows.max(1.0), actual.rows.max(1.0));
    let is_fewer = came < expected;
    if is_fewer && stops_early(context, index) {
        return None;
    }
    let factor = (expected / came).max(came / expected);
    let apart = (expected - came).abs() * actual.loops;
    (factor >= FACTOR && apart >= APART).then_some((expected, came))
}

/// Whether somebody above may have stopped reading before the end.
fn stops_early(context: &Context<'_>, index: usize) -> bool {
    let mut at = context.parents[index];
    while let Some(above) = at {
        let node = context.nodes[above];
        let is_partial = matches!(node.operation, Operation::Limit | Operation::MergeJoin)
            || matches!(node.join_type.as_deref(), Some("Semi" | "Anti"));
        if is_partial {
            return true;
        }
        at = context.parents[above];
    }
    false
}

fn advice(context: &Context<'_>, node: &PlanNode) -> String {
    let mut columns: BTreeSet<String> = BTreeSet::new();
    for kind in [ConditionKind::Filter, ConditionKind::Index, ConditionKind::Recheck] {
        for part in context.parts_of(node, kind) {
            if let Expression::Compare { left, right, .. } = part {
                let sides = left.columns.into_iter().chain(right.columns);
                columns.extend(
                    sides
                        .filter(|column| Context::is_of(node, column))
                        .map(|column| column.name),
                );
            }
        }
    }
    match context.table(node) {
        Some(table) if context.is_mysql_family() && !columns.is_empty() => {
            let columns: Vec<String> = columns.iter().map(|name| context.quoted(name)).collect();
            let (table, columns) = (context.quoted_table(table), columns.join(", "));
            let sql = if context.server.engine == Engine::MariaDb {
                format!("ANALYZE TABLE {table} PERSISTENT FOR COLUMNS ({columns}) INDEXES ()")
            } else {
                format!("ANALYZE TABLE {table} UPDATE HISTOGRAM ON {columns}")
            };
            format!("Tell the planner how values are spread: `{sql}`.")
        }
        Some(table) if context.is_mysql_family() => {
            format!(
                "If the table has changed much, `ANALYZE TABLE {}`.",
                context.quoted_table(table)
            )
        }
        Some(table) if columns.len() > 1 => {
            let columns: Vec<String> = columns.iter().map(|name| context.quoted(name)).collect();
            let table = context.quoted_table(table);
            format!(
                "If these columns depend on each other, tell the planner: `CREATE STATISTICS ON {} FROM {table}; ANALYZE {table}`.",
                columns.join(", ")
            )
        }
        Some(table) => {
            let table = context.quoted_table(table);
            format!("If the table has changed much, `ANALYZE {table}`; else raise the statistics target of its column.")
        }
        None => "Look at the estimates of the steps below: a join multiplies their mistakes.".to_owned(),
    }
}
