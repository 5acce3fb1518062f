//! All rows are counted to learn whether there is one.
//!
//! `count(*) > 0` reads every row that fits. `EXISTS` stops at the first.
//!
//! How it is found: the query compares `count(*)` with 0 or 1, and counting is a good part of the cost.
//!
//! ```sql setup postgres
//! CREATE TABLE orders (id integer PRIMARY KEY, state text NOT NULL);
//! INSERT INTO orders SELECT n, 'done' FROM generate_series(1, 50000) n;
//! ```
//!
//! ```sql told postgres
//! SELECT count(*) > 0 FROM orders WHERE state = 'done'
//! ```
//!
//! ```sql told postgres
//! SELECT 1 WHERE (SELECT count(*) FROM orders WHERE state = 'done') = 0
//! ```
//!
//! ```sql silent postgres
//! SELECT count(*) FROM orders WHERE state = 'done'
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT NOT NULL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 50000)
//! INSERT INTO orders SELECT value, 'done' FROM g;
//! ```
//!
//! ```sql told sqlite
//! SELECT count(*) > 0 FROM orders WHERE state = 'done'
//! ```
//!
//! ```sql silent sqlite
//! SELECT count(*) FROM orders WHERE state = 'done'
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
//! SELECT count(*) > 0 FROM orders WHERE state = 'done'
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT d.n FROM digit d WHERE (SELECT count(*) FROM orders o WHERE o.id > d.n AND o.state = 'done') = 0
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT count(*) FROM orders WHERE state = 'done'
//! ```
//!
//! What to do: ask `EXISTS (SELECT FROM … WHERE …)`.
//!
//! See <https://www.postgresql.org/docs/current/functions-subquery.html#FUNCTIONS-SUBQUERY-EXISTS>,
//! <https://dev.mysql.com/doc/refman/9.4/en/exists-and-not-exists-subqueries.html>.

use std::ops::Range;

use dbwright_catalog::{ChangePurpose, Engine, Operation, PlanChangeKind, PlanFinding, PlanNode, Severity};

use crate::context::{Context, count_of_rows};
use crate::finding::change;
use crate::insight::Insight;
use crate::query::{Query, Select};

pub(crate) static INSIGHT: Insight = Insight {
    name: "count-for-existence",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("count_for_existence.rs"),
    look,
};

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let Some(query) = &context.query else { return };
    let Some(sql) = query
        .selects()
        .iter()
        .find_map(|select| with_exists(context, query, select))
    else {
        return;
    };
    let Some((index, counted)) = counted(context) else {
        return;
    };
    let mut finding = INSIGHT.finding(
        Some(index),
        "All rows are counted to learn whether there is one".to_owned(),
    );
    finding.evidence.push(match context.server.engine {
        Engine::Sqlite => format!("Up to {} are counted.", count_of_rows(counted)),
        Engine::Postgres | Engine::MySql | Engine::MariaDb => format!("{} are counted.", count_of_rows(counted)),
    });
    finding.advice.push("EXISTS stops at the first row.".to_owned());
    finding.change = Some(change(PlanChangeKind::Query, ChangePurpose::Cost, sql, &[]));
    findings.push(finding);
}

/// The step that counts, and how many rows.
fn counted(context: &Context<'_>) -> Option<(usize, f64)> {
    if context.server.engine == Engine::Sqlite {
        // It has no step for counting.
        let rows = context.plan.root.rows_at_most();
        return context.is_much(context.whole()).then_some((0, rows));
    }
    let is_much = |index: usize| context.is_much(context.costs[index].inclusive);
    let counting = context
        .nodes_of(&[Operation::Aggregate])
        .find(|(index, node)| node.keys.is_empty() && !node.name.starts_with("Group") && is_much(*index));
    // MariaDB does not tell of counting, and MySQL calls counting a whole table a way to read it.
    let reading = || {
        let mut nodes = context.nodes.iter().copied().enumerate();
        nodes.find(|(index, node)| context.is_whole_scan(node) && is_much(*index))
    };
    let (index, node) = counting.or_else(|| context.is_mysql_family().then(reading).flatten())?;
    Some((index, node.children.first().map_or(node.rows(), PlanNode::rows)))
}

/// The query with `EXISTS` in place of a comparison of this `SELECT`'s count.
fn with_exists(context: &Context<'_>, query: &Query<'_>, select: &Select) -> Option<String> {
    let is_plain = !select.is_special && select.group.is_none() && select.having.is_none() && select.limit.is_none();
    let from = select.from.clone().filter(|_| is_plain)?;
    let count = select.list.start;
    let counts_rows = query.stand_at(count, &["count", "("])
        && query
            .inside(count + 1)
            .is_some_and(|inside| matches!(query.source(&inside), "*" | "1"));
    if !counts_rows {
        return None;
    }
    let behind = count + 4;
    let condition = select
        .condition
        .as_ref()
        .map(|condition| format!(" WHERE {}", query.source(condition)));
    let exists = format!(
        "EXISTS (SELECT {}FROM {}{})",
        if context.server.engine == Engine::Postgres {
            ""
        } else {
            "1 "
        },
        query.source(&from),
        condition.unwrap_or_default()
    );
    if behind == select.list.end {
        // `(SELECT count(*) …) > 0`
        let bracket = select.at.checked_sub(1)?;
        let inside = query.inside(bracket).filter(|inside| inside.end == select.end)?;
        let (asks, end) = compared(query, inside.end + 1)?;
        return Some(query.replaced(&[(bracket..end, format!("{}{exists}", denial(asks)))]));
    }
    // `SELECT count(*) > 0 …`
    let (asks, end) = compared(query, behind)?;
    let rest: Range<usize> = end..select.list.end;
    if !rest.is_empty() && !query.stand_at(end, &["as"]) {
        return None;
    }
    let name = if rest.is_empty() {
        String::new()
    } else {
        format!(" {}", query.source(&rest))
    };
    Some(query.replaced(&[(select.list.start..select.end, format!("{}{exists}{name}", denial(asks)))]))
}

fn denial(asks_for_one: bool) -> &'static str {
    if asks_for_one { "" } else { "NOT " }
}

/// Whether a comparison with a number here asks for at least one row, or for none; and where it ends.
fn compared(query: &Query<'_>, at: usize) -> Option<(bool, usize)> {
    let operator = query.words.get(at)?.text;
    let number = query.words.get(at + 1)?.text;
    let asks = match (operator, number) {
        (">" | "<>" | "!=", "0") | (">=", "1") => true,
        ("=", "0") | ("<", "1") => false,
        _ => return None,
    };
    Some((asks, at + 2))
}
