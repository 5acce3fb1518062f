//! Twins of SQLite: a file with the schema and the tables that `ANALYZE` fills.
//!
//! The planner reads nothing else when it opens a database: <https://www.sqlite.org/optoverview.html>. Indexes are made in
//! the order that they have on production, as the first of two equally good ones is taken.

mod migrate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, SchemaStatement, Server, Snapshot, SqliteStatistics, StoredKind};
use dbwright_ddl::quote_identifier;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, params};

use super::{AddedIndex, Fidelity};
use crate::LiveError;
use crate::introspect;
use crate::scratch::SqliteFolder;

/// A twin: a file of its own in a folder of its own.
pub struct Twin {
    folder: SqliteFolder,
    path: PathBuf,
    server: Server,
    statistics: SqliteStatistics,
    /// How many rows production's tables have, where that is known: those here have none.
    pub rows: BTreeMap<String, f64>,
    /// How good it is.
    pub fidelity: Fidelity,
}

impl Twin {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The library that has built it.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Makes an index. The planner knows of it what it would know on production before the next `ANALYZE`.
    ///
    /// # Errors
    ///
    /// When it is no `CREATE INDEX`, or SQLite refuses it.
    pub fn add_index(&self, statement: &str) -> Result<AddedIndex, LiveError> {
        let failed = |source| self.failed("making an index on", source);
        let connection = Connection::open(&self.path).map_err(failed)?;
        let newest = "SELECT coalesce(max(rowid), 0) FROM sqlite_schema";
        let before: i64 = connection.query_row(newest, [], |row| row.get(0)).map_err(failed)?;
        connection.execute(statement, []).map_err(failed)?;
        let added = connection.query_row(
            "SELECT tbl_name, name FROM sqlite_schema WHERE rowid > ?1 AND type = 'index'",
            [before],
            |row| {
                Ok(AddedIndex {
                    schema: "main".to_owned(),
                    table: row.get(0)?,
                    name: row.get(1)?,
                })
            },
        );
        added.map_err(failed)
    }

    /// Takes an index away.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn drop_index(&self, name: &str) -> Result<(), LiveError> {
        let failed = |source| self.failed("dropping an index of", source);
        let sql = format!("DROP INDEX {}", quote_identifier(Engine::Sqlite, name));
        let connection = Connection::open(&self.path).map_err(failed)?;
        connection.execute(&sql, []).map(drop).map_err(failed)
    }

    fn failed(&self, doing: &str, source: rusqlite::Error) -> LiveError {
        LiveError::Sqlite {
            doing: format!("{doing} the twin {}", self.path.display()),
            source,
        }
    }

    /// How many other processes of this user have the file open, where the system tells that.
    ///
    /// # Errors
    ///
    /// When the file is gone.
    pub fn sessions(&self) -> Result<Option<u64>, LiveError> {
        self.path.metadata().map_err(|error| gone(&self.path, error))?;
        Ok(open_elsewhere(&self.path))
    }

    /// Removes it.
    ///
    /// # Errors
    ///
    /// When its folder can't be removed.
    pub fn stop(self) -> Result<(), LiveError> {
        self.folder.remove()
    }
}

fn gone(path: &Path, error: std::io::Error) -> LiveError {
    LiveError::io(format!("looking at the twin {}", path.display()), error)
}

/// Processes beside this one that have a file open; only Linux tells.
fn open_elsewhere(path: &Path) -> Option<u64> {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let numbered = processes.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.bytes().all(|byte| byte.is_ascii_digit()) && name != own.as_str()
    });
    let has_it_open = |process: &std::fs::DirEntry| {
        let files = std::fs::read_dir(process.path().join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        files
            .into_iter()
            .any(|file| std::fs::read_link(file.path()).is_ok_and(|target| target == path))
    };
    u64::try_from(numbered.filter(has_it_open).count()).ok()
}

