//! Twins: disposable databases made to look like a snapshot. They hold the real schema, statistics and sizes, and no row of
//! production.

pub mod migrated;
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
    Sqlite(Box<sqlite::Twin>),
}

/// An index that a twin was given to see what it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedIndex {
    /// The schema of its table.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
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
        Engine::Sqlite => Ok(Twin::Sqlite(Box::new(sqlite::build(snapshot).await?))),
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

    /// Makes an index by a `CREATE INDEX`; of a partitioned table there may be one for each partition.
    ///
    /// # Errors
    ///
    /// When it is no `CREATE INDEX`, or the twin refuses it. Nothing of it stays then.
    pub async fn add_index(&self, statement: &str) -> Result<Vec<AddedIndex>, LiveError> {
        match self {
            Twin::Postgres(twin) => {
                let added = twin.add_index(statement).await?.into_iter();
                let added = added.map(|index| AddedIndex {
                    schema: index.schema,
                    table: index.table,
                    name: index.name,
                });
                Ok(added.collect())
            }
            Twin::MySqlFamily(twin) => Ok(vec![twin.add_index(statement).await?]),
            Twin::Sqlite(twin) => twin.add_index(statement).map(|index| vec![index]),
        }
    }

    /// Takes an index away again.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn drop_index(&self, index: &AddedIndex) -> Result<(), LiveError> {
        match self {
            Twin::Postgres(twin) => twin.drop_index(&index.schema, &index.name).await,
            Twin::MySqlFamily(twin) => twin.drop_index(index).await,
            Twin::Sqlite(twin) => twin.drop_index(&index.name),
        }
    }

    /// Runs the statements of a migration on it, as far as it can: what the server refuses is the inner error. The planner knows
    /// afterwards what it would know on production after the migration and `ANALYZE`. Of PostgreSQL, [`migrated`] makes a snapshot
    /// for another twin instead: there the sizes of files count, which a migration would see.
    ///
    /// # Errors
    ///
    /// When the server breaks, or it is one of PostgreSQL.
    pub async fn migrate(&mut self, statements: &[&str]) -> Result<Result<(), String>, LiveError> {
        match self {
            Twin::Postgres(_) => Err(LiveError::Unsupported {
                what: "a twin of PostgreSQL is not migrated after it was given its sizes".to_owned(),
            }),
            Twin::MySqlFamily(twin) => twin.migrate(statements).await,
            Twin::Sqlite(twin) => twin.migrate(statements),
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
