//! The code quality report of GitLab: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use serde_json::{Value, json};

use dbwright_catalog::{Review, Severity};

use crate::json::pretty;
use crate::place::placed;
use crate::told;

/// The findings that no comment allows, pretty printed, with an end of line.
pub fn gitlab(review: &Review) -> String {
    let placed = placed(review);
    let reported = placed.iter().filter(|placed| placed.allowance.is_none());
    let problems = reported.map(|placed| {
        let mut lines = json!({ "begin": placed.region.line });
        if let Some((end, _)) = placed.region.end {
            lines["end"] = Value::from(end);
        }
        json!({
            "description": told::what(placed.finding),
            "check_name": placed.finding.rule,
            "fingerprint": placed.fingerprint,
            "severity": match placed.finding.severity {
                Severity::Error => "critical",
                Severity::Warning => "major",
                Severity::Note => "info",
            },
            "location": { "path": placed.file, "lines": lines },
            "content": { "body": told::in_markdown(placed.finding) },
        })
    });
    pretty(&Value::Array(problems.collect()))
}
