//! Running a history from where an earlier run has come to, on servers of our own.
//!
//! What earlier runs keep is the state before the first judged migration: the stopped data directory, and beside it what
//! only the run itself knew, a [`Prefix`].

use std::time::{Duration, Instant};

use dbwright_catalog::{Engine, History, MigrationSet, MigrationTrace, Trace};

use super::prefix::Prefix;
use super::settings::{Settings, ends_with_session};
use super::{Limits, Runner, has_failed, nothing, tell_failures_on_rows};
use crate::LiveError;
use crate::cache::{HistoryCache, MARIADB_WORTH, MYSQL_WORTH, NewPrefix};
use crate::scratch::mysql_family::{MySqlFamilyScratch, Programs};
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
    let (scratch, prefix) = resume(programs, cache).await?;
    let from_cache = prefix.as_ref().map_or(0, Prefix::len);
    // In a box, because it is large and waits most of the time.
    let ran = Box::pin(run(programs, cache, (history, judged), (scratch, prefix), progress));
    let (scratch, ran) = ran.await?;
    let stopped = scratch.stop().await;
    let mut trace = ran?;
    stopped?;
    if trace.migrations.iter().any(has_failed) {
        // On another server: accounts and databases that the history makes are here already.
        let clean = replay_without_rows(programs, cache, history).await?;
        tell_failures_on_rows(&mut trace.migrations, clean);
    }
    trace.from_cache = from_cache;
    Ok(trace)
}

/// Starts a server on the longest prefix that is kept, or an empty one.
pub(super) async fn resume(
    programs: &Programs,
    cache: &HistoryCache,
) -> Result<(MySqlFamilyScratch, Option<Prefix>), LiveError> {
    for _ in 0..DAMAGED_MAX {
        let store = cache.clone();
        let Some(kept) = blocking(move || store.longest_prefix::<Prefix>()).await.flatten() else {
            break;
        };
        match programs.start_on(&kept.data()).await {
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
    (mut scratch, mut prefix): (MySqlFamilyScratch, Option<Prefix>),
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(MySqlFamilyScratch, Result<Trace, LiveError>), LiveError> {
    let until = cache.before_judged();
    let from = prefix.as_ref().map_or(0, Prefix::len);
    if from < until {
        let started = Instant::now();
        let replayed = replay(&scratch, history, prefix.as_ref(), until, progress).await;
        let (mut runner, migrations) = match replayed {
            Ok(replayed) => replayed,
            Err(error) => return Err(scratch.why(error).await),
        };
        let kept = if started.elapsed() >= worth(scratch.server().engine) {
            begin(cache, history, &mut runner).await
        } else {
            None
        };
        let Some((new, settings)) = kept else {
            let trace = judge(runner, migrations, (history, judged), progress).await;
            let trace = told(&scratch, trace).await;
            return Ok((scratch, trace));
        };
        let reached = runner.into_prefix(settings, migrations).await;
        scratch = keep(programs, cache, scratch, new, &reached).await?;
        prefix = Some(reached);
    }
    let trace = async {
        let runner = Runner::at(&scratch, Limits::default(), history, prefix.as_ref()).await?;
        let migrations = prefix.map(|prefix| prefix.migrations).unwrap_or_default();
        judge(runner, migrations, (history, judged), progress).await
    };
    let trace = trace.await;
    let trace = told(&scratch, trace).await;
    Ok((scratch, trace))
}

/// How long a prefix must have taken to be kept.
fn worth(engine: Engine) -> Duration {
    match engine {
        Engine::MariaDb => MARIADB_WORTH,
        Engine::MySql | Engine::Postgres | Engine::Sqlite => MYSQL_WORTH,
    }
}

/// Begins to keep what has run, where another session on another server could go on after it.
async fn begin(cache: &HistoryCache, history: &History, runner: &mut Runner<'_>) -> Option<(NewPrefix, Settings)> {
    let before = history.migrations.iter().take(cache.before_judged());
    let mut texts = (history.prelude.iter().chain(&history.schema).chain(before))
        .flat_map(|migration| migration.statements.iter().map(|statement| &statement.text));
    if texts.any(|text| ends_with_session(text)) {
        return None;
    }
    let cache = cache.clone();
    let new = blocking(move || cache.begin_prefix()).await.flatten()?;
    // What can't be read can't be kept.
    let settings = runner.settings().await.ok().flatten()?;
    Some((new, settings))
}

async fn told<T>(scratch: &MySqlFamilyScratch, result: Result<T, LiveError>) -> Result<T, LiveError> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(scratch.why(error).await),
    }
}

/// Runs what comes after a prefix, up to a migration.
async fn replay<'a>(
    scratch: &'a MySqlFamilyScratch,
    history: &History,
    prefix: Option<&Prefix>,
    until: usize,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(Runner<'a>, Vec<MigrationTrace>), LiveError> {
    let mut runner = Runner::at(scratch, Limits::default(), history, prefix).await?;
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
) -> Result<Trace, LiveError> {
    let rest = migrations.len()..history.migrations.len();
    migrations.extend(runner.run_history(history, judged, rest, progress).await?);
    runner.finish(migrations).await
}

/// Keeps what a server holds.
async fn keep(
    programs: &Programs,
    cache: &HistoryCache,
    scratch: MySqlFamilyScratch,
    new: NewPrefix,
    prefix: &Prefix,
) -> Result<MySqlFamilyScratch, LiveError> {
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
    let replayed = match replayed {
        Ok((runner, migrations)) => {
            runner.close_sessions().await;
            Ok(migrations)
        }
        Err(error) => Err(error),
    };
    let replayed = told(&scratch, replayed).await;
    scratch.stop().await?;
    replayed
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
