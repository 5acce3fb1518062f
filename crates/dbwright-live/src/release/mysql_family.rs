//! Asking MySQL and MariaDB.
//!
//! Databases can't be copied there, and definitions commit: a migration runs statement by statement anyway.

use dbwright_catalog::{Query, QueryShape, ReleaseAnswers, ResultColumn};
use mysql_async::Conn;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::prelude::Queryable;

use super::postgres::alone;
use super::watch::Watch;
use super::{Asked, Prepared};
use crate::LiveError;
#[cfg(unix)]
use crate::cache::HistoryCache;
use crate::scratch::mysql_family::MySqlFamilyScratch;
#[cfg(unix)]
use crate::scratch::mysql_family::Programs;
#[cfg(unix)]
use crate::trace::mysql_family::Ground;
use crate::trace::mysql_family::{Limits, Runner, sql_error};

/// Runs the history and asks before and after each migration under review.
///
/// # Errors
///
/// When the server or a session breaks.
pub async fn ask(scratch: &MySqlFamilyScratch, asked: Asked<'_>) -> Result<ReleaseAnswers, LiveError> {
    let answers = async {
        let mut runner = Runner::new(scratch, Limits::default()).await?;
        runner.begin(asked.history).await?;
        ask_after(runner, asked, 0).await
    };
    match answers.await {
        Ok(answers) => Ok(answers),
        Err(error) => Err(scratch.why(error).await),
    }
}

/// Asks as [`ask`] does, on a server of our own, from where an earlier run has come to.
///
/// # Errors
///
/// When the server or a session breaks.
#[cfg(unix)]
pub async fn ask_kept(
    programs: &Programs,
    cache: &HistoryCache,
    asked: Asked<'_>,
) -> Result<ReleaseAnswers, LiveError> {
    let ground = Ground::resume(programs, cache).await?;
    let answers = async {
        let runner = ground.runner(asked.history).await?;
        ask_after(runner, asked, ground.len()).await
    };
    let answers = match answers.await {
        Ok(answers) => Ok(answers),
        Err(error) => Err(ground.scratch.why(error).await),
    };
    ground.scratch.stop().await?;
    answers
}

/// `next` is the migration that comes next.
async fn ask_after(mut runner: Runner<'_>, asked: Asked<'_>, next: usize) -> Result<ReleaseAnswers, LiveError> {
    let Some(first) = asked.first() else {
        runner.leave().await?;
        return Ok(ReleaseAnswers::default());
    };
    let mut watch = Watch::default();
    for (index, migration) in asked.history.migrations.iter().enumerate().skip(next) {
        if index < first {
            runner.run_migration(index, migration).await?;
            continue;
        }
        if index == first {
            watch.begin(answers(runner.reader(), asked.running).await?);
        }
        let is_judged = asked.judged.contains(index);
        let mut steps = Vec::new();
        match asked.culprit(index) {
            Err(suspects) if is_judged => {
                for statement in 0..migration.statements.len() {
                    runner.run_migration(index, &alone(migration, statement)).await?;
                    if suspects.contains(&statement) {
                        steps.push((statement, answers(runner.reader(), asked.running).await?));
                    }
                }
            }
            Ok(_) | Err(_) => {
                runner.run_migration(index, migration).await?;
            }
        }
        if !asked.is_asked_after(index) {
            continue;
        }
        let now = answers(runner.reader(), asked.running).await?;
        if !is_judged {
            watch.pass(now);
            continue;
        }
        let other = watch.after(index, now);
        match asked.culprit(index) {
            Ok(Some(statement)) => watch.blame(index, &other, statement),
            Ok(None) => {}
            Err(_) => {
                let of_other = |(statement, answers): (usize, Vec<Prepared>)| {
                    let answers = other.iter().filter_map(|query| answers.get(*query).cloned());
                    (statement, answers.collect())
                };
                let steps: Vec<_> = steps.into_iter().map(of_other).collect();
                watch.blame_by(index, &other, &steps);
            }
        }
    }
    let next = answers(runner.reader(), asked.next).await?;
    runner.leave().await?;
    Ok(watch.end(next))
}

async fn answers(conn: &mut Conn, queries: &[Query]) -> Result<Vec<Prepared>, LiveError> {
    let mut answers = Vec::with_capacity(queries.len());
    for query in queries {
        answers.push(prepared(conn, &query.text).await?);
    }
    Ok(answers)
}

async fn prepared(conn: &mut Conn, text: &str) -> Result<Prepared, LiveError> {
    let failed = |source| LiveError::mysql_family("preparing queries", source);
    let statement = match conn.prep(text).await {
        Ok(statement) => statement,
        Err(mysql_async::Error::Server(error)) => return Ok(Err(sql_error(&error, text))),
        Err(error) => return Err(failed(error)),
    };
    let described = statement.columns();
    let columns = described.iter().map(|column| ResultColumn {
        name: column.name_str().into_owned(),
        type_name: name_of(column.column_type(), column.flags()),
    });
    let shape = QueryShape {
        parameters: Vec::new(),
        columns: columns.collect(),
    };
    // The driver would take a kept one for the next question.
    conn.close(statement).await.map_err(failed)?;
    Ok(Ok(shape))
}

/// The name of a type as people write it.
fn name_of(of: ColumnType, flags: ColumnFlags) -> String {
    let is_binary = flags.contains(ColumnFlags::BINARY_FLAG);
    let name = match of {
        ColumnType::MYSQL_TYPE_TINY => "tinyint",
        ColumnType::MYSQL_TYPE_SHORT => "smallint",
        ColumnType::MYSQL_TYPE_INT24 => "mediumint",
        ColumnType::MYSQL_TYPE_LONG => "int",
        ColumnType::MYSQL_TYPE_LONGLONG => "bigint",
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => "decimal",
        ColumnType::MYSQL_TYPE_VARCHAR | ColumnType::MYSQL_TYPE_VAR_STRING if is_binary => "varbinary",
        ColumnType::MYSQL_TYPE_VARCHAR | ColumnType::MYSQL_TYPE_VAR_STRING => "varchar",
        ColumnType::MYSQL_TYPE_STRING if is_binary => "binary",
        ColumnType::MYSQL_TYPE_STRING => "char",
        ColumnType::MYSQL_TYPE_TINY_BLOB
        | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
        | ColumnType::MYSQL_TYPE_LONG_BLOB
        | ColumnType::MYSQL_TYPE_BLOB => {
            if is_binary {
                "blob"
            } else {
                "text"
            }
        }
        other => {
            let name = format!("{other:?}");
            return name
                .trim_start_matches("MYSQL_TYPE_")
                .trim_end_matches('2')
                .to_lowercase();
        }
    };
    if flags.contains(ColumnFlags::UNSIGNED_FLAG) {
        format!("{name} unsigned")
    } else {
        name.to_owned()
    }
}
