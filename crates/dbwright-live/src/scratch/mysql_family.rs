//! Disposable MySQL and MariaDB servers: started from the programs on this machine, or given by URL.
//!
//! A server of our own is a copy of a prepared data directory, reachable by a unix socket only, kept in memory where that
//! is possible, and without any promise to survive a crash. A guard process stops it and removes its folder as soon as
//! dbwright is gone, however that happens.
//!
//! Migrations are untrusted code, so they run as a user that can neither read or write files of the server, nor load
//! code into it, nor change its settings or its own tables; `rights` says what it may and why.
//!
//! Not for the user's own servers: a server given by URL is refused when it holds anything that is not ours.

mod given;
mod installation;
#[cfg(unix)]
mod own;
#[cfg(unix)]
mod programs;
mod rights;
mod session;

pub use installation::{Installation, installations, nearest};
#[cfg(unix)]
pub use programs::Programs;

#[cfg(unix)]
use std::path::Path;

use dbwright_catalog::{Engine, Server};
use mysql_async::Conn;
use tokio::sync::Mutex;

use crate::LiveError;
use crate::scratch::ScratchOptions;

/// Who a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The user that runs migrations: `root@localhost` on a server of our own, without what usually makes a root. On a
    /// server given by URL one that we made, with rights in our databases only.
    Migrator,
    /// The user that watches, who may do everything; on a server given by URL the given one. Never touch a migration's tables in its sessions by anything that
    /// runs the migration's code (triggers, functions, views).
    Observer,
}

/// A disposable server of MySQL or MariaDB, or disposable databases on a server that was given.
pub struct MySqlFamilyScratch {
    // First, so that it says goodbye before the server is stopped.
    admin: Mutex<Conn>,
    server: Server,
    place: Place,
}

enum Place {
    #[cfg(unix)]
    Own(Box<own::Cluster>),
    Given(Box<given::Given>),
}

impl MySqlFamilyScratch {
    /// Starts a server of an engine, which is MySQL or MariaDB, or prepares the given one.
    ///
    /// What dead runs left on this machine (or, older than a day, on the given server) is cleaned up on the way.
    pub async fn start(engine: Engine, options: &ScratchOptions) -> Result<Self, LiveError> {
        if let Some(url) = &options.url {
            let (given, admin, server) = given::prepare(engine, url).await?;
            return Ok(MySqlFamilyScratch {
                admin: Mutex::new(admin),
                server,
                place: Place::Given(Box::new(given)),
            });
        }
        #[cfg(unix)]
        return Programs::choose(engine, options).await?.start().await;
        #[cfg(not(unix))]
        Err(LiveError::Unsupported {
            what: format!("starting {engine} servers is not possible on this platform yet; use --scratch-url"),
        })
    }

    /// Starts a server on a copy of a data directory that [`MySqlFamilyScratch::stop_keeping`] has written. The build of
    /// the server must be the same: [`Programs::identity`] tells them apart.
    #[cfg(unix)]
    pub async fn start_on(engine: Engine, options: &ScratchOptions, data: &Path) -> Result<Self, LiveError> {
        Programs::choose(engine, options).await?.start_on(data).await
    }

    /// The engine and the exact version, as the server itself says.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Whether dbwright started this server. If not, it was given by URL, and statements that reach beyond a database
    /// (users, other databases, settings of the server) must not be run on it.
    pub fn is_own_server(&self) -> bool {
        match &self.place {
            #[cfg(unix)]
            Place::Own(_) => true,
            Place::Given(_) => false,
        }
    }

    /// The name of the user that runs migrations, without its host.
    pub fn migrator(&self) -> &str {
        match &self.place {
            #[cfg(unix)]
            Place::Own(_) => rights::MIGRATOR,
            Place::Given(given) => given.migrator(),
        }
    }

    /// The socket of a server of our own.
    #[cfg(unix)]
    pub fn socket(&self) -> Option<std::path::PathBuf> {
        match &self.place {
            Place::Own(cluster) => Some(cluster.socket()),
            Place::Given(_) => None,
        }
    }

    /// How many sessions there are with a database.
    #[cfg(unix)]
    pub(crate) async fn sessions(&self, database: &str) -> Result<u64, LiveError> {
        let question = format!(
            "SELECT count(*) FROM information_schema.processlist WHERE db = {}",
            literal(database)
        );
        let rows = self.administer("counting sessions", &question).await?;
        Ok(rows.first().and_then(|count| count.parse().ok()).unwrap_or_default())
    }

