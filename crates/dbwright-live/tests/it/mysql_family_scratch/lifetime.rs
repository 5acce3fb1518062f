//! Nothing stays behind, however a run ends; and what is to be kept is kept whole.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;

use dbwright_catalog::Engine;
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Programs, Who};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{ask, migrator, run, traces};
use crate::scratch::lifetime::guards;
use crate::scratch::{is_running, kill, wait_until_gone};
use crate::servers::{Installed, MYSQL_FAMILY, installed, mysql_family};

/// Tells the test below that it is the child process: the engine to use,
const ENGINE: &str = "DBWRIGHT_TEST_HOLD_ENGINE";
/// the folder with the server program,
const BIN: &str = "DBWRIGHT_TEST_HOLD_BIN";
/// and the cache.
const CACHE: &str = "DBWRIGHT_TEST_HOLD_CACHE";

#[tokio::test]
async fn stopping_removes_the_server_and_its_folder() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (folder, pid) = traces(&scratch).await;
        assert!(folder.exists() && is_running(pid));
        scratch.stop().await.unwrap();
        assert!(!folder.exists() && !is_running(pid));
    }
}

#[tokio::test]
async fn dropping_removes_the_server_and_its_folder() {
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        let (folder, pid) = traces(&scratch).await;
        drop(scratch);
        wait_until_gone(&folder, pid).await;
    }
}

/// Not a test by itself: the process that the tests of this file kill.
#[tokio::test]
async fn hold_a_server_until_killed() {
    let variable = |name: &str| std::env::var(name).ok();
    let (Some(engine), Some(bin), Some(cache)) = (variable(ENGINE), variable(BIN), variable(CACHE)) else {
        return;
    };
    let engine: Engine = engine.parse().unwrap();
    let mut options = ScratchOptions {
        cache: cache.into(),
        ..ScratchOptions::default()
    };
    options.bin_dirs.mysql.push(bin.clone().into());
    options.bin_dirs.mariadb.push(bin.into());
    let scratch = MySqlFamilyScratch::start(engine, &options).await.unwrap();
    let (folder, pid) = traces(&scratch).await;
    println!("\nholding\t{}\t{pid}", folder.display());
    std::future::pending::<()>().await;
}

struct Holder {
    process: tokio::process::Child,
    folder: PathBuf,
    server: i32,
}

/// Starts a process that holds a server of its own.
async fn holder(installed: &Installed, prepare: impl FnOnce(&mut std::process::Command)) -> Holder {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "mysql_family_scratch::lifetime::hold_a_server_until_killed",
            "--nocapture",
        ])
        .env(ENGINE, installed.engine.name())
        .env(BIN, &installed.bin)
        .env(CACHE, installed.options().cache)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    prepare(&mut command);
    let mut process = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(found) = line.strip_prefix("holding\t") {
            let (folder, pid) = found.split_once('\t').unwrap();
            return Holder {
                process,
                folder: PathBuf::from(folder),
                server: pid.parse().unwrap(),
            };
        }
    }
    panic!("the child process has not started a server");
}

#[tokio::test]
async fn a_killed_process_leaves_nothing() {
    for (engine, major) in MYSQL_FAMILY {
        let mut holder = holder(&installed(engine, major), |_| {}).await;
        assert!(is_running(holder.server));
        holder.process.kill().await.unwrap();
        wait_until_gone(&holder.folder, holder.server).await;
    }
}

#[tokio::test]
async fn what_is_left_when_the_guard_is_killed_too_is_removed_by_the_next_run() {
    let server = installed(Engine::MariaDb, 10);
    let mut holder = holder(&server, |_| {}).await;
    let other = server.scratch().await;
    let (other_folder, other_pid) = traces(&other).await;
    for guard in guards(&holder.folder) {
        kill(guard);
    }
    holder.process.kill().await.unwrap();
    // The next run may be that of another test.
    let next = server.scratch().await;
    wait_until_gone(&holder.folder, holder.server).await;
    // Of another run that lives, nothing was touched.
    assert!(other_folder.exists() && is_running(other_pid));
    migrator(&other).await;
    next.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test]
