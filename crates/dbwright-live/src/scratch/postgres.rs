//! Disposable PostgreSQL servers: started from the programs on this machine, or given by URL.
//!
//! A server of our own is a copy of a prepared template cluster, reachable by a unix socket only, kept in memory where
//! that is possible, and without any promise to survive a crash. A guard process stops it and removes its folder as
//! soon as dbwright is gone, however that happens.
//!
//! Migrations are untrusted code, so they run as a role without superuser rights, which can neither start programs nor
//! read or write files of the server. What they may need nevertheless is offered in a safe form: `CREATE EXTENSION`
//! through the function `dbwright.create_extension` of each scratch database (schema `dbwright` belongs to dbwright
//! and is no part of what a migration made), and roles that they presuppose through [`PostgresScratch::create_role`].
//!
//! Not for the user's own servers: a server given by URL is refused when it holds anything that is not ours.

mod given;
mod installation;
#[cfg(unix)]
mod own;
#[cfg(unix)]
mod programs;
mod session;

pub use super::options::{ParseScratchUrlError, ScratchOptions, ScratchUrl};
pub(crate) use installation::program_version;
pub use installation::{Installation, installations, nearest};
#[cfg(unix)]
pub use programs::Programs;
pub use session::Session;

use std::time::Duration;

use dbwright_catalog::Server;

pub(crate) use super::patience::Patience;
use crate::LiveError;
use session::{quote_identifier, quote_literal};

/// The oldest major version that is used. Older ones have no trusted extensions and no `DROP DATABASE … WITH (FORCE)`.
pub const OLDEST_MAJOR: u32 = 13;

/// The name of the schema that holds dbwright's own functions in each scratch database; readers of catalogs skip it.
pub const OWN_SCHEMA: &str = "dbwright";

/// How long the server may take for one statement that dbwright itself needs, such as `CREATE DATABASE`.
const STATEMENT_LIMIT: Duration = Duration::from_mins(1);

/// Settings of dbwright's own sessions. An empty search path, because names that a migration made must not be able to
/// stand in for the server's own in a session that has more rights than the migration.
const OWN_SESSION: &str = "SET search_path = '';";

/// Settings of the session that makes and drops databases and roles.
const ADMIN_SESSION: &str = "SET search_path = ''; SET lock_timeout = '10s'; SET statement_timeout = '60s';";

/// Who a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The role that runs migrations: it owns the scratch databases and has no superuser rights. `postgres` on a
    /// server of our own.
    Migrator,
    /// The role that watches: a superuser on a server of our own, the given role on a server given by URL. Its
    /// `search_path` is empty. Never touch a migration's tables in it by anything that runs the migration's code
    /// (triggers, functions, rules, defaults).
    Observer,
}

/// A disposable PostgreSQL server, or disposable databases on a server that was given.
pub struct PostgresScratch {
    // First, so that it says goodbye before the server is stopped.
    admin: Session,
    server: Server,
    place: Place,
}

enum Place {
    #[cfg(unix)]
    Own(Box<own::Cluster>),
    Given(Box<given::Given>),
}

impl PostgresScratch {
    /// Starts a server, or prepares the given one.
    ///
    /// What dead runs left on this machine (or, older than a day, on the given server) is cleaned up on the way.
    pub async fn start(options: &ScratchOptions) -> Result<Self, LiveError> {
        if let Some(url) = &options.url {
            let (given, admin, server) = given::prepare(url).await?;
            return Ok(PostgresScratch {
                admin,
                server,
                place: Place::Given(Box::new(given)),
            });
        }
        #[cfg(unix)]
        {
            Programs::on_this_machine(options).await?.start().await
        }
        #[cfg(not(unix))]
        Err(LiveError::Unsupported {
            what: "starting PostgreSQL servers is not possible on this platform yet; use --scratch-url".to_owned(),
        })
    }

    /// The engine and the exact version, as the server itself says.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Whether dbwright started this server. If not, it was given by URL, and cluster-wide statements (roles, settings
    /// of the server, tablespaces) must not be run on it.
    pub fn is_own_cluster(&self) -> bool {
        match &self.place {
            #[cfg(unix)]
            Place::Own(_) => true,
            Place::Given(_) => false,
        }
    }

    /// The name of the role that runs migrations.
    pub fn migrator(&self) -> &str {
        match &self.place {
            #[cfg(unix)]
            Place::Own(_) => own::MIGRATOR,
            Place::Given(given) => given.migrator(),
        }
    }

