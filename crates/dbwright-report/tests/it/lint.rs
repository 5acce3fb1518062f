//! What the rules say of a schema, as text and as JSON.

use dbwright_catalog::{
    Engine, Evidence, Finding, Group, Ignored, Known, LintKey, NotRun, ObjectId, Place, SchemaLint, SchemaSide,
    Severity, SideKind, Unasked, Unmodelled, Unread,
};
use dbwright_report::TextOptions;
use dbwright_report::lint::{lint_baseline, lint_format, lint_json, lint_text, parse_lint_baseline};
use serde_json::Value;

use crate::{json, sample};

fn finding(rule: &str, severity: Severity, table: &str, fact: &str, advice: &str) -> Finding {
    let table = ObjectId::table("public", table);
    Finding {
        rule: rule.to_owned(),
        group: Group::Design,
        severity,
        place: Place {
            path: std::path::PathBuf::new(),
            statement: None,
            span: None,
            line: 0,
        },
        message: format!("{table} has a flaw"),
        evidence: Evidence {
            known: Known::Observed,
            server: sample::server(Engine::Postgres, 18, 4),
            relation: Some(table),
            lock: None,
            operation: None,
            facts: vec![fact.to_owned()],
        },
        advice: vec![advice.to_owned()],
        fix: None,
    }
}

fn lint(findings: Vec<Finding>) -> SchemaLint {
    SchemaLint {
        side: SchemaSide {
            shown: "postgres://app@db/shop".to_owned(),
            kind: SideKind::Live,
            server: sample::server(Engine::Postgres, 18, 4),
            notes: vec!["Created the role app, which the SQL presupposes.".to_owned()],
            unmodelled: vec![Unmodelled {
                kind: "operator class".to_owned(),
                name: "odd_ops".to_owned(),
            }],
            unread: vec![Unread {
                what: "grants of other accounts".to_owned(),
                why: "permission denied".to_owned(),
            }],
            not_run: Vec::new(),
        },
        ignored: vec![Ignored {
            why: "bookkeeping of sqlx".to_owned(),
            objects: vec![ObjectId::table("public", "_sqlx_migrations")],
        }],
        tables: 20,
        others: 140,
        rules: 38,
        off: vec!["serial-column".to_owned(), "unrelated-table".to_owned()],
        unasked: vec![Unasked {
            rule: "orphan-rows".to_owned(),
            why: "it counts rows; --data asks for it".to_owned(),
        }],
        relations: None,
        not_measured: Vec::new(),
        baseline: None,
        known: Vec::new(),
        outdated: Vec::new(),
        findings,
    }
}

fn many() -> SchemaLint {
    let mut findings = vec![finding("alone", Severity::Error, "orders", "It is so.", "Change it.")];
    findings.extend((1..=15).map(|number| {
        let fact = format!("Fact {number}.");
        finding(
            "same-advice",
            Severity::Warning,
            &format!("table_{number}"),
            &fact,
            "Add an index.",
        )
    }));
    findings.extend(["a", "b"].map(|table| {
        finding(
            "own-advice",
            Severity::Note,
            table,
            "A fact.",
            &format!("Drop {table}."),
        )
    }));
    lint(findings)
}

fn text(lint: &SchemaLint, verbose: bool) -> String {
    lint_text(
        lint,
        &TextOptions {
            color: false,
            width: 100,
            verbose,
        },
    )
}

#[test]
fn findings_of_one_rule_are_told_together() {
    insta::assert_snapshot!(text(&many(), false));
}

#[test]
fn everything_is_told_where_that_is_asked() {
    let told = text(&many(), true);
    for number in 1..=15 {
        assert!(told.contains(&format!("table_{number} has a flaw")) && told.contains(&format!("Fact {number}.")));
    }
    assert!(!told.contains("more (--verbose"), "{told}");
}

#[test]
fn nothing_found_is_said() {
    let told = text(&lint(Vec::new()), false);
    assert!(told.ends_with("\ndbwright: nothing found in 20 tables\n"), "{told}");
}

#[test]
fn the_json_fits_the_published_schema() {
    let schema: Value = serde_json::from_str(&lint_format()).unwrap();
    let report: Value = serde_json::from_str(&lint_json(&many())).unwrap();
    json::check(&schema, &schema, &report, "lint").unwrap();
    assert_eq!(report["summary"]["findings_by_rule"]["same-advice"], 15);
    let mut wrong = report;
    wrong["findings"][0]["group"] = Value::from("taste");
    assert!(json::check(&schema, &schema, &wrong, "lint").is_err());
}

fn key(rule: &str, table: &str) -> LintKey {
    LintKey {
        rule: rule.to_owned(),
        object: ObjectId::table("public", table),
    }
}

#[test]
fn what_is_missing_or_known_or_was_not_measured_is_said() {
    let mut lint = lint(Vec::new());
    lint.side.kind = SideKind::History;
    lint.side.not_run = (1..=12)
        .map(|line| NotRun {
            place: format!("migrations/7.sql:{line}"),
            why: "relation \"nowhere\" does not exist".to_owned(),
        })
        .collect();
    lint.relations = Some(3);
    lint.not_measured = vec!["Rows of orders (user_id) were not looked at: it took too long.".to_owned()];
    lint.baseline = Some("lint-baseline.json".to_owned());
    lint.known = vec![key("json-column", "orders")];
    lint.outdated = vec![key("json-column", "gone"), key("removed-rule", "orders")];
    insta::assert_snapshot!(text(&lint, false));
    let schema: Value = serde_json::from_str(&lint_format()).unwrap();
    let report: Value = serde_json::from_str(&lint_json(&lint)).unwrap();
    json::check(&schema, &schema, &report, "lint").unwrap();
    assert_eq!(report["baseline"]["outdated"][0]["path"][1], "gone");
    assert_eq!(report["not_run"].as_array().unwrap().len(), 12);
}

#[test]
fn a_baseline_is_read_back_and_a_wrong_one_is_refused_in_words() {
    let keys = [key("json-column", "orders"), key("small-key", "we\"ird")];
    assert_eq!(parse_lint_baseline(&lint_baseline(&keys)).unwrap(), keys);
    let later = lint_baseline(&keys).replace("\"version\": 0", "\"version\": 7");
    assert_eq!(
        parse_lint_baseline(&later).unwrap_err(),
        "it is of version 7, and this dbwright reads version 0"
    );
    let odd = lint_baseline(&keys).replace("\"table\"", "\"tabel\"");
    assert_eq!(parse_lint_baseline(&odd).unwrap_err(), "`tabel` is no kind of object");
    assert!(
        parse_lint_baseline("[]")
            .unwrap_err()
            .starts_with("it is no baseline of findings: ")
    );
}
