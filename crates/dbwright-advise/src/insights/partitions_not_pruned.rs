//! All partitions are read, because the condition does not tell which ones are meant.
//!
//! The server leaves out partitions by comparing the partition key itself with a value. A function around the key, or a condition
//! that does not name it, makes it look into each partition.
//!
//! How it is found: at least four partitions of one table are read, which together are a good part of the cost, and either the
//! key stands inside of a function or cast, or there is a condition and none on the key.
//!
//! ```sql setup postgres
//! CREATE TABLE measurement (id integer NOT NULL, at timestamptz NOT NULL, value integer NOT NULL) PARTITION BY RANGE (at);
//! DO $$ BEGIN
//!   FOR month IN 1..6 LOOP
//!     EXECUTE format('CREATE TABLE measurement_%s PARTITION OF measurement FOR VALUES FROM (%L) TO (%L)', month,
//!       make_timestamptz(2026, month, 1, 0, 0, 0, 'UTC'), make_timestamptz(2026, month + 1, 1, 0, 0, 0, 'UTC'));
//!   END LOOP;
//! END $$;
//! INSERT INTO measurement SELECT n, timestamptz '2026-01-01 UTC' + n * interval '5 minutes', n FROM generate_series(1, 50000) n;
//! ```
//!
//! ```sql told postgres
//! SELECT sum(value) FROM measurement WHERE date_trunc('month', at) = '2026-03-01'
//! ```
//!
//! ```sql silent postgres
//! SELECT sum(value) FROM measurement WHERE at >= '2026-03-01' AND at < '2026-04-01'
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE measurement (id integer NOT NULL, at datetime NOT NULL, value integer NOT NULL, PRIMARY KEY (id, at))
//!   PARTITION BY RANGE (year(at)) (PARTITION p2023 VALUES LESS THAN (2024), PARTITION p2024 VALUES LESS THAN (2025),
//!   PARTITION p2025 VALUES LESS THAN (2026), PARTITION p2026 VALUES LESS THAN (2027), PARTITION later VALUES LESS THAN MAXVALUE);
//! INSERT INTO measurement SELECT n, '2023-01-01' + INTERVAL n * 3 HOUR, n FROM number;
//! ANALYZE TABLE measurement;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT sum(value) FROM measurement WHERE date_format(at, '%Y-%m') = '2025-03'
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT sum(value) FROM measurement WHERE value = 17
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT sum(value) FROM measurement WHERE at >= '2025-03-01' AND at < '2025-04-01'
//! ```
//!
//! What to do: compare the partition key itself, with a range.
//!
//! See <https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITION-PRUNING>,
//! <https://dev.mysql.com/doc/refman/9.4/en/partitioning-pruning.html>.

use dbwright_catalog::{
    ChangePurpose, ConditionKind, Engine, Operation, PlanChangeKind, PlanFinding, PlanNode, Severity, TableFacts,
};

use crate::context::Context;
use crate::expression::{ColumnName, Expression};
use crate::finding::change;
use crate::insight::Insight;
use crate::rewrite::as_range;

pub(crate) static INSIGHT: Insight = Insight {
    name: "partitions-not-pruned",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb],
    source: include_str!("partitions_not_pruned.rs"),
    look,
};

/// Fewer are read as fast as one table.
const PARTITIONS_MIN: usize = 4;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    for (index, node) in context.nodes.iter().copied().enumerate() {
        findings.extend(in_one_node(context, index, node));
    }
    for (index, append) in context.nodes_of(&[Operation::Append]) {
        if append.parts_removed > 0 || !context.is_much(context.costs[index].inclusive) {
            continue;
        }
        let parts: Vec<&PlanNode> = append.children.iter().filter_map(scan).collect();
        let parents: Vec<&(String, String)> = parts
            .iter()
            .filter_map(|part| context.table(part)?.partition_of.as_ref())
            .collect();
        let Some((schema, name)) = parents.first() else {
            continue;
        };
        if parents.len() < PARTITIONS_MIN || parents.iter().any(|parent| parent.1 != *name) {
            continue;
        }
        let Some(parent) = context.facts.table(Some(schema), name) else {
            continue;
        };
        let Some(key) = key(parent) else { continue };
        let Some(part) = parts.first() else { continue };
        let filters = context.parts_of(part, ConditionKind::Filter);
        let conditions: Vec<Expression> = filters
            .into_iter()
            .chain(context.parts_of(part, ConditionKind::Index))
            .collect();
        findings.extend(told(context, index, parent, &key, &conditions, parents.len()));
    }
}

