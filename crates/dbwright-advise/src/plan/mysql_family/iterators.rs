//! The steps of MySQL's executor, as `FORMAT=TREE` and version 2 of `FORMAT=JSON` name them. Both print the same words, and
//! the JSON tells some things beside them.
//!
//! Words: <https://github.com/mysql/mysql-server/blob/trunk/sql/join_optimizer/explain_access_path.cc>.
//! What is not known is [`Operation::Other`] under the server's own name.

use dbwright_catalog::{
    Actual, ConditionKind, Estimate, NodeRole, Operation, PlanCondition, PlanNode, PlanRelation, SortUse,
};

use super::PLANNED_ANEW;
use crate::plan::NoPlan;
use crate::plan::json::{Object, float, list, number, text, texts};

/// A step before it becomes a node.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Its whole text: `Index lookup on o using orders_customer (customer_id = c.id)`.
    pub(super) operation: String,
    /// What JSON tells beside; empty where the plan is a text.
    pub(super) facts: Object,
    pub(super) estimate: Option<Estimate>,
    pub(super) actual: Option<Actual>,
    /// What stands above it: `Hash`, `Select #2 (subquery in condition; run only once)`.
    pub(super) heading: Option<String>,
    pub(super) children: Vec<Step>,
}

/// The steps of a plan in JSON.
pub(super) fn step(plan: &Object) -> Result<Step, NoPlan> {
    let operation = text(plan, "operation").ok_or_else(|| NoPlan("a step has no `operation`".to_owned()))?;
    let mut children = Vec::new();
    for child in list(plan, "inputs").chain(list(plan, "inputs_from_select_list")) {
        let child = child
            .as_object()
            .ok_or_else(|| NoPlan("a step is no object".to_owned()))?;
        children.push(step(child)?);
    }
    Ok(Step {
        operation,
        estimate: float(plan, "estimated_rows").map(|rows| Estimate {
            startup_cost: float(plan, "estimated_first_row_cost"),
            total_cost: float(plan, "estimated_total_cost"),
            rows,
            width: None,
        }),
        actual: number(plan, "actual_loops").map(|_| Actual {
            total_ms: float(plan, "actual_last_row_ms"),
            rows: float(plan, "actual_rows").unwrap_or(0.0),
            loops: float(plan, "actual_loops").unwrap_or(0.0),
        }),
        heading: text(plan, "heading"),
        facts: plan
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "inputs" | "inputs_from_select_list"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        children,
    })
}

/// The node of a step and all below it.
pub(super) fn node(step: Step) -> PlanNode {
    let mut step = step;
    if let Some(heading) = step.heading.take() {
        if let Some(role) = subquery(&heading) {
            let mut node = node(step);
            node.role = role;
            return node;
        }
        let mut above = PlanNode::new(named(&heading), &heading);
        above.actual = step.actual;
        let mut below = node(step);
        below.role = NodeRole::Outer;
        above.children.push(below);
        return above;
    }
    if let Some(condition) = step.operation.strip_prefix("Filter: ") {
        let condition = condition.to_owned();
        return filtered(step, &condition);
    }
    let mut made = plain(&step.operation, &step.facts);
    made.estimate = step.estimate;
    made.actual = step.actual;
    made.children = children(step.children, made.operation);
    // What has an input is no table, but what was kept of a subquery.
    if made.children.iter().any(|below| below.role == NodeRole::Outer)
        && let Some(kept) = made.relation.take()
    {
        made.source = Some(kept.alias);
        made.operation = Operation::CteScan;
    }
    made
}

/// The nodes below one, each with what it is to it.
fn children(steps: Vec<Step>, above: Operation) -> Vec<PlanNode> {
    let mut nodes = Vec::new();
    for mut step in steps {
        // In a text the heading of a subquery is a step of its own.
        if let (Some(role), [_]) = (subquery(&step.operation), step.children.as_slice())
            && let Some(below) = step.children.pop()
        {
            let mut below = node(below);
            below.role = role;
            nodes.push(below);
            continue;
        }
        let mut below = node(step);
        if below.role == NodeRole::Root {
            let inputs = nodes
                .iter()
                .filter(|node: &&PlanNode| !matches!(node.role, NodeRole::Once(_) | NodeRole::PerRow(_)))
                .count();
            below.role = match (above, inputs) {
                (Operation::Append, _) => NodeRole::Member,
                (Operation::NestedLoop | Operation::HashJoin, 1) => NodeRole::Inner,
                (_, 0) => NodeRole::Outer,
                _ => NodeRole::Member,
            };
        }
        nodes.push(below);
    }
    nodes
}

/// `Select #2 (subquery in condition; run only once)`: what it is to the step above. Conditions call it `(select #2)`.
fn subquery(heading: &str) -> Option<NodeRole> {
    let (name, how) = heading.strip_prefix("Select #")?.split_once(' ')?;
    let name = format!("select #{name}");
    let once = how.contains("run only once") && !how.contains("dependent");
    Some(if once {
        NodeRole::Once(name)
    } else {
        NodeRole::PerRow(name)
    })
}

