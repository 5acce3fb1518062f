//! Hypothetical indexes on a twin: the size and the plans of a real one on the filled database.

use dbwright_catalog::SampleValues;
use dbwright_live::capture::capture;
use dbwright_live::connect::{Connection, ReadLimits};
use dbwright_live::scratch::postgres::{Session, Who};
use dbwright_live::twin::postgres::build;

use crate::servers;

const FILLED: &str = "
    CREATE SCHEMA app;
    CREATE TABLE app.users (id int PRIMARY KEY, email text NOT NULL, country text, born date, tags text[], place point,
        span int4range, search tsvector, code uuid, amount numeric);
    INSERT INTO app.users SELECT i, 'mail'||i||'@example.org', (ARRAY['at','de','fr','nl'])[1+(i%7*3)%4],
        CASE WHEN i%10>0 THEN date '1960-01-01'+(i%12000) END, ARRAY['tag'||i%50,'t'||i%7], point(i%1000,i/1000),
        int4range(i%1000,i%1000+i%50+1), to_tsvector('simple','word'||i%300||' w'||i%1000), md5(i::text)::uuid, i%1000/7.0
        FROM generate_series(1,80000) i;
    CREATE TABLE app.events (at date NOT NULL, kind int, payload text) PARTITION BY RANGE (at);
    CREATE TABLE app.events_1 PARTITION OF app.events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE app.events_2 PARTITION OF app.events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
    INSERT INTO app.events SELECT date '2020-01-01'+i%700, i%13, 'p'||i FROM generate_series(1,60000) i;
    CREATE MATERIALIZED VIEW app.days AS SELECT at, count(*) AS n FROM app.events GROUP BY at;
    VACUUM ANALYZE app.users, app.events, app.events_1, app.events_2, app.days";

/// The index, a query that it serves, and by how much its size may differ from the real one, in parts of a hundred. Where it
/// may not differ the plans are the same to the last digit.
const INDEXES: [(&str, &str, u64); 18] = [
    (
        "CREATE INDEX wanted ON app.users (email)",
        "email = 'mail7@example.org'",
        2,
    ),
    ("CREATE INDEX wanted ON app.users (born)", "born = '1970-01-01'", 6),
    (
        "CREATE INDEX wanted ON app.users (country)",
        "country = 'de' ORDER BY country LIMIT 5",
        3,
    ),
    (
        "CREATE UNIQUE INDEX wanted ON app.users (code)",
        "code = md5('7')::uuid",
        1,
    ),
    (
        "CREATE INDEX CONCURRENTLY wanted ON app.users (country, born)",
        "country = 'at' AND born = '1970-01-01'",
        6,
    ),
    (
        "CREATE INDEX wanted ON app.users (born) INCLUDE (email)",
        "born = '1970-01-01'",
        6,
    ),
    ("CREATE INDEX wanted ON app.users (amount DESC)", "amount = 1", 6),
    (
        "CREATE INDEX wanted ON app.users (id) WHERE country = 'at'",
        "id < 500 AND country = 'at'",
        4,
    ),
    (
        "CREATE INDEX wanted ON app.users (lower(email))",
        "lower(email) = 'mail7@example.org'",
        4,
    ),
    (
        "CREATE INDEX wanted ON app.users USING hash (email)",
        "email = 'mail7@example.org'",
        2,
    ),
    (
        "CREATE INDEX wanted ON app.users USING hash (country)",
        "country = 'de'",
        15,
    ),
    (
        "CREATE INDEX wanted ON app.users USING brin (born) WITH (pages_per_range = 4)",
        "born = '1970-01-01'",
        30,
    ),
    (
        "CREATE INDEX wanted ON app.users USING gin (tags)",
        "tags @> ARRAY['tag7']",
        60,
    ),
    (
        "CREATE INDEX wanted ON app.users USING gin (search)",
        "search @@ 'word5'::tsquery",
        60,
    ),
    (
        "CREATE INDEX wanted ON app.users USING gist (place)",
        "place <@ box '((10,10),(50,50))'",
        30,
    ),
    ("CREATE INDEX wanted ON app.users USING gist (span)", "span @> 500", 60),
    (
        "CREATE INDEX wanted ON app.users USING spgist (span)",
        "span @> 500",
        60,
    ),
    (
        "CREATE INDEX wanted ON app.users USING spgist (email)",
        "email = 'mail7@example.org'",
        60,
    ),
];