/// Builds a twin of a SQLite snapshot. When that fails, nothing of it stays.
///
/// # Errors
///
/// When the snapshot is of another engine, or there is no room for a file.
pub async fn build(snapshot: &Snapshot) -> Result<Twin, LiveError> {
    let Some(statistics) = snapshot.sqlite.clone() else {
        return Err(LiveError::Unsupported {
            what: format!("the snapshot is one of {}, and not of SQLite", snapshot.server.engine),
        });
    };
    let snapshot = snapshot.clone();
    let built = tokio::task::spawn_blocking(move || build_file(&snapshot, &statistics)).await;
    built.unwrap_or_else(|_| {
        Err(LiveError::Unsupported {
            what: "building the twin ended early".to_owned(),
        })
    })
}

fn build_file(snapshot: &Snapshot, statistics: &SqliteStatistics) -> Result<Twin, LiveError> {
    let folder = SqliteFolder::create()?;
    let path = folder.path().join(file_name(&snapshot.database));
    let server = introspect::sqlite::server();
    let mut reasons = Vec::new();
    let failed = |source| LiveError::Sqlite {
        doing: format!("building the twin {}", path.display()),
        source,
    };
    let mut connection = Connection::open(&path).map_err(failed)?;
    write(&mut connection, snapshot, statistics, &mut reasons).map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    say_other_version(snapshot, &server, &mut reasons);
    Ok(Twin {
        folder,
        path,
        server,
        statistics: statistics.clone(),
        rows: rows(snapshot),
        fidelity: if reasons.is_empty() {
            Fidelity::Exact
        } else {
            Fidelity::Approximate(reasons)
        },
    })
}

fn rows(snapshot: &Snapshot) -> BTreeMap<String, f64> {
    let counted = snapshot.relations.iter().filter(|relation| relation.tuples >= 0.0);
    let tables = counted.filter(|relation| relation.kind == StoredKind::Table);
    tables.map(|table| (table.name.clone(), table.tuples)).collect()
}

/// A file name of the name of a database: it may come from another system.
fn file_name(database: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let name: String = database.chars().filter(|letter| is_plain(*letter)).take(60).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() {
        "twin.db".to_owned()
    } else {
        format!("{name}.db")
    }
}

fn write(
    connection: &mut Connection,
    snapshot: &Snapshot,
    statistics: &SqliteStatistics,
    reasons: &mut Vec<String>,
) -> rusqlite::Result<()> {
    // Nobody needs the file after a crash.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    settings(connection, snapshot)?;
    guard(connection)?;
    connection.execute_batch("BEGIN")?;
    schema(connection, &snapshot.schema, reasons)?;
    counts(connection, statistics)?;
    samples(connection, statistics, reasons)?;
    connection.execute_batch("COMMIT")?;
    // The format of the file, as the last change: a WAL would keep files beside it while it is written.
    if setting(snapshot, "journal_mode") == Some("wal") {
        connection.execute_batch("PRAGMA journal_mode = WAL")?;
    }
    Ok(())
}

fn setting<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a str> {
    let mut found = snapshot.settings.iter().filter(|setting| setting.name == name);
    found.next().map(|setting| setting.value.as_str())
}

/// What must be there before the first table.
fn settings(connection: &Connection, snapshot: &Snapshot) -> rusqlite::Result<()> {
    let format = setting(snapshot, "schema_format").and_then(|number| number.parse::<u32>().ok());
    // https://www.sqlite.org/fileformat.html#schemaformat
    connection.set_db_config(
        DbConfig::SQLITE_DBCONFIG_LEGACY_FILE_FORMAT,
        format.is_some_and(|format| format < 4),
    )?;
    if snapshot.locale.encoding.starts_with("UTF-16") {
        connection.pragma_update(None, "encoding", &snapshot.locale.encoding)?;
    }
    for name in ["page_size", "auto_vacuum", "user_version", "application_id"] {
        if let Some(number) = setting(snapshot, name).and_then(|value| value.parse::<i64>().ok()) {
            connection.pragma_update(None, name, number)?;
        }
    }
    Ok(())
}

/// A snapshot may come from anybody: its statements make what belongs to this file, and nothing else.
fn guard(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Authorization::Deny,
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }))
}

