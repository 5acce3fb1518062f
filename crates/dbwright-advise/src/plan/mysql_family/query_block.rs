//! Plans as query blocks: `FORMAT=JSON` of MySQL in its version 1, and of MariaDB. Both tell the tables of a join in their order,
//! and around them what is done with its rows.
//!
//! Keys: <https://github.com/mysql/mysql-server/blob/trunk/sql/opt_explain_json.cc>,
//! <https://github.com/MariaDB/server/blob/main/sql/sql_explain.cc>,
//! <https://mariadb.com/docs/server/reference/sql-statements/administrative-sql-statements/analyze-and-explain-statements/analyze-format-json>.

mod join;
mod table;

use dbwright_catalog::{Actual, ConditionKind, Estimate, NodeRole, Operation, PlanCondition, PlanNode, SortUse};
use serde_json::Value;

use super::super::NoPlan;
use super::super::json::{Object, flag, float, list, number, object, text, texts};

/// Who has printed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    MySql,
    /// MariaDB before 11, which tells rows and no costs.
    MariaDb,
    /// MariaDB from 11 on, whose costs are milliseconds.
    MariaDbWithCosts,
}

/// Subqueries of a block, by the keys that hold them.
const SUBQUERIES: [&str; 8] = [
    "subqueries",
    "select_list_subqueries",
    "attached_subqueries",
    "having_subqueries",
    "order_by_subqueries",
    "group_by_subqueries",
    "update_value_subqueries",
    "optimized_away_subqueries",
];

/// What combines the rows of several blocks.
const UNIONS: [(&str, &str); 5] = [
    ("union_result", "Union"),
    ("intersect_result", "Intersect"),
    ("except_result", "Except"),
    ("recursive_union", "Recursive union"),
    ("unary_result", "Result of a block"),
];

/// Reads the outermost block.
pub(super) fn read(block: &Object) -> Result<(PlanNode, Dialect), NoPlan> {
    let has = |key: &str| has_key(&Value::Object(block.clone()), key);
    let dialect = if has("cost_info") || has("rows_examined_per_scan") {
        Dialect::MySql
    } else if has("cost") {
        Dialect::MariaDbWithCosts
    } else if [
        "rows",
        "r_loops",
        "r_total_time_ms",
        "filesort",
        "temporary_table",
        "nested_loop",
    ]
    .iter()
    .any(|key| has(key))
        || names_a_table_alone(block)
    {
        Dialect::MariaDb
    } else {
        Dialect::MySql
    };
    let rows = self::block(block, dialect)?;
    Ok((super::written::by_flags(block, rows), dialect))
}

/// Whether a block tells a table and not how it is read, as MariaDB does of the rows that an `INSERT` names.
fn names_a_table_alone(block: &Object) -> bool {
    let table = object(block, "table");
    table.is_some_and(|table| table.contains_key("table_name") && !table.contains_key("access_type"))
}

fn has_key(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(object) => {
            object
                .get(key)
                .is_some_and(|found| !found.is_array() || key == "nested_loop")
                || object.values().any(|value| has_key(value, key))
        }
        Value::Array(values) => values.iter().any(|value| has_key(value, key)),
        _ => false,
    }
}

/// A block, with its subqueries.
fn block(block: &Object, dialect: Dialect) -> Result<PlanNode, NoPlan> {
    let mut node = if let Some(node) = content(block, dialect)? {
        node
    } else {
        let why = text(block, "message").unwrap_or_else(|| "Rows without a table".to_owned());
        PlanNode::new(Operation::Other, &why)
    };
    for (key, kind) in [
        ("having_condition", ConditionKind::Filter),
        ("const_condition", ConditionKind::OneTime),
    ] {
        node.conditions
            .extend(text(block, key).map(|text| condition(kind, &text, None)));
    }
    if let Some(estimate) = &mut node.estimate {
        let told = float(block, "cost").or_else(|| float(object(block, "cost_info")?, "query_cost"));
        estimate.total_cost = estimate.total_cost.map(|counted| counted.max(told.unwrap_or(0.0)));
    }
    if let (Some(loops), Some(total_ms)) = (float(block, "r_loops"), float(block, "r_total_time_ms"))
        && loops > 0.0
    {
        let counted = node.actual.unwrap_or(Actual {
            total_ms: None,
            rows: 0.0,
            loops,
        });
        node.actual = Some(Actual {
            total_ms: Some((total_ms / counted.loops.max(1.0)).max(counted.total_ms.unwrap_or(0.0))),
            ..counted
        });
    }
    node.children.extend(subqueries(block, dialect)?);
    Ok(node)
}

