//! What is new, in real git repositories.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use dbwright_repo::{Config, Overrides, detect, judged, new_since, read_history, select};
use insta::assert_snapshot;
use tempfile::TempDir;

use crate::show::{error_text, repository, write};

fn git(root: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args([
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn commit(root: &Path, message: &str) {
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "--allow-empty", "-m", message]);
}

/// A repository whose `main` has two migrations.
fn with_two_migrations() -> TempDir {
    let root = repository(&[
        (
            "Cargo.toml",
            "[dependencies]\nsqlx = { version = \"0.9\", features = [\"postgres\"] }\n",
        ),
        ("migrations/1_a.sql", "SELECT 1;\n"),
        ("migrations/2_b.sql", "SELECT 2;\n"),
    ]);
    git(root.path(), &["init", "--quiet"]);
    commit(root.path(), "two");
    root
}

/// What is judged, with the object names of commits hidden.
fn check(root: &Path, reference: Option<&str>) -> String {
    let config = Config::default().with(Overrides::default());
    let mut text = String::new();
    let result = (|| {
        let detection = detect(root, &config)?;
        let history = read_history(root, &select(&detection, &config)?.selections[0], &config)?;
        let new = new_since(root, &history.folder, reference.map(|name| (name, "--since")))?;
        for file in &new.files {
            writeln!(text, "{:?} {}", file.kind, file.path.display()).unwrap();
        }
        let (set, findings) = judged(root, &history, &new);
        let names = (0..history.migrations.len()).filter(|index| set.contains(*index));
        let names: Vec<&str> = names.map(|index| history.migrations[index].name.as_str()).collect();
        assert_eq!(new.nothing().is_some(), new.files.is_empty());
        let (before, base) = new.why.split_once("merge base ").unwrap_or((&new.why, "1234567)"));
        assert_eq!(base.len(), "1234567)".len(), "{base}");
        writeln!(text, "judged: {names:?} {before}").unwrap();
        for finding in findings {
            let place = finding.place.path.display();
            writeln!(
                text,
                "{} {}: {} at {place}",
                finding.severity, finding.rule, finding.message
            )
            .unwrap();
        }
        Ok(())
    })();
    if let Err(error) = result {
        text.push_str(&error_text(root, &error));
    }
    text
}

#[test]
fn on_a_branch_what_it_adds_and_changes_is_new() {
    let root = with_two_migrations();
    git(root.path(), &["checkout", "--quiet", "-b", "feature"]);
    write(root.path(), "migrations/3_c.sql", b"SELECT 3;\n");
    write(root.path(), "migrations/2_b.sql", b"SELECT 22;\n");
    write(root.path(), "README.md", b"not a migration\n");
    commit(root.path(), "three");
    write(root.path(), "migrations/4_untracked \u{fc}.sql", b"SELECT 4;\n");
    write(root.path(), "migrations/5_staged.sql", b"SELECT 5;\n");
    git(root.path(), &["add", "migrations/5_staged.sql"]);
    // main goes on meanwhile: what it adds is not new here.
    assert_snapshot!(check(root.path(), None));
}

#[test]
fn on_the_default_branch_nothing_is_new() {
    let root = with_two_migrations();
    assert_snapshot!(check(root.path(), None));
}

#[test]
fn a_removed_migration_is_noted() {
    let root = with_two_migrations();
    std::fs::remove_file(root.path().join("migrations/2_b.sql")).unwrap();
    assert_snapshot!(check(root.path(), Some("HEAD")));
}

#[test]
fn the_default_branch_of_the_remote_outranks_local_ones() {
    let upstream = with_two_migrations();
    git(upstream.path(), &["branch", "--quiet", "-m", "trunk"]);
    let root = tempfile::tempdir().unwrap();
    git(
        root.path(),
        &["clone", "--quiet", &upstream.path().display().to_string(), "."],
    );
    git(root.path(), &["checkout", "--quiet", "-b", "main"]);
    write(root.path(), "migrations/3_c.sql", b"SELECT 3;\n");
    commit(root.path(), "three");
    assert_snapshot!(check(root.path(), None));
}

#[test]
fn before_the_first_commit_everything_is_new() {
    let root = repository(&[("migrations/1_a.sql", "CREATE TABLE a (id serial);\n")]);
    git(root.path(), &["init", "--quiet"]);
    git(root.path(), &["add", "--all"]);
    assert_snapshot!(check(root.path(), None));
}

#[test]
fn a_root_below_the_top_of_the_repository_works() {
    let top = repository(&[("backend/migrations/1_a.sql", "CREATE TABLE a (id serial);\n")]);
    git(top.path(), &["init", "--quiet"]);
    commit(top.path(), "one");
    git(top.path(), &["checkout", "--quiet", "-b", "feature"]);
    write(top.path(), "backend/migrations/2_b.sql", b"SELECT 2;\n");
    commit(top.path(), "two");
    assert_snapshot!(check(&top.path().join("backend"), None));
}

#[test]
fn diesels_metadata_belongs_to_its_migration() {
    let root = repository(&[
        ("migrations/1_a/up.sql", "CREATE TABLE a (id serial);\n"),
        ("migrations/2_b/up.sql", "SELECT 2;\n"),
    ]);
    git(root.path(), &["init", "--quiet"]);
    commit(root.path(), "two");
    write(
        root.path(),
        "migrations/2_b/metadata.toml",
        b"run_in_transaction = false\n",
    );
    assert_snapshot!(check(root.path(), None));
}

#[test]
fn a_missing_reference_is_named_with_what_to_do() {
    let root = with_two_migrations();
    assert_snapshot!(check(root.path(), Some("origin/develop")));
    assert_snapshot!(check(root.path(), Some("--output=x")));
}

#[test]
fn without_a_default_branch_a_reference_is_asked_for() {
    let root = with_two_migrations();
    git(root.path(), &["branch", "--quiet", "-m", "trunk"]);
    assert_snapshot!(check(root.path(), None));
}

#[test]
fn outside_of_git_everything_has_to_be_asked_for() {
    let root = repository(&[("migrations/1_a.sql", "CREATE TABLE a (id serial);\n")]);
    let inside: &[PathBuf] = &[root.path().join(".git")];
    assert!(inside.iter().all(|path| !path.exists()));
    assert_snapshot!(check(root.path(), None));
}

#[test]
fn a_shallow_clone_is_told_as_what_it_is() {
    let upstream = with_two_migrations();
    git(upstream.path(), &["checkout", "--quiet", "-b", "feature"]);
    write(upstream.path(), "migrations/3_c.sql", b"SELECT 3;\n");
    commit(upstream.path(), "three");
    git(upstream.path(), &["checkout", "--quiet", "main"]);
    commit(upstream.path(), "main goes on");
    let root = tempfile::tempdir().unwrap();
    let url = format!("file://{}", upstream.path().display());
    git(
        root.path(),
        &[
            "clone",
            "--quiet",
            "--depth",
            "1",
            "--no-single-branch",
            "--branch",
            "feature",
            &url,
            ".",
        ],
    );
    assert_snapshot!(check(root.path(), None));
}

#[test]
fn histories_without_a_common_commit_are_told_as_such() {
    let root = with_two_migrations();
    git(root.path(), &["checkout", "--quiet", "--orphan", "other"]);
    commit(root.path(), "anew");
    assert_snapshot!(check(root.path(), None));
}

#[test]
fn programs_named_by_the_repositorys_configuration_are_not_started() {
    let root = with_two_migrations();
    let trace = root.path().join("started");
    let program = root.path().join("program.sh");
    write(
        root.path(),
        "program.sh",
        format!("#!/bin/sh\ntouch '{}'\n", trace.display()).as_bytes(),
    );
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let program = program.display().to_string();
    git(root.path(), &["config", "diff.external", &program]);
    git(root.path(), &["config", "core.fsmonitor", &program]);
    write(root.path(), "migrations/2_b.sql", b"SELECT 22;\n");
    let text = check(root.path(), Some("main"));
    assert!(text.contains("judged: [\"2_b\"]"), "{text}");
    assert!(!trace.exists());
}

#[test]
fn of_a_changelog_that_is_written_on_only_new_changesets_are_judged() {
    let old = "--liquibase formatted sql\n\n--changeset a:1\nCREATE TABLE a (id int);\n\n--changeset a:2\nCREATE TABLE b (id int);\n";
    let root = repository(&[
        ("liquibase.properties", "url: jdbc:postgresql://localhost/x\n"),
        ("db/changelog.sql", old),
    ]);
    git(root.path(), &["init", "--quiet"]);
    commit(root.path(), "two");
    git(root.path(), &["checkout", "--quiet", "-b", "feature"]);
    let new = format!("{old}\n--changeset a:3\nCREATE TABLE c (id int);\n");
    write(root.path(), "db/changelog.sql", new.as_bytes());
    assert_eq!(
        check(root.path(), None),
        "Modified db/changelog.sql\njudged: [\"a:3\"] new since main (\n"
    );
    // An old one that is changed is judged as well, and that is said.
    write(
        root.path(),
        "db/changelog.sql",
        new.replace("TABLE b (id int)", "TABLE b (id bigint)").as_bytes(),
    );
    assert_eq!(
        check(root.path(), None),
        "Modified db/changelog.sql\njudged: [\"a:2\", \"a:3\"] new since main (\nnote migration-changed: a:2 was changed after it had been committed at db/changelog.sql\n"
    );
}
