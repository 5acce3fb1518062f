//! The checklist: ticked where it was proven, otherwise open with what is missing.

use dbwright_catalog::{Drift, FigureKind, Finding, Group, Section, Severity};

use crate::counts::{Summary, findings};
use crate::scorecard::{figures, value};
use crate::told::escaped;
use crate::words;

/// Rules about how statements share transactions.
const OF_TRANSACTIONS: [&str; 3] = ["concurrently-in-transaction", "implicit-commit", "long-lock-hold"];
/// Rules about indexes.
const OF_INDEXES: [&str; 5] = [
    "create-index-without-concurrently",
    "add-unique-constraint",
    "invalid-index-kept",
    "duplicate-index",
    "redundant-index",
];

/// One point: nothing is missing, or what is.
struct Point {
    name: &'static str,
    proof: String,
    missing: Vec<String>,
}

/// The list, a line each.
pub(super) fn checklist(section: &Section, drift: Option<&Drift>) -> String {
    let mut text = String::new();
    for point in points(section, drift) {
        let line = if point.missing.is_empty() {
            format!("- [x] {}: {}\n", point.name, escaped(&point.proof))
        } else {
            format!("- [ ] {}: {}\n", point.name, escaped(&point.missing.join("; ")))
        };
        text.push_str(&line);
    }
    text
}

fn points(section: &Section, drift: Option<&Drift>) -> Vec<Point> {
    let figures = figures(section, drift);
    let summary = Summary::of_section(section);
    let figure = |kind: FigureKind| -> Vec<String> {
        let found = figures.iter().find(|figure| figure.kind == kind);
        match found {
            None => vec!["unknown".to_owned()],
            Some(figure) if figure.is_met() == Some(true) => Vec::new(),
            Some(figure) => vec![value(figure)],
        }
    };
    let unseen = if summary.not_observed() > 0 || section.trace.is_none() {
        vec![format!(
            "{} of {} not observed",
            summary.not_observed(),
            words::count(summary.statements, "statement")
        )]
    } else {
        Vec::new()
    };
    // What was not observed might hold anything, so that no point is proven by silence.
    let silent = |is_meant: &dyn Fn(&Finding) -> bool| -> Vec<String> {
        let mut missing = reported(section, is_meant);
        missing.extend(unseen.iter().cloned());
        missing
    };
    let is_of = |rules: &'static [&'static str]| move |finding: &Finding| rules.contains(&finding.rule.as_str());
    let backfills = section
        .scorecard
        .risks
        .iter()
        .filter(|risk| risk.needs_backfill)
        .count();
    let unfilled = section.trace.as_ref().map_or(0, |trace| trace.unfilled.len());

    let mut schema = silent(&|finding| match finding.group {
        Group::Design | Group::Security => finding.severity >= Severity::Warning,
        Group::Locks | Group::Failure | Group::DataLoss | Group::Release | Group::Rollback => false,
    });
    schema.extend(figure(FigureKind::ConstraintCoverage));
    let mut indexes = silent(&is_of(&OF_INDEXES));
    indexes.extend(figure(FigureKind::IndexCoverage));
    let mut backfill = unseen.clone();
    if backfills > 0 {
        backfill.push(format!(
            "{} existing rows to be filled",
            words::count(backfills, "change") + if backfills == 1 { " needs" } else { " need" }
        ));
    }
    let mut testing = unseen.clone();
    if unfilled > 0 {
        testing.push(format!("{} without generated rows", words::count(unfilled, "table")));
    }
    let point = |name, proof: &str, missing| Point {
        name,
        proof: proof.to_owned(),
        missing,
    };
    vec![
        point(
            "schema",
            "no rule of design or security warns, tables have keys and relations",
            schema,
        ),
        point(
            "indexes",
            "foreign keys have an index, none is built while writes wait",
            indexes,
        ),
        point(
            "migration",
            "every statement ran, on tables with rows",
            silent(&|finding| match finding.group {
                Group::Failure | Group::DataLoss => finding.severity >= Severity::Warning,
                Group::Locks | Group::Release | Group::Rollback | Group::Design | Group::Security => false,
            }),
        ),
        point(
            "transactions",
            "no lock is held over work that does not need it, nothing commits by itself",
            silent(&is_of(&OF_TRANSACTIONS)),
        ),
        point(
            "performance",
            "no table is rewritten or read from end to end while others wait",
            silent(&|finding| match finding.group {
                Group::Locks => finding.severity >= Severity::Warning,
                Group::Failure
                | Group::DataLoss
                | Group::Release
                | Group::Rollback
                | Group::Design
                | Group::Security => false,
            }),
        ),
        point("backfill", "no row that exists has to be filled", backfill),
        point(
            "rollback",
            "every way back was proven",
            figure(FigureKind::RollbackSuccess),
        ),
        point("testing", "every statement was observed on tables with rows", testing),
    ]
}

/// The findings that are meant, by rule: `2 table-rewrite`.
fn reported(section: &Section, is_meant: &dyn Fn(&Finding) -> bool) -> Vec<String> {
    let mut rules: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for finding in findings(section).filter(|finding| is_meant(finding)) {
        *rules.entry(&finding.rule).or_default() += 1;
    }
    rules.iter().map(|(rule, number)| format!("{number} {rule}")).collect()
}
