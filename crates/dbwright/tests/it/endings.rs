//! Ends of a run that are none of the program's own choice.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::command::{command, project};

/// Waits until `look` sees something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{what} did not happen");
        std::thread::yield_now();
    }
}

/// Arguments and parent of each process of this machine.
fn processes() -> Vec<(u32, u32, Vec<String>)> {
    let folders = std::fs::read_dir("/proc").unwrap().flatten();
    let process = |folder: PathBuf| {
        let pid = folder.file_name()?.to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        let arguments = std::fs::read(folder.join("cmdline")).ok()?;
        let arguments = arguments
            .split(|byte| *byte == 0)
            .map(|text| String::from_utf8_lossy(text).into_owned());
        Some((pid, parent, arguments.collect()))
    };
    folders.filter_map(|entry| process(entry.path())).collect()
}

/// The folder of the scratch server that a run has started, and the server's process.
pub(crate) fn server_of(run: u32) -> Option<(PathBuf, u32)> {
    let processes = processes();
    let (guard, _, arguments) = processes
        .iter()
        .find(|(_, parent, arguments)| *parent == run && arguments.iter().any(|text| text == "dbwright-guard"))?;
    let at = arguments.iter().position(|text| text == "dbwright-guard")?;
    let folder = PathBuf::from(arguments.get(at + 1)?);
    let (server, ..) = processes
        .iter()
        .find(|(_, parent, arguments)| parent == guard && arguments.iter().any(|text| text == "-D"))?;
    Some((folder, *server))
}

/// Whether the server is busy with a statement that begins with SELECT.
fn is_selecting(server: u32) -> bool {
    processes()
        .iter()
        .any(|(_, parent, arguments)| *parent == server && arguments.concat().contains("SELECT"))
}

pub(crate) fn is_there(folder: &Path, server: u32) -> bool {
    let server = Pid::from_raw(i32::try_from(server).unwrap()).unwrap();
    folder.exists() || rustix::process::test_kill_process(server).is_ok()
}

#[test]
fn ctrl_c_ends_with_130_and_leaves_no_server_and_no_folder() {
    let project = project(&[
        ("migrations/1_t.sql", "CREATE TABLE t (id int);\n"),
        ("migrations/2_wait.sql", "SELECT pg_sleep(600);\n"),
    ]);
    let mut child = command(&["check", "--engine", "postgres"])
        .current_dir(project.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (folder, server) = wait_for("the start of a server", || server_of(child.id()));
    wait_for("the long statement", || is_selecting(server).then_some(()));
    rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    wait_for("the end of the server", || (!is_there(&folder, server)).then_some(()));
}

/// The folder for files of SQLite that a run has made.
fn folder_of(run: u32) -> Option<PathBuf> {
    let files = std::fs::read_dir(format!("/proc/{run}/fd")).ok()?.flatten();
    let mut files = files.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let lock = files.find(|file| file.ends_with("scratch.lock"))?;
    Some(lock.parent()?.to_owned())
}

#[test]
fn what_ctrl_c_leaves_of_sqlite_the_next_run_removes() {
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;\n";
    let project = project(&[
        ("migrations/1_t.sql", "CREATE TABLE t (id INTEGER PRIMARY KEY);\n"),
        ("migrations/2_wait.sql", endless),
    ]);
    let check = |migrations: &[&str]| {
        let mut command = command(&["check", "--engine", "sqlite"]);
        command.args(migrations).current_dir(project.path());
        command
    };
    let mut child = check(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let folder = wait_for("the folder of the run", || folder_of(child.id()));
    wait_for("the file of the run", || folder.read_dir().ok()?.flatten().nth(1));
    rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let next = check(&["migrations/1_t.sql"]).output().unwrap();
    assert_eq!(next.status.code(), Some(0), "{}", String::from_utf8_lossy(&next.stderr));
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [
        &["rule", "table-rewrite"][..],
        &["--help"],
        &["detect", "examples/notes"],
    ] {
        let mut child = command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn nobody_who_listens_is_no_error_either() {
    let mut child = command(&["rule", "no-such-rule"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn output_that_cannot_be_written_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = command(&["rule"]);
    let child = command
        .stdout(Stdio::from(full))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("error: cannot write to standard output: No space left on device"),
        "{said}"
    );
}
