//! Twins: disposable databases made to look like a snapshot. They hold the real schema, statistics and sizes, and no row of
//! production.

#[cfg(unix)]
pub mod mysql_family;
#[cfg(unix)]
pub mod postgres;
#[cfg(unix)]
pub mod sqlite;

use dbwright_catalog::{Engine, Server, Snapshot};

use crate::LiveError;
use crate::scratch::ScratchOptions;

/// A twin that can be asked for plans.
pub enum Twin {
    /// A server of PostgreSQL.
    Postgres(Box<postgres::Twin>),
    /// A server of MySQL or MariaDB.
    MySqlFamily(Box<mysql_family::Twin>),
    /// A SQLite file.
    Sqlite(sqlite::Twin),
}

/// How far plans on a twin are those of production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// The planner knows all that it knows there.
    Exact,
    /// It lacks something; why, in whole sentences.
    Approximate(Vec<String>),
    /// It knows the schema, and no statistics.
    SchemaOnly(Vec<String>),
}

/// Builds a twin. When that fails, nothing of it stays.
///
/// # Errors
///
/// When no server for it can be had.
pub async fn build(snapshot: &Snapshot, options: &ScratchOptions) -> Result<Twin, LiveError> {
    match snapshot.server.engine {
        Engine::Postgres => Ok(Twin::Postgres(Box::new(postgres::build(snapshot, options).await?))),
        Engine::Sqlite => Ok(Twin::Sqlite(sqlite::build(snapshot).await?)),
        Engine::MySql | Engine::MariaDb => {
            let twin = mysql_family::build(snapshot, options).await?;
            Ok(Twin::MySqlFamily(Box::new(twin)))
        }
    }
}

impl Twin {
    /// Where its engine's own programs, an IDE or an ORM find it: a URL, or of SQLite the path of a file.
    pub fn url(&self) -> String {
        match self {
            Twin::Postgres(twin) => twin.url(),
            Twin::MySqlFamily(twin) => twin.url(),
            Twin::Sqlite(twin) => twin.path().display().to_string(),
        }
    }

    /// What plans on it.
    pub fn server(&self) -> &Server {
        match self {
            Twin::Postgres(twin) => twin.server(),
            Twin::MySqlFamily(twin) => twin.server(),
            Twin::Sqlite(twin) => twin.server(),
        }
    }

    /// How good it is.
    pub fn fidelity(&self) -> &Fidelity {
        match self {
            Twin::Postgres(twin) => &twin.fidelity,
            Twin::MySqlFamily(twin) => &twin.fidelity,
            Twin::Sqlite(twin) => &twin.fidelity,
        }
    }

    /// How many others use it; nothing where that can't be known.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub async fn sessions(&self) -> Result<Option<u64>, LiveError> {
        match self {
            Twin::Postgres(twin) => twin.sessions().await.map(Some),
            Twin::MySqlFamily(twin) => twin.sessions().await.map(Some),
            Twin::Sqlite(twin) => twin.sessions(),
        }
    }

    /// Stops it, and waits until nothing of it is left.
    ///
    /// # Errors
    ///
    /// When its folder can't be removed.
    pub async fn stop(self) -> Result<(), LiveError> {
        match self {
            Twin::Postgres(twin) => twin.stop().await,
            Twin::MySqlFamily(twin) => twin.stop().await,
            Twin::Sqlite(twin) => twin.stop(),
        }
    }
}
