//! `dbwright schema` and `dbwright migrate new`, on SQLite: its server is inside of the program.

use std::path::Path;

use crate::command::{Run, commit, dbwright_in, project, write};

const BEFORE: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT NOT NULL);\n\
                      CREATE INDEX users_mail ON users (mail);\n";
const AFTER: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT NOT NULL, name TEXT);\n\
                     CREATE INDEX users_mail ON users (mail);\n\
                     CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users);\n";

/// A folder with `a.sql`, `b.sql`, and a database made of `a.sql` with a row.
fn shop() -> tempfile::TempDir {
    let folder = project(&[("a.sql", BEFORE), ("b.sql", AFTER)]);
    database(&folder.path().join("app.db"), BEFORE);
    folder
}

fn database(path: &Path, sql: &str) {
    let file = rusqlite::Connection::open(path).unwrap();
    file.execute_batch(sql).unwrap();
}

fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr))
}

#[test]
fn a_difference_is_told_table_by_table() {
    let folder = shop();
    let run = dbwright_in(folder.path(), &["schema", "diff", "app.db", "b.sql"]);
    insta::assert_snapshot!(run.shown());
    let same = dbwright_in(folder.path(), &["schema", "diff", "sqlite:app.db", "a.sql"]);
    assert_eq!((same.code, same.stderr.as_str()), (Some(0), ""));
    assert!(same.stdout.ends_with("dbwright: no difference\n"), "{}", same.stdout);
}

#[test]
fn programs_get_the_difference_as_json() {
    let folder = shop();
    let run = dbwright_in(
        folder.path(),
        &["schema", "diff", "app.db", "b.sql", "--format", "json"],
    );
    assert_eq!(run.code, Some(1));
    let json = json(&run);
    assert_eq!((&json["version"], &json["equal"]), (&0.into(), &false.into()));
    assert_eq!(json["before"]["kind"], "database");
    assert_eq!(json["after"]["kind"], "sql");
    let changes = json["changes"].as_array().unwrap();
    assert!(
        changes.iter().any(|change| change["kind"] == "column"
            && change["name"] == "users.name"
            && change["change"] == "created"),
        "{changes:?}"
    );
}

