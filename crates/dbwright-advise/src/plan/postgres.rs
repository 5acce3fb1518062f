//! `EXPLAIN (FORMAT JSON)` of PostgreSQL, with and without ANALYZE, BUFFERS and VERBOSE, from the server or from
//! `auto_explain`'s log.
//!
//! Keys: <https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/commands/explain.c>. A key that is not known is
//! passed over; a node of an unknown kind is [`Operation::Other`].

use dbwright_catalog::{
    Actual, Buffers, ConditionKind, Estimate, HashUse, HeapBlocks, Jit, NodeRole, Operation, PlanCondition, PlanNode,
    PlanRelation, QueryPlan, Setting, SortUse, TriggerTime, Workers,
};
use serde_json::Value;

use super::NoPlan;
use super::json::{Object, float, list, number, text, texts};

/// Where a condition stands, what it is for, and where the rows are counted that it threw away.
const CONDITIONS: [(&str, ConditionKind, &str); 8] = [
    ("Index Cond", ConditionKind::Index, ""),
    ("TID Cond", ConditionKind::Index, ""),
    ("Hash Cond", ConditionKind::Join, ""),
    ("Merge Cond", ConditionKind::Join, ""),
    ("Recheck Cond", ConditionKind::Recheck, "Rows Removed by Index Recheck"),
    ("Join Filter", ConditionKind::JoinFilter, "Rows Removed by Join Filter"),
    ("One-Time Filter", ConditionKind::OneTime, ""),
    ("Filter", ConditionKind::Filter, "Rows Removed by Filter"),
];

/// Reads the answer of `EXPLAIN (FORMAT JSON)`.
///
/// # Errors
///
/// When it is none.
pub(super) fn read_postgres(json: &str) -> Result<QueryPlan, NoPlan> {
    read_postgres_file(json).map(|(plan, _)| plan)
}

/// Reads a plan that somebody has kept, and the query where it stands beside the plan, as `auto_explain` writes it.
///
/// # Errors
///
/// When it is none.
pub(super) fn read_postgres_file(json: &str) -> Result<(QueryPlan, Option<String>), NoPlan> {
    let value: Value = serde_json::from_str(json).map_err(|error| NoPlan(format!("not JSON: {error}")))?;
    let first = match &value {
        Value::Array(statements) => match statements.as_slice() {
            [one] => one,
            [] => return Err(NoPlan("an empty list holds no plan".to_owned())),
            _ => {
                return Err(NoPlan(format!(
                    "{} plans in one list: a rule rewrote the query; give one of them",
                    statements.len()
                )));
            }
        },
        other => other,
    };
    // psql and drivers print the column around it.
    let first = first.get("QUERY PLAN").unwrap_or(first);
    let first = match first {
        Value::Array(inner) => inner.first().unwrap_or(first),
        other => other,
    };
    let no_plan = || NoPlan("there is no `Plan` in it: `EXPLAIN (FORMAT JSON)` of PostgreSQL prints one".to_owned());
    let statement = first.as_object().ok_or_else(no_plan)?;
    let root = statement.get("Plan").and_then(Value::as_object).ok_or_else(no_plan)?;
    let plan = QueryPlan {
        root: node(root)?,
        planning_ms: float(statement, "Planning Time"),
        execution_ms: float(statement, "Execution Time"),
        jit: statement.get("JIT").and_then(Value::as_object).map(jit),
        triggers: triggers(statement),
        settings: settings(statement),
    };
    Ok((plan, text(statement, "Query Text")))
}

fn node(object: &Object) -> Result<PlanNode, NoPlan> {
    let kind = text(object, "Node Type").ok_or_else(|| NoPlan("a node has no `Node Type`".to_owned()))?;
    let join_type = text(object, "Join Type");
    let mut children = Vec::new();
    for child in list(object, "Plans") {
        let child = child
            .as_object()
            .ok_or_else(|| NoPlan("a node is no object".to_owned()))?;
        children.push(node(child)?);
    }
    Ok(PlanNode {
        operation: operation(&kind),
        name: name(&kind, object, join_type.as_deref()),
        role: role(object),
        relation: relation(object),
        index: text(object, "Index Name"),
        source: ["CTE Name", "Function Name", "Table Function Name"]
            .iter()
            .find_map(|key| text(object, key)),
        join_type,
        estimate: estimate(object),
        rows_read: None,
        actual: actual(object),
        conditions: conditions(object),
        keys: ["Sort Key", "Group Key"]
            .iter()
            .flat_map(|key| texts(object, key))
            .collect(),
        output: texts(object, "Output"),
        sort: sort(object),
        hash: hash(object),
        heap_blocks: heap_blocks(object),
        heap_fetches: float(object, "Heap Fetches"),
        workers: number(object, "Workers Planned").map(|planned| Workers {
            planned,
            launched: number(object, "Workers Launched"),
        }),
        buffers: buffers(object),
        parts_removed: number(object, "Subplans Removed").unwrap_or(0),
        partitions: Vec::new(),
        children,
    })
}

