//! What can go wrong outside: servers, sockets, files.

use dbwright_catalog::{Engine, Version};

/// An error of the outside world. Wrong SQL is none: it is an effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// A SQLite database of our own could not be used.
    #[error("SQLite: {doing}")]
    Sqlite {
        /// What was being done: `opening the scratch database`.
        doing: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// A session with a PostgreSQL server broke or refused something that only dbwright itself had asked for.
    #[error("PostgreSQL: {doing}")]
    Postgres {
        /// What was being done: `reading the catalog`.
        doing: String,
        /// Why.
        source: tokio_postgres::Error,
    },
    /// A session with a MySQL or MariaDB server broke or refused something that only dbwright itself had asked for.
    #[error("MySQL or MariaDB: {doing}")]
    MySqlFamily {
        /// What was being done: `reading the catalog`.
        doing: String,
        /// Why.
        source: mysql_async::Error,
    },
    /// A schema was changed again and again while it was read.
    #[error("the schema was changed while it was read, {attempts} times in a row: {said}")]
    Changing {
        /// How often it was read.
        attempts: u32,
        /// What the server said the last time.
        said: String,
    },
    /// No server program that can be used was found on this machine.
    #[error("no usable {engine} server was found; looked in: {tried}")]
    NoServer {
        /// The engine that was wanted.
        engine: Engine,
        /// The version that was wanted, if any.
        version: Option<Version>,
        /// The places that were looked at, and what was wrong with what stood there.
        tried: String,
    },
    /// The folders that were given hold no server program that can be used.
    #[error("no usable {engine} server in the folder that was given: {tried}")]
    GivenFolder {
        /// The engine that was wanted.
        engine: Engine,
        /// The folders, and what is wrong with each.
        tried: String,
    },
    /// An engine could not be installed.
    #[error(transparent)]
    Install(#[from] crate::install::InstallError),
    /// Something that could do harm was asked for.
    #[error("refused for safety: {what}")]
    Refused {
        /// What was refused, and why.
        what: String,
    },
    /// A server that dbwright started is gone, and it was not dbwright that stopped it.
    #[error("the scratch server stopped unexpectedly; the last lines of its log:\n{log}")]
    ServerStopped {
        /// The last lines that the server wrote.
        log: String,
    },
    /// There is no room for a scratch server or for what it should hold.
    #[error("the disk is full: {place}")]
    DiskFull {
        /// Where, and what was being done.
        place: String,
    },
    /// A program that belongs to a server failed.
    #[error("{program} failed: {output}")]
    ServerProgram {
        /// The program, with its path.
        program: String,
        /// What it said, or why it could not be started.
        output: String,
    },
    /// A file or a process could not be used.
    #[error("{doing}")]
    Io {
        /// What was being done: `copying the template cluster`.
        doing: String,
        /// Why.
        source: std::io::Error,
    },
    /// Something did not happen in the time it was given.
    #[error("{doing} took longer than {} s", limit.as_secs())]
    TooLong {
        /// What was waited for.
        doing: String,
        /// How long.
        limit: std::time::Duration,
    },
    /// The server that was given as a scratch server can't be used.
    #[error("the scratch server {url}: {problem}")]
    GivenServer {
        /// Which server; without its password.
        url: String,
        /// Why not.
        problem: String,
    },
    /// A database of the user can't be reached or read.
    #[error("{url}: {problem}")]
    Connect {
        /// Which; without its password.
        url: String,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        hints: Vec<String>,
    },
    /// This build, platform or server can't do what was asked.
    #[error("{what}")]
    Unsupported {
        /// What, and since when or where it can be done.
        what: String,
    },
}

impl LiveError {
    /// Whether this is a refusal for safety, and not a failure: nothing was done, and trying again will not help.
    pub fn is_refusal(&self) -> bool {
        matches!(self, LiveError::Refused { .. })
    }

    /// What the user can do about it; each hint is one sentence without a trailing line break.
    pub fn hints(&self) -> Vec<String> {
        match self {
            LiveError::NoServer { engine, version, .. } => no_server(*engine, *version),
            LiveError::GivenFolder { engine, .. } => {
                let (programs, flag, variable) = given(*engine);
                vec![format!(
                    "name the folder that holds {programs}, or leave out {flag} ({variable}) to use what is found in \
                     the usual places"
                )]
            }
            LiveError::ServerProgram { .. } | LiveError::ServerStopped { .. } => vec![
                "`dbwright detect` shows the servers of this machine; --postgres-bin DIR (--mysql-bin, --mariadb-bin) \
                 chooses another"
                    .to_owned(),
            ],
            LiveError::GivenServer { .. } => {
                vec!["without --scratch-url (DBWRIGHT_SCRATCH_URL) dbwright starts a server of its own".to_owned()]
            }
            LiveError::DiskFull { .. } => {
                vec!["free some space, or point TMPDIR to a folder that has about 200 MB".to_owned()]
            }
            LiveError::Install(error) => error.hints(),
            LiveError::Connect { hints, .. } => hints.clone(),
            LiveError::Changing { .. } => {
                vec!["try again when no migration is running there".to_owned()]
            }
            _ => Vec::new(),
        }
    }

    /// An error of the file system; a full disk is told as what it is.
    pub(crate) fn io(doing: impl Into<String>, source: std::io::Error) -> Self {
        let doing = doing.into();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => LiveError::DiskFull { place: doing },
            _ => LiveError::Io { doing, source },
        }
    }

    /// An error of a MySQL or MariaDB session; a full disk (error 1021) is told as what it is.
    pub(crate) fn mysql_family(doing: impl Into<String>, source: mysql_async::Error) -> Self {
        let doing = doing.into();
        match &source {
            mysql_async::Error::Server(error) if error.code == 1021 => LiveError::DiskFull {
                place: format!("{doing} ({})", error.message),
            },
            _ => LiveError::MySqlFamily { doing, source },
        }
    }

    /// An error of a PostgreSQL session; a full disk (SQLSTATE 53100) is told as what it is.
    pub(crate) fn postgres(doing: impl Into<String>, source: tokio_postgres::Error) -> Self {
        let doing = doing.into();
        match source.as_db_error() {
            Some(error) if error.code() == &tokio_postgres::error::SqlState::DISK_FULL => LiveError::DiskFull {
                place: format!("{doing} ({})", error.message()),
            },
            _ => LiveError::Postgres { doing, source },
        }
    }
}

