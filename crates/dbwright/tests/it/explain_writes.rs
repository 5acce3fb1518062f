//! `dbwright explain` of statements that write and of queries with parameters, as people read it.

use dbwright_catalog::Engine;

use crate::command::project;
use crate::schema_mysql_family::{Live, dbwright};

const SHOP: &str = "CREATE TABLE digit (n int PRIMARY KEY); INSERT INTO digit VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9); \
    CREATE TABLE customer (id int PRIMARY KEY, email varchar(50) NOT NULL); \
    INSERT INTO customer SELECT a.n + 10 * b.n + 1, concat('c', a.n + 10 * b.n + 1, '@example.org') FROM digit a, digit b; \
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, state enum('open', 'done') NOT NULL, total int NOT NULL, \
      placed_at datetime NOT NULL, KEY orders_customer (customer_id)) STATS_SAMPLE_PAGES = 1000; \
    INSERT INTO orders SELECT n, n % 100 + 1, 'done', n, '2026-01-01' + INTERVAL n MINUTE \
      FROM (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n FROM digit a, digit b, digit c, digit d WHERE d.n < 2) x ORDER BY n; \
    CREATE TABLE archive LIKE orders; ANALYZE TABLE customer, orders";

const STATEMENTS: &str = "-- name: Cancel\nUPDATE orders SET state = ?, total = 0 WHERE total = ? AND customer_id <> ?;\n\
    SELECT id, total FROM orders WHERE customer_id = :customer AND placed_at >= :since ORDER BY placed_at DESC LIMIT :many;\n\
    INSERT INTO archive SELECT * FROM orders WHERE customer_id IN (?, ?);\n\
    INSERT INTO archive (id, customer_id, state, total, placed_at) VALUES (?, ?, ?, ?, ?);\n\
    DELETE o FROM orders o JOIN customer c ON c.id = o.customer_id WHERE c.email = ?;\n\
    SELECT * FROM ? WHERE id = 1;\n";

#[tokio::test]
async fn statements_that_write_and_parameters_are_told() {
    for (engine, version, name) in [(Engine::MySql, "9.", "mysql"), (Engine::MariaDb, "11.", "mariadb")] {
        let mut live = Live::start(engine, version).await;
        live.run(SHOP).await;
        live.run("GRANT UPDATE, INSERT, DELETE ON *.* TO app@localhost").await;
        let folder = project(&[("statements.sql", STATEMENTS)]);
        let arguments = ["explain", "--url", live.url.as_str(), "statements.sql"];
        let told = dbwright(&folder, &arguments, "11.");
        insta::assert_snapshot!(format!("writes_{name}"), told.shown());
        let json = dbwright(&folder, &[&arguments[..], &["--json"]].concat(), "11.");
        let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(
            json["queries"][0]["parameters"],
            serde_json::json!([
                {"stands_for": null, "value": "1", "origin": "written"},
                {"stands_for": "orders.total", "value": "1", "origin": "type"},
                {"stands_for": "orders.customer_id", "value": "1", "origin": "type"},
            ])
        );
        live.stop().await;
    }
}
