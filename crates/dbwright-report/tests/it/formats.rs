//! Comments for pull requests, annotations and reports of continuous integration, and the engineer's form.

use dbwright_catalog::{LockMode, Severity, Tool};
use dbwright_report::{MARKDOWN_MARK, MarkdownOptions, engineer, github, gitlab, junit, markdown};
use serde_json::Value;

use crate::sample;

fn comment(review: &dbwright_catalog::Review) -> String {
    markdown(review, None, &MarkdownOptions::default())
}

#[test]
fn a_comment_tells_what_must_be_decided_and_folds_the_rest() {
    insta::assert_snapshot!(comment(&sample::everything()));
}

#[test]
fn a_comment_of_nothing_is_short_and_can_be_found_again() {
    let section = sample::section(vec![sample::migration("db/1.sql", "SELECT 1;\n")]);
    let text = comment(&sample::review(vec![section]));
    assert_eq!(text.lines().next(), Some(MARKDOWN_MARK));
    assert!(text.contains("### dbwright: nothing found in 1 migration\n"), "{text}");
    assert!(text.len() < 300, "{text}");
}

#[test]
fn a_comment_stays_within_its_limit_with_the_worst_first() {
    let statements = "ALTER TABLE orders ALTER COLUMN total TYPE bigint;\n".repeat(2_000);
    let mut section = sample::section(vec![sample::migration("db/1.sql", &statements)]);
    section.findings = (0..2_000)
        .map(|at| sample::finding(&section, (0, at), "table-rewrite", "ALTER TABLE rewrites orders"))
        .collect();
    section.findings[1_999].severity = Severity::Error;
    let text = comment(&sample::review(vec![section]));
    assert!(text.len() <= 65_000, "{}", text.len());
    assert!(text.contains("more, which have no room here"));
    let first = text.lines().find(|line| line.starts_with("<details>")).unwrap();
    assert!(first.contains("<b>error</b> <code>db/1.sql:2000</code>"), "{first}");
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn a_huge_statement_is_cut() {
    let statement = format!("SELECT '{}';\n", "ä".repeat(80_000));
    let mut section = sample::section(vec![sample::migration("db/1.sql", &statement)]);
    section.findings = vec![sample::finding(&section, (0, 0), "table-rewrite", "it happens")];
    let text = comment(&sample::review(vec![section]));
    assert!(text.len() <= 10_000, "{}", text.len());
    let tight = markdown(&sample::everything(), None, &MarkdownOptions { bytes_max: 1_000 });
    assert!(tight.len() <= 1_000, "{}", tight.len());
}

#[test]
fn nothing_that_a_user_wrote_means_something_in_a_comment() {
    let mut section = sample::one_index(Tool::Sqlx, Some(sample::holds()));
    let finding = &mut section.findings[0];
    finding.message = "x</summary><script> @admin `a` fixes #1 [b](c) locks".to_owned();
    finding.evidence.lock = Some(LockMode::Share);
    finding.fix.as_mut().unwrap().steps[0].sql = "SELECT '```\n</details>'".to_owned();
    insta::assert_snapshot!(comment(&sample::review(vec![section])));
}

#[test]
fn annotations_of_github_are_escaped_and_the_worst_come_first() {
    insta::assert_snapshot!(github(&sample::everything()));
    let mut section = sample::one_index(Tool::Sqlx, None);
    section.history.migrations[0].path = "a,b:c%/1.sql".into();
    section.findings[0].place.path = "a,b:c%/1.sql".into();
    section.findings[0].message = "100 %\nof it\r::error::".to_owned();
    let text = github(&sample::review(vec![section]));
    assert!(
        text.starts_with("::warning file=a%2Cb%3Ac%25/1.sql,line=2,endLine=2,col=1,endColumn=48,title=dbwright%3A index-without-concurrently::100 %25"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn the_report_for_gitlab() {
    let text = gitlab(&sample::everything());
    insta::assert_snapshot!(text);
    let problems: Value = serde_json::from_str(&text).unwrap();
    let mut fingerprints: Vec<&str> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["fingerprint"].as_str().unwrap())
        .collect();
    let all = fingerprints.len();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), all, "each problem has a fingerprint of its own");
}

#[test]
fn the_report_for_junit() {
    insta::assert_snapshot!(junit(&sample::everything(), Some(Severity::Warning)));
    let never = junit(&sample::everything(), None);
    assert!(!never.contains("<failure"), "{never}");
    let mut section = sample::one_index(Tool::Sqlx, None);
    section.findings[0].message = "\"a\" < 'b' & \u{1}\u{1b}[0m".to_owned();
    let text = junit(&sample::review(vec![section]), Some(Severity::Error));
    assert!(text.contains("&quot;a&quot; &lt; 'b' &amp;"), "{text}");
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'));
}

#[test]
fn the_form_of_an_engineer_ticks_what_was_proven_and_nothing_else() {
    insta::assert_snapshot!(engineer(&sample::everything(), None));
    let clean = sample::section(vec![sample::migration("db/1.sql", "SELECT 1;\n")]);
    let text = engineer(&sample::review(vec![clean]), None);
    assert!(text.contains("- [x] migration: every statement ran"), "{text}");
    let mut unseen = sample::section(vec![sample::migration("db/1.sql", "SELECT 1;\n")]);
    unseen.trace = None;
    let text = engineer(&sample::review(vec![unseen]), None);
    assert!(!text.contains("[x]"), "{text}");
}
