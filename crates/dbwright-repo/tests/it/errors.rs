//! One clear message for each thing that can be wrong.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, Tool};
use dbwright_repo::{ErrorKind, Overrides, RepoError};
use insta::assert_snapshot;

use crate::show::{check, repository, write};

fn message(files: &[(&str, &str)], overrides: Overrides) -> String {
    check(repository(files).path(), overrides)
}

#[test]
fn no_migrations() {
    assert_snapshot!(message(&[("README.md", "hello")], Overrides::default()));
}

#[test]
fn a_tool_that_is_not_read_yet_is_named() {
    let files = [
        ("alembic.ini", "[alembic]"),
        ("alembic/versions/1_a.py", "revision = \"1\""),
    ];
    assert_snapshot!(message(&files, Overrides::default()));
}

#[test]
fn flyway_is_not_taken_for_refinery() {
    let files = [
        ("pom.xml", ""),
        ("src/main/resources/db/migration/V1__a.sql", "SELECT 1;"),
    ];
    assert_snapshot!(message(&files, Overrides::default()));
}

#[test]
fn two_tools_that_read_the_same_names_are_asked_for() {
    let files = [("db/1_a.up.sql", "CREATE TABLE a (id serial);")];
    assert_snapshot!("asked", message(&files, Overrides::default()));
    let tool = Overrides {
        tool: Some(Tool::GolangMigrate),
        ..Overrides::default()
    };
    assert_snapshot!("settled", message(&files, tool));
}

#[test]
fn several_histories_are_asked_for_by_folder() {
    let files = [
        ("a/migrations/1_a.sql", "CREATE TABLE a (id serial);"),
        ("b/migrations/1_a.sql", "CREATE TABLE a (id serial);"),
    ];
    assert_snapshot!(message(&files, Overrides::default()));
}

#[test]
fn an_engine_that_nothing_names_is_asked_for() {
    assert_snapshot!(message(
        &[("migrations/1_a.sql", "CREATE TABLE a (id int);")],
        Overrides::default()
    ));
}

#[test]
fn an_engine_that_two_things_name_is_asked_for() {
    let files = [
        (
            "Cargo.toml",
            "[dependencies]\nsqlx = { version = \"0.9\", features = [\"postgres\", \"sqlite\"] }\n",
        ),
        ("docker-compose.yml", "    image: postgres:16\n"),
        ("migrations/1_a.sql", "CREATE TABLE a (id int);"),
    ];
    assert_snapshot!(message(&files, Overrides::default()));
}

#[test]
fn an_engine_without_a_history_is_told() {
    let overrides = Overrides {
        engine: Some(Engine::Sqlite),
        migrations: Some(PathBuf::from("migrations")),
        ..Overrides::default()
    };
    assert_snapshot!(message(&[("migrations/postgres/1_a.sql", "SELECT 1;")], overrides));
}

#[test]
fn folders_that_hold_nothing() {
    let named = |folder: &str| Overrides {
        migrations: Some(PathBuf::from(folder)),
        ..Overrides::default()
    };
    let files = [("empty/README.md", ""), ("1_a.sql", "SELECT 1;")];
    let text: Vec<String> = ["missing", "1_a.sql", "empty"]
        .into_iter()
        .map(|folder| message(&files, named(folder)))
        .collect();
    assert_snapshot!(text.join("\n"));
}

#[test]
fn a_wrong_configuration() {
    assert_snapshot!(message(
        &[("dbwright.toml", "# mine\nmigration = \"db\"\n")],
        Overrides::default()
    ));
}

#[test]
fn bytes_that_are_no_text_are_named_by_file_and_place() {
    let root = repository(&[("migrations/1_a.sql", "CREATE TABLE a (id serial);")]);
    write(root.path(), "migrations/2_b.sql", b"SELECT 1;\n-- caf\xe9\n");
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn half_a_character_of_utf_16_is_named() {
    let root = repository(&[("migrations/1_a.sql", "CREATE TABLE a (id serial);")]);
    write(root.path(), "migrations/2_b.sql", b"\xfe\xff\x00a\x00");
    assert_snapshot!(check(root.path(), Overrides::default()));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = dbwright_repo::read_file(
        Path::new("."),
        &dbwright_repo::Input::File(PathBuf::from("no/such.sql")),
        &dbwright_repo::Config::default(),
    )
    .unwrap_err();
    assert!(matches!(error, RepoError::Unreadable { .. }));
    assert_eq!(error.kind(), ErrorKind::Outside);
    assert_eq!(
        error.to_string(),
        "cannot read no/such.sql: No such file or directory (os error 2)"
    );
}
