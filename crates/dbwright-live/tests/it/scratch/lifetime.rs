//! Nothing stays behind, however a run ends.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use dbwright_live::scratch::postgres::PostgresScratch;
use dbwright_live::scratch::{BinDirs, ScratchOptions};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{ask, is_running, kill, migrator, traces, wait_until_gone};
use crate::servers;

/// Tells the test below that it is the child process: the folder with the server programs to use.
const HOLD: &str = "DBWRIGHT_TEST_HOLD";
/// And the cache to use.
const CACHE: &str = "DBWRIGHT_TEST_CACHE";

#[tokio::test]
async fn stopping_removes_the_server_and_its_folder() {
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let (folder, pid) = traces(&scratch).await;
        assert!(folder.exists() && is_running(pid));
        scratch.stop().await.unwrap();
        assert!(!folder.exists() && !is_running(pid));
    }
}

#[tokio::test]
async fn dropping_removes_the_server_and_its_folder() {
    let scratch = servers::scratch(18).await;
    let (folder, pid) = traces(&scratch).await;
    drop(scratch);
    wait_until_gone(&folder, pid).await;
}

/// Not a test by itself: the process that the tests of this file kill.
#[tokio::test]
async fn hold_a_server_until_killed() {
    let (Some(bin), Some(cache)) = (std::env::var_os(HOLD), std::env::var_os(CACHE)) else {
        return;
    };
    let options = ScratchOptions {
        cache: cache.into(),
        bin_dirs: BinDirs {
            postgres: vec![bin.into()],
            ..BinDirs::default()
        },
        ..ScratchOptions::default()
    };
    let scratch = PostgresScratch::start(&options).await.unwrap();
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
async fn holder(major: u32, prepare: impl FnOnce(&mut std::process::Command)) -> Holder {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "scratch::lifetime::hold_a_server_until_killed",
            "--nocapture",
        ])
        .env(HOLD, servers::postgres(major))
        .env(CACHE, servers::scratch_options(major).cache)
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
    for major in servers::majors() {
        let mut holder = holder(major, |_| {}).await;
        assert!(is_running(holder.server));
        holder.process.kill().await.unwrap();
        let time = wait_until_gone(&holder.folder, holder.server).await;
        assert!(time < Duration::from_secs(2), "{time:?}");
    }
}

#[tokio::test]
async fn what_is_left_when_the_guard_is_killed_too_is_removed_by_the_next_run() {
    let mut holder = holder(15, |_| {}).await;
    let other = servers::scratch(18).await;
    let (other_folder, other_pid) = traces(&other).await;
    for guard in guards(&holder.folder) {
        kill(guard);
    }
    holder.process.kill().await.unwrap();
    // The next run may be that of another test.
    let next = servers::scratch(15).await;
    wait_until_gone(&holder.folder, holder.server).await;
    // Of another run that lives, nothing was touched.
    assert!(other_folder.exists() && is_running(other_pid));
    migrator(&other).await;
    next.stop().await.unwrap();
    other.stop().await.unwrap();
}

/// The shells that guard the server in `folder`.
pub(crate) fn guards(folder: &Path) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<_> = words.split(|byte| *byte == 0).collect();
        if words.contains(&b"dbwright-guard".as_slice()) && words.contains(&folder.as_os_str().as_encoded_bytes()) {
            found.push(pid);
        }
    }
    assert_eq!(found.len(), 3, "{found:?}");
    found
}

#[tokio::test]
async fn a_folder_that_only_looks_like_ours_is_left_alone() {
    let folder = tempfile::Builder::new().prefix("dbwright-pg-").tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    servers::scratch(18).await.stop().await.unwrap();
    assert!(folder.path().join("thesis.txt").exists());
}

#[tokio::test]
async fn one_killed_shell_of_the_guard_changes_nothing() {
    for which in [0, 1, 2] {
        let mut holder = holder(18, |_| {}).await;
        kill(guards(&holder.folder)[which]);
        holder.process.kill().await.unwrap();
        wait_until_gone(&holder.folder, holder.server).await;
    }
}

#[tokio::test]
async fn two_runs_at_once_make_one_template_and_do_not_disturb_each_other() {
    let cache = tempfile::tempdir().unwrap();
    let mut options = servers::scratch_options(18);
    options.cache = cache.path().join("new/cache");
    let (one, two) = tokio::join!(PostgresScratch::start(&options), PostgresScratch::start(&options));
    let (one, two) = (one.unwrap(), two.unwrap());
    let names: Vec<String> = std::fs::read_dir(&options.cache)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_none_or(|extension| extension != "lock"))
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let (folder, pid) = traces(&one).await;
    two.stop().await.unwrap();
    let (_, session) = migrator(&one).await;
    assert_eq!(ask(&session, "SELECT 1").await, "1");
    assert!(folder.exists() && is_running(pid));
    one.stop().await.unwrap();
}

/// PostgreSQL refuses to run as root. Run as root, all other tests here show that this is no obstacle, and this one
/// shows that it works without being root; otherwise the other way round.
#[tokio::test]
async fn another_user_can_run_it_too() {
    if !rustix::process::geteuid().is_root() {
        // We can't become somebody else, and all other tests show that we can do it.
        return;
    }
    // Where a user without rights can read it.
    let place = tempfile::tempdir_in("/tmp").unwrap();
    let (program, cache) = (place.path().join("tests"), place.path().join("cache"));
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::create_dir(&cache).unwrap();
    std::os::unix::fs::chown(place.path(), Some(65534), Some(65534)).unwrap();
    std::os::unix::fs::chown(&cache, Some(65534), Some(65534)).unwrap();
    let mut holder = holder(18, |command| {
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        *command = std::process::Command::new(&program);
        command
            .args(arguments)
            .env(HOLD, servers::postgres(18))
            .env(CACHE, &cache);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.current_dir("/").uid(65534).gid(65534);
    })
    .await;
    holder.process.kill().await.unwrap();
    wait_until_gone(&holder.folder, holder.server).await;
}
