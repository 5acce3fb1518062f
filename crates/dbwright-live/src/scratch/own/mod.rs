//! What servers of our own have in common, whatever their engine: where they live, who runs them, and that they end.

pub(super) mod copy;
pub(super) mod directory;
pub(super) mod guard;
pub(super) mod template;
pub(super) mod user;

use std::path::Path;

use crate::LiveError;

/// What a server of our own is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Statements are watched: it shall be there soon and be quick, and nothing has to survive a crash.
    Watching,
    /// Work is timed: it has what a server in production has by default, and its files are on a disk.
    Timing,
}

/// So many lines of a server's log are shown.
const LOG_LINES: usize = 12;

/// Whether what a program of the server said means that the disk is full.
pub(super) fn no_space(text: &str) -> bool {
    text.contains("No space left on device") || text.contains("Disk quota exceeded")
}

/// The end of a log, for people.
pub(super) fn last_lines(file: &Path) -> String {
    let bytes = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return "(it has written nothing)".to_owned();
    }
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

/// Runs what reads and writes files where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LiveError> + Send + 'static,
) -> Result<T, LiveError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(LiveError::io("working with files", std::io::Error::other(error))))
}

/// The environment of the server's programs: nothing of ours, which may hold secrets, but what a loader needs.
pub(super) fn environment() -> impl Iterator<Item = (String, std::ffi::OsString)> {
    const KEPT: &[&str] = &[
        "PATH",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "LOCALE_ARCHIVE",
    ];
    KEPT.iter()
        .filter_map(|name| std::env::var_os(name).map(|value| ((*name).to_owned(), value)))
        .chain([("LC_ALL".to_owned(), "C".into())])
}
