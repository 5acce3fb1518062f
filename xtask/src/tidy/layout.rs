//! Where files are and how they are called: one test program a crate, one name an engine.

use std::path::Path;

use super::Problem;
use super::tree::Tree;

/// Names people give to engine files, and the one they have here.
const ENGINE_FILES: [(&str, &str); 7] = [
    ("pg.rs", "postgres.rs"),
    ("postgresql.rs", "postgres.rs"),
    ("my_sql.rs", "mysql.rs"),
    ("maria.rs", "mariadb.rs"),
    ("maria_db.rs", "mariadb.rs"),
    ("sqlite3.rs", "sqlite.rs"),
    ("lite.rs", "sqlite.rs"),
];

/// Checks the paths of all files.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    tree.files()
        .filter_map(|(path, _)| {
            Some(Problem {
                path: path.to_owned(),
                line: 0,
                message: misplaced(path)?,
            })
        })
        .collect()
}

fn misplaced(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    if let [_, krate, "tests", file] = parts[..]
        && Path::new(file).extension().is_some_and(|extension| extension == "rs")
    {
        return Some(format!(
            "one test program a crate: make it a module of crates/{krate}/tests/it/main.rs"
        ));
    }
    let file = parts.last()?;
    if let Some((_, name)) = ENGINE_FILES.iter().find(|(other, _)| other == file) {
        return Some(format!("files of this engine are called `{name}` everywhere"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::shown;

    #[test]
    fn a_second_test_program_is_refused() {
        assert_eq!(
            shown(
                check,
                &[("crates/a/tests/it/main.rs", ""), ("crates/a/tests/more.rs", "")]
            ),
            "crates/a/tests/more.rs: one test program a crate: make it a module of crates/a/tests/it/main.rs"
        );
    }

    #[test]
    fn engines_have_one_file_name() {
        assert_eq!(
            shown(check, &[("crates/a/src/postgres.rs", ""), ("crates/a/src/pg.rs", "")]),
            "crates/a/src/pg.rs: files of this engine are called `postgres.rs` everywhere"
        );
    }
}
