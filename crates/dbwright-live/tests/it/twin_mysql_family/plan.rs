//! What counts as the same plan on MySQL and MariaDB.

use dbwright_catalog::{Engine, Server};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Row};

/// A plan as far as it decides: which tables in which order, by which way and index.
pub(crate) async fn plan(server: &Server, session: &mut Conn, query: &str) -> Result<String, mysql_async::Error> {
    // MySQL's own form of it is a tree.
    let sql = match server.engine {
        Engine::MySql => format!("EXPLAIN FORMAT=TRADITIONAL {query}"),
        _ => format!("EXPLAIN {query}"),
    };
    let rows: Vec<Row> = session.query(sql).await?;
    let steps = rows.into_iter().map(|row| {
        let text = |name: &str| row.get::<Option<String>, _>(name).flatten().unwrap_or_default();
        ["id", "select_type", "table", "type", "key", "key_len", "ref", "Extra"]
            .map(text)
            .join(" ")
    });
    Ok(steps.collect::<Vec<_>>().join("\n"))
}
