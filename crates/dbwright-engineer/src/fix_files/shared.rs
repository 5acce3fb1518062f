//! Files that hold several migrations: what each rewrite changes in one of them, put together.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use dbwright_catalog::FileChange;

/// One edit of a text.
struct Edit {
    range: Range<usize>,
    new: String,
}

/// Gives each list the same change of a file that several of them change.
///
/// # Errors
///
/// When two change the same place, as a clause.
pub(super) fn put_together(lists: &mut [Vec<FileChange>]) -> Result<(), String> {
    let mut edits: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    for change in lists.iter().flatten() {
        if let (Some(before), Some(after)) = (&change.before, &change.after) {
            edits.entry(change.path.clone()).or_default().push(edit(before, after));
        }
    }
    edits.retain(|_, edits| edits.len() > 1);
    for change in lists.iter_mut().flatten() {
        if let (Some(before), Some(edits)) = (&change.before, edits.get_mut(&change.path)) {
            change.after = Some(apply(before, edits, &change.path)?);
        }
    }
    Ok(())
}

/// The smallest stretch in which two texts differ.
fn edit(before: &str, after: &str) -> Edit {
    let same = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| -> usize {
        a.zip(b)
            .take_while(|(one, other)| one == other)
            .map(|(one, _)| one.len_utf8())
            .sum()
    };
    let start = same(&mut before.chars(), &mut after.chars());
    let end = same(&mut before[start..].chars().rev(), &mut after[start..].chars().rev());
    Edit {
        range: start..before.len() - end,
        new: after[start..after.len() - end].to_owned(),
    }
}

fn apply(before: &str, edits: &mut [Edit], path: &Path) -> Result<String, String> {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut text = String::with_capacity(before.len());
    let mut done = 0;
    for Edit { range, new } in edits.iter() {
        if range.start < done {
            return Err(format!(
                "two migrations of {} are rewritten at the same place",
                path.display()
            ));
        }
        text.push_str(&before[done..range.start]);
        text.push_str(new);
        done = range.end;
    }
    text.push_str(&before[done..]);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(after: &str) -> Vec<FileChange> {
        vec![FileChange {
            path: "a.sql".into(),
            before: Some("one\ntwo\nthrée\n".to_owned()),
            after: Some(after.to_owned()),
        }]
    }

    #[test]
    fn changes_at_different_places_of_a_file_become_one() {
        let mut lists = [
            change("one\ntwo\nthrée\nfour\n"),
            change("1\none\ntwo\nthrée\n"),
            change("one\nthrée\n"),
        ];
        put_together(&mut lists).unwrap();
        for list in lists {
            assert_eq!(list[0].after.as_deref(), Some("1\none\nthrée\nfour\n"));
        }
    }

    #[test]
    fn changes_at_the_same_place_are_not_guessed() {
        let mut lists = [change("one\n2\nthrée\n"), change("one\nzwei\nthrée\n")];
        let error = put_together(&mut lists).unwrap_err();
        assert_eq!(error, "two migrations of a.sql are rewritten at the same place");
    }
}