/// The subqueries that stand in an object.
fn subqueries(of: &Object, dialect: Dialect) -> Result<Vec<PlanNode>, NoPlan> {
    let mut nodes = Vec::new();
    for entry in SUBQUERIES
        .iter()
        .flat_map(|key| list(of, key))
        .filter_map(Value::as_object)
    {
        let mut wrapped = entry.values().filter_map(Value::as_object);
        let Some(inner) =
            object(entry, "query_block").or_else(|| wrapped.find_map(|inner| object(inner, "query_block")))
        else {
            continue;
        };
        let mut node = block(inner, dialect)?;
        let name = match dialect {
            Dialect::MySql => format!("select#{}", select_id(inner)),
            Dialect::MariaDb | Dialect::MariaDbWithCosts => format!("subquery#{}", select_id(inner)),
        };
        let is_asked_again = match dialect {
            Dialect::MySql => {
                flag(entry, "dependent") || entry.get("cacheable").and_then(Value::as_bool) == Some(false)
            }
            Dialect::MariaDb | Dialect::MariaDbWithCosts => {
                !entry.contains_key("materialization") && names_others(inner)
            }
        };
        node.role = if is_asked_again {
            NodeRole::PerRow(name)
        } else {
            NodeRole::Once(name)
        };
        nodes.push(node);
    }
    Ok(nodes)
}

/// The number of a block; of a union that of its first.
fn select_id(block: &Object) -> u64 {
    let first = || {
        let of_union = UNIONS.iter().find_map(|(key, _)| object(block, key))?;
        list(of_union, "query_specifications")
            .find_map(|part| number(part.get("query_block")?.as_object()?, "select_id"))
    };
    number(block, "select_id").or_else(first).unwrap_or(0)
}

/// Whether a block of MariaDB names a table that is not its own, which the server does not tell in another way.
fn names_others(block: &Object) -> bool {
    fn collect(value: &Value, own: &mut Vec<String>, named: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                own.extend(text(object, "table_name"));
                for reference in texts(object, "ref") {
                    let mut parts = reference.rsplitn(3, '.');
                    named.extend(parts.nth(1).map(str::to_owned));
                }
                for key in ["attached_condition", "index_condition", "having_condition"] {
                    let condition = text(object, key).unwrap_or_default();
                    named.extend(tables_in(&condition));
                }
                object.values().for_each(|value| collect(value, own, named));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, own, named)),
            _ => {}
        }
    }
    let (mut own, mut named) = (Vec::new(), Vec::new());
    collect(&Value::Object(block.clone()), &mut own, &mut named);
    // Of what is kept of a subquery, conditions tell the alias, and the plan another name.
    let has_derived = own.iter().any(|name| name.starts_with('<'));
    named.iter().any(|name| !own.contains(name) && !has_derived)
}

/// The tables that a condition names.
fn tables_in(condition: &str) -> Vec<String> {
    let words: Vec<dbwright_sql::Token<'_>> = dbwright_sql::tokens(dbwright_catalog::Engine::MariaDb, condition)
        .filter(|token| !token.is_space())
        .collect();
    let names = words.windows(2).filter(|pair| pair[1].is_symbol("."));
    names.filter_map(|pair| pair[0].name()).collect()
}

