//! What counts as the same plan on SQLite.

use rusqlite::Connection;

/// The plan of a query, as `EXPLAIN QUERY PLAN` tells it: every line with the one that it belongs to.
pub(crate) fn plan(connection: &Connection, query: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}"))?;
    let steps = statement.query_map([], |row| {
        Ok(format!("{} {}", row.get::<_, i64>(1)?, row.get::<_, String>(3)?))
    })?;
    let steps: Vec<String> = steps.collect::<rusqlite::Result<_>>()?;
    Ok(steps.join("\n"))
}
