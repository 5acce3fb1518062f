//! `dbwright schema` with a live MySQL or MariaDB, which is a scratch server of the tests.

use std::path::PathBuf;

use dbwright_catalog::{Engine, Version};
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};
use dbwright_live::scratch::{BinDirs, ScratchOptions};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use crate::command::{Run, command, installed, project, run};

/// A server with a database, and how to reach it.
pub(crate) struct Live {
    scratch: MySqlFamilyScratch,
    observer: Conn,
    pub(crate) url: String,
}

impl Live {
    pub(crate) async fn start(engine: Engine, version_start: &str) -> Self {
        let (version, bin) = installed(engine.name(), version_start);
        let mut bin_dirs = BinDirs::default();
        match engine {
            Engine::MySql => bin_dirs.mysql.push(bin),
            Engine::MariaDb => bin_dirs.mariadb.push(bin),
            Engine::Postgres | Engine::Sqlite => {}
        }
        let options = ScratchOptions {
            url: None,
            version: Some(version.parse::<Version>().unwrap()),
            cache: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache"),
            bin_dirs,
        };
        let scratch = MySqlFamilyScratch::start(engine, &options).await.unwrap();
        let database = scratch.create_database().await.unwrap();
        let mut observer = scratch.connect(&database, Who::Observer).await.unwrap();
        let socket: String = observer.query_first("SELECT @@socket").await.unwrap().unwrap();
        for sql in [
            "CREATE USER app@localhost IDENTIFIED BY 's3cret'".to_owned(),
            format!("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON `{database}`.* TO app@localhost"),
        ] {
            observer.query_drop(sql).await.unwrap();
        }
        let url = format!("{}://app:s3cret@localhost/{database}?socket={socket}", engine.name());
        Live { scratch, observer, url }
    }

    pub(crate) async fn run(&mut self, sql: &str) {
        self.observer
            .query_iter(sql)
            .await
            .unwrap()
            .drop_result()
            .await
            .unwrap();
    }

    pub(crate) async fn stop(self) {
        drop(self.observer);
        self.scratch.stop().await.unwrap();
    }
}

/// Runs the program in a folder, with the servers that the tests use.
pub(crate) fn dbwright(folder: &tempfile::TempDir, arguments: &[&str], mariadb: &str) -> Run {
    let mut command = command(arguments);
    command
        .current_dir(folder.path())
        .env("DBWRIGHT_MYSQL_BIN", installed("mysql", "9.").1)
        .env("DBWRIGHT_MARIADB_BIN", installed("mariadb", mariadb).1);
    run(&mut command)
}

#[tokio::test]
async fn a_live_database_is_compared_with_sql_and_drift_is_found() {
    for (engine, version) in [(Engine::MySql, "9."), (Engine::MariaDb, "11.")] {
        let mut live = Live::start(engine, version).await;
        live.run(
            "CREATE TABLE users (id bigint PRIMARY KEY AUTO_INCREMENT, mail varchar(100) NOT NULL); \
             CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty tinyint(1) NOT NULL); \
             INSERT INTO users (mail) VALUES ('somebody')",
        )
        .await;
        let project = project(&[(
            "schema.sql",
            "CREATE TABLE users (id bigint PRIMARY KEY AUTO_INCREMENT, mail varchar(100) NOT NULL);\n",
        )]);
        let drift = ["schema", "drift", &live.url.clone(), "--against", "schema.sql"];
        let same = dbwright(&project, &drift, version_of_mariadb(version));
        assert_eq!(same.code, Some(0), "{engine}: {}{}", same.stdout, same.stderr);
        assert!(same.stdout.contains("bookkeeping of golang-migrate"), "{}", same.stdout);
        assert!(same.stdout.ends_with("dbwright: no drift\n"), "{}", same.stdout);
        live.run("ALTER TABLE users MODIFY mail varchar(100) NULL, ADD KEY by_mail (mail)")
            .await;
        let found = dbwright(&project, &drift, version_of_mariadb(version));
        assert_eq!(found.code, Some(1), "{engine}: {}{}", found.stdout, found.stderr);
        for text in ["~ column mail\n", "+ index by_mail"] {
            assert!(found.stdout.contains(text), "{engine}: {}", found.stdout);
        }
        let plan = ["schema", "plan", &live.url.clone(), "schema.sql", "--format", "sql"];
        let planned = dbwright(&project, &plan, version_of_mariadb(version));
        assert_eq!(planned.code, Some(0), "{engine}: {}{}", planned.stdout, planned.stderr);
        assert!(planned.stdout.contains("DROP INDEX `by_mail`"), "{}", planned.stdout);
        assert!(!planned.stdout.contains("s3cret"), "{}", planned.stdout);
        live.stop().await;
    }
}

fn version_of_mariadb(version: &str) -> &str {
    if version == "9." { "11." } else { version }
}

#[tokio::test]
async fn sql_that_says_nothing_of_character_sets_gets_those_of_the_live_database() {
    let mut live = Live::start(Engine::MariaDb, "11.").await;
    live.run(
        "ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_german1_ci; CREATE TABLE t (id int PRIMARY KEY, a varchar(20))",
    )
    .await;
    let table = "CREATE TABLE t (id int PRIMARY KEY, a varchar(20));\n";
    let project = project(&[
        ("same.sql", table),
        (
            "other.sql",
            &format!("{table}ALTER DATABASE COLLATE latin1_swedish_ci;\n"),
        ),
    ]);
    let drift = |file: &str| dbwright(&project, &["schema", "drift", &live.url, "--against", file], "11.");
    let same = drift("same.sql");
    assert_eq!(same.code, Some(0), "{}{}", same.stdout, same.stderr);
    let other = drift("other.sql");
    assert_eq!(other.code, Some(1), "{}{}", other.stdout, other.stderr);
    assert!(other.stdout.contains("latin1_swedish_ci"), "{}", other.stdout);
    live.stop().await;
}

#[tokio::test]
async fn two_live_databases_of_different_versions_are_compared_on_the_newer_one() {
    let mut old = Live::start(Engine::MariaDb, "10.").await;
    let mut new = Live::start(Engine::MariaDb, "11.").await;
    let table = "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci; \
                 CREATE TABLE t (id int PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'it''s', at timestamp NOT NULL) \
                 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci";
    old.run(table).await;
    new.run(table).await;
    let folder = project(&[]);
    let diff = ["schema", "diff", &old.url.clone(), &new.url.clone()];
    let same = dbwright(&folder, &diff, "11.");
    assert_eq!(same.code, Some(0), "{}{}", same.stdout, same.stderr);
    new.run("ALTER TABLE t ADD COLUMN more int").await;
    let other = dbwright(&folder, &diff, "11.");
    assert_eq!(other.code, Some(1), "{}{}", other.stdout, other.stderr);
    assert!(other.stdout.contains("+ column more"), "{}", other.stdout);
    old.stop().await;
    new.stop().await;
}