fn operation(kind: &str) -> Operation {
    match kind {
        "Seq Scan" | "Sample Scan" => Operation::SequentialScan,
        "Index Scan" | "Tid Scan" | "Tid Range Scan" => Operation::IndexScan,
        "Index Only Scan" => Operation::IndexOnlyScan,
        "Bitmap Heap Scan" => Operation::BitmapHeapScan,
        "Bitmap Index Scan" => Operation::BitmapIndexScan,
        "BitmapAnd" | "BitmapOr" => Operation::BitmapCombination,
        "CTE Scan" | "WorkTable Scan" => Operation::CteScan,
        "Function Scan" | "Table Function Scan" => Operation::FunctionScan,
        "Foreign Scan" => Operation::ForeignScan,
        "Custom Scan" => Operation::CustomScan,
        "Nested Loop" => Operation::NestedLoop,
        "Hash Join" => Operation::HashJoin,
        "Merge Join" => Operation::MergeJoin,
        "Hash" => Operation::Hash,
        "Sort" => Operation::Sort,
        "Incremental Sort" => Operation::IncrementalSort,
        "Aggregate" | "Group" => Operation::Aggregate,
        "Limit" => Operation::Limit,
        "Append" | "Merge Append" => Operation::Append,
        "Gather" | "Gather Merge" => Operation::Gather,
        "Materialize" => Operation::Materialize,
        "Memoize" => Operation::Memoize,
        "ModifyTable" => Operation::ModifyTable,
        "LockRows" => Operation::LockRows,
        _ => Operation::Other,
    }
}

/// The name as `EXPLAIN` prints it in its text format.
fn name(kind: &str, object: &Object, join_type: Option<&str>) -> String {
    let mut name = match kind {
        "Aggregate" => match text(object, "Strategy").as_deref() {
            Some("Hashed") => "HashAggregate",
            Some("Sorted") => "GroupAggregate",
            Some("Mixed") => "MixedAggregate",
            _ => "Aggregate",
        }
        .to_owned(),
        "ModifyTable" => text(object, "Operation").unwrap_or_else(|| kind.to_owned()),
        _ => kind.to_owned(),
    };
    if let Some(join_type) = join_type.filter(|join_type| *join_type != "Inner") {
        let (before, after) = match name.strip_suffix(" Join") {
            Some(before) => (before.to_owned(), " Join"),
            None => (name.clone(), " Join"),
        };
        name = format!("{before} {join_type}{after}");
    }
    match text(object, "Partial Mode").as_deref() {
        Some("Partial") => name.insert_str(0, "Partial "),
        Some("Finalize") => name.insert_str(0, "Finalize "),
        _ => {}
    }
    if object.get("Parallel Aware").and_then(Value::as_bool) == Some(true) {
        name.insert_str(0, "Parallel ");
    }
    if text(object, "Scan Direction").as_deref() == Some("Backward") {
        name.push_str(" Backward");
    }
    name
}

fn role(object: &Object) -> NodeRole {
    let subplan = || text(object, "Subplan Name").unwrap_or_default();
    match text(object, "Parent Relationship").as_deref() {
        None => NodeRole::Root,
        Some("Inner") => NodeRole::Inner,
        Some("Member") => NodeRole::Member,
        Some("InitPlan") => NodeRole::Once(subplan()),
        Some("SubPlan") => NodeRole::PerRow(subplan()),
        Some(_) => NodeRole::Outer,
    }
}

fn relation(object: &Object) -> Option<PlanRelation> {
    let name = text(object, "Relation Name")?;
    Some(PlanRelation {
        schema: text(object, "Schema"),
        alias: text(object, "Alias").unwrap_or_else(|| name.clone()),
        name,
    })
}

fn estimate(object: &Object) -> Option<Estimate> {
    Some(Estimate {
        startup_cost: float(object, "Startup Cost"),
        total_cost: Some(float(object, "Total Cost")?),
        rows: float(object, "Plan Rows")?,
        width: number(object, "Plan Width").and_then(|width| u32::try_from(width).ok()),
    })
}

fn actual(object: &Object) -> Option<Actual> {
    Some(Actual {
        total_ms: float(object, "Actual Total Time"),
        rows: float(object, "Actual Rows")?,
        loops: float(object, "Actual Loops")?,
    })
}

fn conditions(object: &Object) -> Vec<PlanCondition> {
    let mut found = Vec::new();
    for (key, kind, removed) in CONDITIONS {
        if let Some(text) = text(object, key) {
            found.push(PlanCondition {
                kind,
                text,
                removed: float(object, removed),
            });
        }
    }
    found
}

fn sort(object: &Object) -> Option<SortUse> {
    // Workers sort each for themselves, and the leader may do nothing.
    let own = std::iter::once(object).chain(list(object, "Workers").filter_map(Value::as_object));
    let uses = own.filter_map(|of| {
        Some(SortUse {
            method: text(of, "Sort Method")?,
            kilobytes: number(of, "Sort Space Used")?,
            on_disk: text(of, "Sort Space Type").as_deref() == Some("Disk"),
        })
    });
    uses.max_by_key(|used| (used.on_disk, used.kilobytes))
        .or_else(|| incremental(object))
}

