//! `dbwright explain` with SQLite: a file, a twin of a snapshot, and what the library really prints for all kinds of queries.

use std::fmt::Write as _;

use rusqlite::Connection;

use crate::command::{command, project, run};

/// A shop with orders, of which few are open.
const SHOP: &str = "
    CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, state TEXT NOT NULL, total REAL, placed_at TEXT);
    CREATE TABLE line (order_id INTEGER NOT NULL, product INTEGER NOT NULL, quantity INTEGER, PRIMARY KEY (order_id, product))
      WITHOUT ROWID;
    CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INTEGER);
    CREATE VIRTUAL TABLE note USING fts5(body);
    CREATE INDEX customer_email ON customer (email);
    CREATE INDEX orders_customer ON orders (customer_id, state);
    CREATE INDEX orders_open ON orders (placed_at) WHERE state = 'open';
    CREATE INDEX orders_total ON orders (total);
    CREATE VIEW open_order AS SELECT o.id, o.total, c.name FROM orders o JOIN customer c ON c.id = o.customer_id
      WHERE o.state = 'open';
    WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 20000)
      INSERT INTO orders SELECT n, n % 2000 + 1, CASE WHEN n % 1000 = 0 THEN 'open' ELSE 'done' END, n, datetime(n, 'unixepoch')
      FROM g;
    INSERT INTO customer SELECT id, 'c' || id || '@example.org', 'customer ' || id FROM orders WHERE id <= 2000;
    INSERT INTO line SELECT id, id % 50, 1 FROM orders;
    INSERT INTO tree SELECT id, id / 2 FROM orders WHERE id <= 500;
";

fn shop(more: &str) -> tempfile::TempDir {
    let folder = project(&[]);
    let connection = Connection::open(folder.path().join("shop.db")).unwrap();
    connection.execute_batch(SHOP).unwrap();
    connection.execute_batch(more).unwrap();
    folder
}

#[test]
fn a_file_is_explained_and_an_index_tried_without_touching_it() {
    let folder = shop("ANALYZE");
    let file = folder.path().join("shop.db");
    let before = std::fs::read(&file).unwrap();
    let queries = "-- name: Open\nSELECT id FROM orders WHERE state = ? ORDER BY placed_at DESC LIMIT 20;\n\n\
                   SELECT * FROM open_order;\nSELECT nothing FROM nowhere;\nSELECT c.name, (SELECT count(*) FROM orders o \
                   WHERE o.customer_id = c.id) FROM customer c WHERE c.email = 'c7@example.org';\n";
    std::fs::write(folder.path().join("queries.sql"), queries).unwrap();
    let told = run(command(&["explain", "--url", "shop.db", "queries.sql"]).current_dir(folder.path()));
    insta::assert_snapshot!("sqlite_file", told.shown());
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let by_url = run(command(&["explain", "--url", "sqlite:shop.db", "queries.sql"]).current_dir(folder.path()));
    assert_eq!(by_url.stdout, told.stdout);
    let json = run(command(&["explain", "--url", "shop.db", "--json", "queries.sql"]).current_dir(folder.path()));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let plan = &json["queries"][0]["plan"]["nodes"];
    assert_eq!(plan[0]["name"], "TEMP B-TREE FOR ORDER BY");
    assert_eq!(plan[1]["relation"], "orders");
    assert_eq!(plan[1]["rows_read"], 20_000.0);
    assert_eq!(plan[1]["conditions"][0]["text"], "state = ?");
    assert_eq!(plan[1]["total_cost"], serde_json::Value::Null);
    assert!(json["queries"][0]["findings"][0]["change"]["plan"].is_object());
}

#[test]
fn a_twin_plans_as_the_file_and_rows_are_known_without_statistics() {
    for more in ["ANALYZE", "SELECT 1"] {
        let folder = shop(more);
        let captured =
            run(command(&["capture", "shop.db", "-o", "shop.dbsnap", "--values", "all"]).current_dir(folder.path()));
        assert_eq!(captured.code, Some(0), "{}", captured.stderr);
        let query = "SELECT id FROM orders WHERE state = 'open' AND total > 5";
        let told = run(command(&["explain", "--on", "shop.dbsnap", query]).current_dir(folder.path()));
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        for part in ["planned by a twin on SQLite 3.", "filter: state = 'open'", "dbwright: "] {
            assert!(told.stdout.contains(part), "{more}: {part}\n{}", told.stdout);
        }
        let query = "SELECT id FROM customer WHERE name = 'customer 7'";
        let told = run(command(&["explain", "--on", "shop.dbsnap", query]).current_dir(folder.path()));
        for part in [
            "All 2,000 rows of customer are read to find some by name",
            "CREATE INDEX customer_name_idx ON customer (name)",
            "covering SEARCH on customer by customer_name_idx",
        ] {
            assert!(told.stdout.contains(part), "{more}: {part}\n{}", told.stdout);
        }
        let live = run(command(&["explain", "--url", "shop.db", query]).current_dir(folder.path()));
        let tree = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(tree(&live.stdout), tree(&told.stdout));
    }
}

