//! Whether plans of the running release's queries get worse, on twins of snapshots that were taken of real databases.

use std::path::Path;

use dbwright_catalog::{CostUnit, Engine, Finding, PlanComparison, QueryOrigin, SampleValues, Snapshot};
use dbwright_engineer::{BinDirs, CaptureRequest, CheckAnswer, CheckRequest, Passwords, ReadLimits, capture};
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who as MySqlFamilyWho};
use dbwright_live::scratch::postgres::{PostgresScratch, Who};
use dbwright_rules::{ExampleKind, RULES};
use mysql_async::prelude::Queryable as _;

use crate::queries::{checked, request};
use crate::repository::Repository;
use crate::servers;

/// A server for production.
#[derive(Clone, Copy)]
enum Production<'a> {
    Postgres(&'a PostgresScratch),
    MySqlFamily(&'a MySqlFamilyScratch),
    Sqlite,
}

/// It, and a folder in which measured rates and prepared servers stay.
type Ground<'a> = (Production<'a>, &'a Path);

impl Production<'_> {
    fn engine(self) -> Engine {
        match self {
            Production::Postgres(_) => Engine::Postgres,
            Production::MySqlFamily(scratch) => scratch.server().engine,
            Production::Sqlite => Engine::Sqlite,
        }
    }

    fn bin_dirs(self) -> BinDirs {
        match self {
            Production::Postgres(scratch) => BinDirs {
                postgres: vec![servers::postgres(scratch.server().version.major)],
                ..BinDirs::default()
            },
            Production::MySqlFamily(scratch) => {
                let server = scratch.server();
                servers::mysql_family_bin(server.engine, server.version.major).1
            }
            Production::Sqlite => BinDirs::default(),
        }
    }

    /// The snapshot of a database that holds what a text makes.
    async fn snapshot_of(self, sql: &str, values: bool) -> Snapshot {
        match self {
            Production::Postgres(scratch) => {
                let database = scratch.create_database().await.unwrap();
                let session = scratch.connect(&database, Who::Migrator).await.unwrap();
                session.client.batch_execute(sql).await.unwrap();
                let folder = scratch.socket_folder().unwrap();
                let url = format!(
                    "postgres://{}@/{database}?host={}",
                    scratch.migrator(),
                    folder.display()
                );
                let snapshot = captured(url, values).await;
                session.close().await;
                scratch.drop_database(&database).await.unwrap();
                snapshot
            }
            Production::MySqlFamily(scratch) => {
                let database = scratch.create_database().await.unwrap();
                let mut session = scratch.connect(&database, MySqlFamilyWho::Migrator).await.unwrap();
                for statement in sql.split(';').filter(|statement| !statement.trim().is_empty()) {
                    session.query_drop(statement).await.unwrap();
                }
                let socket = scratch.socket().unwrap();
                let url = format!("mysql://dbwright@localhost/{database}?socket={}", socket.display());
                let snapshot = captured(url, values).await;
                session.disconnect().await.unwrap();
                scratch.drop_database(&database).await.unwrap();
                snapshot
            }
            Production::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("shop.db");
                let connection = rusqlite::Connection::open(&path).unwrap();
                connection.execute_batch(sql).unwrap();
                captured(path.display().to_string(), values).await
            }
        }
    }
}

async fn captured(url: String, values: bool) -> Snapshot {
    let request = CaptureRequest {
        url,
        values: SampleValues {
            by_default: values,
            exceptions: Vec::new(),
        },
        passwords: Passwords::default(),
        limits: ReadLimits::default(),
    };
    capture(&request)
        .await
        .unwrap_or_else(|error| panic!("{}", error.message()))
}

