//! `dbwright check`: reports, formats, and what decides the exit code.

use serde_json::Value;

use crate::command::{command, commit, dbwright, dbwright_in, dbwright_reading, masked, project, run, write};

#[test]
fn notes() {
    insta::assert_snapshot!(dbwright(&["check", "examples/notes", "--all"]).shown());
}

#[test]
fn shop() {
    insta::assert_snapshot!(dbwright(&["check", "examples/shop", "--all"]).shown());
}

#[test]
fn without_a_server_what_migrations_do_is_predicted() {
    // No program of a server can be found there.
    let run = dbwright(&[
        "check",
        "examples/shop",
        "--all",
        "--static",
        "--postgres-bin",
        "examples",
    ]);
    insta::assert_snapshot!(run.shown());
}

#[test]
fn json_has_findings_effects_and_a_summary() {
    let run = dbwright(&["check", "examples/shop", "--all", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["version"], 1);

    let findings = report["findings"].as_array().unwrap();
    let index = findings
        .iter()
        .find(|finding| finding["rule"] == "create-index-without-concurrently")
        .unwrap();
    assert_eq!(index["group"], "locks");
    assert_eq!(index["severity"], "warning");
    assert_eq!(
        index["file"],
        "db/migrations/20260203101500_find_orders_by_customer.sql"
    );
    assert_eq!(index["line"], 2);
    assert!(index["message"].as_str().unwrap().contains("orders_customer_id_idx"));
    assert_eq!(index["evidence"]["known"], "observed");
    assert_eq!(index["evidence"]["object"]["name"], "orders");
    assert_eq!(index["evidence"]["blocks_writes"], true);
    assert!(
        index["fix"]["steps"].as_array().is_some_and(|steps| !steps.is_empty()),
        "{index:#}"
    );
    let groups = [
        "locks",
        "failure",
        "data-loss",
        "release",
        "rollback",
        "design",
        "security",
    ];
    assert!(
        findings
            .iter()
            .all(|finding| groups.iter().any(|group| finding["group"] == *group))
    );

    let effects = report["effects"].as_array().unwrap();
    let keys = [
        "file",
        "line",
        "known",
        "transaction",
        "locks",
        "rewritten",
        "scanned",
        "rebuilt_indexes",
        "error",
    ];
    for effect in effects {
        for key in keys {
            assert!(effect.get(key).is_some(), "{key} is missing in {effect:#}");
        }
    }
    let rewrite = effects
        .iter()
        .find(|effect| effect["file"].as_str().unwrap().contains("totals_outgrow_an_integer"))
        .unwrap();
    assert_eq!(rewrite["rewritten"][0]["name"], "orders");
    let locks = rewrite["locks"].as_array().unwrap();
    let lock = locks
        .iter()
        .find(|lock| lock["object"]["name"] == "orders" && lock["mode"] == "ACCESS EXCLUSIVE");
    assert!(lock.is_some_and(|lock| lock.get("since").is_some()), "{locks:#?}");

    let summary = &report["summary"];
    assert_eq!(summary["migrations"], 11);
    assert_eq!(summary["statements_observed"], summary["statements"]);
    assert_eq!(summary["findings_by_rule"]["table-rewrite"], 1);
}

#[test]
fn nothing_found_is_0() {
    let project = project(&[(
        "migrations/1_notes.sql",
        "CREATE TABLE note (id INTEGER PRIMARY KEY);\n",
    )]);
    let run = dbwright_in(project.path(), &["check", "--engine", "sqlite"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.contains("nothing found"), "{}", run.stdout);
}

#[test]
fn a_file_is_checked_on_an_empty_database() {
    let project = project(&[(
        "change.sql",
        "CREATE TABLE t (id integer PRIMARY KEY, n int);\nCREATE INDEX ON t (n);\nSELECT 1 FROM missing;\n",
    )]);
    let run = dbwright_in(project.path(), &["check", "change.sql", "--engine", "postgres"]);
    insta::assert_snapshot!(run.shown());
}

#[test]
fn a_file_is_checked_on_a_schema() {
    let project = project(&[
        ("schema.sql", "CREATE TABLE t (id integer PRIMARY KEY, n int);\n"),
        ("change.sql", "CREATE INDEX t_n_idx ON t (n);\n"),
    ]);
    let run = dbwright_in(
        project.path(),
        &["check", "change.sql", "--engine", "postgres", "--schema", "schema.sql"],
    );
    insta::assert_snapshot!(run.shown());
}

#[test]
fn what_a_schema_failed_to_make_is_told_with_its_line() {
    let project = project(&[
        (
            "schema.sql",
            "CREATE TABLE t (id int);\nCREATE TABLE u (g nosuchtype);\n",
        ),
        ("change.sql", "ALTER TABLE u ADD COLUMN x int;\n"),
    ]);
    let run = dbwright_in(
        project.path(),
        &["check", "change.sql", "--engine", "postgres", "--schema", "schema.sql"],
    );
    let shown: Vec<_> = run.stdout.split_whitespace().collect();
    let shown = shown.join(" ");
    for words in [
        "1 statement needs what schema.sql failed to make (see below)",
        "Line 2 of schema.sql failed while the schema was loaded: type \"nosuchtype\" does not exist; 1 statement of the \
         migrations fails only because of that.",
    ] {
        assert!(shown.contains(words), "no `{words}` in {shown}");
    }
}

#[test]
fn standard_input_is_a_file_too() {
    let run = dbwright_reading(
        b"CREATE TABLE t (id integer PRIMARY KEY);\nINSERT INTO u VALUES (1);\n",
        &["check", "-", "--engine", "sqlite"],
    );
    insta::assert_snapshot!(run.shown());
}

#[test]
fn broken_sql_is_a_finding_with_its_place() {
    let project = project(&[(
        "migrations/1_broken.sql",
        "CREATE TABLE t (id integer PRIMARY KEY);\n\nALTER TABLE t ADD COLUM name text;\nCREATE TABLE u (id integer PRIMARY KEY);\n",
    )]);
    let run = dbwright_in(project.path(), &["check", "--engine", "postgres"]);
    insta::assert_snapshot!(run.shown());
}

#[test]
fn a_fail_on_above_all_findings_is_0_and_the_report_stays() {
    let all = dbwright(&["check", "examples/notes", "--all"]);
    for (level, code) in [("never", 0), ("error", 1), ("warning", 1), ("note", 1)] {
        let run = dbwright(&["check", "examples/notes", "--all", "--fail-on", level]);
        assert_eq!(run.code, Some(code), "{level}");
        assert_eq!(run.stdout.lines().count(), all.stdout.lines().count());
    }
}

#[test]
fn an_allowed_rule_is_not_reported() {
    let one = dbwright(&["check", "examples/notes", "--all", "--allow", "cascading-rebuild"]);
    assert_eq!(one.code, Some(1));
    assert!(!one.stdout.contains("cascading-rebuild"), "{}", one.stdout);
    let both = dbwright(&[
        "check",
        "examples/notes",
        "--all",
        "--allow",
        "cascading-rebuild",
        "--allow",
        "fails-on-rows",
    ]);
    assert_eq!(both.code, Some(0), "{}", both.stdout);
}

#[test]
fn the_configuration_decides_where_flags_do_not() {
    let project = project(&[
        (
            "migrations/1_notes.sql",
            "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT);\n",
        ),
        ("migrations/2_drop.sql", "ALTER TABLE note DROP COLUMN body;\n"),
        ("dbwright.toml", "engine = \"sqlite\"\nfail-on = \"never\"\n"),
    ]);
    assert_eq!(dbwright_in(project.path(), &["check"]).code, Some(0));
    assert_eq!(
        dbwright_in(project.path(), &["check", "--fail-on", "note"]).code,
        Some(1)
    );
}

#[test]
fn in_git_the_new_migrations_are_judged() {
    let project = project(&[
        (
            "migrations/1_notes.sql",
            "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT);\n",
        ),
        ("migrations/2_drop.sql", "ALTER TABLE note DROP COLUMN body;\n"),
        ("dbwright.toml", "engine = \"sqlite\"\n"),
    ]);
    commit(project.path());
    let nothing = dbwright_in(project.path(), &["check"]);
    let (before, after) = nothing.stdout.split_once("merge base ").unwrap();
    let after = after.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    insta::assert_snapshot!("nothing_is_new", masked(&format!("{before}merge base [commit]{after}")));
    assert_eq!(nothing.code, Some(0));
    write(project.path(), "migrations/3_drop.sql", b"DROP TABLE note;\n");
    let new = dbwright_in(project.path(), &["check"]);
    assert!(
        new.stdout.contains("drop-table") && !new.stdout.contains("drop-column"),
        "{}",
        new.shown()
    );
    let since = dbwright_in(project.path(), &["check", "--since", "HEAD"]);
    assert_eq!(since.shown().replace("HEAD", "main"), new.shown());
    let all = dbwright_in(project.path(), &["check", "--all"]);
    assert!(
        all.stdout.contains("drop-table") && all.stdout.contains("drop-column"),
        "{}",
        all.shown()
    );
}

#[test]
fn a_folder_named_means_the_migrations_in_it() {
    let run = dbwright(&["check", "examples/shop/db", "--all", "--allow", "fails-on-rows"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stdout.starts_with("db/migrations (dbmate)"), "{}", run.stdout);
}

#[test]
fn lines_fit_a_narrow_terminal() {
    let run = run(command(&["check", "examples/notes", "--all"]).env("COLUMNS", "50"));
    insta::assert_snapshot!(run.shown());
    let long: Vec<&str> = run.stdout.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn what_is_told_of_files_has_a_page_and_can_be_allowed() {
    let project = project(&[
        (
            "migrations/1_t.sql",
            "-- +goose Up\nCREATE TABLE t (id integer PRIMARY KEY);\n",
        ),
        (
            "migrations/notes.sql",
            "-- +goose Up\nCREATE TABLE u (id integer PRIMARY KEY);\n",
        ),
    ]);
    let told = dbwright_in(project.path(), &["check", "--engine", "postgres"]);
    insta::assert_snapshot!(told.shown());
    assert_eq!(dbwright(&["rule", "migration-skipped"]).code, Some(0));
    let allowed = dbwright_in(
        project.path(),
        &["check", "--engine", "postgres", "--allow", "migration-skipped"],
    );
    assert_eq!(allowed.code, Some(0), "{}", allowed.shown());
}

#[test]
fn two_databases_have_a_section_each() {
    let project = project(&[
        (
            "app/migrations/sqlite/1_t.sql",
            "CREATE TABLE t (id integer PRIMARY KEY, old int);\n",
        ),
        ("app/migrations/sqlite/2_t.sql", "ALTER TABLE t DROP COLUMN old;\n"),
        (
            "jobs/migrations/sqlite/1_j.sql",
            "CREATE TABLE j (id integer PRIMARY KEY);\n",
        ),
        ("other/migrations/1_o.sql", "CREATE TABLE o (id int);\n"),
    ]);
    let run = dbwright_in(project.path(), &["check", "--allow", "table-rewrite"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    insta::assert_snapshot!(run.shown());
}

#[test]
fn ways_back_are_tried_unless_somebody_says_no() {
    let folder = project(&[(
        "db/migrations/1_notes.sql",
        "-- migrate:up\nCREATE TABLE notes (id INTEGER PRIMARY KEY);\n-- migrate:down\nDROP TABLE notes;\n",
    )]);
    let check = |arguments: &[&str]| {
        let all = [&["check", "--engine", "sqlite", "--tool", "dbmate"], arguments].concat();
        dbwright_in(folder.path(), &all).stdout
    };
    let text = check(&[]);
    assert!(text.contains("ways back: 1 of 1 migration proven"), "{text}");
    let text = check(&["--no-rollback"]);
    assert!(!text.contains("ways back"), "{text}");
    let json: Value = serde_json::from_str(&check(&["--format", "json"])).unwrap();
    let rollback = &json["histories"][0]["rollback"];
    assert_eq!(rollback["proven"], 1, "{rollback}");
    assert_eq!(rollback["ways_back"][0]["result"], "proven");
}
