//! The findings by rule, because a schema has the same flaw in many places; each object in a line, with what to do.

use dbwright_catalog::{Finding, SchemaLint, Severity, SideKind};

use crate::TextOptions;
use crate::incomplete::not_run;
use crate::layout::{BOLD, HELP, Layout, clean, severity_style};
use crate::words::{count, list};

/// So many findings of one rule are told at length, unless everything is.
const TOLD_AT_LENGTH: usize = 3;
/// So many are told at all.
const TOLD_MAX: usize = 12;
/// So many objects of somebody else, or unknown ones, are named.
const NAMES_MAX: usize = 5;

/// The whole of it. The last line sums it up and fits a status bar.
pub fn lint_text(lint: &SchemaLint, options: &TextOptions) -> String {
    let layout = Layout::new(options.color, options.width);
    let mut text = layout.wrap("", "  ", &clean(&head(lint)));
    text.push_str(&not_run(&lint.side, layout, options.verbose));
    text.push('\n');
    for group in groups(&lint.findings) {
        text.push_str(&told(&group, layout, options.verbose));
        text.push('\n');
    }
    text.push_str(&limits(lint, layout));
    text.push_str(&closing(lint, layout));
    text
}

/// `app.db (SQLite 3.50.1): 12 tables and 40 other objects, judged by 31 rules`.
fn head(lint: &SchemaLint) -> String {
    let server = &lint.side.server;
    let how = match lint.side.kind {
        SideKind::Live => server.to_string(),
        SideKind::Rebuilt => format!("built again on {server}"),
        SideKind::Desired => format!("SQL, run on {server}"),
        SideKind::History => format!("migrations, run on {server}"),
        SideKind::Snapshot => format!("snapshot, built on {server}"),
    };
    let rows = lint
        .relations
        .map(|relations| format!(", rows of {} looked at", count(relations, "relation")))
        .unwrap_or_default();
    format!(
        "{} ({how}): {} and {}, judged by {}{rows}",
        lint.side.shown,
        count(lint.tables, "table"),
        count(lint.others, "other object"),
        count(lint.rules, "rule")
    )
}

/// The findings of one rule and severity together, in the order in which they come.
fn groups(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let is_alike = |group: &&mut Vec<&Finding>| {
            group
                .first()
                .is_some_and(|first| first.rule == finding.rule && first.severity == finding.severity)
        };
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

fn told(group: &[&Finding], layout: Layout, verbose: bool) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let name = format!("{}[{}]", first.severity, first.rule);
    let mut text = format!("{}: ", layout.paint(severity_style(first.severity), &name));
    if let [only] = group {
        let words = clean(&only.message);
        let words: Vec<String> = words.split_whitespace().map(|word| layout.paint(BOLD, word)).collect();
        let text = layout.wrap("", "  ", &(text + &words.join(" ")));
        return text + &details(only, None, layout);
    }
    text.push_str(&layout.paint(BOLD, &count(group.len(), "finding")));
    text.push('\n');
    let common = common(group);
    for (number, finding) in group.iter().enumerate() {
        if !verbose && number >= TOLD_MAX {
            break;
        }
        text.push_str(&layout.wrap("  - ", "    ", &clean(&finding.message)));
        if verbose || number < TOLD_AT_LENGTH {
            text.push_str(&details(finding, common.as_deref(), layout));
        }
    }
    if !verbose && group.len() > TOLD_MAX {
        let more = format!("and {} more (--verbose tells all)", group.len() - TOLD_MAX);
        text.push_str(&layout.wrap("  - ", "    ", &more));
    }
    for advice in common.iter().flatten() {
        text.push_str(&help(advice, "  ", layout));
    }
    text
}

/// The advice that all of them have, where it is the same.
fn common(group: &[&Finding]) -> Option<Vec<String>> {
    let first = &group.first()?.advice;
    let is_same = group.iter().all(|finding| finding.advice == *first);
    is_same.then(|| first.clone())
}

/// Facts, and what to do where that is not told of all together.
fn details(finding: &Finding, common: Option<&[String]>, layout: Layout) -> String {
    let mut text = String::new();
    for fact in &finding.evidence.facts {
        text.push_str(&layout.wrap("    ", "    ", &clean(fact)));
    }
    for advice in finding.advice.iter().filter(|_| common.is_none()) {
        text.push_str(&help(advice, "    ", layout));
    }
    text
}

