//! A scratch database and the guards around what runs on it.
//!
//! Statements of migrations run between [`Session::run`]'s guards: nothing may open another file or load a library, and
//! nothing runs for ever. What dbwright itself asks passes freely.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dbwright_catalog::SqlError;
use rusqlite::backup::Backup;
use rusqlite::hooks::{Action, AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode};

use super::codes::sql_error;
use crate::LiveError;

/// What the statements of migrations are allowed to use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How long a statement may run.
    pub(super) time: Duration,
    /// How large a scratch database may grow, in pages.
    pub(super) pages: u32,
}

/// A minute, and 2 GiB of pages of 4 KiB.
pub(super) const LIMITS: Limits = Limits {
    time: Duration::from_mins(1),
    pages: 512 * 1024,
};

/// So much must go onto the disk for it not to be called full.
const PROBE_BYTES: usize = 4 * 1024 * 1024;

/// How many instructions of bytecode pass between two looks at the clock.
const INSTRUCTIONS_PER_LOOK: i32 = 10_000;

/// Settings of a connection that a migration may change and that later migrations of the same run then meet.
const SETTINGS: [&str; 7] = [
    "foreign_keys",
    "legacy_alter_table",
    "recursive_triggers",
    "ignore_check_constraints",
    "reverse_unordered_selects",
    "writable_schema",
    "trusted_schema",
];

/// Settings of a connection by name, in an order in which they can be made.
pub(super) type Settings = Vec<(String, i64)>;

/// How a statement ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ran {
    /// It ran.
    Done,
    /// SQLite refused it.
    Failed(SqlError),
    /// A guard refused it, and why.
    Refused(String),
}

/// Rows inserted, updated and deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// Rows inserted.
    pub(super) inserted: u64,
    /// Rows updated.
    pub(super) updated: u64,
    /// Rows deleted.
    pub(super) deleted: u64,
}

/// What the hooks saw of a statement.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Rows of tables of the main database, as far as the update hook tells.
    pub(super) rows: BTreeMap<String, Touched>,
    /// Tables that the statement's own program writes, or those of triggers and foreign keys, before it ran.
    pub(super) written: BTreeSet<String>,
    /// Tables that the statement itself inserts into, updates or deletes from, not by a trigger.
    pub(super) inserts: BTreeSet<String>,
    /// See `inserts`.
    pub(super) updates: BTreeSet<String>,
    /// See `inserts`.
    pub(super) deletes: BTreeSet<String>,
    /// Tables that SQLite checked from end to end on the statement's behalf.
    pub(super) checked: BTreeSet<String>,
    /// What a guard refused.
    refused: Option<&'static str>,
    /// Whether a statement of a migration is being compiled or run.
    guarded: bool,
    /// When it must have ended.
    deadline: Option<Instant>,
    /// Whether it had not.
    late: bool,
}

/// A scratch database.
pub(super) struct Session {
    /// The connection, for what dbwright itself asks.
    pub(super) connection: Connection,
    seen: Arc<Mutex<Seen>>,
    file: PathBuf,
    limits: Limits,
}

impl Session {
    /// Creates an empty database in this file. It is a real file because SQLite treats databases in memory differently
    /// (`PRAGMA journal_mode = WAL` inside a transaction fails on a file only).
    pub(super) fn create(file: &Path, limits: Limits) -> Result<Session, LiveError> {
        let open = || -> rusqlite::Result<Session> {
            let mut session = Session {
                connection: Connection::open(file)?,
                seen: Arc::default(),
                file: file.to_owned(),
                limits,
            };
            // A migration can have chosen a log that is written ahead, which then stands in the file.
            if session.text("PRAGMA journal_mode")? != "wal" {
                session.connection.execute_batch("PRAGMA journal_mode = MEMORY")?;
            }
            let pragmas = format!("PRAGMA synchronous = OFF; PRAGMA max_page_count = {};", limits.pages);
            session.connection.execute_batch(&pragmas)?;
            // VACUUM needs one.
            session.connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
            session.install_hooks()?;
            Ok(session)
        };
        open().map_err(doing("opening a scratch database"))
    }

