//! What goes wrong is told as what it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dbwright_catalog::{Engine, Version};
use dbwright_live::LiveError;
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who, installations, nearest};
use mysql_async::prelude::Queryable;

use super::{ask, migrator, traces};
use crate::scratch::{kill, wait_until_gone};
use crate::servers::{MYSQL_FAMILY, installed, mysql_family};

#[tokio::test]
async fn a_server_that_dies_is_told_with_its_last_words() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (database, mut session) = migrator(&scratch).await;
        let (folder, pid) = traces(&scratch).await;
        fs::OpenOptions::new()
            .append(true)
            .open(folder.join("log"))
            .and_then(|mut log| std::io::Write::write_all(&mut log, b"[Note] these are my last words\n"))
            .unwrap();
        kill(pid);
        let error = session.query_drop("SELECT SLEEP(60)").await.unwrap_err();
        let error = scratch.failure("running a migration", error).await;
        assert!(
            matches!(&error, LiveError::ServerStopped { log } if log.contains("these are my last words")),
            "{error}"
        );
        for error in [
            scratch.create_database().await.map(|_| ()).unwrap_err(),
            scratch.connect(&database, Who::Migrator).await.map(|_| ()).unwrap_err(),
            scratch.kill_query(1).await.unwrap_err(),
        ] {
            assert!(matches!(error, LiveError::ServerStopped { .. }), "{error}");
        }
        scratch.stop().await.unwrap();
        wait_until_gone(&folder, pid).await;
    }
}

