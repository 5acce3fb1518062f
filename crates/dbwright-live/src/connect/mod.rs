//! Connections to databases that belong to the user: opened to read, with a limit on every wait.
//!
//! Nothing here can write: the session itself is read-only on every engine (a transaction mode where there is a server, an
//! open flag with SQLite). One statement stands in a transaction that may write: the `EXPLAIN` of one that writes, on MySQL and
//! MariaDB, which tell its plan nowhere else; it writes nothing and is rolled back. Scratch servers have sessions of their own, see [`crate::scratch`].

mod mysql_family;
mod parameters;
mod postgres;
mod problem;
mod sqlite;
mod tls;
mod url;

pub(crate) use mysql_family::{PlanForm, PlanOfWrite};
pub(crate) use sqlite::SqliteConnection;
pub use sqlite::is_database as is_sqlite_database;
pub use url::{DatabaseUrl, ParseDatabaseUrlError};

use std::time::Duration;

use dbwright_catalog::{Reading, Server};

use crate::LiveError;
use crate::measure::TextRows;
use url::Target;

/// How long a user's server may be waited for. Every statement has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Making a connection; what the URL says wins (`connect_timeout`).
    pub connect: Duration,
    /// Waiting for a lock that somebody else holds.
    pub lock: Duration,
    /// One statement.
    pub statement: Duration,
}

impl Default for ReadLimits {
    fn default() -> Self {
        ReadLimits {
            connect: Duration::from_secs(10),
            lock: Duration::from_secs(5),
            statement: Duration::from_mins(1),
        }
    }
}

/// A read-only session with a database of the user.
pub enum Connection {
    /// PostgreSQL.
    Postgres(Box<postgres::PostgresConnection>),
    /// MySQL or MariaDB.
    MySqlFamily(Box<mysql_family::MySqlFamilyConnection>),
    /// A SQLite file.
    Sqlite(SqliteConnection),
}

impl Connection {
    /// Connects. Which of MySQL and MariaDB it is, the server says, whatever the URL calls it.
    ///
    /// # Errors
    ///
    /// [`LiveError::Connect`], which says what is wrong and what to do, and never shows the password.
    pub async fn open(url: &DatabaseUrl, limits: &ReadLimits) -> Result<Self, LiveError> {
        Ok(match &url.target {
            Target::Postgres(target) => {
                Connection::Postgres(Box::new(postgres::PostgresConnection::open(url, target, limits).await?))
            }
            Target::MySqlFamily(target) => Connection::MySqlFamily(Box::new(
                mysql_family::MySqlFamilyConnection::open(url, target, limits).await?,
            )),
            Target::Sqlite(path) => Connection::Sqlite(SqliteConnection::open(url, path, limits).await?),
        })
    }

    /// The engine and the exact version, as the server itself says.
    pub fn server(&self) -> &Server {
        match self {
            Connection::Postgres(connection) => connection.server(),
            Connection::MySqlFamily(connection) => connection.server(),
            Connection::Sqlite(connection) => connection.server(),
        }
    }

    /// Reads the schema.
    pub async fn read(&mut self) -> Result<Reading, LiveError> {
        match self {
            Connection::Postgres(connection) => connection.read().await,
            Connection::MySqlFamily(connection) => connection.read().await,
            Connection::Sqlite(connection) => connection.read().await,
        }
    }

    /// The first value that a query gives, as text. Whatever would write is refused by the server.
    pub async fn first_value(&mut self, sql: &str) -> Result<Option<String>, LiveError> {
        let rows = self.rows(sql).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
    }

    /// All rows that a query gives, each value as text.
    pub(crate) async fn rows(&mut self, sql: &str) -> Result<TextRows, LiveError> {
        match self {
            Connection::Postgres(connection) => connection.rows(sql).await,
            Connection::MySqlFamily(connection) => connection.rows(sql).await,
            Connection::Sqlite(connection) => connection.rows(sql).await,
        }
    }

    /// From here on no statement takes longer than this.
    pub(crate) async fn limit_statements(&mut self, limit: Duration) -> Result<(), LiveError> {
        match self {
            Connection::Postgres(connection) => connection.limit_statements(limit).await,
            Connection::MySqlFamily(connection) => connection.limit_statements(limit).await,
            Connection::Sqlite(connection) => {
                connection.limit_statements(limit);
                Ok(())
            }
        }
    }

    /// Ends the session. A server that does not hear it is not waited for.
    pub async fn close(self) {
        match self {
            Connection::Postgres(connection) => connection.close().await,
            Connection::MySqlFamily(connection) => connection.close().await,
            Connection::Sqlite(_) => {}
        }
    }
}
