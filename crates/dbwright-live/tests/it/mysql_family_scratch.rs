//! Scratch servers of MySQL and MariaDB: that they are there, safe to run migrations on, and gone afterwards.

mod given;
mod lifetime;
mod rights;
mod trouble;

use std::path::PathBuf;

use dbwright_catalog::Engine;
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, ServerError};

use crate::servers::{MYSQL_FAMILY, installed, mysql_family};

/// The first column of the first row.
async fn ask(session: &mut Conn, sql: &str) -> String {
    let row: Option<Option<String>> = session
        .query_first(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    row.unwrap_or_else(|| panic!("{sql}: no row"))
        .unwrap_or_else(|| "NULL".to_owned())
}

/// Runs statements, sent at once.
async fn run(session: &mut Conn, sql: &str) {
    if let Err(error) = session.query_drop(sql).await {
        panic!("{sql}: {error}");
    }
}

/// The server's refusal.
async fn refusal(session: &mut Conn, sql: &str) -> ServerError {
    match session.query_drop(sql).await {
        Ok(()) => panic!("{sql} was not refused"),
        Err(Error::Server(error)) => error,
        Err(error) => panic!("{sql}: {error}"),
    }
}

/// A new database and a session of the migrating user with it.
async fn migrator(scratch: &MySqlFamilyScratch) -> (String, Conn) {
    let database = scratch.create_database().await.unwrap();
    let session = scratch.connect(&database, Who::Migrator).await.unwrap();
    (database, session)
}

/// A session of the one who may everything.
async fn observer(scratch: &MySqlFamilyScratch) -> Conn {
    scratch.connect("mysql", Who::Observer).await.unwrap()
}

/// Where the server's files are, and the process id of the server.
async fn traces(scratch: &MySqlFamilyScratch) -> (PathBuf, i32) {
    let mut observer = observer(scratch).await;
    let folder = PathBuf::from(ask(&mut observer, "SELECT @@socket").await);
    let folder = folder.parent().unwrap().to_path_buf();
    let pid = std::fs::read_to_string(folder.join("data/server.pid")).unwrap();
    (folder, pid.trim().parse().unwrap())
}

#[tokio::test]
async fn a_server_tells_what_it_is_and_runs_a_migration() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        assert_eq!(scratch.server().engine, engine);
        assert_eq!(scratch.server().version, installed(engine, major).version);
        assert!(scratch.is_own_server());
        let (database, mut session) = migrator(&scratch).await;
        assert_eq!(ask(&mut session, "SELECT DATABASE()").await, database);
        run(
            &mut session,
            "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)",
        )
        .await;
        assert_eq!(ask(&mut session, "SELECT COUNT(*) FROM t").await, "2");
        let user = format!("{}@localhost", scratch.migrator());
        assert_eq!(ask(&mut session, "SELECT CURRENT_USER()").await, user);
        let id = session.id().to_string();
        assert_eq!(ask(&mut session, "SELECT CONNECTION_ID()").await, id);
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_database_has_the_character_set_that_servers_have_today() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (_, mut session) = migrator(&scratch).await;
        assert_eq!(ask(&mut session, "SELECT @@character_set_database").await, "utf8mb4");
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn nothing_moves_by_itself_and_what_is_waited_for_can_be_seen() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (database, mut session) = migrator(&scratch).await;
        assert_eq!(ask(&mut session, "SELECT @@event_scheduler").await, "OFF");
        assert_eq!(ask(&mut session, "SELECT @@time_zone").await, "+00:00");
        let mut observer = observer(&scratch).await;
        run(
            &mut session,
            "CREATE TABLE t (id int); START TRANSACTION; SELECT * FROM t",
        )
        .await;
        if engine == Engine::MariaDb {
            // Its locks on metadata are told by a plugin, or not at all.
            assert_eq!(ask(&mut observer, "SELECT @@performance_schema").await, "1");
        } else {
            let held = format!(
                "SELECT lock_type FROM performance_schema.metadata_locks \
                 WHERE object_schema = '{database}' AND object_name = 't'"
            );
            assert_eq!(ask(&mut observer, &held).await, "SHARED_READ");
        }
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn databases_are_made_and_dropped_with_the_sessions_in_them() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (first, mut session) = migrator(&scratch).await;
        let (second, _) = migrator(&scratch).await;
        assert_ne!(first, second);
        // An open transaction keeps others from dropping the table.
        run(
            &mut session,
            "CREATE TABLE t (id int); START TRANSACTION; INSERT INTO t VALUES (1)",
        )
        .await;
        scratch.drop_database(&first).await.unwrap();
        assert!(scratch.connect(&first, Who::Migrator).await.is_err());
        scratch.connect(&second, Who::Migrator).await.unwrap();
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_name_that_a_migration_has_taken_is_passed_over() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (first, mut session) = migrator(&scratch).await;
        assert_eq!(first, "dbwright_1");
        run(&mut session, "CREATE DATABASE dbwright_2").await;
        assert_eq!(scratch.create_database().await.unwrap(), "dbwright_3");
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_statement_is_ended_and_its_session_goes_on() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (_, mut session) = migrator(&scratch).await;
        run(&mut session, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await;
        let id = session.id();
        let working = async { session.query_drop("SELECT SLEEP(100) FROM t").await };
        let ending = async {
            let mut observer = observer(&scratch).await;
            let question = format!(
                "SELECT COUNT(*) FROM information_schema.processlist WHERE id = {id} AND info LIKE '%SLEEP(100)%'"
            );
            while ask(&mut observer, &question).await == "0" {
                tokio::task::yield_now().await;
            }
            scratch.kill_query(id).await.unwrap();
        };
        // An interrupted SLEEP is an error on one and tells 1 on the other.
        let (_, ()) = tokio::join!(working, ending);
        assert_eq!(ask(&mut session, "SELECT COUNT(*) FROM t").await, "1");
        drop(session);
        scratch.kill_query(u32::MAX).await.unwrap();
        scratch.stop().await.unwrap();
    }
}
