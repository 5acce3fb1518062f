//! `dbwright capture`, `snapshot show` and `twin` with a SQLite file.

use std::path::Path;

use crate::command::{Run, command, project, run};

/// The program in a folder, with a cache of its own, so that no other test sees its twins.
fn dbwright(folder: &Path, arguments: &[&str]) -> Run {
    run(command(arguments)
        .current_dir(folder)
        .env("DBWRIGHT_CACHE", folder.join("cache")))
}

fn plan(file: &Path, query: &str) -> String {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
    let steps = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
    steps.map(Result::unwrap).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_twin_of_a_file_plans_as_the_file_does_and_is_gone_when_it_is_stopped() {
    let folder = project(&[("no.db", "something else")]);
    let file = folder.path().join("shop.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT, place INTEGER);
             WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000)
             INSERT INTO orders SELECT n, iif(n % 100, 'done', 'open'), n % 30 FROM c;
             CREATE INDEX orders_state ON orders (state);
             CREATE INDEX orders_place ON orders (place);
             ANALYZE",
        )
        .unwrap();
    drop(connection);
    let captured = dbwright(
        folder.path(),
        &["capture", "shop.db", "-o", "shop.dbsnap", "--values", "all"],
    );
    assert_eq!(captured.code, Some(0), "{}", captured.stderr);
    let shown = dbwright(folder.path(), &["snapshot", "show", "shop.dbsnap"]);
    assert!(shown.stdout.contains("3000 rows  main.orders"), "{}", shown.stdout);
    assert!(shown.stdout.contains("2 rows of sqlite_stat1"), "{}", shown.stdout);

    let started = dbwright(folder.path(), &["twin", "start", "shop.dbsnap"]);
    assert_eq!(started.code, Some(0), "{}", started.stderr);
    let (twin, fidelity) = started.stdout.trim().split_once('\n').unwrap();
    assert!(fidelity.starts_with("fidelity: exact, on SQLite 3."), "{fidelity}");
    let listed = dbwright(folder.path(), &["twin", "list"]);
    assert!(listed.stdout.starts_with(&format!("shop  {twin}")), "{}", listed.stdout);
    for (query, index) in [
        (
            "SELECT * FROM orders WHERE state = 'open' AND place = 3",
            "orders_state",
        ),
        (
            "SELECT * FROM orders WHERE state = 'done' AND place = 3",
            "orders_place",
        ),
    ] {
        let expected = plan(&file, query);
        assert!(expected.contains(index), "{expected}");
        assert_eq!(plan(Path::new(twin), query), expected, "{query}");
    }
    let stopped = dbwright(folder.path(), &["twin", "stop", "shop"]);
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert!(!Path::new(twin).exists(), "{twin} is still there");

    for (arguments, told) in [
        (["capture", "no.db", "-o", "no.dbsnap"], "file is not a database"),
        (
            ["capture", "nowhere.db", "-o", "no.dbsnap"],
            "nowhere.db: it can't be opened",
        ),
        (["capture", "oracle://h/d", "-o", "no.dbsnap"], "its scheme is none of"),
        (
            ["capture", "me:s3cret@db.example/app", "-o", "no.dbsnap"],
            "it does not begin with a scheme and `://`",
        ),
    ] {
        let failed = dbwright(folder.path(), &arguments);
        assert!(
            matches!(failed.code, Some(2 | 3)),
            "{:?} {}",
            failed.code,
            failed.stderr
        );
        assert!(failed.stderr.contains(told), "{}", failed.stderr);
        assert!(!failed.stderr.contains("s3cret"), "{}", failed.stderr);
        assert!(!folder.path().join("no.dbsnap").exists());
    }
}

/// What is no snapshot, ends too early or is too new is told as that by every command that reads one, and starts nothing.
#[test]
fn a_file_that_is_no_whole_snapshot_is_told_as_what_it_is() {
    let folder = project(&[("a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n")]);
    let path = folder.path();
    rusqlite::Connection::open(path.join("shop.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT); INSERT INTO t VALUES (1, 'a'); ANALYZE")
        .unwrap();
    let captured = dbwright(path, &["capture", "shop.db", "-o", "shop.dbsnap"]);
    assert_eq!(captured.code, Some(0), "{}", captured.stderr);
    let whole = std::fs::read(path.join("shop.dbsnap")).unwrap();
    let newer = [b"dbwright-snapshot 999\n", &whole[20..]].concat();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    for (name, bytes, problem) in [
        ("empty.dbsnap", Vec::new(), "this is no snapshot of dbwright"),
        (
            "text.dbsnap",
            b"SELECT 1;\n".to_vec(),
            "this is no snapshot of dbwright",
        ),
        ("half.dbsnap", whole[..whole.len() / 2].to_vec(), "the file is cut off"),
        ("head.dbsnap", whole[..15].to_vec(), "this is no snapshot of dbwright"),
        (
            "newer.dbsnap",
            newer,
            "it was written by a newer dbwright (format 999; this one reads up to 1): update dbwright here",
        ),
        ("flipped.dbsnap", flipped, "the file is damaged"),
    ] {
        std::fs::write(path.join(name), bytes).unwrap();
        for command in [
            vec!["snapshot", "show", name],
            vec!["twin", "start", name],
            vec!["explain", "--on", name, "SELECT 1"],
            vec!["check", "a.sql", "--engine", "sqlite", "--snapshot", name],
            vec!["schema", "show", name],
        ] {
            let told = dbwright(path, &command);
            assert!(
                matches!(told.code, Some(2 | 3)) && told.stderr.contains(name) && told.stderr.contains(problem),
                "{command:?}: {:?} {}",
                told.code,
                told.stderr
            );
        }
    }
    let twins = dbwright(path, &["twin", "list"]);
    assert!(!twins.stdout.contains("dbsnap"), "{}", twins.stdout);
}
