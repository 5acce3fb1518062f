//! SARIF 2.1.0, the form in which code scanning takes findings:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>, and what GitHub asks of it:
//! <https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support>.
//!
//! GitHub computes `primaryLocationLineHash` from the file itself and warns about another one, so it is left to GitHub; the
//! fingerprint here has a name of its own.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use dbwright_catalog::{Group, Proof, Review, RunMode, Severity};

use crate::json::pretty;
use crate::place::{Placed, Region, placed, region_of};
use crate::told;

/// What a rule is, for the list of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHelp {
    /// Name of the rule.
    pub name: String,
    /// What it protects.
    pub group: Group,
    /// How bad its findings are, where nobody says otherwise.
    pub severity: Severity,
    /// First sentence of its page, without a full stop.
    pub summary: String,
    /// Its page, as Markdown.
    pub page: String,
}

/// What is written beside the findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SarifOptions {
    /// The rules that may be needed; those that report nothing are left out.
    pub rules: Vec<RuleHelp>,
    /// The version of dbwright.
    pub version: String,
    /// Whether findings that comments allow are written, as suppressed results. GitHub shows them as open alerts.
    pub with_allowed: bool,
}

/// GitHub refuses a file with more results.
const RESULTS_MAX: usize = 25_000;
/// Longer descriptions are cut off by GitHub.
const DESCRIPTION_CHARS_MAX: usize = 1000;
/// Name of the root of the repository, as CodeQL calls it.
const ROOT: &str = "%SRCROOT%";

/// The review as SARIF, pretty printed, with an end of line.
pub fn sarif(review: &Review, options: &SarifOptions) -> String {
    let mut placed = placed(review);
    placed.retain(|placed| options.with_allowed || placed.allowance.is_none());
    let too_many = placed.len().saturating_sub(RESULTS_MAX);
    if too_many > 0 {
        placed.sort_by_key(|placed| std::cmp::Reverse(placed.finding.severity));
        placed.truncate(RESULTS_MAX);
    }
    let mut indexes: BTreeMap<&str, usize> = BTreeMap::new();
    for placed in &placed {
        indexes.entry(&placed.finding.rule).or_default();
    }
    for (number, index) in indexes.values_mut().enumerate() {
        *index = number;
    }
    let rules: Vec<Value> = indexes.keys().map(|name| rule(name, options)).collect();
    let results: Vec<Value> = placed.iter().map(|it| result(it, &indexes, options)).collect();
    let mut notifications: Vec<Value> = not_seen(review).iter().map(|text| notification(text)).collect();
    if too_many > 0 {
        notifications.push(notification(&format!(
            "{too_many} of the least severe findings are left out: GitHub takes {RESULTS_MAX}."
        )));
    }
    let ran = review.not_checked.is_empty() && review.sections.iter().all(|section| section.not_done.is_empty());
    pretty(&json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "dbwright",
                "version": options.version,
                "semanticVersion": options.version,
                "rules": rules,
            }},
            "automationDetails": { "id": "dbwright/" },
            "columnKind": "utf16CodeUnits",
            "originalUriBaseIds": { ROOT: { "description": { "text": "The root of the repository." } } },
            "invocations": [{ "executionSuccessful": ran, "toolExecutionNotifications": notifications }],
            "results": results,
        }],
    }))
}

/// What was not checked or not observed, as whole sentences.
fn not_seen(review: &Review) -> Vec<String> {
    let mut sentences = review.not_checked.clone();
    for section in &review.sections {
        sentences.extend(section.not_done.iter().cloned());
        for unseen in crate::unseen::not_observed(section) {
            if let Some(migration) = section.history.at(unseen.migration)
                && let Some(statement) = migration.statements.get(unseen.statement)
            {
                let path = crate::place::path(&migration.path);
                sentences.push(format!("{path}:{} was not observed: {}", statement.line, unseen.told()));
            }
        }
    }
    sentences
}

fn notification(text: &str) -> Value {
    json!({ "level": "note", "message": { "text": text } })
}

fn rule(name: &str, options: &SarifOptions) -> Value {
    let Some(rule) = options.rules.iter().find(|rule| rule.name == name) else {
        return json!({ "id": name });
    };
    let mut properties = json!({
        "tags": ["database", rule.group.name()],
        "problem.severity": match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "recommendation",
        },
    });
    match rule.group {
        // GitHub lists rules with a score among the security alerts, and others not.
        Group::Security => {
            properties["security-severity"] = Value::from(match rule.severity {
                Severity::Error => "8.0",
                Severity::Warning => "6.0",
                Severity::Note => "3.0",
            });
        }
        Group::Locks | Group::Failure | Group::DataLoss | Group::Release | Group::Rollback | Group::Design => {}
    }
    json!({
        "id": rule.name,
        "shortDescription": { "text": format!("{}.", rule.summary) },
        "fullDescription": { "text": description(rule) },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": rule.severity.name() },
        "properties": properties,
    })
}

