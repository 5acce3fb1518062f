//! Running a history from where an earlier run has come to, on servers of our own.
//!
//! What earlier runs keep is the state before the first judged migration: the stopped data directory, and beside it what
//! only the run itself knew, a [`Prefix`].

use std::time::Instant;

use dbwright_catalog::{History, MigrationSet, MigrationTrace, Trace};

use tokio::sync::mpsc::UnboundedSender;

use super::news::{News, Teller};
use super::prefix::Prefix;
use super::{Runner, has_failed, nothing, tell_failures_on_rows};
use crate::LiveError;
use crate::cache::{HistoryCache, NewPrefix, PREFIX_WORTH};
use crate::scratch::postgres::{PostgresScratch, Programs};
use crate::trace::Progress;

/// So many kept prefixes are tried; each that is damaged is removed.
const DAMAGED_MAX: usize = 3;

/// Runs a history as [`super::trace`] does, on servers of our own. What an earlier run has kept of it is not run again, and
/// what took long is kept for later ones. The result is the same.
///
/// # Errors
///
/// When a server or a session breaks; never because of what the migrations say.
pub async fn trace_kept(
    programs: &Programs,
    cache: &HistoryCache,
    history: &History,
    judged: &MigrationSet,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Trace, LiveError> {
    trace_telling(programs, cache, (history, judged), progress, None).await
}

/// Runs a history as [`trace_kept`] does, and tells what became of each judged migration as soon as it has run.
///
/// # Errors
///
/// When a server or a session breaks; never because of what the migrations say.
pub async fn trace_and_tell(
    programs: &Programs,
    cache: &HistoryCache,
    history: &History,
    judged: &MigrationSet,
    progress: &mut (dyn FnMut(Progress) + Send),
    news: UnboundedSender<News>,
) -> Result<Trace, LiveError> {
    trace_telling(programs, cache, (history, judged), progress, Some(Teller::new(news))).await
}

async fn trace_telling(
    programs: &Programs,
    cache: &HistoryCache,
    (history, judged): (&History, &MigrationSet),
    progress: &mut (dyn FnMut(Progress) + Send),
    teller: Option<Teller>,
) -> Result<Trace, LiveError> {
    let (scratch, prefix) = resume(programs, cache).await?;
    let from_cache = prefix.as_ref().map_or(0, Prefix::len);
    // In a box, because it is large and waits most of the time.
    let ran = Box::pin(run(
        programs,
        cache,
        (history, judged),
        (scratch, prefix),
        progress,
        teller,
    ));
    let (scratch, ran) = ran.await?;
    let mut trace = ran?;
    scratch.stop().await?;
    if trace.migrations.iter().any(has_failed) {
        // On another server: roles that the history makes are here already.
        let clean = replay_without_rows(programs, cache, history).await?;
        tell_failures_on_rows(&mut trace.migrations, clean);
    }
    trace.from_cache = from_cache;
    Ok(trace)
}

/// Starts a server on the longest prefix that is kept, or an empty one.
pub(crate) async fn resume(
    programs: &Programs,
    cache: &HistoryCache,
) -> Result<(PostgresScratch, Option<Prefix>), LiveError> {
    for _ in 0..DAMAGED_MAX {
        let store = cache.clone();
        let Some(kept) = blocking(move || store.longest_prefix::<Prefix>()).await.flatten() else {
            break;
        };
        match programs.start_on(&kept.data(), kept.state.databases).await {
            Ok(scratch) => return Ok((scratch, Some(kept.state))),
            Err(error @ LiveError::DiskFull { .. }) => return Err(error),
            Err(_) => cache.discard_prefix(kept),
        }
    }
    Ok((programs.start().await?, None))
}

/// Runs what comes before the first judged migration, keeps where that has led to if it took long, and runs the rest. Gives
/// back the server as well, which is another one on the same data where something was kept.
async fn run(
    programs: &Programs,
    cache: &HistoryCache,
    (history, judged): (&History, &MigrationSet),
    (mut scratch, mut prefix): (PostgresScratch, Option<Prefix>),
    progress: &mut (dyn FnMut(Progress) + Send),
    teller: Option<Teller>,
) -> Result<(PostgresScratch, Result<Trace, LiveError>), LiveError> {
    let until = cache.before_judged();
    let from = prefix.as_ref().map_or(0, Prefix::len);
    if from < until {
        let started = Instant::now();
        let replayed = replay(&scratch, history, prefix.as_ref(), until, progress).await;
        let (runner, migrations) = match replayed {
            Ok(replayed) => replayed,
            Err(error) => return Err(scratch.why(error).await),
        };
        let new = if started.elapsed() >= PREFIX_WORTH && runner.is_replaceable().await {
            cache.begin_prefix()
        } else {
            None
        };
        let Some(new) = new else {
            let trace = judge(runner, migrations, (history, judged), progress, teller).await;
            let trace = told(&scratch, trace).await;
            return Ok((scratch, trace));
        };
        let reached = runner.into_prefix(migrations).await;
        scratch = keep(programs, cache, scratch, new, &reached).await?;
        prefix = Some(reached);
    }
    let trace = async {
        let runner = Runner::at(&scratch, history, prefix.as_ref()).await?;
        let migrations = prefix.map(|prefix| prefix.migrations).unwrap_or_default();
        judge(runner, migrations, (history, judged), progress, teller).await
    };
    let trace = trace.await;
    let trace = told(&scratch, trace).await;
    Ok((scratch, trace))
}

async fn told<T>(scratch: &PostgresScratch, result: Result<T, LiveError>) -> Result<T, LiveError> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(scratch.why(error).await),
    }
}

