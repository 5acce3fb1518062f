//! `EXPLAIN` of PostgreSQL.
//!
//! Everything happens in a read-only transaction that is rolled back, under the session's lock and statement timeouts.
//! Planning itself evaluates functions that the query calls with constants and that are not volatile.

mod facts;
mod proof;

pub(super) use facts::facts;

use dbwright_catalog::Engine;
use dbwright_sql::{Dialect, Summary, TokenKind, statements, summarise, tokens};

use super::{ExplainOptions, Explained};
use crate::LiveError;
use crate::connect::Connection;

/// Since when the server plans a query for any value of its parameters by itself.
/// <https://www.postgresql.org/docs/16/sql-explain.html>
const GENERIC_PLAN_SINCE: u32 = 16;

pub(super) async fn explain(
    connection: &mut Connection,
    query: &str,
    options: &ExplainOptions,
) -> Result<Explained, LiveError> {
    if let Some(why) = not_explained(query) {
        return Ok(Explained::Refused(why));
    }
    let with_parameters = tokens(Engine::Postgres, query).any(|token| token.kind == TokenKind::Parameter);
    let mut notes = Vec::new();
    if with_parameters {
        notes
            .push("Planned for any value of its parameters, as a prepared statement that is used often is.".to_owned());
    }
    let planned = asking(connection, query, options, with_parameters).await?;
    let text = match planned {
        Ok(json) => json,
        Err(refused) => return Ok(Explained::Refused(refused)),
    };
    if !options.run {
        return Ok(Explained::Plan { text, notes });
    }
    if with_parameters {
        notes.push("It was not run: its parameters have no values.".to_owned());
        return Ok(Explained::Plan { text, notes });
    }
    if let Err(doubt) = proof::reads_only(connection, query, &text).await? {
        notes.push(format!("It was not run, as it is not proven to read only: {doubt}."));
        return Ok(Explained::Plan { text, notes });
    }
    let words = "ANALYZE, BUFFERS, VERBOSE, SETTINGS, FORMAT JSON";
    match ask(connection, &options.before, &format!("EXPLAIN ({words}) {query}")).await? {
        Ok(text) => Ok(Explained::Plan { text, notes }),
        Err(refused) => {
            notes.push(format!("It was not run to its end: {refused}."));
            Ok(Explained::Plan { text, notes })
        }
    }
}

/// Why there is no plan of such a statement.
fn not_explained(query: &str) -> Option<String> {
    if statements(Dialect::server(Engine::Postgres), query).len() != 1 {
        return Some("a plan is of one statement".to_owned());
    }
    match summarise(Engine::Postgres, query) {
        Summary::Query | Summary::Write => None,
        Summary::ReachesOutside(what) => Some(format!("{what} reaches outside of the database and is not explained")),
        _ => Some("only SELECT, INSERT, UPDATE, DELETE, MERGE and VALUES have a plan".to_owned()),
    }
}

/// Asks for a plan without running the query.
async fn asking(
    connection: &mut Connection,
    query: &str,
    options: &ExplainOptions,
    with_parameters: bool,
) -> Result<Result<String, String>, LiveError> {
    let words = "VERBOSE, SETTINGS, FORMAT JSON";
    if !with_parameters {
        return ask(connection, &options.before, &format!("EXPLAIN ({words}) {query}")).await;
    }
    if connection.server().version.major >= GENERIC_PLAN_SINCE {
        let sql = format!("EXPLAIN (GENERIC_PLAN, {words}) {query}");
        return ask(connection, &options.before, &sql).await;
    }
    // Before that, a prepared statement has one; its parameters are NULL, which such a plan does not look at.
    let mut before = options.before.clone();
    before.push("SET LOCAL plan_cache_mode = force_generic_plan".to_owned());
    before.push(format!("PREPARE dbwright_query AS {query}"));
    let count = highest_parameter(query);
    let nulls = vec!["NULL"; count].join(", ");
    let arguments = if count == 0 {
        String::new()
    } else {
        format!("({nulls})")
    };
    let answer = ask(
        connection,
        &before,
        &format!("EXPLAIN ({words}) EXECUTE dbwright_query{arguments}"),
    )
    .await?;
    // A prepared statement outlives its transaction.
    if answer.is_ok() {
        connection.rows("DEALLOCATE ALL").await?;
    } else {
        let _ = connection.rows("DEALLOCATE ALL").await;
    }
    Ok(answer)
}

fn highest_parameter(query: &str) -> usize {
    let parameters = tokens(Engine::Postgres, query).filter(|token| token.kind == TokenKind::Parameter);
    parameters
        .filter_map(|token| token.text.strip_prefix('$')?.parse().ok())
        .max()
        .unwrap_or(0)
}

/// Runs statements of ours and asks; nothing of it stays. The inner error is what the server refused.
async fn ask(connection: &mut Connection, before: &[String], sql: &str) -> Result<Result<String, String>, LiveError> {
    // Quotes are read as dbwright reads them, so that what is one statement here is one there.
    connection
        .rows("BEGIN READ ONLY; SET LOCAL standard_conforming_strings = on")
        .await?;
    let mut answer = Ok(Vec::new());
    for sql in before.iter().map(String::as_str).chain([sql]) {
        answer = connection.rows(sql).await;
        if answer.is_err() {
            break;
        }
    }
    // Where the server is gone, this fails as well.
    connection.rows("ROLLBACK").await?;
    Ok(match answer {
        Ok(rows) => {
            let json = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
            json.ok_or_else(|| "the server gives no plan".to_owned())
        }
        Err(LiveError::Connect { problem, .. }) => Err(problem),
        Err(error) => return Err(error),
    })
}
