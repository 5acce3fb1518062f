//! A table is read again for each of many rows.
//!
//! A nested loop runs its inner side once for each row of the outer one. That is right for few rows or with an index; reading
//! through a table thousands of times is not.
//!
//! How it is found: the inner side of a nested loop has no index to find its rows by, runs at least a hundred times, and takes a
//! good part of the whole. MySQL calls it a hash join without a condition, MariaDB a block nested loop join.
//!
//! ```sql setup postgres
//! CREATE TABLE event (id integer PRIMARY KEY, at integer NOT NULL);
//! INSERT INTO event SELECT n, n FROM generate_series(1, 5000) n;
//! CREATE TABLE price (id integer PRIMARY KEY, valid_from integer NOT NULL, valid_to integer NOT NULL, event_id integer);
//! INSERT INTO price SELECT n, n * 10, n * 10 + 10, n FROM generate_series(1, 500) n;
//! ```
//!
//! ```sql told postgres
//! SELECT count(*) FROM event e JOIN price p ON e.at >= p.valid_from AND e.at < p.valid_to
//! ```
//!
//! ```sql silent postgres
//! SELECT count(*) FROM event e JOIN price p ON p.event_id = e.id
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE event (id INTEGER PRIMARY KEY, at INTEGER NOT NULL);
//! CREATE TABLE price (id INTEGER PRIMARY KEY, valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL, event_id INTEGER);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 5000)
//! INSERT INTO event SELECT value, value FROM g;
//! INSERT INTO price SELECT id, id * 10, id * 10 + 10, id FROM event WHERE id <= 500;
//! ```
//!
//! ```sql told sqlite
//! SELECT count(*) FROM event e JOIN price p ON e.at >= p.valid_from AND e.at < p.valid_to
//! ```
//!
//! ```sql silent sqlite
//! SELECT count(*) FROM event e JOIN price p ON p.event_id = e.id
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE event (id integer PRIMARY KEY, at integer NOT NULL);
//! INSERT INTO event SELECT n, n FROM number WHERE n <= 5000;
//! CREATE TABLE price (id integer PRIMARY KEY, valid_from integer NOT NULL, valid_to integer NOT NULL, event_id integer);
//! INSERT INTO price SELECT n, n * 10, n * 10 + 10, n FROM number WHERE n <= 500;
//! ANALYZE TABLE event, price;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT count(*) FROM event e JOIN price p ON e.at >= p.valid_from AND e.at < p.valid_to
//! ```
//!
//! ```sql told mariadb
//! SELECT count(*) FROM event e JOIN price p ON e.at = p.event_id
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT count(*) FROM event e JOIN price p ON p.event_id = e.id
//! ```
//!
//! ```sql silent mysql
//! SELECT count(*) FROM event e JOIN price p ON e.at = p.event_id
//! ```
//!
//! What to do: join by an equality, where one can be had (a hash join then reads each table once); or build an index that finds
//! the rows of the inner side. Where far more rows came than expected, mend the estimate first.
//!
//! See <https://www.postgresql.org/docs/current/planner-optimizer.html>,
//! <https://dev.mysql.com/doc/refman/9.4/en/hash-joins.html>,
//! <https://mariadb.com/docs/server/ha-and-performance/optimization-and-tuning/query-optimizations/block-based-join-algorithms>.

use dbwright_catalog::{
    ChangePurpose, ConditionKind, Engine, NodeRole, Operation, PlanChange, PlanChangeKind, PlanFinding, PlanNode,
    Severity,
};

use crate::context::{Context, rows_told};
use crate::finding::change;
use crate::indexing::wanted;
use crate::insight::Insight;

pub(crate) static INSIGHT: Insight = Insight {
    name: "nested-loop-over-many-rows",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("nested_loop_over_many_rows.rs"),
    look,
};

