//! How a report ends: the numbers, what to do next, one line for a status bar.

use std::collections::BTreeMap;

use dbwright_catalog::{Finding, MigrationSet, Review, Section, Severity, Tool};

use crate::counts::{Summary, findings};
use crate::fix_files;
use crate::layout::{BOLD, Layout, clean};
use crate::words;

/// Longer status lines are shortened.
const STATUS_COLUMNS: usize = 80;

/// `checked 3 of 342 migrations (new since origin/main): 2 errors, 1 warning; 41 of 42 statements observed, 1 not`.
pub(super) fn checked(section: &Section) -> String {
    let summary = Summary::of_section(section);
    let judged = what_is_judged(section, &summary);
    let found = summary.severities();
    if summary.judged == 0 {
        return format!(
            "checked {judged}: {}",
            found.unwrap_or_else(|| "nothing to check".to_owned())
        );
    }
    if section.trace.is_none() || saw_nothing(&summary) {
        let found = found.map_or_else(String::new, |found| format!("; {found}"));
        return format!("not checked: {judged}{found}");
    }
    let found = found.unwrap_or_else(|| "nothing found".to_owned());
    format!("checked {judged}: {found}; {}", observed(&summary))
}

/// `3 of 342 migrations (new since origin/main)`.
fn what_is_judged(section: &Section, summary: &Summary) -> String {
    match (
        &section.judged,
        section.history.tool,
        section.history.migrations.as_slice(),
    ) {
        (_, Tool::File, [only]) => words::path(&only.path),
        (MigrationSet::All, _, [_]) => "1 migration".to_owned(),
        (MigrationSet::All, ..) => format!("all {}", words::count(summary.migrations, "migration")),
        (MigrationSet::Only { why, .. }, ..) => {
            let all = words::count(summary.migrations, "migration");
            clean(&format!("{} of {all} ({why})", summary.judged))
        }
    }
}

/// `41 of 42 statements observed, 1 not`.
fn observed(summary: &Summary) -> String {
    let statements = words::count(summary.statements, "statement");
    match summary.not_observed() {
        0 if summary.statements == 0 => "no statements in it".to_owned(),
        0 if summary.statements == 1 => "1 statement observed".to_owned(),
        0 => format!("all {statements} observed"),
        _ if summary.observed == 0 && summary.predicted == summary.statements => {
            format!("all {statements} predicted, none observed")
        }
        missing if summary.predicted == missing => {
            format!("{} of {statements} observed, {missing} predicted", summary.observed)
        }
        missing if summary.predicted > 0 => format!(
            "{} of {statements} observed, {} predicted, {} unknown",
            summary.observed,
            summary.predicted,
            missing - summary.predicted
        ),
        missing => format!("{} of {statements} observed, {missing} not", summary.observed),
    }
}

/// `errors` with `2 fails-on-rows, 1 drop-table`, then warnings, then notes; the most frequent rule first.
pub(super) fn by_rule(section: &Section) -> Vec<(&'static str, String)> {
    let severities = [
        (Severity::Error, "errors"),
        (Severity::Warning, "warnings"),
        (Severity::Note, "notes"),
    ];
    let told = severities.into_iter().filter_map(|(severity, label)| {
        let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in findings(section).filter(|finding| finding.severity == severity) {
            *rules.entry(&finding.rule).or_default() += 1;
        }
        let mut rules: Vec<(&str, usize)> = rules.into_iter().collect();
        rules.sort_by_key(|(name, number)| (std::cmp::Reverse(*number), *name));
        let rules: Vec<String> = rules.iter().map(|(name, number)| format!("{number} {name}")).collect();
        (!rules.is_empty()).then(|| (label, rules.join(", ")))
    });
    told.collect()
}

/// What to do after reading, in two sentences.
pub(super) fn next(review: &Review, layout: Layout) -> String {
    let summary = Summary::of(review);
    let sentences = if summary.findings() > 0 {
        after_findings(review, &summary)
    } else {
        after_none(review, &summary)
    };
    let label = layout.paint(BOLD, "next:");
    let mut text = String::new();
    for (index, sentence) in sentences.iter().enumerate() {
        let first = if index == 0 {
            format!("{label} ")
        } else {
            "      ".to_owned()
        };
        text.push_str(&layout.wrap(&first, "      ", sentence));
    }
    text
}

