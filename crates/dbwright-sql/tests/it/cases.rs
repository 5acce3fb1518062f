//! The texts in `cases/split`, which other crates hold against real servers.

use std::fs;
use std::path::{Path, PathBuf};

use dbwright_catalog::Statement;
use dbwright_sql::{Dialect, statements};

use crate::{POSTGRES, PSQL, SQLITE, SQLITE_SHELL};

#[test]
fn hard_texts_for_postgres_are_split_as_written_beside_them() {
    check_folder("postgres", "psql_", POSTGRES, PSQL);
}

#[test]
fn hard_texts_for_sqlite_are_split_as_written_beside_them() {
    check_folder("sqlite", "shell_", SQLITE, SQLITE_SHELL);
}

fn check_folder(folder: &str, client_prefix: &str, server: Dialect, client: Dialect) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../cases/split")
        .join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    assert!(files.len() > 5, "the cases are missing");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let expected = fs::read_to_string(file.with_extension("statements")).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(written(&statements(client, &text)), expected, "{name} with client");
        if !name.starts_with(client_prefix) {
            assert_eq!(written(&statements(server, &text)), expected, "{name} without client");
        }
    }
}

fn written(statements: &[Statement]) -> String {
    let blocks: Vec<String> = statements
        .iter()
        .map(|statement| match &statement.copy_rows {
            Some(rows) => format!("{}\n-----rows\n{rows}", statement.text),
            None => statement.text.clone(),
        })
        .collect();
    blocks.join("\n-----\n") + "\n"
}
