//! Reviewing the history of one database: run it, judge what it did, try the fixes.

use dbwright_catalog::{Engine, Finding, Proof, Section, Trace};
use dbwright_live::LiveError;
use dbwright_live::cache::{HistoryCache, Store};
use dbwright_live::prove::{self, Candidate};
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::scratch::mysql_family::MySqlFamilyScratch;
use dbwright_live::scratch::postgres::PostgresScratch;
#[cfg(unix)]
use dbwright_live::scratch::postgres::Programs;
use dbwright_live::trace;

#[cfg(unix)]
use crate::cache;
use crate::check::Phase;
use crate::levels::Levels;

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
        Engine::Postgres => postgres(section, scratch, store, levels, progress).await,
        Engine::Sqlite => sqlite(section, store, levels, progress).await,
        Engine::MySql | Engine::MariaDb => mysql_family(section, scratch, store, levels, progress).await,
    }
}

fn nothing_to_judge(section: &Section) -> bool {
    !(0..section.history.migrations.len()).any(|index| section.judged.contains(index))
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
        return postgres_of_ours(section, &programs, store, levels, progress).await;
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
    let trace = if let Some(trace) = cache::finished(&cache).await {
        trace
    } else {
        progress(Phase::Starting(Engine::Postgres));
        let trace = trace::postgres::trace_kept(programs, &cache, &section.history, &section.judged, &mut |at| {
            progress(Phase::Running(at));
        })
        .await?;
        cache::keep(&cache, &trace).await;
        trace
    };
    judge(section, &trace, levels);
    let (places, candidates) = candidates(&section.findings, &trace);
    let mut proofs = cache.proofs(&candidates);
    let (unknown, to_try): (Vec<usize>, Vec<Candidate<'_>>) = (0..candidates.len())
        .filter(|index| proofs[*index].is_none())
        .map(|index| (index, candidates[index].clone()))
        .unzip();
    if !to_try.is_empty() {
        progress(Phase::Proving { fixes: to_try.len() });
        let tried = prove::postgres::prove_kept(programs, &cache, &section.history, &trace, &to_try).await?;
        cache.keep_proofs(&to_try, &tried);
        for (index, proof) in unknown.into_iter().zip(tried) {
            proofs[index] = Some(proof);
        }
    }
    take_proofs(&mut section.findings, places, proofs);
    too_many_to_try(&mut section.findings);
    section.trace = Some(trace);
    Ok(())
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
    judge(section, &trace, levels);
    let (places, candidates) = candidates(&section.findings, &trace);
    if !candidates.is_empty() {
        progress(Phase::Proving {
            fixes: candidates.len(),
        });
        let proofs = prove::postgres::prove(scratch, &section.history, &trace, &candidates).await?;
        take_proofs(&mut section.findings, places, proofs.into_iter().map(Some));
    }
    too_many_to_try(&mut section.findings);
    section.trace = Some(trace);
    Ok(())
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
        mysql_family_judged(section, trace, levels);
        return Ok(());
    }
    progress(Phase::Starting(engine));
    let scratch = MySqlFamilyScratch::start(engine, &options).await?;
    let trace = mysql_family_on(scratch, section, progress).await?;
    mysql_family_judged(section, trace, levels);
    Ok(())
}

fn mysql_family_judged(section: &mut Section, trace: Trace, levels: &Levels) {
    judge(section, &trace, levels);
    section.trace = Some(trace);
    let engine = section.history.engine;
    without_proof(&mut section.findings, &format!("fixes are not tried on {engine} yet"));
}

async fn mysql_family_on(
    scratch: MySqlFamilyScratch,
    section: &Section,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<Trace, LiveError> {
    let traced = trace::mysql_family::trace(&scratch, &section.history, &section.judged, &mut |at| {
        progress(Phase::Running(at));
    })
    .await;
    let stopped = scratch.stop().await;
    let trace = traced?;
    stopped.map(|()| trace)
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
    judge(section, &trace, levels);
    section.trace = Some(trace);
    without_proof(&mut section.findings, "fixes are not tried on SQLite yet");
    Ok(())
}

fn judge(section: &mut Section, trace: &Trace, levels: &Levels) {
    let judgement = dbwright_rules::judge_with_allowed(&section.history, &section.judged, trace, &levels.choice);
    section.findings = judgement.findings;
    section.allowed = judgement.allowed;
    levels.apply(&mut section.findings);
    levels.apply_to_allowed(&mut section.allowed);
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
