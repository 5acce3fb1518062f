//! From the words of the catalog to the wire format.

use std::collections::BTreeMap;

use dbwright_catalog::{Finding, SchemaLint, Severity};

use super::baseline;
use crate::json;
use crate::wire::{self, lint as format};

/// What was found in the wire format, pretty printed, with an end of line.
pub fn lint_json(lint: &SchemaLint) -> String {
    json::pretty(&format::Lint {
        version: format::VERSION,
        source: lint.side.shown.clone(),
        source_kind: lint.side.kind.name(),
        server: json::server(&lint.side.server),
        findings: lint.findings.iter().map(finding).collect(),
        ignored: lint
            .ignored
            .iter()
            .map(|ignored| wire::Ignored {
                why: ignored.why.clone(),
                objects: ignored.objects.iter().map(json::object).collect(),
            })
            .collect(),
        unknown_objects: lint
            .side
            .unmodelled
            .iter()
            .map(|unknown| format::Unknown {
                kind: unknown.kind.clone(),
                name: unknown.name.clone(),
            })
            .collect(),
        not_read: lint
            .side
            .unread
            .iter()
            .map(|unread| format!("{}: {}", unread.what, unread.why))
            .collect(),
        notes: lint.side.notes.clone(),
        not_run: lint
            .side
            .not_run
            .iter()
            .map(|not_run| wire::NotRun {
                place: not_run.place.clone(),
                why: not_run.why.clone(),
            })
            .collect(),
        not_measured: lint.not_measured.clone(),
        not_asked: lint
            .unasked
            .iter()
            .map(|unasked| format::NotAsked {
                rule: unasked.rule.clone(),
                why: unasked.why.clone(),
            })
            .collect(),
        baseline: lint.baseline.as_ref().map(|file| format::Baseline {
            file: file.clone(),
            known: lint.known.iter().map(baseline::entry).collect(),
            outdated: lint.outdated.iter().map(baseline::entry).collect(),
        }),
        summary: summary(lint),
    })
}

/// The JSON Schema of what [`lint_json`] returns, pretty printed, with an end of line.
pub fn lint_format() -> String {
    json::format_of::<format::Lint>()
}

/// The JSON Schema of a baseline, pretty printed, with an end of line.
pub fn lint_baseline_format() -> String {
    json::format_of::<format::BaselineFile>()
}

fn finding(finding: &Finding) -> format::LintFinding {
    format::LintFinding {
        rule: finding.rule.clone(),
        group: json::group(finding.group),
        severity: json::severity(finding.severity),
        object: finding.evidence.relation.as_ref().map(json::object),
        message: finding.message.clone(),
        facts: finding.evidence.facts.clone(),
        advice: finding.advice.clone(),
    }
}

fn summary(lint: &SchemaLint) -> format::LintSummary {
    let number = |severity: Severity| lint.findings.iter().filter(|it| it.severity == severity).count();
    let mut findings_by_rule: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &lint.findings {
        *findings_by_rule.entry(finding.rule.clone()).or_default() += 1;
    }
    format::LintSummary {
        errors: number(Severity::Error),
        warnings: number(Severity::Warning),
        notes: number(Severity::Note),
        findings_by_rule,
        tables: lint.tables,
        other_objects: lint.others,
        rules: lint.rules,
        rules_off: lint.off.clone(),
        relations: lint.relations,
    }
}
