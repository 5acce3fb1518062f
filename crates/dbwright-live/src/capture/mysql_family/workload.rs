//! What the database is asked: digests of statements. Samples, which hold values, are never read.

use dbwright_catalog::{Unread, WorkloadQuery};

use super::{ask, queries};
use crate::LiveError;
use crate::capture::literals;
use crate::connect::Connection;

pub(super) async fn capture(
    connection: &mut Connection,
    missing: &mut Vec<Unread>,
) -> Result<Vec<WorkloadQuery>, LiveError> {
    let engine = connection.server().engine;
    if connection.first_value("SELECT @@performance_schema").await?.as_deref() != Some("1") {
        // Said where activity is read.
        return Ok(Vec::new());
    }
    let help = "`GRANT SELECT ON performance_schema.events_statements_summary_by_digest` to this user shows it.";
    let rows = ask(connection, queries::DIGESTS, "workload", help, missing).await?;
    let queries = rows.into_iter().map(|mut row| WorkloadQuery {
        id: row.text(),
        text: literals::without(engine, &row.text()),
        calls: row.number(),
        total_ms: row.float(),
        rows: row.number(),
    });
    Ok(queries.collect())
}
