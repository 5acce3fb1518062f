//! The pairs of schemas in `cases/diff`, in both directions.

use std::path::Path;

use super::{failures, proven};

#[test]
fn plans_of_the_corpus_hold_in_both_directions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/diff");
    let mut told = Vec::new();
    let mut tried = 0;
    for case in std::fs::read_dir(&root).unwrap() {
        let folder = case.unwrap().path().join("sqlite");
        let (Ok(before), Ok(after)) = (
            std::fs::read_to_string(folder.join("before.sql")),
            std::fs::read_to_string(folder.join("after.sql")),
        ) else {
            continue;
        };
        for (from, to) in [(&before, &after), (&after, &before)] {
            let (_, proof) = proven(from, to);
            let failures = failures(&proof);
            if !failures.is_empty() {
                told.push(format!("{}: {}", folder.display(), failures.join("\n")));
            }
            tried += 1;
        }
    }
    assert!(tried > 0, "no cases in {}", root.display());
    assert!(told.is_empty(), "{}", told.join("\n\n"));
}