/// The node below a filter with its condition: engines that do both at once tell it so.
fn filtered(step: Step, condition: &str) -> PlanNode {
    let mut below = children(step.children, Operation::Other);
    let Some(at) = below.iter().position(|node| node.role == NodeRole::Outer) else {
        let mut alone = PlanNode::new(Operation::Other, "Filter");
        alone.estimate = step.estimate;
        alone.actual = step.actual;
        alone.children = below;
        alone.conditions.push(filter(condition, None));
        return alone;
    };
    let mut node = below.remove(at);
    node.role = NodeRole::Root;
    let removed = match (node.actual, step.actual) {
        (Some(read), Some(kept)) if kept.loops > 0.0 => {
            Some((read.rows * read.loops / kept.loops - kept.rows).max(0.0))
        }
        _ => None,
    };
    node.rows_read = node.rows_read.or(node.estimate.map(|estimate| estimate.rows));
    node.estimate = step.estimate.or(node.estimate);
    node.actual = step.actual.or(node.actual);
    node.conditions.push(filter(condition, removed));
    // Subqueries of the condition.
    node.children.append(&mut below);
    node
}

fn filter(text: &str, removed: Option<f64>) -> PlanCondition {
    PlanCondition {
        kind: ConditionKind::Filter,
        text: text.to_owned(),
        removed,
    }
}

fn condition(kind: ConditionKind, text: &str) -> PlanCondition {
    PlanCondition {
        kind,
        text: text.to_owned(),
        removed: None,
    }
}

/// A step by itself.
fn plain(operation: &str, facts: &Object) -> PlanNode {
    if let Some((how, what)) = reads(operation) {
        return reader(how, what, facts);
    }
    let (name, rest) = match operation.split_once(": ") {
        Some((name, rest)) => (name, rest),
        None => (operation, ""),
    };
    let mut node = match name {
        "Sort" | "Sort row IDs" | "Sort with duplicate removal" => {
            let (keys, limit) = match rest.split_once(", limit input to ") {
                Some((keys, limit)) => (keys, Some(limit)),
                None => (rest, None),
            };
            let mut sort = PlanNode::new(Operation::Sort, name);
            sort.keys = parts(keys);
            // The first rows of a sort are kept in memory, however many come.
            let kept = limit.and_then(|limit| limit.split(' ').next()?.parse::<u64>().ok());
            sort.sort = kept.map(|kept| SortUse {
                method: format!("first {kept} rows"),
                kilobytes: 0,
                on_disk: false,
            });
            sort
        }
        "Aggregate" | "Group aggregate" | "Group aggregate with rollup" | "Group (no aggregates)" => {
            let mut node = PlanNode::new(Operation::Aggregate, name);
            node.output = parts(rest);
            node.keys = texts(facts, "group_by");
            node
        }
        "Limit" | "Limit/Offset" => PlanNode::new(Operation::Limit, operation),
        "Window aggregate" | "Window aggregate with buffering" | "Window multi-pass aggregate with buffering" => {
            let mut node = PlanNode::new(Operation::Other, name);
            node.keys = parts(rest);
            node
        }
        _ => return joined(operation, facts).unwrap_or_else(|| PlanNode::new(named(operation), operation)),
    };
    node.role = NodeRole::Root;
    node
}

/// `Nested loop left join`, `Inner hash join (q.d = p.b), extra conditions: (…)`.
fn joined(operation: &str, facts: &Object) -> Option<PlanNode> {
    let lower = operation.to_ascii_lowercase();
    let head = lower.split(" (").next().unwrap_or_default();
    let is_loop = head.starts_with("nested loop ") || head.starts_with("batched key access ");
    let is_hash = head.contains("hash join") || head.contains("hash semijoin") || head.contains("hash antijoin");
    if !is_loop && !is_hash {
        return None;
    }
    let join_type = [("anti", "Anti"), ("semi", "Semi"), ("left", "Left"), ("inner", "Inner")];
    let told = text(facts, "join_type").unwrap_or_else(|| head.to_owned());
    let join_type = join_type.iter().find(|(word, _)| told.contains(word));
    let end = operation.find(" (").unwrap_or(operation.len());
    let operation_kind = if is_hash {
        Operation::HashJoin
    } else {
        Operation::NestedLoop
    };
    let mut node = PlanNode::new(operation_kind, &operation[..end]);
    node.join_type = join_type.map(|(_, name)| (*name).to_owned());
    if is_hash {
        let (by, extra) = match operation[end..].split_once(", extra conditions: ") {
            Some((by, extra)) => (by.trim(), Some(extra)),
            None => (operation[end..].trim(), None),
        };
        if by == "(no condition)" {
            "Join of each row with each".clone_into(&mut node.name);
        } else {
            node.conditions.push(condition(ConditionKind::Join, by));
        }
        node.conditions
            .extend(extra.map(|extra| condition(ConditionKind::JoinFilter, extra)));
    }
    Some(node)
}

