//! Findings of what is tried after the migrations were watched.

use dbwright_catalog::{Finding, Section};
use dbwright_rules::LateJudgement;

use crate::levels::Levels;

/// Puts what rules say of it into a section, each finding behind the others of its migration.
pub(crate) fn take(section: &mut Section, found: LateJudgement, levels: &Levels) {
    for (migration, mut finding) in found.findings {
        if levels.settle(&mut finding) {
            insert(&mut section.findings, migration, finding, |finding| finding);
        }
    }
    for (migration, mut allowed) in found.allowed {
        if levels.settle(&mut allowed.finding) {
            insert(&mut section.allowed, migration, allowed, |allowed| &allowed.finding);
        }
    }
}

fn insert<T>(all: &mut Vec<T>, migration: usize, one: T, finding: impl Fn(&T) -> &Finding) {
    let is_later = |other: &T| {
        finding(other)
            .place
            .statement
            .is_some_and(|(other, _)| other > migration)
    };
    let place = all.iter().position(is_later);
    all.insert(place.unwrap_or(all.len()), one);
}
