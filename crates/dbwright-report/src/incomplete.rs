//! What of a source did not run, so that its schema is not whole. Told above everything else: all that follows is about the
//! rest.

use dbwright_catalog::SchemaSide;

use crate::TextOptions;
use crate::layout::{BAD, Layout, clean};
use crate::words::count;

/// So many are told, unless all are.
const TOLD_MAX: usize = 8;

/// What did not run, or nothing where everything did.
pub fn incomplete_text(side: &SchemaSide, options: &TextOptions) -> String {
    not_run(side, Layout::new(options.color, options.width), options.verbose)
}

pub(crate) fn not_run(side: &SchemaSide, layout: Layout, verbose: bool) -> String {
    if side.not_run.is_empty() {
        return String::new();
    }
    let first = format!("{} ", layout.paint(BAD, "incomplete:"));
    let mut text = layout.wrap(&first, "  ", &clean(&sentence(side)));
    let told_max = if verbose { usize::MAX } else { TOLD_MAX };
    for not_run in side.not_run.iter().take(told_max) {
        let line = format!("{}: {}", not_run.place, not_run.why);
        text.push_str(&layout.wrap("  - ", "    ", &clean(&line)));
    }
    if side.not_run.len() > told_max {
        let more = format!("and {} more", side.not_run.len() - told_max);
        text.push_str(&layout.wrap("  - ", "    ", &more));
    }
    text
}

/// `2 statements of migrations did not run here; what they make is missing below.`
pub(crate) fn sentence(side: &SchemaSide) -> String {
    let number = side.not_run.len();
    let (they, make) = if number == 1 { ("it", "makes") } else { ("they", "make") };
    format!(
        "{} of {} did not run here; what {they} {make} is missing, and so may be what stands on it.",
        count(number, "statement"),
        side.shown
    )
}
