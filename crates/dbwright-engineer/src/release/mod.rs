//! The queries of the application: what the migrations under review make of them.

pub(crate) mod plans;

use dbwright_advise::preparable;
use dbwright_catalog::{Query, QueryLoad, QueryOrigin, Release, ReleaseAnswers, Section, Snapshot, Trace};
use dbwright_live::LiveError;
use dbwright_live::cache::HistoryCache;
use dbwright_live::release::Asked;

use crate::late;
use crate::levels::Levels;

/// Adds the workload of production to what the running release asks, and how busy each query is.
pub(crate) fn add_workload(release: &mut Release, snapshot: &Snapshot) {
    let total: f64 = snapshot.workload.iter().map(|query| query.total_ms.max(0.0)).sum();
    for asked in &snapshot.workload {
        let share = if total > 0.0 {
            asked.total_ms.max(0.0) / total
        } else {
            0.0
        };
        let load = QueryLoad {
            calls: asked.calls,
            // From 0 to 1000.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is within the type"
            )]
            share_permille: (share * 1000.0).round() as u16,
        };
        let query = Query {
            name: None,
            origin: QueryOrigin::Workload,
            text: preparable(snapshot.server.engine, &asked.text),
            load: Some(load),
        };
        let text = query.spaced();
        match release.running.iter_mut().find(|known| known.spaced() == text) {
            Some(known) => known.load = known.load.or(Some(load)),
            None => release.running.push(query),
        }
    }
}

/// What a server is to be asked; nothing where there is nothing to ask. What an earlier run has found out goes into the section
/// at once.
pub(crate) fn to_ask<'a>(
    section: &'a mut Section,
    trace: &'a Trace,
    cache: Option<&HistoryCache>,
    levels: &Levels,
) -> Option<Asked<'a>> {
    if section.release.is_empty() {
        return None;
    }
    let Release { running, next, .. } = &section.release;
    let known = if asked(section, trace).first().is_none() {
        Some(ReleaseAnswers::default())
    } else {
        cache.and_then(|cache| cache.release(running, next))
    };
    if let Some(known) = known {
        take(section, trace, known, levels);
        return None;
    }
    Some(asked(section, trace))
}

fn asked<'a>(section: &'a Section, trace: &'a Trace) -> Asked<'a> {
    Asked {
        history: &section.history,
        judged: &section.judged,
        trace,
        running: &section.release.running,
        next: &section.release.next,
    }
}

/// Puts what came of it into the section, and keeps it. That the server broke says nothing about what was watched before.
pub(crate) fn finish(
    section: &mut Section,
    trace: &Trace,
    cache: Option<&HistoryCache>,
    levels: &Levels,
    answers: Result<ReleaseAnswers, LiveError>,
) {
    match answers {
        Ok(answers) => {
            if let Some(cache) = cache {
                cache.keep_release(&section.release.running, &section.release.next, &answers);
            }
            take(section, trace, answers, levels);
        }
        Err(error) => {
            let message = error.to_string();
            section.release.not_done.push(format!(
                "What becomes of the queries of the application is not known: {}.",
                message.trim_end_matches('.')
            ));
        }
    }
}

/// Says that nobody was asked, where nothing ran.
pub(crate) fn not_asked(release: &mut Release) {
    let queries = release.running.len() + release.next.len();
    if queries > 0 {
        let told = if queries == 1 { "query" } else { "queries" };
        release.not_done.push(format!(
            "{queries} {told} of the application: not known what becomes of them, because nothing was run."
        ));
    }
}

fn take(section: &mut Section, trace: &Trace, answers: ReleaseAnswers, levels: &Levels) {
    section.release.answers = Some(answers);
    let (history, judged, release) = (&section.history, &section.judged, &section.release);
    let found = dbwright_rules::judge_release(history, judged, release, &trace.server, &levels.choice);
    late::take(section, found, levels);
}
