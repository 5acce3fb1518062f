//! Sending one statement as it stands, and understanding how the server answers.

use std::time::{Duration, Instant};

use dbwright_catalog::{SqlError, Statement, Warning};
use dbwright_sql::{MySqlFamilySummary, Summary};
use mysql_async::consts::StatusFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};

use crate::LiveError;

/// Longest time that a statement of a migration may take on a scratch server, which holds almost no rows. Neither server
/// has a limit of its own for definitions: <https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html#sysvar_max_execution_time>.
pub(super) const STATEMENT_LIMIT: Duration = Duration::from_mins(2);

/// Longest time that a killed statement may take to end.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// Codes of notes about values that were not kept as they were written; other notes say that `IF EXISTS` found nothing and
/// the like. Manual: <https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html>.
const NOTES_ABOUT_VALUES: [u32; 4] = [1264, 1265, 1292, 1366];

/// How the server answered a statement.
#[derive(Debug)]
pub(super) enum Answer {
    /// It ran.
    Done,
    /// It did not, in the server's words.
    Refused(SqlError),
    /// It ran for too long and was killed.
    GivenUp,
    /// The session ended under it.
    Lost(SqlError),
}

/// A statement that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    /// How the server answered.
    pub(super) answer: Answer,
    /// How long that took.
    pub(super) duration: Duration,
    /// Whether a transaction is open in the session afterwards; nothing where there is no session any more.
    pub(super) in_transaction: Option<bool>,
    /// Warnings that speak of more than what `IF EXISTS` asks for.
    pub(super) warnings: Vec<Warning>,
    /// Other notes, in the server's words.
    pub(super) notes: Vec<String>,
}

/// Sends a statement over the text protocol. `killer` is a session that may kill it.
pub(super) async fn send(conn: &mut Conn, killer: &mut Conn, text: &str, limit: Duration) -> Result<Sent, LiveError> {
    let id = conn.id();
    let started = Instant::now();
    let (answer, given_up) = {
        let work = conn.query_drop(text);
        tokio::pin!(work);
        match tokio::time::timeout(limit, &mut work).await {
            Ok(answer) => (Some(answer), false),
            Err(_) => (kill(killer, id, &mut work).await, true),
        }
    };
    let duration = started.elapsed();
    let mut sent = Sent {
        answer: Answer::Done,
        duration,
        in_transaction: None,
        warnings: Vec::new(),
        notes: Vec::new(),
    };
    let mut count = 0;
    match answer {
        // The session itself had to be killed.
        None => {
            sent.answer = Answer::GivenUp;
            return Ok(sent);
        }
        Some(Ok(())) => count = conn.get_warnings(),
        Some(Err(Error::Server(error))) => {
            let error = sql_error(&error, text);
            if is_full_disk(&error) {
                return Err(LiveError::DiskFull { place: error.message });
            }
            // The answer to a ping tells whether a transaction is open, and whether there still is a session.
            sent.answer = match conn.ping().await {
                Ok(()) => Answer::Refused(error),
                Err(_) => Answer::Lost(error),
            };
        }
        Some(Err(_)) => {
            sent.answer = Answer::Lost(SqlError {
                code: "2013".to_owned(),
                message: "the server ended the session".to_owned(),
                detail: None,
                position: None,
            });
        }
    }
    if given_up && !matches!(sent.answer, Answer::Lost(_)) {
        sent.answer = Answer::GivenUp;
    }
    if matches!(sent.answer, Answer::Lost(_)) {
        return Ok(sent);
    }
    if let Some(ok) = conn.last_ok_packet() {
        sent.in_transaction = Some(ok.status_flags().contains(StatusFlags::SERVER_STATUS_IN_TRANS));
    }
    if count > 0 {
        (sent.warnings, sent.notes) = warnings(conn).await;
    }
    Ok(sent)
}

/// Kills a statement from another session; its answer, or nothing where the whole session had to be killed.
async fn kill(
    killer: &mut Conn,
    id: u32,
    work: &mut (impl Future<Output = Result<(), Error>> + Unpin),
) -> Option<Result<(), Error>> {
    // Fails where the statement has just ended by itself.
    let _ = killer.query_drop(format!("KILL QUERY {id}")).await;
    if let Ok(answer) = tokio::time::timeout(KILL_LIMIT, work).await {
        return Some(answer);
    }
    let _ = killer.query_drop(format!("KILL CONNECTION {id}")).await;
    None
}

