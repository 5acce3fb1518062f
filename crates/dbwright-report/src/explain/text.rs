//! Explained queries for people: the query, its plan, and below it what insights tell.

use std::fmt::Write as _;

use dbwright_catalog::{
    Engine, ExplainedPlan, ExplainedQuery, Explanation, PlanChange, PlanChangeKind, PlanFinding, PlanTrial, Planner,
    QueryPlan,
};

use super::parameters::sentences;
use super::tree::{summary, tree};
use super::{milliseconds, number};
use crate::TextOptions;
use crate::layout::{BAD, BOLD, FAINT, GOOD, HELP, Layout, clean, severity_style};
use crate::words::count;

/// Lines of a query that are shown, unless all are asked for.
const LINES_MAX: usize = 12;

/// The whole of it. The last line sums it up.
pub fn explanation_text(explanation: &Explanation, options: &TextOptions) -> String {
    let layout = Layout::new(options.color, options.width);
    let mut text = head(explanation, layout);
    for query in &explanation.queries {
        text.push('\n');
        text.push_str(&told(query, layout, options.verbose));
    }
    text.push('\n');
    text.push_str(&closing(explanation));
    text
}

fn head(explanation: &Explanation, layout: Layout) -> String {
    let server = explanation.server.as_ref().map(ToString::to_string);
    match (&explanation.planner, server) {
        // SQLite has no server: who reads the file plans.
        (Planner::Live, Some(server)) if is_sqlite(explanation) => format!("planned by dbwright's own {server}\n"),
        (Planner::Live, Some(server)) => format!("planned by {server}\n"),
        (Planner::Twin { fidelity, reasons }, Some(server)) => {
            let mut text = format!("planned by a twin on {server}; fidelity: {fidelity}\n");
            for reason in reasons {
                text.push_str(&layout.wrap("  ", "    ", &clean(reason)));
            }
            text
        }
        (Planner::Elsewhere, _) | (_, None) => "planned elsewhere\n".to_owned(),
    }
}

fn is_sqlite(explanation: &Explanation) -> bool {
    let server = explanation.server.as_ref();
    server.is_some_and(|server| server.engine == Engine::Sqlite)
}

fn told(query: &ExplainedQuery, layout: Layout, verbose: bool) -> String {
    let mut text = String::new();
    if let Some(place) = &query.place {
        text.push_str(&layout.paint(FAINT, &format!("--> {}", clean(place))));
        text.push('\n');
    }
    if let Some(sql) = &query.text {
        text.push_str(&shown(sql, "  ", layout, verbose));
    }
    let explained = match &query.outcome {
        Ok(explained) => explained,
        Err(problem) => {
            let label = layout.paint(BAD, "not explained");
            text.push_str(&layout.wrap("", "  ", &format!("{label}: {}", clean(problem))));
            return text;
        }
    };
    text.push('\n');
    text.push_str(&plan(explained, layout, verbose));
    for note in sentences(&explained.parameters).iter().chain(&explained.notes) {
        text.push_str(&layout.wrap("  = ", "    ", &clean(note)));
    }
    for found in &explained.findings {
        text.push('\n');
        text.push_str(&finding(found, &explained.plan, layout, verbose));
    }
    text
}

/// A query, indented, its first lines.
fn shown(sql: &str, indent: &str, layout: Layout, verbose: bool) -> String {
    let mut text = String::new();
    let sql = clean(sql.trim());
    let lines: Vec<&str> = sql.lines().filter(|line| !line.trim().is_empty()).collect();
    for (index, line) in lines.iter().enumerate() {
        if index >= LINES_MAX && !verbose {
            let more = format!("… {} more (--verbose shows them)", count(lines.len() - index, "line"));
            let _ = writeln!(text, "{indent}{}", layout.paint(FAINT, &more));
            break;
        }
        let _ = writeln!(text, "{indent}{}", line.trim_end());
    }
    text
}