#[test]
fn nothing_is_run_and_that_is_said() {
    let folder = shop("ANALYZE");
    for (query, said) in [
        (
            "SELECT count(*) FROM orders",
            "It was not run: SQLite measures no steps.",
        ),
        (
            "DELETE FROM orders WHERE id > 7",
            "It was not run: SQLite measures no steps.",
        ),
        ("DELETE FROM orders", "SQLite tells no step of it"),
        ("INSERT INTO tree VALUES (?, ?)", "SQLite tells no step of it"),
        ("ATTACH DATABASE 'other.db' AS other", "only a single SELECT"),
        ("PRAGMA user_version = 7", "only a single SELECT"),
        ("SELECT 1; DROP TABLE orders", "only a single SELECT"),
    ] {
        let told = run(command(&["explain", "--url", "shop.db", "--analyze", query]).current_dir(folder.path()));
        assert!(told.stdout.contains(said), "{query}\n{}{}", told.stdout, told.stderr);
        let is_refused = said == "only a single SELECT";
        assert_eq!(told.code, Some(i32::from(is_refused)), "{query}");
    }
    let connection = Connection::open(folder.path().join("shop.db")).unwrap();
    let rows = connection.query_row("SELECT count(*) FROM orders", [], |row| row.get::<_, i64>(0));
    assert_eq!(rows.unwrap(), 20_000);
    assert!(!folder.path().join("other.db").exists());
}

#[test]
fn a_plan_that_the_shell_has_printed_is_told() {
    let plan = "QUERY PLAN\n|--SCAN orders\n`--USE TEMP B-TREE FOR ORDER BY\n";
    let folder = shop("ANALYZE");
    std::fs::write(folder.path().join("plan.txt"), plan).unwrap();
    let with = run(command(&["explain", "--plan", "plan.txt", "--url", "shop.db"]).current_dir(folder.path()));
    assert!(
        with.stdout.contains("20,000  └─ SCAN on orders"),
        "{}{}",
        with.stdout,
        with.stderr
    );
    let told = run(command(&["explain", "--plan", "plan.txt"]).current_dir(folder.path()));
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(
        told.stdout.contains("TEMP B-TREE FOR ORDER BY\n  └─ SCAN on orders"),
        "{}",
        told.stdout
    );
}

#[test]
fn a_file_that_is_not_there_or_no_database_is_said() {
    let folder = project(&[("text.db", "no database, whatever its name says")]);
    for (url, said) in [
        ("gone.db", "gone.db: it can't be opened: No such file"),
        ("text.db", "file is not a database"),
    ] {
        let told = run(command(&["explain", "--url", url, "SELECT 1"]).current_dir(folder.path()));
        assert_eq!(told.code, Some(3), "{url}: {}", told.stderr);
        assert!(told.stderr.contains(said), "{url}: {}", told.stderr);
    }
}

