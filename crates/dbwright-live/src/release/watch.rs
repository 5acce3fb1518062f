//! What became of each query so far.

use dbwright_catalog::{BrokenQuery, ChangedQuery, ReleaseAnswers, ReleasePlace, SqlError};

use super::Prepared;

/// Follows queries from migration to migration.
#[derive(Default)]
pub(super) struct Watch {
    /// The last answers.
    answers: Vec<Prepared>,
    found: ReleaseAnswers,
}

impl Watch {
    /// The answers before the first migration under review.
    pub(super) fn begin(&mut self, answers: Vec<Prepared>) {
        let failed = answers.iter().enumerate();
        let failed = failed.filter_map(|(query, answer)| Some((query, answer.as_ref().err()?.clone())));
        self.found.unprepared = failed.collect();
        self.answers = answers;
    }

    /// The answers after a migration that nobody reviews.
    pub(super) fn pass(&mut self, answers: Vec<Prepared>) {
        self.note_prepared(&answers);
        self.answers = answers;
    }

    /// What can be prepared once is none of those that never could.
    fn note_prepared(&mut self, answers: &[Prepared]) {
        self.found
            .unprepared
            .retain(|(query, _)| answers.get(*query).is_none_or(Result::is_err));
    }

    /// The answers after a migration under review. Gives back the queries that are other than before.
    pub(super) fn after(&mut self, migration: usize, answers: Vec<Prepared>) -> Vec<usize> {
        let mut other = Vec::new();
        let place = ReleasePlace {
            migration,
            statement: None,
        };
        for (query, (before, after)) in self.answers.iter().zip(&answers).enumerate() {
            match (before, after) {
                (Ok(_), Err(error)) => {
                    other.push(query);
                    self.found.broken.push(BrokenQuery {
                        query,
                        place,
                        error: error.clone(),
                        mended_by: None,
                    });
                }
                (Ok(before), Ok(after)) if before != after => {
                    other.push(query);
                    self.found.changed.push(ChangedQuery {
                        query,
                        place,
                        before: before.clone(),
                        after: after.clone(),
                    });
                }
                (Err(_), Ok(_)) => {
                    let mut broken = self.found.broken.iter_mut();
                    if let Some(broken) = broken.find(|it| it.query == query && it.mended_by.is_none()) {
                        broken.mended_by = Some(migration);
                    }
                }
                (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
            }
        }
        self.note_prepared(&answers);
        self.answers = answers;
        other
    }

    /// Whether a query is as it was left after the last migration.
    pub(super) fn is_as_now(&self, query: usize, answer: &Prepared) -> bool {
        match (self.answers.get(query), answer) {
            (Some(Ok(now)), Ok(answer)) => now == answer,
            (Some(Err(_)), Err(_)) => true,
            _ => false,
        }
    }

    /// Puts what a migration did to queries down to one of its statements.
    pub(super) fn blame(&mut self, migration: usize, queries: &[usize], statement: usize) {
        let places = self.found.broken.iter_mut().map(|it| (it.query, &mut it.place));
        let changed = self.found.changed.iter_mut().map(|it| (it.query, &mut it.place));
        for (of, place) in places.chain(changed) {
            if queries.contains(&of) && place.migration == migration {
                place.statement = Some(statement);
            }
        }
    }

    /// Puts it down to the statement after which each of these queries was as it is now and stayed so: `steps` holds what
    /// they answered after each statement that comes into question.
    pub(super) fn blame_by(&mut self, migration: usize, queries: &[usize], steps: &[(usize, Vec<Prepared>)]) {
        for (place, query) in queries.iter().enumerate() {
            let as_now = |(_, answers): &&(usize, Vec<Prepared>)| {
                answers.get(place).is_some_and(|answer| self.is_as_now(*query, answer))
            };
            let since = steps.iter().rev().take_while(as_now).last();
            if let Some((statement, _)) = since {
                self.blame(migration, &[*query], *statement);
            }
        }
    }

    /// The answers for the next release, after the last migration.
    pub(super) fn end(mut self, next: Vec<Prepared>) -> ReleaseAnswers {
        let failed = next.into_iter().enumerate();
        let failed = failed.filter_map(|(query, answer)| Some((query, answer.err()?)));
        self.found.not_ready = failed.filter(|(_, error)| is_missing(error)).collect();
        self.found
    }
}

/// Whether an error says that something is not there (or not as the query takes it for), rather than that the text is none
/// that the server knows: parts of it may be filled in by a program.
fn is_missing(error: &SqlError) -> bool {
    const POSTGRES: [&str; 9] = [
        // undefined: table, column, function, object, schema
        "42P01", "42703", "42883", "42704",
        "3F000", // ambiguous column, wrong object, datatype mismatch, no such key
        "42702", "42809", "42804", "42P10",
    ];
    const MYSQL_FAMILY: [&str; 5] = ["1146", "1054", "1305", "1052", "1136"];
    const SQLITE: [&str; 3] = ["no such table", "no such column", "has no column named"];
    POSTGRES.contains(&error.code.as_str())
        || MYSQL_FAMILY.contains(&error.code.as_str())
        || (error.code.starts_with("SQLITE_") && SQLITE.iter().any(|words| error.message.contains(words)))
}
