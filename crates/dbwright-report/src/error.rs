//! Errors and their hints, as they stand on stderr.

use crate::layout::{BAD, HELP, Layout, clean};

/// `error: …` and one `hint: …` line per hint. Lines are not wrapped: they may hold paths and commands to copy.
pub fn error(message: &str, hints: &[String], color: bool) -> String {
    let layout = Layout::new(color, usize::MAX);
    let mut text = labelled(&layout.paint(BAD, "error:"), message);
    for hint in hints {
        text.push_str(&labelled(&layout.paint(HELP, "hint:"), hint));
    }
    text
}

/// The label and the message; further lines of the message are indented.
fn labelled(label: &str, message: &str) -> String {
    format!("{label} {}\n", clean(message).trim_end().replace('\n', "\n  "))
}