    /// Makes an empty database and returns its name. Its character set is the server's default.
    pub async fn create_database(&self) -> Result<String, LiveError> {
        let doing = "making a database";
        loop {
            let name = match &self.place {
                #[cfg(unix)]
                Place::Own(cluster) => cluster.next_database(),
                Place::Given(given) => given.next_database(),
            };
            match self
                .administer(doing, &format!("CREATE DATABASE {}", quoted(&name)))
                .await
            {
                Ok(_) => {
                    if let Place::Given(given) = &self.place {
                        self.administer(doing, &given.let_in(&name)).await?;
                    }
                    return Ok(name);
                }
                // A migration or an earlier run on these data has made it.
                Err(error) if session::code(&error) == Some(DATABASE_EXISTS) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Drops a database and ends the sessions that are in it.
    pub async fn drop_database(&self, name: &str) -> Result<(), LiveError> {
        let doing = format!("dropping the database {name}");
        let sessions = format!(
            "SELECT id FROM information_schema.processlist WHERE db = {} AND id <> CONNECTION_ID()",
            literal(name)
        );
        for id in self.administer(&doing, &sessions).await? {
            match self.administer(&doing, &format!("KILL {id}")).await {
                Ok(_) => {}
                Err(error) if session::code(&error) == Some(NO_SUCH_SESSION) => {}
                Err(error) => return Err(error),
            }
        }
        let sql = format!("DROP DATABASE IF EXISTS {}", quoted(name));
        self.administer(&doing, &sql).await?;
        if let Place::Given(given) = &self.place {
            given.forget_database(name);
        }
        Ok(())
    }

    /// Connects to a database of this server. The session may send several statements at once.
    pub async fn connect(&self, database: &str, who: Who) -> Result<Conn, LiveError> {
        let options = match &self.place {
            #[cfg(unix)]
            Place::Own(cluster) => cluster.options(Some(database), who),
            Place::Given(given) => given.options(database, who),
        };
        match session::open(options).await {
            Ok(session) => Ok(session),
            Err(error) => Err(self.why(error).await),
        }
    }

    /// Makes an account (`app@%`, or a role of MariaDB without a host) that can't log in, where it is missing on a server
    /// of our own. Where it `acts`, code runs with its rights: it may what the migrating user may. On a server that was given
    /// nothing is made.
    pub async fn make_account(&self, name: &str, acts: bool) -> Result<(), LiveError> {
        let (user, host) = name.rsplit_once('@').unwrap_or((name, ""));
        if !self.is_own_server() {
            return Ok(());
        }
        if user == rights::SUPERUSER {
            return Err(LiveError::Refused {
                what: format!("the account {name} may do everything on scratch servers, and code must not run as it"),
            });
        }
        let doing = "making an account";
        let there = format!(
            "SELECT 1 FROM mysql.user WHERE user = {} AND host = {}",
            literal(user),
            literal(host)
        );
        if !self.administer(doing, &there).await?.is_empty() {
            return Ok(());
        }
        let is_role = self.server.engine == Engine::MariaDb && host.is_empty();
        let (account, sql) = if is_role {
            (quoted(user), format!("CREATE ROLE IF NOT EXISTS {}", quoted(user)))
        } else {
            let account = format!("{}@{}", quoted(user), quoted(host));
            let sql = format!("CREATE USER IF NOT EXISTS {account} ACCOUNT LOCK");
            (account, sql)
        };
        self.administer(doing, &sql).await?;
        if acts {
            for sql in rights::stand_in(self.server.engine, &account) {
                self.administer(doing, &sql).await?;
            }
        }
        Ok(())
    }

    /// Ends what a session is doing, and not the session. One that has ended already is left alone.
    pub async fn kill_query(&self, connection_id: u32) -> Result<(), LiveError> {
        match self
            .administer("ending a statement", &format!("KILL QUERY {connection_id}"))
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if session::code(&error) == Some(NO_SUCH_SESSION) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The reason why a session broke: an error of a session (`doing` says what was being done in it), or that the
    /// server is gone, or that its disk is full.
    pub async fn failure(&self, doing: &str, error: mysql_async::Error) -> LiveError {
        self.why(LiveError::mysql_family(doing, error)).await
    }

    /// The same for an error that already says what was being done; others than broken sessions stay what they are.
    pub(crate) async fn why(&self, error: LiveError) -> LiveError {
        match &self.place {
            #[cfg(unix)]
            Place::Own(cluster) => cluster.why(error).await,
            Place::Given(given) => given.why(error),
        }
    }

    /// Stops the server and removes all that belongs to it, and waits for that. Dropping does the same without
    /// waiting; on a server given by URL it then needs a later run to clean up.
    pub async fn stop(self) -> Result<(), LiveError> {
        let admin = self.admin.into_inner();
        match self.place {
            #[cfg(unix)]
            Place::Own(cluster) => {
                drop(admin);
                cluster.stop().await
            }
            Place::Given(given) => given.clean_up(admin).await,
        }
    }

    /// Stops the server in an orderly way, copies its data directory to `target`, which must not exist, and removes what
    /// else belongs to it. Not possible with a server given by URL.
    #[cfg(unix)]
    pub async fn stop_keeping(self, target: &Path) -> Result<(), LiveError> {
        let admin = self.admin.into_inner();
        match self.place {
            Place::Own(cluster) => own::stop_keeping(*cluster, admin, target).await,
            Place::Given(given) => {
                given.clean_up(admin).await?;
                Err(LiveError::Unsupported {
                    what: "the data of a server given by URL can't be kept".to_owned(),
                })
            }
        }
    }

    /// Runs one statement in the session that has the rights; the first column of each row.
    async fn administer(&self, doing: &str, sql: &str) -> Result<Vec<String>, LiveError> {
        let answer = session::ask(&mut *self.admin.lock().await, doing, sql).await;
        match answer {
            Ok(rows) => Ok(rows),
            Err(error) => Err(self.why(error).await),
        }
    }
}

/// `ER_DB_CREATE_EXISTS`.
const DATABASE_EXISTS: u16 = 1007;
/// `ER_NO_SUCH_THREAD`.
const NO_SUCH_SESSION: u16 = 1094;

/// `text` as an identifier, whatever the SQL mode.
fn quoted(text: &str) -> String {
    dbwright_ddl::quote_identifier(Engine::MySql, text)
}

/// `text` as an SQL string.
fn literal(text: &str) -> String {
    dbwright_ddl::quote_literal(Engine::MySql, text)
}