async fn two_runs_at_once_make_one_template_and_do_not_disturb_each_other() {
    let cache = tempfile::tempdir().unwrap();
    let server = installed(Engine::MariaDb, 11);
    let mut options = server.options();
    options.cache = cache.path().join("new/cache");
    let start = || MySqlFamilyScratch::start(server.engine, &options);
    let (one, two) = tokio::join!(start(), start());
    let (one, two) = (one.unwrap(), two.unwrap());
    let templates = std::fs::read_dir(&options.cache)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().is_dir())
        .count();
    assert_eq!(templates, 1);
    let (folder, pid) = traces(&one).await;
    two.stop().await.unwrap();
    let (_, mut session) = migrator(&one).await;
    assert_eq!(ask(&mut session, "SELECT 1").await, "1");
    assert!(folder.exists() && is_running(pid));
    one.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_kept_of_a_server_is_there_on_another_one() {
    for (engine, major) in MYSQL_FAMILY {
        let place = tempfile::tempdir().unwrap();
        let kept = place.path().join("kept");
        let server = installed(engine, major);
        let scratch = server.scratch().await;
        let (database, mut session) = migrator(&scratch).await;
        run(
            &mut session,
            "CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, text longtext); \
             INSERT INTO t (text) VALUES ('one'), (REPEAT('x', 1000000)); \
             CREATE VIEW v AS SELECT id FROM t; CREATE DATABASE elsewhere",
        )
        .await;
        session.disconnect().await.unwrap();
        let (folder, pid) = traces(&scratch).await;
        scratch.stop_keeping(&kept).await.unwrap();
        assert!(!folder.exists() && !is_running(pid));

        // The same data serve several times, also at once.
        let options = server.options();
        let again = || MySqlFamilyScratch::start_on(server.engine, &options, &kept);
        let (one, two) = (again().await.unwrap(), again().await.unwrap());
        for scratch in [one, two] {
            let mut session = scratch.connect(&database, Who::Migrator).await.unwrap();
            assert_eq!(ask(&mut session, "SELECT SUM(LENGTH(text)) FROM t").await, "1000003");
            assert_eq!(ask(&mut session, "SELECT COUNT(*) FROM v").await, "2");
            run(&mut session, "USE elsewhere; CREATE TABLE t (id int)").await;
            assert_ne!(scratch.create_database().await.unwrap(), database);
            scratch.stop().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_server_goes_on_after_its_data_were_kept() {
    for (engine, major) in MYSQL_FAMILY {
        let place = tempfile::tempdir().unwrap();
        let kept = place.path().join("kept");
        let server = installed(engine, major);
        let programs = Programs::choose(engine, &server.options()).await.unwrap();
        let scratch = programs.start().await.unwrap();
        let (database, mut session) = migrator(&scratch).await;
        run(&mut session, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await;
        session.disconnect().await.unwrap();
        let (scratch, copied) = programs.keep(scratch, &kept).await.unwrap();
        copied.unwrap();
        let mut session = scratch.connect(&database, Who::Migrator).await.unwrap();
        run(&mut session, "INSERT INTO t VALUES (2)").await;
        assert_eq!(ask(&mut session, "SELECT COUNT(*) FROM t").await, "2");
        scratch.stop().await.unwrap();
        let scratch = programs.start_on(&kept).await.unwrap();
        let mut session = scratch.connect(&database, Who::Migrator).await.unwrap();
        assert_eq!(ask(&mut session, "SELECT COUNT(*) FROM t").await, "1");
        scratch.stop().await.unwrap();
    }
}

/// Servers that root starts run as another user. Run as root, all other tests here show that this works, and this one
/// shows that it works without being root; otherwise the other way round.
#[tokio::test]
async fn another_user_can_run_it_too() {
    if !rustix::process::geteuid().is_root() {
        // We can't become somebody else, and all other tests show that we can do it.
        return;
    }
    for (engine, major) in MYSQL_FAMILY {
        let server = installed(engine, major);
        // Where a user without rights can read it.
        let place = tempfile::tempdir_in("/tmp").unwrap();
        let (program, cache) = (place.path().join("tests"), place.path().join("cache"));
        std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        std::fs::create_dir(&cache).unwrap();
        std::os::unix::fs::chown(place.path(), Some(65534), Some(65534)).unwrap();
        std::os::unix::fs::chown(&cache, Some(65534), Some(65534)).unwrap();
        let mut holder = holder(&server, |command| {
            let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
            *command = std::process::Command::new(&program);
            command
                .args(arguments)
                .env(ENGINE, server.engine.name())
                .env(BIN, &server.bin)
                .env(CACHE, &cache);
            command.stdin(Stdio::null()).stdout(Stdio::piped());
            command.current_dir("/").uid(65534).gid(65534);
        })
        .await;
        holder.process.kill().await.unwrap();
        wait_until_gone(&holder.folder, holder.server).await;
    }
}
