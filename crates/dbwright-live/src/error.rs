//! What can go wrong outside: servers, sockets, files.

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
    /// No PostgreSQL server program that can be used was found on this machine, or in the folders that were given.
    #[error("no usable PostgreSQL server was found; looked in: {tried}")]
    NoPostgres {
        /// The places that were looked at, and what was wrong with what stood there.
        tried: String,
    },
    /// The folders that were given hold no PostgreSQL server program that can be used.
    #[error("no usable PostgreSQL server in the folder that was given: {tried}")]
    GivenFolder {
        /// The folders, and what is wrong with each.
        tried: String,
    },
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
            LiveError::NoPostgres { .. } => vec![
                format!("install the server programs: {INSTALL}"),
                "or name a folder that holds `initdb` and `postgres`: --postgres-bin DIR or DBWRIGHT_POSTGRES_BIN=DIR"
                    .to_owned(),
                "or give a disposable server: --scratch-url postgres://user@host/postgres".to_owned(),
            ],
            LiveError::GivenFolder { .. } => vec![
                "name the folder that holds `initdb` and `postgres`, or leave out --postgres-bin \
                 (DBWRIGHT_POSTGRES_BIN) to use what is found in the usual places"
                    .to_owned(),
            ],
            LiveError::ServerProgram { .. } | LiveError::ServerStopped { .. } => vec![
                "`dbwright detect` shows the servers of this machine; --postgres-bin DIR chooses another".to_owned(),
            ],
            LiveError::GivenServer { .. } => {
                vec!["without --scratch-url (DBWRIGHT_SCRATCH_URL) dbwright starts a server of its own".to_owned()]
            }
            LiveError::DiskFull { .. } => {
                vec!["free some space, or point TMPDIR to a folder that has about 200 MB".to_owned()]
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

#[cfg(target_os = "macos")]
const INSTALL: &str = "`brew install postgresql@17`, or Postgres.app";
#[cfg(windows)]
const INSTALL: &str = "see https://www.postgresql.org/download/windows/";
#[cfg(not(any(target_os = "macos", windows)))]
const INSTALL: &str = "`apt-get install postgresql` (Debian, Ubuntu), `dnf install postgresql-server` (Fedora), \
                       `apk add postgresql` (Alpine)";
