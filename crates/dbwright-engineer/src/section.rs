//! Reviewing the history of one database: run it, judge what it did, try the fixes.

use dbwright_catalog::{Engine, Finding, History, MigrationSet, Proof, Section, Trace};
use dbwright_live::LiveError;
use dbwright_live::prove::{self, Candidate};
use dbwright_live::scratch::postgres::{PostgresScratch, ScratchOptions};
use dbwright_live::trace;

use crate::check::Phase;
use crate::levels::Levels;

/// More fixes than this are not tried in one run; each takes up to a fifth of a second.
const PROOFS_MAX: usize = 1000;

/// Runs and judges one history.
pub(crate) async fn review(
    history: History,
    judged: MigrationSet,
    scratch: &ScratchOptions,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<Section, LiveError> {
    let mut section = Section {
        history,
        judged,
        trace: None,
        findings: Vec::new(),
        not_done: Vec::new(),
    };
    if nothing_to_judge(&section) {
        return Ok(section);
    }
    match section.history.engine {
        Engine::Postgres => postgres(&mut section, scratch, levels, progress).await?,
        Engine::Sqlite => sqlite(&mut section, levels, progress).await?,
        engine @ (Engine::MySql | Engine::MariaDb) => {
            section.not_done.push(format!("{engine} migrations are not run yet."));
        }
    }
    Ok(section)
}

fn nothing_to_judge(section: &Section) -> bool {
    !(0..section.history.migrations.len()).any(|index| section.judged.contains(index))
}

async fn postgres(
    section: &mut Section,
    options: &ScratchOptions,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    progress(Phase::Starting(Engine::Postgres));
    let major = section.history.version.as_ref().map(|(version, _)| version.major);
    let options = ScratchOptions {
        major,
        ..options.clone()
    };
    let scratch = PostgresScratch::start(&options).await?;
    let reviewed = postgres_on(&scratch, section, &options, levels, progress).await;
    // Also when something went wrong: a given server is cleaned up by nobody else.
    let stopped = scratch.stop().await;
    reviewed.and(stopped)
}

async fn postgres_on(
    scratch: &PostgresScratch,
    section: &mut Section,
    options: &ScratchOptions,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    let trace = trace::postgres::trace(scratch, &section.history, &section.judged, &mut |at| {
        progress(Phase::Running(at));
    })
    .await?;
    section.findings = judge(section, &trace, levels);
    section.trace = Some(trace);
    // Proofs replay the history, and on a server of our own the roles of the first run are in the way.
    let given = (!scratch.is_own_cluster()).then_some(scratch);
    prove_fixes(section, options, given, progress).await
}

async fn sqlite(
    section: &mut Section,
    levels: &Levels,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    progress(Phase::Starting(Engine::Sqlite));
    let (history, judged) = (section.history.clone(), section.judged.clone());
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let work = tokio::task::spawn_blocking(move || {
        trace::sqlite::trace(&history, &judged, &mut |at| {
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
    section.findings = judge(section, &trace, levels);
    section.trace = Some(trace);
    without_proof(&mut section.findings, "fixes are not tried on SQLite yet");
    Ok(())
}

fn judge(section: &Section, trace: &Trace, levels: &Levels) -> Vec<Finding> {
    let mut findings = dbwright_rules::judge(&section.history, &section.judged, trace, &levels.allowed);
    for finding in &mut findings {
        if let Some(severity) = levels.severity(&finding.rule) {
            finding.severity = severity;
        }
    }
    findings
}

fn without_proof(findings: &mut [Finding], reason: &str) {
    for fix in findings.iter_mut().filter_map(|finding| finding.fix.as_mut()) {
        fix.proof.get_or_insert_with(|| Proof::NotTried {
            reason: reason.to_owned(),
        });
    }
}

async fn prove_fixes(
    section: &mut Section,
    options: &ScratchOptions,
    given: Option<&PostgresScratch>,
    progress: &mut (dyn FnMut(Phase) + Send),
) -> Result<(), LiveError> {
    let Some(trace) = &section.trace else { return Ok(()) };
    let (places, candidates): (Vec<usize>, Vec<Candidate<'_>>) = section
        .findings
        .iter()
        .enumerate()
        .filter_map(|(index, finding)| Some((index, Candidate::of(finding, trace)?)))
        .take(PROOFS_MAX)
        .unzip();
    if !candidates.is_empty() {
        progress(Phase::Proving {
            fixes: candidates.len(),
        });
        let proofs = if let Some(scratch) = given {
            prove::postgres::prove(scratch, &section.history, &candidates).await?
        } else {
            let scratch = PostgresScratch::start(options).await?;
            let proofs = prove::postgres::prove(&scratch, &section.history, &candidates).await;
            scratch.stop().await?;
            proofs?
        };
        for (index, proof) in places.into_iter().zip(proofs) {
            if let Some(fix) = &mut section.findings[index].fix {
                fix.proof = Some(proof);
            }
        }
    }
    without_proof(
        &mut section.findings,
        &format!("no more than {PROOFS_MAX} fixes are tried in one run"),
    );
    Ok(())
}
