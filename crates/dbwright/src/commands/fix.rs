//! `dbwright check --fix`: proven safe versions written as files.

use std::fmt::Write as _;
use std::path::Path;

use dbwright_catalog::Review;
use dbwright_engineer::{CheckAnswer, WrittenFixes, fix_changes, write_fixes};
use dbwright_report::{fix_diff, fix_is_written, fix_refusals};

use crate::command_error::CommandError;
use crate::terminal;

/// What is done with the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fixing {
    /// They are written.
    Write,
    /// What would be written is shown.
    Show,
}

/// Writes or shows the files; hands back what goes to standard output, and what is left of the review once they are written.
pub(crate) fn fix(answer: &CheckAnswer, fixing: Fixing) -> Result<(String, Option<Review>), CommandError> {
    for refusal in fix_refusals(&answer.review) {
        terminal::talk(&format!("note: {refusal}\n"));
    }
    let changes = fix_changes(&answer.review);
    let root = match &answer.root {
        Some(root) if !changes.is_empty() => root,
        _ => {
            terminal::talk("note: there is nothing to write\n");
            return Ok((String::new(), None));
        }
    };
    match fixing {
        Fixing::Show => Ok((fix_diff(&changes), None)),
        Fixing::Write => {
            let written = write_fixes(root, &changes)?;
            Ok((list(&written), Some(left(&answer.review))))
        }
    }
}

/// The files, one a line.
fn list(written: &WrittenFixes) -> String {
    let mut text = String::new();
    for file in &written.files {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", file.display());
    }
    for file in &written.removed {
        terminal::talk(&removed(file));
    }
    text
}

fn removed(file: &Path) -> String {
    format!(
        "note: {} was removed, as its name says how it is run; its content has another name now\n",
        file.display()
    )
}

/// The review without what is fixed.
fn left(review: &Review) -> Review {
    let mut left = review.clone();
    for (section, before) in left.sections.iter_mut().zip(&review.sections) {
        section.findings.retain(|finding| !fix_is_written(before, finding));
    }
    left
}