/// Runs what comes after a prefix, up to a migration.
async fn replay<'a>(
    scratch: &'a PostgresScratch,
    history: &History,
    prefix: Option<&Prefix>,
    until: usize,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(Runner<'a>, Vec<MigrationTrace>), LiveError> {
    let mut runner = Runner::at(scratch, history, prefix).await?;
    let mut migrations = prefix.map(|prefix| prefix.migrations.clone()).unwrap_or_default();
    let rest = migrations.len()..until;
    migrations.extend(runner.run_history(history, &nothing(), rest, progress).await?);
    Ok((runner, migrations))
}

/// Runs what is left of a history.
async fn judge(
    mut runner: Runner<'_>,
    mut migrations: Vec<MigrationTrace>,
    (history, judged): (&History, &MigrationSet),
    progress: &mut (dyn FnMut(Progress) + Send),
    teller: Option<Teller>,
) -> Result<Trace, LiveError> {
    runner.teller = teller;
    let rest = migrations.len()..history.migrations.len();
    migrations.extend(runner.run_history(history, judged, rest, progress).await?);
    runner.finish(migrations).await
}

/// Keeps what a server holds.
async fn keep(
    programs: &Programs,
    cache: &HistoryCache,
    scratch: PostgresScratch,
    new: NewPrefix,
    prefix: &Prefix,
) -> Result<PostgresScratch, LiveError> {
    let (scratch, copied) = programs.keep(scratch, &new.data()).await?;
    if copied.is_ok() {
        let (cache, prefix) = (cache.clone(), prefix.clone());
        blocking(move || cache.keep_prefix(new, &prefix)).await;
    }
    Ok(scratch)
}

/// What becomes of the migrations after the kept prefix where no table ever holds a generated row.
async fn replay_without_rows(
    programs: &Programs,
    cache: &HistoryCache,
    history: &History,
) -> Result<Vec<MigrationTrace>, LiveError> {
    let (scratch, prefix) = resume(programs, cache).await?;
    let count = history.migrations.len();
    let replayed = replay(&scratch, history, prefix.as_ref(), count, &mut |_| {}).await;
    let replayed = replayed.map(|(_, migrations)| migrations);
    let replayed = told(&scratch, replayed).await;
    scratch.stop().await?;
    replayed
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
