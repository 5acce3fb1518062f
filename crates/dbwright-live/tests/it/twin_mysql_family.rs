//! Snapshots and twins of MySQL and MariaDB: no value in a snapshot that was not asked for, what rights allow, and how many
//! plans on a twin are those of the filled database.

mod plan;

use std::collections::BTreeSet;

use dbwright_catalog::{Engine, SampleValues, Server, Snapshot};
use dbwright_live::capture::capture;
use dbwright_live::connect::{Connection, ReadLimits};
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};
use dbwright_live::twin::Fidelity;
use dbwright_live::twin::mysql_family::build;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Row};

use crate::servers::{MYSQL_FAMILY, installed};

/// Several kinds of tables and of indexes, with rows.
const FILLED: &str = include_str!("twin_mysql_family/filled.sql");

/// What is asked of both.
const QUERIES: &str = include_str!("twin_mysql_family/queries.sql");

/// A table with the numbers to 5000.
const NUMBERS: &str = "CREATE TABLE numbers (n INT PRIMARY KEY);
INSERT INTO numbers SELECT a.n + b.n * 10 + c.n * 100 + d.n * 1000 + 1 FROM (VALUES_) a, (VALUES_) b, (VALUES_) c, (VALUES_) d WHERE d.n < 5;";

struct Production {
    scratch: MySqlFamilyScratch,
    observer: Conn,
    database: String,
}

impl Production {
    async fn start(engine: Engine, major: u32, sql: &str) -> Self {
        let scratch = installed(engine, major).scratch().await;
        let database = scratch.create_database().await.unwrap();
        let observer = scratch.connect(&database, Who::Observer).await.unwrap();
        let mut production = Production {
            scratch,
            observer,
            database,
        };
        let digits: Vec<String> = (0..10).map(|digit| format!("SELECT {digit} AS n")).collect();
        let numbers = NUMBERS.replace("VALUES_", &digits.join(" UNION ALL "));
        production.run(&numbers).await;
        production.run(sql).await;
        production
    }

