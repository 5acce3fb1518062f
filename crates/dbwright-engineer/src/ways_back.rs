//! Trying the ways back of the migrations under review, where nobody has done it before.

use dbwright_catalog::{Rollback, RollbackOutcome, Section, Trace};
use dbwright_live::LiveError;
use dbwright_live::cache::HistoryCache;
use dbwright_live::rollback::Selected;

use crate::late;
use crate::levels::Levels;

/// Ways back that are about to be tried.
pub(crate) struct WaysBack {
    selected: Selected,
}

impl WaysBack {
    /// What is to be tried; nothing where ways back are not asked for. What an earlier run has found out goes into the
    /// section at once.
    pub(crate) fn select(
        section: &mut Section,
        trace: &Trace,
        cache: Option<&HistoryCache>,
        levels: &Levels,
    ) -> Option<WaysBack> {
        if !levels.tries_ways_back {
            return None;
        }
        let selected = Selected::of(&section.history, &section.judged, trace);
        let known = if selected.to_try.is_empty() {
            Some(Vec::new())
        } else {
            cache.and_then(|cache| cache.rollbacks(&section.history, &selected.to_try))
        };
        match known {
            Some(known) => {
                take(section, trace, selected, known, levels);
                None
            }
            None => Some(WaysBack { selected }),
        }
    }

    /// Indexes into the migrations of the history.
    pub(crate) fn to_try(&self) -> &[usize] {
        &self.selected.to_try
    }

    /// Puts what came of it into the section, and keeps it. That the server broke says nothing about what was watched before.
    pub(crate) fn finish(
        self,
        section: &mut Section,
        trace: &Trace,
        cache: Option<&HistoryCache>,
        levels: &Levels,
        tried: Result<Vec<Rollback>, LiveError>,
    ) {
        let rollbacks = match tried {
            Ok(rollbacks) => {
                if let Some(cache) = cache {
                    cache.keep_rollbacks(&section.history, &self.selected.to_try, &rollbacks);
                }
                rollbacks
            }
            Err(error) => untried(&self.selected, &error),
        };
        take(section, trace, self.selected, rollbacks, levels);
    }
}

fn untried(selected: &Selected, error: &LiveError) -> Vec<Rollback> {
    let untried = selected.to_try.iter().map(|migration| Rollback {
        migration: *migration,
        outcome: RollbackOutcome::NotTried {
            reason: error.to_string(),
        },
    });
    untried.collect()
}

fn take(section: &mut Section, trace: &Trace, selected: Selected, tried: Vec<Rollback>, levels: &Levels) {
    let rollbacks = selected.complete(tried);
    let found = dbwright_rules::judge_rollbacks(&section.history, &rollbacks, &trace.server, &levels.choice);
    section.rollbacks = Some(rollbacks);
    late::take(section, found, levels);
}
