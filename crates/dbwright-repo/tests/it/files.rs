//! Single files and standard input.

use std::path::{Path, PathBuf};

use dbwright_catalog::Engine;
use dbwright_repo::{Config, Input, Overrides, read_file};
use insta::assert_snapshot;

use crate::show::{error_text, history_text, repository};

fn check(root: &Path, input: &Input, overrides: Overrides) -> String {
    match read_file(root, input, &Config::default().with(overrides)) {
        Ok(history) => history_text(&history).replace(&root.display().to_string(), "ROOT"),
        Err(error) => error_text(root, &error),
    }
}

fn stdin(text: &str) -> String {
    check(
        Path::new("/nowhere"),
        &Input::Stdin(text.as_bytes().to_vec()),
        Overrides::default(),
    )
}

#[test]
fn the_engine_of_a_file_is_read_from_its_syntax() {
    assert_snapshot!(stdin(
        "\\connect app\nDO $$ BEGIN NULL; END $$;\nALTER TABLE a ADD b int;\n"
    ));
    assert_snapshot!(stdin("PRAGMA foreign_keys = off;\n.mode box\nDROP TABLE a;\n"));
}

#[test]
fn a_file_without_marks_or_with_several_is_asked_about() {
    assert_snapshot!(stdin("ALTER TABLE a ADD COLUMN b int;\n"));
    assert_snapshot!(stdin("CREATE TABLE a (id serial);\nPRAGMA user_version = 1;\n"));
}

#[test]
fn a_schema_file_says_the_engine_and_comes_first() {
    let root = repository(&[
        (
            "dump.sql",
            "CREATE TABLE a (id bigserial);\nCOPY a (id) FROM stdin;\n1\n\\.\n",
        ),
        (
            "migrations/1_a.sql",
            "-- migrate:up\nALTER TABLE a ADD b int;\n-- migrate:down\nDROP TABLE a;\n",
        ),
    ]);
    let overrides = Overrides {
        schema: Some(PathBuf::from("dump.sql")),
        ..Overrides::default()
    };
    // A file inside a tool's folder is a file like any other.
    let input = Input::File(root.path().join("migrations/1_a.sql"));
    assert_snapshot!(check(root.path(), &input, overrides));
}

#[test]
fn flags_say_the_engine_of_a_file() {
    let overrides = Overrides {
        engine: Some(Engine::Sqlite),
        engine_version: Some("3.45".parse().unwrap()),
        ..Overrides::default()
    };
    assert_snapshot!(check(
        Path::new("/nowhere"),
        &Input::Stdin(b"SELECT '$$ SERIAL';".to_vec()),
        overrides
    ));
}