/// Fewer runs are what nested loops are for.
const RUNS_MIN: f64 = 100.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    if context.server.engine == Engine::Sqlite {
        return look_sqlite(context, findings);
    }
    for (index, node) in context.nodes_of(&[Operation::NestedLoop, Operation::HashJoin]) {
        // A hash table without a condition is a loop over all pairs.
        if node.operation == Operation::HashJoin && node.conditions_of(ConditionKind::Join).next().is_some() {
            continue;
        }
        let child = |role: NodeRole| node.children.iter().find(move |child| child.role == role);
        let (Some(outer), Some(inner)) = (child(NodeRole::Outer), child(NodeRole::Inner)) else {
            continue;
        };
        let runs = match inner.actual {
            // A join buffer reads it once for many rows, and compares it with each of them.
            Some(actual) if is_buffered(node) => actual.loops.max(outer.rows()),
            Some(actual) => actual.loops,
            None => outer.rows(),
        };
        let Some(read) = read_whole(inner) else { continue };
        // Comparing each pair of rows costs where they are compared: at the join.
        if runs < RUNS_MIN || !context.is_much(context.costs[index].inclusive - outer_cost(context, index)) {
            continue;
        }
        let each = inner.rows();
        let mut finding = INSIGHT.finding(
            Some(index),
            format!("{} is gone through {} times", read.title(), rows_told(runs)),
        );
        finding.evidence.push(format!(
            "{} rows each time: {} pairs are compared.",
            rows_told(each),
            rows_told(each * runs)
        ));
        let joined_by = [ConditionKind::JoinFilter, ConditionKind::Filter];
        if let Some(filter) = joined_by.iter().flat_map(|kind| node.conditions_of(*kind)).next() {
            finding.evidence.push(format!("They are joined by {}.", filter.text));
        }
        if let (Some(estimate), Some(actual)) = (outer.estimate, outer.actual)
            && actual.rows > estimate.rows * 10.0
        {
            finding.evidence.push(format!(
                "{} rows were expected on its outer side, and {} came.",
                rows_told(estimate.rows),
                rows_told(actual.rows)
            ));
        }
        finding.advice.push(
            "Join by an equality where one can be had, or build an index that finds the rows of the inner side."
                .to_owned(),
        );
        finding.change = index_for(context, node, read);
        findings.push(finding);
    }
}

fn is_buffered(node: &PlanNode) -> bool {
    node.operation == Operation::HashJoin || node.name.starts_with("Block nested loop")
}

/// An index that would find the rows of the inner side, where these are joined by an equality.
fn index_for(context: &Context<'_>, join: &PlanNode, inner: &PlanNode) -> Option<PlanChange> {
    let table = context.table(inner)?;
    let mut both = inner.clone();
    both.conditions.extend(join.conditions.iter().cloned());
    let kinds = [ConditionKind::JoinFilter, ConditionKind::Filter];
    let wanted = wanted(context, &both, table, &kinds).filter(|wanted| wanted.equal > 0)?;
    let sql = wanted.sql(context, table);
    Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]))
}

fn outer_cost(context: &Context<'_>, index: usize) -> f64 {
    let mut children = (index + 1..context.nodes.len()).filter(|child| context.parents[*child] == Some(index));
    let outer = children.find(|child| context.nodes[*child].role == NodeRole::Outer);
    outer.map_or(0.0, |outer| context.costs[outer].inclusive)
}

/// The table below that is read from end to end, kept in memory or not.
fn read_whole(node: &PlanNode) -> Option<&PlanNode> {
    match node.operation {
        Operation::SequentialScan => Some(node),
        Operation::Materialize | Operation::Hash => node.children.first().and_then(read_whole),
        _ => None,
    }
}

/// SQLite joins by nested loops alone, and tells no rows that come out of them.
fn look_sqlite(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, inner) in context.nodes.iter().enumerate() {
        let above = context.parents[index].map(|above| context.nodes[above]);
        let Some(join) = above.filter(|_| inner.role == NodeRole::Inner && context.is_whole_scan(inner)) else {
            continue;
        };
        let runs = join.runs_of(inner);
        let rows = inner.rows_read.unwrap_or_default();
        if runs < RUNS_MIN || !context.matters(index) {
            continue;
        }
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "All {} rows of {} are read again for each of up to {} rows",
                rows_told(rows),
                context.table(inner).map_or("a table", |table| table.name.as_str()),
                rows_told(runs)
            ),
        );
        for filter in inner.conditions_of(ConditionKind::Filter) {
            finding.evidence.push(format!("They are joined by {}.", filter.text));
        }
        let table = context.table(inner);
        let index = table.and_then(|table| Some((table, wanted(context, inner, table, &[ConditionKind::Filter])?)));
        finding.advice.push(match &index {
            Some((_, wanted)) => format!("An index on {} finds them.", wanted.columns_told(context)),
            None => "Join by an equality where one can be had, so that an index can find them.".to_owned(),
        });
        if let Some((table, wanted)) = index {
            let sql = wanted.sql(context, table);
            finding.change = Some(change(PlanChangeKind::Index, ChangePurpose::Cost, sql, &[]));
        }
        findings.push(finding);
    }
}