/// Groups of an incremental sort: the one that took most.
fn incremental(object: &Object) -> Option<SortUse> {
    let groups = ["Full-sort Groups", "Pre-sorted Groups"];
    let groups = groups.iter().filter_map(|key| object.get(*key)?.as_object());
    let uses = groups.flat_map(|group| {
        [("Sort Space Memory", false), ("Sort Space Disk", true)]
            .into_iter()
            .filter_map(|(key, on_disk)| {
                Some(SortUse {
                    method: texts(group, "Sort Methods Used").join(", "),
                    kilobytes: number(group.get(key)?.as_object()?, "Peak Sort Space Used")?,
                    on_disk,
                })
            })
    });
    uses.max_by_key(|used| (used.on_disk, used.kilobytes))
}

fn hash(object: &Object) -> Option<HashUse> {
    let own = std::iter::once(object).chain(list(object, "Workers").filter_map(Value::as_object));
    let uses = own.filter_map(|of| {
        let batches = number(of, "Hash Batches").or_else(|| number(of, "HashAgg Batches"))?;
        Some(HashUse {
            batches,
            planned_batches: number(of, "Original Hash Batches").unwrap_or(1),
            memory_kilobytes: number(of, "Peak Memory Usage").unwrap_or(0),
            disk_kilobytes: number(of, "Disk Usage").unwrap_or(0),
        })
    });
    uses.max_by_key(|used| used.batches)
}

fn heap_blocks(object: &Object) -> Option<HeapBlocks> {
    Some(HeapBlocks {
        exact: number(object, "Exact Heap Blocks")?,
        lossy: number(object, "Lossy Heap Blocks").unwrap_or(0),
    })
}

fn buffers(object: &Object) -> Option<Buffers> {
    Some(Buffers {
        hit: number(object, "Shared Hit Blocks")?,
        read: number(object, "Shared Read Blocks").unwrap_or(0),
        temporary: number(object, "Temp Written Blocks").unwrap_or(0),
    })
}

fn jit(object: &Object) -> Jit {
    let timing = object.get("Timing").and_then(Value::as_object);
    Jit {
        functions: number(object, "Functions").unwrap_or(0),
        total_ms: timing.and_then(|timing| float(timing, "Total")),
    }
}

fn triggers(object: &Object) -> Vec<TriggerTime> {
    let triggers = list(object, "Triggers").filter_map(Value::as_object);
    triggers
        .map(|trigger| TriggerTime {
            name: text(trigger, "Trigger Name").unwrap_or_default(),
            constraint: text(trigger, "Constraint Name"),
            relation: text(trigger, "Relation"),
            total_ms: float(trigger, "Time").unwrap_or(0.0),
            calls: float(trigger, "Calls").unwrap_or(0.0),
        })
        .collect()
}

fn settings(object: &Object) -> Vec<Setting> {
    let settings = object.get("Settings").and_then(Value::as_object);
    let settings = settings.into_iter().flatten();
    settings
        .filter_map(|(name, value)| {
            Some(Setting {
                name: name.clone(),
                value: value.as_str()?.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plan_is_told_as_what_it_is() {
        let problem = |json: &str| read_postgres(json).unwrap_err().0;
        assert!(problem("Seq Scan on t").starts_with("not JSON"));
        assert_eq!(problem("[]"), "an empty list holds no plan");
        assert!(problem("{\"query_block\": {}}").starts_with("there is no `Plan`"));
        assert_eq!(problem("[{\"Plan\": {}}]"), "a node has no `Node Type`");
        assert_eq!(
            problem("[{\"Plan\": {\"Node Type\": \"Sort\", \"Plans\": [1]}}]"),
            "a node is no object"
        );
        let deep = "{\"Node Type\": \"Result\", \"Plans\": [".repeat(70);
        let deep = format!("{{\"Plan\": {deep}{}}}", "]}".repeat(70));
        assert!(problem(&deep).starts_with("not JSON"), "{}", problem(&deep));
    }

    #[test]
    fn a_plan_is_found_in_what_programs_print_around_it() {
        let plan = "{\"Plan\": {\"Node Type\": \"Result\"}}";
        for around in [
            plan.to_owned(),
            format!("[{plan}]"),
            format!("[{{\"QUERY PLAN\": [{plan}]}}]"),
            "{\"Query Text\": \"SELECT 1\", \"Plan\": {\"Node Type\": \"Result\"}}".to_owned(),
        ] {
            assert_eq!(read_postgres(&around).unwrap().root.name, "Result", "{around}");
        }
        let (_, query) =
            read_postgres_file("{\"Query Text\": \"SELECT 1\", \"Plan\": {\"Node Type\": \"Result\"}}").unwrap();
        assert_eq!(query.as_deref(), Some("SELECT 1"));
    }
}
