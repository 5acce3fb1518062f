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
        dropping(
            "-- dbwright: allow drop-table, drop-table because both\n-- more words\n",
            ""
        )
        .found(),
        ["drop-table@2"]
    );
    assert_eq!(
        dropping(
            "--dbwright: allow-file drop-table because a reason (of two parts)\n",
            ""
        )
        .found(),
        [""; 0]
    );
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
    migration.text = format!("{text} -- dbwright: allow drop-table because nobody reads it\n");
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
    for text in [
        "-- dbwright: ignore drop-table\n",
        "-- dbwright: allow\n",
        "-- dbwright: allow because I say so\n",
        "-- dbwright: allow drop-table until 2027-02-30 because soon\n",
        "-- dbwright: allow drop-table until because soon\n",
        "-- dbwright: allow drop-table until 2027-02-03 unique-index because soon\n",
    ] {
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

#[test]
fn a_comment_without_a_reason_silences_nothing_and_both_say_so() {
    for comment in ["allow drop-table", "allow drop-table ()", "allow drop-table because"] {
        let findings = dropping(&format!("-- dbwright: {comment}\n"), "").judge();
        let told: Vec<(&str, u32)> = findings.iter().map(|it| (it.rule.as_str(), it.place.line)).collect();
        assert_eq!(
            told,
            [("allowance-without-reason", 2), ("drop-table", 3), ("drop-table", 4)]
        );
        assert_eq!(
            findings[1].advice.last().unwrap(),
            "Give the comment on line 2 a reason: it allows this without one, so it does not count."
        );
        assert_eq!(
            findings[0].advice,
            ["Say why it is no problem here: `-- dbwright: allow drop-table because …`."]
        );
    }
}

#[test]
fn what_is_allowed_is_kept_with_its_reason() {
    let case = dropping(
        "-- dbwright: allow drop-table until 2027-01-31 because nobody reads it\n",
        "",
    );
    let judgement = crate::judge_with_allowed(&case.history, &case.judged, &case.trace, &on("2027-01-31"));
    let [allowed] = judgement.allowed.as_slice() else {
        panic!("{:#?}", judgement.allowed)
    };
    assert_eq!(allowed.finding.rule, "drop-table");
    assert_eq!(allowed.allowance.reason, "nobody reads it");
    assert_eq!(allowed.allowance.until.unwrap().to_string(), "2027-01-31");
    assert_eq!(allowed.allowance.line, 2);
}

#[test]
fn after_its_last_day_the_finding_comes_back_and_says_so() {
    let case = dropping(
        "-- dbwright: allow drop-table until 2027-01-31 because nobody reads it\n",
        "",
    );
    let judgement = crate::judge_with_allowed(&case.history, &case.judged, &case.trace, &on("2027-02-01"));
    assert_eq!(judgement.allowed, []);
    let back = judgement.findings.iter().find(|it| it.place.line == 3).unwrap();
    assert_eq!(
        back.advice.last().unwrap(),
        "Decide again: the comment on line 2 allowed it until 2027-01-31 (nobody reads it), and that day has passed."
    );
    let unused = judgement.findings.iter().any(|it| it.rule == "unused-allowance");
    assert!(!unused, "it would allow something, had it not ended");
}

#[test]
fn a_comment_that_counts_wins_over_one_that_does_not() {
    let comments =
        "-- dbwright: allow-file drop-table until 2020-01-01 because then\n-- dbwright: allow drop-table because now\n";
    let case = dropping(comments, "");
    let judgement = crate::judge_with_allowed(&case.history, &case.judged, &case.trace, &on("2027-02-01"));
    assert_eq!(judgement.allowed.len(), 1);
    assert_eq!(judgement.findings.len(), 1);
}

#[test]
fn a_comment_that_allows_nothing_is_told_where_the_rule_was_asked() {
    let comment = "-- dbwright: allow drop-table, drop-column because nobody reads it\n";
    let found = dropping(comment, "").judge();
    let unused = found.iter().find(|it| it.rule == "unused-allowance").unwrap();
    assert_eq!(
        unused.message,
        "The comment allows drop-column, and there is no such finding at this statement"
    );
    assert_eq!(unused.place.line, 2);

    let off = RuleChoice {
        allowed: vec!["drop-column".to_owned()],
        ..RuleChoice::default()
    };
    let case = dropping(comment, "");
    let found = crate::judge(&case.history, &case.judged, &case.trace, &off);
    assert!(!found.iter().any(|it| it.rule == "unused-allowance"), "{found:#?}");
    // Off by default, and a rule of another engine.
    for rule in ["serial-column", "table-copy"] {
        let found = dropping("", &format!("-- dbwright: allow-file {rule} because …\n")).found();
        assert_eq!(found, ["drop-table@1", "drop-table@2"]);
    }
}

#[test]
fn nothing_is_called_unused_where_not_all_was_observed() {
    let mut case = dropping("", "-- dbwright: allow-file drop-column because nobody reads it\n");
    assert!(case.found().contains(&"unused-allowance@2".to_owned()));
    case.trace.migrations[0].effects[0].known = dbwright_catalog::Known::Unknown("a test".to_owned());
    assert!(!case.found().contains(&"unused-allowance@2".to_owned()));
}

fn on(day: &str) -> RuleChoice {
    RuleChoice {
        today: Some(day.parse().unwrap()),
        ..RuleChoice::default()
    }
}