#[tokio::test]
async fn an_ordinary_error_stays_what_it_is() {
    let scratch = mysql_family(Engine::MariaDb, 10).await;
    let (_, mut session) = migrator(&scratch).await;
    let error = session.query_drop("SELECT nothing").await.unwrap_err();
    let error = scratch.failure("looking", error).await;
    assert!(matches!(error, LiveError::MySqlFamily { .. }), "{error}");
    scratch.stop().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_as_one_and_a_full_table_is_not() {
    let scratch = mysql_family(Engine::MariaDb, 10).await;
    let (_, mut session) = migrator(&scratch).await;
    let signal = |number: u32| {
        format!("BEGIN NOT ATOMIC SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'no room'; END")
    };
    let error = session.query_drop(signal(1021)).await.unwrap_err();
    let error = scratch.failure("filling the tables", error).await;
    assert!(matches!(error, LiveError::DiskFull { .. }), "{error}");
    // There is room here, so it is a table in memory that is full.
    let error = session.query_drop(signal(1114)).await.unwrap_err();
    let error = scratch.failure("filling the tables", error).await;
    assert!(matches!(error, LiveError::MySqlFamily { .. }), "{error}");
    scratch.stop().await.unwrap();
}

/// Makes a folder with a server program, as a shell script.
fn program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

async fn failure(engine: Engine, options: &ScratchOptions) -> LiveError {
    match MySqlFamilyScratch::start(engine, options).await {
        Ok(_) => panic!("the server has started"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_broken_program_is_named_with_what_it_said() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let mut options = ScratchOptions {
        cache: folder.path().join("cache"),
        ..ScratchOptions::default()
    };
    options.bin_dirs.mysql = vec![folder.path().to_path_buf()];
    let says_version = "if [ \"$2\" = --version ]; then echo 'mysqld  Ver 8.4.6 for Linux on x86_64'; exit; fi";
    program(
        folder.path(),
        "mysqld",
        &format!("{says_version}\necho 'library libaio is missing' >&2; exit 1"),
    );
    let error = failure(Engine::MySql, &options).await;
    assert_eq!(
        error.to_string(),
        format!(
            "{} failed: library libaio is missing",
            folder.path().join("mysqld").display()
        )
    );

    // It makes a data directory, and then it does not start.
    program(
        folder.path(),
        "mysqld",
        &format!(
            "{says_version}\nif [ \"$4\" = --initialize-insecure ]; then mkdir \"${{2#--datadir=}}\"; exit; fi\n\
             echo 'I am broken' >&2; exit 3"
        ),
    );
    let error = failure(Engine::MySql, &options).await;
    assert!(
        matches!(&error, LiveError::ServerStopped { log } if log == "I am broken"),
        "{error}"
    );
}

#[tokio::test]
async fn a_program_is_what_it_says_it_is_and_not_what_it_is_called() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let bin = folder.path().to_path_buf();
    let found = |engine| {
        let found = installations(engine, std::slice::from_ref(&bin));
        found.into_iter().find(|found| found.bin == bin)
    };
    program(
        &bin,
        "mysqld",
        "echo \"$0  Ver 10.6.22-MariaDB-0ubuntu0.22.04.1 for debian-linux-gnu on x86_64 (Ubuntu 22.04)\"",
    );
    assert!(found(Engine::MySql).is_none());
    let mariadb = found(Engine::MariaDb).unwrap();
    assert_eq!(
        (mariadb.engine, mariadb.version),
        (Engine::MariaDb, Version::new(10, 6, 22))
    );
    for (script, reason) in [
        ("echo \"$0  Ver 5.7.44 for Linux on x86_64\"", "too old"),
        ("echo \"$0  Ver 10.5.28-MariaDB for Linux on x86_64\"", "too old"),
        ("exit 127", "says nothing"),
    ] {
        program(&bin, "mysqld", script);
        assert!(found(Engine::MySql).is_none(), "{reason}");
        assert!(found(Engine::MariaDb).is_none(), "{reason}");
    }
}

#[tokio::test]
async fn a_given_folder_without_a_server_is_told_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    for (engine, names) in [(Engine::MySql, "`mysqld`"), (Engine::MariaDb, "`mariadbd` or `mysqld`")] {
        let mut options = ScratchOptions::default();
        options.bin_dirs.mysql = vec![folder.path().to_path_buf()];
        options.bin_dirs.mariadb = vec![folder.path().to_path_buf()];
        assert_eq!(
            failure(engine, &options).await.to_string(),
            format!(
                "no usable {engine} server in the folder that was given: {} (it holds no {names} of {engine})",
                folder.path().display()
            )
        );
    }
}

#[test]
fn installations_are_found_with_version_and_origin() {
    for (engine, major) in MYSQL_FAMILY {
        let server = installed(engine, major);
        let found = installations(engine, &[server.bin.clone(), server.bin.clone()]);
        let given: Vec<_> = found.iter().filter(|found| found.origin == "given").collect();
        assert_eq!(given.len(), 1);
        assert_eq!((given[0].version, &given[0].bin), (server.version, &server.bin));
        assert_eq!(nearest(&found, true, None), Some(given[0]));
    }
}

#[tokio::test]
async fn a_damaged_template_is_made_anew() {
    let cache = tempfile::tempdir().unwrap();
    let mut options = installed(Engine::MariaDb, 10).options();
    options.cache = cache.path().to_path_buf();
    let start = || MySqlFamilyScratch::start(Engine::MariaDb, &options);
    start().await.unwrap().stop().await.unwrap();
    let template = fs::read_dir(cache.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    fs::write(template.join("ibdata1"), "").unwrap();
    let scratch = start().await.unwrap();
    let (_, mut session) = migrator(&scratch).await;
    assert_eq!(ask(&mut session, "SELECT 1").await, "1");
    scratch.stop().await.unwrap();
    assert!(fs::metadata(template.join("ibdata1")).unwrap().len() > 0);
}

#[tokio::test]
async fn without_a_cache_each_run_makes_its_own_template() {
    let place = tempfile::tempdir().unwrap();
    let mut options = installed(Engine::MariaDb, 10).options();
    // No folder can be made below a file.
    options.cache = place.path().join("file/cache");
    fs::write(place.path().join("file"), "").unwrap();
    let scratch = MySqlFamilyScratch::start(Engine::MariaDb, &options).await.unwrap();
    let (folder, pid) = traces(&scratch).await;
    scratch.stop().await.unwrap();
    wait_until_gone(&folder, pid).await;
}
