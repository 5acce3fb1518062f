//! Commands that GitHub Actions shows as annotations:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.
//!
//! GitHub shows ten of each kind for a step, so the worst come first.

use dbwright_catalog::{Review, Severity};

use crate::place::{Placed, placed};
use crate::told;

/// One line for each finding that no comment allows.
pub fn github(review: &Review) -> String {
    let mut placed = placed(review);
    placed.retain(|placed| placed.allowance.is_none());
    placed.sort_by_key(|placed| std::cmp::Reverse(placed.finding.severity));
    placed.iter().map(command).collect()
}

fn command(placed: &Placed<'_>) -> String {
    let finding = placed.finding;
    let kind = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let region = placed.region;
    let mut place = format!("file={},line={}", property(&placed.file), region.line);
    if let Some((end_line, end_column)) = region.end {
        place.extend([format!(",endLine={end_line}")]);
        // Columns are for places within one line.
        if let (true, Some(column)) = (end_line == region.line, region.column) {
            place.extend([format!(",col={column},endColumn={end_column}")]);
        }
    }
    let title = property(&format!("dbwright: {}", finding.rule));
    format!("::{kind} {place},title={title}::{}\n", data(&told::in_text(finding)))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
