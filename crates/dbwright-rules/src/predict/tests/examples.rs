//! The examples of the rules' pages, judged by what is predicted of them. A live test holds the same pages against real
//! servers: together they hold prediction against observation.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use dbwright_catalog::{Engine, MigrationSet, Version};

use super::super::predict;
use super::record::{Case, history};
use crate::{ExampleKind, RULES, RuleChoice};

/// Rules whose examples are not told of predictions as of what ran, and why.
const OTHERWISE: &[(Engine, &str, &str)] = &[
    (Engine::Postgres, "update-all-rows", "rows are not counted"),
    (Engine::MySql, "update-all-rows", "rows are not counted"),
    (Engine::MariaDb, "update-all-rows", "rows are not counted"),
    (Engine::Postgres, "delete-all-rows", "rows are not counted"),
    (Engine::MySql, "delete-all-rows", "rows are not counted"),
    (Engine::MariaDb, "delete-all-rows", "rows are not counted"),
    (Engine::Sqlite, "delete-all-rows", "rows are not counted"),
    (Engine::Postgres, "truncate-table", "rows are not counted"),
    (Engine::MySql, "truncate-table", "rows are not counted"),
    (Engine::MariaDb, "truncate-table", "rows are not counted"),
    (Engine::MySql, "implicit-commit", "rows are not counted"),
    (Engine::MariaDb, "implicit-commit", "rows are not counted"),
    (Engine::MySql, "values-changed", "rows are not compared"),
    (Engine::MariaDb, "values-changed", "rows are not compared"),
    (Engine::Sqlite, "cascading-rebuild", "rows are not counted"),
    (Engine::MySql, "fails-on-rows", "rows are not predicted"),
    (Engine::MariaDb, "fails-on-rows", "rows are not predicted"),
    (Engine::MySql, "row-versions-used-up", "a procedure uses them up"),
    (
        Engine::Postgres,
        "enum-value-in-transaction",
        "errors of writes are not predicted",
    ),
    (
        Engine::Postgres,
        "cascade-drops-more",
        "what a function is used in is not known",
    ),
    (Engine::Postgres, "frozen-default", "the server computes the default"),
    (
        Engine::Postgres,
        "security-definer-search-path",
        "settings of functions are not kept",
    ),
    (
        Engine::Postgres,
        "policies-without-row-security",
        "policies are not kept",
    ),
    (Engine::Postgres, "row-security-without-policy", "policies are not kept"),
    (
        Engine::Postgres,
        "view-past-row-security",
        "options of views are not kept",
    ),
    (Engine::Postgres, "granted-to-public", "grants are not kept"),
    (Engine::Postgres, "revoked-right", "policies are not kept"),
];

/// A rule that looks at comments of the repository, which are read elsewhere.
const OF_COMMENTS: &str = "unused-allowance";

/// Where the findings of predictions differ from the pages: by rule.
fn differing(engine: Engine, version: Version) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let rules = RULES
        .iter()
        .filter(|rule| rule.judges_changes() && rule.name != OF_COMMENTS);
    for rule in rules {
        let examples = rule.examples().into_iter();
        for example in examples.filter(|example| example.engine == engine && example.holds_for(version.major)) {
            let case = Case {
                name: "2_example".to_owned(),
                sql: example.sql.clone(),
                mode: example.run_mode,
                gates: Vec::new(),
            };
            let mut history = history(engine, example.setup.as_deref().unwrap_or_default(), &case);
            history.version = example.says.map(|version| (version, "compose.yml:3".to_owned()));
            let judged = MigrationSet::Only {
                indexes: vec![1],
                why: "the example".to_owned(),
            };
            let trace = predict(&history, &judged, version);
            let choice = RuleChoice {
                enabled: vec![rule.name.to_owned()],
                ..RuleChoice::default()
            };
            let findings = crate::judge(&history, &judged, &trace, &choice);
            let fires = findings.iter().any(|finding| finding.rule == rule.name);
            if fires != (example.kind == ExampleKind::Bad) {
                let mut text = format!(
                    "{engine} {version}, {}, {:?}:\n{}",
                    rule.name, example.kind, example.sql
                );
                for effect in &trace.migrations[1].effects {
                    write!(text, "\n  {:?} {:?}", effect.known, effect.outcome).unwrap();
                }
                wrong.push((rule.name, text));
            }
        }
    }
    wrong
}

#[test]
fn rules_say_of_predictions_what_their_pages_say() {
    let mut wrong = Vec::new();
    let mut otherwise = BTreeSet::new();
    for (engine, versions) in [
        (Engine::Postgres, &super::POSTGRES[..]),
        (Engine::MySql, &super::MYSQL[..]),
        (Engine::MariaDb, &super::MARIADB[..]),
        (Engine::Sqlite, &[super::assumed_version(Engine::Sqlite)][..]),
    ] {
        for version in versions {
            for (rule, text) in differing(engine, *version) {
                if OTHERWISE.iter().any(|(on, name, _)| *on == engine && *name == rule) {
                    otherwise.insert((engine.name(), rule));
                } else {
                    wrong.push(text);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n\n{}", wrong.len(), wrong.join("\n\n"));
    let listed: BTreeSet<_> = OTHERWISE
        .iter()
        .map(|(engine, rule, _)| (engine.name(), *rule))
        .collect();
    let stale: Vec<_> = listed.difference(&otherwise).collect();
    assert!(stale.is_empty(), "told as their pages say by now: {stale:?}");
}
