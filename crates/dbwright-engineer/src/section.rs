//! Reviewing the history of one database: run it, judge what it did, try the fixes.

#[cfg(unix)]
use std::pin::Pin;

use dbwright_catalog::{Engine, Finding, History, MigrationSet, Proof, Section, Trace};
use dbwright_live::LiveError;
use dbwright_live::cache::{HistoryCache, Store};
#[cfg(unix)]
use dbwright_live::prove::postgres::Early;
use dbwright_live::prove::{self, Candidate};
use dbwright_live::release as queries;
use dbwright_live::rollback;
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::scratch::mysql_family::MySqlFamilyScratch;
use dbwright_live::scratch::postgres::PostgresScratch;
#[cfg(unix)]
use dbwright_live::scratch::postgres::Programs;
use dbwright_live::trace;
use dbwright_rules::Judgement;

#[cfg(unix)]
use crate::cache;
use crate::check::Phase;
use crate::levels::Levels;
use crate::prediction;
use crate::release;
use crate::ways_back::WaysBack;

/// More fixes than this are not tried in one run; each takes up to a fifth of a second.
const PROOFS_MAX: usize = 1000;

/// Runs and judges the history of a section. What was found out before something went wrong stays in the section.
pub(crate) async fn review(
    section: &mut Section,
    scratch: &ScratchOptions,
    store: &Store,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    if nothing_to_judge(section) {
        return Ok(());
    }
    match section.history.engine {
        Engine::Postgres => Box::pin(postgres(section, scratch, store, levels, progress)).await,
        Engine::Sqlite => sqlite(section, store, levels, progress).await,
        Engine::MySql | Engine::MariaDb => mysql_family(section, scratch, store, levels, progress).await,
    }
}

pub(crate) fn nothing_to_judge(section: &Section) -> bool {
    !(0..section.history.migrations.len()).any(|index| section.judged.contains(index))
}

/// What was watched, and the same with predictions in the place of what could not run, where something could not.
struct Watched {
    seen: Trace,
    predicted: Option<Trace>,
}

impl Watched {
    fn of(seen: Trace, history: &History, judged: &MigrationSet) -> Watched {
        let predicted = dbwright_rules::predict_unseen(history, judged, &seen);
        Watched { seen, predicted }
    }

    /// The same, judged.
    fn judged(section: &mut Section, seen: Trace, levels: &Levels) -> Watched {
        let watched = Watched::of(seen, &section.history, &section.judged);
        judge_section(section, watched.told(), levels);
        prediction::take_fixes(&mut section.findings);
        watched
    }

    /// What is judged and told.
    fn told(&self) -> &Trace {
        self.predicted.as_ref().unwrap_or(&self.seen)
    }

    fn into_told(self) -> Trace {
        self.predicted.unwrap_or(self.seen)
    }
}

async fn postgres(
    section: &mut Section,
    options: &ScratchOptions,
    store: &Store,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    let version = section.history.version.as_ref().map(|(version, _)| *version);
    let options = ScratchOptions {
        version,
        ..options.clone()
    };
    #[cfg(unix)]
    if let Some(programs) = Programs::choose(&options).await? {
        return Box::pin(postgres_of_ours(section, &programs, store, levels, progress)).await;
    }
    progress(Phase::Starting(Engine::Postgres));
    let scratch = PostgresScratch::start(&options).await?;
    let reviewed = postgres_given(&scratch, section, levels, progress).await;
    // Also when something went wrong: a given server is cleaned up by nobody else.
    let stopped = scratch.stop().await;
    reviewed.and(stopped)
}

/// On servers that are started here: what earlier runs have kept is not run again.
#[cfg(unix)]
async fn postgres_of_ours(
    section: &mut Section,
    programs: &Programs,
    store: &Store,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    let cache = HistoryCache::postgres(store, programs, &section.history, &section.judged);
    let watched = postgres_watched(section, programs, &cache, levels, progress).await?;
    let trace = &watched.seen;
    if let Some(ways) = WaysBack::select(section, trace, Some(&cache), levels) {
        progress(going_back(&ways));
        let history = &section.history;
        let tried = rollback::postgres::try_ways_back_kept(programs, &cache, history, trace, ways.to_try());
        let tried = Box::pin(tried).await;
        ways.finish(section, trace, Some(&cache), levels, tried);
    }
    if let Some(asked) = release::to_ask(section, trace, Some(&cache), levels) {
        progress(asking(&asked));
        let answers = Box::pin(queries::postgres::ask_kept(programs, &cache, asked)).await;
        release::finish(section, trace, Some(&cache), levels, answers);
    }
    section.trace = Some(watched.into_told());
    Ok(())
}