/// The text of the page between its heading and its first example.
fn description(rule: &RuleHelp) -> String {
    let lines = rule
        .page
        .lines()
        .skip_while(|line| line.starts_with('#') || line.starts_with('*') || line.is_empty());
    let text: Vec<&str> = lines
        .take_while(|line| !line.starts_with("```") && !line.starts_with('#') && !line.ends_with(':'))
        .filter(|line| !line.is_empty())
        .collect();
    let text = text.join(" ");
    let text = if text.is_empty() {
        format!("{}.", rule.summary)
    } else {
        text
    };
    text.chars().take(DESCRIPTION_CHARS_MAX).collect()
}

fn result(placed: &Placed<'_>, indexes: &BTreeMap<&str, usize>, options: &SarifOptions) -> Value {
    let finding = placed.finding;
    let mut location = json!({
        "physicalLocation": { "artifactLocation": artifact(&placed.file), "region": region(placed.region) },
    });
    if let Some(object) = &finding.evidence.relation {
        location["logicalLocations"] =
            json!([{ "fullyQualifiedName": object.to_string(), "kind": object.kind.name() }]);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": indexes.get(finding.rule.as_str()),
        "level": finding.severity.name(),
        "message": { "text": told::in_text(finding), "markdown": told::in_markdown(finding) },
        "locations": [location],
        "partialFingerprints": { "dbwrightFinding/v1": placed.fingerprint },
        "properties": { "known": finding.evidence.known.name(), "server": finding.evidence.server.to_string() },
    });
    if let Some(fix) = fix(placed) {
        result["fixes"] = json!([fix]);
    }
    // Where one result has them, all have: one without says that nobody knows.
    if options.with_allowed {
        result["suppressions"] = placed.allowance.map_or_else(
            || json!([]),
            |allowance| json!([{ "kind": "inSource", "status": "accepted", "justification": allowance.reason }]),
        );
    }
    result
}

/// The proven fix as an edit of the file, where the steps can stand where the statement does: each is committed by itself
/// there, as it was when it was proven.
fn fix(placed: &Placed<'_>) -> Option<Value> {
    let fix = placed.finding.fix.as_ref()?;
    if !fix.proof.as_ref().is_some_and(Proof::holds) || fix.steps.is_empty() {
        return None;
    }
    let (migration, statement) = placed.finding.place.statement?;
    let migration = placed.section.history.migrations.get(migration)?;
    let alone = migration.statements.len() == 1 && fix.steps.len() == 1;
    let commits_each = match migration.run_mode {
        RunMode::EachStatement => true,
        RunMode::SimpleQuery => alone,
        RunMode::Transaction | RunMode::AllInOneTransaction => {
            alone && fix.steps.iter().all(|step| step.in_transaction)
        }
    };
    let statement = migration.statements.get(statement)?;
    // What is rendered from a template has no text of its own in the file.
    let is_verbatim = migration.text.get(statement.span.range()) == Some(statement.text.as_str());
    if !commits_each || !is_verbatim {
        return None;
    }
    let steps: Vec<&str> = fix.steps.iter().map(|step| step.sql.trim()).collect();
    Some(json!({
        "description": { "text": fix.summary },
        "artifactChanges": [{
            "artifactLocation": artifact(&placed.file),
            "replacements": [{
                "deletedRegion": region(region_of(&migration.text, statement.span)?),
                "insertedContent": { "text": steps.join(";\n") },
            }],
        }],
    }))
}

fn region(region: Region) -> Value {
    let mut value = json!({ "startLine": region.line });
    if let Some(column) = region.column {
        value["startColumn"] = Value::from(column);
    }
    if let Some((line, column)) = region.end {
        value["endLine"] = Value::from(line);
        value["endColumn"] = Value::from(column);
    }
    value
}

/// A file as a URI: relative to the root of the repository, or absolute where it lies elsewhere.
fn artifact(file: &str) -> Value {
    match file {
        "-" => json!({ "uri": "stdin" }),
        absolute if absolute.starts_with('/') => json!({ "uri": format!("file://{}", encoded(absolute)) }),
        relative => json!({ "uri": encoded(relative), "uriBaseId": ROOT }),
    }
}

/// A path with everything escaped that has a meaning in URIs.
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(byte)),
            _ => {
                let digit = |half: u8| {
                    char::from_digit(u32::from(half), 16)
                        .unwrap_or('0')
                        .to_ascii_uppercase()
                };
                uri.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    uri
}
