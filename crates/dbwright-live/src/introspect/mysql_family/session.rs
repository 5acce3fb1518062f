//! Queries over the text protocol, several in one round trip.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Value};

use crate::LiveError;

/// The values of a row as text, NULL as nothing.
pub(crate) type Row = Vec<Option<String>>;

/// The values of a row as the server sent them.
pub(crate) type Values = Vec<Value>;

/// Runs statements that are separated by `;` and gives one list of rows for each; none for the last one where it gives no
/// rows.
pub(crate) async fn values(conn: &mut Conn, sql: &str) -> mysql_async::Result<Vec<Vec<Values>>> {
    let mut result = conn.query_iter(sql).await?;
    let mut sets = Vec::new();
    while !result.is_empty() {
        let rows: Vec<mysql_async::Row> = result.collect().await?;
        sets.push(rows.into_iter().map(mysql_async::Row::unwrap).collect());
    }
    // An error of any statement but the first looks like the end of all results, and would be told by the next query.
    result.drop_result().await?;
    Ok(sets)
}

/// The same as text.
pub(crate) async fn query(conn: &mut Conn, sql: &str) -> mysql_async::Result<Vec<Vec<Row>>> {
    let sets = values(conn, sql).await?;
    let row = |values: Values| values.into_iter().map(text).collect();
    let set = |rows: Vec<Values>| rows.into_iter().map(row).collect();
    Ok(sets.into_iter().map(set).collect())
}

/// The same for what the server can't refuse unless something is wrong outside.
pub(crate) async fn must(conn: &mut Conn, doing: &str, sql: &str) -> Result<Vec<Vec<Row>>, LiveError> {
    query(conn, sql)
        .await
        .map_err(|source| LiveError::mysql_family(doing, source))
}

/// A value as text, NULL as nothing.
pub(crate) fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true)),
    }
}

/// How many statements are sent in one round trip.
const STATEMENTS_PER_TRIP: usize = 200;

/// Asks one question after the other, many in one round trip. For each the rows, or why the server refused it.
pub(super) async fn answers(
    conn: &mut Conn,
    statements: &[String],
) -> Result<Vec<Result<Vec<Row>, mysql_async::ServerError>>, LiveError> {
    let broke = |source| LiveError::mysql_family("reading the catalog", source);
    let mut answers = Vec::with_capacity(statements.len());
    for statements in statements.chunks(STATEMENTS_PER_TRIP) {
        match query(conn, &statements.join("; ")).await {
            Ok(sets) if sets.len() == statements.len() => answers.extend(sets.into_iter().map(Ok)),
            Ok(_) | Err(mysql_async::Error::Server(_)) => {
                for sql in statements {
                    answers.push(match query(conn, sql).await {
                        Ok(sets) => Ok(sets.into_iter().next().unwrap_or_default()),
                        Err(mysql_async::Error::Server(error)) => Err(error),
                        Err(source) => return Err(broke(source)),
                    });
                }
            }
            Err(source) => return Err(broke(source)),
        }
    }
    Ok(answers)
}
