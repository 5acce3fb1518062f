//! What is told of snapshots and twins.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dbwright_catalog::Snapshot;
use dbwright_live::twin::{Fidelity, Twin};

/// What became of a capture.
pub(crate) struct Captured {
    pub(crate) snapshot: Snapshot,
    pub(crate) time: Duration,
    /// Where there is a server that they are sent to.
    pub(crate) queries: Option<u64>,
    pub(crate) bytes: usize,
}

pub(crate) fn captured(taken: &Captured) -> String {
    let queries = taken
        .queries
        .map_or(String::new(), |queries| format!(" with {queries} queries"));
    format!(
        "in {:.2} s{queries}, a file of {} kB",
        taken.time.as_secs_f64(),
        taken.bytes / 1024
    )
}

/// What a folder takes on the disk.
pub(crate) fn disk(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            let below = if metadata.is_dir() { disk(&entry.path()) } else { 0 };
            Some(metadata.blocks() * 512 + below)
        })
        .sum()
}

/// The folder that holds a twin.
pub(crate) fn folder(twin: &Twin) -> PathBuf {
    let socket_or_file = match twin {
        Twin::Postgres(twin) => return twin.scratch.socket_folder().unwrap_or_default(),
        Twin::MySqlFamily(twin) => {
            let url = twin.url();
            url.split_once("socket=")
                .map_or_else(PathBuf::new, |(_, socket)| socket.into())
        }
        Twin::Sqlite(twin) => twin.path().to_path_buf(),
    };
    socket_or_file.parent().map(PathBuf::from).unwrap_or_default()
}

pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20)
}

pub(crate) fn fidelity(fidelity: &Fidelity) -> String {
    match fidelity {
        Fidelity::Exact => "exact".to_owned(),
        Fidelity::Approximate(reasons) => format!("approximate: {}", reasons.join(" ")),
        Fidelity::SchemaOnly(reasons) => format!("schema only: {}", reasons.join(" ")),
    }
}
