//! What became of the queries of an application, with all a rule may ask about it.

use std::collections::BTreeMap;

use dbwright_catalog::{
    Date, Finding, History, MigrationSet, Place, Query, QueryOrigin, Release, ReleaseAnswers, ReleasePlace, Server,
    SqlError,
};

use crate::allow::{Allowances, Verdict};
use crate::{LateJudgement, RULES, Rule, RuleChoice};

/// So many queries of one finding are told one by one.
const TOLD_MAX: usize = 10;

/// What the rules say about what became of queries; nothing where no server was asked.
pub fn judge_release(
    history: &History,
    judged: &MigrationSet,
    release: &Release,
    server: &Server,
    choice: &RuleChoice,
) -> LateJudgement {
    let Some(answers) = &release.answers else {
        return LateJudgement::default();
    };
    let queries = Queries {
        history,
        judged,
        release,
        answers,
        server,
        today: choice.today,
    };
    queries.judged_by(choice, Rule::judge_queries)
}

/// What the rules say about the plans of queries; nothing where these were not compared.
pub fn judge_plans(
    history: &History,
    judged: &MigrationSet,
    release: &Release,
    server: &Server,
    choice: &RuleChoice,
) -> LateJudgement {
    let queries = Queries {
        history,
        judged,
        release,
        answers: &ReleaseAnswers::default(),
        server,
        today: choice.today,
    };
    queries.judged_by(choice, Rule::judge_plans)
}

/// The queries of an application, and what became of them.
pub(crate) struct Queries<'a> {
    pub(crate) history: &'a History,
    pub(crate) judged: &'a MigrationSet,
    pub(crate) release: &'a Release,
    pub(crate) answers: &'a ReleaseAnswers,
    server: &'a Server,
    today: Option<Date>,
}

/// How a rule is asked.
type Ask = fn(&Rule, &Queries<'_>, &mut Vec<(usize, Finding)>);

impl<'a> Queries<'a> {
    fn judged_by(&self, choice: &RuleChoice, ask: Ask) -> LateJudgement {
        let mut found = Vec::new();
        let rules = RULES.iter().filter(|rule| rule.engines.contains(&self.history.engine));
        for rule in rules.filter(|rule| choice.includes(rule)) {
            ask(rule, self, &mut found);
        }
        found.sort_by_key(|(index, _)| *index);
        LateJudgement::of(found, |index, finding| self.verdict(index, finding))
    }

    /// What happened to queries of the running release, by the place where it did; the busiest queries come first.
    pub(crate) fn by_place<T>(
        &self,
        all: &'a [T],
        of: impl Fn(&T) -> (usize, ReleasePlace),
    ) -> BTreeMap<ReleasePlace, Vec<(&'a T, &'a Query)>> {
        let mut places: BTreeMap<ReleasePlace, Vec<(&T, &Query)>> = BTreeMap::new();
        for one in all {
            let (query, place) = of(one);
            if let Some(query) = self.release.running.get(query) {
                places.entry(place).or_default().push((one, query));
            }
        }
        let share = |query: &Query| query.load.map_or(0, |load| load.share_permille);
        for queries in places.values_mut() {
            queries.sort_by_key(|(_, query)| std::cmp::Reverse(share(query)));
        }
        places
    }

    /// Whether the next release asks this query of the running one as well.
    pub(crate) fn is_still_asked(&self, query: usize) -> bool {
        self.release.still_asked.binary_search(&query).is_ok()
    }

    /// The last migration under review.
    pub(crate) fn last(&self) -> usize {
        let migrations = self.history.migrations.len();
        self.judged
            .indexes(migrations)
            .last()
            .unwrap_or(migrations.saturating_sub(1))
    }

    /// A finding at a statement of a migration, or at its file.
    pub(crate) fn finding_at(&self, rule: &Rule, at: ReleasePlace, message: String) -> (usize, Finding) {
        let migration = &self.history.migrations[at.migration];
        let statement = at
            .statement
            .and_then(|index| Some((index, migration.statements.get(index)?)));
        let place = Place {
            path: migration.path.clone(),
            statement: statement.map(|(index, _)| (at.migration, index)),
            span: statement.map(|(_, statement)| statement.span),
            line: statement.map_or(1, |(_, statement)| statement.line),
        };
        (at.migration, self.finding(rule, place, message))
    }

    /// A finding at a query in a file; about one from elsewhere, at the last migration.
    pub(crate) fn finding_of(&self, rule: &Rule, query: &Query, message: String) -> (usize, Finding) {
        let QueryOrigin::File { path, line } = &query.origin else {
            let at = ReleasePlace {
                migration: self.last(),
                statement: None,
            };
            return self.finding_at(rule, at, message);
        };
        let place = Place {
            path: path.clone(),
            statement: None,
            span: None,
            line: *line,
        };
        (self.last(), self.finding(rule, place, message))
    }

    fn finding(&self, rule: &Rule, place: Place, message: String) -> Finding {
        rule.observed(self.server, place, message)
    }

    fn verdict(&self, index: usize, finding: Finding) -> Verdict {
        let Some(migration) = self.history.migrations.get(index) else {
            return Verdict::Reported(finding);
        };
        let mut allowances = Allowances::of(migration);
        match finding.place.statement {
            Some((_, statement)) => allowances.judge(finding, statement, self.today),
            None => allowances.judge_file(finding, self.today),
        }
    }
}

/// `GetUser of the running release fails`, `3 queries of the running release fail`: the verb for one and for several.
pub(crate) fn subject(queries: &[&Query], verbs: (&str, &str)) -> String {
    match queries {
        [only] => format!("{only} of the running release {}", verbs.0),
        several => format!("{} queries of the running release {}", several.len(), verbs.1),
    }
}

/// `GetUser (queries/users.sql:3, 12.5 % of the time in production)`.
pub(crate) fn named(query: &Query) -> String {
    let load = query.load.map_or_else(String::new, |load| {
        let (whole, rest) = (load.share_permille / 10, load.share_permille % 10);
        format!(", {whole}.{rest} % of the time in production, {} calls", load.calls)
    });
    format!("{query} ({}{load})", query.place())
}

/// One line for each, and how many more there are.
pub(crate) fn lines<T>(all: &[T], line: impl Fn(&T) -> String) -> Vec<String> {
    let shown_max = if all.len() == TOLD_MAX + 1 { all.len() } else { TOLD_MAX };
    let mut lines: Vec<String> = all.iter().take(shown_max).map(line).collect();
    if all.len() > shown_max {
        lines.push(format!(
            "And {} more, which the JSON report names.",
            all.len() - shown_max
        ));
    }
    lines
}

/// The server's words as the end of a sentence.
pub(crate) fn said(error: &SqlError) -> String {
    error
        .message
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .trim_end_matches('.')
        .to_owned()
}
