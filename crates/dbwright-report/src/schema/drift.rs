//! Drift for people: what a database has that it should not, and the other way round.

use dbwright_catalog::{Drift, ObjectId};

use super::diff::{body, counted};
use super::side;
use crate::TextOptions;
use crate::layout::{FAINT, Layout, clean};
use crate::words::list;

/// The drift. The last line sums it up and fits a status bar.
pub fn drift_text(drift: &Drift, options: &TextOptions) -> String {
    let layout = Layout::new(options.color, options.width);
    let comparison = &drift.comparison;
    let mut text = format!(
        "{} {}\n{}   {}\n",
        layout.paint(FAINT, "expected"),
        side::side(&comparison.before),
        layout.paint(FAINT, "database"),
        side::side(&comparison.after)
    );
    let mark = |id: &ObjectId| {
        if drift.known.contains(id) {
            "in the baseline"
        } else {
            ""
        }
    };
    text.push_str(&body(&comparison.diff, layout, &mark));
    let mut limits = side::limits(comparison, layout);
    if let (Some(file), false) = (&drift.baseline, drift.outdated.is_empty()) {
        let names: Vec<String> = drift.outdated.iter().take(5).map(side::named).collect();
        let sentence = format!(
            "{file} holds what is gone or other by now ({}); --write-baseline {file} brings it up to date.",
            list(&names)
        );
        limits.push_str(&layout.wrap("note: ", "  ", &clean(&sentence)));
    }
    if !limits.is_empty() {
        text.push('\n');
        text.push_str(&limits);
    }
    text.push('\n');
    text.push_str(&status(drift));
    text.push('\n');
    text
}

fn status(drift: &Drift) -> String {
    let diff = &drift.comparison.diff;
    if diff.is_empty() {
        return "dbwright: no drift".to_owned();
    }
    let known = drift.known.len();
    let new = drift.differing().filter(|id| !drift.known.contains(id)).count();
    if known == 0 {
        format!("dbwright: drift: {}", counted(diff))
    } else {
        format!("dbwright: drift: {}, {new} new, {known} in the baseline", counted(diff))
    }
}
