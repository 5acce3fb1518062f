//! A server that is killed while a twin is built on it: that is told, and nothing half-built stays behind.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dbwright_catalog::{Engine, SampleValues, SchemaStatement, Snapshot};
use dbwright_live::LiveError;
use dbwright_live::capture::capture;
use dbwright_live::connect::{Connection, ReadLimits};
use dbwright_live::twin::{Twin, build};

use crate::scratch::{is_running, kill};
use crate::servers;

/// The folder of the server on which a build has come so far that something is in there.
async fn folder_with(is_there: impl Fn(&Path) -> bool) -> PathBuf {
    let start = Instant::now();
    loop {
        let roots = [PathBuf::from("/dev/shm"), std::env::temp_dir()];
        let folders = roots.iter().filter_map(|root| root.read_dir().ok()).flatten().flatten();
        let found = folders.map(|entry| entry.path()).find(|folder| is_there(folder));
        if let Some(found) = found {
            return found;
        }
        assert!(start.elapsed() < Duration::from_mins(2), "no build came so far");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The process that a file names in its first line.
fn process(file: PathBuf) -> i32 {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().next().unwrap().trim().parse().unwrap()
}

async fn taken(url: &str) -> Snapshot {
    let mut connection = Connection::open(&url.parse().unwrap(), &ReadLimits::default())
        .await
        .unwrap();
    let snapshot = capture(&mut connection, &SampleValues::default()).await.unwrap();
    connection.close().await;
    snapshot
}

fn statement(sql: String) -> SchemaStatement {
    SchemaStatement {
        object: "table t".to_owned(),
        sql,
    }
}

/// What is left when the build has ended.
fn assert_told_and_gone(outcome: Result<Twin, LiveError>, folder: &Path, server: i32) {
    let error = outcome.err().unwrap();
    assert!(matches!(error, LiveError::ServerStopped { .. }), "{error}");
    assert!(!folder.exists(), "{} is left", folder.display());
    assert!(!is_running(server));
}

#[tokio::test]
async fn a_postgres_that_is_killed_while_a_twin_is_built_is_told_and_nothing_stays() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let database = scratch.create_database().await.unwrap();
        let folder = scratch.socket_folder().unwrap();
        let mut snapshot = taken(&format!("postgres://dbwright@/{database}?host={}", folder.display())).await;
        scratch.stop().await.unwrap();
        // The server writes the mark into its log, and the build can't go on from there.
        let mark = format!("killed in {} on {major}", std::process::id());
        snapshot.schema.push(statement(format!(
            "DO $$ BEGIN RAISE WARNING '{mark}'; PERFORM pg_sleep(600); END $$"
        )));
        let has_mark = |folder: &Path| {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            log.contains(&mark)
        };
        let killed = async {
            let folder = folder_with(has_mark).await;
            let server = process(folder.join("data/postmaster.pid"));
            kill(server);
            (folder, server)
        };
        let options = servers::scratch_options(major);
        let (outcome, (folder, server)) = tokio::join!(build(&snapshot, &options), killed);
        assert_told_and_gone(outcome, &folder, server);
    }
}

#[tokio::test]
async fn a_mysql_or_mariadb_that_is_killed_while_a_twin_is_built_is_told_and_nothing_stays() {
    for (engine, major) in [(Engine::MySql, 9), (Engine::MariaDb, 11)] {
        let installed = servers::installed(engine, major);
        let scratch = installed.scratch().await;
        let database = scratch.create_database().await.unwrap();
        let socket = scratch.socket().unwrap();
        let mut snapshot = taken(&format!(
            "mysql://dbwright@localhost/{database}?socket={}",
            socket.display()
        ))
        .await;
        scratch.stop().await.unwrap();
        // The file of the first table is the mark, and the build can't go on from the second.
        let mark = format!("killed_{}_{major}", std::process::id());
        snapshot.schema.push(statement(format!("CREATE TABLE {mark} (a int)")));
        snapshot
            .schema
            .push(statement("CREATE TABLE never AS SELECT sleep(600) AS a".to_owned()));
        let has_mark = |folder: &Path| {
            let databases = folder.join("data").read_dir().into_iter().flatten().flatten();
            let mut tables = databases.map(|entry| entry.path().join(format!("{mark}.ibd")));
            tables.any(|table| table.exists())
        };
        let killed = async {
            let folder = folder_with(has_mark).await;
            let server = process(folder.join("data/server.pid"));
            kill(server);
            (folder, server)
        };
        let options = installed.options();
        let (outcome, (folder, server)) = tokio::join!(build(&snapshot, &options), killed);
        assert_told_and_gone(outcome, &folder, server);
    }
}
