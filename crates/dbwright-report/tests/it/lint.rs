//! What the rules say of a schema, as text and as JSON.

use dbwright_catalog::{
    Engine, Evidence, Finding, Group, Ignored, Known, ObjectId, Place, SchemaLint, SchemaSide, Severity, SideKind,
    Unmodelled, Unread,
};
use dbwright_report::TextOptions;
use dbwright_report::lint::{lint_format, lint_json, lint_text};
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
        },
        ignored: vec![Ignored {
            why: "bookkeeping of sqlx".to_owned(),
            objects: vec![ObjectId::table("public", "_sqlx_migrations")],
        }],
        tables: 20,
        others: 140,
        rules: 38,
        off: vec!["serial-column".to_owned(), "unrelated-table".to_owned()],
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