    /// Makes an empty database and returns its name. It belongs to the migrating role, and its schema `public` is what
    /// it is on a fresh server of that major version.
    pub async fn create_database(&self) -> Result<String, LiveError> {
        let name = self.next_database();
        self.make_database(&name, "template1").await?;
        match &self.place {
            // All that it needs stands in `template1` already.
            #[cfg(unix)]
            Place::Own(_) => {}
            Place::Given(given) => given.equip(&name, &self.server).await?,
        }
        Ok(name)
    }

    /// Makes an empty database with an encoding and a locale of its own, as `CREATE DATABASE` takes them.
    pub(crate) async fn create_database_as(&self, how: &str) -> Result<String, LiveError> {
        let name = self.next_database();
        let sql = format!(
            "CREATE DATABASE {} OWNER {} TEMPLATE template0 {how}",
            quote_identifier(&name),
            quote_identifier(self.migrator())
        );
        self.administer("making the database of a twin", &sql).await?;
        let session = self.connect(&name, Who::Observer).await?;
        let done = session
            .client
            .batch_execute(&equipment(self.migrator(), self.server.version.major))
            .await;
        session.close().await;
        match done {
            Ok(()) => Ok(name),
            Err(error) => Err(self.failure("preparing the database of a twin", error).await),
        }
    }

    /// Makes a copy of the database `from`, with all that is in it, and returns its name. Sessions with `from` that
    /// are about to end are waited for; one that stays open makes it fail.
    pub async fn copy_database(&self, from: &str) -> Result<String, LiveError> {
        self.wait_until_unused(from).await?;
        let name = self.next_database();
        self.make_database(&name, from).await?;
        Ok(name)
    }

    /// Drops a database that [`PostgresScratch::create_database`] or [`PostgresScratch::copy_database`] made, and ends
    /// the sessions with it.
    pub async fn drop_database(&self, name: &str) -> Result<(), LiveError> {
        let database = quote_identifier(name);
        let doing = format!("dropping the database {name}");
        let sql = format!("DROP DATABASE {database} WITH (FORCE)");
        if self.administer(&doing, &sql).await.is_err() {
            // A migration may have made it a template.
            self.administer(&doing, &format!("ALTER DATABASE {database} IS_TEMPLATE false"))
                .await?;
            self.administer(&doing, &sql).await?;
        }
        match &self.place {
            #[cfg(unix)]
            Place::Own(_) => {}
            Place::Given(given) => given.forget_database(name),
        }
        Ok(())
    }

    /// Connects to a database of this server.
    pub async fn connect(&self, database: &str, who: Who) -> Result<Session, LiveError> {
        let config = match &self.place {
            #[cfg(unix)]
            Place::Own(cluster) => cluster.config(database, who),
            Place::Given(given) => given.config(database, who),
        };
        let settings = match who {
            Who::Migrator => "",
            Who::Observer => OWN_SESSION,
        };
        match Session::open(&config, settings).await {
            Ok(session) => Ok(session),
            Err(_) if who == Who::Migrator && self.is_own_cluster() && self.let_in(database).await.is_ok() => {
                match Session::open(&config, settings).await {
                    Ok(session) => Ok(session),
                    Err(error) => Err(self.why(error).await),
                }
            }
            Err(error) => Err(self.why(error).await),
        }
    }

    /// Lets the migrating role into a database again: migrations can take that right from themselves.
    async fn let_in(&self, database: &str) -> Result<(), LiveError> {
        let doing = "letting the migrating role in";
        let (role, database) = (quote_identifier(self.migrator()), quote_identifier(database));
        for sql in [
            format!("ALTER ROLE {role} LOGIN CONNECTION LIMIT -1 VALID UNTIL 'infinity'"),
            format!("ALTER DATABASE {database} CONNECTION LIMIT -1"),
            format!("GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}"),
        ] {
            self.administer(doing, &sql).await?;
        }
        Ok(())
    }

    /// Makes a role that a migration presupposes (it can't log in), and lets the migrating role act as it, so that
    /// `OWNER TO` and `GRANT` work. A role that exists already is only granted.
    ///
    /// Refused for superusers and the server's predefined roles, which would give a migration more rights than it may
    /// have, and on a server that dbwright did not start.
    pub async fn create_role(&self, name: &str) -> Result<(), LiveError> {
        if !self.is_own_cluster() {
            return Err(LiveError::Refused {
                what: format!("making the role `{name}` on a server that dbwright did not start"),
            });
        }
        if name == self.migrator() {
            return Ok(());
        }
        let doing = format!("making the role {name}");
        let question = format!(
            "SELECT rolsuper OR rolreplication OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = {}",
            quote_literal(name)
        );
        let known = self.ask(&doing, &question).await?;
        if name.starts_with("pg_") || known.as_deref() == Some("t") {
            return Err(LiveError::Refused {
                what: format!(
                    "letting a migration act as the role `{name}`, which has more rights than a migration may have"
                ),
            });
        }
        let role = quote_identifier(name);
        if known.is_none() {
            self.administer(&doing, &format!("CREATE ROLE {role} NOLOGIN")).await?;
        }
        let migrator = quote_identifier(self.migrator());
        // With the admin option, because the migrating role would have it had it made the role itself (16 and newer).
        self.administer(&doing, &format!("GRANT {role} TO {migrator} WITH ADMIN OPTION"))
            .await
    }