/// What a block does with the rows of its tables, from the outside in.
fn content(of: &Object, dialect: Dialect) -> Result<Option<PlanNode>, NoPlan> {
    if let Some(sort) = object(of, "filesort") {
        return sorted(sort, dialect);
    }
    if let Some(operation) = object(of, "ordering_operation") {
        return worked(operation, None, dialect);
    }
    for (key, name) in [
        ("grouping_operation", "Group"),
        ("duplicates_removal", "Remove duplicates"),
    ] {
        if let Some(operation) = object(of, key) {
            return worked(operation, Some(name), dialect);
        }
    }
    if let Some(windows) = object(of, "windowing").or_else(|| object(of, "window_functions_computation")) {
        return windowed(windows, dialect);
    }
    for key in ["temporary_table", "buffer_result"] {
        if let Some(inner) = object(of, key) {
            return Ok(content(inner, dialect)?.map(|node| around(Operation::Materialize, "Temporary table", node)));
        }
    }
    // What is kept before it is changed is told where it is changed.
    for key in ["read_sorted_file", "buffer"] {
        if let Some(inner) = object(of, key) {
            return content(inner, dialect);
        }
    }
    for (key, name) in UNIONS {
        if let Some(union) = object(of, key) {
            return united(union, name, dialect).map(Some);
        }
    }
    if of.contains_key("nested_loop") {
        return join::read(list(of, "nested_loop"), dialect);
    }
    if let Some(from) = object(of, "insert_from") {
        let target = object(of, "table")
            .map(|table| table::read(table, 1.0, dialect))
            .transpose()?;
        let rows = content(from, dialect)?;
        return Ok(match (target, rows) {
            (Some(mut target), Some(rows)) => {
                target.node.estimate = rows.estimate;
                target.node.children.push(PlanNode {
                    role: NodeRole::Outer,
                    ..rows
                });
                Some(target.node)
            }
            (target, rows) => target.map(|target| target.node).or(rows),
        });
    }
    match object(of, "table") {
        Some(_) => join::read(std::iter::once(&Value::Object(of.clone())), dialect),
        None => Ok(None),
    }
}

/// MySQL's sorting and grouping: what it takes is told by flags.
fn worked(operation: &Object, name: Option<&str>, dialect: Dialect) -> Result<Option<PlanNode>, NoPlan> {
    let Some(mut node) = content(operation, dialect)? else {
        return Ok(None);
    };
    if flag(operation, "using_temporary_table") {
        node = around(Operation::Materialize, "Temporary table", node);
    }
    let sort_cost = object(operation, "cost_info").and_then(|cost| float(cost, "sort_cost"));
    if flag(operation, "using_filesort") {
        let mut sort = around(Operation::Sort, "Sort", node);
        add(&mut sort, sort_cost);
        node = sort;
    }
    if let Some(name) = name {
        node = around(Operation::Aggregate, name, node);
    }
    node.children.extend(subqueries(operation, dialect)?);
    Ok(Some(node))
}

/// MariaDB's sort.
fn sorted(sort: &Object, dialect: Dialect) -> Result<Option<PlanNode>, NoPlan> {
    let Some(below) = content(sort, dialect)? else {
        return Ok(None);
    };
    let mut node = around(Operation::Sort, "Sort", below);
    node.keys = text(sort, "sort_key")
        .map(|keys| keys.split(", ").map(str::to_owned).collect())
        .unwrap_or_default();
    if let Some(loops) = float(sort, "r_loops") {
        let input = node.actual.and_then(|actual| Some(actual.total_ms? * actual.loops));
        let own = float(sort, "r_total_time_ms").unwrap_or(0.0);
        // What reads the table by itself has counted that as well.
        let whole = if sort.contains_key("temporary_table") {
            input.unwrap_or(0.0) + own
        } else {
            own.max(input.unwrap_or(0.0))
        };
        node.actual = Some(Actual {
            total_ms: Some(whole / loops.max(1.0)),
            rows: float(sort, "r_output_rows").unwrap_or(0.0) / loops.max(1.0),
            loops,
        });
    }
    node.sort = sort_use(sort);
    Ok(Some(node))
}

fn sort_use(sort: &Object) -> Option<SortUse> {
    let size = text(sort, "r_buffer_size")?;
    let is_queue =
        flag(sort, "r_used_priority_queue") || sort.get("r_used_priority_queue").and_then(Value::as_bool) == Some(true);
    let method = match float(sort, "r_limit") {
        Some(limit) if is_queue => format!("first {limit} rows"),
        _ => "sort".to_owned(),
    };
    Some(SortUse {
        method,
        kilobytes: kilobytes(&size),
        on_disk: number(sort, "r_sort_passes").unwrap_or(0) > 0,
    })
}