    /// Creates a copy of a database, with the settings of its connection.
    pub(super) fn copy(&self, file: &Path) -> Result<Session, LiveError> {
        let mut copy = Session::create(file, self.limits)?;
        let mut transfer = || -> rusqlite::Result<()> {
            Backup::new(&self.connection, &mut copy.connection)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
            let temporary = self.number("SELECT count(*) FROM temp.sqlite_schema")?;
            if temporary > 0 {
                copy.connection
                    .execute_batch("CREATE TEMP TABLE dbwright_opens_temp (a); DROP TABLE temp.dbwright_opens_temp")?;
                Backup::new_with_names(&self.connection, c"temp", &mut copy.connection, c"temp")?.run_to_completion(
                    i32::MAX,
                    Duration::ZERO,
                    None,
                )?;
            }
            copy.apply(&self.settings()?)
        };
        transfer().map_err(doing("copying the scratch database"))?;
        Ok(copy)
    }

    /// Opens a database that was copied earlier, and makes the settings of its connection.
    pub(super) fn open(file: &Path, limits: Limits, settings: &Settings) -> Result<Session, LiveError> {
        let session = Session::create(file, limits)?;
        let opened = session
            .number("SELECT count(*) FROM sqlite_schema")
            .and_then(|_| session.apply(settings));
        opened.map_err(doing("opening a kept database"))?;
        Ok(session)
    }

    /// The settings of the connection that a migration may have changed.
    pub(super) fn settings(&self) -> rusqlite::Result<Settings> {
        let value = |setting: &str| Ok((setting.to_owned(), self.number(&format!("PRAGMA {setting}"))?));
        SETTINGS.into_iter().map(value).collect()
    }

    fn apply(&self, settings: &Settings) -> rusqlite::Result<()> {
        for (setting, value) in settings {
            self.connection.execute_batch(&format!("PRAGMA {setting} = {value}"))?;
        }
        Ok(())
    }

    /// Whether there is anything that ends with the connection; also where that can't be told.
    pub(super) fn has_temporary(&self) -> bool {
        self.number("SELECT count(*) FROM temp.sqlite_schema") != Ok(0)
    }

    /// Switches foreign keys on or off. The library in this binary is compiled with them on, most others are not.
    pub(super) fn set_foreign_keys(&self, on: bool) -> Result<(), LiveError> {
        let pragma = format!("PRAGMA foreign_keys = {}", i32::from(on));
        self.connection
            .execute_batch(&pragma)
            .map_err(doing("setting foreign_keys"))
    }

    /// Runs a statement of a migration to its end, rows and all.
    pub(super) fn run(&self, text: &str) -> Result<Ran, LiveError> {
        self.guard();
        let result = self.step(text);
        let seen = self.unguard();
        match result {
            Ok(()) => Ok(Ran::Done),
            Err(error) => self.explain(&error, &seen, text),
        }
    }

    /// Compiles a statement of a migration for looking at it, between the same guards.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Connection) -> T) -> (T, Seen) {
        self.guard();
        let result = look(&self.connection);
        (result, self.unguard())
    }

    /// What the hooks saw since the last [`Session::run`] began.
    pub(super) fn seen(&self) -> Seen {
        self.state().clone()
    }

    /// Whether no transaction is open.
    pub(super) fn is_autocommit(&self) -> bool {
        self.connection.is_autocommit()
    }

    fn text(&self, query: &str) -> rusqlite::Result<String> {
        self.connection.query_row(query, [], |row| row.get(0))
    }

    /// The first column of the first row, as a number.
    pub(super) fn number(&self, query: &str) -> rusqlite::Result<i64> {
        self.connection.query_row(query, [], |row| row.get(0))
    }

    fn step(&self, text: &str) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(text)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    }

    /// Errors of this machine are errors of ours; all others belong to the statement.
    fn explain(&self, error: &rusqlite::Error, seen: &Seen, text: &str) -> Result<Ran, LiveError> {
        if let Some(what) = seen.refused {
            return Ok(Ran::Refused(format!("it reaches outside the database: {what}")));
        }
        let mut sql_error = sql_error(error);
        if seen.late {
            sql_error.message = format!("stopped by dbwright after {} s", self.limits.time.as_secs_f64());
            return Ok(Ran::Failed(sql_error));
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) if self.disk_has_room() => {
                sql_error.message = format!("stopped by dbwright: more than {} pages", self.limits.pages);
                Ok(Ran::Failed(sql_error))
            }
            Some(ErrorCode::DiskFull) => Err(LiveError::DiskFull {
                place: format!("running `{}`", first_line(text)),
            }),
            Some(ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory | ErrorCode::CannotOpen) => {
                Err(LiveError::Sqlite {
                    doing: format!("running `{}`", first_line(text)),
                    source: rusqlite::Error::SqliteFailure(
                        rusqlite::ffi::Error::new(error.sqlite_error().map_or(1, |error| error.extended_code)),
                        Some(sql_error.message),
                    ),
                })
            }
            _ => Ok(Ran::Failed(sql_error)),
        }
    }

    /// Whether the disk is not what is full: then it is the database that has reached its limit.
    fn disk_has_room(&self) -> bool {
        let probe = self.file.with_extension("probe");
        let written = std::fs::write(&probe, vec![0; PROBE_BYTES]);
        // Whether it goes away now or with its folder makes no difference.
        let _ = std::fs::remove_file(probe);
        written.is_ok()
    }

    fn guard(&self) {
        *self.state() = Seen {
            guarded: true,
            deadline: Some(Instant::now() + self.limits.time),
            ..Seen::default()
        };
    }

    fn unguard(&self) -> Seen {
        let mut seen = self.state();
        seen.guarded = false;
        seen.deadline = None;
        seen.clone()
    }

    fn state(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    fn install_hooks(&mut self) -> rusqlite::Result<()> {
        let seen = Arc::clone(&self.seen);
        self.connection.authorizer(Some(move |context: AuthContext<'_>| {
            authorize(&mut lock(&seen), &context)
        }))?;
        let seen = Arc::clone(&self.seen);
        self.connection
            .update_hook(Some(move |action: Action, database: &str, table: &str, _row: i64| {
                let mut seen = lock(&seen);
                if seen.guarded && database == "main" {
                    count(seen.rows.entry(table.to_owned()).or_default(), action);
                }
            }))?;
        let seen = Arc::clone(&self.seen);
        self.connection.progress_handler(
            INSTRUCTIONS_PER_LOOK,
            Some(move || {
                let mut seen = lock(&seen);
                seen.late = seen.deadline.is_some_and(|deadline| Instant::now() > deadline);
                seen.late
            }),
        )
    }
}

