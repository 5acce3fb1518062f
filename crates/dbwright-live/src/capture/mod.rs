//! Taking a snapshot of a user's database: schema, statistics, sizes, settings, workload. Catalogs and views of the server
//! are read, tables never.
//!
//! What can't be read (a right is missing, somebody holds a lock) is noted in the snapshot, and capturing goes on.

mod catalogs;
mod literals;
pub(crate) mod mysql_family;
mod postgres;
mod row;
pub(crate) mod sqlite;

use dbwright_catalog::{SampleValues, Snapshot};

use crate::LiveError;
use crate::connect::Connection;

/// Takes a snapshot of a database.
///
/// # Errors
///
/// When the server is gone, or its schema can't be read.
pub async fn capture(connection: &mut Connection, values: &SampleValues) -> Result<Snapshot, LiveError> {
    match connection {
        Connection::Postgres(_) => postgres::capture(connection, values).await,
        Connection::Sqlite(connection) => sqlite::capture(connection, values).await,
        Connection::MySqlFamily(_) => mysql_family::capture(connection, values).await,
    }
}