/// MySQL and MariaDB read all partitions in one node.
fn in_one_node(context: &Context<'_>, index: usize, node: &PlanNode) -> Option<PlanFinding> {
    let table = context.table(node)?;
    if node.partitions.len() < PARTITIONS_MIN || !context.is_much(context.costs[index].inclusive) {
        return None;
    }
    let key = key(table)?;
    let kinds = [ConditionKind::Filter, ConditionKind::Index, ConditionKind::Recheck];
    let conditions: Vec<Expression> = kinds.iter().flat_map(|kind| context.parts_of(node, *kind)).collect();
    told(context, index, table, &key, &conditions, node.partitions.len())
}

/// What is told, where the conditions do not compare the key itself.
fn told(
    context: &Context<'_>,
    index: usize,
    parent: &TableFacts,
    key: &str,
    conditions: &[Expression],
    count: usize,
) -> Option<PlanFinding> {
    let name = &parent.name;
    let names_key = |columns: &[ColumnName]| columns.iter().any(|column| column.name == key);
    let on_key = conditions.iter().find_map(|condition| match condition {
        Expression::Compare { left, right, .. } if names_key(&left.columns) => Some(left.text.clone()),
        Expression::Compare { right, .. } if names_key(&right.columns) => Some(right.text.clone()),
        _ => None,
    });
    let is_bare = on_key.as_ref().is_some_and(|text| {
        let text = text.replace('`', "");
        text.ends_with(&format!(".{key}")) || text == key
    });
    if conditions.is_empty() || is_bare {
        return None;
    }
    let mut finding = INSIGHT.finding(
        Some(index),
        format!("{count} partitions of {name} are read, as the condition does not tell which are meant"),
    );
    finding.evidence.push(match &on_key {
        Some(text) => format!("{name} is partitioned by {key}, and the condition compares {text}."),
        None => format!("{name} is partitioned by {key}, and no condition names it."),
    });
    finding.advice.push(format!("Compare {key} itself, with a range."));
    let is_time = |data_type: &&str| ["timestamp", "datetime"].iter().any(|kind| data_type.starts_with(kind));
    let data_type = parent.column(key).map(|column| column.data_type.as_str());
    let rewritten = context
        .query
        .as_ref()
        .zip(data_type.filter(is_time))
        .and_then(|(query, data_type)| as_range(query, key, data_type));
    finding.change = rewritten.map(|sql| change(PlanChangeKind::Query, ChangePurpose::Cost, sql, &[]));
    Some(finding)
}

/// The scan of a partition, below what sorts or gathers it.
fn scan(node: &PlanNode) -> Option<&PlanNode> {
    if node.relation.is_some() {
        return Some(node);
    }
    match node.children.as_slice() {
        [one] => scan(one),
        _ => None,
    }
}

/// The column by which a table is partitioned, where it is one: `RANGE (at)`; of MySQL and MariaDB also
/// ``RANGE (year(`at`))``, by which ranges of the column itself are pruned.
fn key(table: &TableFacts) -> Option<String> {
    let (method, columns) = table.partition_key.as_ref()?.split_once('(')?;
    let column = columns.strip_suffix(')')?.trim_matches(['"', '`']);
    if !column.contains([',', '(']) {
        return Some(column.to_owned());
    }
    let (function, column) = column.split_once('(')?;
    let column = column.strip_suffix(')')?.trim_matches('`');
    // https://dev.mysql.com/doc/refman/9.4/en/partitioning-pruning.html
    let is_pruned = method.trim().starts_with("RANGE")
        && ["year", "to_days", "to_seconds", "unix_timestamp"].contains(&function.to_ascii_lowercase().as_str());
    (is_pruned && !column.contains([',', '(', ' '])).then(|| column.to_owned())
}
