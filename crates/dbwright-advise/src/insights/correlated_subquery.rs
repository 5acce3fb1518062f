//! A subquery is run again for each row of the query around it.
//!
//! A subquery that names a column of the outer query has another answer for each of its rows, so that it is run as often. That is
//! fine for a few rows; for many, a join reads each table once.
//!
//! How it is found: a `SubPlan` that is not hashed (a `DEPENDENT SUBQUERY` of MySQL and MariaDB) runs at least a hundred times and
//! takes a good part of the whole. On SQLite: a `CORRELATED` subquery in which a table is read whole, and which may run as often.
//!
//! ```sql setup postgres
//! CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL);
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, total integer NOT NULL);
//! INSERT INTO customer SELECT n, 'customer ' || n FROM generate_series(1, 2000) n;
//! INSERT INTO orders SELECT n, n % 2000 + 1, n FROM generate_series(1, 20000) n;
//! CREATE INDEX ON orders (customer_id);
//! ```
//!
//! ```sql told postgres
//! SELECT c.name, (SELECT sum(o.total) FROM orders o WHERE o.customer_id = c.id) FROM customer c
//! ```
//!
//! ```sql silent postgres
//! SELECT c.name, (SELECT sum(o.total) FROM orders o WHERE o.customer_id = c.id) FROM customer c WHERE c.id < 10
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, shop_id INTEGER NOT NULL, total INTEGER NOT NULL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 10000)
//! INSERT INTO orders SELECT value, value % 1000 + 1, value % 1000 + 1, value FROM g;
//! INSERT INTO customer SELECT id, 'customer ' || id FROM orders WHERE id <= 1000;
//! CREATE INDEX orders_shop ON orders (shop_id);
//! ```
//!
//! ```sql told sqlite
//! SELECT c.name, (SELECT sum(o.total) FROM orders o WHERE o.customer_id = c.id) FROM customer c
//! ```
//!
//! ```sql silent sqlite
//! SELECT c.name, (SELECT sum(o.total) FROM orders o WHERE o.shop_id = c.id) FROM customer c
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE customer (id integer PRIMARY KEY, name varchar(50) NOT NULL);
//! CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL, total integer NOT NULL,
//!   KEY orders_customer_id (customer_id));
//! INSERT INTO customer SELECT n, concat('customer ', n) FROM number WHERE n <= 2000;
//! INSERT INTO orders SELECT n, n % 2000 + 1, n FROM number;
//! ANALYZE TABLE customer, orders;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT c.name, (SELECT sum(o.total) FROM orders o WHERE o.customer_id = c.id) FROM customer c
//! ```
//!
//! ```sql told mysql mariadb analyze
//! SELECT c.name, (SELECT sum(o.total) FROM orders o WHERE o.customer_id = c.id) FROM customer c
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT c.name, (SELECT sum(o.total) FROM orders o WHERE o.customer_id = c.id) FROM customer c WHERE c.id < 10
//! ```
//!
//! What to do: join with a subquery that groups by the column; it gives NULL where there is nothing, also for `count`.
//! On SQLite, which joins by nested loops too, an index on the column that is compared is what helps.
//!
//! See <https://www.postgresql.org/docs/current/sql-expressions.html#SQL-SYNTAX-SCALAR-SUBQUERIES>,
//! <https://dev.mysql.com/doc/refman/9.4/en/correlated-subqueries.html>.

use std::ops::Range;

use dbwright_catalog::{ChangePurpose, ConditionKind, Engine, NodeRole, PlanChangeKind, PlanFinding, Severity};

use crate::context::{Context, rows_told};
use crate::finding::change;
use crate::indexing::wanted;
use crate::insight::Insight;
use crate::query::{Query, Select};

pub(crate) static INSIGHT: Insight = Insight {
    name: "correlated-subquery",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("correlated_subquery.rs"),
    look,
};

/// Fewer runs are fine.
const RUNS_MIN: f64 = 100.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    if context.server.engine == Engine::Sqlite {
        return look_sqlite(context, findings);
    }
    for (index, node) in context.nodes.iter().enumerate() {
        let (NodeRole::PerRow(name), Some(above)) = (&node.role, context.parents[index]) else {
            continue;
        };
        let parent = context.nodes[above];
        let hashed = format!("hashed {name}");
        let conditions = parent.conditions.iter().map(|condition| &condition.text);
        let is_hashed = conditions.chain(&parent.output).any(|text| text.contains(&hashed));
        let runs = match node.actual {
            Some(actual) => actual.loops,
            None => parent.rows(),
        };
        if is_hashed || runs < RUNS_MIN || !context.is_much(context.costs[index].inclusive) {
            continue;
        }
        let told = if node.actual.is_some() { "" } else { "about " };
        let mut finding = INSIGHT.finding(
            Some(index),
            format!("{name} is run {told}{} times, once for each row", rows_told(runs)),
        );
        let share = context.costs[index].inclusive / context.whole() * 100.0;
        finding.evidence.push(format!(
            "With what is below it, it takes {share:.0} % of the {}.",
            context.unit_told()
        ));
        finding
            .advice
            .push("Join with a subquery that groups by the column, so that its table is read once.".to_owned());
        if let Some(sql) = context.query.as_ref().and_then(joined) {
            finding.change = Some(change(PlanChangeKind::Query, ChangePurpose::Cost, sql, &[]));
        }
        findings.push(finding);
    }
}