/// The order in which kinds of objects are made. Virtual tables come before tables that look like theirs, which they make
/// themselves; those that read other tables for their columns (`content=` of FTS4) come after all ordinary ones.
fn rank(statement: &SchemaStatement, virtuals: &[String]) -> u8 {
    let (kind, name) = statement.object.split_once(' ').unwrap_or_default();
    match kind {
        "table" if is_virtual(statement) => 1,
        "table" if virtuals.iter().any(|owner| name.starts_with(&format!("{owner}_"))) => 2,
        "table" => 0,
        "index" => 3,
        "view" => 4,
        _ => 5,
    }
}

fn is_virtual(statement: &SchemaStatement) -> bool {
    let mut words = statement.sql.split_ascii_whitespace().skip(1);
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("virtual"))
}

/// Makes the schema. What can't be made is left out and named.
fn schema(connection: &Connection, schema: &[SchemaStatement], reasons: &mut Vec<String>) -> rusqlite::Result<()> {
    let virtuals: Vec<String> = schema
        .iter()
        .filter(|statement| is_virtual(statement))
        .filter_map(|statement| Some(statement.object.split_once(' ')?.1.to_owned()))
        .collect();
    let mut statements: Vec<&SchemaStatement> = schema.iter().collect();
    statements.sort_by_key(|statement| rank(statement, &virtuals));
    for statement in statements {
        let (kind, name) = statement.object.split_once(' ').unwrap_or_default();
        let is_there = connection.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = ?1 AND name = ?2 COLLATE NOCASE",
            [kind, name],
            |row| row.get::<_, bool>(0),
        )?;
        if is_there {
            continue;
        }
        let outcome = if statement
            .sql
            .get(..6)
            .is_some_and(|word| word.eq_ignore_ascii_case("create"))
        {
            connection
                .execute(&statement.sql, [])
                .map(drop)
                .map_err(|error| error.to_string())
        } else {
            Err("what makes it is no CREATE statement".to_owned())
        };
        if let Err(error) = outcome {
            reasons.push(format!("{} is not in the twin: {error}.", statement.object));
        }
    }
    Ok(())
}

/// Fills `sqlite_stat1`. <https://www.sqlite.org/lang_analyze.html>
fn counts(connection: &Connection, statistics: &SqliteStatistics) -> rusqlite::Result<()> {
    if statistics.counts.is_none() && statistics.samples.is_empty() {
        return Ok(());
    }
    // On tables without rows it makes the tables of statistics and leaves them empty.
    connection.execute_batch("ANALYZE; DELETE FROM sqlite_stat1")?;
    let mut insert = connection.prepare("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?1, ?2, ?3)")?;
    for counts in statistics.counts.iter().flatten() {
        insert.execute(params![counts.table, counts.index, counts.counts])?;
    }
    Ok(())
}

fn samples(connection: &Connection, statistics: &SqliteStatistics, reasons: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut insert = match connection
        .prepare("INSERT INTO sqlite_stat4 (tbl, idx, neq, nlt, ndlt, sample) VALUES (?1, ?2, ?3, ?4, ?5, unhex(?6))")
    {
        Ok(insert) => insert,
        Err(_) if statistics.samples.is_empty() => return Ok(()),
        Err(error) => return Err(error),
    };
    for sample in &statistics.samples {
        insert.execute(params![
            sample.table,
            sample.index,
            sample.equal,
            sample.less,
            sample.distinct_less,
            sample.key
        ])?;
    }
    let taken = u64::try_from(statistics.samples.len()).unwrap_or_default();
    if let Some(there) = statistics.samples_there.filter(|there| *there > taken) {
        reasons.push(format!(
            "Production has {there} samples of values (sqlite_stat4), and the snapshot holds {taken} of them: \
             `--values all` takes them. A SQLite without SQLITE_ENABLE_STAT4 does not use them."
        ));
    }
    Ok(())
}

/// Each release of the library may plan in another way.
fn say_other_version(snapshot: &Snapshot, here: &Server, reasons: &mut Vec<String>) {
    let Some(wrote) = setting(snapshot, "written_by") else {
        return;
    };
    let minor = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    if minor(wrote) != minor(&here.version.to_string()) {
        reasons.push(format!(
            "The file was last written by SQLite {wrote}, and what plans here is {}.",
            here.version
        ));
    }
}
