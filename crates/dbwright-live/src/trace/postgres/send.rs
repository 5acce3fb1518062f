//! Sending one statement as it stands, and understanding how the server answers.

use std::time::{Duration, Instant};

use dbwright_catalog::{Engine, SqlError, Statement};
use dbwright_sql::{Summary, summarise};
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::{Client, NoTls};

use crate::LiveError;

/// Longest time that a statement of a migration may take on a scratch server, which holds almost no rows.
pub(super) const STATEMENT_LIMIT: Duration = Duration::from_mins(2);

/// Longest time that a cancelled statement may take to end.
const CANCEL_LIMIT: Duration = Duration::from_secs(10);

/// How the server answered a statement.
pub(super) enum Answer {
    Done,
    Refused(SqlError),
}

/// Sends a statement over the simple protocol, with the rows that belong to it.
pub(super) async fn send(client: &Client, statement: &Statement) -> Result<(Answer, Duration), LiveError> {
    let started = Instant::now();
    if statement.text.contains('\0') {
        return Ok((Answer::Refused(null_character(&statement.text)), started.elapsed()));
    }
    let answer = match &statement.copy_rows {
        Some(rows) => limited(client, copy(client, &statement.text, rows)).await?,
        None => limited(client, async { client.simple_query(&statement.text).await.map(|_| ()) }).await?,
    };
    let duration = started.elapsed();
    match answer {
        Ok(()) => Ok((Answer::Done, duration)),
        // The driver takes rows of `COPY … TO STDOUT` for nothing that answers a query; nobody wants them here.
        Err(error) if is_unexpected(&error) && sends_rows(&statement.text) => Ok((Answer::Done, duration)),
        Err(error) => match sql_error(&error, &statement.text) {
            Some(error) => Ok((Answer::Refused(error), duration)),
            None => Err(LiveError::postgres("running a statement", error)),
        },
    }
}

async fn limited(
    client: &Client,
    work: impl Future<Output = Result<(), tokio_postgres::Error>>,
) -> Result<Result<(), tokio_postgres::Error>, LiveError> {
    tokio::pin!(work);
    if let Ok(answer) = tokio::time::timeout(STATEMENT_LIMIT, &mut work).await {
        return Ok(answer);
    }
    // The server answers a cancelled statement with an error of its own (57014), which is then what is reported.
    let _ = client.cancel_token().cancel_query(NoTls).await;
    // Code of a migration can catch that and go on.
    tokio::time::timeout(CANCEL_LIMIT, work)
        .await
        .map_err(|_| LiveError::TooLong {
            doing: "a statement of a migration".to_owned(),
            limit: STATEMENT_LIMIT,
        })
}

/// Whether the driver met an answer of the server that it does not know, in a session that goes on.
fn is_unexpected(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_none() && !error.is_closed() && error.to_string() == "unexpected message from server"
}

/// Whether a statement is a `COPY` from the server to its client.
fn sends_rows(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("copy") && (text.contains("stdout") || text.contains("stdin"))
}

/// What no client can send: in the protocol this character ends the text.
fn null_character(text: &str) -> SqlError {
    SqlError {
        code: "22021".to_owned(),
        message: "the statement holds a null character (byte 0x00), which can't be sent".to_owned(),
        detail: None,
        position: text.find('\0'),
    }
}

async fn copy(client: &Client, sql: &str, rows: &str) -> Result<(), tokio_postgres::Error> {
    use futures_util::SinkExt;
    let sink = client.copy_in::<_, bytes::Bytes>(sql).await?;
    tokio::pin!(sink);
    sink.send(bytes::Bytes::copy_from_slice(rows.as_bytes())).await?;
    sink.finish().await.map(|_| ())
}

/// The server's own words, or nothing where the session itself broke, the server goes down or its disk is full: this says
/// nothing about the statement.
pub(crate) fn sql_error(error: &tokio_postgres::Error, text: &str) -> Option<SqlError> {
    let server = error.as_db_error()?;
    if matches!(
        server.code().code(),
        "53100" | "53200" | "58030" | "57P01" | "57P02" | "57P03"
    ) {
        return None;
    }
    let detail: Vec<&str> = [server.detail(), server.hint()].into_iter().flatten().collect();
    let position = match server.position() {
        Some(ErrorPosition::Original(character)) => text
            .char_indices()
            .nth((*character as usize).saturating_sub(1))
            .map(|(byte, _)| byte),
        _ => None,
    };
    Some(SqlError {
        code: server.code().code().to_owned(),
        message: server.message().to_owned(),
        detail: (!detail.is_empty()).then(|| detail.join(" ")),
        position,
    })
}

