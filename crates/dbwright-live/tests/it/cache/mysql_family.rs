//! The prefix cache on MySQL and MariaDB: warm runs give what cold ones give, and nothing is taken for what it is not.

use std::fs;
use std::path::Path;

use dbwright_catalog::{Engine, History, MigrationSet, ObjectId, ObjectKind, Outcome, Trace};
use dbwright_live::cache::{EntryKind, HistoryCache, Store};
use dbwright_live::scratch::mysql_family::Programs;
use dbwright_live::trace::mysql_family::trace_kept;

use super::{PLENTY, files, kept, last, timeless};
use crate::servers::{self, MYSQL_FAMILY};

/// So long that it is worth keeping where it has led to.
const LONG: &str = "DO SLEEP(1.05)";

async fn programs(engine: Engine, major: u32) -> Programs {
    let options = servers::installed(engine, major).options();
    Programs::choose(engine, &options).await.unwrap()
}

fn store(folder: &Path) -> Store {
    Store::new(folder, PLENTY)
}

async fn run(programs: &Programs, store: &Store, history: &History, judged: &MigrationSet) -> Trace {
    let cache = HistoryCache::mysql_family(store, programs, history, judged);
    trace_kept(programs, &cache, history, judged, &mut |_| {})
        .await
        .unwrap()
}

/// Runs a history three times: without a cache, with an empty one, and with what that has left.
async fn same_thrice(engine: Engine, major: u32, texts: &[&str]) -> Trace {
    let folder = tempfile::tempdir().unwrap();
    let (programs, store) = (programs(engine, major).await, store(folder.path()));
    let texts: Vec<&str> = [&[LONG], texts].concat();
    let history = super::history(engine, &texts);
    let judged = last(&history);
    let nothing = Store::new(folder.path(), 0);
    let without = run(&programs, &nothing, &history, &judged).await;
    assert_eq!(kept(&store, EntryKind::Prefix), [] as [&Path; 0]);
    let cold = run(&programs, &store, &history, &judged).await;
    assert_eq!(cold.from_cache, 0);
    assert_eq!(kept(&store, EntryKind::Prefix).len(), 1, "{engine} {major}: {texts:?}");
    let warm = run(&programs, &store, &history, &judged).await;
    assert_eq!(warm.from_cache, texts.len() - 1, "{engine} {major}: {texts:?}");
    assert_eq!(timeless(&without), timeless(&cold), "{engine} {major}: {texts:?}");
    assert_eq!(timeless(&cold), timeless(&warm), "{engine} {major}: {texts:?}");
    warm
}

fn outcomes(trace: &Trace) -> Vec<&Outcome> {
    let effects = &trace.migrations.last().unwrap().effects;
    effects.iter().map(|effect| &effect.outcome).collect()
}

fn assert_done(trace: &Trace) {
    let outcomes = outcomes(trace);
    assert!(outcomes.iter().all(|it| **it == Outcome::Done), "{outcomes:?}");
}

fn tables(trace: &Trace) -> Vec<&str> {
    let ids = trace.catalog.objects.keys();
    ids.filter(|id| id.kind == ObjectKind::Table)
        .map(ObjectId::name)
        .collect()
}

