//! What goes wrong is told as what it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dbwright_live::LiveError;
use dbwright_live::scratch::postgres::{PostgresScratch, ScratchOptions, installations};

use super::{ask, kill, migrator, traces, wait_until_gone};
use crate::servers;

#[tokio::test]
async fn a_server_that_dies_is_told_with_its_last_words() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let (database, session) = migrator(&scratch).await;
        let (folder, pid) = traces(&scratch).await;
        fs::OpenOptions::new()
            .append(true)
            .open(folder.join("log"))
            .and_then(|mut log| std::io::Write::write_all(&mut log, b"LOG:  these are my last words\n"))
            .unwrap();
        kill(pid);
        let error = session.client.batch_execute("SELECT pg_sleep(60)").await.unwrap_err();
        let error = scratch.failure("running a migration", error).await;
        assert!(
            matches!(&error, LiveError::ServerStopped { log } if log.contains("these are my last words")),
            "{error}"
        );
        assert!(
            error.to_string().starts_with("the scratch server stopped unexpectedly"),
            "{error}"
        );
        for error in [
            scratch.create_database().await.map(|_| ()).unwrap_err(),
            scratch
                .connect(&database, dbwright_live::scratch::postgres::Who::Migrator)
                .await
                .map(|_| ())
                .unwrap_err(),
        ] {
            assert!(matches!(error, LiveError::ServerStopped { .. }), "{error}");
        }
        scratch.stop().await.unwrap();
        wait_until_gone(&folder, pid).await;
    }
}

#[tokio::test]
async fn a_session_that_crashes_is_not_repaired_silently() {
    let scratch = servers::scratch(18).await;
    let (_, session) = migrator(&scratch).await;
    kill(session.pid);
    let error = session.client.batch_execute("SELECT pg_sleep(60)").await.unwrap_err();
    let error = scratch.failure("running a migration", error).await;
    assert!(
        matches!(&error, LiveError::ServerStopped { log } if log.contains("was terminated by signal 9")),
        "{error}"
    );
    scratch.stop().await.unwrap();
}

#[tokio::test]
async fn an_ordinary_error_stays_what_it_is() {
    let scratch = servers::scratch(15).await;
    let (_, session) = migrator(&scratch).await;
    let error = session.client.batch_execute("SELECT 1 / 0").await.unwrap_err();
    let error = scratch.failure("dividing", error).await;
    assert!(matches!(error, LiveError::Postgres { .. }), "{error}");
    scratch.stop().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_as_one() {
    let scratch = servers::scratch(18).await;
    let (_, session) = migrator(&scratch).await;
    let sql = "DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$";
    let error = session.client.batch_execute(sql).await.unwrap_err();
    let error = scratch.failure("filling the tables", error).await;
    assert!(matches!(error, LiveError::DiskFull { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "the disk is full: filling the tables (could not extend file)"
    );
    scratch.stop().await.unwrap();
}

/// Makes a folder with the two programs, as shell scripts.
fn programs(folder: &Path, postgres: &str, initdb: &str) {
    for (name, script) in [("postgres", postgres), ("initdb", initdb)] {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

async fn failure(options: &ScratchOptions) -> LiveError {
    match PostgresScratch::start(options).await {
        Ok(_) => panic!("the server has started"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn broken_programs_are_named_with_what_they_said() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let mut options = servers::scratch_options(18);
    options.cache = folder.path().join("cache");
    options.bin_dirs.postgres = vec![folder.path().to_path_buf()];
    let says_version = "if [ \"$1\" = -V ]; then echo 'postgres (PostgreSQL) 16.3'; exit; fi";

    programs(
        folder.path(),
        says_version,
        "echo 'library libicu is missing' >&2; exit 1",
    );
    let error = failure(&options).await;
    let initdb = folder.path().join("initdb");
    assert_eq!(
        error.to_string(),
        format!("{} failed: library libicu is missing", initdb.display())
    );

    programs(
        folder.path(),
        &format!("{says_version}\necho 'I am broken' >&2; exit 3"),
        "mkdir \"$2\"",
    );
    let error = failure(&options).await;
    assert!(
        matches!(&error, LiveError::ServerStopped { log } if log == "I am broken"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_is_too_old_or_silent_is_not_used() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    for (script, reason) in [
        (
            "echo 'postgres (PostgreSQL) 12.4'",
            "PostgreSQL 12.4; 13 or newer is needed",
        ),
        ("exit 127", "`postgres -V` failed"),
    ] {
        programs(folder.path(), script, "exit 1");
        let found = installations(&[folder.path().to_path_buf()], folder.path());
        assert!(found.iter().all(|found| found.bin != folder.path()), "{reason}");
    }
}

#[tokio::test]
async fn installations_are_found_with_version_and_origin() {
    let bin = servers::postgres(15);
    let found = installations(&[bin.clone(), bin.clone()], &std::env::temp_dir());
    let given: Vec<_> = found.iter().filter(|found| found.origin == "given").collect();
    assert_eq!(given.len(), 1);
    assert_eq!((given[0].version.major, &given[0].bin), (15, &bin));
}

#[tokio::test]
async fn a_damaged_template_is_made_anew() {
    let cache = tempfile::tempdir().unwrap();
    let mut options = servers::scratch_options(18);
    options.cache = cache.path().to_path_buf();
    PostgresScratch::start(&options).await.unwrap().stop().await.unwrap();
    let template = fs::read_dir(cache.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    fs::write(template.join("global/pg_control"), "").unwrap();
    let scratch = PostgresScratch::start(&options).await.unwrap();
    let (_, session) = migrator(&scratch).await;
    assert_eq!(ask(&session, "SELECT 1").await, "1");
    scratch.stop().await.unwrap();
    assert!(fs::metadata(template.join("global/pg_control")).unwrap().len() > 0);
}

#[tokio::test]
async fn without_a_cache_each_run_makes_its_own_template() {
    let place = tempfile::tempdir().unwrap();
    let mut options = servers::scratch_options(18);
    // No folder can be made below a file.
    options.cache = place.path().join("file/cache");
    fs::write(place.path().join("file"), "").unwrap();
    let scratch = PostgresScratch::start(&options).await.unwrap();
    let (folder, pid) = traces(&scratch).await;
    scratch.stop().await.unwrap();
    wait_until_gone(&folder, pid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_while_a_history_runs_is_told_as_that() {
    let scratch = servers::scratch(18).await;
    let (_, pid) = traces(&scratch).await;
    let history = crate::effects::history_of("SELECT pg_sleep(60)");
    let all = dbwright_catalog::MigrationSet::All;
    let mut kill_it = |_| kill(pid);
    let error = dbwright_live::trace::postgres::trace(&scratch, &history, &all, &mut kill_it)
        .await
        .unwrap_err();
    assert!(matches!(error, LiveError::ServerStopped { .. }), "{error}");
    scratch.stop().await.unwrap();
}
