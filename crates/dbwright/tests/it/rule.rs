//! `dbwright rule`.

use crate::command::{command, dbwright, run};

#[test]
fn all_rules() {
    insta::assert_snapshot!(dbwright(&["rule"]).shown());
}

#[test]
fn all_rules_on_a_narrow_terminal() {
    let run = run(command(&["rule"]).env("COLUMNS", "60"));
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 60),
        "{}",
        run.stdout
    );
}

#[test]
fn one_rule() {
    insta::assert_snapshot!(dbwright(&["rule", "table-rewrite"]).shown());
}

#[test]
fn every_rule_of_the_list_has_a_page() {
    let list = dbwright(&["rule"]).stdout;
    let names: Vec<&str> = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 10 && names.contains(&"migration-changed"), "{names:?}");
    for name in names {
        let page = dbwright(&["rule", name]);
        assert_eq!(page.code, Some(0), "{name}");
        assert!(page.stdout.starts_with(name), "{}", page.stdout);
    }
}

#[test]
fn help() {
    insta::assert_snapshot!("help", dbwright(&["--help"]).shown());
    insta::assert_snapshot!("help_of_check", dbwright(&["check", "--help"]).shown());
    insta::assert_snapshot!("help_of_detect", dbwright(&["detect", "--help"]).shown());
    insta::assert_snapshot!("help_of_rule", dbwright(&["rule", "--help"]).shown());
}
