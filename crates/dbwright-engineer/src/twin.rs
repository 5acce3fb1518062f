//! `twin`: a disposable database that looks like a snapshot.

use std::path::PathBuf;

use dbwright_catalog::Snapshot;
use dbwright_live::scratch::{BinDirs, ScratchOptions};
pub use dbwright_live::twin::postgres::hypothetical::HypotheticalIndex;
pub use dbwright_live::twin::{Fidelity, Twin};

use crate::EngineerError;

/// Where its server programs are, and where prepared clusters are kept.
#[derive(Clone, Debug)]
pub struct TwinSetUp {
    /// Folders to look for server programs before all others.
    pub bin_dirs: BinDirs,
    /// Where template clusters are kept.
    pub cache: PathBuf,
}

/// Builds a twin.
///
/// # Errors
///
/// When the snapshot is of another engine, or no server can be had. Nothing half-built stays.
pub async fn build_twin(snapshot: &Snapshot, set_up: &TwinSetUp) -> Result<Twin, EngineerError> {
    let options = ScratchOptions {
        url: None,
        version: None,
        cache: set_up.cache.clone(),
        bin_dirs: set_up.bin_dirs.clone(),
    };
    Ok(dbwright_live::twin::build(snapshot, &options).await?)
}

/// Makes a hypothetical index on a twin that runs, by its URL; of a partitioned table one for each partition.
///
/// # Errors
///
/// When it is no `CREATE INDEX`, or the twin refuses it. Nothing of it stays then.
pub async fn add_index(url: &str, statement: &str) -> Result<Vec<HypotheticalIndex>, EngineerError> {
    Ok(dbwright_live::twin::postgres::hypothetical::add_index_at(url, statement).await?)
}
