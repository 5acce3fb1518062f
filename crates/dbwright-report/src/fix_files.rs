//! Safe versions as files: what would be written, and why something is not.

use std::path::Path;

use dbwright_catalog::{FileChange, Finding, FixFiles, FixFilesOutcome, Proof, Review, Section};
use similar::TextDiff;

use crate::place::path;
use crate::words;

/// Lines around a change that are shown with it.
const CONTEXT_LINES: usize = 3;

/// The changes as a unified diff, as `git apply` and `patch -p1` take it.
pub fn fix_diff(changes: &[FileChange]) -> String {
    changes.iter().map(diff_of_file).collect()
}

fn diff_of_file(change: &FileChange) -> String {
    let (before, after) = (
        change.before.as_deref().unwrap_or_default(),
        change.after.as_deref().unwrap_or_default(),
    );
    let name = path(&change.path);
    let side = |letter: &str, text: &Option<String>| match text {
        Some(_) => format!("{letter}/{name}"),
        None => "/dev/null".to_owned(),
    };
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    unified
        .context_radius(CONTEXT_LINES)
        .header(&side("a", &change.before), &side("b", &change.after));
    // `git apply` needs its own line to take a file for new or gone; `patch` passes over it.
    let mode = match (&change.before, &change.after) {
        (None, _) => "new file mode 100644\n",
        (_, None) => "deleted file mode 100644\n",
        (Some(_), Some(_)) => "",
    };
    format!("diff --git a/{name} b/{name}\n{mode}{unified}")
}

/// A line for each migration whose proven fixes are not written as files, with the reason.
pub fn fix_refusals(review: &Review) -> Vec<String> {
    let sections = review.sections.iter();
    let refused = sections.flat_map(|section| section.fix_files.iter().map(move |fix| (section, fix)));
    refused
        .filter_map(|(section, fix)| {
            let FixFilesOutcome::Refused { reason } = &fix.outcome else {
                return None;
            };
            let migration = section.history.migrations.get(fix.migration)?;
            Some(format!("{} is not rewritten: {reason}", path(&migration.path)))
        })
        .collect()
}

/// What became of the files of a finding's fix, where somebody looked for them.
pub(crate) fn of_finding<'a>(section: &'a Section, finding: &Finding) -> Option<&'a FixFiles> {
    let fix = finding.fix.as_ref()?;
    let (migration, statement) = finding.place.statement?;
    let holds = fix.proof.as_ref().is_some_and(Proof::holds);
    let mut all = section.fix_files.iter();
    all.find(|files| holds && files.migration == migration && files.statements.contains(&statement))
}

/// Whether the fix of a finding is written as files.
pub fn is_written(section: &Section, finding: &Finding) -> bool {
    of_finding(section, finding).is_some_and(|files| files.proven().is_some())
}

/// `2 of the safe versions as 3 files`, with the count of files; nothing where none are.
pub(crate) fn written(review: &Review) -> Option<String> {
    let mut paths: Vec<&Path> = Vec::new();
    let mut fixes = 0;
    for section in &review.sections {
        fixes += section
            .findings
            .iter()
            .filter(|finding| is_written(section, finding))
            .count();
        for change in section.fix_files.iter().filter_map(FixFiles::proven).flatten() {
            if change.after.is_some() && !paths.contains(&change.path.as_path()) {
                paths.push(&change.path);
            }
        }
    }
    let what = match fixes {
        0 => return None,
        1 => "the safe version",
        _ => "the safe versions",
    };
    Some(format!("{what} as {}", words::count(paths.len(), "file")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: Option<&str>, after: Option<&str>) -> FileChange {
        FileChange {
            path: "db/1.sql".into(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        }
    }

    #[test]
    fn a_diff_says_what_is_changed_created_and_removed() {
        let changes = [
            change(Some("a\nb\n"), Some("a\nc\n")),
            change(None, Some("new")),
            change(Some("old\n"), None),
        ];
        insta::assert_snapshot!(fix_diff(&changes));
    }
}
