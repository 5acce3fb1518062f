//! `dbwright detect`.

use crate::command::{Run, command, dbwright_in, masked, project, run};

/// Other servers of the machine are left out.
fn shown(run: &Run) -> String {
    let text = masked(&run.stdout);
    let is_other =
        |line: &str| line.get(2..).is_some_and(|rest| rest.starts_with("PostgreSQL")) && !line.contains("[bin]");
    let (before, after) = text.split_once("servers on this machine\n").unwrap();
    let kept = after.lines().filter(|line| !is_other(line)).map(|line| {
        // The columns are as wide as the versions of the others.
        let cells: Vec<&str> = line
            .split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .collect();
        if line.starts_with("  ") {
            format!("  {}\n", cells.join("  "))
        } else {
            format!("{}\n", cells.join("  "))
        }
    });
    format!("{before}servers on this machine\n{}", kept.collect::<String>())
}

#[test]
fn shop() {
    let run = run(&mut command(&["detect", "examples/shop"]));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn notes() {
    let run = run(&mut command(&["detect", "examples/notes"]));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn several_histories_and_what_tells_them_apart() {
    let project = project(&[
        (
            "docker-compose.yml",
            "services:\n  db:\n    image: postgres:16-alpine\n",
        ),
        (
            "db/postgres/migrations/1_t.sql",
            "CREATE TABLE t (id integer PRIMARY KEY);\n",
        ),
        (
            "db/sqlite/migrations/1_t.sql",
            "CREATE TABLE t (id integer PRIMARY KEY);\n",
        ),
        (
            "prisma/migrations/20240101000000_init/migration.sql",
            "CREATE TABLE t (id integer PRIMARY KEY);\n",
        ),
        (
            "prisma/schema.prisma",
            "datasource db {\n  provider = \"postgresql\"\n}\n",
        ),
    ]);
    let open = dbwright_in(project.path(), &["detect"]);
    assert_eq!((open.code, open.stderr.as_str()), (Some(0), ""));
    let root = project.path().canonicalize().unwrap().display().to_string();
    insta::assert_snapshot!(shown(&open).replace(&root, "[project]"));
    let settled = dbwright_in(project.path(), &["detect", "--engine", "postgres"]);
    assert!(
        settled.stdout.contains("* db/postgres/migrations"),
        "{}",
        settled.stdout
    );
    assert!(
        settled
            .stdout
            .ends_with("Production runs PostgreSQL 16, says docker-compose.yml:3.\n"),
        "{}",
        settled.stdout
    );
}

#[test]
fn a_folder_without_migrations_is_told_what_to_do() {
    let project = project(&[("README.md", "Nothing here.\n")]);
    let run = dbwright_in(project.path(), &["detect"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let root = project.path().canonicalize().unwrap().display().to_string();
    insta::assert_snapshot!(shown(&run).replace(&root, "[project]"));
}

#[test]
fn a_folder_named_is_looked_at_alone_as_check_does() {
    let project = project(&[
        ("a/migrations/1_t.sql", "CREATE TABLE t (id integer PRIMARY KEY);\n"),
        ("b/migrations/1_t.sql", "CREATE TABLE t (id integer PRIMARY KEY);\n"),
        ("dbwright.toml", "engine = \"sqlite\"\n"),
    ]);
    let run = dbwright_in(project.path(), &["detect", "b"]);
    assert!(
        run.stdout.contains("* b/migrations") && !run.stdout.contains("a/migrations"),
        "{}",
        run.stdout
    );
    assert_eq!(dbwright_in(project.path(), &["check", "b"]).code, Some(0));
}
