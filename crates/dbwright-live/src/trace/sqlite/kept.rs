//! Running a history from where an earlier run has come to.
//!
//! Kept is the replayed database as it is before the first judged migration, with what only the run itself knew, [`Prefix`].

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use dbwright_catalog::{Effect, History, MigrationSet, Trace};
use serde::{Deserialize, Serialize};

use super::session::{LIMITS, Limits, Session, Settings};
use super::{Failures, Progress, REPLAYED, Tracer, Transactions, scratch_folder};
use crate::LiveError;
use crate::cache::{HistoryCache, KeptPrefix, SQLITE_WORTH};
use crate::introspect::sqlite::CatalogState;
use crate::trace::rebuilds::Rebuilds;

/// What is known of the migrations that have run, beyond what their database says.
#[derive(Serialize, Deserialize)]
struct Prefix {
    settings: Settings,
    transactions: Transactions,
    failures: Failures,
    failures_on_rows: Failures,
    effects: Vec<Vec<Effect>>,
    assumptions: Vec<String>,
}

/// Runs a history as [`super::trace`] does. What an earlier run has kept of it is not run again, and what took long is kept
/// for later ones. The result is the same.
pub fn trace_kept(
    cache: &HistoryCache,
    history: &History,
    judged: &MigrationSet,
    progress: &mut dyn FnMut(Progress),
) -> Result<Trace, LiveError> {
    let started = Instant::now();
    let folder = scratch_folder()?;
    let (mut tracer, from) = match resumed(cache, folder.path()) {
        Some(tracer) => {
            let from = tracer.effects.len();
            (tracer, from)
        }
        None => (Tracer::begin(folder.path(), history, LIMITS)?, 0),
    };
    let until = cache.before_judged();
    tracer.run(history, judged, from..until, progress)?;
    if from < until && started.elapsed() >= SQLITE_WORTH {
        tracer.keep(cache);
    }
    tracer.run(history, judged, until..history.migrations.len(), progress)?;
    let mut trace = tracer.finish(judged)?;
    trace.from_cache = from;
    if started.elapsed() >= SQLITE_WORTH {
        cache.keep_trace(&trace);
    }
    Ok(trace)
}

/// A tracer on the longest prefix that is kept and whole.
pub(super) fn resumed(cache: &HistoryCache, folder: &Path) -> Option<Tracer> {
    let kept = cache.longest_prefix::<Prefix>()?;
    let Ok(replayed) = restored(&kept, folder, LIMITS) else {
        cache.discard_prefix(kept);
        return None;
    };
    let prefix = kept.state;
    Some(Tracer {
        folder: folder.to_owned(),
        copies: 0,
        replayed,
        transactions: prefix.transactions,
        failures: prefix.failures,
        failures_on_rows: prefix.failures_on_rows,
        effects: prefix.effects,
        unfilled: BTreeMap::new(),
        rebuilds: Rebuilds::default(),
        assumptions: prefix.assumptions,
        state: CatalogState::empty(),
    })
}

fn restored(kept: &KeptPrefix<Prefix>, folder: &Path, limits: Limits) -> Result<Session, LiveError> {
    let file = folder.join(REPLAYED);
    let restored = fs::copy(kept.data(), &file)
        .map_err(|source| LiveError::io("copying a kept database", source))
        .and_then(|_| Session::open(&file, limits, &kept.state.settings));
    if restored.is_err() {
        // The next attempt begins with an empty one.
        let _ = fs::remove_file(&file);
    }
    restored
}

impl Tracer {
    /// Keeps where the migrations have led to so far. Failing at it does no harm.
    fn keep(&self, cache: &HistoryCache) {
        // Temporary tables end with the connection.
        if self.replayed.has_temporary() {
            return;
        }
        let (Some(new), Ok(settings)) = (cache.begin_prefix(), self.replayed.settings()) else {
            return;
        };
        let prefix = Prefix {
            settings,
            transactions: self.transactions,
            failures: self.failures.clone(),
            failures_on_rows: self.failures_on_rows.clone(),
            effects: self.effects.clone(),
            assumptions: self.assumptions.clone(),
        };
        if self.replayed.copy(&new.data()).is_ok() {
            cache.keep_prefix(new, &prefix);
        }
    }
}
