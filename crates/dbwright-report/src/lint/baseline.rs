//! The file that holds known findings: written once, committed, and read by every later run.
//!
//! An entry names rule and object and nothing else, so that another wording, a moved line or one more row is no new finding.

use dbwright_catalog::{LintKey, ObjectId, ObjectKind};

use crate::json;
use crate::wire::lint as wire;

/// Known findings as the text of a file.
pub fn lint_baseline(keys: &[LintKey]) -> String {
    json::pretty(&wire::BaselineFile {
        version: wire::VERSION,
        known_findings: keys.iter().map(entry).collect(),
    })
}

/// The text of such a file. What is wrong with it is told in one sentence.
pub fn parse_lint_baseline(text: &str) -> Result<Vec<LintKey>, String> {
    let file: wire::BaselineFile =
        serde_json::from_str(text).map_err(|error| format!("it is no baseline of findings: {error}"))?;
    if file.version != wire::VERSION {
        return Err(format!(
            "it is of version {}, and this dbwright reads version {}",
            file.version,
            wire::VERSION
        ));
    }
    let key = |entry: wire::BaselineEntry| {
        let kind = ObjectKind::ALL.into_iter().find(|kind| kind.name() == entry.kind);
        let kind = kind.ok_or_else(|| format!("`{}` is no kind of object", entry.kind))?;
        Ok(LintKey {
            rule: entry.rule,
            object: ObjectId { kind, path: entry.path },
        })
    };
    file.known_findings.into_iter().map(key).collect()
}

pub(super) fn entry(key: &LintKey) -> wire::BaselineEntry {
    wire::BaselineEntry {
        rule: key.rule.clone(),
        kind: key.object.kind.name().to_owned(),
        path: key.object.path.clone(),
    }
}
