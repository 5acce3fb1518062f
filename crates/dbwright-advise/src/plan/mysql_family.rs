//! Plans of MySQL and MariaDB.
//!
//! | form | from | read in |
//! | --- | --- | --- |
//! | `FORMAT=TREE`, `EXPLAIN ANALYZE` | MySQL 8 and later | `tree.rs` |
//! | `FORMAT=JSON`, version 2 | MySQL 8.3 and later, where `explain_json_format_version` is 2 | `iterators.rs` |
//! | `FORMAT=JSON`, version 1 | MySQL | `query_block.rs` |
//! | `FORMAT=JSON`, `ANALYZE FORMAT=JSON` | MariaDB | `query_block.rs` |
//!
//! Some of these name a table by its alias alone. Which table that is stands in the query as the server prints it back
//! (`/* select#1 */ select …`): in the JSON as `query`, before a tree as text. Where `dbwright explain` asks, the JSON tells as
//! `database` what names without a schema belong to; that schema is not told again.

mod conditions;
mod costs;
mod iterators;
mod names;
mod query_block;
#[cfg(test)]
mod tests;
mod tree;
mod written;

use dbwright_catalog::{Engine, PlanNode, QueryPlan};
use serde_json::Value;

use super::NoPlan;
use super::json::{Object, object, text};
use iterators::Step;

/// Said of a table whose way is decided anew for each row of those before it.
const PLANNED_ANEW: &str = ", planned for each row";

/// Reads a plan in any of the forms, and tells which engine has printed it.
///
/// # Errors
///
/// When it is none.
pub(super) fn read_mysql_family(plan: &str) -> Result<(QueryPlan, Engine), NoPlan> {
    if plan.trim_start().starts_with(['{', '[']) {
        return json(plan);
    }
    let (before, _) = plan.split_once("-> ").unwrap_or((plan, ""));
    let steps = tree::steps(plan)?;
    let plan = of_steps(steps).ok_or_else(|| {
        NoPlan("there is no plan in it: EXPLAIN prints one with FORMAT=TREE or FORMAT=JSON".to_owned())
    })?;
    Ok((named(plan, Some(before), None), Engine::MySql))
}

fn json(plan: &str) -> Result<(QueryPlan, Engine), NoPlan> {
    let value: Value = serde_json::from_str(plan).map_err(|error| NoPlan(format!("not JSON: {error}")))?;
    let value = match &value {
        Value::Array(rows) => rows.first().unwrap_or(&value),
        other => other,
    };
    // Drivers print the column around it, as a text or as what it is.
    let inner = ["EXPLAIN", "ANALYZE"].iter().find_map(|column| value.get(*column));
    if let Some(Value::String(text)) = inner {
        return read_mysql_family(text);
    }
    let no_plan = || {
        NoPlan("there is no `query_plan` and no `query_block` in it: EXPLAIN FORMAT=JSON prints one of them".to_owned())
    };
    let whole = inner.unwrap_or(value).as_object().ok_or_else(no_plan)?;
    let query = text(whole, "query");
    let database = text(whole, "database");
    if let Some(root) = object(whole, "query_plan") {
        let plan = of_steps(vec![iterators::step(root)?]).ok_or_else(no_plan)?;
        return Ok((named(plan, query.as_deref(), database.as_deref()), Engine::MySql));
    }
    let block = object(whole, "query_block").ok_or_else(no_plan)?;
    let (root, dialect) = query_block::read(block)?;
    let plan = QueryPlan {
        planning_ms: planning(whole),
        ..bare(root)
    };
    let engine = match dialect {
        query_block::Dialect::MySql => Engine::MySql,
        query_block::Dialect::MariaDb | query_block::Dialect::MariaDbWithCosts => Engine::MariaDb,
    };
    Ok((named(plan, query.as_deref(), database.as_deref()), engine))
}

/// The plan of the steps at the left margin: the first one, and subqueries of its list.
fn of_steps(steps: Vec<Step>) -> Option<QueryPlan> {
    let mut steps = steps.into_iter();
    let mut root = steps.next()?;
    root.children.extend(steps);
    Some(bare(iterators::node(root)))
}

fn bare(mut root: PlanNode) -> QueryPlan {
    costs::settle(&mut root);
    QueryPlan {
        planning_ms: None,
        execution_ms: root.actual.and_then(|actual| actual.total_ms),
        jit: None,
        triggers: Vec::new(),
        settings: Vec::new(),
        root,
    }
}

/// How long MariaDB took to make the plan.
fn planning(whole: &Object) -> Option<f64> {
    super::json::float(object(whole, "query_optimization")?, "r_total_time_ms")
}

fn named(mut plan: QueryPlan, query: Option<&str>, database: Option<&str>) -> QueryPlan {
    if let Some(query) = query {
        written::by_statement(&mut plan.root, query);
        names::tell(&mut plan.root, query);
        conditions::complete(&mut plan.root, query);
    }
    if let Some(database) = database {
        names::leave_out(&mut plan.root, database);
    }
    plan
}
