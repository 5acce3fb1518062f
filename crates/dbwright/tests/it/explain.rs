//! `dbwright explain` with a live PostgreSQL, which is a scratch server of the tests.

use dbwright_live::scratch::postgres::{PostgresScratch, Session};

use crate::command::{Run, command, dbwright, dbwright_reading, masked, project, run};
use crate::schema_postgres::production;

/// A shop with orders, of which few are open.
async fn shop() -> (PostgresScratch, Session, String) {
    let (server, session, url) = production().await;
    for sql in [
        "CREATE TABLE public.customer (id integer PRIMARY KEY, name text NOT NULL);
         CREATE TABLE public.orders (id integer PRIMARY KEY, customer_id integer, state text NOT NULL);
         INSERT INTO public.customer SELECT n, 'customer ' || n FROM generate_series(1, 20000) n;
         INSERT INTO public.orders SELECT n, n % 2000 + 1, CASE WHEN n % 1000 = 0 THEN 'open' ELSE 'done' END
         FROM generate_series(1, 20000) n;
         CREATE FUNCTION public.noted(integer) RETURNS integer LANGUAGE sql STABLE AS 'SELECT $1'",
        "VACUUM ANALYZE",
    ] {
        session.client.batch_execute(sql).await.unwrap();
    }
    (server, session, url)
}

/// The text without times, which differ from run to run.
fn shown(run: &Run) -> String {
    masked(&run.shown())
}

