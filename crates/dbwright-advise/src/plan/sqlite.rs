//! `EXPLAIN QUERY PLAN` of SQLite: rows of a number, the number of the row above, and a text.
//!
//! SQLite tells neither costs nor rows, and no conditions but those that an index answers; what a query and statistics tell
//! beside that is added by [`complete_sqlite`]. Texts: <https://sqlite.org/eqp.html>; they are for people and change from
//! version to version, so that what is not known is a node of its own words.

mod complete;
mod detail;
mod shell;
mod work;

pub use complete::complete_sqlite;
pub(crate) use work::work;

use dbwright_catalog::{NodeRole, Operation, PlanNode, QueryPlan};
use serde_json::Value;

use self::detail::{Part, part};
use super::NoPlan;

/// Rows that stand deeper than this are told as if they stood here.
const DEPTH_MAX: usize = 100;

/// A row of the answer.
pub(super) struct PlanRow {
    id: i64,
    parent: i64,
    detail: String,
}

/// Reads the answer, given as rows in JSON (`[[4, 0, "SCAN orders"]]`) or as SQLite's own shell prints it.
///
/// # Errors
///
/// When it is neither.
pub(super) fn read_sqlite(text: &str) -> Result<QueryPlan, NoPlan> {
    let rows = if text.trim_start().starts_with('[') {
        json_rows(text)?
    } else {
        let rows = shell::rows(text);
        // A drawing of which no line is known is another's.
        let is_known = |row: &PlanRow| !matches!(part(&row.detail), Part::Other);
        if rows.iter().any(is_known) { rows } else { Vec::new() }
    };
    if rows.is_empty() {
        return Err(NoPlan(
            "there is no step in it: `EXPLAIN QUERY PLAN` prints some".to_owned(),
        ));
    }
    let mut root = level(&tree(&rows));
    root.role = NodeRole::Root;
    Ok(QueryPlan {
        root,
        planning_ms: None,
        execution_ms: None,
        jit: None,
        triggers: Vec::new(),
        settings: Vec::new(),
    })
}

fn json_rows(text: &str) -> Result<Vec<PlanRow>, NoPlan> {
    let value: Value = serde_json::from_str(text).map_err(|error| NoPlan(format!("not JSON: {error}")))?;
    let rows = value.as_array().into_iter().flatten().map(|row| {
        Some(PlanRow {
            id: row.get(0)?.as_i64()?,
            parent: row.get(1)?.as_i64()?,
            detail: row.get(2)?.as_str()?.to_owned(),
        })
    });
    let rows: Option<Vec<PlanRow>> = rows.collect();
    rows.ok_or_else(|| NoPlan("it is no list of steps".to_owned()))
}

/// A row with those below it.
struct Step<'a> {
    detail: &'a str,
    below: Vec<Step<'a>>,
}

/// The rows as a tree: each belongs to the last row before it that has the number of its parent.
fn tree(rows: &[PlanRow]) -> Vec<Step<'_>> {
    let mut depths: Vec<usize> = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let parent = (0..index).rev().find(|before| rows[*before].id == row.parent);
        let depth = parent.map_or(0, |parent| (depths[parent] + 1).min(DEPTH_MAX));
        depths.push(depth);
    }
    // Rows stand in the order of the tree, so that their depths tell it.
    let mut at = 0;
    steps(rows, &depths, 0, &mut at)
}

fn steps<'a>(rows: &'a [PlanRow], depths: &[usize], depth: usize, at: &mut usize) -> Vec<Step<'a>> {
    let mut found = Vec::new();
    while *at < rows.len() && depths[*at] >= depth {
        let detail = rows[*at].detail.as_str();
        let own = depths[*at];
        *at += 1;
        let below = if own < DEPTH_MAX {
            steps(rows, depths, own + 1, at)
        } else {
            Vec::new()
        };
        found.push(Step { detail, below });
    }
    found
}