/// What the library prints for all kinds of queries is read: no step stays a text that nobody understands, but those that are
/// meant to.
#[test]
fn what_the_library_prints_is_understood() {
    let folder = shop("ANALYZE; PRAGMA automatic_index = ON");
    let queries = [
        "SELECT * FROM orders",
        "SELECT id FROM orders WHERE total BETWEEN 5 AND 9",
        "SELECT * FROM orders WHERE id IN (1, 2, 3)",
        "SELECT * FROM orders WHERE id > 7 AND id < 9",
        "SELECT count(*) FROM orders",
        "SELECT min(total), max(total) FROM orders",
        "SELECT max(total) FROM orders",
        "SELECT * FROM orders WHERE customer_id = 7 OR total = 9",
        "SELECT DISTINCT state FROM orders",
        "SELECT state, count(*) FROM orders GROUP BY state ORDER BY 2",
        "SELECT count(DISTINCT state), group_concat(DISTINCT state) FROM orders",
        "SELECT o.id FROM orders o JOIN customer c ON c.id = o.customer_id JOIN line l ON l.order_id = o.id WHERE c.email = 'x'",
        "SELECT * FROM customer c LEFT JOIN orders o ON o.customer_id = c.id AND o.state = 'open'",
        "SELECT * FROM orders o RIGHT JOIN customer c ON c.id = o.customer_id",
        "SELECT * FROM orders o FULL JOIN customer c ON c.name = o.state",
        "SELECT * FROM customer a JOIN customer b ON a.name = b.name",
        "SELECT * FROM orders WHERE placed_at > '2026' AND state = 'open'",
        "SELECT id FROM customer UNION SELECT id FROM orders",
        "SELECT id FROM customer UNION ALL SELECT id FROM orders ORDER BY 1",
        "SELECT id FROM customer EXCEPT SELECT id FROM orders INTERSECT SELECT order_id FROM line",
        "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT tree.id FROM tree, t WHERE tree.parent = t.n) SELECT * FROM t",
        "WITH a AS MATERIALIZED (SELECT * FROM orders) SELECT * FROM a x JOIN a y ON x.id = y.customer_id",
        "SELECT * FROM (SELECT customer_id, count(*) n FROM orders GROUP BY 1) s JOIN customer c ON c.id = s.customer_id",
        "SELECT * FROM customer WHERE id IN (SELECT customer_id FROM orders WHERE state = 'open')",
        "SELECT * FROM customer c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)",
        "SELECT (SELECT max(total) FROM orders), (SELECT name FROM customer c WHERE c.id = o.customer_id) FROM orders o",
        "SELECT * FROM open_order WHERE total > 7 ORDER BY name",
        "SELECT * FROM note WHERE note MATCH 'word' ORDER BY rank",
        "SELECT * FROM json_each('[1, 2]') j JOIN orders o ON o.id = j.value",
        "SELECT id, row_number() OVER (PARTITION BY state ORDER BY total) FROM orders",
        "VALUES (1), (2)",
        "SELECT 1",
        "SELECT * FROM orders INDEXED BY orders_total WHERE total = 7",
        "SELECT * FROM orders NOT INDEXED WHERE total = 7",
        "INSERT INTO tree SELECT id, id FROM customer WHERE name = 'x'",
        "UPDATE orders SET total = 1 FROM customer c WHERE c.id = orders.customer_id AND c.name = 'x'",
        "DELETE FROM orders WHERE state = 'gone' RETURNING id",
        "SELECT * FROM line WHERE order_id = 7 AND product > 3",
        "SELECT * FROM orders ORDER BY customer_id, total",
    ];
    std::fs::write(folder.path().join("queries.sql"), queries.join(";\n")).unwrap();
    let told = run(command(&["explain", "--url", "shop.db", "--json", "queries.sql"]).current_dir(folder.path()));
    let json: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let explained = json["queries"].as_array().unwrap();
    assert_eq!(explained.len(), queries.len());
    for query in explained {
        assert!(query["problem"].is_null(), "{query}");
    }
    let mut tree = String::new();
    for query in explained {
        writeln!(tree, "{}", query["query"].as_str().unwrap()).unwrap();
        let mut depths: Vec<usize> = Vec::new();
        for node in query["plan"]["nodes"].as_array().unwrap() {
            let depth = node["parent"]
                .as_u64()
                .map_or(0, |parent| depths[usize::try_from(parent).unwrap()] + 1);
            depths.push(depth);
            let text = |key: &str| node[key].as_str().unwrap_or_default();
            let conditions = node["conditions"].as_array().unwrap().iter();
            let conditions: Vec<String> = conditions
                .map(|condition| {
                    format!(
                        " [{} {}]",
                        condition["kind"].as_str().unwrap(),
                        condition["text"].as_str().unwrap()
                    )
                })
                .collect();
            let read = node["rows_read"]
                .as_f64()
                .map(|rows| format!(" {rows} read"))
                .unwrap_or_default();
            let line = [text("name"), text("relation"), text("index"), text("subquery")];
            let line: Vec<&str> = line.into_iter().filter(|part| !part.is_empty()).collect();
            writeln!(
                tree,
                "{}{}{read}{}",
                "  ".repeat(depth + 1),
                line.join(" | "),
                conditions.concat()
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!("sqlite_plans", tree);
}
