//! Asking SQLite.

use dbwright_catalog::{Query, QueryShape, ReleaseAnswers, ResultColumn};
use rusqlite::Connection;

use super::postgres::alone;
use super::watch::Watch;
use super::{Asked, Prepared};
use crate::LiveError;
use crate::cache::HistoryCache;
use crate::trace::sqlite::{Copy, Trial, sql_error};

/// Runs the history and asks before and after each migration under review. What an earlier run has kept is not run again.
///
/// # Errors
///
/// When the file system fails; never because of what the migrations say.
pub fn ask(cache: Option<&HistoryCache>, asked: Asked<'_>) -> Result<ReleaseAnswers, LiveError> {
    let Some(first) = asked.first() else {
        return Ok(ReleaseAnswers::default());
    };
    let mut watch = Watch::default();
    let mut trial = Trial::begin(cache, asked.history)?;
    trial.go_to(first)?;
    let mut before = trial.copy()?;
    watch.begin(answers(&before, asked.running)?);
    for (index, migration) in asked.history.migrations.iter().enumerate().skip(first) {
        trial.go_to(index + 1)?;
        let copy = trial.copy()?;
        let earlier = std::mem::replace(&mut before, copy);
        if !asked.is_asked_after(index) {
            continue;
        }
        let now = answers(&before, asked.running)?;
        if !asked.judged.contains(index) {
            watch.pass(now);
            continue;
        }
        let other = watch.after(index, now);
        match asked.culprit(index) {
            Ok(Some(statement)) => watch.blame(index, &other, statement),
            Ok(None) => {}
            Err(_) if other.is_empty() => {}
            Err(suspects) => {
                let queries: Vec<Query> = other.iter().map(|query| asked.running[*query].clone()).collect();
                let mut steps = Vec::with_capacity(suspects.len());
                for statement in 0..migration.statements.len() {
                    earlier.run(&alone(migration, statement))?;
                    if suspects.contains(&statement) {
                        steps.push((statement, answers(&earlier, &queries)?));
                    }
                }
                watch.blame_by(index, &other, &steps);
            }
        }
    }
    let next = answers(&before, asked.next)?;
    Ok(watch.end(next))
}

fn answers(copy: &Copy, queries: &[Query]) -> Result<Vec<Prepared>, LiveError> {
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    let connection = copy.look()?;
    Ok(queries.iter().map(|query| prepared(&connection, &query.text)).collect())
}

fn prepared(connection: &Connection, text: &str) -> Prepared {
    match connection.prepare(text) {
        Ok(statement) => Ok(QueryShape {
            parameters: Vec::new(),
            columns: statement
                .column_names()
                .map(|name| ResultColumn {
                    name: name.to_owned(),
                    // Any column holds values of any type, unless its table is strict.
                    type_name: String::new(),
                })
                .collect(),
        }),
        Err(error) => Err(sql_error(&error)),
    }
}
