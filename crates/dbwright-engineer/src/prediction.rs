//! Reviewing a history of which nothing runs: what its statements do is predicted.

use dbwright_catalog::{Engine, Finding, Known, Section};
use dbwright_rules::{assumed_version, predict};

use crate::levels::Levels;
use crate::section::judge_section;

/// Predicts and judges the history of a section.
pub(crate) fn review(section: &mut Section, levels: &Levels) {
    let engine = section.history.engine;
    let said = section.history.version.as_ref().map(|(version, _)| *version);
    let version = said.unwrap_or_else(|| assumed_version(engine));
    let mut trace = predict(&section.history, &section.judged, version);
    if said.is_none() && engine != Engine::Sqlite {
        trace.assumptions.push(format!(
            "Predicted for {engine} {version}, as nothing says which version runs in production (`--engine-version`)."
        ));
    }
    judge_section(section, &trace, levels);
    if take_fixes(&mut section.findings) {
        section.not_done.push(
            "Safe versions are told in words only: nothing ran that could prove them (`dbwright check` without --static tries \
             them)."
                .to_owned(),
        );
    }
    section.trace = Some(trace);
}

/// A fix of what is only predicted can't be tried, and is none: what it would do is told as advice. Whether there was one.
pub(crate) fn take_fixes(findings: &mut [Finding]) -> bool {
    let mut any = false;
    for finding in findings
        .iter_mut()
        .filter(|finding| finding.evidence.known == Known::Predicted)
    {
        let Some(fix) = finding.fix.take() else { continue };
        any = true;
        if !finding.advice.contains(&fix.summary) {
            finding.advice.push(fix.summary);
        }
    }
    any
}
