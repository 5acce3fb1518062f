//! What insights propose instead of a query gives the same rows, on real servers: of the examples of their pages, and of
//! queries that are made to be hard (NULL, nothing found, several rows that are the same).

use std::collections::BTreeSet;

use dbwright_advise::INSIGHTS;
use dbwright_catalog::{Engine, PlanChangeKind};
use dbwright_engineer::{ExplainOn, ExplainRequest, Passwords, QueryText, ReadLimits, explain};
use dbwright_live::scratch::mysql_family::Who as MySqlFamilyWho;
use dbwright_live::scratch::postgres::Who;
use dbwright_live::scratch::{Scratch, ScratchOptions};
use mysql_async::prelude::Queryable as _;
use tokio_postgres::SimpleQueryMessage;

use crate::insights::set_up;
use crate::servers;

type Rows = Vec<Vec<Option<String>>>;

/// Tables with what makes rewrites go wrong. A moment is `AT '…'`.
const HARD: &str = "
    CREATE TABLE customer (id INTEGER PRIMARY KEY, email VARCHAR(40), name VARCHAR(40));
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, reference VARCHAR(40), total INTEGER, placed_at TIMESTAMP);
    CREATE TABLE blocked (customer_id INTEGER, why VARCHAR(40));
    INSERT INTO customer WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 900)
      SELECT n, CASE WHEN n % 7 = 0 THEN NULL ELSE concat('e', n % 300) END, concat('customer ', n) FROM g;
    INSERT INTO orders SELECT c.id * 10 + d.id, CASE WHEN c.id % 11 = 0 THEN NULL ELSE c.id END,
      CASE WHEN d.id = 5 THEN NULL ELSE concat('r', c.id % 450) END, CASE WHEN d.id % 2 = 0 THEN NULL ELSE c.id END,
      CASE WHEN c.id % 13 = 0 THEN NULL WHEN d.id < 4 THEN AT '2026-01-05 00:00:00' ELSE AT '2026-01-06 00:00:00' END
      FROM customer c, customer d WHERE d.id < 9 AND c.id % 5 < 4;
    INSERT INTO blocked SELECT id, 'x' FROM customer WHERE id % 10 = 0;
    CREATE INDEX customer_email ON customer (email);
    CREATE INDEX orders_reference ON orders (reference);
    CREATE INDEX orders_customer ON orders (customer_id);
    CREATE INDEX orders_placed ON orders (placed_at);
";

/// Queries on these.
const HARD_QUERIES: [&str; 10] = [
    "SELECT o.id, c.email FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.reference = 'r7' OR c.email = 'e9'",
    "SELECT o.reference, c.email FROM orders o JOIN customer c ON c.id = o.customer_id \
     WHERE (o.reference = 'r7' OR c.email = 'e7') AND (o.total > 5)",
    "SELECT c.name, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) FROM customer c",
    "SELECT c.name, (SELECT sum(o.total) FROM orders o WHERE o.customer_id = c.id) AS s FROM customer c",
    "SELECT c.name, (SELECT count(o.total) FROM orders o WHERE o.customer_id = c.id AND o.total > 100) FROM customer c",
    "SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM blocked)",
    "SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM blocked WHERE why = 'y') AND id < 500",
    "SELECT count(*) > 0 FROM orders WHERE total > 3",
    "SELECT 1 WHERE (SELECT count(*) FROM orders WHERE total < 0) = 0",
    "SELECT id FROM orders WHERE date(placed_at) = '2026-01-05'",
];

/// The rows that a query gives, in no order.
async fn rows(scratch: &Scratch, database: &str, sql: &str) -> Rows {
    let mut rows: Rows = match scratch {
        Scratch::Postgres(scratch) => {
            let session = scratch.connect(database, Who::Observer).await.unwrap();
            session.client.batch_execute("SET search_path = public").await.unwrap();
            let answer = session.client.simple_query(sql).await;
            let answer = answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            let rows = answer.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            });
            rows.map(|row| (0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect())
                .collect()
        }
        Scratch::MySqlFamily(scratch) => {
            let mut session = scratch.connect(database, MySqlFamilyWho::Observer).await.unwrap();
            let answer: Vec<mysql_async::Row> = session.query(sql).await.unwrap();
            let rows = answer.into_iter().map(|row| {
                let values = row.unwrap().into_iter();
                values.map(mysql_async::from_value).collect()
            });
            rows.collect()
        }
        Scratch::Sqlite(_) => {
            let connection = rusqlite::Connection::open(database).unwrap();
            let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| {
                (0..columns)
                    .map(|index| {
                        let value: rusqlite::types::Value = row.get(index)?;
                        Ok((value != rusqlite::types::Value::Null).then(|| format!("{value:?}")))
                    })
                    .collect()
            });
            rows.unwrap().collect::<rusqlite::Result<Rows>>().unwrap()
        }
    };
    rows.sort();
    rows
}

