//! What filling and emptying say to the server.

use std::fmt::Write as _;

use dbwright_catalog::{Engine, ObjectId};
use dbwright_ddl::{Row, qualified_name, quote_identifier, quote_literal};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::LiveError;
use crate::fill::attempt::Refusal;

/// The session, with errors sorted into refusals (data) and failures (the outside world).
#[derive(Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) client: &'a Client,
}

impl Session<'_> {
    /// Runs what can't be refused.
    pub(super) async fn must(self, sql: &str) -> Result<Vec<SimpleQueryMessage>, LiveError> {
        let answer = self.client.simple_query(sql).await;
        answer.map_err(|source| LiveError::postgres("generating rows", source))
    }

    /// Runs statements in a savepoint, which is kept if they were done and `accept` likes the answer.
    pub(super) async fn attempt(
        self,
        sql: &str,
        accept: impl Fn(&[SimpleQueryMessage]) -> Result<(), String>,
    ) -> Result<Result<Vec<SimpleQueryMessage>, Refusal>, LiveError> {
        let answer = self
            .client
            .simple_query(&format!("SAVEPOINT dbwright_row; {sql}"))
            .await;
        let refusal = match answer {
            Ok(messages) => match accept(&messages) {
                Ok(()) => {
                    self.must("RELEASE dbwright_row").await?;
                    return Ok(Ok(messages));
                }
                Err(message) => Refusal {
                    message,
                    is_final: true,
                },
            },
            Err(error) => refusal(error)?,
        };
        self.must("ROLLBACK TO dbwright_row; RELEASE dbwright_row").await?;
        Ok(Err(refusal))
    }
}

fn refusal(error: tokio_postgres::Error) -> Result<Refusal, LiveError> {
    let Some(refused) = error.as_db_error() else {
        return Err(LiveError::postgres("generating rows", error));
    };
    let code = refused.code().code();
    // Disk full and the like, shutdown: not about rows.
    if code.starts_with("53") || code.starts_with("57P") {
        return Err(LiveError::postgres("generating rows", error));
    }
    let message = match refused.detail() {
        Some(detail) => format!("{} ({detail})", refused.message()),
        None => refused.message().to_owned(),
    };
    // Cancelled, or something is missing or forbidden that no other row brings.
    let is_final = code.starts_with("57") || code.starts_with("42") || code == "55P03";
    Ok(Refusal { message, is_final })
}

/// The rows in an answer, with all their columns.
pub(super) fn rows_of(table: &ObjectId, messages: &[SimpleQueryMessage]) -> Vec<Row> {
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.map(|row| {
        let literal = |place| match row.get(place) {
            None => "NULL".to_owned(),
            Some(text) => quote_literal(Engine::Postgres, text),
        };
        let columns = row
            .columns()
            .iter()
            .enumerate()
            .filter(|(_, column)| column.name() != "?column?");
        Row {
            table: table.clone(),
            values: columns
                .map(|(place, column)| (column.name().to_owned(), literal(place)))
                .collect(),
        }
    })
    .collect()
}

/// Statements that disable the triggers of a table, and those that put each back as it was (which `ENABLE TRIGGER USER`
/// does not). Both empty where there are none.
pub(super) async fn switch_triggers(session: Session<'_>, table: &ObjectId) -> Result<(String, String), LiveError> {
    let name = qualified_name(Engine::Postgres, table);
    let query = format!(
        "SELECT t.tgname, t.tgenabled FROM pg_catalog.pg_trigger t \
         WHERE t.tgrelid = pg_catalog.to_regclass({}) AND NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY t.tgname",
        quote_literal(Engine::Postgres, &name)
    );
    let (mut disable, mut enable) = (String::new(), String::new());
    for message in session.must(&query).await? {
        let SimpleQueryMessage::Row(row) = message else {
            continue;
        };
        let trigger = quote_identifier(Engine::Postgres, row.get(0).unwrap_or_default());
        let how = match row.get(1) {
            Some("A") => "ENABLE ALWAYS",
            Some("R") => "ENABLE REPLICA",
            _ => "ENABLE",
        };
        let _ = write!(disable, "ALTER TABLE {name} DISABLE TRIGGER {trigger}; ");
        let _ = write!(enable, "ALTER TABLE {name} {how} TRIGGER {trigger}; ");
    }
    Ok((disable, enable))
}
