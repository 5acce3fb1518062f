//! What one row of `EXPLAIN QUERY PLAN` says.

use dbwright_catalog::{ConditionKind, NodeRole, Operation, PlanCondition, PlanNode, PlanRelation};

/// What a row is to those beside it.
pub(super) enum Part<'a> {
    /// A table or a subquery that is gone through.
    Loop(Box<PlanNode>),
    /// Several searches of one table.
    MultiIndexOr,
    /// `UNION` and its like.
    Compound(&'a str),
    /// One of several inputs: the two parts of a recursive query.
    Member(&'a str),
    /// The rows of a right join that found nothing.
    RightJoin(&'a str),
    /// What a loop reads by this name.
    Made {
        /// The name.
        name: String,
        /// How it is called: `MATERIALIZE x`.
        title: String,
        /// Whether it is kept.
        runs_once: bool,
    },
    /// A subquery in an expression.
    Subquery(NodeRole),
    /// Sorting, or finding equal rows.
    Sort(&'a str),
    /// Anything else.
    Other,
}

/// Reads a row.
pub(super) fn part(detail: &str) -> Part<'_> {
    if let Some(rest) = detail.strip_prefix("SCAN ") {
        return looped("SCAN", rest);
    }
    if let Some(rest) = detail.strip_prefix("SEARCH ") {
        return looped("SEARCH", rest);
    }
    if let Some(name) = detail.strip_prefix("CO-ROUTINE ") {
        return Part::Made {
            name: name.to_owned(),
            title: String::new(),
            runs_once: false,
        };
    }
    if let Some(name) = detail.strip_prefix("MATERIALIZE ") {
        return Part::Made {
            name: name.to_owned(),
            title: detail.to_owned(),
            runs_once: true,
        };
    }
    if let Some(purpose) = detail
        .strip_prefix("USE ")
        .filter(|rest| rest.starts_with("TEMP B-TREE FOR "))
    {
        return Part::Sort(purpose);
    }
    if let Some(subquery) = detail
        .strip_prefix("CORRELATED ")
        .filter(|rest| rest.contains(" SUBQUERY "))
    {
        return Part::Subquery(NodeRole::PerRow(subquery.to_owned()));
    }
    if detail.starts_with("SCALAR SUBQUERY ") || detail.starts_with("LIST SUBQUERY ") {
        return Part::Subquery(NodeRole::Once(detail.to_owned()));
    }
    match detail {
        "MULTI-INDEX OR" => Part::MultiIndexOr,
        "COMPOUND QUERY" => Part::Compound(detail),
        "SETUP" | "RECURSIVE STEP" => Part::Member("recursion"),
        _ if detail.starts_with("MERGE (") => Part::Compound(detail),
        _ if detail.starts_with("RIGHT-JOIN ") => Part::RightJoin(detail),
        _ => Part::Other,
    }
}

/// `orders o USING INDEX orders_state (state=?) LEFT-JOIN`.
fn looped<'a>(word: &str, rest: &str) -> Part<'a> {
    let node = |operation, name: &str| PlanNode {
        role: NodeRole::Outer,
        ..PlanNode::new(operation, name)
    };
    if rest.ends_with("CONSTANT ROW") || rest.ends_with("CONSTANT ROWS") || rest.ends_with("-ROW VALUES CLAUSE") {
        return Part::Loop(Box::new(node(Operation::Other, &rest.to_lowercase())));
    }
    // Before 3.36 the word TABLE stands there, and the name of the table before its alias:
    // https://sqlite.org/releaselog/3_36_0.html
    let rest = ["TABLE ", "SUBQUERY "]
        .iter()
        .find_map(|word| rest.strip_prefix(word))
        .unwrap_or(rest);
    let (rest, is_left) = match rest.strip_suffix(" LEFT-JOIN") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (table, access) = rest.split_once(" USING ").unwrap_or((rest, ""));
    let (table, is_virtual) = match table.split_once(" VIRTUAL TABLE INDEX ") {
        Some((table, _)) => (table, true),
        None => (table, false),
    };
    let (table, is_semi) = match table.strip_suffix(" EXISTS") {
        Some(table) => (table, true),
        None => (table, false),
    };
    let (name, alias) = table.split_once(" AS ").unwrap_or((table, table));
    let (index, condition) = match access.split_once(" (") {
        Some((index, condition)) => (index, condition.strip_suffix(')').unwrap_or(condition)),
        None => (access, ""),
    };
    let is_automatic = index.starts_with("AUTOMATIC ");
    let covering = index.strip_prefix("COVERING INDEX ");
    let operation = match (word, covering) {
        _ if is_virtual => Operation::CustomScan,
        (_, Some(_)) => Operation::IndexOnlyScan,
        ("SCAN", None) if index.is_empty() => Operation::SequentialScan,
        (_, None) => Operation::IndexScan,
    };
    let index = covering.or_else(|| index.strip_prefix("INDEX ")).unwrap_or(index);
    let title = match (covering, is_virtual) {
        (Some(_), _) => format!("covering {word}"),
        (None, true) => format!("virtual table {word}"),
        (None, false) => word.to_owned(),
    };
    // `SEARCH` without an index finds the least or greatest value by the order of the table itself.
    let index = match (word, index) {
        ("SEARCH", "") if !is_virtual => Some("rowid".to_owned()),
        (_, "") => None,
        _ if is_automatic => Some(index.to_lowercase()),
        _ => Some(index.to_owned()),
    };
    let operation = if word == "SEARCH" && operation == Operation::SequentialScan {
        Operation::IndexScan
    } else {
        operation
    };
    let join_type = if is_left {
        Some("Left".to_owned())
    } else {
        is_semi.then(|| "Semi".to_owned())
    };
    Part::Loop(Box::new(PlanNode {
        relation: Some(PlanRelation {
            schema: None,
            name: name.to_owned(),
            alias: alias.to_owned(),
        }),
        index,
        join_type,
        conditions: (!condition.is_empty())
            .then(|| PlanCondition {
                kind: ConditionKind::Index,
                text: condition.to_owned(),
                removed: None,
            })
            .into_iter()
            .collect(),
        ..node(operation, &title)
    }))
}
