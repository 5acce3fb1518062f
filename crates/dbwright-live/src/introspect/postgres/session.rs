//! Sending the queries of a reading, and reading the rows that come back.

use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::{Frame, prepared, queries};
use crate::LiveError;

/// Runs queries so that they leave no lock, no setting and no savepoint behind; one list of rows per query.
///
/// # Errors
///
/// When the server refuses one of our own queries or the session is broken.
pub async fn read_only(client: &Client, frame: Frame, queries: &[&str]) -> Result<Vec<Vec<SimpleQueryRow>>, LiveError> {
    match frame {
        Frame::InTransaction => {
            let end = "ROLLBACK TO SAVEPOINT dbwright; RELEASE SAVEPOINT dbwright";
            read_between(client, "SAVEPOINT dbwright", end, "10s", queries).await
        }
        Frame::Alone => read_between(client, "BEGIN", "ROLLBACK", "10s", queries).await,
    }
}

/// Runs queries of their own transaction in one snapshot. The server may be a user's, which is waited for no longer than
/// [`ReadLimits`](crate::connect::ReadLimits) say.
pub(super) async fn read_together(client: &Client, queries: &[&str]) -> Result<Vec<Vec<SimpleQueryRow>>, LiveError> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    read_between(client, begin, "ROLLBACK", "5s", queries).await
}

async fn read_between(
    client: &Client,
    begin: &str,
    end: &str,
    lock_timeout: &str,
    queries: &[&str],
) -> Result<Vec<Vec<SimpleQueryRow>>, LiveError> {
    let within = |queries: &str| {
        format!(
            "{begin}; SET LOCAL search_path = ''; SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = '{lock_timeout}'; \
             SET LOCAL enable_seqscan = on; SET LOCAL plan_cache_mode = force_generic_plan; {queries}; {end}"
        )
    };
    let sql = within(&queries.join("; "));
    let failed = |source| LiveError::postgres("reading the catalog", source);
    let messages = match client.simple_query(&sql).await {
        Ok(messages) => messages,
        // The session has none of our statements yet, or a migration has thrown them away.
        Err(error) if prepared::is_missing(&error) => {
            let version = client
                .simple_query(&format!("{end}; SHOW server_version_num"))
                .await
                .map_err(failed)?;
            let prepare = within(&prepared::statements(major_of(&version)));
            client.simple_query(&prepare).await.map_err(failed)?;
            client.simple_query(&sql).await.map_err(failed)?
        }
        Err(error) => {
            // Without the rest of the text the transaction or savepoint is still open. If that fails, the session is broken.
            let _ = client.batch_execute(end).await;
            return Err(failed(error));
        }
    };
    let mut results = Vec::with_capacity(queries.len());
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(_) => results.push(Vec::new()),
            SimpleQueryMessage::Row(row) => {
                if let Some(rows) = results.last_mut() {
                    rows.push(row);
                }
            }
            _ => {}
        }
    }
    Ok(results)
}

/// The major version of a server that was asked for `server_version_num`: `160004` is 16.
fn major_of(messages: &[SimpleQueryMessage]) -> u32 {
    let number = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse::<u32>().ok(),
        _ => None,
    });
    number.unwrap_or_default() / 10_000
}

/// The columns of a row by number; what is NULL reads as empty, zero or false.
pub(super) struct Row<'a>(pub(super) &'a SimpleQueryRow);

impl<'a> Row<'a> {
    pub(super) fn optional(&self, column: usize) -> Option<&'a str> {
        self.0.try_get(column).ok().flatten()
    }

    pub(super) fn text(&self, column: usize) -> &'a str {
        self.optional(column).unwrap_or_default()
    }

    pub(super) fn owned(&self, column: usize) -> Option<String> {
        self.optional(column).map(str::to_owned)
    }

    pub(super) fn number(&self, column: usize) -> i64 {
        self.text(column).parse().unwrap_or_default()
    }

    pub(super) fn oid(&self, column: usize) -> u32 {
        self.text(column).parse().unwrap_or_default()
    }

    pub(super) fn flag(&self, column: usize) -> bool {
        matches!(self.text(column), "t" | "true")
    }

    pub(super) fn letter(&self, column: usize) -> char {
        self.text(column).chars().next().unwrap_or(' ')
    }

    pub(super) fn list(&self, column: usize) -> Vec<String> {
        let text = self.text(column);
        if text.is_empty() {
            Vec::new()
        } else {
            text.split(queries::LIST).map(str::to_owned).collect()
        }
    }
}
