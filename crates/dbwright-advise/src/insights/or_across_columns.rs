//! `OR` between conditions on different tables, which no index can answer.
//!
//! Each half could be found by an index; both together are known only when the tables are joined, so that all of it is joined and
//! then filtered.
//!
//! How it is found: a filter or join filter is an `OR` over columns of different tables, and the query as two queries joined by
//! `UNION ALL` has a better plan. It is not told where the server combines indexes by itself. Also: an `OR` over columns of one
//! table, of which one has no index and the others have, where it leaves at most a fifth of the rows (SQLite does not tell that).
//!
//! ```sql setup postgres
//! CREATE TABLE customer (id integer PRIMARY KEY, email text NOT NULL);
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, reference text NOT NULL, code text);
//! INSERT INTO customer SELECT n, 'e' || n FROM generate_series(1, 20000) n;
//! INSERT INTO orders SELECT n, n % 20000 + 1, 'r' || n, 'c' || n FROM generate_series(1, 40000) n;
//! CREATE INDEX ON customer (email);
//! CREATE INDEX ON orders (reference);
//! CREATE INDEX ON orders (customer_id);
//! ```
//!
//! ```sql told postgres
//! SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.reference = 'r7' OR c.email = 'e9'
//! ```
//!
//! A single column without an index is enough for the server to read all rows:
//!
//! ```sql told postgres
//! SELECT id FROM orders WHERE reference = 'r7' OR code = 'c9'
//! ```
//!
//! ```sql silent postgres
//! SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.reference = 'r7' OR o.customer_id = 9
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, reference TEXT NOT NULL, code TEXT);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 20000)
//! INSERT INTO orders SELECT value, value, 'r' || value, 'c' || value FROM g;
//! INSERT INTO customer SELECT id, 'e' || id FROM orders;
//! CREATE INDEX customer_email ON customer (email);
//! CREATE INDEX orders_reference ON orders (reference);
//! CREATE INDEX orders_customer ON orders (customer_id);
//! ```
//!
//! ```sql told sqlite
//! SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.reference = 'r7' OR c.email = 'e9'
//! ```
//!
//! ```sql told sqlite
//! SELECT id FROM orders WHERE reference = 'r7' OR code = 'c9'
//! ```
//!
//! ```sql silent sqlite
//! SELECT id FROM orders WHERE reference = 'r7' OR customer_id = 9
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE customer (id integer PRIMARY KEY, email varchar(50) NOT NULL, KEY customer_email (email));
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, reference varchar(20) NOT NULL,
//!   code varchar(20), KEY orders_reference (reference), KEY orders_customer_id (customer_id));
//! INSERT INTO customer SELECT n, concat('e', n) FROM number;
//! INSERT INTO orders SELECT a.n * 2 + b.n, a.n, concat('r', a.n * 2 + b.n), concat('c', a.n * 2 + b.n)
//! FROM number a JOIN digit b ON b.n < 2;
//! ANALYZE TABLE customer, orders;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.reference = 'r7' OR c.email = 'e9'
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.reference = 'r7' OR o.customer_id = 9
//! ```
//!
//! What to do: ask two questions and put the answers together with `UNION ALL`, the second without what the first has found.
//!
//! See <https://www.postgresql.org/docs/current/indexes-bitmap-scans.html>,
//! <https://dev.mysql.com/doc/refman/9.4/en/index-merge-optimization.html>.

use std::collections::BTreeSet;
use std::ops::Range;

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, PlanChangeKind, PlanFinding, Severity};

use crate::context::Context;
use crate::expression::{ColumnName, Expression};
use crate::finding::change;
use crate::indexing::{Wanted, compared};
use crate::insight::Insight;
use crate::query::Query;

pub(crate) static INSIGHT: Insight = Insight {
    name: "or-across-columns",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("or_across_columns.rs"),
    look,
};

