//! A scratch server of any engine, for what is the same everywhere: running a history without watching, and reading the
//! schema that it leaves.
//!
//! What only one engine has is done with that engine's own type.

use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, History, MigrationTrace, Reading, Server};

use super::ScratchOptions;
use super::mysql_family::{MySqlFamilyScratch, Who as MySqlFamilyWho};
use super::postgres::{PostgresScratch, Who};
use crate::trace::Progress;
use crate::{LiveError, introspect, trace};

/// A disposable server.
pub enum Scratch {
    /// PostgreSQL.
    Postgres(Box<PostgresScratch>),
    /// MySQL or MariaDB.
    MySqlFamily(Box<MySqlFamilyScratch>),
    /// A folder for SQLite files, and the library inside of dbwright.
    Sqlite(SqliteScratch),
}

/// A folder for SQLite files, which goes with it.
pub struct SqliteScratch {
    folder: tempfile::TempDir,
    server: Server,
}

/// What a history has left on a scratch server.
#[derive(Debug)]
pub struct Replayed {
    /// Where: the name of a database, or the file with SQLite.
    pub database: String,
    /// One per migration. Only the outcomes of the statements are known.
    pub migrations: Vec<MigrationTrace>,
    /// What was done on the scratch server so that the history could run, as whole sentences.
    pub assumptions: Vec<String>,
}

impl Scratch {
    /// Starts a server, or prepares the given one.
    pub async fn start(engine: Engine, options: &ScratchOptions) -> Result<Self, LiveError> {
        Ok(match engine {
            Engine::Postgres => Scratch::Postgres(Box::new(PostgresScratch::start(options).await?)),
            Engine::MySql | Engine::MariaDb => {
                Scratch::MySqlFamily(Box::new(MySqlFamilyScratch::start(engine, options).await?))
            }
            Engine::Sqlite => {
                let folder = tempfile::Builder::new().prefix("dbwright-sqlite-").tempdir();
                Scratch::Sqlite(SqliteScratch {
                    folder: folder.map_err(|source| LiveError::io("making a scratch folder", source))?,
                    server: introspect::sqlite::server(),
                })
            }
        })
    }

    /// The engine and the exact version.
    pub fn server(&self) -> &Server {
        match self {
            Scratch::Postgres(scratch) => scratch.server(),
            Scratch::MySqlFamily(scratch) => scratch.server(),
            Scratch::Sqlite(scratch) => &scratch.server,
        }
    }

    /// The role that runs migrations, and owns what they make; SQLite has none.
    pub fn migrator(&self) -> Option<&str> {
        match self {
            Scratch::Postgres(scratch) => Some(scratch.migrator()),
            Scratch::MySqlFamily(scratch) => Some(scratch.migrator()),
            Scratch::Sqlite(_) => None,
        }
    }

    /// Runs a history as its tool does, in a new database that stays, without watching and without rows.
    ///
    /// # Errors
    ///
    /// When the server or a session breaks; never because of what the statements say.
    pub async fn replay(
        &self,
        history: &History,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Replayed, LiveError> {
        match self {
            Scratch::Postgres(scratch) => trace::postgres::replay(scratch, history, progress).await,
            Scratch::MySqlFamily(scratch) => trace::mysql_family::replay(scratch, history, progress).await,
            Scratch::Sqlite(scratch) => {
                let (history, place) = (history.clone(), scratch.folder.path().to_owned());
                blocking(move || {
                    let folder = tempfile::Builder::new().prefix("replay-").tempdir_in(place);
                    // It goes with the folder around it.
                    let folder = folder
                        .map_err(|source| LiveError::io("making a scratch folder", source))?
                        .keep();
                    trace::sqlite::replay(&folder, &history)
                })
                .await
            }
        }
    }

    /// Reads the schema of a database that [`Scratch::replay`] has left.
    pub async fn read(&self, database: &str) -> Result<Reading, LiveError> {
        let doing = "reading the schema";
        match self {
            Scratch::Postgres(scratch) => {
                let session = scratch.connect(database, Who::Observer).await?;
                let read = introspect::postgres::read_whole(&session.client, scratch.server()).await;
                session.close().await;
                match read {
                    Ok(reading) => Ok(reading),
                    Err(error) => Err(scratch.why(error).await),
                }
            }
            Scratch::MySqlFamily(scratch) => {
                let mut session = scratch.connect(database, MySqlFamilyWho::Observer).await?;
                let read = introspect::mysql_family::read_whole(&mut session, scratch.server()).await;
                let _ = session.disconnect().await;
                match read {
                    Ok(reading) => Ok(reading),
                    Err(error) => Err(scratch.why(error).await),
                }
            }
            Scratch::Sqlite(_) => {
                let path = PathBuf::from(database);
                blocking(move || {
                    let mut connection = rusqlite::Connection::open(path).map_err(|source| LiveError::Sqlite {
                        doing: doing.to_owned(),
                        source,
                    })?;
                    introspect::sqlite::read_whole(&mut connection)
                })
                .await
            }
        }
    }

    /// Stops the server and removes all that belongs to it.
    pub async fn stop(self) -> Result<(), LiveError> {
        match self {
            Scratch::Postgres(scratch) => scratch.stop().await,
            Scratch::MySqlFamily(scratch) => scratch.stop().await,
            Scratch::Sqlite(_) => Ok(()),
        }
    }
}

impl SqliteScratch {
    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LiveError> + Send + 'static,
) -> Result<T, LiveError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(LiveError::Unsupported {
            what: "the work with SQLite ended early".to_owned(),
        })
    })
}