fn help(advice: &str, indent: &str, layout: Layout) -> String {
    let first = format!("{indent}{} ", layout.paint(HELP, "help:"));
    layout.wrap(&first, &format!("{indent}  "), &clean(advice))
}

/// What was not judged.
fn limits(lint: &SchemaLint, layout: Layout) -> String {
    let mut text = String::new();
    for note in &lint.side.notes {
        text.push_str(&layout.wrap("note: ", "  ", &clean(note)));
    }
    for ignored in &lint.ignored {
        let names = ignored.objects.iter().map(|id| format!("{} {id}", id.kind.name()));
        let sentence = format!("{} ({})", ignored.why, some(&names.collect::<Vec<_>>()));
        text.push_str(&layout.wrap("ignored: ", "  ", &clean(&sentence)));
    }
    if !lint.side.unmodelled.is_empty() {
        let unknown = lint.side.unmodelled.iter();
        let names: Vec<String> = unknown
            .map(|object| format!("{} {}", object.kind, object.name))
            .collect();
        let sentence = format!("{}: {}", count(names.len(), "object"), some(&names));
        text.push_str(&layout.wrap("not judged: ", "  ", &clean(&sentence)));
    }
    for unread in &lint.side.unread {
        let sentence = format!("{}: {}", unread.what, unread.why);
        text.push_str(&layout.wrap("not read: ", "  ", &clean(&sentence)));
    }
    for sentence in &lint.not_measured {
        text.push_str(&layout.wrap("not measured: ", "  ", &clean(sentence)));
    }
    text.push_str(&baseline(lint, layout));
    for why in distinct(lint.unasked.iter().map(|unasked| unasked.why.as_str())) {
        let rules = lint.unasked.iter().filter(|unasked| unasked.why == why);
        let names: Vec<String> = rules.map(|unasked| unasked.rule.clone()).collect();
        let sentence = format!("{} ({why})", list(&names));
        text.push_str(&layout.wrap("not asked: ", "  ", &sentence));
    }
    if !lint.off.is_empty() {
        let sentence = format!("{} (--rule NAME switches one on)", list(&lint.off));
        text.push_str(&layout.wrap("off: ", "  ", &sentence));
    }
    if text.is_empty() { text } else { text + "\n" }
}

/// What the baseline took away, and what it need not hold any more.
fn baseline(lint: &SchemaLint, layout: Layout) -> String {
    let Some(file) = &lint.baseline else {
        return String::new();
    };
    let known = match lint.known.len() {
        1 => format!("1 finding is known to {file}, and not told."),
        number => format!("{number} findings are known to {file}, and not told."),
    };
    let mut text = layout.wrap("baseline: ", "  ", &clean(&known));
    if !lint.outdated.is_empty() {
        let keys = lint
            .outdated
            .iter()
            .map(|key| format!("{} of {} {}", key.rule, key.object.kind.name(), key.object));
        let sentence = format!(
            "{file} holds what no rule says any more ({}); --write-baseline {file} brings it up to date.",
            some(&keys.collect::<Vec<_>>())
        );
        text.push_str(&layout.wrap("baseline: ", "  ", &clean(&sentence)));
    }
    text
}

fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for text in texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

fn some(names: &[String]) -> String {
    match names.get(..NAMES_MAX).filter(|_| names.len() > NAMES_MAX + 1) {
        Some(first) => format!("{} and {} more", first.join(", "), names.len() - NAMES_MAX),
        None => list(names),
    }
}

/// What to do after reading, and the line that sums it up.
fn closing(lint: &SchemaLint, layout: Layout) -> String {
    let mut text = String::new();
    if let Some(worst) = lint.findings.first() {
        let label = format!("{} ", layout.paint(BOLD, "next:"));
        let sentence = format!("`dbwright rule {}` explains a rule and how to accept it.", worst.rule);
        text.push_str(&layout.wrap(&label, "      ", &sentence));
        text.push('\n');
    }
    let number = |severity: Severity| lint.findings.iter().filter(|it| it.severity == severity).count();
    let numbers = [
        (number(Severity::Error), "error"),
        (number(Severity::Warning), "warning"),
        (number(Severity::Note), "note"),
    ];
    let found: Vec<String> = numbers
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun))
        .collect();
    let found = if found.is_empty() {
        if lint.known.is_empty() {
            "nothing found".to_owned()
        } else {
            "nothing new found".to_owned()
        }
    } else {
        found.join(", ")
    };
    text + &format!("dbwright: {found} in {}\n", count(lint.tables, "table"))
}