fn plan(explained: &ExplainedPlan, layout: Layout, verbose: bool) -> String {
    let mut marks: Vec<(usize, String)> = Vec::new();
    for finding in &explained.findings {
        if let Some(node) = finding.node {
            marks.push((node, finding.insight.clone()));
        }
    }
    marks.dedup();
    let summary = summary(&explained.plan);
    let head = if summary.is_empty() {
        String::new()
    } else {
        format!("{}\n", layout.paint(BOLD, &summary))
    };
    head + &tree(&explained.plan, &marks, "  ", layout, verbose)
}

fn finding(finding: &PlanFinding, before: &QueryPlan, layout: Layout, verbose: bool) -> String {
    let name = format!("{}[{}]", finding.severity, finding.insight);
    let message: Vec<String> = clean(&finding.message)
        .split_whitespace()
        .map(|word| layout.paint(BOLD, word))
        .collect();
    let title = format!(
        "{}: {}",
        layout.paint(severity_style(finding.severity), &name),
        message.join(" ")
    );
    let mut text = layout.wrap("", "  ", &title);
    for fact in &finding.evidence {
        text.push_str(&layout.wrap("  = ", "    ", &clean(fact)));
    }
    let help = layout.paint(HELP, "help:");
    for advice in &finding.advice {
        text.push_str(&layout.wrap("  = ", "    ", &format!("{help} {}", clean(advice))));
    }
    if let Some(change) = &finding.change {
        text.push_str(&changed(change, before, layout, verbose));
    }
    text
}

fn changed(change: &PlanChange, before: &QueryPlan, layout: Layout, verbose: bool) -> String {
    let what = match change.kind {
        PlanChangeKind::Query => "instead:",
        PlanChangeKind::Index => "with this index:",
        PlanChangeKind::Setting => "with this setting:",
    };
    let mut text = format!("  = {}\n", layout.paint(HELP, what));
    text.push_str(&shown(&change.sql, "      ", layout, true));
    for remark in &change.remarks {
        text.push_str(&layout.wrap("    ", "    ", &clean(remark)));
    }
    match &change.trial {
        PlanTrial::Planned(after) => {
            let _ = writeln!(text, "    {}", layout.paint(GOOD, &compared(before, after)));
            text.push_str(&tree(after, &[], "      ", layout, verbose));
        }
        PlanTrial::NotTried(why) => {
            text.push_str(&layout.wrap("    ", "    ", &format!("Not tried: {}.", clean(why))));
        }
        PlanTrial::Refused(problem) => {
            text.push_str(&layout.wrap("    ", "    ", &format!("The server refuses it: {}.", clean(problem))));
        }
    }
    text
}

/// `The plan then: cost 1,070 → 36 (30 times less)`.
fn compared(before: &QueryPlan, after: &QueryPlan) -> String {
    let times = before.execution_ms.zip(after.execution_ms);
    let Some((old, new)) = times.or_else(|| before.total_cost().zip(after.total_cost())) else {
        return "The plan then:".to_owned();
    };
    let (what, told): (&str, fn(f64) -> String) = if times.is_some() {
        ("", milliseconds)
    } else {
        ("cost ", number)
    };
    let times = old / new.max(f64::MIN_POSITIVE);
    let factor = if times >= 1.95 {
        format!(" ({} times less)", number(times.round()))
    } else if times < 0.95 {
        " (not less)".to_owned()
    } else {
        String::new()
    };
    format!("The plan then: {what}{} → {}{factor}", told(old), told(new))
}

fn closing(explanation: &Explanation) -> String {
    let queries = explanation.queries.len();
    let refused = explanation
        .queries
        .iter()
        .filter(|query| query.outcome.is_err())
        .count();
    let explained = explanation
        .queries
        .iter()
        .filter_map(|query| query.outcome.as_ref().ok());
    let findings: usize = explained.map(|explained| explained.findings.len()).sum();
    let word = if queries == 1 {
        "1 query".to_owned()
    } else {
        format!("{queries} queries")
    };
    let refused = if refused == 0 {
        String::new()
    } else {
        format!(", {refused} of them not explained")
    };
    format!("dbwright: {} in {word}{refused}\n", count(findings, "insight"))
}
