//! What the database is asked: digests of statements. Samples, which hold values of whatever column, are read only where all
//! may be taken.

use dbwright_catalog::{Engine, SampleValues, Unread, WorkloadQuery};

use super::{ask, queries};
use crate::LiveError;
use crate::capture::{catalogs, literals};
use crate::connect::Connection;

pub(super) async fn capture(
    connection: &mut Connection,
    values: &SampleValues,
    missing: &mut Vec<Unread>,
) -> Result<Vec<WorkloadQuery>, LiveError> {
    let engine = connection.server().engine;
    if connection.first_value("SELECT @@performance_schema").await?.as_deref() != Some("1") {
        // Said where activity is read.
        return Ok(Vec::new());
    }
    let help = "`GRANT SELECT ON performance_schema.events_statements_summary_by_digest TO {user}` shows it.";
    // MariaDB keeps no samples.
    let question = if engine == Engine::MySql && values.is_all() {
        queries::DIGESTS.replacen("NULL", "QUERY_SAMPLE_TEXT", 1)
    } else {
        queries::DIGESTS.to_owned()
    };
    let rows = ask(connection, &question, "workload", help, missing).await?;
    let queries = rows.into_iter().map(|mut row| WorkloadQuery {
        id: row.text(),
        text: literals::without(engine, &row.text()),
        sample: row.maybe(),
        calls: row.number(),
        total_ms: row.float(),
        rows: row.number(),
    });
    Ok(queries
        .filter(|query| !catalogs::is_beside(engine, &query.text))
        .collect())
}
