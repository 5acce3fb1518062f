//! A plan as a tree: what each node takes by itself, its rows, and what it does.

use std::fmt::Write as _;

use dbwright_catalog::{ConditionKind, CostUnit, NodeRole, PlanCondition, PlanNode, QueryPlan};

use super::{milliseconds, number};
use crate::layout::{BOLD, FAINT, HELP, Layout, clean, columns};

/// From this share of the whole on, a node is set off.
const LARGE: f64 = 0.3;

/// Conditions are cut to the width of the terminal, but never below this.
const DETAIL_MIN: usize = 40;

/// The tree. `marks` stand behind the nodes with these numbers.
pub(super) fn tree(plan: &QueryPlan, marks: &[(usize, String)], indent: &str, layout: Layout, verbose: bool) -> String {
    let nodes = plan.nodes();
    let costs = plan.costs();
    let whole = costs.first().map_or(0.0, |cost| cost.inclusive);
    let has_costs = plan.unit() != CostUnit::RowsRead;
    let heads = heads(plan, &nodes);
    let cells: Vec<Vec<String>> = nodes
        .iter()
        .zip(&costs)
        .map(|((_, node), cost)| {
            let cell = |head: &&str| match *head {
                "read" => node.rows_read.map(number).unwrap_or_default(),
                "rows" if plan.is_measured() => actual_rows(node),
                "rows" | "expected" => node.estimate.map(|estimate| number(estimate.rows)).unwrap_or_default(),
                _ => share(cost.own, whole),
            };
            heads.iter().map(cell).collect()
        })
        .collect();
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(column, head)| {
            cells
                .iter()
                .map(|cells| columns(&cells[column]))
                .fold(head.len(), usize::max)
        })
        .collect();
    let row = |cells: &[String]| -> String {
        let cells = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:>width$}  "));
        cells.collect()
    };
    let mut text = String::new();
    if !heads.is_empty() {
        let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
        let _ = writeln!(text, "{indent}{}", layout.paint(FAINT, row(&heads).trim_end()));
    }
    let blank = " ".repeat(widths.iter().map(|width| width + 2).sum());
    for (index, (depth, node)) in nodes.iter().enumerate() {
        let (branch, below) = branches(&nodes, index, *depth);
        let is_large = has_costs && whole > 0.0 && costs[index].own >= LARGE * whole;
        let mut figures = row(&cells[index]);
        if is_large {
            figures = layout.paint(BOLD, &figures);
        }
        let title = clean(&title(node, plan));
        let title = if is_large { layout.paint(BOLD, &title) } else { title };
        let _ = write!(text, "{indent}{figures}{branch}{title}");
        for (_, mark) in marks.iter().filter(|(node, _)| *node == index) {
            text.push_str(&layout.paint(HELP, &format!("  ◄ {mark}")));
        }
        text.push('\n');
        for detail in details(node) {
            let room = layout
                .width
                .saturating_sub(columns(indent) + columns(&blank) + columns(&below))
                .max(DETAIL_MIN);
            let detail = clean(&detail.split_whitespace().collect::<Vec<_>>().join(" "));
            let detail = if verbose { detail } else { cut(&detail, room) };
            let _ = writeln!(text, "{indent}{blank}{below}{}", layout.paint(FAINT, &detail));
        }
    }
    text
}

/// The heads of the columns before the tree: of those of which something is known.
fn heads(plan: &QueryPlan, nodes: &[(usize, &PlanNode)]) -> Vec<&'static str> {
    let mut heads = Vec::new();
    match plan.unit() {
        CostUnit::Milliseconds => heads.push("time"),
        CostUnit::Cost => heads.push("cost"),
        CostUnit::RowsRead if nodes.iter().any(|(_, node)| node.rows_read.is_some()) => heads.push("read"),
        CostUnit::RowsRead => {}
    }
    let is_estimated = nodes.iter().any(|(_, node)| node.estimate.is_some());
    if plan.is_measured() {
        heads.push("rows");
        heads.extend(is_estimated.then_some("expected"));
    } else {
        heads.extend(is_estimated.then_some("rows"));
    }
    heads
}

/// `87 %`; nothing where it is next to nothing.
fn share(own: f64, whole: f64) -> String {
    if whole <= 0.0 || own / whole < 0.005 {
        return String::new();
    }
    format!("{:.0} %", own / whole * 100.0)
}

fn actual_rows(node: &PlanNode) -> String {
    match node.actual {
        Some(actual) if actual.loops == 0.0 => "–".to_owned(),
        Some(actual) => number(actual.rows),
        None => String::new(),
    }
}

/// What stands before a node, and before what is told below its title.
fn branches(nodes: &[(usize, &PlanNode)], index: usize, depth: usize) -> (String, String) {
    // Whether a node of this depth follows before one that is less deep: then the line goes on.
    let goes_on = |depth: usize| {
        nodes[index + 1..]
            .iter()
            .take_while(|(other, _)| *other >= depth)
            .any(|(other, _)| *other == depth)
    };
    let mut before = String::new();
    for level in 1..depth {
        before.push_str(if goes_on(level) { "│  " } else { "   " });
    }
    let (own, further) = match depth {
        0 => ("", ""),
        _ if goes_on(depth) => ("├─ ", "│  "),
        _ => ("└─ ", "   "),
    };
    let has_children = nodes.get(index + 1).is_some_and(|(next, _)| *next > depth);
    let below = if has_children { "│  " } else { "   " };
    (format!("{before}{own}"), format!("{before}{further}{below}"))
}

