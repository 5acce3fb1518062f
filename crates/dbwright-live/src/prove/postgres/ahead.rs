//! Trying fixes while the history is still being watched, on a server of its own.
//!
//! What is tried is what the rules say as long as only a part of the history is known. What they say of all of it decides:
//! a proof counts for the same fix of the same statement only.

use std::collections::BTreeMap;

use dbwright_catalog::{Catalog, Finding, History, MigrationTrace, Proof, Trace};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Ground, Trial, redo};
use crate::LiveError;
use crate::cache::{HistoryCache, Key, proof_key};
use crate::prove::Candidate;
use crate::scratch::postgres::Programs;
use crate::trace::postgres::{News, resume};

/// Proofs of fixes that were tried early.
#[derive(Debug, Default)]
pub struct Early {
    proofs: BTreeMap<Key, Proof>,
}

impl Early {
    /// The proof of this fix, where it was tried.
    pub fn proof(&self, candidate: &Candidate<'_>) -> Option<Proof> {
        self.proofs.get(&proof_key(candidate)).cloned()
    }
}

/// Tries the fixes of one migration after the other, as soon as it was watched; no more than `fixes_max` of them. `find`
/// tells the findings of the last migration of a trace that ends with it. A server is started once there is a fix.
///
/// # Errors
///
/// When the server or a session breaks.
pub async fn prove_ahead(
    programs: &Programs,
    cache: &HistoryCache,
    history: &History,
    fixes_max: usize,
    news: UnboundedReceiver<News>,
    find: impl FnMut(&Trace) -> Vec<Finding> + Send,
) -> Result<Early, LiveError> {
    let mut early = Early::default();
    let mut seen = Seen {
        news,
        find,
        trace: None,
    };
    let Some(first) = seen.next_with_fixes().await else {
        return Ok(early);
    };
    let (scratch, prefix) = resume(programs, cache).await?;
    let ground = Ground {
        scratch: &scratch,
        history,
        prefix: prefix.as_ref(),
    };
    match try_each(&ground, fixes_max, &mut seen, first, &mut early).await {
        Ok(()) => {}
        Err(error) => return Err(scratch.why(error).await),
    }
    scratch.stop().await?;
    Ok(early)
}

async fn try_each<F: FnMut(&Trace) -> Vec<Finding> + Send>(
    ground: &Ground<'_>,
    fixes_max: usize,
    seen: &mut Seen<F>,
    first: Vec<Finding>,
    early: &mut Early,
) -> Result<(), LiveError> {
    let mut trial = Trial::begin(ground).await?;
    let mut findings = Some(first);
    let mut left = fixes_max;
    while let (Some(found), Some(trace)) = (findings, &seen.trace) {
        let candidates: Vec<Candidate<'_>> = found
            .iter()
            .filter_map(|finding| Candidate::of(finding, trace))
            .take(left)
            .collect();
        left -= candidates.len();
        let index = trace.migrations.len() - 1;
        let all: Vec<usize> = (0..candidates.len()).collect();
        if !all.is_empty() && index < ground.history.migrations.len() {
            let tried = trial.try_fixes(index, &all, &candidates, Some(&trace.catalog)).await?;
            early
                .proofs
                .extend(tried.into_iter().map(|(at, proof)| (proof_key(&candidates[at]), proof)));
        }
        if left == 0 {
            break;
        }
        findings = seen.next_with_fixes().await;
    }
    trial.end().await
}

/// The part of the history that was watched so far.
struct Seen<F> {
    news: UnboundedReceiver<News>,
    find: F,
    /// Its catalog is that after its last migration.
    trace: Option<Trace>,
}

impl<F: FnMut(&Trace) -> Vec<Finding> + Send> Seen<F> {
    /// Waits until a migration was watched that has fixes, and tells its findings; nothing at the end of the history.
    async fn next_with_fixes(&mut self) -> Option<Vec<Finding>> {
        loop {
            match self.news.recv().await? {
                News::Begun { migration, catalog } => self.trace = Some(beginning(migration, *catalog)),
                News::Ran { migration, trace } => {
                    let seen = self.trace.as_mut()?;
                    if migration != seen.migrations.len() {
                        // One between them was not judged, and what it did is not known.
                        return None;
                    }
                    for effect in &trace.effects {
                        redo(&mut seen.catalog.objects, &effect.changes);
                    }
                    seen.migrations.push(trace);
                    let mut findings = (self.find)(seen);
                    findings.retain(|finding| finding.fix.is_some());
                    if !findings.is_empty() {
                        return Some(findings);
                    }
                }
            }
        }
    }
}

/// A trace that ends before this migration.
fn beginning(migration: usize, catalog: Catalog) -> Trace {
    let replayed = MigrationTrace {
        judged: false,
        effects: Vec::new(),
    };
    Trace {
        server: catalog.server.clone(),
        migrations: vec![replayed; migration],
        catalog,
        access: Vec::new(),
        access_changes: Vec::new(),
        unfilled: Vec::new(),
        assumptions: Vec::new(),
        predicted: Vec::new(),
        from_cache: 0,
    }
}