/// Why a statement is not sent, where it is not.
pub(super) fn refusal(statement: &Statement, summary: &Summary, own_cluster: bool) -> Option<String> {
    if let Some(reason) = &statement.not_sent {
        return Some(reason.clone());
    }
    match summary {
        Summary::ReachesOutside(what) => Some(format!("{what} reaches outside the database")),
        Summary::Role if !own_cluster => {
            Some("roles belong to the whole cluster, and this server was given by URL".to_owned())
        }
        Summary::ClusterWide(what) if !own_cluster => Some(format!(
            "{what} concerns the whole cluster, and this server was given by URL"
        )),
        Summary::CopyFromStdin if statement.copy_rows.is_none() => {
            Some("its rows come from the standard input of the client".to_owned())
        }
        _ => None,
    }
}

/// Errors that say something about the scratch server and nothing about the migration.
pub(super) fn limits_of_scratch(error: &SqlError, summary: &Summary) -> Option<String> {
    match (error.code.as_str(), summary) {
        // Not installed: feature_not_supported from 14 on, undefined_file before.
        ("0A000" | "58P01", Summary::CreateExtension { name, .. }) => {
            Some(format!("the extension {name} is not installed for the scratch server"))
        }
        ("42501", _) => Some(format!(
            "it needs rights that migrations do not get on a scratch server: {}",
            error.message
        )),
        // `SET ROLE` to a role that nothing before it made; what follows runs as the migrating role.
        ("22023", _) if error.message.starts_with("role \"") => Some(format!("{} on a scratch server", error.message)),
        ("3D000", _) => Some(format!(
            "it names a database, and that of a scratch server is called otherwise: {}",
            error.message
        )),
        ("55000", _) if error.message.contains("prepared transactions are disabled") => {
            Some("prepared transactions are switched off on a scratch server".to_owned())
        }
        // A timeout that the migration set for itself is its own failure.
        ("57014", _) if error.message.contains("user request") => {
            Some(format!("it ran for more than {} s", STATEMENT_LIMIT.as_secs()))
        }
        _ => None,
    }
}

/// The role that an error says is missing.
pub(super) fn missing_role(error: &SqlError) -> Option<&str> {
    let rest = error.message.strip_prefix("role \"")?;
    rest.strip_suffix("\" does not exist").filter(|_| error.code == "42704")
}

/// Whether the server refuses to run a statement inside a transaction block, or a routine ended the transaction itself.
pub(super) fn wants_no_transaction(error: &SqlError) -> bool {
    matches!(error.code.as_str(), "25001" | "2D000")
}

/// What is sent in place of `CREATE EXTENSION`, where the migrating role may not create it itself.
pub(crate) fn create_extension_call(summary: &Summary) -> Option<String> {
    let Summary::CreateExtension {
        name,
        schema,
        version,
        if_not_exists,
        cascade,
    } = summary
    else {
        return None;
    };
    let literal = |text: &Option<String>| text.as_deref().map_or("NULL".to_owned(), quote_literal);
    Some(format!(
        "SELECT dbwright.create_extension({}, {}, {}, {if_not_exists}, {cascade})",
        quote_literal(name),
        literal(schema),
        literal(version)
    ))
}

fn quote_literal(text: &str) -> String {
    dbwright_ddl::quote_literal(Engine::Postgres, text)
}

/// Sends the whole text as one message that the parser must refuse at its end, and so runs nothing: the index of the
/// statement with a syntax error, where there is one before that end.
pub(super) async fn syntax_error(
    client: &Client,
    statements: &[&Statement],
) -> Result<Option<(usize, SqlError)>, LiveError> {
    const END: &str = ";\ndbwright_end_of_file";
    if let Some(index) = statements.iter().position(|statement| statement.text.contains('\0')) {
        return Ok(Some((index, null_character(&statements[index].text))));
    }
    let mut sql = String::new();
    let mut starts = Vec::new();
    for statement in statements {
        starts.push(sql.len());
        sql.push_str(&statement.text);
        sql.push_str("\n;\n");
    }
    let end = sql.len();
    sql.push_str(END);
    let Err(error) = client.simple_query(&sql).await else {
        return Ok(None);
    };
    let Some(mut error_found) = sql_error(&error, &sql) else {
        return Err(LiveError::postgres("checking the syntax of a file", error));
    };
    let position = error_found.position.unwrap_or(end);
    if error_found.code != "42601" || position >= end {
        return Ok(None);
    }
    let index = starts.iter().rposition(|start| *start <= position).unwrap_or(0);
    error_found.position = Some(position - starts[index]);
    Ok(Some((index, error_found)))
}

/// What matters about a statement for running it.
pub(super) fn summary(statement: &Statement) -> Summary {
    summarise(Engine::Postgres, &statement.text)
}
