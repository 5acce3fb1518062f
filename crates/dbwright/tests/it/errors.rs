//! Bad input: one clear message each, on stderr, and the exit code that says whose turn it is.

use std::fmt::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::Value;

use crate::command::{Run, command, commit, dbwright, dbwright_in, dbwright_reading, project, run, write};

const TABLE: &str = "CREATE TABLE t (id integer PRIMARY KEY);\n";

/// What was said, with `[here]` for the folder; nothing may stand on stdout.
fn said(run: &Run, code: i32, here: &Path) -> String {
    assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{}", run.stderr);
    let canonical = here.canonicalize().unwrap().display().to_string();
    run.stderr.replace(&canonical, "[here]")
}

/// The first line of what was said.
fn first_line(run: &Run, code: i32, here: &Path) -> String {
    said(run, code, here).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn no_migrations_in_the_folder() {
    let project = project(&[("README.md", "Nothing here.\n")]);
    let run = dbwright_in(project.path(), &["check"]);
    insta::assert_snapshot!(said(&run, 2, project.path()));
}

#[test]
fn a_path_that_is_not_there() {
    let project = project(&[]);
    symlink("/nowhere/at/all.sql", project.path().join("broken.sql")).unwrap();
    for name in ["missing.sql", "broken.sql"] {
        let run = dbwright_in(project.path(), &["check", name]);
        let line = first_line(&run, 2, project.path());
        assert_eq!(
            line,
            format!("error: cannot check {name}: No such file or directory (os error 2)")
        );
    }
    let run = dbwright_in(project.path(), &["detect", "missing"]);
    assert_eq!(
        first_line(&run, 2, project.path()),
        "error: cannot look at missing: it does not exist"
    );
}

#[test]
fn a_schema_that_cannot_be_read() {
    let project = project(&[("change.sql", TABLE), ("folder.sql/x", "")]);
    for (schema, reason) in [
        ("missing.sql", "No such file or directory (os error 2)"),
        ("folder.sql", "is a directory"),
    ] {
        let run = dbwright_in(
            project.path(),
            &["check", "change.sql", "--engine", "sqlite", "--schema", schema],
        );
        assert_eq!(
            first_line(&run, 3, project.path()),
            format!("error: cannot read {schema}: {reason}")
        );
    }
}

#[test]
fn a_migration_that_is_a_link_is_named_in_the_report() {
    let project = project(&[("migrations/1_t.sql", TABLE)]);
    symlink("/nowhere/at/all.sql", project.path().join("migrations/2_u.sql")).unwrap();
    let run = dbwright_in(project.path(), &["check", "--engine", "sqlite"]);
    assert!(
        run.stdout.contains("2_u.sql is a link, which dbwright does not follow"),
        "{}",
        run.stdout
    );
    assert_eq!(run.code, Some(1));
}

#[test]
fn a_file_that_is_not_utf_8() {
    let project = project(&[]);
    write(
        project.path(),
        "migrations/1_t.sql",
        b"CREATE TABLE t (id integer PRIMARY KEY);\n-- gr\xfc\xdfe\n",
    );
    let run = dbwright_in(project.path(), &["check", "--engine", "sqlite"]);
    insta::assert_snapshot!(said(&run, 3, project.path()));
}

#[test]
fn mistakes_in_the_configuration() {
    let mut texts = String::new();
    for text in [
        "engin = \"sqlite\"\n",
        "# The engine.\nengine = \"oracle\"\n",
        "engine = \n",
        "fail-on = \"sometimes\"\n",
        "engine = \"sqlite\"\nallow = [\"tabel-rewrite\"]\n",
        "engine = \"sqlite\"\n\n[rules]\ntabel-rewrite = \"note\"\n",
    ] {
        let project = project(&[("migrations/1_t.sql", TABLE), ("dbwright.toml", text)]);
        texts.push_str(&said(&dbwright_in(project.path(), &["check"]), 2, project.path()));
        texts.push('\n');
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn a_rule_that_does_not_exist() {
    let here = Path::new(".");
    insta::assert_snapshot!(said(&dbwright(&["rule", "tabel-rewrite"]), 2, here));
    insta::assert_snapshot!(said(&dbwright(&["rule", "bananas"]), 2, here));
    let allowed = dbwright(&["check", "examples/notes", "--allow", "tabel-rewrite"]);
    insta::assert_snapshot!(said(&allowed, 2, here));
}

#[test]
fn flags_with_wrong_values() {
    let here = Path::new(".");
    for (flag, value, message) in [
        (
            "--engine",
            "oracle",
            "unknown engine `oracle` (known: postgres, mysql, mariadb, sqlite)",
        ),
        (
            "--fail-on",
            "sometimes",
            "`sometimes` is no severity (known: error, warning, note, never)",
        ),
        (
            "--engine-version",
            "new",
            "`new` is not a version (expected something like 16 or 16.4)",
        ),
        (
            "--tool",
            "rails",
            "dbmate, goose, sql-migrate, flyway, prisma, drizzle, supabase, pop, node-pg-migrate, graphile-migrate, tern, \
             atlas, liquibase, numbered)",
        ),
    ] {
        let line = first_line(&dbwright(&["check", flag, value]), 2, here);
        assert!(line.ends_with(message), "{line}");
    }
    let both = dbwright(&["check", "--all", "--since", "main"]);
    assert!(
        first_line(&both, 2, here).contains("cannot be used with"),
        "{}",
        both.stderr
    );
    let wrong = dbwright(&["chekc"]);
    assert!(
        said(&wrong, 2, here).contains("similar subcommands exist: 'schema', 'check'"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn two_tools_that_would_read_the_files() {
    let project = project(&[
        ("migrations/1_t.up.sql", TABLE),
        ("migrations/1_t.down.sql", "DROP TABLE t;\n"),
    ]);
    let run = dbwright_in(project.path(), &["check"]);
    insta::assert_snapshot!(said(&run, 2, project.path()));
    let settled = dbwright_in(project.path(), &["check", "--tool", "sqlx", "--engine", "sqlite"]);
    assert_eq!(settled.code, Some(0), "{}", settled.stderr);
}

#[test]
fn one_schema_file_for_two_histories() {
    let project = project(&[
        ("a/migrations/1_t.sql", TABLE),
        ("b/migrations/1_t.sql", TABLE),
        ("schema.sql", TABLE),
    ]);
    let run = dbwright_in(
        project.path(),
        &["check", "--engine", "sqlite", "--schema", "schema.sql"],
    );
    insta::assert_snapshot!(said(&run, 2, project.path()));
}

#[test]
fn an_engine_that_nothing_names() {
    let project = project(&[("migrations/1_t.sql", TABLE)]);
    insta::assert_snapshot!(said(&dbwright_in(project.path(), &["check"]), 2, project.path()));
    let run = dbwright_reading(TABLE.as_bytes(), &["check", "-"]);
    insta::assert_snapshot!(said(&run, 2, project.path()));
}

#[test]
fn a_folder_without_server_programs() {
    let project = project(&[("migrations/1_t.sql", TABLE), ("programs/README", "")]);
    for folder in ["programs", "nowhere"] {
        let run = dbwright_in(
            project.path(),
            &["check", "--engine", "postgres", "--postgres-bin", folder],
        );
        let text = said(&run, 3, project.path()).replace(folder, "[folder]");
        insta::assert_snapshot!("a_folder_without_server_programs", text);
    }
}

#[test]
fn servers_that_do_not_start() {
    let project = project(&[("migrations/1_t.sql", TABLE)]);
    // Servers started by root run as another user.
    std::fs::set_permissions(project.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let version = "if [ \"$1\" = -V ]; then echo 'postgres (PostgreSQL) 16.3'; exit; fi";
    let broken = format!("{version}\necho 'libicu.so is missing' >&2; exit 3");
    let mut texts = String::new();
    for (name, postgres, initdb) in [
        ("no version", "exit 127", "exit 1"),
        ("no cluster", version, "echo 'initdb: libicu.so is missing' >&2; exit 1"),
        ("no start", broken.as_str(), "mkdir \"$2\""),
    ] {
        for (program, script) in [("postgres", postgres), ("initdb", initdb)] {
            write(
                project.path(),
                &format!("bin/{program}"),
                format!("#!/bin/sh\n{script}\n").as_bytes(),
            );
            let path = project.path().join("bin").join(program);
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let cache = project.path().join("cache");
        let run = run(command(&["check", "--engine", "postgres", "--postgres-bin", "bin"])
            .current_dir(project.path())
            .env("DBWRIGHT_CACHE", cache));
        let _ = writeln!(texts, "{name}:\n{}", said(&run, 3, project.path()));
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn a_reference_that_git_does_not_know() {
    let project = project(&[("migrations/1_t.sql", TABLE)]);
    commit(project.path());
    let run = dbwright_in(
        project.path(),
        &["check", "--engine", "sqlite", "--since", "origin/next"],
    );
    insta::assert_snapshot!(said(&run, 2, project.path()));
}

#[test]
fn a_reference_outside_of_git() {
    let project = project(&[("migrations/1_t.sql", TABLE)]);
    let run = dbwright_in(project.path(), &["check", "--engine", "sqlite", "--since", "main"]);
    insta::assert_snapshot!(said(&run, 3, project.path()));
}

#[test]
fn errors_leave_stdout_to_data() {
    let project = project(&[("migrations/1_t.sql", "SELECT 1 FROM missing;\n")]);
    let report = dbwright_in(project.path(), &["check", "--engine", "sqlite", "--format", "json"]);
    assert_eq!((report.code, report.stderr.as_str()), (Some(1), ""));
    let parsed: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(parsed["findings"][0]["rule"], "statement-fails");
    let failed = dbwright_in(project.path(), &["check", "--engine", "oracle", "--format", "json"]);
    assert!(first_line(&failed, 2, project.path()).starts_with("error: "));
}

#[test]
fn empty_environment_variables_are_none() {
    let project = project(&[("migrations/1_t.sql", TABLE)]);
    let run = run(command(&["check", "--engine", "sqlite"])
        .current_dir(project.path())
        .env("DBWRIGHT_POSTGRES_BIN", "")
        .env("DBWRIGHT_SCRATCH_URL", ""));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}