/// A larger part of a table is not found by indexes.
const FEW: f64 = 0.2;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    look_at_one_table(context, findings);
    let Some(query) = &context.query else { return };
    for (index, node) in context.nodes.iter().enumerate() {
        for kind in [ConditionKind::JoinFilter, ConditionKind::Filter] {
            for part in context.parts_of(node, kind) {
                let Expression::Or(arms) = part else { continue };
                let tables: BTreeSet<String> = arms
                    .iter()
                    .flat_map(columns)
                    .filter_map(|column| column.table)
                    .collect();
                if tables.len() < 2 || !context.is_much(context.costs[index].inclusive) {
                    continue;
                }
                let Some(sql) = as_union(query) else { continue };
                let tables: Vec<String> = tables.into_iter().collect();
                let mut finding = INSIGHT.finding(
                    Some(index),
                    format!(
                        "OR over columns of {} is checked only when these are joined",
                        tables.join(" and ")
                    ),
                );
                finding
                    .advice
                    .push("Ask two questions, each of which an index answers.".to_owned());
                finding.change = Some(change(PlanChangeKind::Query, ChangePurpose::Evidence, sql, &[]));
                findings.push(finding);
                return;
            }
        }
    }
}

/// An `OR` over columns of one table, of which one has no index: several indexes are used only where each arm has one.
fn look_at_one_table(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().enumerate() {
        let is_read = context.is_whole_scan(node) && context.matters(index);
        let Some(table) = context.table(node).filter(|_| is_read) else {
            continue;
        };
        let finds_many = table.rows.is_some_and(|all| context.rows(index) > all * FEW) && !context.is_guess(node);
        if finds_many && context.server.engine != Engine::Sqlite {
            continue;
        }
        for part in context.parts_of(node, ConditionKind::Filter) {
            let Expression::Or(arms) = part else { continue };
            let found: Option<Vec<String>> = arms
                .iter()
                .map(|arm| match arm {
                    Expression::Compare { left, operator, right } if matches!(operator.as_str(), "=" | "= ANY") => {
                        compared(node, table, left, right)
                    }
                    _ => None,
                })
                .collect();
            let Some(found) = found else { continue };
            let has_index = |column: &str| {
                let mut keys = table.indexes.iter().filter_map(|index| index.keys.first());
                keys.any(|key| key.eq_ignore_ascii_case(column))
            };
            let (indexed, mut missing): (Vec<String>, Vec<String>) =
                found.into_iter().partition(|column| has_index(column));
            missing.dedup();
            let ([column], false) = (missing.as_slice(), indexed.is_empty()) else {
                continue;
            };
            let mut finding = INSIGHT.finding(
                Some(index),
                format!(
                    "All of {} is read, as {column} has no index and stands in an OR with {}",
                    table.name,
                    indexed.join(" and ")
                ),
            );
            finding
                .evidence
                .push(format!("{} is {}.", node.title(), context.share_told(index)));
            finding
                .advice
                .push("Index it as well: then each arm of the OR is looked up by itself.".to_owned());
            let sql = Wanted::of(vec![column.clone()]).sql(context, table);
            finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
            findings.push(finding);
        }
    }
}

fn columns(expression: &Expression) -> Vec<ColumnName> {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => parts.iter().flat_map(columns).collect(),
        Expression::Compare { left, right, .. } => left.columns.iter().chain(&right.columns).cloned().collect(),
        Expression::Flag { column, .. } => vec![column.clone()],
        Expression::Other(_) => Vec::new(),
    }
}

/// The query as two, where it is plain and has one `OR` that stands for itself.
fn as_union(query: &Query<'_>) -> Option<String> {
    let select = query.outermost()?;
    let condition = select.condition.clone()?;
    let is_plain = !select.distinct
        && select.at == 0
        && select.group.is_none()
        && select.having.is_none()
        && select.order.is_none()
        && select.limit.is_none()
        && select.offset.is_none();
    if !is_plain || query.is_aggregated(&select) {
        return None;
    }
    let whole: Vec<Range<usize>> = query.conjuncts(&condition);
    let mut found = None;
    for part in &whole {
        let inner = match query.inside(part.start) {
            Some(inside) if inside.end + 1 == part.end => inside,
            _ => part.clone(),
        };
        let arms = query.split(&inner, "or");
        if arms.len() == 2 {
            if found.is_some() {
                return None;
            }
            found = Some((part.clone(), arms));
        }
    }
    let (part, arms) = found?;
    let [first, second] = arms.as_slice() else { return None };
    let (first, second) = (query.source(first), query.source(second));
    let one = query.replaced(&[(part.clone(), format!("({first})"))]);
    let other = query.replaced(&[(part, format!("({second}) AND ({first}) IS NOT TRUE"))]);
    Some(format!("{one}\nUNION ALL\n{other}"))
}