#[test]
fn a_schema_is_shown_as_sql_that_makes_it_again() {
    let folder = shop();
    let run = dbwright_in(folder.path(), &["schema", "show", "app.db"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    database(&folder.path().join("copy.db"), &run.stdout);
    let same = dbwright_in(folder.path(), &["schema", "diff", "app.db", "copy.db"]);
    assert_eq!(same.code, Some(0), "{}", same.stdout);
    let tree = dbwright_in(folder.path(), &["schema", "show", "app.db", "--format", "tree"]);
    insta::assert_snapshot!(tree.shown());
    let coverage = dbwright_in(folder.path(), &["schema", "show", "app.db", "--coverage"]);
    assert!(coverage.stdout.contains("index       1 of 1\n"), "{}", coverage.stdout);
}

#[test]
fn a_plan_is_proven_and_its_sql_leads_to_the_goal() {
    let folder = shop();
    let run = dbwright_in(
        folder.path(),
        &["schema", "plan", "app.db", "b.sql", "--format", "json"],
    );
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let plan = json(&run);
    assert_eq!(plan["sound"], true);
    assert_eq!(plan["proof"]["holds"], true, "{plan}");
    let sql = dbwright_in(folder.path(), &["schema", "plan", "app.db", "b.sql", "--format", "sql"]);
    assert_eq!((sql.code, sql.stderr.as_str()), (Some(0), ""));
    database(&folder.path().join("app.db"), &sql.stdout);
    let done = dbwright_in(folder.path(), &["schema", "diff", "app.db", "b.sql"]);
    assert_eq!(done.code, Some(0), "{}", done.stdout);
    let nothing = dbwright_in(folder.path(), &["schema", "plan", "app.db", "b.sql"]);
    assert!(
        nothing.stdout.ends_with("dbwright: nothing to do\n"),
        "{}",
        nothing.stdout
    );
}

#[test]
fn data_is_not_destroyed_unless_that_was_said() {
    let folder = shop();
    let back = [
        "schema", "plan", "b.sql", "a.sql", "--engine", "sqlite", "--format", "sql",
    ];
    let run = dbwright_in(folder.path(), &back);
    assert_eq!((run.code, run.stdout.as_str()), (Some(4), ""));
    assert!(run.stderr.contains("It destroys data:"), "{}", run.stderr);
    assert!(run.stderr.contains("users.name"), "{}", run.stderr);
    assert!(
        run.stderr.contains("error: refused: the plan would destroy data"),
        "{}",
        run.stderr
    );
    let run = dbwright_in(folder.path(), &[&back[..], &["--allow-data-loss"]].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("DROP TABLE"), "{}", run.stdout);
}

#[test]
fn a_declared_rename_keeps_its_rows() {
    let folder = shop();
    write(
        folder.path(),
        "renamed.sql",
        b"-- dbwright: renamed from users\nCREATE TABLE people (\n  id INTEGER PRIMARY KEY,\n  email TEXT NOT NULL -- dbwright: renamed from mail\n);\nCREATE INDEX users_mail ON people (email);\n",
    );
    let arguments = ["schema", "plan", "app.db", "renamed.sql", "--format", "sql"];
    let run = dbwright_in(folder.path(), &arguments);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("ALTER TABLE users RENAME TO people;"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("ALTER TABLE people RENAME COLUMN mail TO email;"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("DROP"), "{}", run.stdout);
    database(&folder.path().join("app.db"), &run.stdout);
    // The comments stay where they are, and have nothing to do any more.
    let again = dbwright_in(folder.path(), &["schema", "plan", "app.db", "renamed.sql"]);
    assert_eq!(again.code, Some(0), "{}", again.stdout);
    assert!(
        again.stdout.contains("there is nothing called users any more"),
        "{}",
        again.stdout
    );
    assert!(again.stdout.ends_with("dbwright: nothing to do\n"), "{}", again.stdout);
}

#[test]
fn a_rename_that_means_nothing_is_told() {
    let folder = shop();
    for (rename, problem) in [
        ("persons=people", "there is nothing called persons to be renamed"),
        ("users=orders", "table users is there on both sides"),
    ] {
        let run = dbwright_in(
            folder.path(),
            &["schema", "plan", "app.db", "b.sql", "--rename", rename],
        );
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
        assert!(run.stderr.contains(problem), "{}", run.stderr);
    }
    let run = dbwright_in(folder.path(), &["schema", "plan", "app.db", "b.sql", "--answer", "x=y"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("no such question is asked"), "{}", run.stderr);
}

#[test]
fn sql_that_does_not_apply_is_told_with_its_place_and_the_words_of_the_server() {
    let folder = shop();
    write(folder.path(), "schema/1_tables.sql", BEFORE.as_bytes());
    write(
        folder.path(),
        "schema/2_more.sql",
        b"\nCREATE INDEX i ON missing (a);\n",
    );
    let run = dbwright_in(folder.path(), &["schema", "diff", "app.db", "sql:schema"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    assert!(
        run.stderr
            .starts_with("error: schema/2_more.sql:2: no such table: main.missing\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn sources_that_are_none_are_told_with_what_they_could_be() {
    let folder = shop();
    for (arguments, code, problem) in [
        (
            ["missing.sql", "b.sql"],
            2,
            "error: missing.sql: there is no such file or folder\n",
        ),
        (
            ["a.sql", "b.sql"],
            2,
            "error: nothing says for which engine this SQL is written: a.sql, b.sql\n",
        ),
        (
            ["oracle://me:s3cret@h/d", "b.sql"],
            2,
            "error: not the URL of a database: its scheme is none of",
        ),
        (
            ["postgres://me:s3cret@127.0.0.1:1/d", "app.db"],
            3,
            "error: postgres://me@127.0.0.1:1/d: ",
        ),
        (["git:main", "b.sql"], 2, "error: git:main: the path is missing\n"),
        (
            ["sqlite:missing.db", "b.sql"],
            3,
            "error: sqlite:missing.db: it can't be opened",
        ),
    ] {
        let run = dbwright_in(folder.path(), &[&["schema", "diff"][..], &arguments].concat());
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.starts_with(problem), "{arguments:?}: {}", run.stderr);
        assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
    }
}

#[test]
fn two_engines_are_not_compared() {
    let folder = project(&[("a.sql", "CREATE TABLE t (id SERIAL PRIMARY KEY, at TIMESTAMPTZ);\n")]);
    database(&folder.path().join("app.db"), BEFORE);
    let run = dbwright_in(folder.path(), &["schema", "diff", "app.db", "a.sql"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("app.db is SQLite and a.sql is PostgreSQL; two engines are not compared"),
        "{}",
        run.stderr
    );
}

/// A repository of sqlx on SQLite with one migration, committed.
fn repository() -> tempfile::TempDir {
    let folder = project(&[
        (
            "Cargo.toml",
            "[package]\nname = \"x\"\n[dependencies]\nsqlx = { version = \"0.8\", features = [\"sqlite\"] }\n",
        ),
        ("migrations/20240101000000_users.sql", BEFORE),
        ("schema.sql", AFTER),
    ]);
    commit(folder.path());
    folder
}

#[test]
fn migrations_of_a_commit_are_a_source() {
    let folder = repository();
    write(
        folder.path(),
        "migrations/20240201000000_orders.sql",
        b"CREATE TABLE orders (id INTEGER PRIMARY KEY);\n",
    );
    let run = dbwright_in(folder.path(), &["schema", "diff", "git:HEAD:migrations", "."]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stdout.contains("+ table orders"), "{}", run.stdout);
    assert!(!run.stdout.contains("users"), "{}", run.stdout);
    assert!(
        run.stdout
            .contains("ignored: bookkeeping of sqlx (table _sqlx_migrations)"),
        "{}",
        run.stdout
    );
    let run = dbwright_in(folder.path(), &["schema", "diff", "git:HEAD:nowhere", "."]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("there is nothing at nowhere in HEAD"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_new_migration_leads_to_the_goal_and_overwrites_nothing() {
    let folder = repository();
    let arguments = [
        "migrate",
        "new",
        "--from-diff",
        ".",
        "schema.sql",
        "--name",
        "Add orders!",
    ];
    let run = dbwright_in(folder.path(), &arguments);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let files: Vec<&str> = run.stdout.lines().collect();
    assert!(!files.is_empty());
    for file in &files {
        assert!(
            file.starts_with("migrations/20") && file.contains("_add_orders"),
            "{file}"
        );
    }
    let done = dbwright_in(folder.path(), &["schema", "diff", ".", "schema.sql"]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let again = dbwright_in(folder.path(), &arguments);
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), ""));
    assert!(again.stderr.contains("nothing to migrate"), "{}", again.stderr);
}

#[test]
fn drift_is_found_and_a_baseline_lets_only_new_drift_fail() {
    let folder = repository();
    database(
        &folder.path().join("live.db"),
        &format!(
            "{BEFORE} CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY); CREATE INDEX by_hand ON users (id);"
        ),
    );
    let run = dbwright_in(folder.path(), &["schema", "drift", "live.db"]);
    insta::assert_snapshot!(run.shown());
    let written = dbwright_in(
        folder.path(),
        &["schema", "drift", "live.db", "--write-baseline", "drift.json"],
    );
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let with = ["schema", "drift", "live.db", "--baseline", "drift.json"];
    let known = dbwright_in(folder.path(), &with);
    assert_eq!(known.code, Some(0), "{}", known.stdout);
    assert!(known.stdout.ends_with("0 new, 1 in the baseline\n"), "{}", known.stdout);
    database(
        &folder.path().join("live.db"),
        "DROP INDEX by_hand; CREATE INDEX by_hand ON users (mail, id)",
    );
    let other = dbwright_in(folder.path(), &with);
    assert_eq!(other.code, Some(1), "{}", other.stdout);
    assert!(
        other
            .stdout
            .contains("drift.json holds what is gone or other by now (index by_hand)"),
        "{}",
        other.stdout
    );
    write(folder.path(), "drift.json", b"{\"version\": 7, \"entries\": []}");
    let run = dbwright_in(folder.path(), &with);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("it is of version 7"), "{}", run.stderr);
}

#[test]
fn a_check_tells_drift_as_well() {
    let folder = repository();
    database(
        &folder.path().join("live.db"),
        &format!("{BEFORE} CREATE TABLE extra (id INTEGER);"),
    );
    let run = dbwright_in(folder.path(), &["check", "--db", "live.db"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stdout.contains("+ table extra"), "{}", run.stdout);
    let run = dbwright_in(folder.path(), &["check", "--db", "live.db", "--format", "json"]);
    assert_eq!(json(&run)["drift"]["new"], true);
    database(&folder.path().join("live.db"), "DROP TABLE extra");
    let run = dbwright_in(folder.path(), &["check", "--db", "live.db"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}
