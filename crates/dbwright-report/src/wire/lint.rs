//! The JSON that `dbwright schema lint --format json` prints, version 0: it may change until it settles.
//!
//! Fields may be added to it; what there is keeps its name and meaning, or the version changes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Group, Ignored, NotRun, ObjectRef, Server, Severity};

/// The version of the format.
pub const VERSION: u32 = 0;

/// What the rules of design and security say of a schema.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Lint {
    /// Version of this format.
    pub version: u32,
    /// The schema, as it was named, without a password.
    pub source: String,
    /// What the source is: `database`, `sql`, `migrations`.
    pub source_kind: &'static str,
    /// The server that it was read on.
    pub server: Server,
    /// What the rules say, the worst first.
    pub findings: Vec<LintFinding>,
    /// Objects that were not judged because they belong to platforms and tools.
    pub ignored: Vec<Ignored>,
    /// Objects that the server has and dbwright does not know.
    pub unknown_objects: Vec<Unknown>,
    /// What could not be read, with the reason.
    pub not_read: Vec<String>,
    /// What was done so that the schema could be read.
    pub notes: Vec<String>,
    /// Statements of the source that did not run, so that what they make was not judged.
    pub not_run: Vec<NotRun>,
    /// What could not be measured in a live database, in sentences.
    pub not_measured: Vec<String>,
    /// Rules that were not asked, because what they look at was not there or not asked for.
    pub not_asked: Vec<NotAsked>,
    /// The baseline, where one was given.
    pub baseline: Option<Baseline>,
    /// The numbers.
    pub summary: LintSummary,
}

/// What a rule says of one object, or of several of a table.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LintFinding {
    /// Name of the rule: `foreign-key-without-index`.
    pub rule: String,
    /// What the rule protects: `design` or `security`.
    pub group: Group,
    /// How bad it is.
    pub severity: Severity,
    /// The object concerned; of several, the first.
    pub object: Option<ObjectRef>,
    /// What is so, in one sentence without a full stop.
    pub message: String,
    /// Facts, in sentences.
    pub facts: Vec<String>,
    /// What to do, in whole sentences.
    pub advice: Vec<String>,
}

/// A rule that was not asked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotAsked {
    /// Its name.
    pub rule: String,
    /// What it needs.
    pub why: String,
}

/// What a baseline took away.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Baseline {
    /// The file.
    pub file: String,
    /// What it knows and the rules still say; not among the findings.
    pub known: Vec<BaselineEntry>,
    /// What it knows and no rule says any more.
    pub outdated: Vec<BaselineEntry>,
}

/// What `dbwright schema lint --write-baseline FILE` writes and `--baseline FILE` reads.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    /// Version of this format.
    pub version: u32,
    /// What is known, by rule and object.
    pub known_findings: Vec<BaselineEntry>,
}

/// A finding that is known, whatever the rule says of the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineEntry {
    /// Name of the rule.
    pub rule: String,
    /// The kind of the object: `column`.
    pub kind: String,
    /// Its path, outermost name first.
    pub path: Vec<String>,
}

/// The numbers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LintSummary {
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are notes.
    pub notes: usize,
    /// Findings by rule.
    pub findings_by_rule: BTreeMap<String, usize>,
    /// Tables that were judged.
    pub tables: usize,
    /// Other objects.
    pub other_objects: usize,
    /// Rules that were asked.
    pub rules: usize,
    /// Rules for this engine that are off.
    pub rules_off: Vec<String>,
    /// Of how many relations the rows were looked at; `null` where rows were not.
    pub relations: Option<usize>,
}

/// An object that is not known, in the server's own words.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Unknown {
    /// The server's word for its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}