/// A check of migrations after what the setup makes, with queries of the running release and a snapshot of production.
async fn planned(
    (production, cache): Ground<'_>,
    setup: &str,
    migrations: &[&str],
    query: &str,
    snapshot: &Snapshot,
) -> CheckAnswer {
    let repository = Repository::with_git();
    repository
        .write(".gitignore", ".cache\n")
        .write("db/migrations/1_setup.sql", setup)
        .write("db/queries/app.sql", query)
        .commit()
        .branch("work");
    for (index, migration) in migrations.iter().enumerate() {
        repository.write(&format!("db/migrations/{}_new.sql", index + 2), migration);
    }
    let request = CheckRequest {
        snapshot: Some(snapshot.clone()),
        cache: cache.to_owned(),
        ..request(&repository, production.engine(), production.bin_dirs())
    };
    checked(&request).await.0
}

fn comparison(answer: &CheckAnswer) -> &PlanComparison {
    let release = &answer.review.sections[0].release;
    let plans = release.plans.as_ref();
    plans.unwrap_or_else(|| panic!("nothing was compared: {:?}", release.not_done))
}

fn worse(answer: &CheckAnswer) -> Vec<&Finding> {
    let findings = &answer.review.sections[0].findings;
    findings.iter().filter(|finding| finding.rule == "plan-worse").collect()
}

async fn examples(ground: Ground<'_>) {
    let engine = ground.0.engine();
    for rule in RULES.iter().filter(|rule| rule.judges_plans()) {
        let mut snapshots: Vec<(String, Snapshot)> = Vec::new();
        for example in rule.examples().into_iter().filter(|example| example.engine == engine) {
            let setup = example.setup.clone().unwrap();
            if !snapshots.iter().any(|(of, _)| *of == setup) {
                let snapshot = ground.0.snapshot_of(&setup, true).await;
                snapshots.push((setup.clone(), snapshot));
            }
            let (_, snapshot) = snapshots.iter().find(|(of, _)| *of == setup).unwrap();
            let (head, migration) = example.sql.split_once("-- Migration:\n").expect("both parts are there");
            let (_, query) = head.split_once(" asks:\n").expect("somebody asks");
            let answer = planned(ground, &setup, &[migration], query, snapshot).await;
            let told = format!("{engine}: {}\n{:?}", example.sql, answer.review.sections[0].release);
            let not_planned = &comparison(&answer).not_planned;
            assert!(not_planned.iter().all(|(query, _)| *query > 0), "{told}");
            assert_eq!(
                worse(&answer).len(),
                usize::from(example.kind == ExampleKind::Bad),
                "{told}"
            );
        }
    }
}

const ORDERS: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, note text); \
                      INSERT INTO orders SELECT n, n / 10, repeat('x', 50) FROM generate_series(1, 100000) n; \
                      CREATE INDEX orders_customer ON orders (customer_id); ANALYZE orders;";

/// The plan after a change of the type is that of a table with rows: without its statistics another one would be taken.
async fn names_and_types_are_followed(ground: Ground<'_>) {
    let snapshot = ground.0.snapshot_of(ORDERS, false).await;
    let query = "SELECT note FROM orders WHERE customer_id = $1";
    let migration = "ALTER TABLE orders RENAME COLUMN note TO remark; ALTER TABLE orders ADD COLUMN note text; \
                     ALTER TABLE orders ALTER COLUMN customer_id TYPE integer;";
    let answer = planned(ground, ORDERS, &[migration], query, &snapshot).await;
    let plans = comparison(&answer);
    assert_eq!((plans.compared, plans.worse.len()), (1, 0), "{plans:?}");

    let answer = planned(ground, ORDERS, &["DROP INDEX orders_customer;"], query, &snapshot).await;
    let worse = &comparison(&answer).worse[0];
    assert!(worse.cost_before < 100.0 && worse.cost_after > 1000.0, "{worse:?}");
    assert_eq!(worse.because.as_deref(), Some("drops the index orders_customer"));

    production_has_it_already(ground, ORDERS, "DROP INDEX orders_customer;", query).await;
    the_migration_since_which_it_is_worse_is_named(ground, query).await;
}

