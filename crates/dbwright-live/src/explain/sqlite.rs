//! `EXPLAIN QUERY PLAN` of SQLite, which never runs the query. <https://www.sqlite.org/eqp.html>

mod facts;

pub(super) use facts::facts;

use std::fmt::Write as _;

use dbwright_catalog::Engine;
use dbwright_sql::{Dialect, Summary, statements, summarise};
use rusqlite::types::Value;

use super::{ExplainOptions, Explained};
use crate::LiveError;
use crate::connect::SqliteConnection;

pub(super) async fn explain(
    connection: &SqliteConnection,
    query: &str,
    options: &ExplainOptions,
) -> Result<Explained, LiveError> {
    let is_one = statements(Dialect::server(Engine::Sqlite), query).len() == 1;
    if !is_one || !matches!(summarise(Engine::Sqlite, query), Summary::Query | Summary::Write) {
        return Ok(Explained::Refused(
            "only a single SELECT, INSERT, UPDATE, DELETE or VALUES has a plan".to_owned(),
        ));
    }
    let sql = format!("EXPLAIN QUERY PLAN {query}");
    let asked = connection.with(move |connection| {
        let mut statement = match connection.prepare(&sql) {
            Ok(statement) => statement,
            Err(error) if is_refusal(&error) => return Ok(Err(said(&error))),
            Err(error) => return Err(error),
        };
        // Its parameters have no values: SQLite plans it for any.
        let mut rows = statement.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next()? {
            let detail = match row.get::<_, Value>(3)? {
                Value::Text(detail) => detail,
                _ => String::new(),
            };
            let (id, parent): (i64, i64) = (row.get(0)?, row.get(1)?);
            steps.push(format!("[{id}, {parent}, {}]", json_text(&detail)));
        }
        Ok(Ok(steps))
    });
    let steps = match asked.await? {
        Ok(steps) => steps,
        Err(refused) => return Ok(Explained::Refused(refused)),
    };
    let mut notes = Vec::new();
    let mut steps = steps;
    if steps.is_empty() {
        steps.push("[1, 0, \"nothing is looked for\"]".to_owned());
        notes.push(
            "SQLite tells no step of it: it goes through no table, adds rows that stand in it, or empties a table as a whole."
                .to_owned(),
        );
    }
    if options.run {
        notes.push("It was not run: SQLite measures no steps.".to_owned());
    }
    Ok(Explained::Plan {
        text: format!("[{}]", steps.join(",\n")),
        notes,
    })
}

/// What SQLite says, without the query, which is ours.
fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        error => error.to_string(),
    }
}

/// Whether it is the query that is wrong, and not the file.
fn is_refusal(error: &rusqlite::Error) -> bool {
    match error.sqlite_error() {
        Some(failure) => matches!(
            failure.extended_code & 0xff,
            rusqlite::ffi::SQLITE_ERROR | rusqlite::ffi::SQLITE_AUTH | rusqlite::ffi::SQLITE_TOOBIG
        ),
        None => true,
    }
}

/// A text as JSON writes it.
fn json_text(text: &str) -> String {
    let mut json = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            letter if letter < ' ' => {
                let _ = write!(json, "\\u{:04x}", u32::from(letter));
            }
            letter => json.push(letter),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_json_writes_them() {
        assert_eq!(json_text("SCAN \"a\\b\"\n"), "\"SCAN \\\"a\\\\b\\\"\\u000a\"");
    }
}