/// `2047KiB`, `249`.
fn kilobytes(size: &str) -> u64 {
    let digits = size.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u64 = digits.parse().unwrap_or(0);
    match &size[digits.len()..] {
        "KiB" | "Kb" => number,
        "MiB" | "Mb" => number.saturating_mul(1024),
        "GiB" | "Gb" => number.saturating_mul(1024 * 1024),
        _ => number / 1024,
    }
}

fn windowed(windows: &Object, dialect: Dialect) -> Result<Option<PlanNode>, NoPlan> {
    let Some(mut node) = content(windows, dialect)? else {
        return Ok(None);
    };
    let mut keys = Vec::new();
    for window in list(windows, "windows").filter_map(Value::as_object) {
        if flag(window, "using_filesort") {
            keys.push(texts(window, "filesort_key"));
        }
    }
    let sorts = list(windows, "sorts").filter_map(|sort| sort.get("filesort")?.as_object());
    let sorts: Vec<&Object> = sorts.collect();
    keys.extend(
        sorts
            .iter()
            .map(|sort| vec![text(sort, "sort_key").unwrap_or_default()]),
    );
    let sort_cost = object(windows, "cost_info").and_then(|cost| float(cost, "sort_cost"));
    for (index, keys) in keys.into_iter().enumerate() {
        node = around(Operation::Sort, "Sort", node);
        node.keys = keys;
        node.sort = sorts.get(index).and_then(|sort| sort_use(sort));
        add(&mut node, sort_cost.filter(|_| index == 0));
    }
    Ok(Some(around(Operation::Other, "Window functions", node)))
}

fn united(union: &Object, name: &str, dialect: Dialect) -> Result<PlanNode, NoPlan> {
    let mut node = PlanNode::new(Operation::Append, name);
    let (mut cost, mut rows, mut ms, mut came, mut known) = (None, 0.0, 0.0, 0.0, true);
    for part in list(union, "query_specifications").filter_map(Value::as_object) {
        let Some(inner) = object(part, "query_block") else {
            continue;
        };
        let mut member = block(inner, dialect)?;
        member.role = NodeRole::Member;
        match member.estimate {
            Some(estimate) => {
                cost = sum(cost, estimate.total_cost);
                rows += estimate.rows;
            }
            None => known = false,
        }
        if let Some(actual) = member.actual {
            ms += actual.total_ms.unwrap_or(0.0) * actual.loops;
            came += actual.rows * actual.loops;
        }
        node.children.push(member);
    }
    let measured = node.children.iter().any(|child| child.actual.is_some());
    node.estimate = (known && !node.children.is_empty()).then_some(Estimate {
        startup_cost: None,
        total_cost: cost,
        rows,
        width: None,
    });
    node.actual = measured.then_some(Actual {
        total_ms: Some(ms),
        rows: float(union, "r_rows").unwrap_or(came),
        loops: 1.0,
    });
    if flag(union, "using_temporary_table") {
        node = around(Operation::Materialize, "Temporary table", node);
    }
    if let Some(sort) = object(union, "filesort").filter(|_| dialect != Dialect::MySql) {
        node = around(Operation::Sort, "Sort", node);
        node.keys = text(sort, "sort_key").into_iter().collect();
    } else if flag(union, "using_filesort") {
        node = around(Operation::Sort, "Sort", node);
    }
    Ok(node)
}

/// What two costs are together, where they are told.
fn sum(left: Option<f64>, right: Option<f64>) -> Option<f64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left + right),
        (one, other) => one.or(other),
    }
}

/// Adds to what a node costs.
fn add(node: &mut PlanNode, cost: Option<f64>) {
    if let (Some(estimate), Some(cost)) = (&mut node.estimate, cost) {
        estimate.total_cost = sum(estimate.total_cost, Some(cost));
    }
}

/// A node that takes what another gives; it costs nothing by itself until somebody says so.
fn around(operation: Operation, name: &str, below: PlanNode) -> PlanNode {
    let mut node = PlanNode::new(operation, name);
    node.estimate = below.estimate;
    node.actual = below.actual;
    node.children.push(PlanNode {
        role: NodeRole::Outer,
        ..below
    });
    node
}

fn condition(kind: ConditionKind, text: &str, removed: Option<f64>) -> PlanCondition {
    PlanCondition {
        kind,
        text: text.to_owned(),
        removed,
    }
}