fn after_findings(review: &Review, summary: &Summary) -> Vec<String> {
    let what = if is_file(review) { "the file" } else { "the migrations" };
    let advised = review
        .sections
        .iter()
        .flat_map(findings)
        .any(|finding| !finding.advice.is_empty());
    let act = match (summary.proven_fixes, summary.findings()) {
        (0, _) if advised => format!("change {what} as the help lines say, then run `dbwright check` again."),
        (0, _) => format!("correct {what}, then run `dbwright check` again."),
        (1, 1) => "put the safe version in place of the statement, then run `dbwright check` again.".to_owned(),
        (1, _) => "put the safe version in place of its statement, follow the help lines of the others, then run \
                   `dbwright check` again."
            .to_owned(),
        (number, all) if number == all => {
            "put the safe versions in place of their statements, then run `dbwright check` again.".to_owned()
        }
        (number, _) => format!(
            "put the {number} safe versions in place of their statements, follow the help lines of the others, then \
             run `dbwright check` again."
        ),
    };
    let files = fix_files::written(review).map(|what| format!("`dbwright check --fix` writes {what}."));
    let worst: Option<&Finding> = review.sections.iter().flat_map(findings).reduce(|worst, finding| {
        if finding.severity > worst.severity {
            finding
        } else {
            worst
        }
    });
    let explain = worst.map(|finding| match summary.rules.len() {
        1 => format!("`dbwright rule {}` explains the rule, with examples.", finding.rule),
        _ => format!(
            "`dbwright rule NAME` explains a rule: `dbwright rule {}`.",
            finding.rule
        ),
    });
    [Some(act), files, explain].into_iter().flatten().collect()
}

fn after_none(review: &Review, summary: &Summary) -> Vec<String> {
    let all_judged = summary.judged == summary.migrations;
    let sentences: [&str; 2] = if summary.migrations == 0 {
        [
            "`dbwright detect` shows where dbwright looked for migrations.",
            "`dbwright check FILE.sql` checks a file without a tool.",
        ]
    } else if summary.judged == 0 {
        [
            "`dbwright check --all` checks the whole history.",
            "`dbwright check --since REF` checks what is new since another branch, tag or commit.",
        ]
    } else if nothing_ran(review) {
        [
            "make a server available as said above, then run `dbwright check` again.",
            "`dbwright detect` shows what was found here and which servers this machine has.",
        ]
    } else if summary.predicted > 0 && summary.observed == 0 {
        [
            "a prediction does not see what code does, nor what rows lead to: `dbwright check` with a server does.",
            "`dbwright detect` shows what was found here and which servers this machine has.",
        ]
    } else if summary.predicted > 0 {
        [
            "what could not run here was judged by what is predicted of it: see the reasons above.",
            "`dbwright detect` shows what was found here and which servers this machine has.",
        ]
    } else if summary.not_observed() > 0 {
        [
            "what was not observed was not judged: see the reasons above.",
            "`dbwright detect` shows what was found here and which servers this machine has.",
        ]
    } else if is_file(review) {
        [
            "`dbwright check --schema DUMP.sql FILE.sql` checks a file against the schema you have.",
            "`dbwright check` without a file checks the migrations of a repository.",
        ]
    } else if all_judged {
        [
            "run `dbwright check` in CI: it checks what a branch adds and exits with 1 on findings.",
            "`dbwright detect` shows what dbwright knows about this repository.",
        ]
    } else {
        [
            "`dbwright check --all` checks the earlier migrations, too.",
            "Run `dbwright check` in CI: it checks what a branch adds and exits with 1 on findings.",
        ]
    };
    sentences.map(str::to_owned).to_vec()
}

/// Whether a file was checked that belongs to no tool.
fn is_file(review: &Review) -> bool {
    review.sections.iter().all(|section| section.history.tool == Tool::File)
}

/// Whether there was something to see and none of it was seen, so that silence says nothing.
fn saw_nothing(summary: &Summary) -> bool {
    summary.observed == 0 && summary.predicted == 0 && summary.statements > 0 && summary.findings() == 0
}

/// Whether no server could be had for any section.
fn nothing_ran(review: &Review) -> bool {
    review.sections.iter().all(|section| section.trace.is_none())
}

/// `dbwright: 2 errors, 1 warning in 3 migrations (41/42 statements observed) 1.3 s`.
pub(super) fn status(review: &Review) -> String {
    let summary = Summary::of(review);
    let duration = words::duration(review.duration);
    let found = summary.severities().unwrap_or_else(|| "nothing found".to_owned());
    let migrations = words::count(summary.judged, "migration");
    let status = |noun: &str| {
        let observed = if summary.predicted > 0 && summary.observed == 0 {
            format!("{}/{} {noun}predicted", summary.predicted, summary.statements)
        } else {
            format!("{}/{} {noun}observed", summary.observed, summary.statements)
        };
        if summary.judged == 0 && summary.findings() == 0 {
            format!("dbwright: no migrations to check {duration}")
        } else if summary.findings() == 0 && (nothing_ran(review) || saw_nothing(&summary)) {
            format!("dbwright: {migrations} not checked ({observed}) {duration}")
        } else {
            format!("dbwright: {found} in {migrations} ({observed}) {duration}")
        }
    };
    let in_full = status("statements ");
    if in_full.len() <= STATUS_COLUMNS {
        in_full
    } else {
        status("")
    }
}
