//! Fixes that are tried in checks of whole histories.

use std::time::Duration;

use dbwright_catalog::{Engine, Proof};
use dbwright_engineer::{BinDirs, check};

use crate::repository::Repository;
use crate::servers;

/// Longer than a check takes, however busy the machine is.
const ENDLESS: Duration = Duration::from_mins(2);

/// Its table has another name when the rows that it was given are to be taken out.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_fails_after_a_table_was_renamed_ends_the_trial_of_a_fix() {
    let repository = Repository::with_git();
    repository
        .write(
            "migrations/001_a.sql",
            "CREATE TABLE a (id integer PRIMARY KEY, note text NOT NULL);",
        )
        .commit()
        .branch("feature")
        .write(
            "migrations/002_b.sql",
            "CREATE INDEX a_note ON a (note);\nALTER TABLE a RENAME TO b;\nCREATE TABLE x (v nothing_there);\n",
        );
    let bin_dirs = BinDirs {
        postgres: vec![servers::postgres(18)],
        ..BinDirs::default()
    };
    let request = repository.check_request(Engine::Postgres, bin_dirs);
    let answer = tokio::time::timeout(ENDLESS, check(&request, &mut |_| {})).await;
    let answer = answer
        .expect("it ends")
        .unwrap_or_else(|error| panic!("{}", error.message()));
    let findings = &answer.review.sections[0].findings;
    let proofs = findings
        .iter()
        .filter_map(|finding| finding.fix.as_ref()?.proof.as_ref());
    assert_eq!(proofs.filter(|proof| Proof::holds(proof)).count(), 1, "{findings:?}");
}
