//! Where programs lie on a machine, and what they say about themselves.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use super::patience::Patience;

/// How long a program may take to tell its version.
const VERSION_LIMIT: Duration = Duration::from_secs(5);

/// What a program says when it is run with `arguments`, and how it ended.
pub(super) fn said(program: &Path, arguments: &[&str]) -> Result<(ExitStatus, String), String> {
    let shown = || {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let last = arguments.last().unwrap_or(&"");
        format!("`{name} {last}`")
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{} can't be run: {error}", shown()))?;
    let mut patience = Patience::new(VERSION_LIMIT);
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if patience.is_exhausted() {
            // Both may fail only because it is gone already.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{} does not answer", shown()));
        }
        patience.pause_blocking();
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    Ok((output.status, String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}

/// A folder, where `~` stands for the home folder; nothing where there is none.
pub(super) fn expand(folder: &str) -> Option<PathBuf> {
    match folder.strip_prefix("~/") {
        Some(below) => env::home_dir().map(|home| home.join(below)),
        None => Some(PathBuf::from(folder)),
    }
}

/// Whether a folder is one of this platform's, for the list of what was tried.
pub(super) fn native(folder: &Path) -> bool {
    let text = folder.to_string_lossy();
    let mac = text.starts_with("/Applications") || text.starts_with("/Library") || text.starts_with("/opt/");
    if cfg!(windows) {
        text.contains('\\')
    } else {
        !text.contains('\\') && (cfg!(target_os = "macos") || !mac)
    }
}

/// The folders `folder/prefix*/below`, those with the highest numbers first.
pub(super) fn subfolders(folder: &Path, prefix: &str, below: &str) -> Vec<PathBuf> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names.reverse();
    names.iter().map(|name| folder.join(name).join(below)).collect()
}
