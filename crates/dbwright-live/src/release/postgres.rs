//! Asking PostgreSQL.
//!
//! The server describes what it has parsed: types of parameters, names and types of columns. What it finds out only when it
//! plans (whether there is a key for `ON CONFLICT`) is asked beyond that.

use dbwright_catalog::{Migration, Query, QueryShape, ReleaseAnswers, ResultColumn, RunMode, SqlError};
use futures_util::future::join_all;
use tokio_postgres::Client;
use tokio_postgres::types::{Kind, Type};

use super::watch::Watch;
use super::{Asked, Prepared};
use crate::LiveError;
#[cfg(unix)]
use crate::cache::HistoryCache;
#[cfg(unix)]
use crate::scratch::postgres::Programs;
use crate::scratch::postgres::{PostgresScratch, Session, Who};
#[cfg(unix)]
use crate::trace::postgres::resume;
use crate::trace::postgres::{Base, Prefix, Runner, sql_error};

/// What a session that asks sets first: planning never takes long, and nothing is written.
const SETTINGS: &str = "SET statement_timeout = '30s'; SET lock_timeout = '5s'; SET default_transaction_read_only = on; \
                        SET plan_cache_mode = force_generic_plan;";

/// So many queries are on their way to the server at once.
const TOGETHER: usize = 64;

