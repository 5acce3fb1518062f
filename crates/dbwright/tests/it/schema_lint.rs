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
fn sql_that_does_not_apply_is_told_with_its_place_and_the_rest_is_judged() {
    let broken = "CREATE TABLE a (note TEXT);\nCREATE TABEL b (id);\nCREATE VIEW v AS SELECT note FROM a;\n";
    let run = lint(broken, "", &["--allow", "table-without-primary-key"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stdout
            .contains("incomplete: 1 statement of schema.sql did not run here")
            && run.stdout.contains("  - schema.sql:2: near \"TABEL\": syntax error")
            && run.stdout.contains("1 table and 2 other objects"),
        "{}",
        run.stdout
    );
    let accepted = lint(
        broken,
        "",
        &["--allow", "table-without-primary-key", "--allow-incomplete"],
    );
    assert_eq!(accepted.code, Some(0), "{}{}", accepted.stdout, accepted.stderr);
}

/// Without the line breaks that the width of the terminal makes.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A history that a program takes part in, and whose last file is written for another engine.
fn goose() -> tempfile::TempDir {
    project(&[
        ("go.mod", "module shop\n\nrequire github.com/pressly/goose/v3 v3.20.0\n"),
        (
            "migrations/00001_a.sql",
            "-- +goose Up\nCREATE TABLE a (id INTEGER PRIMARY KEY, note TEXT NOT NULL);\n",
        ),
        ("migrations/00002_seed.go", "package migrations\n"),
        (
            "migrations/00003_b.sql",
            "-- +goose Up\nCREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES a);\n",
        ),
        (
            "migrations/00004_c.sql",
            "-- +goose Up\nCREATE TABLE c (id INTEGER PRIMARY KEY, id TEXT);\n",
        ),
    ])
}

#[test]
fn a_history_with_a_program_and_a_failing_statement_is_judged_shown_and_documented_as_far_as_it_ran() {
    let folder = goose();
    let run = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--engine", "sqlite"]);
        dbwright_in(folder.path(), &all)
    };
    let lint = run(&["schema", "lint", "."]);
    assert_eq!(lint.code, Some(1), "{}", lint.stderr);
    for said in [
        "incomplete: 2 statements of . did not run here",
        "migrations/00002_seed.go:1: not run",
        "migrations/00004_c.sql:2",
        "foreign-key-without-index",
    ] {
        assert!(lint.stdout.contains(said), "{said}: {}", lint.stdout);
    }
    let show = run(&["schema", "show", "."]);
    assert_eq!(show.code, Some(0));
    assert!(show.stderr.contains("incomplete: 2 statements"), "{}", show.stderr);
    assert!(show.stdout.contains("-- incomplete: 2 statements") && show.stdout.contains("CREATE TABLE b"));
    let docs = run(&["schema", "docs", ".", "-o", "docs"]);
    assert_eq!(docs.code, Some(0), "{}", docs.stderr);
    let index = std::fs::read_to_string(folder.path().join("docs/README.md")).unwrap();
    assert!(index.contains("> **Incomplete:** 2 statements"), "{index}");
}

#[test]
fn what_would_drop_what_is_missing_needs_the_incomplete_source_to_be_allowed() {
    let folder = goose();
    std::fs::write(
        folder.path().join("goal.sql"),
        "CREATE TABLE a (id INTEGER PRIMARY KEY, note TEXT NOT NULL);\n",
    )
    .unwrap();
    for command in ["diff", "plan"] {
        let arguments = ["schema", command, ".", "goal.sql", "--engine", "sqlite"];
        let refused = dbwright_in(folder.path(), &arguments);
        assert_eq!(refused.code, Some(3), "{command}: {}", refused.stdout);
        assert!(
            refused.stderr.contains("migrations/00002_seed.go") && refused.stderr.contains("--allow-incomplete"),
            "{}",
            refused.stderr
        );
        let mut arguments = arguments.to_vec();
        arguments.extend(["--allow-incomplete"]);
        let allowed = dbwright_in(folder.path(), &arguments);
        let told = allowed.stdout + &allowed.stderr;
        assert!(told.contains("incomplete: 2 statements of ."), "{command}: {told}");
        assert!(told.contains("table b"), "{command}: {told}");
    }
}

