//! `dbwright schema lint`.

use crate::command::{dbwright_in, project};

/// A schema of which some rules have something to say.
const SHOP: &str = "\
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);
CREATE INDEX customers_email ON customers (email);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  payer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  code STRING NOT NULL,
  unit_price REAL NOT NULL
);
CREATE TABLE _sqlx_migrations (version BIGINT);
";

fn lint(sql: &str, toml: &str, flags: &[&str]) -> crate::command::Run {
    let project = project(&[("schema.sql", sql), ("dbwright.toml", toml)]);
    let mut arguments = vec!["schema", "lint", "schema.sql", "--engine", "sqlite"];
    arguments.extend(flags);
    dbwright_in(project.path(), &arguments)
}

#[test]
fn a_schema_is_told_rule_by_rule() {
    let run = lint(SHOP, "", &[]);
    assert_eq!(run.code, Some(1));
    insta::assert_snapshot!(run.shown());
}

#[test]
fn the_same_for_programs() {
    let run = lint(SHOP, "", &["--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["source_kind"], "sql");
    assert_eq!(report["summary"]["findings_by_rule"]["foreign-key-without-index"], 2);
    assert_eq!(report["ignored"][0]["objects"][0]["name"], "_sqlx_migrations");
    let finding = &report["findings"][0];
    for key in ["rule", "group", "severity", "object", "message", "facts", "advice"] {
        assert!(!finding[key].is_null(), "{key}: {finding:#}");
    }
}

#[test]
fn what_fails_is_a_matter_of_rules_and_severities() {
    let fine = "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL);\n";
    assert_eq!(lint(fine, "", &[]).code, Some(0));
    let strict = lint(fine, "", &["--rule", "table-not-strict"]);
    assert!(
        strict
            .stdout
            .contains("note[table-not-strict]: customers takes any value"),
        "{}",
        strict.stdout
    );
    assert_eq!(strict.code, Some(0));
    assert_eq!(
        lint(fine, "", &["--rule", "table-not-strict", "--fail-on", "note"]).code,
        Some(1)
    );
    assert_eq!(lint(fine, "[rules]\ntable-not-strict = \"error\"\n", &[]).code, Some(1));
    let keyless = "CREATE TABLE customers (email TEXT);\n";
    assert_eq!(lint(keyless, "", &[]).code, Some(1));
    assert_eq!(
        lint(keyless, "", &["--allow", "table-without-primary-key"]).code,
        Some(0)
    );
    assert_eq!(
        lint(keyless, "allow = [\"table-without-primary-key\"]\n", &[]).code,
        Some(0)
    );
}

#[test]
fn rules_that_judge_no_schemas_are_wrong_use() {
    for (rule, said) in [
        ("table-not-strikt", "did you mean `table-not-strict`?"),
        ("table-rewrite", "this rule judges what statements do, and no schemas"),
    ] {
        let run = lint(SHOP, "", &["--rule", rule]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn sql_that_does_not_apply_is_told_with_its_place() {
    let run = lint(
        "CREATE TABLE a (id INTEGER PRIMARY KEY);\nCREATE TABEL b (id);\n",
        "",
        &[],
    );
    assert_eq!(run.code, Some(3));
    assert!(
        run.stderr.contains("schema.sql:2: near \"TABEL\": syntax error"),
        "{}",
        run.stderr
    );
}
