//! Small phrases that text and JSON share: counts, times, locks, servers.

use std::path::Path;
use std::time::Duration;

use dbwright_catalog::{Algorithm, Engine, History, LockMode, Server, TableOperation, Tool, Version};

/// `1 error`, `2 errors`. The plural adds an `s`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A duration as people say it: `40 ms`, `1.3 s`, `2 min 5 s`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if duration < Duration::from_millis(100) {
        format!("{} ms", duration.as_millis())
    } else if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

/// What waits behind a lock: `blocks reads and writes`.
pub(crate) fn blocked(mode: LockMode) -> &'static str {
    match (mode.blocks_reads(), mode.blocks_writes()) {
        (true, _) => "blocks reads and writes",
        (false, true) => "blocks writes",
        (false, false) => "blocks other schema changes",
    }
}

/// How a table is changed: `ALGORITHM=COPY, LOCK=SHARED on orders blocks writes`.
pub(crate) fn operation(operation: &TableOperation) -> String {
    let (algorithm, lock) = (operation.algorithm.name(), operation.lock);
    let blocked = match (lock.blocks_reads(), lock.blocks_writes()) {
        (true, _) => "blocks reads and writes",
        (false, true) => "blocks writes",
        (false, false) => "lets others read and write",
    };
    match operation.algorithm {
        // No lock level goes with it: only the definition of the table changes.
        Algorithm::Instant => format!("ALGORITHM=INSTANT on {} changes only its definition", operation.table),
        Algorithm::NoCopy | Algorithm::InPlace | Algorithm::Copy => {
            format!(
                "ALGORITHM={algorithm}, LOCK={} on {} {blocked}",
                lock.name(),
                operation.table
            )
        }
    }
}

/// The path as it is shown, with a word for the standard input.
pub(crate) fn path(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// What the history is called: its folder with its tool, or its only file; with a further word, where one is given.
pub(crate) fn history_name(history: &History, more: Option<&str>) -> String {
    let folder = path(&history.folder);
    let more = more.map_or_else(String::new, |more| format!(", {more}"));
    match (history.tool, history.migrations.as_slice()) {
        (Tool::File, [only]) => format!("{}{more}", path(&only.path)),
        (tool, _) if folder.is_empty() || folder == "." => format!("{tool}{more}"),
        (tool, _) => format!("{folder} ({tool}{more})"),
    }
}

/// The version that the repository names and where it does, if the server is another. Minor versions of PostgreSQL are
/// not told apart: they change neither locks nor rewrites.
pub(crate) fn other_version<'a>(history: &'a History, server: &Server) -> Option<&'a (Version, String)> {
    let named = history.version.as_ref()?;
    let differs = match server.engine {
        Engine::Postgres => named.0.major != server.version.major,
        Engine::MySql | Engine::MariaDb | Engine::Sqlite => {
            named.0.major != server.version.major || (named.0.minor != 0 && named.0.minor != server.version.minor)
        }
    };
    differs.then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!(count(0, "error"), "0 errors");
        assert_eq!(count(1, "error"), "1 error");
        assert_eq!(count(2, "error"), "2 errors");
    }

    #[test]
    fn durations_are_told_in_the_unit_that_fits() {
        for (milliseconds, expected) in [(40, "40 ms"), (1_260, "1.3 s"), (125_000, "2 min 5 s")] {
            assert_eq!(duration(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn lists_read_like_a_sentence() {
        let parts = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(&parts[..1]), "a");
        assert_eq!(list(&parts[..2]), "a and b");
        assert_eq!(list(&parts), "a, b and c");
    }
}