/// What a step does, by how its text begins.
fn named(operation: &str) -> Operation {
    let known = [
        ("Hash", Operation::Hash),
        ("Append", Operation::Append),
        ("Materialize", Operation::Materialize),
        ("Union materialize", Operation::Materialize),
        ("Union all materialize", Operation::Materialize),
        ("Intersect materialize", Operation::Materialize),
        ("Intersect all materialize", Operation::Materialize),
        ("Except materialize", Operation::Materialize),
        ("Except all materialize", Operation::Materialize),
        ("Temporary table", Operation::Materialize),
        ("Aggregate using temporary table", Operation::Aggregate),
        ("Deduplicate rows sorted by row ID", Operation::BitmapCombination),
        ("Sort-deduplicate by row ID", Operation::BitmapCombination),
        ("Intersect rows sorted by row ID", Operation::BitmapCombination),
        ("Insert into", Operation::ModifyTable),
        ("Replace into", Operation::ModifyTable),
        ("Update ", Operation::ModifyTable),
        ("Delete from", Operation::ModifyTable),
    ];
    let begins = |words: &str| operation.starts_with(words);
    let found = known
        .iter()
        .filter(|(words, _)| begins(words))
        .max_by_key(|(words, _)| words.len());
    found.map_or(Operation::Other, |(_, operation)| *operation)
}

/// How a step reads and what: `("Table scan", "o")`.
fn reads(operation: &str) -> Option<(&str, &str)> {
    if let Some(table) = operation.strip_prefix("Count rows in ") {
        return Some(("Count rows", table));
    }
    let (how, what) = operation.split_once(" on ")?;
    let is_reader = ["scan", "lookup", "search", "Scan new records"]
        .iter()
        .any(|word| how.ends_with(word) || how.contains("lookup"))
        || how.contains(" scan for ");
    is_reader.then_some((how, what))
}

/// A step that reads a table or what was kept of a subquery.
fn reader(how: &str, what: &str, facts: &Object) -> PlanNode {
    let lower = how.to_ascii_lowercase();
    let operation = if lower.starts_with("table scan") || lower == "count rows" || lower == "sample scan" {
        Operation::SequentialScan
    } else if lower.contains("covering") {
        Operation::IndexOnlyScan
    } else if lower.starts_with("scan new records") {
        Operation::CteScan
    } else {
        Operation::IndexScan
    };
    let (table, by) = match what.split_once(" using ") {
        Some((table, by)) => (table, by),
        None => (what, ""),
    };
    let (table, is_backward) = match table.strip_suffix(" (in reverse)") {
        Some(table) => (table, true),
        None => (table, false),
    };
    let (table, is_planned_anew) = match table.strip_suffix(" (re-planned for each iteration)") {
        Some(table) => (table, true),
        None => (table, false),
    };
    let index_end = by.find(" over ").or_else(|| by.find(" (")).unwrap_or(by.len());
    let index_end = by
        .find(", with index condition")
        .map_or(index_end, |at| at.min(index_end));
    let (index, rest) = by.split_at(index_end);
    let (rest, pushed) = match rest.split_once(", with index condition: ") {
        Some((rest, pushed)) => (rest, Some(pushed)),
        None => (rest, None),
    };
    let mut node = PlanNode::new(operation, how);
    node.index = text(facts, "index_name").or_else(|| (!index.is_empty()).then(|| index.to_owned()));
    if is_planned_anew {
        node.name.push_str(PLANNED_ANEW);
    }
    if is_backward || rest.contains("(reverse)") || rest.contains("(in reverse)") {
        node.name.push_str(" backward");
    }
    let name = text(facts, "table_name").unwrap_or_else(|| table.to_owned());
    if name.starts_with('<') {
        node.source = Some(name);
        node.operation = Operation::CteScan;
    } else {
        node.relation = Some(PlanRelation {
            schema: text(facts, "schema_name"),
            alias: text(facts, "alias").unwrap_or_else(|| table.to_owned()),
            name,
        });
    }
    let looked_up = bare(rest);
    if !looked_up.is_empty() {
        node.conditions.push(condition(ConditionKind::Index, looked_up));
    }
    // It says again what is looked up, and more.
    node.conditions
        .extend(pushed.map(|pushed| condition(ConditionKind::Recheck, pushed)));
    node.partitions = texts(facts, "partitions");
    node
}

/// `over (a = 1) OR (a = 2)`, `(customer_id = c.id)`, with what is not a condition taken off.
fn bare(text: &str) -> &str {
    let mut text = text.trim();
    for end in ["(reverse)", "(Multi-Range Read)"] {
        text = text.strip_suffix(end).unwrap_or(text).trim_end();
    }
    text = text.strip_prefix("over ").unwrap_or(text);
    match text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) if !inner.contains(") OR (") => inner,
        _ => text,
    }
}

/// The items of a list, by the commas outside of brackets and quotes.
fn parts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let (mut depth, mut quote, mut start) = (0_usize, None, 0);
    for (at, letter) in text.char_indices() {
        if let Some(open) = quote {
            quote = Some(open).filter(|open| *open != letter);
            continue;
        }
        match letter {
            '\'' | '"' | '`' => quote = Some(letter),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text[start..at].trim().to_owned());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim().to_owned());
    parts.retain(|part| !part.is_empty());
    parts
}
