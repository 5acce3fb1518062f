//! The texts in `cases/split`, which other crates hold against real servers.

use std::fs;
use std::path::{Path, PathBuf};

use dbwright_catalog::Statement;
use dbwright_sql::{Dialect, statements};

use crate::{
    MARIADB, MARIADB_CLIENT, MARIADB_TOOL, MYSQL, MYSQL_CLIENT, MYSQL_TOOL, POSTGRES, PSQL, SQLITE, SQLITE_SHELL,
};

#[test]
fn hard_texts_for_postgres_are_split_as_written_beside_them() {
    check_folder("postgres", &[POSTGRES, PSQL], &[("psql_", PSQL)]);
}

#[test]
fn hard_texts_for_sqlite_are_split_as_written_beside_them() {
    check_folder("sqlite", &[SQLITE, SQLITE_SHELL], &[("shell_", SQLITE_SHELL)]);
}

#[test]
fn hard_texts_for_mysql_are_split_as_written_beside_them() {
    let special = [("client_", MYSQL_CLIENT), ("server_", MYSQL), ("tool_", MYSQL_TOOL)];
    check_folder("mysql", &[MYSQL, MYSQL_CLIENT, MYSQL_TOOL], &special);
}

#[test]
fn hard_texts_for_mariadb_are_split_as_written_beside_them() {
    let special = [
        ("client_", MARIADB_CLIENT),
        ("server_", MARIADB),
        ("tool_", MARIADB_TOOL),
    ];
    check_folder("mariadb", &[MARIADB, MARIADB_CLIENT, MARIADB_TOOL], &special);
}

/// Files whose names begin with a prefix are read in its dialect alone, all others in each of the `common` ones.
fn check_folder(folder: &str, common: &[Dialect], special: &[(&str, Dialect)]) {
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
        let dialects = match special.iter().find(|(prefix, _)| name.starts_with(prefix)) {
            Some((_, dialect)) => std::slice::from_ref(dialect),
            None => common,
        };
        for dialect in dialects {
            assert_eq!(written(&statements(*dialect, &text)), expected, "{name} as {dialect:?}");
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
