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
    ] {
        let failed = dbwright(folder.path(), &arguments);
        assert!(
            matches!(failed.code, Some(2 | 3)),
            "{:?} {}",
            failed.code,
            failed.stderr
        );
        assert!(failed.stderr.contains(told), "{}", failed.stderr);
        assert!(!folder.path().join("no.dbsnap").exists());
    }
}