#[tokio::test]
async fn tables_references_code_and_counters() {
    for (engine, major) in MYSQL_FAMILY {
        let trace = same_thrice(
            engine,
            major,
            &[
                "CREATE TABLE a (id int AUTO_INCREMENT PRIMARY KEY, n varchar(20), m int); \
                 CREATE TABLE b (id int PRIMARY KEY, a int, FOREIGN KEY (a) REFERENCES a (id)); \
                 INSERT INTO a (n) VALUES ('x'), ('y'), ('z'); DELETE FROM a WHERE id > 1; \
                 ALTER TABLE a ADD COLUMN instant int",
                "CREATE VIEW v AS SELECT n FROM a; \
                 CREATE PROCEDURE p() CREATE TABLE by_procedure (id int PRIMARY KEY); \
                 CREATE TRIGGER t BEFORE INSERT ON b FOR EACH ROW SET NEW.a = NEW.a; \
                 INSERT INTO nowhere VALUES (1)",
                "INSERT INTO a (n) VALUES ('w'); CALL p(); ALTER TABLE a ADD COLUMN c int, ADD INDEX (n); \
                 ALTER TABLE b ADD COLUMN n int; ALTER TABLE nowhere ADD COLUMN c int; \
                 ALTER TABLE never ADD COLUMN c int; ALTER TABLE b ADD COLUMN d int NOT NULL UNIQUE",
            ],
        )
        .await;
        assert!(trace.unfilled.is_empty(), "{:?}", trace.unfilled);
        assert_eq!(tables(&trace), ["a", "b", "by_procedure"]);
        let outcomes = outcomes(&trace);
        assert!(
            matches!(outcomes[4], Outcome::FollowsFrom { migration: 2, .. }),
            "{outcomes:?}"
        );
        assert!(matches!(outcomes[5], Outcome::Failed(_)), "{outcomes:?}");
        assert!(matches!(outcomes[6], Outcome::FailedOnRows(_)), "{outcomes:?}");
    }
}

#[tokio::test]
async fn settings_variables_and_databases() {
    for (engine, major) in MYSQL_FAMILY {
        let trace = same_thrice(
            engine,
            major,
            &[
                "SET NAMES latin1; SET SESSION sql_mode = 'ANSI_QUOTES'; SET foreign_key_checks = 0; \
                 SET SESSION lock_wait_timeout = 7; SET autocommit = 1",
                "CREATE DATABASE app; USE app; CREATE TABLE app_first (id int PRIMARY KEY, n varchar(3))",
                "SET @number = 7, @negative = -7, @half = 0.50, @big = 1e300, @nothing = NULL, @`odd name` = 'it''s', \
                 @empty = '', @bytes = x'00ff', @wide = _utf8mb4 x'c3a4', @unsigned = CAST(1 AS UNSIGNED); \
                 INSERT INTO app_first (id) VALUES (5); SET @s = 'CREATE TABLE by_text (id int PRIMARY KEY)'; \
                 PREPARE p FROM @s; DEALLOCATE PREPARE p",
                "PREPARE p FROM @s; EXECUTE p; DEALLOCATE PREPARE p; CREATE TABLE \"quoted\" (id int PRIMARY KEY); \
                 CREATE TABLE child (id int PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES later (id)); \
                 INSERT INTO app_first VALUES (1, 'far too long'); \
                 CREATE TABLE kinds AS SELECT @number AS a, @negative AS b, @half AS c, @big AS d, @`odd name` AS e, \
                 @bytes AS f, @wide AS g, @unsigned AS h, @empty AS i, @@lock_wait_timeout AS j, @@collation_connection AS k",
            ],
        )
        .await;
        assert_done(&trace);
        let tables = tables(&trace);
        for table in ["by_text", "quoted", "kinds"] {
            assert!(tables.contains(&table), "{table}: {tables:?}");
        }
        let warnings = &trace.migrations.last().unwrap().effects[5].warnings;
        assert!(!warnings.is_empty(), "{engine} {major}: strict mode is off");
    }
}

#[tokio::test]
async fn accounts_that_were_made() {
    let trace = same_thrice(
        Engine::MySql,
        9,
        &[
            "CREATE USER made@localhost; CREATE TABLE t (id int PRIMARY KEY)",
            "CREATE USER made@localhost; GRANT SELECT ON *.* TO made@localhost",
        ],
    )
    .await;
    let outcomes = outcomes(&trace);
    assert!(matches!(outcomes[0], Outcome::Failed(_)), "{outcomes:?}");
    assert_eq!(outcomes[1], &Outcome::Done);
}

