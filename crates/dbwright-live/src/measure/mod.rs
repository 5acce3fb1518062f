//! What a live database is asked beside its schema: how far its counters are, and how many rows lack their parents.
//!
//! Read only, each statement with a limit of its own, and all of them together as well. What comes back are numbers; no value
//! of a row is fetched. What could not be measured is said, and is no error.

mod counters;
mod orphans;

use std::time::{Duration, Instant};

use dbwright_catalog::{Catalog, Measured, Relation};

use crate::LiveError;
use crate::connect::Connection;

/// What a question about rows may take. A schema has many, and the server is somebody's.
pub const STATEMENT_LIMIT: Duration = Duration::from_secs(5);

/// What all questions about rows may take together.
pub const ROWS_LIMIT: Duration = Duration::from_mins(1);

/// So many relations are looked at.
pub const RELATIONS_MAX: usize = 100;

/// Rows of an answer, each value as text.
pub(crate) type TextRows = Vec<Vec<Option<String>>>;

/// Asks how far the counters are, which stands in the server's catalogs, and, where `relations` are given, for their orphans.
pub async fn measure(connection: &mut Connection, catalog: &Catalog, relations: Option<&[Relation]>) -> Measured {
    let mut measured = Measured::default();
    if let Err(error) = connection.limit_statements(STATEMENT_LIMIT).await {
        measured.not_measured.push(said("Nothing was measured", &error));
        return measured;
    }
    counters::measure(connection, catalog, &mut measured).await;
    if let Some(relations) = relations {
        look_at(connection, catalog, relations, &mut measured).await;
    }
    measured
}

async fn look_at(connection: &mut Connection, catalog: &Catalog, relations: &[Relation], measured: &mut Measured) {
    let end = Instant::now() + ROWS_LIMIT;
    if let Err(error) = orphans::prepare(connection).await {
        measured.not_measured.push(said("No rows were looked at", &error));
        return;
    }
    for (done, relation) in relations.iter().enumerate() {
        let left = relations.len() - done;
        if done >= RELATIONS_MAX {
            let sentence = format!("Rows of {left} more relations were not looked at: {RELATIONS_MAX} are at most.");
            measured.not_measured.push(sentence);
            return;
        }
        if Instant::now() > end {
            let seconds = ROWS_LIMIT.as_secs();
            let sentence = format!("Rows of {left} more relations were not looked at: {seconds} seconds had passed.");
            measured.not_measured.push(sentence);
            return;
        }
        match orphans::look_at(connection, catalog, relation).await {
            Ok(related) => measured.relations.push(related),
            Err(why) => {
                let columns = relation.columns.join(", ");
                let what = format!("Rows of {} ({columns}) were not looked at", relation.table);
                measured.not_measured.push(format!("{what}: {why}."));
            }
        }
    }
}

fn said(what: &str, error: &LiveError) -> String {
    format!("{what}: {}.", words(error))
}

/// What the server said, without the URL in front, which stands above all, and the full stop.
fn words(error: &LiveError) -> String {
    let text = error.to_string();
    let said = match text.split_once(": ") {
        Some((url, said)) if crate::connect::DatabaseUrl::is_meant(url) => said,
        _ => text.as_str(),
    };
    said.trim_end_matches('.').to_owned()
}