/// Runs the history and asks before and after each migration under review.
///
/// # Errors
///
/// When the server or a session breaks.
pub async fn ask(scratch: &PostgresScratch, asked: Asked<'_>) -> Result<ReleaseAnswers, LiveError> {
    match ask_after(scratch, asked, None).await {
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
    let (scratch, prefix) = resume(programs, cache).await?;
    let answers = match ask_after(&scratch, asked, prefix.as_ref()).await {
        Ok(answers) => Ok(answers),
        Err(error) => Err(scratch.why(error).await),
    };
    scratch.stop().await?;
    answers
}

async fn ask_after(
    scratch: &PostgresScratch,
    asked: Asked<'_>,
    prefix: Option<&Prefix>,
) -> Result<ReleaseAnswers, LiveError> {
    let Some(first) = asked.first() else {
        return Ok(ReleaseAnswers::default());
    };
    let mut watch = Watch::default();
    let mut base = Base::begin(scratch, asked.history, prefix).await?;
    base.go_to(first).await?;
    watch.begin(answers(scratch, base.database(), asked.running).await?);
    for (index, migration) in asked.history.migrations.iter().enumerate().skip(first) {
        let culprit = asked.culprit(index);
        let is_judged = asked.judged.contains(index);
        let before = match &culprit {
            Err(_) if is_judged => Some(base.copy().await?),
            Ok(_) | Err(_) => None,
        };
        base.go_to(index + 1).await?;
        if !asked.is_asked_after(index) {
            continue;
        }
        let now = answers(scratch, base.database(), asked.running).await?;
        if !is_judged {
            watch.pass(now);
            continue;
        }
        let other = watch.after(index, now);
        if let (Err(suspects), Some(mut runner)) = (&culprit, before) {
            if !other.is_empty() {
                let queries: Vec<Query> = other.iter().map(|query| asked.running[*query].clone()).collect();
                let steps = step_by_step(&mut runner, (index, migration), suspects, &queries).await?;
                watch.blame_by(index, &other, &steps);
            }
            runner.discard().await?;
        } else if let Ok(Some(statement)) = culprit {
            watch.blame(index, &other, statement);
        }
    }
    let next = answers(scratch, base.database(), asked.next).await?;
    base.discard().await?;
    Ok(watch.end(next))
}

/// Runs a migration statement by statement, and asks after each that comes into question.
async fn step_by_step(
    runner: &mut Runner<'_>,
    (index, migration): (usize, &Migration),
    suspects: &[usize],
    queries: &[Query],
) -> Result<Vec<(usize, Vec<Prepared>)>, LiveError> {
    let mut steps = Vec::with_capacity(suspects.len());
    for statement in 0..migration.statements.len() {
        let step = alone(migration, statement);
        runner.run_migration(index, &step, RunMode::EachStatement).await?;
        if suspects.contains(&statement) {
            steps.push((statement, answers(runner.scratch(), runner.database(), queries).await?));
        }
    }
    Ok(steps)
}

/// One statement of a migration as a migration.
pub(super) fn alone(migration: &Migration, statement: usize) -> Migration {
    Migration {
        statements: migration.statements[statement..=statement].to_vec(),
        ..migration.clone()
    }
}

/// What the server answers, in a session of its own.
async fn answers(scratch: &PostgresScratch, database: &str, queries: &[Query]) -> Result<Vec<Prepared>, LiveError> {
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    let session = scratch.connect(database, Who::Migrator).await?;
    let answers = async {
        let client = &session.client;
        let failed = |source| LiveError::postgres("preparing queries", source);
        client.batch_execute(SETTINGS).await.map_err(failed)?;
        let mut answers = Vec::with_capacity(queries.len());
        for together in queries.chunks(TOGETHER) {
            let asked = together.iter().map(|query| described(client, &query.text));
            for (query, answer) in together.iter().zip(join_all(asked).await) {
                answers.push(match answer? {
                    Ok(shape) => planned(client, &query.text, shape).await?,
                    Err(error) => Err(error),
                });
            }
        }
        Ok(answers)
    };
    let answers = answers.await;
    Session::close(session).await;
    answers
}

/// What the server says of a query that it has parsed.
async fn described(client: &Client, text: &str) -> Result<Prepared, LiveError> {
    if text.contains('\0') {
        return Ok(Err(SqlError {
            code: "22021".to_owned(),
            message: "the query holds a null character (byte 0x00), which can't be sent".to_owned(),
            detail: None,
            position: None,
        }));
    }
    let answer = client.prepare(text).await;
    let statement = match refused(answer, text)? {
        Ok(statement) => statement,
        Err(error) => return Ok(Err(error)),
    };
    let parameters: Vec<String> = statement.params().iter().map(name_of).collect();
    let columns = statement.columns().iter().map(|column| ResultColumn {
        name: column.name().to_owned(),
        type_name: name_of(column.type_()),
    });
    let shape = QueryShape {
        columns: columns.collect(),
        parameters,
    };
    Ok(Ok(shape))
}

/// The same after it was planned, where something shows only then.
async fn planned(client: &Client, text: &str, shape: QueryShape) -> Result<Prepared, LiveError> {
    if !text.to_ascii_lowercase().contains("conflict") {
        return Ok(Ok(shape));
    }
    // It is one statement, because the server has parsed it as one.
    let nulls = vec!["NULL"; shape.parameters.len()].join(", ");
    let arguments = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    let text = text.trim_end().trim_end_matches(';');
    let sql = format!("PREPARE dbwright_query AS {text}\n; EXPLAIN EXECUTE dbwright_query{arguments}");
    let planned = refused(client.batch_execute(&sql).await, text)?;
    // It outlives its transaction; the driver's own ones must stay.
    let forgotten = client.batch_execute("DEALLOCATE dbwright_query").await;
    refused(forgotten, text)?.ok();
    Ok(planned.map(|()| shape))
}

/// The answer, or the server's words where it refuses the query; an error where the session broke.
fn refused<T>(answer: Result<T, tokio_postgres::Error>, text: &str) -> Result<Result<T, SqlError>, LiveError> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => match sql_error(&error, text) {
            Some(refused) => Ok(Err(refused)),
            None => Err(LiveError::postgres("preparing queries", error)),
        },
    }
}

/// The name of a type as people write it.
fn name_of(of: &Type) -> String {
    if let Kind::Array(element) = of.kind() {
        return format!("{}[]", name_of(element));
    }
    let name = match of.name() {
        "int2" => "smallint",
        "int4" => "integer",
        "int8" => "bigint",
        "float4" => "real",
        "float8" => "double precision",
        "bool" => "boolean",
        "bpchar" => "character",
        "varchar" => "character varying",
        "timestamp" => "timestamp without time zone",
        "timestamptz" => "timestamp with time zone",
        "time" => "time without time zone",
        "timetz" => "time with time zone",
        other => other,
    };
    if matches!(of.schema(), "pg_catalog" | "public") {
        name.to_owned()
    } else {
        format!("{}.{name}", of.schema())
    }
}
