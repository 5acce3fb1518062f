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
