//! Scratch servers: that they are fast to get, safe to run migrations on, and gone afterwards.

mod given;
pub(crate) mod lifetime;
mod rights;
mod trouble;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};

use crate::servers;

/// The first column of the first row.
async fn ask(session: &Session, sql: &str) -> String {
    let answer = session
        .client
        .simple_query(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let row = answer.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("(null)").to_owned()),
        _ => None,
    });
    row.unwrap_or_else(|| panic!("{sql}: no row"))
}

/// The message of the server's refusal.
async fn refusal(session: &Session, sql: &str) -> String {
    match session.client.batch_execute(sql).await {
        Ok(()) => panic!("{sql} was not refused"),
        Err(error) => error
            .as_db_error()
            .unwrap_or_else(|| panic!("{sql}: {error:?}"))
            .message()
            .to_owned(),
    }
}

async fn run(session: &Session, sql: &str) {
    session
        .client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// A new database and a session of the migrating role with it.
async fn migrator(scratch: &PostgresScratch) -> (String, Session) {
    let database = scratch.create_database().await.unwrap();
    let session = scratch.connect(&database, Who::Migrator).await.unwrap();
    (database, session)
}

/// Where the server's files are, and the process id of the server.
async fn traces(scratch: &PostgresScratch) -> (PathBuf, i32) {
    let observer = scratch.connect("postgres", Who::Observer).await.unwrap();
    let folder = PathBuf::from(ask(&observer, "SHOW unix_socket_directories").await);
    let pid_file = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    (folder, pid_file.lines().next().unwrap().parse().unwrap())
}

pub(crate) fn is_running(pid: i32) -> bool {
    rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid).unwrap()).is_ok()
}

pub(crate) fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Waits until both the server and its folder are gone; how long that took.
pub(crate) async fn wait_until_gone(folder: &std::path::Path, pid: i32) -> Duration {
    let start = Instant::now();
    while folder.exists() || is_running(pid) {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{} exists: {}, server runs: {}",
            folder.display(),
            folder.exists(),
            is_running(pid)
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

#[tokio::test]
async fn a_server_tells_its_version_and_runs_a_migration() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        assert_eq!(scratch.server().version.major, major);
        assert!(scratch.is_own_cluster());
        let (_, session) = migrator(&scratch).await;
        run(
            &session,
            "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)",
        )
        .await;
        assert_eq!(ask(&session, "SELECT count(*) FROM t").await, "1");
        assert_eq!(ask(&session, "SELECT session_user").await, scratch.migrator());
        let pid = session.pid.to_string();
        assert_eq!(ask(&session, "SELECT pg_backend_pid()").await, pid);
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn public_is_what_it_is_on_a_fresh_server() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let (_, session) = migrator(&scratch).await;
        let everybody = ask(
            &session,
            "SELECT has_schema_privilege('pg_monitor', 'public', 'CREATE')",
        )
        .await;
        assert_eq!(everybody, if major < 15 { "t" } else { "f" }, "{major}");
        let before = ask(
            &session,
            "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'",
        )
        .await;
        assert!(before.contains("=U"), "{before}");
        // As the owner may.
        run(
            &session,
            "COMMENT ON SCHEMA public IS 'mine'; DROP SCHEMA public; CREATE SCHEMA public",
        )
        .await;
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_copy_holds_what_the_original_held_and_lives_by_itself() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let (original, session) = migrator(&scratch).await;
        run(&session, "CREATE TABLE t AS SELECT generate_series(1, 1000) AS id").await;
        session.close().await;
        let copy = scratch.copy_database(&original).await.unwrap();
        scratch.drop_database(&original).await.unwrap();
        let session = scratch.connect(&copy, Who::Migrator).await.unwrap();
        assert_eq!(ask(&session, "SELECT count(*) FROM t").await, "1000");
        // Dropping ends the sessions that are still there.
        scratch.drop_database(&copy).await.unwrap();
        assert!(scratch.connect(&copy, Who::Migrator).await.is_err());
        scratch.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_somebody_uses_is_not_copied() {
    let scratch = servers::scratch(18).await;
    let (original, _session) = migrator(&scratch).await;
    let error = scratch.copy_database(&original).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("waiting until nobody is connected to {original} took longer than 5 s")
    );
    scratch.stop().await.unwrap();
}

#[tokio::test]
async fn notices_are_kept_until_they_are_taken() {
    let scratch = servers::scratch(15).await;
    let (_, session) = migrator(&scratch).await;
    run(
        &session,
        "DROP TABLE IF EXISTS t; DO $$ BEGIN RAISE WARNING 'careful'; END $$",
    )
    .await;
    assert_eq!(
        session.take_notices(),
        ["NOTICE: table \"t\" does not exist, skipping", "WARNING: careful"]
    );
    assert!(session.take_notices().is_empty());
    scratch.stop().await.unwrap();
}
