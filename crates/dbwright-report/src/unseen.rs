//! Which statements were not observed, and why: first causes, with what failed only because of them counted there.

use std::collections::BTreeMap;

use dbwright_catalog::{Effect, Known, Outcome, Section};

use crate::counts::{is_observed, is_predicted};

/// A statement that was not observed, or one that failed and took later ones with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// Index of its migration.
    pub(crate) migration: usize,
    /// Index of the statement in it.
    pub(crate) statement: usize,
    /// Why.
    pub(crate) reason: String,
    /// Whether it is predicted what it does.
    pub(crate) is_predicted: bool,
    /// How many later statements could not run only because of it, and are predicted.
    pub(crate) predicted_followers: usize,
    /// How many later statements failed only because of it, and are not predicted.
    pub(crate) followers: usize,
}

impl Unseen {
    /// Why, and what is predicted all the same.
    pub(crate) fn told(&self) -> String {
        let later = match self.predicted_followers {
            0 => None,
            1 => Some("1 later statement that needs it".to_owned()),
            number => Some(format!("{number} later statements that need it")),
        };
        let are = if self.predicted_followers == 1 { "is" } else { "are" };
        match (self.is_predicted, later) {
            (false, None) => self.reason.clone(),
            (true, None) => format!("{}; predicted", self.reason),
            (true, Some(later)) => format!("{}; predicted, as {are} {later}", self.reason),
            (false, Some(later)) => format!("{}; {later} {are} predicted", self.reason),
        }
    }
}

/// The first causes in the order of the history. Of migrations that were only replayed, just the statements that did not
/// run are listed: nobody asked what the others did.
pub(crate) fn unseen(section: &Section) -> Vec<Unseen> {
    let Some(trace) = &section.trace else {
        return Vec::new();
    };
    let mut followers: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for effect in trace.migrations.iter().flat_map(|migration| &migration.effects) {
        if let Outcome::FollowsFrom {
            migration, statement, ..
        } = effect.outcome
        {
            *followers.entry((migration, statement)).or_default() += 1;
        }
    }
    let mut predicted: BTreeMap<(usize, usize), (bool, usize)> = BTreeMap::new();
    for instead in &trace.predicted {
        let (itself, later) = predicted.entry(instead.cause).or_default();
        if (instead.migration, instead.statement) == instead.cause {
            *itself = true;
        } else {
            *later += 1;
        }
    }
    let reasons: BTreeMap<(usize, usize), &str> = trace
        .predicted
        .iter()
        .map(|instead| (instead.cause, instead.reason.as_str()))
        .collect();
    // Where nothing ran, that a statement is predicted needs no line of its own.
    let effects = || trace.migrations.iter().flat_map(|migration| &migration.effects);
    let nothing_ran = !effects().any(is_observed);
    let mut unseen = Vec::new();
    for (migration, of_migration) in trace.migrations.iter().enumerate() {
        let judged = section.judged.contains(migration);
        for (statement, effect) in of_migration.effects.iter().enumerate() {
            let followers = followers.get(&(migration, statement)).copied().unwrap_or(0);
            if nothing_ran && is_predicted(effect) && followers == 0 {
                continue;
            }
            let at = (migration, statement);
            let is_instead = is_predicted(effect) && !nothing_ran;
            let reason = match reasons.get(&at) {
                Some(reason) => Some((*reason).to_owned()),
                // It stands with its first cause.
                None if is_instead => None,
                None => reason(effect, judged, followers),
            };
            if let Some(reason) = reason {
                let (is_predicted, predicted_followers) = predicted.get(&at).copied().unwrap_or_default();
                unseen.push(Unseen {
                    migration,
                    statement,
                    reason,
                    is_predicted,
                    predicted_followers,
                    followers,
                });
            }
        }
    }
    unseen
}

/// The same without statements of judged migrations that were observed, and are listed only because they made others fail.
pub(crate) fn not_observed(section: &Section) -> Vec<Unseen> {
    let traces = section.trace.as_ref().map_or(&[][..], |trace| &trace.migrations);
    let was_observed = |unseen: &Unseen| {
        let effects = traces.get(unseen.migration).map_or(&[][..], |it| &it.effects);
        section.judged.contains(unseen.migration) && effects.get(unseen.statement).is_some_and(is_observed)
    };
    let mut unseen = unseen(section);
    unseen.retain(|unseen| !was_observed(unseen));
    unseen
}

/// How many statements of judged migrations failed only because a migration that was just replayed had.
pub(crate) fn inherited(section: &Section) -> usize {
    followers_of(section, |cause| {
        cause < section.history.migrations.len() && !section.judged.contains(cause)
    })
}

/// How many statements of judged migrations failed only because something did that was loaded before the first one.
pub(crate) fn lacking(section: &Section) -> usize {
    followers_of(section, |cause| cause >= section.history.migrations.len())
}

/// How many statements of judged migrations failed only because such a migration had.
fn followers_of(section: &Section, is_cause: impl Fn(usize) -> bool) -> usize {
    let migrations = section
        .trace
        .iter()
        .flat_map(|trace| trace.migrations.iter().enumerate());
    let judged = migrations.filter(|(index, _)| section.judged.contains(*index));
    judged
        .flat_map(|(_, migration)| &migration.effects)
        .filter(|effect| match effect.outcome {
            Outcome::FollowsFrom { migration, .. } => is_cause(migration),
            Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) | Outcome::Refused(_) => false,
        })
        .count()
}

/// How many statements of judged migrations the run never came to.
pub(crate) fn not_reached(section: &Section) -> usize {
    let Some(trace) = &section.trace else {
        return 0;
    };
    let migrations = section.history.migrations.iter().enumerate();
    migrations
        .filter(|(index, _)| section.judged.contains(*index))
        .map(|(index, migration)| {
            let reached = trace.migrations.get(index).map_or(0, |trace| trace.effects.len());
            migration.statements.len().saturating_sub(reached)
        })
        .sum()
}

/// Why a statement is listed; nothing where it is not, or where it stands under its first cause.
fn reason(effect: &Effect, judged: bool, followers: usize) -> Option<String> {
    match &effect.outcome {
        Outcome::FollowsFrom { .. } => None,
        Outcome::Refused(reason) => Some(reason.clone()),
        Outcome::Failed(error) if !judged || followers > 0 => Some(format!("failed: {}", error.message)),
        _ if !judged || is_observed(effect) => None,
        Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) => match &effect.known {
            Known::Observed => None,
            Known::Predicted => Some("predicted from its text and the catalog; it did not run".to_owned()),
            Known::Unknown(reason) => Some(reason.clone()),
        },
    }
}