fn title(node: &PlanNode, plan: &QueryPlan) -> String {
    let mut title = match &node.role {
        NodeRole::Once(name) => format!("{name} (once): "),
        NodeRole::PerRow(name) if is_hashed(plan, name) => format!("{name} (once, hashed): "),
        NodeRole::PerRow(name) => format!("{name} (for each row): "),
        NodeRole::Root | NodeRole::Outer | NodeRole::Inner | NodeRole::Member => String::new(),
    };
    title.push_str(&node.title());
    if let Some(actual) = node.actual {
        if actual.loops == 0.0 {
            title.push_str(", never run");
        } else if actual.loops > 1.0 {
            let _ = write!(title, ", {} times", number(actual.loops));
        }
    }
    if let Some(workers) = node.workers {
        match workers.launched {
            Some(launched) => {
                let _ = write!(title, ", {launched} of {} workers", workers.planned);
            }
            None => {
                let _ = write!(title, ", {} workers", workers.planned);
            }
        }
    }
    title
}

/// Whether what a subquery gives is kept in a hash table, as those who use it say.
fn is_hashed(plan: &QueryPlan, name: &str) -> bool {
    let hashed = format!("hashed {name}");
    plan.nodes().iter().any(|(_, node)| {
        let conditions = node.conditions.iter().map(|condition| &condition.text);
        conditions.chain(&node.output).any(|text| text.contains(&hashed))
    })
}

fn details(node: &PlanNode) -> Vec<String> {
    let mut details: Vec<String> = node.conditions.iter().filter_map(condition).collect();
    if !node.keys.is_empty() {
        details.push(format!("by: {}", node.keys.join(", ")));
    }
    if let Some(sort) = &node.sort {
        let place = if sort.on_disk { "on disk" } else { "of memory" };
        details.push(format!("{}, {} kB {place}", sort.method, sort.kilobytes));
    }
    if let Some(hash) = node.hash.filter(|hash| hash.batches > 1 || hash.disk_kilobytes > 0) {
        let disk = if hash.disk_kilobytes > 0 {
            format!(", {} kB on disk", hash.disk_kilobytes)
        } else {
            String::new()
        };
        details.push(format!(
            "{} batches of {} kB{disk}",
            hash.batches, hash.memory_kilobytes
        ));
    }
    if let Some(fetches) = node.heap_fetches.filter(|fetches| *fetches > 0.0) {
        details.push(format!("{} rows looked up in the table", number(fetches)));
    }
    if let Some(blocks) = node.heap_blocks.filter(|blocks| blocks.lossy > 0) {
        details.push(format!("pages: {} exact, {} lossy", blocks.exact, blocks.lossy));
    }
    if !node.partitions.is_empty() {
        details.push(format!("partitions: {}", node.partitions.join(", ")));
    }
    if node.parts_removed > 0 {
        details.push(format!("{} partitions left out", node.parts_removed));
    }
    details
}

fn condition(condition: &PlanCondition) -> Option<String> {
    let label = match condition.kind {
        ConditionKind::Filter => "filter",
        ConditionKind::Index => "index",
        ConditionKind::Join => "on",
        ConditionKind::JoinFilter => "join filter",
        ConditionKind::OneTime => "once",
        // It says again what the index below says.
        ConditionKind::Recheck if condition.removed.unwrap_or(0.0) == 0.0 => return None,
        ConditionKind::Recheck => "checked again",
    };
    let removed = match condition.removed {
        Some(removed) if removed > 0.0 => format!(" – {} rows thrown away", number(removed)),
        _ => String::new(),
    };
    Some(format!("{label}{removed}: {}", unbracketed(&condition.text)))
}

/// Without the brackets that the server puts around everything.
fn unbracketed(text: &str) -> &str {
    let Some(inside) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else {
        return text;
    };
    let mut depth = 0i32;
    let encloses = inside.chars().all(|letter| {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth >= 0
    });
    if encloses && depth == 0 { inside } else { text }
}

fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// `cost 1,070, 10 rows expected`; of a query that ran `12.3 ms (planning 0.4 ms), 10 rows`.
pub(super) fn summary(plan: &QueryPlan) -> String {
    let rows = |rows: f64| {
        if number(rows) == "1" {
            "1 row".to_owned()
        } else {
            format!("{} rows", number(rows))
        }
    };
    let mut parts = Vec::new();
    if let Some(execution) = plan.execution_ms {
        let planning = plan
            .planning_ms
            .map(|planning| format!(" (planning {})", milliseconds(planning)));
        parts.push(format!("{}{}", milliseconds(execution), planning.unwrap_or_default()));
    }
    if let Some(actual) = plan.root.actual {
        parts.push(rows(actual.rows));
    } else if let Some(estimate) = plan.root.estimate {
        parts.extend(estimate.total_cost.map(|cost| format!("cost {}", number(cost))));
        parts.push(format!("{} expected", rows(estimate.rows)));
    }
    if let Some(buffers) = plan.root.buffers.filter(|buffers| buffers.hit + buffers.read > 0) {
        #[expect(clippy::cast_precision_loss, reason = "told with three digits")]
        let told = |pages: u64| number(pages as f64);
        parts.push(format!(
            "{} pages, {} of them not in shared buffers",
            told(buffers.hit + buffers.read),
            told(buffers.read)
        ));
    }
    if let Some(ms) = plan.jit.and_then(|jit| jit.total_ms) {
        parts.push(format!("compiling {}", milliseconds(ms)));
    }
    let triggers: f64 = plan.triggers.iter().map(|trigger| trigger.total_ms).sum();
    if triggers > 0.0 {
        parts.push(format!("triggers {}", milliseconds(triggers)));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_around_a_whole_condition_go() {
        assert_eq!(unbracketed("(a = 1)"), "a = 1");
        assert_eq!(unbracketed("((a = 1) OR (b = 2))"), "(a = 1) OR (b = 2)");
        assert_eq!(unbracketed("(a = 1) OR (b = 2)"), "(a = 1) OR (b = 2)");
    }
}
