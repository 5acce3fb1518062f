//! What was found out about ways back, with all a rule may ask about it.

use dbwright_catalog::{
    AllowedFinding, Date, Difference, DifferenceKind, Down, Finding, History, Migration, Place, Rollback,
    RollbackOutcome, RoundTrip, Server, Span, Statement, Tool, WayFailure,
};

use crate::allow::{Allowances, Verdict};
use crate::{RULES, Rule, RuleChoice};

/// What came of judging what was tried after a history had run, each with the index of the migration that it is about, in the
/// order of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LateJudgement {
    /// What the rules say.
    pub findings: Vec<(usize, Finding)>,
    /// What they say and comments in either way allow.
    pub allowed: Vec<(usize, AllowedFinding)>,
}

/// What the rules say about ways back.
pub fn judge_rollbacks(
    history: &History,
    rollbacks: &[Rollback],
    server: &Server,
    choice: &RuleChoice,
) -> LateJudgement {
    let ways = WaysBack {
        history,
        rollbacks,
        server,
        today: choice.today,
    };
    let mut found = Vec::new();
    let rules = RULES.iter().filter(|rule| rule.engines.contains(&history.engine));
    for rule in rules.filter(|rule| choice.includes(rule)) {
        rule.judge_ways_back(&ways, &mut found);
    }
    found.sort_by_key(|(index, _)| *index);
    LateJudgement::of(found, |index, finding| ways.verdict(index, finding))
}

impl LateJudgement {
    /// By what comments say of each finding.
    pub(crate) fn of(found: Vec<(usize, Finding)>, verdict: impl Fn(usize, Finding) -> Verdict) -> Self {
        let mut judgement = LateJudgement::default();
        for (index, finding) in found {
            match verdict(index, finding) {
                Verdict::Reported(finding) => judgement.findings.push((index, finding)),
                Verdict::Allowed(allowed) => judgement.allowed.push((index, allowed)),
            }
        }
        judgement
    }
}

/// The ways back of the migrations under review.
pub(crate) struct WaysBack<'a> {
    pub(crate) history: &'a History,
    pub(crate) rollbacks: &'a [Rollback],
    server: &'a Server,
    today: Option<Date>,
}

/// A way back that was tried.
#[derive(Clone, Copy)]
pub(crate) struct Trip<'a> {
    pub(crate) index: usize,
    pub(crate) migration: &'a Migration,
    pub(crate) down: &'a Down,
    pub(crate) seen: &'a RoundTrip,
}

impl<'a> WaysBack<'a> {
    /// Those that were tried and do something.
    pub(crate) fn trips(&self) -> impl Iterator<Item = Trip<'a>> {
        let history = self.history;
        self.rollbacks.iter().filter_map(move |rollback| {
            let migration = history.migrations.get(rollback.migration)?;
            let RollbackOutcome::Ran(trip) = &rollback.outcome else {
                return None;
            };
            (!trip.does_nothing()).then_some(Trip {
                index: rollback.migration,
                migration,
                down: migration.down.as_ref()?,
                seen: trip,
            })
        })
    }

    /// The same without those that lead back only together with others: these are told as one.
    pub(crate) fn trips_alone(&self) -> impl Iterator<Item = Trip<'a>> {
        self.trips()
            .filter(|trip| trip.seen.is_proven() || trip.seen.together.is_none())
    }

    /// Whether a comment in either way of a migration allows a finding, wherever it stands in the file.
    pub(crate) fn verdict(&self, index: usize, finding: Finding) -> Verdict {
        let Some(migration) = self.history.migrations.get(index) else {
            return Verdict::Reported(finding);
        };
        let back = migration.back().filter(|back| back.path != migration.path);
        let mut finding = finding;
        for way in [Some(migration), back.as_ref()].into_iter().flatten() {
            match Allowances::of(way).judge_file(finding, self.today) {
                Verdict::Allowed(allowed) => return Verdict::Allowed(allowed),
                Verdict::Reported(reported) => finding = reported,
            }
        }
        Verdict::Reported(finding)
    }

    /// What the tool calls a way back.
    pub(crate) fn word(&self) -> &'static str {
        match self.history.tool {
            Tool::Flyway => "undo migration",
            Tool::Liquibase => "rollback",
            Tool::Sqlx
            | Tool::Diesel
            | Tool::Refinery
            | Tool::GolangMigrate
            | Tool::Dbmate
            | Tool::Goose
            | Tool::SqlMigrate
            | Tool::Prisma
            | Tool::Drizzle
            | Tool::Supabase
            | Tool::Pop
            | Tool::NodePgMigrate
            | Tool::GraphileMigrate
            | Tool::Tern
            | Tool::Atlas
            | Tool::Numbered
            | Tool::File => "down migration",
        }
    }

    /// A finding at a place of a file.
    pub(crate) fn finding(&self, rule: &Rule, place: Place, message: String) -> Finding {
        rule.observed(self.server, place, message)
    }
}

impl Trip<'_> {
    /// The whole way back.
    pub(crate) fn place(&self) -> Place {
        let statements = &self.down.statements;
        let span = match (statements.first(), statements.last()) {
            (Some(first), Some(last)) => Some(Span::new(first.span.start, last.span.end)),
            _ => None,
        };
        Place {
            path: self.down.path.clone(),
            statement: None,
            span,
            line: statements.first().map_or(1, |statement| statement.line),
        }
    }

    /// A statement of the way back.
    pub(crate) fn place_of(&self, statement: usize) -> Place {
        match self.down.statements.get(statement) {
            Some(statement) => Place {
                span: Some(statement.span),
                line: statement.line,
                ..self.place()
            },
            None => self.place(),
        }
    }
}

/// `DROP TABLE t fails: no such table: t`.
pub(crate) fn fails(statements: &[Statement], failure: &WayFailure) -> String {
    const TEXT_MAX: usize = 80;
    let text = statements.get(failure.statement).map_or("", |it| it.text.as_str());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    let message = failure.error.message.trim_end_matches('.');
    format!("`{text}` fails: {message}")
}

/// `The index a_idx is missing.`
pub(crate) fn told(difference: &Difference) -> String {
    const TEXT_MAX: usize = 300;
    let name = format!("The {} {}", difference.object.kind.name(), difference.object);
    let short = |text: &str| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match text.char_indices().nth(TEXT_MAX) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    };
    match &difference.kind {
        DifferenceKind::Missing => format!("{name} was there and is not."),
        DifferenceKind::Left => format!("{name} is left behind."),
        DifferenceKind::Changed { was, is } => format!("{name} was `{}` and is `{}`.", short(was), short(is)),
    }
}

/// `index a_idx is missing`.
pub(crate) fn told_in_short(difference: &Difference) -> String {
    let name = format!("{} {}", difference.object.kind.name(), difference.object);
    match &difference.kind {
        DifferenceKind::Missing => format!("{name} is missing"),
        DifferenceKind::Left => format!("{name} is left"),
        DifferenceKind::Changed { .. } => format!("{name} is another"),
    }
}
