//! `dbwright cache`, and what `check` keeps.

use std::path::Path;
use std::process::Command;

use crate::command::{command, run};

/// The program with a cache of its own that may hold enough.
fn with_cache(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command(arguments);
    command.env("DBWRIGHT_CACHE", folder).env("DBWRIGHT_CACHE_MAX", "1GB");
    command
}

#[test]
fn a_check_is_kept_and_found_again_and_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let dbwright = |arguments: &[&str]| run(&mut with_cache(folder.path(), arguments)).stdout;
    let check = ["check", "examples/shop", "--all", "--format", "json"];
    let finding = |report: &str| serde_json::from_str::<serde_json::Value>(report).unwrap()["findings"].clone();

    assert!(dbwright(&["cache", "show"]).contains("Nothing is kept yet."));
    let first = dbwright(&check);
    let shown = dbwright(&["cache", "show"]);
    assert!(shown.contains("findings on "), "{shown}");
    assert!(shown.contains("empty server"), "{shown}");
    assert_eq!(finding(&dbwright(&check)), finding(&first));

    let cleared = dbwright(&["cache", "clear"]);
    assert!(cleared.starts_with("removed "), "{cleared}");
    assert!(dbwright(&["cache", "show"]).contains("Nothing is kept yet."));
}

#[test]
fn without_a_cache_what_is_kept_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let dbwright = |arguments: &[&str]| run(&mut with_cache(folder.path(), arguments)).stdout;
    dbwright(&["check", "examples/shop", "--all"]);
    let again = dbwright(&["check", "examples/shop", "--all"]);
    assert!(again.contains("in an earlier check of the same files"), "{again}");
    let anew = dbwright(&["check", "examples/shop", "--all", "--no-cache"]);
    assert!(!anew.contains("in an earlier check"), "{anew}");
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let dbwright = |arguments: &[&str]| run(&mut with_cache(folder.path(), arguments)).stdout;
    dbwright(&["check", "examples/shop", "--all", "--no-cache"]);
    let shown = dbwright(&["cache", "show"]);
    assert!(
        !shown.contains("findings on ") && shown.contains("empty server"),
        "{shown}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_stopped_process_that_holds_the_cache_is_told_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let check = ["check", "examples/shop", "--all"];
    let before = run(&mut with_cache(folder.path(), &check));
    assert_eq!(before.stderr, "");
    let script = "exec 9>>\"$1\" && flock 9 && kill -STOP $$";
    let lock = folder.path().join("kept/lock");
    let mut holder = Command::new("/bin/sh")
        .args(["-c", script, "holder"])
        .arg(&lock)
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", holder.id());
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while !std::fs::read_to_string(&status).unwrap().contains("State:\tT") {
        assert!(std::time::Instant::now() < deadline, "it does not get the lock");
        std::thread::yield_now();
    }
    let held = run(&mut with_cache(folder.path(), &check));
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(held.code, before.code);
    assert!(held.stderr.contains("went on without the cache"), "{}", held.stderr);
    assert!(held.stderr.contains(&*lock.to_string_lossy()), "{}", held.stderr);
    let after = run(&mut with_cache(folder.path(), &check));
    assert_eq!(after.stderr, "");
}

#[test]
fn a_size_that_is_none_is_wrong_use() {
    let run = run(command(&["cache", "show"]).env("DBWRIGHT_CACHE_MAX", "plenty"));
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("DBWRIGHT_CACHE_MAX is no size: plenty"),
        "{}",
        run.stderr
    );
}