/// SQLite: a subquery that finds its rows by an index is as good as a join.
fn look_sqlite(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().enumerate() {
        let (NodeRole::PerRow(name), Some(above)) = (&node.role, context.parents[index]) else {
            continue;
        };
        let runs = context.nodes[above]
            .runs_of(node)
            .min(context.nodes[above].rows_at_most());
        let inside = (index..context.nodes.len()).take_while(|at| *at == index || context.is_below(*at, index));
        let scan = inside
            .into_iter()
            .find(|at| context.is_whole_scan(context.nodes[*at]) && context.matters(*at));
        let Some((scan, table)) = scan.and_then(|scan| Some((scan, context.table(context.nodes[scan])?))) else {
            continue;
        };
        if runs < RUNS_MIN {
            continue;
        }
        let mut finding = INSIGHT.finding(
            Some(scan),
            format!(
                "All {} rows of {} are read again for each of up to {} rows",
                rows_told(context.nodes[scan].rows_read.unwrap_or_default()),
                table.name,
                rows_told(runs)
            ),
        );
        finding
            .evidence
            .push(format!("{name} depends on the row of the query around it."));
        let index = wanted(context, context.nodes[scan], table, &[ConditionKind::Filter]);
        if let Some(wanted) = index {
            finding
                .advice
                .push(format!("An index on {} finds its rows.", wanted.columns_told(context)));
            let sql = wanted.sql(context, table);
            finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
        } else {
            finding
                .advice
                .push("Join with a subquery that groups by the column, so that its table is read once.".to_owned());
            if let Some(sql) = context.query.as_ref().and_then(joined) {
                finding.change = Some(change(PlanChangeKind::Query, ChangePurpose::Cost, sql, &[]));
            }
        }
        findings.push(finding);
    }
}

/// The query with a join in place of `(SELECT aggregate FROM t WHERE t.x = outer.y)` in its list, where there is one such.
fn joined(query: &Query<'_>) -> Option<String> {
    let outer = query.outermost()?;
    let inner: Vec<Select> = query
        .selects()
        .into_iter()
        .filter(|select| select.at > outer.at)
        .collect();
    let [inner] = inner.as_slice() else { return None };
    let from = outer.from.clone()?;
    let bracket = inner.at.checked_sub(1)?;
    let inside = query.inside(bracket)?;
    let whole = bracket..inside.end + 1;
    let is_item = outer.list.contains(&bracket) && query.depths[bracket] == outer.depth + 1 && inside.start == inner.at;
    let is_plain = !inner.is_special
        && !inner.distinct
        && inner.group.is_none()
        && inner.having.is_none()
        && inner.order.is_none()
        && inner.limit.is_none()
        && inner.offset.is_none()
        && outer.group.is_none();
    let aggregate = inner.list.clone();
    let name = query.words[aggregate.start].folded()?;
    let is_aggregate = ["count", "sum", "min", "max", "avg"].contains(&name.as_str())
        && query
            .inside(aggregate.start + 1)
            .is_some_and(|inside| inside.end + 1 == aggregate.end);
    if !is_item || !is_plain || !is_aggregate {
        return None;
    }
    let inner_from = inner.from.clone()?;
    let alias = query.words[inner_from.end - 1].name()?;
    let is_one_table = inner_from
        .clone()
        .all(|index| query.words[index].name().is_some() || query.words[index].is_symbol("."));
    let conjuncts = query.conjuncts(inner.condition.as_ref()?);
    let mut key: Option<(String, String)> = None;
    let mut others: Vec<&str> = Vec::new();
    for part in &conjuncts {
        let equals = part.clone().find(|index| query.words[*index].text == "=");
        let of =
            |words: Range<usize>| is_column_of(query, &words).map(|table| (table, query.source(&words).to_owned()));
        let sides = equals.and_then(|equals| Some((of(part.start..equals)?, of(equals + 1..part.end)?)));
        match sides {
            Some(((left, inner), (right, outer))) if left == alias && right != alias && key.is_none() => {
                key = Some((inner, outer));
            }
            Some(((left, outer), (right, inner))) if right == alias && left != alias && key.is_none() => {
                key = Some((inner, outer));
            }
            _ => others.push(query.source(part)),
        }
    }
    let (inner_key, outer_key) = key.filter(|_| is_one_table)?;
    // Another name of the outer query would not be known in the join.
    let qualifiers = conjuncts
        .iter()
        .flat_map(Clone::clone)
        .filter(|index| query.words.get(index + 1).is_some_and(|next| next.is_symbol(".")));
    let foreign = qualifiers
        .filter(|index| query.words[*index].name().as_deref() != Some(&alias))
        .count();
    if foreign > 1 {
        return None;
    }
    let condition = if others.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", others.join(" AND "))
    };
    let value = if name == "count" {
        "coalesce(grouped.value, 0)"
    } else {
        "grouped.value"
    };
    let join = format!(
        " LEFT JOIN (SELECT {inner_key} AS link, {} AS value FROM {}{condition} GROUP BY 1) grouped ON grouped.link = {outer_key}",
        query.source(&aggregate),
        query.source(&inner_from),
    );
    let last = query.source(&(from.end - 1..from.end)).to_owned();
    Some(query.replaced(&[(whole, value.to_owned()), (from.end - 1..from.end, last + &join)]))
}

/// The table of a column with its table before it: `o.customer_id`.
fn is_column_of(query: &Query<'_>, words: &Range<usize>) -> Option<String> {
    let is_column = words.len() == 3 && query.words[words.start + 1].is_symbol(".");
    is_column.then(|| query.words[words.start].name()).flatten()
}