/// What stands side by side, put together: loops, each run for every row of those before it; subqueries; and sorting around.
fn level(steps: &[Step<'_>]) -> PlanNode {
    let mut loops: Vec<PlanNode> = Vec::new();
    let mut beside: Vec<PlanNode> = Vec::new();
    let mut sorts: Vec<&str> = Vec::new();
    let mut made: Vec<(String, PlanNode)> = Vec::new();
    for step in steps {
        match part(step.detail) {
            Part::Loop(mut node) => {
                let source = node.relation.as_ref().map(|relation| relation.alias.clone());
                if let Some(at) = made.iter().position(|(name, _)| Some(name) == source.as_ref()) {
                    let (_, maker) = made.remove(at);
                    node.operation = Operation::CteScan;
                    node.source = source;
                    node.relation = None;
                    node.children.push(maker);
                }
                loops.push(*node);
            }
            Part::MultiIndexOr => loops.push(multi_index_or(step)),
            Part::Compound(name) => loops.push(compound(name, &step.below)),
            Part::Member(name) => {
                let mut node = level(&step.below);
                node.role = NodeRole::Member;
                match loops.last_mut().filter(|last| last.operation == Operation::Append) {
                    Some(append) => append.children.push(node),
                    None => loops.push(PlanNode {
                        children: vec![node],
                        ..PlanNode::new(Operation::Append, name)
                    }),
                }
            }
            Part::RightJoin(name) => loops.push(PlanNode {
                children: step
                    .below
                    .is_empty()
                    .then(Vec::new)
                    .unwrap_or_else(|| vec![level(&step.below)]),
                ..PlanNode::new(Operation::Other, name)
            }),
            Part::Made { name, title, runs_once } => {
                let mut node = level(&step.below);
                node.role = if runs_once {
                    NodeRole::Once(title)
                } else {
                    NodeRole::Outer
                };
                made.push((name, node));
            }
            Part::Subquery(role) => {
                let mut node = level(&step.below);
                node.role = role;
                beside.push(node);
            }
            Part::Sort(name) => sorts.push(name),
            Part::Other => beside.push(PlanNode {
                role: NodeRole::Member,
                children: step
                    .below
                    .is_empty()
                    .then(Vec::new)
                    .unwrap_or_else(|| vec![level(&step.below)]),
                ..PlanNode::new(Operation::Other, step.detail)
            }),
        }
    }
    beside.extend(made.into_iter().map(|(_, node)| node));
    let mut node = joined(loops, beside);
    for sort in sorts {
        node.role = NodeRole::Outer;
        node = PlanNode {
            children: vec![node],
            ..PlanNode::new(Operation::Sort, sort)
        };
    }
    node
}

/// Loops, each of which runs for every row of those before it, and what runs beside them.
fn joined(mut loops: Vec<PlanNode>, beside: Vec<PlanNode>) -> PlanNode {
    let mut node = match loops.len() {
        0 => PlanNode::new(Operation::Other, "no table"),
        1 => loops.remove(0),
        _ => {
            for (index, inner) in loops.iter_mut().enumerate() {
                inner.role = if index == 0 { NodeRole::Outer } else { NodeRole::Inner };
            }
            PlanNode {
                children: loops,
                ..PlanNode::new(Operation::NestedLoop, "nested loop")
            }
        }
    };
    node.children.extend(beside);
    node
}

/// Several searches of one table, one for each condition of an `OR`.
fn multi_index_or(step: &Step<'_>) -> PlanNode {
    let searches = step.below.iter().map(|index| {
        let mut node = level(&index.below);
        node.role = NodeRole::Member;
        node
    });
    let children: Vec<PlanNode> = searches.collect();
    PlanNode {
        relation: children.first().and_then(|search| search.relation.clone()),
        children,
        ..PlanNode::new(Operation::BitmapCombination, "MULTI-INDEX OR")
    }
}

/// `UNION` and its like.
fn compound(name: &str, members: &[Step<'_>]) -> PlanNode {
    let mut name = name.to_owned();
    let mut children = Vec::new();
    for member in members {
        // `UNION USING TEMP B-TREE` says how the two are put together.
        if children.len() == 1 && name == "COMPOUND QUERY" {
            member.detail.clone_into(&mut name);
        }
        let mut node = if matches!(part(member.detail), Part::Compound(_)) {
            compound(member.detail, &member.below)
        } else {
            level(&member.below)
        };
        node.role = NodeRole::Member;
        children.push(node);
    }
    PlanNode {
        children,
        ..PlanNode::new(Operation::Append, &name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plan in indented lines.
    fn told(text: &str) -> Vec<String> {
        let plan = read_sqlite(text).unwrap();
        let lines = plan.nodes().into_iter().map(|(depth, node)| {
            let role = match &node.role {
                NodeRole::Root => "root".to_owned(),
                NodeRole::Outer => "outer".to_owned(),
                NodeRole::Inner => "inner".to_owned(),
                NodeRole::Member => "member".to_owned(),
                NodeRole::Once(name) => format!("once {name}"),
                NodeRole::PerRow(name) => format!("per row {name}"),
            };
            let conditions = node.conditions.iter().map(|condition| format!(" [{}]", condition.text));
            format!(
                "{}{role}: {:?} {}{}",
                "  ".repeat(depth),
                node.operation,
                node.title(),
                conditions.collect::<String>()
            )
        });
        lines.collect()
    }

    #[test]
    fn steps_are_read_with_their_tables_indexes_and_conditions() {
        assert_eq!(
            told(
                r#"[[4, 0, "SCAN o"], [7, 0, "SEARCH c USING INDEX c_mail (mail=? AND id>?)"],
                [20, 0, "CORRELATED SCALAR SUBQUERY 1"],
                [25, 20, "SEARCH l USING COVERING INDEX l_order (order_id=?) LEFT-JOIN"],
                [30, 20, "SEARCH TABLE m USING INTEGER PRIMARY KEY (rowid=?)"],
                [40, 0, "USE TEMP B-TREE FOR ORDER BY"]]"#
            ),
            [
                "root: Sort TEMP B-TREE FOR ORDER BY",
                "  outer: NestedLoop nested loop",
                "    outer: SequentialScan SCAN on o",
                "    inner: IndexScan SEARCH on c by c_mail [mail=? AND id>?]",
                "    per row SCALAR SUBQUERY 1: NestedLoop nested loop",
                "      outer: IndexOnlyScan covering SEARCH on l by l_order [order_id=?]",
                "      inner: IndexScan SEARCH on m by INTEGER PRIMARY KEY [rowid=?]",
            ]
        );
    }

    #[test]
    fn what_the_shell_prints_is_read() {
        assert_eq!(
            told(
                "QUERY PLAN\n|--CO-ROUTINE recent\n|  |--SCAN orders USING INDEX orders_at\n|  `--USE TEMP B-TREE FOR DISTINCT\n\
                 |--MATERIALIZE big\n|  `--COMPOUND QUERY\n|     |--LEFT-MOST SUBQUERY\n|     |  `--SCAN a\n\
                 |     `--UNION USING TEMP B-TREE\n|        `--SCAN b\n|--SCAN recent\n\
                 |--BLOOM FILTER ON big (id=?)\n|--SEARCH big USING AUTOMATIC COVERING INDEX (id=?)\n\
                 `--MULTI-INDEX OR\n   |--INDEX 1\n   |  `--SEARCH x USING INDEX x_a (a=?)\n   `--INDEX 2\n      `--SEARCH x USING INDEX x_b (b=?)\n"
            ),
            [
                "root: NestedLoop nested loop",
                "  outer: CteScan SCAN on recent",
                "    outer: Sort TEMP B-TREE FOR DISTINCT",
                "      outer: IndexScan SCAN on orders by orders_at",
                "  inner: CteScan SEARCH on big by automatic covering index [id=?]",
                "    once MATERIALIZE big: Append UNION USING TEMP B-TREE",
                "      member: SequentialScan SCAN on a",
                "      member: SequentialScan SCAN on b",
                "  inner: BitmapCombination MULTI-INDEX OR on x",
                "    member: IndexScan SEARCH on x by x_a [a=?]",
                "    member: IndexScan SEARCH on x by x_b [b=?]",
                "  member: Other BLOOM FILTER ON big (id=?)",
            ]
        );
    }

    #[test]
    fn what_is_no_plan_is_told() {
        for text in [
            "",
            "{}",
            "[]",
            "[[1, 2]]",
            "[1",
            "QUERY PLAN\n",
            "   QUERY PLAN\n---------\n Aggregate\n   Filter: x\n",
        ] {
            assert!(read_sqlite(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_rows_make_the_reader_panic_or_grow() {
        let details = [
            "SCAN a",
            "SEARCH",
            "SCAN ",
            "SEARCH a USING",
            "SEARCH a USING INDEX",
            "SEARCH a USING INDEX i (",
            "SCAN a LEFT-JOIN",
            "MULTI-INDEX OR",
            "INDEX 1",
            "CO-ROUTINE a",
            "MATERIALIZE a",
            "COMPOUND QUERY",
            "MERGE (UNION)",
            "LEFT",
            "RIGHT",
            "UNION ALL",
            "SETUP",
            "RECURSIVE STEP",
            "USE TEMP B-TREE FOR",
            "SCALAR SUBQUERY",
            "CORRELATED LIST SUBQUERY 2",
            "RIGHT-JOIN",
            "",
            "é SCAN",
            "SCAN CONSTANT ROW",
            "BLOOM FILTER ON",
            "SEARCH é USING COVERING INDEX é (é=?)",
            "SCAN v VIRTUAL TABLE INDEX 0:",
            "SEARCH a USING AUTOMATIC PARTIAL COVERING INDEX (x=?) LEFT-JOIN",
            "REUSE SUBQUERY 1",
        ];
        let mut random: u64 = 7;
        let mut next = |below: usize| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(random >> 33).unwrap() % below
        };
        for _ in 0..3000 {
            let rows: Vec<Value> = (0..next(40))
                .map(|_| serde_json::json!([next(9), next(9), details[next(details.len())]]))
                .collect();
            let count = rows.len();
            if let Ok(plan) = read_sqlite(&Value::Array(rows).to_string()) {
                assert!(plan.nodes().len() <= 4 * count + 1);
            }
            let letters = [
                "|--",
                "`--",
                "   ",
                "\n",
                "SCAN a",
                "é",
                "|",
                "QUERY PLAN",
                "CO-ROUTINE a",
                "(",
                ")",
                " USING ",
            ];
            let text: String = (0..next(30)).map(|_| letters[next(letters.len())]).collect();
            let _ = read_sqlite(&text);
        }
        let deep: Vec<Value> = (1..50_000)
            .map(|id| serde_json::json!([id, id - 1, "CO-ROUTINE a"]))
            .collect();
        assert!(read_sqlite(&Value::Array(deep).to_string()).is_ok());
    }
}