/// The query for a page behind another, with the last row of that one in place of its parameters.
async fn behind_the_last(scratch: &Scratch, database: &str, query: &str, rewritten: &str) -> Option<String> {
    let (before, offset) = query.rsplit_once(" OFFSET ")?;
    let (before, _) = before.rsplit_once(" LIMIT ")?;
    let (_, order) = before.rsplit_once(" ORDER BY ")?;
    let columns = order.replace(" DESC", "");
    let (_, from) = before.split_once(" FROM ")?;
    let last: u64 = offset.trim().parse().ok()?;
    let sql = format!("SELECT {columns} FROM {from} LIMIT 1 OFFSET {}", last - 1);
    let rows = rows(scratch, database, &sql).await;
    let mut text = rewritten.to_owned();
    for (index, value) in rows.first()?.iter().enumerate() {
        let value = value.as_deref().unwrap_or("NULL");
        let value = value.trim_start_matches("Text(\"").trim_start_matches("Integer(");
        let value = format!("'{}'", value.trim_end_matches(['"', ')']));
        let number = index + 1;
        text = text
            .replace(&format!("${number}"), &value)
            .replace(&format!(":last_{number}"), &value);
    }
    // A number stays one also where columns have no types.
    Some(text)
}

/// Compares each query that insights propose with what was asked. Given back are the insights that proposed one.
async fn compare(scratch: &Scratch, database: &str, queries: &[String]) -> BTreeSet<String> {
    let mut proposed = BTreeSet::new();
    let request = ExplainRequest {
        on: ExplainOn::Live {
            url: servers::url(scratch, database).await,
            passwords: Passwords::default(),
            limits: ReadLimits::default(),
            run: false,
            values: false,
        },
        queries: queries
            .iter()
            .map(|sql| QueryText {
                sql: sql.clone(),
                place: None,
            })
            .collect(),
        plans: Vec::new(),
    };
    for (query, explained) in queries.iter().zip(explain(&request).await.unwrap().queries) {
        let plan = explained.outcome.unwrap_or_else(|problem| panic!("{query}: {problem}"));
        for finding in plan.findings {
            let change = finding.change.filter(|change| change.kind == PlanChangeKind::Query);
            let Some(change) = change else { continue };
            let sql = if finding.insight == "offset-pagination" {
                match behind_the_last(scratch, database, query, &change.sql).await {
                    Some(sql) => sql,
                    None => continue,
                }
            } else {
                change.sql
            };
            let (asked, instead) = (
                rows(scratch, database, query).await,
                rows(scratch, database, &sql).await,
            );
            let same = asked == instead;
            assert!(
                same || asked.len() + instead.len() < 20 && is_truth(&asked) == is_truth(&instead),
                "{}: {query}\n{} rows\n=> {sql}\n{} rows",
                finding.insight,
                asked.len(),
                instead.len()
            );
            proposed.insert(finding.insight);
        }
    }
    proposed
}

/// A single answer of yes or no, however it is written.
fn is_truth(rows: &Rows) -> Option<bool> {
    match rows.as_slice() {
        [row] if row.len() == 1 => match row[0].as_deref() {
            Some("t" | "1" | "Integer(1)") => Some(true),
            Some("f" | "0" | "Integer(0)") => Some(false),
            _ => None,
        },
        _ => None,
    }
}

async fn proposed(scratch: &Scratch) -> BTreeSet<String> {
    let server = scratch.server().clone();
    let mut proposed = BTreeSet::new();
    for insight in INSIGHTS {
        for example in insight.examples() {
            let is_of_server = example.engine == server.engine && example.holds_for(server.version.major);
            if !is_of_server || !example.told || example.kept || example.analyze || example.query.contains('$') {
                continue;
            }
            let database = set_up(scratch, insight.name, &example.setup).await;
            let queries = [example.query.replace("OFFSET ?", "OFFSET 20000")];
            proposed.extend(compare(scratch, &database, &queries).await);
        }
    }
    let moment = if server.engine == Engine::Postgres {
        "TIMESTAMP '"
    } else {
        "'"
    };
    let database = set_up(scratch, "hard", &HARD.replace("AT '", moment)).await;
    let queries: Vec<String> = HARD_QUERIES.map(str::to_owned).to_vec();
    proposed.extend(compare(scratch, &database, &queries).await);
    proposed
}

#[tokio::test(flavor = "multi_thread")]
async fn rewrites_give_the_same_rows_on_postgres() {
    let scratch = Scratch::Postgres(Box::new(servers::scratch(servers::majors()[0]).await));
    let proposed = proposed(&scratch).await;
    assert_eq!(
        proposed.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "correlated-subquery",
            "count-for-existence",
            "function-on-column",
            "implicit-cast",
            "materialised-cte",
            "not-in-subquery",
            "offset-pagination",
            "or-across-columns",
            "partitions-not-pruned",
        ]
    );
    scratch.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rewrites_give_the_same_rows_on_sqlite() {
    let options = ScratchOptions {
        cache: servers::cache(),
        ..ScratchOptions::default()
    };
    let scratch = Scratch::start(Engine::Sqlite, &options).await.unwrap();
    let proposed = proposed(&scratch).await;
    assert_eq!(
        proposed.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "count-for-existence",
            "implicit-cast",
            "materialised-cte",
            "not-in-subquery",
            "offset-pagination",
            "or-across-columns",
        ]
    );
    scratch.stop().await.unwrap();
}