async fn plan(session: &Session, condition: &str) -> Vec<String> {
    let sql =
        format!("BEGIN; SET LOCAL enable_seqscan = off; EXPLAIN SELECT * FROM app.users WHERE {condition}; ROLLBACK");
    let answer = session.client.simple_query(&sql).await.unwrap();
    let lines = answer.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    lines.collect()
}

/// What is done, without what it costs.
fn shape(plan: &[String]) -> Vec<&str> {
    plan.iter().map(|line| line.split("  (cost=").next().unwrap()).collect()
}

#[tokio::test]
async fn a_hypothetical_index_is_as_large_as_a_real_one_and_plans_as_it() {
    for major in servers::majors() {
        let production = servers::scratch(major).await;
        let database = production.create_database().await.unwrap();
        let filled = production.connect(&database, Who::Observer).await.unwrap();
        for statement in FILLED.split(";\n") {
            filled.client.batch_execute(statement).await.unwrap();
        }
        let folder = production.socket_folder().unwrap();
        let url = format!("postgres://dbwright@/{database}?host={}", folder.display());
        let mut connection = Connection::open(&url.parse().unwrap(), &ReadLimits::default())
            .await
            .unwrap();
        let all = SampleValues {
            by_default: true,
            exceptions: Vec::new(),
        };
        let snapshot = capture(&mut connection, &all).await.unwrap();
        connection.close().await;
        let twin = build(&snapshot, &servers::scratch_options(major)).await.unwrap();
        let session = twin.scratch.connect(&twin.database, Who::Observer).await.unwrap();
        let mut troubles = Vec::new();
        for (index, condition, tolerance) in INDEXES {
            let before = plan(&session, condition).await;
            filled.client.batch_execute(index).await.unwrap();
            let real: i64 = filled
                .client
                .query_one("SELECT pg_relation_size('app.wanted')", &[])
                .await
                .unwrap()
                .get(0);
            let real = u64::try_from(real).unwrap();
            let there = plan(&filled, condition).await;
            filled.client.batch_execute("DROP INDEX app.wanted").await.unwrap();

            let made = twin.add_index(index).await.unwrap();
            assert_eq!((made.len(), made[0].name.as_str()), (1, "wanted"));
            let here = plan(&session, condition).await;
            twin.drop_index("app", "wanted").await.unwrap();
            assert_eq!(plan(&session, condition).await, before, "{index}");
            let bytes = made[0].bytes;
            let is_large = bytes.abs_diff(real) * 100 <= real * tolerance;
            if !is_large || shape(&there) != shape(&here) || (bytes == real && there[0] != here[0]) {
                troubles.push(format!(
                    "{major}: {index}: {} pages, really {}\n{}\n{}",
                    bytes / 8192,
                    real / 8192,
                    here.join("\n"),
                    there.join("\n")
                ));
            } else {
                println!(
                    "{major}: {index}: {} pages, really {}; {} {}",
                    bytes / 8192,
                    real / 8192,
                    here[0],
                    there[0]
                );
            }
        }
        assert!(troubles.is_empty(), "{}", troubles.join("\n\n"));

        // One for each partition; and what can't be made says why and leaves nothing.
        let made = twin.add_index("CREATE INDEX ON events (kind)").await.unwrap();
        let tables: Vec<&str> = made.iter().map(|index| index.table.as_str()).collect();
        assert_eq!(tables, ["events_1", "events_2"]);
        let made = twin.add_index("CREATE INDEX ON app.days (n)").await.unwrap();
        assert_eq!((made[0].table.as_str(), made[0].rows), ("days", 700));
        for (wrong, why) in [
            ("DROP TABLE app.users", "CREATE INDEX"),
            ("CREATE INDEX ON app.users (nothing)", "\"nothing\" does not exist"),
            ("CREATE INDEX ON app.nobody (id)", "no table nobody"),
        ] {
            let error = twin.add_index(wrong).await.unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        let size = "SELECT pg_relation_size('app.users')";
        let there: i64 = filled.client.query_one(size, &[]).await.unwrap().get(0);
        let here: i64 = session.client.query_one(size, &[]).await.unwrap().get(0);
        assert_eq!(there, here);
        filled.close().await;
        session.close().await;
        production.stop().await.unwrap();
        twin.stop().await.unwrap();
    }
}
