//! Comments that silence rules.

use crate::RuleChoice;
use crate::testing::{Case, did, table};

fn dropping(comment: &str, trailing: &str) -> Case {
    Case::postgres([table("t"), table("u")])
        .migration([
            did("SELECT 1"),
            did(&format!("{comment}DROP TABLE t")).drops([table("t")]),
            did("DROP TABLE u").drops([table("u")]),
        ])
        .trailing(trailing)
}

#[test]
fn allow_silences_one_statement_and_allow_file_all() {
    assert_eq!(dropping("", "").found(), ["drop-table@1", "drop-table@2"]);
    assert_eq!(
        dropping("-- dbwright: allow drop-table (nobody reads it)\n", "").found(),
        ["drop-table@2"]
    );
    assert_eq!(
        dropping("-- dbwright: allow table-rewrite, drop-table\n-- more words\n", "").found(),
        ["drop-table@2"]
    );
    assert_eq!(dropping("--dbwright: allow table-rewrite\n", "").found().len(), 2);
    assert_eq!(
        dropping("", "-- dbwright: allow-file drop-table (the end of it)\n").found(),
        [""; 0]
    );
}

#[test]
fn a_comment_behind_a_statement_belongs_to_it() {
    let case = dropping("", "");
    let mut behind = case;
    let migration = &mut behind.history.migrations[0];
    let text = migration.text.trim_end().to_owned();
    migration.text = format!("{text} -- dbwright: allow drop-table\n");
    assert_eq!(behind.found(), ["drop-table@1"]);
}

#[test]
fn a_rule_that_does_not_exist_is_noted_at_the_comment() {
    let case = dropping("-- dbwright: allow drop-tables (oops)\n", "");
    let findings = case.judge();
    let note = findings
        .iter()
        .find(|finding| finding.rule == "unknown-rule-allowed")
        .unwrap();
    assert_eq!(note.message, "There is no rule `drop-tables` to allow");
    assert_eq!(note.advice, ["Did you mean `drop-table`?"]);
    assert_eq!(note.place.line, 2);
    let span = note.place.span.unwrap();
    assert!(case.history.migrations[0].text[span.range()].starts_with("-- dbwright: allow drop-tables"));
}

#[test]
fn an_instruction_that_is_not_understood_is_noted() {
    for text in ["-- dbwright: ignore drop-table\n", "-- dbwright: allow\n"] {
        let found = dropping("", text).found();
        assert!(
            found.contains(&"unknown-rule-allowed@2".to_owned()),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn rules_that_the_configuration_switches_off_are_silent() {
    let case = dropping("", "");
    let choice = RuleChoice {
        allowed: vec!["drop-table".to_owned()],
        ..RuleChoice::default()
    };
    let findings = crate::judge(&case.history, &case.judged, &case.trace, &choice);
    assert!(findings.is_empty());
}