/// What `SHOW WARNINGS` says of the last statement; it changes nothing of that itself.
async fn warnings(conn: &mut Conn) -> (Vec<Warning>, Vec<String>) {
    let rows: Vec<(String, u32, String)> = conn.query("SHOW WARNINGS").await.unwrap_or_default();
    let (mut warnings, mut notes) = (Vec::new(), Vec::new());
    for (level, code, message) in rows {
        if level == "Note" && !NOTES_ABOUT_VALUES.contains(&code) {
            notes.push(message);
        } else {
            warnings.push(Warning { code, message });
        }
    }
    (warnings, notes)
}

/// The server's error; its code is the number that its manual lists it under.
pub(crate) fn sql_error(error: &mysql_async::ServerError, text: &str) -> SqlError {
    SqlError {
        code: error.code.to_string(),
        message: error.message.clone(),
        detail: None,
        position: (error.code == 1064).then(|| position(&error.message, text)).flatten(),
    }
}

/// Where a syntax error stands: the message quotes the rest of the text from there on (or its first part), and the line.
fn position(message: &str, text: &str) -> Option<usize> {
    let (_, rest) = message.split_once("to use near '")?;
    let (near, line) = rest.rsplit_once("' at line ")?;
    let line: usize = line.trim().parse().ok()?;
    let from: usize = text
        .split_inclusive('\n')
        .take(line.checked_sub(1)?)
        .map(str::len)
        .sum();
    let near = near.trim_end_matches("...");
    if near.is_empty() {
        return Some(text.len());
    }
    text.get(from..)?.find(near).map(|found| from + found)
}

/// Whether an error says that there is no room left for files.
fn is_full_disk(error: &SqlError) -> bool {
    error.code == "1021" || error.message.contains("rrcode: 28 ") || error.message.contains("error 28 ")
}

/// Why a statement is not sent, where it is not.
pub(super) fn refusal(statement: &Statement, summary: &MySqlFamilySummary, own_server: bool) -> Option<String> {
    if let Some(reason) = &statement.not_sent {
        return Some(reason.clone());
    }
    match &summary.summary {
        Summary::ReachesOutside(what) => Some(format!("{what} reaches outside the database")),
        Summary::Role if !own_server => {
            Some("accounts belong to the whole server, and this server was given by URL".to_owned())
        }
        Summary::ClusterWide(what) if !own_server => Some(format!(
            "{what} concerns the whole server, and this server was given by URL"
        )),
        Summary::Transaction(_)
        | Summary::Session
        | Summary::Pragma { .. }
        | Summary::CreateExtension { .. }
        | Summary::CreateIndex { .. }
        | Summary::Role
        | Summary::ClusterWide(_)
        | Summary::CopyFromStdin
        | Summary::Query
        | Summary::Write
        | Summary::Maintenance
        | Summary::Code
        | Summary::Definition
        | Summary::Other => None,
    }
}

/// Errors that say something about the scratch server and nothing about the migration.
pub(super) fn limits_of_scratch(error: &SqlError) -> Option<String> {
    match error.code.as_str() {
        // Access denied, to: a database, a table, a column, a routine; a privilege that is missing; SUPER for triggers.
        "1044" | "1142" | "1143" | "1227" | "1370" | "1419" | "1045" | "1410" | "3530" => Some(format!(
            "it needs rights that migrations do not get on a scratch server: {}",
            error.message
        )),
        // A storage engine or plugin that this build of the server does not have.
        "1286" | "1289" => Some(format!("the scratch server lacks something: {}", error.message)),
        _ => None,
    }
}

/// Whether a statement that failed in this way fails just so in empty tables: names, syntax, rights.
pub(super) fn fails_without_rows(error: &SqlError) -> bool {
    const NAMES_AND_SYNTAX: [&str; 35] = [
        "1046", "1049", "1050", "1051", "1054", "1060", "1061", "1063", "1064", "1067", "1068", "1072", "1075", "1091",
        "1101", "1113", "1115", "1146", "1149", "1170", "1176", "1193", "1221", "1231", "1235", "1273", "1304", "1305",
        "1359", "1360", "1824", "1826", "1845", "1846", "3780",
    ];
    NAMES_AND_SYNTAX.contains(&error.code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_points_at_its_place() {
        let text = "CREATE TABLE t (\n  id INT,\n  nonsense,\n  b INT\n)";
        let message = "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server \
                       version for the right syntax to use near ',\n  b INT\n)' at line 3";
        assert_eq!(position(message, text), text.find(",\n  b"));
        let at_end = "… the right syntax to use near '' at line 5";
        assert_eq!(position(at_end, text), Some(text.len()));
        for odd in [
            "",
            "to use near 'x' at line 0",
            "to use near 'x' at line 99",
            "to use near 'é' at line 1",
        ] {
            assert_eq!(position(odd, text), None);
        }
    }
}
