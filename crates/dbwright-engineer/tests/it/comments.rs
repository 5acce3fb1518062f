//! Comments that silence rules, on statements that really ran.

use dbwright_catalog::RunMode;
use dbwright_rules::RuleChoice;

use crate::run::{Place, Run, run};
use crate::servers;

/// Rule and line of each finding.
fn places(run: &Run) -> Vec<(&str, u32)> {
    run.findings
        .iter()
        .map(|finding| (finding.rule.as_str(), finding.place.line))
        .collect()
}

const SETUP: &str = "CREATE TABLE orders (id integer PRIMARY KEY, total integer, note text);";

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_silences_its_rule_at_its_statement_and_at_no_other() {
    let sql = "\
-- dbwright: allow create-index-without-concurrently (200 rows)
CREATE INDEX a ON orders (total);
CREATE INDEX b ON orders (note);
CREATE INDEX c ON orders (upper(note)); -- dbwright: allow create-index-without-concurrently because of 200 rows
-- dbwright: allow table-rewrite until 2027-01-01 because of something else
DO $$ BEGIN EXECUTE 'CREATE INDEX d ON orders (abs(total))'; END $$;
";
    let scratch = servers::scratch(*servers::majors().last().unwrap()).await;
    let run = run(Place::Postgres(&scratch), Some(SETUP), sql, RunMode::EachStatement).await;
    scratch.stop().await.unwrap();
    let rule = "create-index-without-concurrently";
    assert_eq!(places(&run), [(rule, 3), (rule, 6), ("unused-allowance", 5)]);
}

#[tokio::test]
async fn a_comment_for_the_file_silences_its_rules_everywhere_in_it() {
    let sql = "\
ALTER TABLE orders DROP COLUMN total;
-- dbwright: allow-file drop-column, table-rewrite (the app no longer reads them)
ALTER TABLE orders DROP COLUMN note;
DROP TABLE orders;
";
    let run = run(Place::Sqlite, Some(SETUP), sql, RunMode::Transaction).await;
    assert_eq!(places(&run), [("drop-table", 4)]);
}

#[tokio::test]
async fn a_comment_that_names_no_rule_silences_nothing_and_is_told() {
    let sql = "-- dbwright: allow drop-colum because of a slip\nALTER TABLE orders DROP COLUMN note;\n";
    let run = run(Place::Sqlite, Some(SETUP), sql, RunMode::Transaction).await;
    let mut places = places(&run);
    places.sort_unstable();
    assert_eq!(
        places,
        [("drop-column", 2), ("table-rewrite", 2), ("unknown-rule-allowed", 1)]
    );
}

#[tokio::test]
async fn a_rule_that_the_project_allows_is_silent_and_the_others_are_not() {
    let sql = "ALTER TABLE orders DROP COLUMN note;\n";
    let run = run(Place::Sqlite, Some(SETUP), sql, RunMode::Transaction).await;
    let choice = RuleChoice {
        allowed: vec!["drop-column".to_owned()],
        ..RuleChoice::default()
    };
    let findings = dbwright_rules::judge(&run.history, &run.judged, &run.trace, &choice);
    assert_eq!(
        findings.iter().map(|finding| finding.rule.as_str()).collect::<Vec<_>>(),
        ["table-rewrite"]
    );
}
