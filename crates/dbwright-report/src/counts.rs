//! Counting: findings by severity and rule, statements that were observed and not.

use std::collections::BTreeMap;

use dbwright_catalog::{Effect, Finding, Known, Outcome, Review, Section, Severity};

use crate::words;

/// The numbers of a review or of one of its sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are notes.
    pub notes: usize,
    /// Findings by the name of their rule.
    pub rules: BTreeMap<String, usize>,
    /// Findings with a safe version that was proven.
    pub proven_fixes: usize,
    /// All migrations, judged or only replayed.
    pub migrations: usize,
    /// Migrations that were to be judged.
    pub judged: usize,
    /// Statements of the migrations that were to be judged.
    pub statements: usize,
    /// Those of them that ran on a server and were watched, or that the server refused by itself.
    pub observed: usize,
    /// Those of them of which only a prediction says what they do.
    pub predicted: usize,
}

impl Summary {
    /// The numbers of the whole review.
    pub fn of(review: &Review) -> Self {
        let mut summary = Summary::default();
        for section in &review.sections {
            summary.add(section);
        }
        summary
    }

    /// The numbers of one section.
    pub fn of_section(section: &Section) -> Self {
        let mut summary = Summary::default();
        summary.add(section);
        summary
    }

    /// How many findings there are.
    pub fn findings(&self) -> usize {
        self.errors + self.warnings + self.notes
    }

    /// How many findings are this severe or worse: what `--fail-on` asks.
    pub fn at_least(&self, severity: Severity) -> usize {
        match severity {
            Severity::Error => self.errors,
            Severity::Warning => self.errors + self.warnings,
            Severity::Note => self.findings(),
        }
    }

    /// How many statements were not observed.
    pub fn not_observed(&self) -> usize {
        self.statements - self.observed
    }

    /// `2 errors, 1 warning`, without what there is none of; nothing where there is no finding.
    pub(crate) fn severities(&self) -> Option<String> {
        let parts: Vec<String> = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, noun)| words::count(number, noun))
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn add(&mut self, section: &Section) {
        for finding in findings(section) {
            match finding.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Note => self.notes += 1,
            }
            *self.rules.entry(finding.rule.clone()).or_default() += 1;
            let fix_holds = finding
                .fix
                .as_ref()
                .and_then(|fix| fix.proof.as_ref())
                .is_some_and(dbwright_catalog::Proof::holds);
            self.proven_fixes += usize::from(fix_holds);
        }
        self.migrations += section.history.migrations.len();
        for (index, migration) in section.history.migrations.iter().enumerate() {
            if !section.judged.contains(index) {
                continue;
            }
            self.judged += 1;
            self.statements += migration.statements.len();
            let effects = section.trace.as_ref().and_then(|trace| trace.migrations.get(index));
            let effects = effects.map_or(&[][..], |trace| &trace.effects);
            let observed = effects.iter().filter(|effect| is_observed(effect)).count();
            self.observed += observed.min(migration.statements.len());
            let predicted = effects.iter().filter(|effect| is_predicted(effect)).count();
            self.predicted += predicted.min(migration.statements.len());
        }
    }
}

/// The findings of a section: what reading the files brought to light first, then what the rules say.
pub(crate) fn findings(section: &Section) -> impl Iterator<Item = &Finding> {
    let of_reading = section.history.findings.iter();
    of_reading
        .filter(|finding| !section.findings.contains(finding))
        .chain(&section.findings)
}

/// Whether it was concluded what a statement does, although it did not run.
pub(crate) fn is_predicted(effect: &Effect) -> bool {
    effect.known == Known::Predicted
}

/// Whether a statement ran on a server and was watched. One that the server refused by itself was.
pub(crate) fn is_observed(effect: &Effect) -> bool {
    let ran = match effect.outcome {
        Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) => true,
        Outcome::FollowsFrom { .. } | Outcome::Refused(_) => false,
    };
    ran && effect.known == Known::Observed
}
