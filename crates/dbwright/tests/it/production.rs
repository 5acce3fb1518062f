//! `dbwright check --snapshot`: sizes, who waits, and times, by a snapshot of a live PostgreSQL.

use crate::command::{command, project, run};
use crate::schema_postgres::production;

#[tokio::test]
async fn findings_tell_the_size_of_the_table_in_production_and_how_long_a_lock_is_held() {
    let (server, session, url) = production().await;
    session
        .client
        .batch_execute(
            "CREATE TABLE public.orders (id int PRIMARY KEY, state text NOT NULL, note text);
             INSERT INTO public.orders SELECT n, 'done', repeat('x', 100) FROM generate_series(1, 50000) n;
             ANALYZE public.orders",
        )
        .await
        .unwrap();
    let folder = project(&[
        ("dbwright.toml", "engine = \"postgres\"\n"),
        (
            "migrations/0001_orders.sql",
            "CREATE TABLE orders (id int PRIMARY KEY, state text NOT NULL, note text);\n",
        ),
        (
            "migrations/0002_wider.sql",
            "ALTER TABLE orders ALTER COLUMN id TYPE bigint;\n",
        ),
        (
            "migrations/0003_new.sql",
            "CREATE TABLE later (id bigint PRIMARY KEY);\n",
        ),
        (
            "lite/migrations/0001_a.sql",
            "CREATE TABLE a (id integer PRIMARY KEY AUTOINCREMENT);\nPRAGMA foreign_keys = ON;\n",
        ),
    ]);
    let dbwright = |arguments: &[&str]| {
        run(command(arguments)
            .current_dir(folder.path())
            .env("DBWRIGHT_CACHE", folder.path().join("cache")))
    };
    let captured = dbwright(&["capture", &url, "-o", "shop.dbsnap"]);
    assert_eq!(captured.code, Some(0), "{}", captured.stderr);
    let checked = dbwright(&["check", "migrations", "--all", "--snapshot", "shop.dbsnap"]);
    assert_eq!(checked.code, Some(1), "{}{}", checked.stdout, checked.stderr);
    let words: Vec<&str> = checked.stdout.split_whitespace().collect();
    let text = words.join(" ");
    assert!(
        text.contains("In production orders has about 50 thousand rows, 7.1 MB")
            && text.contains("reads and writes wait about")
            && text.contains("(it is written anew, with its indexes)")
            && text.contains("Times in production are estimated from what PostgreSQL 18"),
        "{}",
        checked.stdout
    );
    let rates = std::fs::read_dir(folder.path().join("cache")).unwrap();
    let rates = rates.filter(|file| {
        file.as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("rates-")
    });
    assert_eq!(rates.count(), 1, "what was measured is kept");

    let checked = dbwright(&[
        "check",
        "migrations",
        "--all",
        "--snapshot",
        "shop.dbsnap",
        "--format",
        "json",
    ]);
    let json: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let rewrite = findings
        .iter()
        .find(|finding| finding["rule"] == "table-rewrite")
        .unwrap();
    let production = &rewrite["production"];
    assert_eq!(production["rows"], 50_000, "{production}");
    assert_eq!(production["waiting"], "reads-and-writes");
    let (low, high) = (&production["held"]["low"], &production["held"]["high"]);
    assert!(low.as_f64() > Some(0.0) && high.as_f64() > low.as_f64(), "{production}");

    let other = dbwright(&[
        "check",
        "lite/migrations",
        "--engine",
        "sqlite",
        "--all",
        "--snapshot",
        "shop.dbsnap",
    ]);
    assert!(
        other.stdout.contains("says nothing here: it is of PostgreSQL"),
        "{}{}",
        other.stdout,
        other.stderr
    );
    let missing = dbwright(&["check", "migrations", "--snapshot", "none.dbsnap"]);
    assert_eq!(missing.code, Some(3), "{}", missing.stderr);
    assert!(missing.stderr.contains("none.dbsnap"), "{}", missing.stderr);
    session.close().await;
    server.stop().await.unwrap();
}

#[test]
fn on_sqlite_whoever_writes_waits_while_a_table_is_written_anew() {
    let folder = project(&[
        ("dbwright.toml", "engine = \"sqlite\"\n"),
        (
            "migrations/0001_orders.sql",
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT, note TEXT);\n",
        ),
        ("migrations/0002_less.sql", "ALTER TABLE orders DROP COLUMN state;\n"),
    ]);
    let file = folder.path().join("shop.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT, note TEXT);
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
             INSERT INTO orders SELECT n, 'done', printf('%.100c', 'x') FROM n;
             ANALYZE",
        )
        .unwrap();
    drop(connection);
    let dbwright = |arguments: &[&str]| {
        run(command(arguments)
            .current_dir(folder.path())
            .env("DBWRIGHT_CACHE", folder.path().join("cache")))
    };
    let captured = dbwright(&["capture", "sqlite:shop.db", "-o", "shop.dbsnap"]);
    assert_eq!(captured.code, Some(0), "{}", captured.stderr);
    let checked = dbwright(&["check", "--all", "--snapshot", "shop.dbsnap"]);
    let words: Vec<&str> = checked.stdout.split_whitespace().collect();
    let text = words.join(" ");
    assert!(
        text.contains("In production orders has about 20 thousand rows")
            && text.contains("writes wait about")
            && text.contains("Times in production are estimated from what SQLite"),
        "{}{}",
        checked.stdout,
        checked.stderr
    );
}
