//! The list of rules against the folders, and every page against what a page must have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dbwright_rules::{Claim, ExampleKind, RULES};

/// `group/rule-name` of every file that can be a rule.
fn files() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeSet::new();
    for group in [
        "locks",
        "failure",
        "data_loss",
        "release",
        "rollback",
        "design",
        "security",
    ] {
        let Ok(entries) = fs::read_dir(source.join(group)) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("the folder is readable").path();
            if path.is_dir() {
                continue;
            }
            let is_rule = fs::read_to_string(&path)
                .expect("the file is text")
                .contains("static RULE: Rule");
            if is_rule {
                let name = path.file_stem().expect("a file has a name").to_string_lossy();
                files.insert(format!("{group}/{name}").replace('_', "-"));
            }
        }
    }
    files
}

#[test]
fn every_rule_file_is_listed_once_under_its_own_name() {
    let listed: Vec<String> = RULES
        .iter()
        .map(|rule| format!("{}/{}", rule.group.name(), rule.name))
        .collect();
    let unique: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "a rule is listed twice");
    assert_eq!(unique, files());
}

#[test]
fn every_rule_is_found_by_its_name() {
    for rule in RULES {
        assert_eq!(dbwright_rules::find(rule.name).map(|found| found.name), Some(rule.name));
    }
    assert!(dbwright_rules::find("no-such-rule").is_none());
}

#[test]
fn every_page_has_a_summary_a_manual_and_no_marks_of_tests() {
    for rule in RULES {
        let (name, summary, page) = (rule.name, rule.summary(), rule.page());
        assert!(
            !summary.is_empty() && summary.len() <= 120 && !summary.ends_with('.'),
            "{name}: {summary}"
        );
        assert!(summary.starts_with(char::is_uppercase), "{name}: {summary}");
        let manual = [
            "https://www.postgresql.org/docs/current/",
            "https://www.sqlite.org/",
            "https://dev.mysql.com/doc/",
            "https://mariadb.com/docs/",
        ];
        assert!(
            manual.iter().any(|manual| page.contains(manual)),
            "{name} links to no manual"
        );
        assert!(page.starts_with(&format!("# {name}\n")));
        assert!(page.contains("fine"), "{name} does not say when it is fine");
        for line in page.lines().filter(|line| line.starts_with("```")) {
            assert!(line == "```" || line == "```sql", "{name}: {line}");
        }
    }
}

#[test]
fn every_page_shows_what_is_bad_and_what_is_better_for_each_engine_it_has_examples_for() {
    for rule in RULES {
        let examples = rule.examples();
        let engines: BTreeSet<_> = examples.iter().map(|example| example.engine).collect();
        assert!(!engines.is_empty(), "{} has no examples", rule.name);
        for engine in engines {
            assert!(rule.engines.contains(&engine));
            let has = |kinds: &[ExampleKind]| {
                examples
                    .iter()
                    .any(|example| example.engine == engine && kinds.contains(&example.kind))
            };
            assert!(has(&[ExampleKind::Bad]), "{} on {engine}: no bad example", rule.name);
            assert!(
                has(&[ExampleKind::Good, ExampleKind::Fixed]),
                "{} on {engine}: nothing better",
                rule.name
            );
        }
        assert!(
            !rule.claims.is_empty(),
            "{} claims nothing, not even Nothing",
            rule.name
        );
    }
}

#[test]
fn tags_of_examples_are_read() {
    let rule = dbwright_rules::find("set-not-null-scan").unwrap();
    let fixed: Vec<_> = rule
        .examples()
        .into_iter()
        .filter(|example| example.kind == ExampleKind::Fixed)
        .collect();
    assert_eq!(fixed.len(), 2);
    assert!(fixed[0].holds_for(17) && !fixed[0].holds_for(18));
    assert!(!fixed[1].holds_for(17) && fixed[1].holds_for(18));
    assert!(
        fixed[0]
            .setup
            .as_deref()
            .is_some_and(|setup| !setup.contains("total_there"))
    );
    let good = rule
        .examples()
        .into_iter()
        .find(|example| example.kind == ExampleKind::Good)
        .unwrap();
    assert!(good.setup.is_some_and(|setup| setup.contains("total_there")));
    assert_ne!(rule.claims, [Claim::Nothing]);
}
