//! One finding in full: title, code frame, facts, advice, safe version.

use dbwright_catalog::{Evidence, Finding, HeldLock, Known, ObjectKind, Section, Version};

use crate::layout::{BOLD, FAINT, HELP, Layout, clean, severity_style};
use crate::text::{fix, frame};
use crate::words;

/// Writes the lines under a code frame.
pub(super) struct Bullets {
    layout: Layout,
    first: String,
    rest: String,
}

impl Bullets {
    /// Facts under a code frame whose gutter has this many columns.
    fn new(layout: Layout, gutter: usize) -> Self {
        Bullets {
            layout,
            first: format!("{:gutter$} {} ", "", layout.paint(FAINT, "=")),
            rest: format!("{:gutter$}   ", ""),
        }
    }

    /// One fact.
    pub(super) fn fact(&self, text: &str) -> String {
        self.layout.wrap(&self.first, &self.rest, text)
    }

    /// A line that belongs to the fact before it, `indent` columns further in.
    pub(super) fn more(&self, indent: usize, text: &str) -> String {
        let rest = format!("{}{:indent$}", self.rest, "");
        self.layout.wrap(&rest, &rest, text)
    }

    /// Lines to copy: not wrapped, after a label that is as wide as the indent of the further lines.
    pub(super) fn verbatim(&self, label: &str, text: &str) -> String {
        let indent = format!("\n{}{:width$}", self.rest, "", width = label.len());
        format!("{}{label}{}\n", self.rest, text.replace('\n', &indent))
    }

    /// The layout the facts are told in.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }
}

/// The finding in full.
pub(super) fn finding(section: &Section, finding: &Finding, layout: Layout, verbose: bool) -> String {
    let mut text = layout.wrap("", "  ", &title(finding, layout));
    let frame = frame::frame(section, finding, layout);
    text.push_str(&frame.text);
    let bullets = Bullets::new(layout, frame.gutter);
    text.push_str(&evidence(&finding.evidence, &bullets));
    if verbose {
        text.push_str(&other_locks(section, finding, &bullets));
    }
    for advice in &finding.advice {
        let label = layout.paint(HELP, "help:");
        text.push_str(&bullets.fact(&format!("{label} {}", clean(advice))));
    }
    if let Some(fix) = &finding.fix {
        text.push_str(&fix::fix(section, finding, fix, &bullets));
    }
    text
}

/// `warning[table-rewrite]: message`.
pub(super) fn title(finding: &Finding, layout: Layout) -> String {
    let severity = format!("{}[{}]", finding.severity, finding.rule);
    let severity = layout.paint(severity_style(finding.severity), &severity);
    let message: Vec<String> = clean(&finding.message)
        .split_whitespace()
        .map(|word| layout.paint(BOLD, word))
        .collect();
    format!("{severity}: {}", message.join(" "))
}

/// The facts, the lock with what it blocks first, and how they are known.
fn evidence(evidence: &Evidence, bullets: &Bullets) -> String {
    let known = match &evidence.known {
        Known::Observed => format!("observed on {}", evidence.server),
        // What is said of a file before its version is known has the version 0.
        Known::Predicted if evidence.server.version == Version::new(0, 0, 0) => {
            format!("predicted for {}, not observed", evidence.server.engine)
        }
        Known::Predicted => format!("predicted for {}, not observed", evidence.server),
        Known::Unknown(reason) => format!("unknown: {}", clean(reason)),
    };
    let lock = evidence.lock.map(|lock| match &evidence.relation {
        Some(relation) => clean(&format!("{lock} on {relation} {}", words::blocked(lock))),
        None => format!("{lock} {}", words::blocked(lock)),
    });
    let facts = evidence.facts.iter().map(|fact| clean(fact));
    // A rule that has more to say about the lock says it in the same words.
    let (of_lock, others): (Vec<String>, Vec<String>) =
        facts.partition(|fact| lock.as_ref().is_some_and(|lock| fact.starts_with(lock)));
    let mut facts: Vec<String> = of_lock.into_iter().next().or(lock).into_iter().chain(others).collect();
    match facts.first_mut() {
        Some(first) if !first.contains('\n') => *first = format!("{}; {known}", first.trim_end_matches('.')),
        _ => facts.push(known),
    }
    facts.iter().map(|fact| bullets.fact(fact)).collect()
}

/// The other tables that the statement keeps from being written.
fn other_locks(section: &Section, finding: &Finding, bullets: &Bullets) -> String {
    let effect = finding.place.statement.and_then(|(migration, statement)| {
        let trace = section.trace.as_ref()?;
        trace.migrations.get(migration)?.effects.get(statement)
    });
    let Some(effect) = effect else {
        return String::new();
    };
    let other = |lock: &&HeldLock| {
        lock.relation.kind == ObjectKind::Table
            && lock.mode.blocks_writes()
            && Some(&lock.relation) != finding.evidence.relation.as_ref()
    };
    let other = effect.locks.iter().filter(other);
    other
        .map(|lock| {
            let relation = clean(&lock.relation.to_string());
            bullets.fact(&format!(
                "also {} on {relation} {}",
                lock.mode,
                words::blocked(lock.mode)
            ))
        })
        .collect()
}
