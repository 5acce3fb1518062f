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
//! What to do: compare the partition key itself, with a range.
//!
//! See <https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITION-PRUNING>.

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
    engines: &[Engine::Postgres],
    source: include_str!("partitions_not_pruned.rs"),
    look,
};

/// Fewer are read as fast as one table.
const PARTITIONS_MIN: usize = 4;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
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
        let names_key = |columns: &[ColumnName]| columns.iter().any(|column| column.name == key);
        let on_key = conditions.iter().find_map(|condition| match condition {
            Expression::Compare { left, right, .. } if names_key(&left.columns) => Some(left.text.clone()),
            Expression::Compare { right, .. } if names_key(&right.columns) => Some(right.text.clone()),
            _ => None,
        });
        let is_bare = on_key
            .as_ref()
            .is_some_and(|text| text.ends_with(&format!(".{key}")) || *text == key);
        if conditions.is_empty() || is_bare {
            continue;
        }
        let mut finding = INSIGHT.finding(
            Some(index),
            format!(
                "{} partitions of {name} are read, as the condition does not tell which are meant",
                parents.len()
            ),
        );
        finding.evidence.push(match &on_key {
            Some(text) => format!("{name} is partitioned by {key}, and the condition compares {text}."),
            None => format!("{name} is partitioned by {key}, and no condition names it."),
        });
        finding.advice.push(format!("Compare {key} itself, with a range."));
        let data_type = parent.column(&key).map(|column| column.data_type.as_str());
        let rewritten = context
            .query
            .as_ref()
            .zip(data_type.filter(|data_type| data_type.starts_with("timestamp")))
            .and_then(|(query, data_type)| as_range(query, &key, data_type));
        if let Some(sql) = rewritten {
            finding.change = Some(change(PlanChangeKind::Query, ChangePurpose::Cost, sql, &[]));
        }
        findings.push(finding);
    }
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

/// The column by which a table is partitioned, where it is one: `RANGE (at)`.
fn key(table: &TableFacts) -> Option<String> {
    let (_, columns) = table.partition_key.as_ref()?.split_once('(')?;
    let column = columns.strip_suffix(')')?.trim_matches('"');
    (!column.contains([',', '('])).then(|| column.to_owned())
}
