//! `cache`: what earlier checks have kept for later ones.

use std::path::Path;

use dbwright_catalog::Trace;
use dbwright_live::LiveError;
pub use dbwright_live::cache::{Contents as CacheContents, Entry as CacheEntry, EntryKind as CacheEntryKind};
use dbwright_live::cache::{HistoryCache, Store};

use crate::EngineerError;

/// So much may be kept where nobody says otherwise: about forty prefixes of histories with a hundred tables.
pub const CACHE_BYTES_MAX: u64 = 2 << 30;

/// All that is kept in a cache folder that may hold so much.
pub fn cache_contents(folder: &Path, bytes_max: u64) -> CacheContents {
    Store::new(folder, bytes_max).contents()
}

/// Removes all that is kept in a cache folder, and tells what that was.
///
/// # Errors
///
/// When another run is using it, or something can't be removed.
pub fn clear_cache(folder: &Path) -> Result<CacheContents, EngineerError> {
    let store = Store::new(folder, 0);
    store.clear().map_err(|source| {
        let doing = format!("clearing the cache {}", folder.display());
        EngineerError::Live(LiveError::Io { doing, source })
    })
}

/// The trace of the same run, where there was one.
pub(crate) async fn finished(cache: &HistoryCache) -> Option<Trace> {
    let cache = cache.clone();
    tokio::task::spawn_blocking(move || cache.trace()).await.ok().flatten()
}

/// Keeps a finished trace.
pub(crate) async fn keep(cache: &HistoryCache, trace: &Trace) {
    let (cache, trace) = (cache.clone(), trace.clone());
    // What is not kept runs again.
    let _ = tokio::task::spawn_blocking(move || cache.keep_trace(&trace)).await;
}