#[tokio::test]
async fn plans_and_what_insights_tell_of_them() {
    let (server, session, url) = shop().await;
    let queries = "-- name: Open\nSELECT id FROM orders WHERE customer_id = $1;\n\n\
                   SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM orders WHERE state = 'open');\n\
                   SELECT * FROM nowhere;\n";
    let folder = project(&[("queries.sql", queries)]);
    let told = run(command(&["explain", "--url", &url, "queries.sql"]).current_dir(folder.path()));
    insta::assert_snapshot!("plans", shown(&told));

    let told = dbwright_reading(queries.as_bytes(), &["explain", "--url", &url, "--json", "-"]);
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    let json: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(json["planner"], "live");
    assert!(!told.stdout.contains("-0.0"), "{}", told.stdout);
    assert_eq!(
        json["queries"][0]["findings"][0]["insight"],
        "sequential-scan-for-few-rows"
    );
    assert_eq!(json["queries"][0]["plan"]["nodes"][0]["relation"], "orders");
    assert_eq!(json["queries"][1]["place"], "-:4");
    assert!(json["queries"][2]["problem"].as_str().unwrap().contains("nowhere"));
    session.close().await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_twin_plans_and_shows_what_would_help() {
    let (server, session, url) = shop().await;
    let folder = project(&[]);
    let captured = run(command(&["capture", &url, "-o", "shop.dbsnap", "--values", "all"]).current_dir(folder.path()));
    assert_eq!(captured.code, Some(0), "{}", captured.stderr);
    session.close().await;
    server.stop().await.unwrap();
    let query = "SELECT id FROM orders WHERE state = 'open'";
    let told = run(command(&["explain", "--on", "shop.dbsnap", query]).current_dir(folder.path()));
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    for part in [
        "planned by a twin on PostgreSQL 18",
        "20 rows expected",
        "warning[sequential-scan-for-few-rows]: All 20,000 rows of orders are read to find about 20",
        "CREATE INDEX ON public.orders (state)",
        "The plan then: cost ",
        "by orders_state_idx",
    ] {
        assert!(told.stdout.contains(part), "{part}\n{}", told.stdout);
    }
}

#[tokio::test]
async fn only_what_is_proven_to_read_only_is_run() {
    let (server, session, url) = shop().await;
    for (query, reason) in [
        ("SELECT count(*) FROM orders", None),
        ("SELECT lower(name), random() FROM customer LIMIT 1", None),
        ("DELETE FROM orders", Some("it writes")),
        (
            "WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone",
            Some("it writes"),
        ),
        (
            "SELECT pg_advisory_lock(7)",
            Some("pg_advisory_lock() may do more than read"),
        ),
        (
            "SELECT * FROM orders WHERE id = public.noted(7)",
            Some("noted() is not one of the server's own functions"),
        ),
        ("SELECT id FROM orders FOR UPDATE", Some("its plan has a LockRows")),
        (
            "SELECT query_to_xml('SELECT 1', true, true, '')",
            Some("query_to_xml() runs text as a query"),
        ),
        (
            "SELECT id FROM orders WHERE id = $1",
            Some("its parameters have no values"),
        ),
        (
            "SELECT 1 FROM orders LIMIT pg_advisory_lock(7)::text::int",
            Some("pg_advisory_lock() may do more than read"),
        ),
    ] {
        let told = dbwright(&["explain", "--url", &url, "--analyze", "--json", query]);
        assert_eq!(told.code, Some(0), "{query}\n{}{}", told.stdout, told.stderr);
        let json: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
        let explained = &json["queries"][0];
        let notes = explained["notes"].to_string();
        assert_eq!(
            explained["plan"]["execution_ms"].is_number(),
            reason.is_none(),
            "{query}: {notes}"
        );
        if let Some(reason) = reason {
            assert!(notes.contains(reason), "{query}: {notes}");
        }
    }
    let rows = session
        .client
        .query_one("SELECT count(*) FROM public.orders", &[])
        .await
        .unwrap();
    assert_eq!(rows.get::<_, i64>(0), 20_000);
    session.close().await;
    server.stop().await.unwrap();
}

#[test]
fn a_plan_from_elsewhere_is_told() {
    let plan = r#"[{"Query Text": "SELECT * FROM visit ORDER BY page", "Plan": {"Node Type": "Sort", "Startup Cost": 10.0,
        "Total Cost": 20.0, "Plan Rows": 1000, "Plan Width": 100, "Actual Total Time": 90.0, "Actual Rows": 100000,
        "Actual Loops": 1, "Sort Key": ["page"], "Sort Method": "external merge", "Sort Space Used": 9000,
        "Sort Space Type": "Disk", "Plans": [{"Node Type": "Seq Scan", "Parent Relationship": "Outer",
        "Relation Name": "visit", "Alias": "visit", "Startup Cost": 0.0, "Total Cost": 9.0, "Plan Rows": 1000,
        "Plan Width": 100, "Actual Total Time": 20.0, "Actual Rows": 100000, "Actual Loops": 1}]},
        "Planning Time": 0.1, "Execution Time": 91.0}]"#;
    let folder = project(&[("plan.json", plan), ("broken.json", "{\"Plan\": 1")]);
    let told = run(command(&["explain", "--plan", "plan.json", "--plan", "broken.json"]).current_dir(folder.path()));
    insta::assert_snapshot!("a_plan_from_elsewhere", told.shown());
}

#[test]
fn what_is_no_request_is_wrong_use() {
    let folder = project(&[("foreign.dbsnap", "something else")]);
    for (arguments, said) in [
        (&["explain"][..], "nobody is named who makes the plans"),
        (&["explain", "SELECT 1"], "nobody is named who makes the plans"),
        (
            &["explain", "--url", "postgres://a@localhost/b"],
            "there is no query to explain",
        ),
        (
            &["explain", "--url", "postgres://a@localhost/b", "queries.sql"],
            "neither a query nor a file",
        ),
        (
            &["explain", "--url", "nothing", "SELECT 1"],
            "not the URL of a database",
        ),
    ] {
        let told = run(command(arguments).current_dir(folder.path()));
        assert_eq!(told.code, Some(2), "{arguments:?}: {}", told.stderr);
        assert!(told.stderr.contains(said), "{arguments:?}: {}", told.stderr);
    }
    let told = run(command(&["explain", "--on", "foreign.dbsnap", "SELECT 1"]).current_dir(folder.path()));
    assert_eq!(told.code, Some(3), "{}", told.stderr);
}