#[tokio::test]
async fn what_ends_with_its_session_or_server_is_not_kept() {
    for (engine, major) in MYSQL_FAMILY {
        let folder = tempfile::tempdir().unwrap();
        let (programs, store) = (programs(engine, major).await, store(folder.path()));
        for statement in [
            "CREATE TEMPORARY TABLE w (id int)",
            "PREPARE p FROM 'SELECT 1'",
            "DO GET_LOCK('x', 1)",
            "CREATE TABLE m (id int PRIMARY KEY) ENGINE=MEMORY",
            "SET TIMESTAMP = 1700000000",
        ] {
            let history = super::history(engine, &[LONG, statement, "CREATE TABLE t (id int PRIMARY KEY)"]);
            run(&programs, &store, &history, &last(&history)).await;
            assert_eq!(
                kept(&store, EntryKind::Prefix),
                [] as [&Path; 0],
                "{engine} {major}: {statement}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_short_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (programs, store) = (programs(Engine::MySql, 9).await, store(folder.path()));
    let history = super::history(Engine::MySql, &["DO 1", "CREATE TABLE t (id int PRIMARY KEY)"]);
    run(&programs, &store, &history, &last(&history)).await;
    assert_eq!(kept(&store, EntryKind::Prefix), [] as [&Path; 0]);
}

#[tokio::test]
async fn a_history_that_has_grown_goes_on_from_where_it_was() {
    for (engine, major) in MYSQL_FAMILY {
        let folder = tempfile::tempdir().unwrap();
        let (programs, store) = (programs(engine, major).await, store(folder.path()));
        let texts = [
            LONG,
            "CREATE TABLE a (id int PRIMARY KEY)",
            "CREATE TABLE b (id int PRIMARY KEY)",
            "ALTER TABLE b ADD COLUMN n int",
        ];
        let (short, long) = (super::history(engine, &texts[..3]), super::history(engine, &texts));
        run(&programs, &store, &short, &last(&short)).await;
        let trace = run(&programs, &store, &long, &last(&long)).await;
        assert_eq!(trace.from_cache, 2);
        let without = run(&programs, &Store::new(folder.path(), 0), &long, &last(&long)).await;
        assert_eq!(timeless(&trace), timeless(&without));
        let mut changed = long.clone();
        changed.migrations[1].statements[0].text = "CREATE TABLE a (id bigint PRIMARY KEY)".to_owned();
        let trace = run(&programs, &store, &changed, &last(&changed)).await;
        assert_eq!(trace.from_cache, 0, "it is not the same");
    }
}

#[tokio::test]
async fn what_is_damaged_is_removed_and_done_again() {
    for (engine, major) in MYSQL_FAMILY {
        let folder = tempfile::tempdir().unwrap();
        let (programs, store) = (programs(engine, major).await, store(folder.path()));
        let texts = [LONG, "CREATE TABLE a (id int PRIMARY KEY)", "CREATE INDEX i ON a (id)"];
        let history = super::history(engine, &texts);
        let judged = last(&history);
        let whole = run(&programs, &store, &history, &judged).await;
        let damages: [fn(&Path); 3] = [
            |entry| {
                let files = files(&entry.join("data"));
                let table = files.iter().find(|file| file.ends_with("a.ibd")).unwrap();
                fs::remove_file(table).unwrap();
            },
            |entry| {
                let system = entry.join("data/ibdata1");
                let length = system.metadata().unwrap().len();
                fs::write(system, vec![1; usize::try_from(length).unwrap()]).unwrap();
            },
            |entry| fs::write(entry.join("state"), "").unwrap(),
        ];
        for damage in damages {
            let entries = kept(&store, EntryKind::Prefix);
            assert_eq!(entries.len(), 1);
            damage(&entries[0]);
            let trace = run(&programs, &store, &history, &judged).await;
            assert_eq!(trace.from_cache, 0);
            assert_eq!(timeless(&trace), timeless(&whole));
        }
        assert_eq!(run(&programs, &store, &history, &judged).await.from_cache, 2);
    }
}
