//! A table of a query block.

use dbwright_catalog::{Actual, ConditionKind, Estimate, NodeRole, Operation, PlanNode, PlanRelation};

use super::super::super::NoPlan;
use super::super::super::json::{Object, flag, float, object, text, texts};
use super::super::conditions::unqualified;
use super::{Dialect, block, condition, subqueries, sum};

/// A table, and what it adds to a join.
pub(super) struct TableRead {
    pub(super) node: PlanNode,
    /// What reading it costs in all, with what is below it, where that is told.
    pub(super) cost: Option<f64>,
    /// Rows expected for one row of those before it.
    pub(super) rows_out: f64,
    /// The join buffer that it is read with.
    pub(super) buffer: Option<String>,
}

/// Reads a table that is read for so many rows.
pub(super) fn read(table: &Object, outer_rows: f64, dialect: Dialect) -> Result<TableRead, NoPlan> {
    let mut node = plain(table);
    let examined = float(table, "rows_examined_per_scan").or_else(|| float(table, "rows"));
    let kept = float(table, "filtered").unwrap_or(100.0) / 100.0;
    let buffer = text(table, "using_join_buffer");
    let outer_rows = outer_rows.max(1.0);
    let rows_out = match (examined, float(table, "rows_produced_per_join")) {
        // To more digits than the share.
        (Some(_), Some(joined)) if joined > 0.0 && dialect == Dialect::MySql => joined / outer_rows,
        (Some(examined), _) => examined * kept,
        (None, _) => 1.0,
    };
    let mut cost = match dialect {
        Dialect::MySql => {
            let part = |key: &str| float(object(table, "cost_info")?, key);
            sum(part("read_cost"), part("eval_cost"))
        }
        Dialect::MariaDbWithCosts => float(table, "cost"),
        Dialect::MariaDb => None,
    };
    let below = object(table, "materialized")
        .or_else(|| object(table, "materialized_from_subquery"))
        .and_then(|kept| object(kept, "query_block"));
    if let Some(inner) = below {
        let mut inner = block(inner, dialect)?;
        inner.role = NodeRole::Outer;
        cost = sum(cost, inner.estimate.and_then(|estimate| estimate.total_cost));
        node.operation = Operation::CteScan;
        let kept = node.relation.take();
        node.source = node.source.take().or(kept.map(|kept| kept.alias));
        node.children.push(inner);
    }
    node.estimate = examined.map(|_| Estimate {
        startup_cost: None,
        // With a buffer it is read once for many rows.
        total_cost: cost.map(|cost| if buffer.is_some() { cost } else { cost / outer_rows }),
        rows: rows_out,
        width: None,
    });
    node.rows_read = examined;
    node.actual = actual(table, &node);
    node.children.extend(subqueries(table, dialect)?);
    Ok(TableRead {
        node,
        cost,
        rows_out,
        buffer,
    })
}

fn plain(table: &Object) -> PlanNode {
    let access = text(table, "access_type").unwrap_or_default();
    let covering = flag(table, "using_index");
    let mut node = node_of(access.strip_prefix("hash_").unwrap_or(&access), covering, table);
    for (key, word) in [("insert", "Insert into"), ("replace", "Replace into")] {
        if flag(table, key) {
            let name = text(table, "table_name").unwrap_or_default();
            return PlanNode::new(Operation::ModifyTable, &format!("{word} {name}"));
        }
    }
    // InnoDB keeps the table in its primary key.
    let is_whole = access == "index" && text(table, "key").as_deref() == Some("PRIMARY");
    if is_whole && (flag(table, "update") || flag(table, "delete")) {
        node = PlanNode::new(Operation::SequentialScan, "Table scan");
    }
    if flag(table, "backward_index_scan") {
        node.name.push_str(" backward");
    }
    if let Some(name) = text(table, "table_name") {
        if name.starts_with('<') {
            node.source = Some(name);
            node.operation = Operation::CteScan;
        } else {
            node.relation = Some(PlanRelation {
                schema: None,
                alias: name.clone(),
                name,
            });
        }
    }
    node.index = text(table, "key").filter(|_| node.operation != Operation::SequentialScan);
    node.partitions = texts(table, "partitions");
    if flag(table, "not_exists") {
        node.join_type = Some("Anti".to_owned());
    } else if text(table, "first_match").is_some() {
        node.join_type = Some("Semi".to_owned());
    }
    // Of what is changed by a range of values, MySQL tells the same as of what is looked up by one.
    if access != "range" {
        node.conditions.extend(looked_up(table));
    }
    if let Some(text) = text(table, "index_condition") {
        node.conditions
            .push(condition(ConditionKind::Recheck, &unqualified(&text), None));
    }
    if let Some(text) = text(table, "attached_condition") {
        let removed = float(table, "r_rows")
            .zip(float(table, "r_filtered"))
            .map(|(rows, kept)| rows * (100.0 - kept) / 100.0);
        node.conditions
            .push(condition(ConditionKind::Filter, &unqualified(&text), removed));
    }
    node
}

