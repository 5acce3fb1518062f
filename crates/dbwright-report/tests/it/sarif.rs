//! SARIF, held against the schema of OASIS and against what GitHub's code scanning asks for.

use dbwright_catalog::{Down, Group, Review, RunMode, Severity, Span, Tool};
use dbwright_report::{RuleHelp, SarifOptions, sarif};
use serde_json::{Value, json};

use crate::json::check;
use crate::sample;

const SCHEMA: &str = include_str!("../schemas/sarif-schema-2.1.0.json");

fn options(with_allowed: bool) -> SarifOptions {
    let rule = |name: &str, group, severity| RuleHelp {
        name: name.to_owned(),
        group,
        severity,
        summary: "Something happens".to_owned(),
        page: format!(
            "# {name}\n\n*Group:* x\n\nSomething happens.\n\nIt hurts.\n\nDangerous:\n\n```sql\nSELECT 1;\n```\n"
        ),
    };
    SarifOptions {
        rules: vec![
            rule("table-rewrite", Group::Locks, Severity::Warning),
            rule("statement-fails", Group::Security, Severity::Error),
        ],
        version: "1.2.3".to_owned(),
        with_allowed,
    }
}

fn value(review: &Review, with_allowed: bool) -> Value {
    let value: Value = serde_json::from_str(&sarif(review, &options(with_allowed))).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    check(&schema, &schema, &value, "sarif").unwrap();
    value
}

#[test]
fn a_review_of_everything_fits_the_schema_of_oasis() {
    insta::assert_snapshot!(sarif(&sample::everything(), &options(true)));
    value(&sample::everything(), true);
    value(&sample::everything(), false);
    value(&sample::review(vec![]), true);
}

#[test]
fn the_schema_refuses_what_is_no_sarif() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let good = value(&sample::everything(), true);
    for (pointer, wrong) in [
        ("/version", json!("2.2")),
        ("/runs/0/results/0/level", json!("fatal")),
        (
            "/runs/0/results/0/locations/0/physicalLocation/region/startLine",
            json!(0),
        ),
        ("/runs/0/results/0/message", json!({})),
        ("/runs/0/tool/driver/name", Value::Null),
        ("/runs/0/results/0/partialFingerprints", json!([])),
        ("/runs/0/tool", json!({ "driver": { "name": "x", "colour": 1 } })),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        assert!(check(&schema, &schema, &bad, "sarif").is_err(), "{pointer}");
    }
}

#[test]
fn github_finds_all_it_asks_for() {
    let report = value(&sample::everything(), true);
    let run = &report["runs"][0];
    for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
        if rule.get("shortDescription").is_none() {
            continue;
        }
        for text in [
            "/shortDescription/text",
            "/fullDescription/text",
            "/help/text",
            "/help/markdown",
        ] {
            assert!(!rule.pointer(text).unwrap().as_str().unwrap().is_empty());
        }
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 20);
    }
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let fails = rules.iter().find(|rule| rule["id"] == "statement-fails").unwrap();
    assert_eq!(fails["properties"]["security-severity"], "8.0");
    let rewrite = rules.iter().find(|rule| rule["id"] == "table-rewrite").unwrap();
    assert_eq!(rewrite["properties"].get("security-severity"), None);
    assert_eq!(rewrite["fullDescription"]["text"], "Something happens. It hurts.");
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let location = &result["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(location["uriBaseId"], "%SRCROOT%");
        assert!(!location["uri"].as_str().unwrap().starts_with('/'));
        assert_eq!(result["partialFingerprints"].as_object().unwrap().len(), 1);
        assert!(result["partialFingerprints"].get("primaryLocationLineHash").is_none());
    }
}

#[test]
fn allowed_findings_are_suppressed_and_github_is_not_bothered_with_them() {
    let number = |report: &Value| report["runs"][0]["results"].as_array().unwrap().len();
    let with = value(&sample::everything(), true);
    let without = value(&sample::everything(), false);
    assert_eq!(number(&with), number(&without) + 1);
    let suppressed = with["runs"][0]["results"].as_array().unwrap().last().unwrap();
    assert_eq!(
        suppressed["suppressions"],
        json!([{ "kind": "inSource", "status": "accepted", "justification": "customers has *200* rows" }])
    );
    assert_eq!(with["runs"][0]["results"][0]["suppressions"], json!([]));
    assert_eq!(without["runs"][0]["results"][0].get("suppressions"), None);
}