/// Each of two indexes would do: it is worse once both are gone.
async fn the_migration_since_which_it_is_worse_is_named(ground: Ground<'_>, query: &str) {
    let setup = format!("{ORDERS} CREATE INDEX orders_customer_id ON orders (customer_id, id);");
    let snapshot = ground.0.snapshot_of(&setup, false).await;
    let migrations = [
        "DROP INDEX orders_customer;",
        "ALTER TABLE orders ADD COLUMN state text;",
        "DROP INDEX orders_customer_id;",
        "ALTER TABLE orders ALTER COLUMN note TYPE varchar(100);",
    ];
    let answer = planned(ground, &setup, &migrations, query, &snapshot).await;
    let worse = &comparison(&answer).worse[0];
    assert_eq!(
        (worse.place.migration, worse.place.statement),
        (3, Some(0)),
        "{worse:?}"
    );
}

/// Where the schema of the snapshot does not take the migration, that is told.
async fn production_has_it_already(ground: Ground<'_>, setup: &str, migration: &str, query: &str) {
    let snapshot = ground.0.snapshot_of(&format!("{setup} {migration}"), false).await;
    let answer = planned(ground, setup, &[migration], query, &snapshot).await;
    let release = &answer.review.sections[0].release;
    assert!(release.plans.is_none());
    let mut told = release.not_done.iter();
    assert!(
        told.any(|told| told.contains("does not take the migration")),
        "{:?}",
        release.not_done
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_compared_on_twins_of_postgres() {
    for major in servers::majors().into_iter().filter(|major| [15, 18].contains(major)) {
        let scratch = servers::scratch(major).await;
        let cache = tempfile::tempdir().unwrap();
        let ground = (Production::Postgres(&scratch), cache.path());
        examples(ground).await;
        names_and_types_are_followed(ground).await;
        scratch.stop().await.unwrap();
    }
}

/// What the examples of an engine begin with.
fn setup_of(engine: Engine) -> String {
    let rule = RULES.iter().find(|rule| rule.judges_plans()).unwrap();
    let mut examples = rule.examples().into_iter();
    let example = examples.find(|example| example.engine == engine).unwrap();
    example.setup.unwrap()
}

/// A view is no table of the plan: what replaces it is found, and not the first that touches the table below it.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_makes_a_plan_worse_is_named_on_postgres() {
    let cache = tempfile::tempdir().unwrap();
    let scratch = servers::scratch(18).await;
    let ground = (Production::Postgres(&scratch), cache.path());
    let setup = format!(
        "{}\nCREATE VIEW listed AS SELECT id, customer_id FROM orders;",
        setup_of(Engine::Postgres)
    );
    let snapshot = ground.0.snapshot_of(&setup, true).await;
    let queries = "-- name: A :one\nSELECT customer_id FROM listed WHERE id = $1;\n\
                   -- name: B :many\nSELECT id FROM orders WHERE customer_id = $1;\n";
    let migrations = [
        "ALTER TABLE orders ADD COLUMN a text;",
        "CREATE OR REPLACE VIEW listed AS SELECT id + 0 AS id, customer_id FROM orders;",
        "ALTER TABLE orders ADD COLUMN b text;",
        "DROP INDEX orders_customer;",
        "ALTER TABLE orders ADD COLUMN c text;",
    ];
    let answer = planned(ground, &setup, &migrations, queries, &snapshot).await;
    let mut places: Vec<&Path> = worse(&answer).iter().map(|found| found.place.path.as_path()).collect();
    places.sort();
    assert_eq!(
        places,
        [
            Path::new("db/migrations/3_new.sql"),
            Path::new("db/migrations/5_new.sql")
        ]
    );
    scratch.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_compared_on_twins_of_sqlite() {
    let cache = tempfile::tempdir().unwrap();
    let ground = (Production::Sqlite, cache.path());
    examples(ground).await;
    let setup = setup_of(Engine::Sqlite);
    let snapshot = ground.0.snapshot_of(&setup, false).await;

    // The migration that did it is named, also where another one touches the table after it.
    let query = "SELECT id FROM orders WHERE customer_id = ?";
    let migrations = [
        "ALTER TABLE orders ADD COLUMN a TEXT;",
        "CREATE TABLE other (id INTEGER PRIMARY KEY);\nDROP INDEX orders_customer;",
        "ALTER TABLE orders ADD COLUMN b TEXT;",
    ];
    let answer = planned(ground, &setup, &migrations, query, &snapshot).await;
    let found = worse(&answer);
    let place = &found[0].place;
    assert_eq!(
        (place.path.as_path(), place.line),
        (Path::new("db/migrations/3_new.sql"), 2)
    );
    assert!(
        found[0].message.contains("reads and sorts 10000 times as many rows"),
        "{}",
        found[0].message
    );
    let plan = &comparison(&answer).worse[0];
    assert_eq!(
        (plan.unit, plan.cost_before, plan.cost_after),
        (CostUnit::RowsRead, 10.0, 100_000.0)
    );
    assert_eq!(plan.because.as_deref(), Some("drops the index orders_customer"));

    // What one migration takes and a later one gives back is no loss.
    let migrations = [
        "DROP INDEX orders_customer;",
        "CREATE INDEX again ON orders (customer_id);",
    ];
    let answer = planned(ground, &setup, &migrations, query, &snapshot).await;
    assert_eq!((comparison(&answer).compared, worse(&answer).len()), (1, 0));

    // A table that is made anew with all its indexes; and a better index.
    let rebuild =
        "CREATE TABLE orders_new (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at INTEGER NOT NULL);
        INSERT INTO orders_new SELECT * FROM orders; DROP TABLE orders; ALTER TABLE orders_new RENAME TO orders;
        CREATE INDEX orders_customer ON orders (customer_id); CREATE INDEX orders_placed ON orders (placed_at);";
    let better = "CREATE INDEX orders_all ON orders (customer_id, placed_at);";
    for (migration, gets_better) in [(rebuild, 0), (better, 0)] {
        let queries = "-- name: A :many\nSELECT id FROM orders WHERE customer_id = ? ORDER BY placed_at;\n\
                       -- name: B :many\nSELECT id FROM orders WHERE placed_at > ? LIMIT 5;\n\
                       -- name: C :many\nSELECT count(*) FROM orders GROUP BY customer_id;\n";
        let answer = planned(ground, &setup, &[migration], queries, &snapshot).await;
        let plans = comparison(&answer);
        let told = (plans.compared, plans.worse.len(), plans.better);
        assert_eq!(told, (3, 0, gets_better), "{migration} {plans:?}");
    }

    // An index that finds what nobody looked for by an index before.
    let query = "SELECT id FROM orders WHERE customer_id + 0 = ?";
    let migration = "CREATE INDEX orders_sum ON orders (customer_id + 0);";
    let answer = planned(ground, &setup, &[migration], query, &snapshot).await;
    assert_eq!((comparison(&answer).better, worse(&answer).len()), (1, 0));

    production_has_it_already(ground, &setup, "DROP INDEX orders_customer;", query).await;
}

/// Nobody has run `ANALYZE`: rows are those that there are.
#[tokio::test(flavor = "multi_thread")]
async fn plans_are_compared_on_twins_of_sqlite_without_statistics() {
    let cache = tempfile::tempdir().unwrap();
    let ground = (Production::Sqlite, cache.path());
    let setup = setup_of(Engine::Sqlite).replace("ANALYZE;", "");
    let snapshot = ground.0.snapshot_of(&setup, false).await;
    let query = "SELECT o.id FROM orders o JOIN orders p ON p.customer_id = o.customer_id WHERE o.id = ?";
    let answer = planned(ground, &setup, &["DROP INDEX orders_customer;"], query, &snapshot).await;
    assert_eq!(worse(&answer).len(), 1, "{:?}", comparison(&answer));
    let answer = planned(ground, &setup, &["DROP INDEX orders_placed;"], query, &snapshot).await;
    assert_eq!((comparison(&answer).compared, worse(&answer).len()), (1, 0));
    // A small table may be read as a whole.
    let small = setup.replace("100000", "1000");
    let snapshot = ground.0.snapshot_of(&small, false).await;
    let answer = planned(ground, &small, &["DROP INDEX orders_customer;"], query, &snapshot).await;
    assert_eq!((comparison(&answer).compared, worse(&answer).len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_compared_on_twins_of_mysql() {
    on_mysql_family(Engine::MySql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_compared_on_twins_of_mariadb() {
    on_mysql_family(Engine::MariaDb).await;
}

async fn on_mysql_family(engine: Engine) {
    for (engine, major) in servers::MYSQL_FAMILY.into_iter().filter(|(of, _)| *of == engine) {
        let scratch = servers::mysql_family(engine, major).await;
        let cache = tempfile::tempdir().unwrap();
        let ground = (Production::MySqlFamily(&scratch), cache.path());
        examples(ground).await;
        of_mysql_family(ground).await;
        scratch.stop().await.unwrap();
    }
}

async fn of_mysql_family(ground: Ground<'_>) {
    let setup = setup_of(ground.0.engine());
    let snapshot = ground.0.snapshot_of(&setup, false).await;
    let queries = "-- name: ByCustomer :many\nSELECT note FROM orders o WHERE o.customer_id IN (?, ?) ORDER BY id LIMIT ?;\n\
                   -- name: ByCode :exec\nUPDATE orders SET note = ? WHERE code = ?;\n\
                   -- name: Some :many\nSELECT id FROM orders WHERE id BETWEEN ? AND ?;\n";
    let migrations = [
        "ALTER TABLE orders ADD COLUMN a integer;",
        "CREATE TABLE other (id integer PRIMARY KEY);\nALTER TABLE orders DROP INDEX orders_code;",
        "ALTER TABLE orders ADD COLUMN b integer, MODIFY note varchar(120);",
    ];
    let answer = planned(ground, &setup, &migrations, queries, &snapshot).await;
    assert_eq!(of_release(&answer), (3, 1), "{:?}", comparison(&answer));
    let found = worse(&answer);
    let place = &found[0].place;
    assert_eq!(
        (place.path.as_path(), place.line),
        (Path::new("db/migrations/3_new.sql"), 2)
    );
    assert!(
        found[0].message.contains("drops the index orders_code"),
        "{}",
        found[0].message
    );

    // What changes no plan, and a table that is written anew with its indexes.
    for migration in [
        "CREATE INDEX orders_both ON orders (customer_id, code);",
        // The rows of the twin repeat some codes, which those of production do not.
        "ALTER TABLE orders ADD CONSTRAINT one_code UNIQUE (code);",
        "ALTER TABLE orders MODIFY code varchar(30) NOT NULL, MODIFY customer_id integer NOT NULL;",
        "ALTER TABLE orders RENAME INDEX orders_code TO by_code;",
        "CREATE TABLE orders_new LIKE orders; INSERT INTO orders_new SELECT * FROM orders; \
         RENAME TABLE orders TO orders_old, orders_new TO orders; DROP TABLE orders_old;",
    ] {
        let answer = planned(ground, &setup, &[migration], queries, &snapshot).await;
        assert_eq!(of_release(&answer), (3, 0), "{migration} {:?}", comparison(&answer));
    }
    production_has_it_already(
        ground,
        &setup,
        "DROP INDEX orders_code ON orders;",
        "SELECT 1 FROM orders",
    )
    .await;
}

/// How many queries of files were compared, and how many of them are worse: production was asked others as well, by this test.
fn of_release(answer: &CheckAnswer) -> (usize, usize) {
    let running = &answer.review.sections[0].release.running;
    let is_of_file = |query: usize| matches!(running[query].origin, QueryOrigin::File { .. });
    let plans = comparison(answer);
    let asked = (0..running.len()).filter(|query| is_of_file(*query)).count();
    let not_planned = plans.not_planned.iter().filter(|(query, _)| is_of_file(*query)).count();
    let worse = plans.worse.iter().filter(|worse| is_of_file(worse.query)).count();
    (asked - not_planned, worse)
}
