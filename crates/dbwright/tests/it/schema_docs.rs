//! `dbwright schema docs`, on SQLite.

use crate::command::{dbwright_in, project};

#[test]
fn documentation_is_written_and_written_again_without_what_is_gone() {
    let folder = project(&[
        (
            "shop.sql",
            "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INT REFERENCES a);\n",
        ),
        ("less.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n"),
    ]);
    let run = dbwright_in(
        folder.path(),
        &["schema", "docs", "shop.sql", "-o", "docs", "--engine", "sqlite"],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("wrote 5 files to docs; open docs/schema.html"),
        "{}",
        run.stderr
    );
    let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
    assert!(read("docs/README.md").contains("# shop\n"));
    assert!(read("docs/tables/b.md").contains("`a` refers to [a](a.md) (`id`)"));
    assert!(read("docs/schema.html").contains("<section id=\"b\" data-page>"));
    assert!(read("docs/schema.dbml").contains("Ref \"b_a_fkey\": \"b\".\"a\" > \"a\".\"id\""));
    std::fs::write(folder.path().join("docs/tables/notes.md"), "mine").unwrap();
    let run = dbwright_in(
        folder.path(),
        &["schema", "docs", "less.sql", "-o", "docs", "--engine", "sqlite"],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let pages: std::collections::BTreeSet<_> = std::fs::read_dir(folder.path().join("docs/tables"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(pages.into_iter().collect::<Vec<_>>(), ["a.md", "notes.md"]);
}

#[test]
fn files_of_others_are_not_touched() {
    let folder = project(&[
        ("shop.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n"),
        ("docs/README.md", "# Mine\n"),
    ]);
    let run = dbwright_in(
        folder.path(),
        &["schema", "docs", "shop.sql", "-o", "docs", "--engine", "sqlite"],
    );
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("docs/README.md is there already"), "{}", run.stderr);
    assert!(!folder.path().join("docs/schema.html").exists());
}