    /// The reason why a session broke: an error of a session (`doing` says what was being done in it), or that the
    /// server is gone, or that its disk is full.
    pub async fn failure(&self, doing: &str, error: tokio_postgres::Error) -> LiveError {
        self.why(LiveError::postgres(doing, error)).await
    }

    /// Stops the server and removes all that belongs to it, and waits for that. Dropping does the same without
    /// waiting; on a server given by URL it then needs a later run to clean up.
    pub async fn stop(self) -> Result<(), LiveError> {
        match self.place {
            #[cfg(unix)]
            Place::Own(cluster) => {
                drop(self.admin);
                cluster.stop().await
            }
            Place::Given(given) => given.clean_up(self.admin).await,
        }
    }

    fn next_database(&self) -> String {
        match &self.place {
            #[cfg(unix)]
            Place::Own(cluster) => cluster.next_database(),
            Place::Given(given) => given.next_database(),
        }
    }

    async fn make_database(&self, name: &str, template: &str) -> Result<(), LiveError> {
        // Copying files and a checkpoint is faster than writing everything to the log where nothing is synced, and
        // the only way before 15.
        let strategy = if self.is_own_cluster() && self.server.version.major >= 15 {
            " STRATEGY file_copy"
        } else {
            ""
        };
        let sql = format!(
            "CREATE DATABASE {} OWNER {} TEMPLATE {}{strategy}",
            quote_identifier(name),
            quote_identifier(self.migrator()),
            quote_identifier(template)
        );
        self.administer(&format!("making a database from {template}"), &sql)
            .await
    }

    /// How many sessions there are with a database.
    pub(crate) async fn sessions(&self, database: &str) -> Result<u64, LiveError> {
        let question = format!(
            "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = {}",
            quote_literal(database)
        );
        let number = self.ask("counting sessions", &question).await?;
        Ok(number.and_then(|number| number.parse().ok()).unwrap_or_default())
    }

    async fn wait_until_unused(&self, database: &str) -> Result<(), LiveError> {
        let question = format!(
            "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = {}",
            quote_literal(database)
        );
        let limit = Duration::from_secs(5);
        let mut patience = Patience::new(limit);
        loop {
            let doing = format!("waiting until nobody is connected to {database}");
            if self.ask(&doing, &question).await?.as_deref() == Some("0") {
                return Ok(());
            }
            if patience.is_exhausted() {
                return Err(LiveError::TooLong { doing, limit });
            }
            patience.pause().await;
        }
    }

    /// Runs one statement in the session that has the rights.
    async fn administer(&self, doing: &str, sql: &str) -> Result<(), LiveError> {
        self.ask(doing, sql).await.map(|_| ())
    }

    /// Runs one statement in the session that has the rights; the first column of the first row, if there is one.
    async fn ask(&self, doing: &str, sql: &str) -> Result<Option<String>, LiveError> {
        let answer = match tokio::time::timeout(STATEMENT_LIMIT, self.admin.client.simple_query(sql)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(self.failure(doing, error).await),
            Err(_) => {
                return Err(LiveError::TooLong {
                    doing: doing.to_owned(),
                    limit: STATEMENT_LIMIT,
                });
            }
        };
        Ok(answer.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }

    /// The same for an error that already says what was being done; others than broken sessions stay what they are.
    pub(crate) async fn why(&self, error: LiveError) -> LiveError {
        match &self.place {
            #[cfg(unix)]
            Place::Own(cluster) => cluster.why(error).await,
            Place::Given(given) => given.why(error),
        }
    }
}

/// The SQL that gives a database what a migration needs in it and can't make.
fn equipment(migrator: &str, major: u32) -> String {
    let migrator = quote_identifier(migrator);
    let functions = include_str!("postgres/equipment.sql").replace("@migrator@", &migrator);
    if major < 15 {
        format!("ALTER SCHEMA public OWNER TO {migrator};\n{functions}")
    } else {
        // There `public` belongs to the owner of the database, whoever that is.
        functions
    }
}