#[test]
fn columns_are_utf_16_and_paths_are_uris() {
    let text = "/* 🦀 */ CREATE INDEX i ON orders (total);\n";
    let mut migration = sample::migration("db/änd rung#1.sql", "SELECT 1;\n");
    migration.text = text.to_owned();
    let start = text.find("CREATE").unwrap();
    migration.statements[0].span = Span::new(start, text.len() - 2);
    migration.statements[0].text = text[start..text.len() - 2].to_owned();
    let mut section = sample::section(vec![migration]);
    section.findings = vec![sample::finding(&section, (0, 0), "table-rewrite", "it happens")];
    let report = value(&sample::review(vec![section]), true);
    let location = &report["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "db/%C3%A4nd%20rung%231.sql");
    assert_eq!(
        location["region"],
        json!({ "startLine": 1, "startColumn": 10, "endLine": 1, "endColumn": 42 })
    );
}

#[test]
fn a_fix_is_an_edit_only_where_each_step_is_committed_as_it_was_proven() {
    let fixes = |run_mode, proven: bool| {
        let mut section = sample::one_index(Tool::Goose, proven.then(sample::holds));
        section.history.migrations[0].run_mode = run_mode;
        let report = value(&sample::review(vec![section]), true);
        report["runs"][0]["results"][0].get("fixes").cloned()
    };
    let fix = fixes(RunMode::EachStatement, true).unwrap();
    assert_eq!(
        fix[0]["artifactChanges"][0]["replacements"],
        json!([{
            "deletedRegion": { "startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 48 },
            "insertedContent": { "text": "CREATE INDEX CONCURRENTLY orders_total_idx ON orders (total)" },
        }])
    );
    assert!(fixes(RunMode::SimpleQuery, true).is_some());
    assert_eq!(fixes(RunMode::Transaction, true), None);
    assert_eq!(fixes(RunMode::EachStatement, false), None);
}

#[test]
fn a_fingerprint_outlives_lines_that_are_added_above() {
    let fingerprints = |text: &str| -> Vec<Value> {
        let migration = sample::migration("db/1.sql", text);
        let number = migration.statements.len();
        let mut section = sample::section(vec![migration]);
        section.findings = (number - 2..number)
            .map(|at| sample::finding(&section, (0, at), "table-rewrite", "it happens"))
            .collect();
        let report = value(&sample::review(vec![section]), true);
        let results = report["runs"][0]["results"].as_array().unwrap();
        results.iter().map(|it| it["partialFingerprints"].clone()).collect()
    };
    let before = fingerprints("ALTER TABLE a;\nALTER TABLE  a;\n");
    assert_ne!(before[0], before[1], "the same twice is not the same");
    assert_eq!(before, fingerprints("SELECT 1;\n\nALTER TABLE a;\nALTER TABLE a;\n"));
}

#[test]
fn a_finding_in_the_file_that_goes_back_has_its_place_there() {
    let mut section = sample::section(vec![sample::migration("db/1.up.sql", "CREATE TABLE t (a int);\n")]);
    let text = "DROP INDEX i;\nDROP TABLE u;\n";
    let back = sample::migration("db/1.down.sql", text);
    section.history.migrations[0].down = Some(Down {
        path: back.path,
        text: back.text,
        statements: back.statements,
        run_mode: back.run_mode,
    });
    let mut finding = sample::finding(&section, (0, 0), "rollback-fails", "`DROP TABLE u` fails");
    finding.group = Group::Rollback;
    finding.place.path = "db/1.down.sql".into();
    finding.place.statement = None;
    finding.place.span = Some(Span::new(14, 26));
    finding.place.line = 2;
    section.findings = vec![finding];
    let review = sample::review(vec![section]);
    let value = value(&review, true);
    let place = &value["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "db/1.down.sql");
    assert_eq!(place["region"]["startLine"], 2);
    assert_eq!(place["region"]["startColumn"], 1);
    assert_eq!(place["region"]["endColumn"], 13);
    let github = dbwright_report::github(&review);
    assert!(github.contains("file=db/1.down.sql,line=2"), "{github}");
    for told in [
        dbwright_report::gitlab(&review),
        dbwright_report::junit(&review, Some(Severity::Warning)),
        dbwright_report::json(&review, None),
    ] {
        assert!(told.contains("db/1.down.sql"), "{told}");
    }
}
