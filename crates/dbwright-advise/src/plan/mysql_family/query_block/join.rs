//! The tables of a join, one after the other: each is read for the rows that those before it give.

use dbwright_catalog::{Actual, ConditionKind, Estimate, NodeRole, Operation, PlanNode};
use serde_json::Value;

use super::super::super::NoPlan;
use super::super::super::json::{Object, float, object, text};
use super::super::PLANNED_ANEW;
use super::table::{self, TableRead};
use super::{Dialect, condition, content, sum};

/// The tree of a join, with its first table at the bottom.
pub(super) fn read<'a>(entries: impl Iterator<Item = &'a Value>, dialect: Dialect) -> Result<Option<PlanNode>, NoPlan> {
    let mut joined: Option<Joined> = None;
    for entry in entries {
        let Some(entry) = entry.as_object() else {
            return Err(NoPlan("a table of a join is no object".to_owned()));
        };
        // A group of tables whose duplicates are removed together.
        let group = entry.get("duplicates_removal").and_then(Value::as_array);
        let group: Vec<&Object> = match group {
            Some(group) => group.iter().filter_map(Value::as_object).collect(),
            None => vec![entry],
        };
        for entry in group {
            joined = one(joined, entry, dialect)?;
        }
    }
    Ok(joined.map(|joined| joined.node))
}

/// What has been joined.
struct Joined {
    node: PlanNode,
    /// Rows expected of it.
    rows: f64,
    /// Its cost, where that is told.
    cost: Option<f64>,
}

fn one(before: Option<Joined>, entry: &Object, dialect: Dialect) -> Result<Option<Joined>, NoPlan> {
    let rows = before.as_ref().map_or(1.0, |before| before.rows);
    let buffered = object(entry, "block-nl-join");
    let checked = object(entry, "range-checked-for-each-record");
    let holder = buffered.or(checked).unwrap_or(entry);
    let read = match object(holder, "table") {
        Some(table) => {
            let mut read = table::read(table, rows, dialect)?;
            if checked.is_some() {
                read.node.name.push_str(PLANNED_ANEW);
            }
            read
        }
        None => match content(entry, dialect)? {
            // A first table that is sorted before the others are read.
            Some(node) => TableRead {
                cost: node.estimate.and_then(|estimate| estimate.total_cost),
                rows_out: node.estimate.map_or(1.0, |estimate| estimate.rows),
                buffer: None,
                node,
            },
            None => return Ok(before),
        },
    };
    let Some(before) = before else {
        return Ok(Some(Joined {
            cost: read.cost,
            rows: read.rows_out,
            node: read.node,
        }));
    };
    let buffer = buffered
        .and_then(|buffered| text(buffered, "join_type"))
        .or(read.buffer);
    let rows = before.rows * read.rows_out;
    let cost = sum(before.cost, read.cost);
    let mut node = kind(buffer.as_deref());
    if let Some(text) = buffered.and_then(|buffered| text(buffered, "attached_condition")) {
        let is_hash = node.operation == Operation::HashJoin;
        let kind = if is_hash {
            ConditionKind::Join
        } else {
            ConditionKind::JoinFilter
        };
        node.conditions.push(condition(kind, &text, None));
    }
    node.estimate = Some(Estimate {
        startup_cost: None,
        total_cost: cost,
        rows,
        width: None,
    });
    node.actual = actual(&before.node, &read.node, buffered);
    node.children = vec![
        PlanNode {
            role: NodeRole::Outer,
            ..before.node
        },
        PlanNode {
            role: NodeRole::Inner,
            ..read.node
        },
    ];
    Ok(Some(Joined { node, rows, cost }))
}

/// How two inputs are joined, by the server's word for its buffer.
fn kind(buffer: Option<&str>) -> PlanNode {
    match buffer {
        None => PlanNode::new(Operation::NestedLoop, "Nested loop join"),
        Some("hash join") => PlanNode::new(Operation::HashJoin, "Hash join"),
        Some("BNLH" | "BKAH") => PlanNode::new(Operation::HashJoin, "Block nested loop hash join"),
        Some("BKA" | "Batched Key Access") => PlanNode::new(Operation::NestedLoop, "Batched key access join"),
        Some(_) => PlanNode::new(Operation::NestedLoop, "Block nested loop join"),
    }
}

/// What a join did: MariaDB tells of each table how often it was read and what came, in all.
fn actual(outer: &PlanNode, inner: &PlanNode, buffered: Option<&Object>) -> Option<Actual> {
    let (first, second) = (outer.actual?, inner.actual?);
    let loops = first.loops;
    let all = |actual: Actual| Some(actual.total_ms? * actual.loops);
    let mut ms = all(first).zip(all(second)).map(|(first, second)| first + second);
    let mut rows = second.rows * second.loops;
    if let Some(buffered) = buffered {
        let own = ["r_unpack_time_ms", "r_other_time_ms"];
        let own: f64 = own.iter().filter_map(|key| float(buffered, key)).sum();
        ms = ms.map(|ms| ms + own);
        let pairs = float(buffered, "r_loops").zip(float(buffered, "r_effective_rows"));
        if let Some((loops, rows_each)) = pairs {
            rows = loops * rows_each * float(buffered, "r_filtered").unwrap_or(100.0) / 100.0;
        }
    }
    Some(Actual {
        total_ms: ms.map(|ms| ms / loops.max(1.0)),
        rows: rows / loops.max(1.0),
        loops,
    })
}