#[test]
fn a_baseline_leaves_what_is_new() {
    let folder = project(&[("schema.sql", SHOP)]);
    let run = |flags: &[&str]| {
        let mut arguments = vec!["schema", "lint", "schema.sql", "--engine", "sqlite"];
        arguments.extend(flags);
        dbwright_in(folder.path(), &arguments)
    };
    let written = run(&["--write-baseline", "known.json"]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    assert!(
        written.stderr.contains("to known.json; commit it"),
        "{}",
        written.stderr
    );
    let same = run(&["--baseline", "known.json"]);
    assert_eq!(same.code, Some(0), "{}{}", same.stdout, same.stderr);
    assert!(
        same.stdout.contains("findings are known to known.json"),
        "{}",
        same.stdout
    );
    assert!(
        same.stdout.ends_with("dbwright: nothing new found in 2 tables\n"),
        "{}",
        same.stdout
    );
    // One more flaw of a table whose others are known, and one less elsewhere.
    let changed = SHOP
        .replace("code STRING", "state STRING NOT NULL,\n  code STRING")
        .replace("CREATE INDEX customers_email ON customers (email);\n", "");
    std::fs::write(folder.path().join("schema.sql"), changed).unwrap();
    let new = run(&["--baseline", "known.json"]);
    assert_eq!(new.code, Some(1), "{}{}", new.stdout, new.stderr);
    assert!(
        new.stdout.contains("orders.state") && !new.stdout.contains("orders.code"),
        "{}",
        new.stdout
    );
    assert!(
        unwrapped(&new.stdout).contains("holds what no rule says any more (duplicate-index of index customers_email)"),
        "{}",
        new.stdout
    );
    let wrong = run(&["--baseline", "schema.sql"]);
    assert_eq!(wrong.code, Some(3));
    assert!(
        wrong.stderr.contains("schema.sql: it is no baseline of findings"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn rows_without_parents_are_counted_where_that_is_asked_and_no_value_is_shown() {
    let folder = project(&[]);
    let file = folder.path().join("app.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = OFF; CREATE TABLE users (id INTEGER PRIMARY KEY);
             CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, author INTEGER REFERENCES users);
             INSERT INTO users VALUES (1); INSERT INTO notes VALUES (1, 1, 1), (2, 4711, 1), (8000000000000000000, 4711, 4712)",
        )
        .unwrap();
    drop(connection);
    let plain = dbwright_in(folder.path(), &["schema", "lint", "app.db"]);
    assert!(
        plain
            .stdout
            .contains("warning[key-near-its-end]: notes.id has used 86 % of its numbers")
            && unwrapped(&plain.stdout).contains("not asked: orphan-rows (it counts rows; --data asks for it)")
            && !plain.stdout.contains("[orphan-rows]"),
        "{}",
        plain.stdout
    );
    let data = dbwright_in(folder.path(), &["schema", "lint", "app.db", "--data", "--verbose"]);
    assert_eq!(data.code, Some(1), "{}", data.stderr);
    for said in [
        "rows of 2 relations looked at",
        "notes.user_id names no row of users in 2 rows",
        "of notes names no row of users in 1 row",
    ] {
        assert!(unwrapped(&data.stdout).contains(said), "{said}: {}", data.stdout);
    }
    assert!(!data.stdout.contains("471"), "{}", data.stdout);
    let no_rows = lint(SHOP, "", &["--data"]);
    assert_eq!(no_rows.code, Some(2));
    assert!(
        no_rows.stderr.contains("schema.sql is no live database"),
        "{}",
        no_rows.stderr
    );
}