/// What to do where no server of an engine was found.
fn no_server(engine: Engine, version: Option<Version>) -> Vec<String> {
    let (programs, flag, variable) = given(engine);
    let packages = format!("install them with the packages of this system: {}", packages(engine));
    let folder = format!("or name a folder that holds {programs}: {flag} DIR or {variable}=DIR");
    let server = "or give a disposable server: --scratch-url";
    if engine != Engine::Postgres {
        return vec![packages, folder, format!("{server} {}://user@host", engine.name())];
    }
    let install = format!(
        "`dbwright engine install postgres{}` brings the server programs, and `dbwright check --install-engine` does so \
         by itself",
        version.map(|version| format!("@{}", version.major)).unwrap_or_default()
    );
    vec![
        install,
        format!("or {packages}"),
        folder,
        format!("{server} postgres://user@host/postgres"),
    ]
}

/// The programs of an engine, and the flag and the variable that name their folder.
fn given(engine: Engine) -> (&'static str, &'static str, &'static str) {
    match engine {
        Engine::Postgres | Engine::Sqlite => ("`initdb` and `postgres`", "--postgres-bin", "DBWRIGHT_POSTGRES_BIN"),
        Engine::MySql => ("`mysqld`", "--mysql-bin", "DBWRIGHT_MYSQL_BIN"),
        Engine::MariaDb => ("`mariadbd`", "--mariadb-bin", "DBWRIGHT_MARIADB_BIN"),
    }
}

/// How the packages with an engine's server are installed.
#[cfg(target_os = "macos")]
fn packages(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres | Engine::Sqlite => "`brew install postgresql@17`, or Postgres.app",
        Engine::MySql => "`brew install mysql`",
        Engine::MariaDb => "`brew install mariadb`",
    }
}

/// How the packages with an engine's server are installed.
#[cfg(windows)]
fn packages(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres | Engine::Sqlite => "see https://www.postgresql.org/download/windows/",
        Engine::MySql => "see https://dev.mysql.com/downloads/mysql/",
        Engine::MariaDb => "see https://mariadb.org/download/",
    }
}

/// How the packages with an engine's server are installed.
#[cfg(not(any(target_os = "macos", windows)))]
fn packages(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres | Engine::Sqlite => {
            "`apt-get install postgresql` (Debian, Ubuntu), `dnf install postgresql-server` (Fedora), \
             `apk add postgresql` (Alpine)"
        }
        Engine::MySql => {
            "`apt-get install mysql-server-core-8.0` (Ubuntu), `dnf install mysql-server` (Fedora), packages for \
             other systems at https://dev.mysql.com/downloads/"
        }
        Engine::MariaDb => {
            "`apt-get install mariadb-server-core` (Debian, Ubuntu), `dnf install mariadb-server` (Fedora), \
             `apk add mariadb` (Alpine)"
        }
    }
}
