//! `dbwright schema docs`, on SQLite.

use crate::command::{command, dbwright_in, installed, project, run};

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

const SHOP: [&str; 2] = [
    "CREATE TABLE customers (id bigint PRIMARY KEY, email varchar(100) NOT NULL UNIQUE);\n\
     CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, total numeric(10,2) NOT NULL, \
     CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);\n",
    "CREATE VIEW sums AS SELECT c.email, sum(o.total) AS total FROM customers c JOIN orders o ON o.customer_id = c.id \
     GROUP BY c.email;\n",
];

/// The index of the documentation of a schema that a server has printed, without the server's exact version.
fn index_of(engine: &str, version: &str, more: &str) -> String {
    let folder = project(&[("shop.sql", &(SHOP.concat() + more))]);
    let (_, mysql) = installed("mysql", "9.");
    let done = run(
        command(&["schema", "docs", "shop.sql", "-o", "docs", "--engine", engine])
            .env("DBWRIGHT_MYSQL_BIN", mysql)
            .current_dir(folder.path()),
    );
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let index = std::fs::read_to_string(folder.path().join("docs/README.md")).unwrap();
    let at = index.find(version).unwrap_or_else(|| panic!("no {version}: {index}"));
    let end = at + index[at..].find(',').unwrap();
    format!("{}{version}[version]{}", &index[..at], &index[end..])
}

#[test]
fn the_index_of_a_schema_of_postgres_lists_columns_of_views_types_and_routines() {
    let more = "COMMENT ON TABLE orders IS 'What was bought.';\nCREATE TYPE mood AS ENUM ('sad', 'ok');\n";
    insta::assert_snapshot!(index_of("postgres", "PostgreSQL ", more));
}

#[test]
fn the_index_of_a_schema_of_mysql_lists_columns_of_views() {
    let more = "ALTER TABLE orders COMMENT = 'What was bought.';\n";
    insta::assert_snapshot!(index_of("mysql", "MySQL ", more));
}
