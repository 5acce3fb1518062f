//! One section: its heading, its findings, what was not observed, its numbers.

use std::collections::BTreeMap;

use dbwright_catalog::{Section, Severity};

use crate::counts::{Summary, findings, is_observed, is_predicted};
use crate::layout::{BOLD, Layout, clean};
use crate::text::group::{Group, groups};
use crate::text::{closing, finding, unobserved};
use crate::words;
use crate::{release, rollback};

/// With more findings than this, most are told in one line.
const FINDINGS_IN_FULL_MAX: usize = 50;
/// So many of each rule and severity are told in full even then.
const IN_FULL_PER_RULE: usize = 3;

/// The section with an empty line after each of its parts.
pub(super) fn section(section: &Section, layout: Layout, verbose: bool) -> String {
    let mut text = heading(section, layout);
    text.push('\n');
    let (in_full, in_short) = divide(section, verbose);
    for group in in_full {
        let repeats = group.told();
        text.push_str(&finding::finding(
            section,
            group.first,
            repeats.as_deref(),
            layout,
            verbose,
        ));
        text.push('\n');
    }
    if !in_short.is_empty() {
        text.push_str(&short(&in_short, layout));
        text.push('\n');
    }
    text.push_str(&accepted(section, layout, verbose));
    text.push_str(&unobserved::unobserved(section, layout, verbose));
    text.push_str(&layout.wrap("", "", &closing::checked(section)));
    if let Some(told) = rollback::told(section) {
        text.push_str(&layout.wrap("", "  ", &clean(&told)));
    }
    for told in release::told(section) {
        text.push_str(&layout.wrap("", "  ", &clean(&told)));
    }
    if verbose {
        for told in rollback::not_tried(section) {
            text.push_str(&layout.wrap("  not tried: ", "    ", &clean(&told)));
        }
    }
    if verbose || !in_short.is_empty() {
        for (label, rules) in closing::by_rule(section) {
            text.push_str(&layout.wrap(&format!("{label} by rule: "), "  ", &rules));
        }
    }
    text.push('\n');
    text
}

/// What comments allow: how many, or each with its reason.
fn accepted(section: &Section, layout: Layout, verbose: bool) -> String {
    let number = section.allowed.len();
    if number == 0 {
        return String::new();
    }
    let mut text = format!(
        "{} accepted by a comment{}\n",
        words::count(number, "finding"),
        if verbose { ":" } else { "" }
    );
    for allowed in section.allowed.iter().filter(|_| verbose) {
        let (finding, allowance) = (&allowed.finding, &allowed.allowance);
        let until = allowance
            .until
            .map_or_else(String::new, |until| format!(" until {until}"));
        let place = format!("{}:{}", words::path(&finding.place.path), finding.place.line);
        let line = format!("{place} {}{until}: {}", finding.rule, allowance.reason);
        text.push_str(&layout.wrap("  ", "    ", &clean(&line)));
    }
    text.push('\n');
    text
}

/// What ran where.
fn heading(section: &Section, layout: Layout) -> String {
    let history = &section.history;
    let engine = section.trace.is_none().then(|| format!("for {}", history.engine));
    let name = words::history_name(history, engine.as_deref());
    let ran = match &section.trace {
        None if Summary::of_section(section).judged == 0 => "nothing to check".to_owned(),
        None => "did not run".to_owned(),
        Some(trace) => {
            let effects = trace.migrations.iter().flat_map(|migration| &migration.effects);
            let nothing_ran = effects.clone().any(is_predicted) && !effects.clone().any(is_observed);
            let verb = if nothing_ran { "predicted for" } else { "ran on" };
            match words::other_version(history, &trace.server) {
                None => format!("{verb} {}", trace.server),
                Some((version, place)) => format!("{verb} {}; the repository says {version} ({place})", trace.server),
            }
        }
    };
    let kept = match section.trace.as_ref().map_or(0, |trace| trace.from_cache) {
        0 => String::new(),
        number if number >= history.migrations.len() => " in an earlier check of the same files".to_owned(),
        number => format!(
            "; the first {} were kept from an earlier check",
            words::count(number, "migration")
        ),
    };
    let label = layout.paint(BOLD, &format!("{}:", clean(&name)));
    layout.wrap("", "  ", &format!("{label} {}{kept}", clean(&ran)))
}

/// Which findings are told in full and which in one line. Where not all are told in full, the worst of these come first;
/// everything else is in order.
fn divide(section: &Section, verbose: bool) -> (Vec<Group<'_>>, Vec<Group<'_>>) {
    if verbose {
        let alone = |first| Group {
            first,
            repeats: Vec::new(),
        };
        return (findings(section).map(alone).collect(), Vec::new());
    }
    let all = groups(findings(section));
    if all.len() <= FINDINGS_IN_FULL_MAX {
        return (all, Vec::new());
    }
    let mut told: BTreeMap<(&str, Severity), usize> = BTreeMap::new();
    let (mut in_full, in_short): (Vec<Group<'_>>, Vec<Group<'_>>) = all.into_iter().partition(|group| {
        let told = told.entry((&group.first.rule, group.first.severity)).or_default();
        *told += 1;
        *told <= IN_FULL_PER_RULE
    });
    in_full.sort_by_key(|group| std::cmp::Reverse(group.first.severity));
    (in_full, in_short)
}

/// One line per group of findings, under the file they are in.
fn short(groups: &[Group<'_>], layout: Layout) -> String {
    let number = groups.iter().map(|group| 1 + group.repeats.len()).sum();
    let count = words::count(number, "more finding");
    let mut text = layout.wrap("", "", &format!("{count} in short (`--verbose` tells them in full):"));
    let mut path = None;
    for group in groups {
        let place = &group.first.place;
        if path != Some(&place.path) {
            path = Some(&place.path);
            text.push_str(&layout.paint(BOLD, &clean(&words::path(&place.path))));
            text.push('\n');
        }
        text.push_str(&group.short(layout));
    }
    text
}