    async fn run(&mut self, sql: &str) {
        for statement in sql
            .split(";\n")
            .map(str::trim)
            .filter(|statement| !statement.is_empty())
        {
            self.observer
                .query_drop(statement)
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    async fn capture(&self, user: &str, values: &SampleValues) -> Snapshot {
        let socket = self.scratch.socket().unwrap();
        let url = format!("mysql://{user}@localhost/{}?socket={}", self.database, socket.display());
        let mut connection = Connection::open(&url.parse().unwrap(), &ReadLimits::default())
            .await
            .unwrap();
        let snapshot = capture(&mut connection, values).await.unwrap();
        connection.close().await;
        snapshot
    }
}

fn values(by_default: bool, exceptions: &[&str]) -> SampleValues {
    SampleValues {
        by_default,
        exceptions: exceptions.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Values that are easy to find again: in rows, statistics, queries and what servers keep of these.
const MARKED: &str = "
CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(40) NOT NULL, country VARCHAR(20), score INT, KEY email (email), KEY score (score));
INSERT INTO users SELECT n, CONCAT('MARKmail', n), CONCAT('MARKland', n % 5), 77700000 + n FROM numbers;
SELECT count(*) FROM users WHERE email = 'MARKquery' /* MARKcomment */;
UPDATE users SET country = \"MARKupdate\" WHERE email = 'MARKquery';
SELECT 'MARKlong' AS a, X'4D41524B' AS b, _utf8mb4'MARKintro' AS c FROM users WHERE id IN (1, 2, 3) LIMIT 5;
ANALYZE TABLE users";

fn marks(snapshot: &Snapshot) -> Vec<&'static str> {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap();
    let hexadecimal = |mark: &str| -> String {
        let bytes = mark.bytes();
        bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    };
    let text = format!("{snapshot:?}").to_lowercase();
    // Histograms of MySQL hold text in base64: that of MARKland and a digit.
    let marks = [
        ("MARKmail", "tufss21hawx"),
        ("MARKland", "tufss2xhbmq"),
        ("MARKquery", "-"),
        ("MARKcomment", "-"),
        ("MARKupdate", "-"),
        ("MARKlong", "-"),
        ("MARKintro", "-"),
        ("777000", "-"),
        ("4D41524B", "-"),
    ];
    let is_there = |(mark, other): &(&str, &str)| {
        let mark = mark.to_lowercase();
        text.contains(&mark)
            || (other.len() > 1 && text.contains(other))
            || (mark != "777000" && text.contains(&hexadecimal(&mark.to_uppercase())))
    };
    marks.into_iter().filter(is_there).map(|(mark, _)| mark).collect()
}

#[tokio::test]
async fn values_are_taken_only_where_they_were_asked_for() {
    for (engine, major) in MYSQL_FAMILY {
        let mut production = Production::start(engine, major, MARKED).await;
        production
            .run(match engine {
                Engine::MySql => "ANALYZE TABLE users UPDATE HISTOGRAM ON email, country, score WITH 8 BUCKETS",
                _ => "ANALYZE TABLE users PERSISTENT FOR ALL",
            })
            .await;
        let none = production.capture("dbwright", &values(false, &[])).await;
        assert_eq!(marks(&none), [""; 0], "{engine} {major}");
        let known = none.mysql_family.as_ref().unwrap();
        assert_eq!(known.tables.len(), 2, "{:?}", known.tables);
        assert!(
            known
                .indexes
                .iter()
                .any(|row| row.index == "email" && row.name == "n_diff_pfx01" && row.value > 4000)
        );
        assert!(known.histograms_there.unwrap() >= 3, "{engine}: {known:?}");
        assert!(
            none.relations
                .iter()
                .any(|relation| relation.name == "users" && relation.tuples > 4000.0)
        );
        let texts: Vec<&str> = none.workload.iter().map(|query| query.text.as_str()).collect();
        let of_catalogs = |text: &&&str| text.to_lowercase().contains("_schema`") || text.starts_with("SET");
        assert_eq!(
            texts.iter().find(of_catalogs),
            None,
            "what dbwright asks is none of the workload"
        );
        assert!(
            texts.iter().any(|text| text.contains("UPDATE")),
            "{engine} {major}: {texts:?}"
        );
        let users = none
            .relations
            .iter()
            .find(|relation| relation.name == "users" && relation.table.is_none());
        assert!(users.unwrap().activity.unwrap().inserted >= 5000, "{users:?}");
        assert_eq!(none.missing, [], "{engine} {major}");

        let some = production.capture("dbwright", &values(false, &["users.country"])).await;
        assert_eq!(marks(&some)[..1], ["MARKland"], "{engine} {major}");
        assert!(!marks(&some).contains(&"777000"));
        let most = production
            .capture("dbwright", &values(true, &["main.users.country"]))
            .await;
        assert!(
            !marks(&most).contains(&"MARKland") && marks(&most).contains(&"777000"),
            "{engine} {major}"
        );
        assert!(!marks(&most).contains(&"MARKquery"));
        let all = production.capture("dbwright", &values(true, &[])).await;
        let samples: Vec<&str> = all
            .workload
            .iter()
            .filter_map(|query| query.sample.as_deref())
            .collect();
        assert_eq!(
            samples.iter().any(|sample| sample.contains("MARKquery")),
            engine == Engine::MySql,
            "{engine} {major}: {samples:?}"
        );
        production.observer.disconnect().await.unwrap();
        production.scratch.stop().await.unwrap();
    }
}

/// To find the end of an index that the planner does not look at, or that descends, all of it would be read.
#[tokio::test]
async fn ends_are_asked_only_of_indexes_that_are_used() {
    for (engine, major) in MYSQL_FAMILY {
        let unused = if engine == Engine::MySql {
            "INVISIBLE"
        } else {
            "IGNORED"
        };
        let sql = format!(
            "{MARKED};\nALTER TABLE users ALTER INDEX score {unused};\n\
             CREATE TABLE reversed (id INT PRIMARY KEY, a INT, KEY a (a DESC));\nINSERT INTO reversed SELECT n, n FROM numbers"
        );
        let mut production = Production::start(engine, major, &sql).await;
        let before = reads(&mut production.observer).await;
        let snapshot = production.capture("dbwright", &values(true, &[])).await;
        let read = reads(&mut production.observer).await - before;
        let ends = &snapshot.mysql_family.as_ref().unwrap().ends;
        let columns: Vec<String> = ends
            .iter()
            .map(|ends| format!("{}.{}", ends.table, ends.column))
            .collect();
        assert_eq!(columns, ["numbers.n", "reversed.id", "users.id"], "{engine} {major}");
        assert!(
            read < 100,
            "{engine} {major}: {read} rows of the user's tables were read"
        );
        let texts: Vec<&str> = snapshot.workload.iter().map(|query| query.text.as_str()).collect();
        let again = production.capture("dbwright", &values(true, &[])).await;
        assert!(
            again.workload.iter().all(|query| texts.contains(&query.text.as_str())),
            "what dbwright asks is none of the workload: {:?}",
            again.workload
        );
        production.observer.disconnect().await.unwrap();
        production.scratch.stop().await.unwrap();
    }
}

/// How many rows of the tables of the tests were read so far, by all sessions.
async fn reads(observer: &mut Conn) -> i64 {
    let sql = "SELECT CAST(SUM(COUNT_FETCH) AS SIGNED) FROM performance_schema.table_io_waits_summary_by_table \
               WHERE OBJECT_NAME IN ('users', 'numbers', 'reversed')";
    observer.query_first::<i64, _>(sql).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_a_user_may_not_read_is_said_with_the_grant_that_helps() {
    for (engine, major) in MYSQL_FAMILY {
        let mut production = Production::start(engine, major, MARKED).await;
        let database = production.database.clone();
        production
            .run(&format!(
                "CREATE USER monitor@localhost;\nGRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON {database}.* TO monitor@localhost"
            ))
            .await;
        let taken = production.capture("monitor", &values(false, &[])).await;
        let told = format!("{:?}", taken.missing);
        for part in [
            "mysql.innodb_table_stats",
            "performance_schema.events_statements_summary_by_digest",
        ] {
            assert!(told.contains(part), "{engine} {major}: {told}");
        }
        let known = taken.mysql_family.as_ref().unwrap();
        assert!(known.tables.is_empty());
        // What is printed is what helps.
        let grants: Vec<String> = taken
            .missing
            .iter()
            .flat_map(|missing| missing.why.split('`').filter(|text| text.starts_with("GRANT ")))
            .map(str::to_owned)
            .collect();
        for grant in grants {
            production.run(&grant).await;
        }
        let granted = production.capture("monitor", &values(false, &[])).await;
        let told = format!("{:?}", granted.missing);
        assert!(
            !told.contains("GRANT") && !told.contains("refuses"),
            "{engine} {major}: {told}"
        );
        assert!(
            known
                .cardinalities
                .iter()
                .any(|row| row.index == "email" && row.values > 4000)
        );
        let twin = build(&taken, &installed(engine, major).options()).await.unwrap();
        assert!(matches!(twin.fidelity, Fidelity::Approximate(_)));
        let mut session = twin.connect().await.unwrap();
        let plan = plan(twin.server(), &mut session, "SELECT * FROM users WHERE email = 'x'").await;
        assert!(plan.contains("email"), "{engine} {major}: {plan} {:?}", twin.fidelity);
        session.disconnect().await.unwrap();
        twin.stop().await.unwrap();
        production.observer.disconnect().await.unwrap();
        production.scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_and_a_snapshot_of_another_engine_are_told() {
    for (engine, major) in MYSQL_FAMILY {
        let mut production = Production::start(engine, major, MARKED).await;
        let mut taken = production.capture("dbwright", &values(false, &[])).await;
        // Somebody changes the table: what does not wait for that is taken, and no end of an index is asked for.
        production.run("LOCK TABLES users WRITE").await;
        let socket = production.scratch.socket().unwrap();
        let url = format!(
            "mysql://dbwright@localhost/{}?socket={}",
            production.database,
            socket.display()
        );
        let limits = ReadLimits {
            lock: std::time::Duration::from_secs(1),
            ..ReadLimits::default()
        };
        let mut connection = Connection::open(&url.parse().unwrap(), &limits).await.unwrap();
        let outcome = capture(&mut connection, &values(true, &[])).await;
        let told = match outcome {
            Ok(snapshot) => format!("{:?}", snapshot.missing),
            Err(error) => error.to_string(),
        };
        assert!(
            told.to_lowercase().contains("lock wait timeout"),
            "{engine} {major}: {told}"
        );
        production.run("UNLOCK TABLES").await;

        taken.mysql_family = None;
        taken.server.engine = Engine::Sqlite;
        let error = build(&taken, &installed(engine, major).options())
            .await
            .err()
            .unwrap()
            .to_string();
        assert_eq!(error, "the snapshot is one of SQLite, and not of MySQL or MariaDB");
        production.observer.disconnect().await.unwrap();
        production.scratch.stop().await.unwrap();
        // The server is gone.
        let error = capture(&mut connection, &values(false, &[])).await.err().unwrap();
        assert!(
            matches!(error, dbwright_live::LiveError::Connect { .. }),
            "{engine} {major}: {error}"
        );
    }
}

/// How many rows of a table a plan expects to read.
async fn rows_expected(server: &Server, session: &mut Conn, query: &str) -> u64 {
    let sql = match server.engine {
        Engine::MySql => format!("EXPLAIN FORMAT=TRADITIONAL {query}"),
        _ => format!("EXPLAIN {query}"),
    };
    let row: Option<Row> = session.query_first(sql).await.unwrap();
    row.unwrap().get("rows").unwrap()
}

#[tokio::test]
async fn without_values_the_statistics_of_an_index_tell_how_many_rows_one_has() {
    let sql = "CREATE TABLE days (id INT PRIMARY KEY, year INT, note VARCHAR(20), KEY year (year));\n\
               INSERT INTO days SELECT n, 1900 + n % 50, 'note' FROM numbers;\nANALYZE TABLE days";
    // Made-up rows have other years.
    let query = "SELECT * FROM days WHERE year = 1930";
    for (engine, major) in MYSQL_FAMILY {
        let mut production = Production::start(engine, major, sql).await;
        let there = rows_expected(production.scratch.server(), &mut production.observer, query).await;
        let taken = production.capture("dbwright", &values(false, &[])).await;
        let twin = build(&taken, &installed(engine, major).options()).await.unwrap();
        let mut session = twin.connect().await.unwrap();
        let here = rows_expected(twin.server(), &mut session, query).await;
        // MariaDB takes half of what the statistics say.
        assert_eq!(there, 100, "{engine} {major}");
        assert!((50..=100).contains(&here), "{engine} {major}: {here}");
        session.disconnect().await.unwrap();
        twin.stop().await.unwrap();
        production.observer.disconnect().await.unwrap();
        production.scratch.stop().await.unwrap();
    }
}

/// How many statements all clients have sent so far.
async fn questions(observer: &mut Conn) -> u64 {
    let row: Option<(String, u64)> = observer
        .query_first("SHOW GLOBAL STATUS LIKE 'Questions'")
        .await
        .unwrap();
    row.unwrap().1
}

#[tokio::test]
async fn values_of_many_columns_are_asked_for_together() {
    let names: Vec<String> = (0..60).map(|number| format!("c{number}")).collect();
    let definitions: Vec<String> = names.iter().map(|name| format!("{name} INT")).collect();
    let values_of: Vec<&str> = names.iter().map(|_| "n % 7").collect();
    let sql = format!(
        "CREATE TABLE broad (id INT PRIMARY KEY, {});\nINSERT INTO broad SELECT n, {} FROM numbers",
        definitions.join(", "),
        values_of.join(", ")
    );
    for (engine, major) in MYSQL_FAMILY {
        let mut production = Production::start(engine, major, &sql).await;
        production
            .run(&match engine {
                Engine::MySql => format!("ANALYZE TABLE broad UPDATE HISTOGRAM ON {}", names.join(", ")),
                _ => "ANALYZE TABLE broad PERSISTENT FOR ALL".to_owned(),
            })
            .await;
        let mut asked = Vec::new();
        for wanted in [values(false, &[]), values(true, &["broad.c7"])] {
            let before = questions(&mut production.observer).await;
            let known = production.capture("dbwright", &wanted).await.mysql_family.unwrap();
            asked.push(questions(&mut production.observer).await - before);
            let of_mysql = known.histograms.iter().map(|histogram| &histogram.column);
            let of_mariadb = known.columns.iter().filter(|column| column.histogram.is_some());
            let taken: BTreeSet<&String> = of_mysql.chain(of_mariadb.map(|column| &column.column)).collect();
            for name in &names {
                let is_wanted = wanted.by_default && name != "c7";
                assert_eq!(taken.contains(name), is_wanted, "{engine} {major}: {name}");
            }
        }
        // Beside them some ends of indexes.
        assert!(asked[1] <= asked[0] + 20, "{engine} {major}: {asked:?}");
        production.observer.disconnect().await.unwrap();
        production.scratch.stop().await.unwrap();
    }
}

async fn plan(server: &Server, session: &mut Conn, query: &str) -> String {
    let steps = plan::plan(server, session, query)
        .await
        .unwrap_or_else(|error| panic!("{query}: {error}"));
    assert!(
        steps.contains("SIMPLE") || steps.contains("PRIMARY"),
        "{query}: {steps}"
    );
    steps
}

async fn plans(server: &Server, session: &mut Conn) -> Vec<String> {
    let mut plans = Vec::new();
    for query in QUERIES.lines() {
        plans.push(format!("{query}\n{}", plan(server, session, query).await));
    }
    plans
}

#[tokio::test]
async fn most_plans_of_a_twin_are_those_of_the_filled_database() {
    for (engine, major) in MYSQL_FAMILY {
        let mut production = Production::start(engine, major, FILLED).await;
        for table in ["customers", "orders", "order_lines", "products", "events", "numbers"] {
            let persistent = if engine == Engine::MariaDb {
                "PERSISTENT FOR ALL"
            } else {
                ""
            };
            production.run(&format!("ANALYZE TABLE {table} {persistent}")).await;
        }
        if engine == Engine::MySql {
            production
                .run("ANALYZE TABLE orders UPDATE HISTOGRAM ON state, total;\nANALYZE TABLE customers UPDATE HISTOGRAM ON country")
                .await;
        }
        let there = plans(production.scratch.server(), &mut production.observer).await;
        let mut shares = Vec::new();
        for wanted in [values(true, &[]), values(false, &[])] {
            let taken = production.capture("dbwright", &wanted).await;
            assert_eq!(taken.missing, [], "{engine} {major}");
            let twin = build(&taken, &installed(engine, major).options()).await.unwrap();
            let Fidelity::Approximate(reasons) = &twin.fidelity else {
                panic!("{:?}", twin.fidelity);
            };
            // That rows are made up, and which values there are.
            assert_eq!(
                reasons.len(),
                if wanted.by_default { 1 } else { 3 },
                "{engine} {major}: {reasons:?}"
            );
            let mut session = twin.connect().await.unwrap();
            let here = plans(twin.server(), &mut session).await;
            let same = there.iter().zip(&here).filter(|(there, here)| there == here).count();
            for (there, here) in there.iter().zip(&here).filter(|(there, here)| there != here) {
                println!("{engine} {major} {wanted}\nproduction: {there}\ntwin: {here}\n");
            }
            shares.push(same);
            session.disconnect().await.unwrap();
            twin.stop().await.unwrap();
        }
        println!("{engine} {major}: {shares:?} of {}", there.len());
        assert!(
            shares[0] >= 40 && shares[1] >= 27,
            "{engine} {major}: {shares:?} of {}",
            there.len()
        );
        production.observer.disconnect().await.unwrap();
        production.scratch.stop().await.unwrap();
    }
}

/// A table of the twin holds fewer rows than production's, and is planned as if it held all.
#[tokio::test]
async fn a_scan_of_a_smaller_table_reads_the_rows_of_production() {
    for (engine, major) in MYSQL_FAMILY {
        let production = Production::start(engine, major, "ANALYZE TABLE numbers").await;
        let mut snapshot = production.capture("dbwright", &values(false, &[])).await;
        let known = snapshot.mysql_family.as_mut().unwrap();
        let table = known.tables.iter_mut().find(|table| table.table == "numbers").unwrap();
        table.rows = 5_000_000;
        let twin = build(&snapshot, &installed(engine, major).options()).await.unwrap();
        let mut session = twin.connect().await.unwrap();
        let explain = match engine {
            Engine::MySql => "EXPLAIN FORMAT=TRADITIONAL",
            _ => "EXPLAIN",
        };
        let query = format!("{explain} SELECT * FROM numbers WHERE n + 0 > 1");
        let row: Row = session.query_first(query).await.unwrap().unwrap();
        let rows: u64 = row.get("rows").unwrap();
        // MySQL counts by pages.
        assert!((2_000_000..=20_000_000).contains(&rows), "{engine} {major}: {rows}");
        session.disconnect().await.unwrap();
        twin.stop().await.unwrap();
        production.scratch.stop().await.unwrap();
    }
}
