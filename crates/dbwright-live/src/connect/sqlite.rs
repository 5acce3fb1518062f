//! A user's SQLite file, opened to read.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dbwright_catalog::{Reading, Server, Setting};
use rusqlite::types::Value;
use rusqlite::{OpenFlags, ffi};

use super::ReadLimits;
use super::problem::Problems;
use super::url::DatabaseUrl;
use crate::LiveError;
use crate::introspect;
use crate::measure::TextRows;

/// Instructions of SQLite's machine between two looks at the clock.
const INSTRUCTIONS: i32 = 100_000;

/// A SQLite file of the user. It is opened anew for each reading, and left alone in between.
pub struct SqliteConnection {
    path: PathBuf,
    server: Server,
    limits: ReadLimits,
    problems: Problems,
}

/// Whether a file is a SQLite database: it begins as one. An empty file, which SQLite takes for one as well, is none here.
/// <https://www.sqlite.org/fileformat.html#magic_header_string>
pub fn is_database(path: &Path) -> bool {
    let mut header = [0; 16];
    std::fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut header))
        .is_ok_and(|()| header == *b"SQLite format 3\0")
}

/// What the first 100 bytes of a file say that no pragma tells: <https://www.sqlite.org/fileformat.html#the_database_header>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The number of the format of the schema: below 4, `DESC` in an index means nothing.
    schema_format: u32,
    /// The version of the library that has written last: 3045001 is 3.45.1.
    written_by: u32,
}

impl Header {
    fn read(path: &Path) -> std::io::Result<Self> {
        let mut bytes = [0; 100];
        let mut file = std::fs::File::open(path)?;
        // An empty file is an empty database.
        match file.read_exact(&mut bytes) {
            Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(error),
            _ => {}
        }
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Ok(Header {
            schema_format: number(44),
            written_by: number(96),
        })
    }

    /// The same as settings of a snapshot.
    pub(crate) fn settings(self) -> impl Iterator<Item = Setting> {
        let version = format!(
            "{}.{}.{}",
            self.written_by / 1_000_000,
            self.written_by / 1000 % 1000,
            self.written_by % 1000
        );
        let settings = [
            ("schema_format", self.schema_format.to_string(), self.schema_format > 0),
            ("written_by", version, self.written_by > 0),
        ];
        settings
            .into_iter()
            .filter(|(_, _, is_told)| *is_told)
            .map(|(name, value, _)| Setting {
                name: name.to_owned(),
                value,
            })
    }
}

impl SqliteConnection {
    pub(super) async fn open(url: &DatabaseUrl, path: &Path, limits: &ReadLimits) -> Result<Self, LiveError> {
        let problems = Problems::of(url);
        let metadata = tokio::fs::metadata(path).await;
        match metadata {
            Err(error) => return Err(problems.error(format!("it can't be opened: {error}"), [])),
            Ok(metadata) if metadata.is_dir() => return Err(problems.error("it is a folder", [])),
            Ok(_) => {}
        }
        let connection = SqliteConnection {
            path: path.to_owned(),
            server: introspect::sqlite::server(),
            limits: *limits,
            problems,
        };
        // Whether it can be read at all is told now, not when it is read.
        connection
            .with(|connection| connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())))
            .await?;
        Ok(connection)
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(super) async fn read(&self) -> Result<Reading, LiveError> {
        let read = self
            .with(|connection| {
                // One snapshot for all queries.
                connection.execute_batch("BEGIN")?;
                Ok(introspect::sqlite::read_whole(connection))
            })
            .await?;
        read.map_err(|error| match error {
            LiveError::Sqlite { source, .. } => explain(&self.problems, &source),
            error => error,
        })
    }

    pub(super) async fn rows(&self, sql: &str) -> Result<TextRows, LiveError> {
        let sql = sql.to_owned();
        self.with(move |connection| {
            let mut statement = connection.prepare(&sql)?;
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| (0..columns).map(|index| row.get(index).map(text)).collect())?;
            rows.collect()
        })
        .await
    }

    pub(super) fn limit_statements(&mut self, limit: Duration) {
        self.limits.statement = self.limits.statement.min(limit);
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the first bytes of the file say.
    pub(crate) async fn header(&self) -> Result<Header, LiveError> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || Header::read(&path)).await;
        match read {
            Ok(Ok(header)) => Ok(header),
            Ok(Err(error)) => Err(self.problems.error(format!("it can't be read: {error}"), [])),
            Err(_) => Err(self.problems.error("reading it ended early", [])),
        }
    }

    /// Does something with the file, on a thread that may wait.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LiveError> {
        let (path, limits) = (self.path.clone(), self.limits);
        let done = tokio::task::spawn_blocking(move || {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let mut connection = rusqlite::Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(limits.lock)?;
            connection.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF")?;
            let end = Instant::now() + limits.statement;
            connection.progress_handler(INSTRUCTIONS, Some(move || Instant::now() > end))?;
            work(&mut connection)
        })
        .await;
        match done {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(explain(&self.problems, &error)),
            Err(_) => Err(self.problems.error("reading it ended early", [])),
        }
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Text(text) => Some(text),
        Value::Blob(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Says what a refusal of SQLite means. <https://www.sqlite.org/rescode.html>
fn explain(problems: &Problems, error: &rusqlite::Error) -> LiveError {
    let Some(code) = error.sqlite_error() else {
        return problems.error(error.to_string(), []);
    };
    let extended = code.extended_code;
    let hint = match extended & 0xff {
        ffi::SQLITE_NOTADB => "it is no SQLite database, or an encrypted one; name another file".to_owned(),
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => "another program is writing to it; try again when that is done".to_owned(),
        ffi::SQLITE_INTERRUPT => "reading it took longer than it may; is it on a slow disk?".to_owned(),
        ffi::SQLITE_CORRUPT => "it is damaged; `PRAGMA integrity_check` says where".to_owned(),
        ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN => {
            "a database in WAL mode, or one that a crash left in the middle of a transaction, is read only where its folder \
             may be written to; copy it elsewhere together with its -wal or -journal file, and read the copy"
                .to_owned()
        }
        _ => return problems.error(error.to_string(), []),
    };
    problems.error(error.to_string(), [hint])
}