/// Names an operation of ours in an error.
pub(super) fn doing(what: &'static str) -> impl Fn(rusqlite::Error) -> LiveError {
    move |source| LiveError::Sqlite {
        doing: what.to_owned(),
        source,
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count(touched: &mut Touched, action: Action) {
    match action {
        Action::SQLITE_INSERT => touched.inserted += 1,
        Action::SQLITE_UPDATE => touched.updated += 1,
        Action::SQLITE_DELETE => touched.deleted += 1,
        _ => {}
    }
}

/// Refuses what reaches outside, and notes which tables a statement writes.
fn authorize(seen: &mut Seen, context: &AuthContext<'_>) -> Authorization {
    if !seen.guarded {
        return Authorization::Allow;
    }
    if let Some(what) = outside(&context.action) {
        seen.refused = Some(what);
        return Authorization::Deny;
    }
    let direct = context.accessor.is_none();
    let (table, own) = match context.action {
        AuthAction::Insert { table_name } => (table_name, &mut seen.inserts),
        AuthAction::Update { table_name, .. } => (table_name, &mut seen.updates),
        AuthAction::Delete { table_name } => (table_name, &mut seen.deletes),
        AuthAction::CreateTable { table_name } => {
            seen.written.insert(table_name.to_owned());
            return Authorization::Allow;
        }
        AuthAction::Pragma {
            pragma_name,
            pragma_value: Some(table),
        } => {
            if pragma_name.eq_ignore_ascii_case("quick_check") || pragma_name.eq_ignore_ascii_case("integrity_check") {
                seen.checked.insert(table.to_owned());
            }
            return Authorization::Allow;
        }
        _ => return Authorization::Allow,
    };
    if context.database_name == Some("main") {
        seen.written.insert(table.to_owned());
        if direct {
            own.insert(table.to_owned());
        }
    }
    Authorization::Allow
}

/// What an action reaches outside the database with, by its name. `VACUUM` attaches a file without a name; a name that is
/// computed is not told to the authorizer.
fn outside(action: &AuthAction<'_>) -> Option<&'static str> {
    match action {
        AuthAction::Attach { filename } if !filename.is_empty() => Some("ATTACH"),
        AuthAction::Unknown {
            code: rusqlite::ffi::SQLITE_ATTACH,
            ..
        } => Some("ATTACH"),
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => {
            Some("load_extension")
        }
        AuthAction::Pragma { pragma_name, .. }
            if ["temp_store_directory", "data_store_directory"]
                .iter()
                .any(|name| pragma_name.eq_ignore_ascii_case(name)) =>
        {
            Some("PRAGMA temp_store_directory")
        }
        _ => None,
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