/// The words of `FORMAT=TREE` for ways to a table.
/// <https://dev.mysql.com/doc/refman/9.4/en/explain-output.html#explain-join-types>
fn node_of(access: &str, covering: bool, table: &Object) -> PlanNode {
    let (operation, name) = match access {
        "ALL" => (Operation::SequentialScan, "Table scan"),
        "index" => (Operation::IndexScan, "Index scan"),
        "range" => (Operation::IndexScan, "Index range scan"),
        "ref" => (Operation::IndexScan, "Index lookup"),
        "ref_or_null" => (Operation::IndexScan, "Index lookup, or NULL"),
        "eq_ref" => (Operation::IndexScan, "Single-row index lookup"),
        "unique_subquery" | "index_subquery" => (Operation::IndexScan, "Index lookup for a subquery"),
        "const" | "system" => (Operation::IndexScan, "Constant row"),
        "fulltext" => (Operation::IndexScan, "Full-text index search"),
        "index_merge" => (Operation::IndexScan, "Index merge"),
        "" => {
            return match text(table, "message") {
                Some(message) => PlanNode::new(Operation::Other, &message),
                // So MariaDB tells rows that stand in the statement.
                None => PlanNode::new(Operation::ModifyTable, "Insert"),
            };
        }
        other => return PlanNode::new(Operation::Other, other),
    };
    if covering && operation == Operation::IndexScan {
        return PlanNode::new(Operation::IndexOnlyScan, &format!("Covering {}", name.to_lowercase()));
    }
    PlanNode::new(operation, name)
}

/// `customer_id = c.id`, from the parts of the index and what they are compared with.
fn looked_up(table: &Object) -> Option<super::PlanCondition> {
    let (parts, references) = (texts(table, "used_key_parts"), texts(table, "ref"));
    let text: Vec<String> = parts
        .iter()
        .zip(&references)
        .map(|(part, reference)| {
            let value = match reference.split('.').collect::<Vec<_>>().as_slice() {
                [_, table, column] => format!("{table}.{column}"),
                ["const"] => "a value".to_owned(),
                ["func"] => "an expression".to_owned(),
                _ => reference.clone(),
            };
            format!("{part} = {value}")
        })
        .collect();
    (!text.is_empty()).then(|| condition(ConditionKind::Index, &text.join(" and "), None))
}

/// What reading it did, in all of the times that it was read.
fn actual(table: &Object, node: &PlanNode) -> Option<Actual> {
    let loops = float(table, "r_loops")?;
    let below: f64 = node
        .children
        .iter()
        .filter_map(|child| child.actual.and_then(|actual| Some(actual.total_ms? * actual.loops)))
        .sum();
    let times = ["r_table_time_ms", "r_other_time_ms"];
    let own: Vec<f64> = times.iter().filter_map(|key| float(table, key)).collect();
    let has_times = !own.is_empty() || loops == 0.0;
    let kept = float(table, "r_filtered").unwrap_or(100.0) / 100.0;
    Some(Actual {
        total_ms: has_times.then(|| (own.iter().sum::<f64>() + below) / loops.max(1.0)),
        rows: float(table, "r_rows").unwrap_or(0.0) * kept,
        loops,
    })
}
