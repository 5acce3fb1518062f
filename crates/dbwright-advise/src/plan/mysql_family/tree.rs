//! `EXPLAIN FORMAT=TREE` and `EXPLAIN ANALYZE` of MySQL: a line for each step, indented by four spaces a level.
//!
//! ```text
//! -> Filter: (o.total > 5000.00)  (cost=2046 rows=6684) (actual time=2.52..5.53 rows=10000 loops=1)
//!     -> Table scan on o  (cost=2046 rows=20053) (actual time=0.118..4.1 rows=20000 loops=1)
//! ```
//!
//! See <https://dev.mysql.com/doc/refman/9.4/en/explain.html#explain-analyze>.

use dbwright_catalog::{Actual, Estimate};
use serde_json::Map;

use super::iterators::Step;
use crate::plan::NoPlan;

/// A plan that is deeper was not printed by a server.
const DEPTH_MAX: usize = 100;

/// The steps of a plan. A heading (`Hash`, `Select #2 …`) is a step of its own.
pub(super) fn steps(text: &str) -> Result<Vec<Step>, NoPlan> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines() {
        let Some(at) = line.find("-> ") else { continue };
        // mysql's vertical output and tables around it stand before the first step of a plan only.
        let indent = line[..at].chars().count() / 4;
        if indent > DEPTH_MAX {
            return Err(NoPlan(format!("a step of it is more than {DEPTH_MAX} deep")));
        }
        let step = step(line[at + 3..].trim_end());
        let mut level = &mut steps;
        for _ in 0..indent {
            if level.is_empty() {
                break;
            }
            let last = level.len() - 1;
            level = &mut level[last].children;
        }
        level.push(step);
    }
    Ok(steps)
}

fn step(line: &str) -> Step {
    let (operation, figures) = split(line);
    Step {
        operation: operation.to_owned(),
        facts: Map::new(),
        estimate: estimate(figures),
        actual: actual(figures),
        heading: None,
        children: Vec::new(),
    }
}

/// The operation and the figures behind it, which begin with two spaces and a bracket.
fn split(line: &str) -> (&str, &str) {
    for mark in ["  (cost=", "  (actual time=", "  (never executed)"] {
        if let Some(at) = line.find(mark) {
            return line.split_at(at);
        }
    }
    (line, "")
}

/// `(cost=2.5..10.1 rows=3)`: until the first row and until the last, where these are not the same.
fn estimate(figures: &str) -> Option<Estimate> {
    let (cost, rest) = figures.split_once("(cost=")?.1.split_once(' ')?;
    let (first, last) = cost.split_once("..").unwrap_or((cost, cost));
    Some(Estimate {
        startup_cost: finite(first).filter(|_| cost.contains("..")),
        total_cost: finite(last),
        rows: finite(rest.strip_prefix("rows=")?.split(')').next()?)?,
        width: None,
    })
}

fn actual(figures: &str) -> Option<Actual> {
    if figures.contains("(never executed)") {
        return Some(Actual {
            total_ms: Some(0.0),
            rows: 0.0,
            loops: 0.0,
        });
    }
    let (times, rest) = figures.split_once("(actual time=")?.1.split_once(" rows=")?;
    let (rows, loops) = rest.split_once(" loops=")?;
    Some(Actual {
        total_ms: times.split_once("..").and_then(|(_, last)| finite(last)),
        rows: finite(rows)?,
        loops: finite(loops.split(')').next()?)?,
    })
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
