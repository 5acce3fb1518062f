//! One finding in full: title, code frame, facts, advice, safe version.

use std::collections::BTreeMap;

use dbwright_catalog::{
    Change, Evidence, Finding, IN_PRODUCTION, Known, LockMode, ObjectId, ObjectKind, Section, Version,
};

use crate::layout::{BOLD, FAINT, HELP, Layout, clean, severity_style};
use crate::text::{fix, frame};
use crate::{words, worse_plans};

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

/// The finding in full, with a sentence about those that repeat it.
pub(super) fn finding(
    section: &Section,
    finding: &Finding,
    repeats: Option<&str>,
    layout: Layout,
    verbose: bool,
) -> String {
    let mut text = layout.wrap("", "  ", &title(finding, layout));
    let frame = frame::frame(section, finding, layout);
    text.push_str(&frame.text);
    let bullets = Bullets::new(layout, frame.gutter);
    text.push_str(&evidence(&finding.evidence, &bullets));
    if verbose {
        text.push_str(&other_locks(section, finding, &bullets));
    }
    if let Some(repeats) = repeats {
        text.push_str(&bullets.fact(repeats));
    }
    let indent = format!("{:width$}", "", width = frame.gutter + 3);
    text.push_str(&worse_plans::in_text(section, finding, &indent, layout, verbose));
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

fn evidence(evidence: &Evidence, bullets: &Bullets) -> String {
    facts(evidence).iter().map(|fact| bullets.fact(fact)).collect()
}

/// The facts, the lock with what it blocks first, and how they are known.
pub(crate) fn facts(evidence: &Evidence) -> Vec<String> {
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
    let lock = lock.or_else(|| evidence.operation.as_ref().map(|it| clean(&words::operation(it))));
    let facts = evidence.facts.iter().map(|fact| clean(fact));
    // A rule that has more to say about the lock says it in the same words.
    let (of_lock, others): (Vec<String>, Vec<String>) =
        facts.partition(|fact| lock.as_ref().is_some_and(|lock| fact.starts_with(lock)));
    let mut facts: Vec<String> = of_lock.into_iter().next().or(lock).into_iter().chain(others).collect();
    match facts.first_mut() {
        Some(first) if !first.contains('\n') && !first.starts_with(IN_PRODUCTION) => {
            *first = format!("{}; {known}", first.trim_end_matches('.'));
        }
        _ => facts.push(known),
    }
    facts
}

/// The other tables that the statement keeps from being written, and that nothing above names with what waits: one line for
/// those that can't even be read, one for the others. Tables that its own migration made or dropped concern nobody.
fn other_locks(section: &Section, finding: &Finding, bullets: &Bullets) -> String {
    let Some((migration, statement)) = finding.place.statement else {
        return String::new();
    };
    let trace = section.trace.as_ref();
    let effects = trace
        .and_then(|trace| trace.migrations.get(migration))
        .map_or(&[][..], |migration| &migration.effects);
    let Some(effect) = effects.get(statement) else {
        return String::new();
    };
    let comes_or_goes = |id: &ObjectId| {
        let mut changes = effects[..=statement].iter().flat_map(|effect| &effect.changes);
        changes.any(|change| match change {
            Change::Created(object) | Change::Dropped(object) => object.id == *id,
            Change::Altered { .. } => false,
        })
    };
    let mut strongest: BTreeMap<&ObjectId, LockMode> = BTreeMap::new();
    let others = effect.locks.iter().filter(|lock| {
        lock.relation.kind == ObjectKind::Table
            && lock.mode.blocks_writes()
            && Some(&lock.relation) != finding.evidence.relation.as_ref()
            && !comes_or_goes(&lock.relation)
    });
    for lock in others {
        let mode = strongest.entry(&lock.relation).or_insert(lock.mode);
        *mode = lock.mode.max(*mode);
    }
    let mut text = String::new();
    for reads in [true, false] {
        let of_kind = strongest.iter().filter(|(_, mode)| mode.blocks_reads() == reads);
        let tables: Vec<String> = of_kind
            .map(|(relation, _)| relation.to_string())
            .filter(|table| !is_told(finding, table))
            .collect();
        if !tables.is_empty() {
            let waiting = if reads { "reads and writes" } else { "writes" };
            let tables = clean(&words::list(&tables));
            text.push_str(&bullets.fact(&format!("also waiting here: {waiting} on {tables}")));
        }
    }
    text
}

/// Whether a fact names the lock on a table already.
fn is_told(finding: &Finding, table: &str) -> bool {
    let mut facts = finding.evidence.facts.iter().filter(|fact| fact.contains(" blocks "));
    facts.any(|fact| names(fact, table))
}

/// Whether a table's name stands in a sentence as a word of its own.
fn names(sentence: &str, table: &str) -> bool {
    let is_edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
    sentence.match_indices(table).any(|(at, _)| {
        is_edge(sentence[..at].chars().next_back()) && is_edge(sentence[at + table.len()..].chars().next())
    })
}