/// Runs and judges the history, and tries its fixes.
#[cfg(unix)]
async fn postgres_watched(
    section: &mut Section,
    programs: &Programs,
    cache: &HistoryCache,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<Watched, LiveError> {
    let Section {
        history,
        judged,
        findings,
        allowed,
        ..
    } = section;
    let (history, judged) = (&*history, &*judged);
    let (trace, early) = if let Some(trace) = cache::finished(cache).await {
        (trace, None)
    } else {
        let (trace, early) = watch((history, judged), programs, cache, levels, progress).await?;
        (trace, Some(early))
    };
    let watched = Watched::of(trace, history, judged);
    Judgement {
        findings: *findings,
        allowed: *allowed,
    } = judge(history, judged, watched.told(), levels);
    prediction::take_fixes(findings);
    let trace = &watched.seen;
    let (places, candidates) = candidates(findings, trace);
    let mut proofs = cache.proofs(&candidates);
    let unknown: Vec<usize> = (0..candidates.len()).filter(|index| proofs[*index].is_none()).collect();
    if !unknown.is_empty() {
        progress(Phase::Proving { fixes: unknown.len() });
        let early = match early {
            Some(early) => early.await,
            None => Early::default(),
        };
        for index in &unknown {
            proofs[*index] = early.proof(&candidates[*index]);
        }
        let left: Vec<usize> = unknown
            .iter()
            .copied()
            .filter(|index| proofs[*index].is_none())
            .collect();
        if !left.is_empty() {
            let to_try: Vec<Candidate<'_>> = left.iter().map(|index| candidates[*index].clone()).collect();
            let tried = prove::postgres::prove_kept(programs, cache, history, trace, &to_try).await?;
            for (index, proof) in left.into_iter().zip(tried) {
                proofs[index] = Some(proof);
            }
        }
        let (fixes, new): (Vec<Candidate<'_>>, Vec<Proof>) = unknown
            .into_iter()
            .filter_map(|index| Some((candidates[index].clone(), proofs[index].clone()?)))
            .unzip();
        cache.keep_proofs(&fixes, &new);
    }
    take_proofs(findings, places, proofs);
    too_many_to_try(findings);
    Ok(watched)
}

/// Watches the history and keeps what was seen. Fixes are tried beside it, as soon as their migration was seen: what comes
/// of them is told by the second answer, once it is asked. What goes wrong there is found out again by whoever tries what
/// is left.
#[cfg(unix)]
async fn watch<'a>(
    (history, judged): (&'a History, &'a MigrationSet),
    programs: &'a Programs,
    cache: &'a HistoryCache,
    levels: &'a Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(Trace, Pin<Box<dyn Future<Output = Early> + Send + 'a>>), LiveError> {
    progress(Phase::Starting(Engine::Postgres));
    let (sender, news) = tokio::sync::mpsc::unbounded_channel();
    let find = move |trace: &Trace| dbwright_rules::judge_last(history, trace, &levels.choice);
    // In boxes, because they are large and wait most of the time.
    let mut ahead = Box::pin(prove::postgres::prove_ahead(
        programs, cache, history, PROOFS_MAX, news, find,
    ));
    let mut early = None;
    let mut tracing = Box::pin(async {
        let mut at = |at| progress(Phase::Running(at));
        let trace = trace::postgres::trace_and_tell(programs, cache, history, judged, &mut at, sender).await?;
        // Here, because a server that is being started beside may hold the lock of the cache.
        cache::keep(cache, &trace).await;
        Ok::<Trace, LiveError>(trace)
    });
    let trace = loop {
        tokio::select! {
            biased;
            trace = &mut tracing => break trace?,
            done = &mut ahead, if early.is_none() => early = Some(done),
        }
    };
    let early = async move {
        let done = match early {
            Some(done) => done,
            None => ahead.await,
        };
        done.unwrap_or_default()
    };
    Ok((trace, Box::pin(early)))
}

async fn postgres_given(
    scratch: &PostgresScratch,
    section: &mut Section,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    let trace = trace::postgres::trace(scratch, &section.history, &section.judged, &mut |at| {
        progress(Phase::Running(at));
    })
    .await?;
    let watched = Watched::judged(section, trace, levels);
    let trace = &watched.seen;
    let (places, candidates) = candidates(&section.findings, trace);
    if !candidates.is_empty() {
        progress(Phase::Proving {
            fixes: candidates.len(),
        });
        let proofs = prove::postgres::prove(scratch, &section.history, trace, &candidates).await?;
        take_proofs(&mut section.findings, places, proofs.into_iter().map(Some));
    }
    too_many_to_try(&mut section.findings);
    if let Some(ways) = WaysBack::select(section, trace, None, levels) {
        progress(going_back(&ways));
        let tried = rollback::postgres::try_ways_back(scratch, &section.history, trace, ways.to_try());
        let tried = Box::pin(tried).await;
        ways.finish(section, trace, None, levels, tried);
    }
    if let Some(asked) = release::to_ask(section, trace, None, levels) {
        progress(asking(&asked));
        let answers = Box::pin(queries::postgres::ask(scratch, asked)).await;
        release::finish(section, trace, None, levels, answers);
    }
    section.trace = Some(watched.into_told());
    Ok(())
}

fn asking(asked: &queries::Asked<'_>) -> Phase {
    Phase::Asking {
        queries: asked.running.len() + asked.next.len(),
    }
}

fn going_back(ways: &WaysBack) -> Phase {
    Phase::GoingBack {
        migrations: ways.to_try().len(),
    }
}

async fn mysql_family(
    section: &mut Section,
    options: &ScratchOptions,
    store: &Store,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    let engine = section.history.engine;
    let options = ScratchOptions {
        version: section.history.version.as_ref().map(|(version, _)| *version),
        ..options.clone()
    };
    #[cfg(unix)]
    if options.url.is_none() {
        let programs = dbwright_live::scratch::mysql_family::Programs::choose(engine, &options).await?;
        let cache = HistoryCache::mysql_family(store, &programs, &section.history, &section.judged);
        let trace = if let Some(trace) = cache::finished(&cache).await {
            trace
        } else {
            progress(Phase::Starting(engine));
            let trace =
                trace::mysql_family::trace_kept(&programs, &cache, &section.history, &section.judged, &mut |at| {
                    progress(Phase::Running(at));
                })
                .await?;
            cache::keep(&cache, &trace).await;
            trace
        };
        let watched = mysql_family_judged(section, trace, levels);
        let trace = &watched.seen;
        if let Some(ways) = WaysBack::select(section, trace, Some(&cache), levels) {
            progress(going_back(&ways));
            let history = &section.history;
            let tried = rollback::mysql_family::try_ways_back_kept(&programs, &cache, history, trace, ways.to_try());
            let tried = Box::pin(tried).await;
            ways.finish(section, trace, Some(&cache), levels, tried);
        }
        if let Some(asked) = release::to_ask(section, trace, Some(&cache), levels) {
            progress(asking(&asked));
            let answers = Box::pin(queries::mysql_family::ask_kept(&programs, &cache, asked)).await;
            release::finish(section, trace, Some(&cache), levels, answers);
        }
        section.trace = Some(watched.into_told());
        return Ok(());
    }
    progress(Phase::Starting(engine));
    let scratch = MySqlFamilyScratch::start(engine, &options).await?;
    let reviewed = mysql_family_given(&scratch, section, levels, progress).await;
    let stopped = scratch.stop().await;
    reviewed.and(stopped)
}

fn mysql_family_judged(section: &mut Section, seen: Trace, levels: &Levels) -> Watched {
    let watched = Watched::judged(section, seen, levels);
    let engine = section.history.engine;
    without_proof(&mut section.findings, &format!("fixes are not tried on {engine} yet"));
    watched
}

async fn mysql_family_given(
    scratch: &MySqlFamilyScratch,
    section: &mut Section,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    let trace = trace::mysql_family::trace(scratch, &section.history, &section.judged, &mut |at| {
        progress(Phase::Running(at));
    })
    .await?;
    let watched = mysql_family_judged(section, trace, levels);
    let trace = &watched.seen;
    if let Some(ways) = WaysBack::select(section, trace, None, levels) {
        progress(going_back(&ways));
        let tried = rollback::mysql_family::try_ways_back(scratch, &section.history, trace, ways.to_try());
        let tried = Box::pin(tried).await;
        ways.finish(section, trace, None, levels, tried);
    }
    if let Some(asked) = release::to_ask(section, trace, None, levels) {
        progress(asking(&asked));
        let answers = Box::pin(queries::mysql_family::ask(scratch, asked)).await;
        release::finish(section, trace, None, levels, answers);
    }
    section.trace = Some(watched.into_told());
    Ok(())
}

async fn sqlite(
    section: &mut Section,
    store: &Store,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    progress(Phase::Starting(Engine::Sqlite));
    let (history, judged) = (section.history.clone(), section.judged.clone());
    let cache = HistoryCache::sqlite(store, &history, &judged);
    let kept = cache.clone();
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let work = tokio::task::spawn_blocking(move || {
        if let Some(trace) = cache.trace() {
            return Ok(trace);
        }
        trace::sqlite::trace_kept(&cache, &history, &judged, &mut |at| {
            // Nobody listens any more once the review was given up.
            let _ = sender.send(at);
        })
    });
    while let Some(at) = receiver.recv().await {
        progress(Phase::Running(at));
    }
    let trace = work.await.map_err(|_| LiveError::Unsupported {
        what: "the SQLite trace ended early".to_owned(),
    })??;
    let watched = Watched::judged(section, trace, levels);
    without_proof(&mut section.findings, "fixes are not tried on SQLite yet");
    let trace = &watched.seen;
    if let Some(ways) = WaysBack::select(section, trace, Some(&kept), levels) {
        progress(going_back(&ways));
        let (history, seen, to_try, cache) = (
            section.history.clone(),
            trace.clone(),
            ways.to_try().to_vec(),
            kept.clone(),
        );
        let work = tokio::task::spawn_blocking(move || {
            rollback::sqlite::try_ways_back(Some(&cache), &history, &seen, &to_try)
        });
        let tried = work.await.unwrap_or_else(|_| {
            Err(LiveError::Unsupported {
                what: "trying the ways back ended early".to_owned(),
            })
        });
        ways.finish(section, trace, Some(&kept), levels, tried);
    }
    if let Some(asked) = release::to_ask(section, trace, Some(&kept), levels) {
        progress(asking(&asked));
        let (history, judged, seen) = (asked.history.clone(), asked.judged.clone(), trace.clone());
        let (running, next, cache) = (asked.running.to_vec(), asked.next.to_vec(), kept.clone());
        let work = tokio::task::spawn_blocking(move || {
            let asked = queries::Asked {
                history: &history,
                judged: &judged,
                trace: &seen,
                running: &running,
                next: &next,
            };
            queries::sqlite::ask(Some(&cache), asked)
        });
        let answers = work.await.unwrap_or_else(|_| {
            Err(LiveError::Unsupported {
                what: "asking for queries ended early".to_owned(),
            })
        });
        release::finish(section, trace, Some(&kept), levels, answers);
    }
    section.trace = Some(watched.into_told());
    Ok(())
}

pub(crate) fn judge_section(section: &mut Section, trace: &Trace, levels: &Levels) {
    let judgement = judge(&section.history, &section.judged, trace, levels);
    section.findings = judgement.findings;
    section.allowed = judgement.allowed;
}

fn judge(history: &History, judged: &MigrationSet, trace: &Trace, levels: &Levels) -> Judgement {
    let mut judgement = dbwright_rules::judge_with_allowed(history, judged, trace, &levels.choice);
    levels.apply(&mut judgement.findings);
    levels.apply_to_allowed(&mut judgement.allowed);
    judgement
}

fn without_proof(findings: &mut [Finding], reason: &str) {
    for fix in findings.iter_mut().filter_map(|finding| finding.fix.as_mut()) {
        fix.proof.get_or_insert_with(|| Proof::NotTried {
            reason: reason.to_owned(),
        });
    }
}

/// The fixes to try, with the indexes of their findings.
fn candidates<'a>(findings: &'a [Finding], trace: &Trace) -> (Vec<usize>, Vec<Candidate<'a>>) {
    findings
        .iter()
        .enumerate()
        .filter_map(|(index, finding)| Some((index, Candidate::of(finding, trace)?)))
        .take(PROOFS_MAX)
        .unzip()
}

fn take_proofs(findings: &mut [Finding], places: Vec<usize>, proofs: impl IntoIterator<Item = Option<Proof>>) {
    for (index, proof) in places.into_iter().zip(proofs) {
        if let Some(fix) = &mut findings[index].fix {
            fix.proof = proof;
        }
    }
}

fn too_many_to_try(findings: &mut [Finding]) {
    without_proof(
        findings,
        &format!("no more than {PROOFS_MAX} fixes are tried in one run"),
    );
}
