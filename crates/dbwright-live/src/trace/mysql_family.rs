//! Running a history on a scratch MySQL or MariaDB and watching what each statement does.
//!
//! A migration runs the way its tool runs it, in one session. Definitions commit by themselves on these engines, so what is
//! committed together is told per statement, from what the server says of its open transaction; a failure undoes nothing
//! but its own statement, and the next one is run after it.
//!
//! A statement that changes a table is asked for with the cheapest algorithm and weakest lock first ([`offers`]); what the
//! server accepts *is* the execution. Rows are counted by comparing contents ([`rows`]), and tables that foreign keys lock
//! as well are found by sessions that are in the way on purpose ([`relatives`]).
//!
//! Not told: locks of single rows, and metadata locks of the statement's own table beyond what ALGORITHM and LOCK mean.

#[cfg(unix)]
mod kept;
mod offers;
#[cfg(unix)]
mod prefix;
mod recover;
mod relatives;
mod rows;
mod send;
#[cfg(unix)]
mod settings;
mod step;
mod trial;

#[cfg(unix)]
pub use kept::trace_kept;
pub(crate) use send::sql_error;
#[cfg(unix)]
pub(crate) use trial::Ground;

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use dbwright_catalog::{
    Effect, Engine, History, Known, Migration, MigrationSet, MigrationTrace, ObjectId, ObjectKind, Outcome, RunMode,
    Statement, Trace, TransactionId, Unfilled,
};
use dbwright_ddl::{Rows, quote_identifier};
use dbwright_sql::{Dialect, MySqlFamilySummary, SqlMode, summarise_mysql_family};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::Progress;
use super::blame::Failures;
use super::bookkeeping;
use super::rebuilds::Rebuilds;
use crate::LiveError;
use crate::fill;
use crate::introspect::mysql_family::CatalogState;
use crate::scratch::Replayed;
use crate::scratch::mysql_family::{MySqlFamilyScratch, Who};

/// What a trace allows migrations.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a single statement may take before it is killed and told as given up.
    pub statement: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            statement: send::STATEMENT_LIMIT,
        }
    }
}

/// Runs the whole history in a new database of the scratch server and tells what became of each migration.
///
/// # Errors
///
/// When the server or a session breaks; never because of what the migrations say.
pub async fn trace(
    scratch: &MySqlFamilyScratch,
    history: &History,
    judged: &MigrationSet,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Trace, LiveError> {
    trace_within(scratch, history, judged, Limits::default(), progress).await
}

/// The same with other limits.
///
/// # Errors
///
/// As [`trace`].
pub async fn trace_within(
    scratch: &MySqlFamilyScratch,
    history: &History,
    judged: &MigrationSet,
    limits: Limits,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Trace, LiveError> {
    match run(scratch, history, judged, limits, progress).await {
        Ok(trace) => Ok(trace),
        Err(error) => Err(scratch.why(error).await),
    }
}

/// Runs the whole history in a new database of the scratch server, which stays, without rows and without watching.
///
/// # Errors
///
/// As [`trace`].
pub async fn replay(
    scratch: &MySqlFamilyScratch,
    history: &History,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Replayed, LiveError> {
    let replayed = async {
        let mut runner = Runner::new(scratch, Limits::default()).await?;
        runner.begin(history).await?;
        let all = 0..history.migrations.len();
        let migrations = runner.run_history(history, &nothing(), all, progress).await?;
        let replayed = Replayed {
            database: runner.database.clone(),
            migrations,
            assumptions: std::mem::take(&mut runner.assumptions),
        };
        runner.close_sessions().await;
        Ok(replayed)
    };
    match replayed.await {
        Ok(replayed) => Ok(replayed),
        Err(error) => Err(scratch.why(error).await),
    }
}

async fn run(
    scratch: &MySqlFamilyScratch,
    history: &History,
    judged: &MigrationSet,
    limits: Limits,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Trace, LiveError> {
    let mut runner = Runner::new(scratch, limits).await?;
    runner.begin(history).await?;
    let all = 0..history.migrations.len();
    let migrations = runner.run_history(history, judged, all.clone(), progress).await?;
    let mut trace = runner.finish(migrations).await?;
    if trace.migrations.iter().any(has_failed) {
        let mut runner = Runner::new(scratch, limits).await?;
        runner.begin(history).await?;
        let clean = runner.run_history(history, &nothing(), all, &mut |_| {}).await?;
        runner.leave().await?;
        tell_failures_on_rows(&mut trace.migrations, clean);
    }
    Ok(trace)
}

/// No migration is judged.
fn nothing() -> MigrationSet {
    MigrationSet::Only {
        indexes: Vec::new(),
        why: String::new(),
    }
}

/// Whether a statement of a judged migration failed, so that it is worth knowing whether it fails without rows.
fn has_failed(migration: &MigrationTrace) -> bool {
    let failed = |effect: &Effect| matches!(effect.outcome, Outcome::Failed(_));
    migration.judged && migration.effects.iter().any(failed)
}

/// A failure that does not happen where no rows were ever generated is one on rows.
///
/// Taking the generated rows out again does not take out what the migrations made of them, so that the whole history is
/// replayed without rows once something has failed. `clean` is what became of its migrations then.
fn tell_failures_on_rows(migrations: &mut [MigrationTrace], clean: Vec<MigrationTrace>) {
    for (seen, clean) in migrations.iter_mut().zip(clean).filter(|(seen, _)| seen.judged) {
        for (effect, clean) in seen.effects.iter_mut().zip(clean.effects) {
            if let Outcome::Failed(error) = &effect.outcome
                && clean.outcome == Outcome::Done
            {
                effect.outcome = Outcome::FailedOnRows(error.clone());
            }
        }
    }
}

/// A statement with its place in the history.
#[derive(Clone, Copy, Debug)]
struct Item<'a> {
    migration: usize,
    index: usize,
    statement: &'a Statement,
}

/// The sessions on one scratch database and what is known of it.
pub(crate) struct Runner<'a> {
    scratch: &'a MySqlFamilyScratch,
    limits: Limits,
    /// The session that runs the migrations, as it is one session for most tools: settings carry over.
    session: Conn,
    /// Looks, kills, and reads what is not committed yet.
    observer: Conn,
    /// Puts rows in and takes them out, as the migrating user.
    filler: Conn,
    /// Sessions that stand in the way on purpose.
    holders: Vec<Conn>,
    /// The database that the migrations are for.
    database: String,
    /// Tables that were there before the first migration ran without its doing: that of its tool.
    tables_at_first: u64,
    /// Databases that must go at the end.
    databases: BTreeSet<String>,
    /// How texts are read, with the `sql_mode` that the session has by now.
    dialect: Dialect,
    /// The catalog as of the last observation; nothing before the first.
    state: Option<CatalogState>,
    rows: Rows,
    /// Tables to fill before the next judged migration; nothing means all.
    to_fill: Option<BTreeSet<ObjectId>>,
    /// New tables that hold nothing yet.
    rebuilds: Rebuilds,
    /// The migration that is about to run.
    next: usize,
    unfilled: Vec<Unfilled>,
    failures: Failures,
    assumptions: Vec<String>,
    transactions: u32,
    /// The transaction that is open in the session.
    open: Option<TransactionId>,
    /// Whether `LOCK TABLES` holds tables, so that no other session may read them.
    tables_locked: bool,
}

impl<'a> Runner<'a> {
    pub(crate) async fn new(scratch: &'a MySqlFamilyScratch, limits: Limits) -> Result<Self, LiveError> {
        let database = scratch.create_database().await?;
        Runner::in_database(scratch, limits, database).await
    }

    async fn in_database(scratch: &'a MySqlFamilyScratch, limits: Limits, database: String) -> Result<Self, LiveError> {
        let server = scratch.server();
        let mut runner = Runner {
            scratch,
            limits,
            session: scratch.connect(&database, Who::Migrator).await?,
            observer: scratch.connect(&database, Who::Observer).await?,
            filler: scratch.connect(&database, Who::Migrator).await?,
            holders: Vec::new(),
            tables_at_first: 0,
            databases: BTreeSet::from([database.clone()]),
            database,
            dialect: Dialect::server(server.engine).with_version(server.version),
            state: None,
            rows: Rows::default(),
            to_fill: None,
            rebuilds: Rebuilds::default(),
            next: 0,
            unfilled: Vec::new(),
            failures: Failures::default(),
            assumptions: Vec::new(),
            transactions: 0,
            open: None,
            tables_locked: false,
        };
        runner.prepare_observer().await?;
        runner.note_sql_mode().await;
        Ok(runner)
    }

    fn engine(&self) -> Engine {
        self.scratch.server().engine
    }

    /// Makes the observer see what is not committed, never wait for long, and not count as work of the migrations.
    async fn prepare_observer(&mut self) -> Result<(), LiveError> {
        let ids = [self.observer.id(), self.filler.id()];
        for sql in [
            "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED".to_owned(),
            "SET SESSION lock_wait_timeout = 1".to_owned(),
            format!(
                "UPDATE performance_schema.threads SET INSTRUMENTED = 'NO' WHERE PROCESSLIST_ID IN ({}, {})",
                ids[0], ids[1]
            ),
            "UPDATE performance_schema.setup_instruments SET ENABLED = 'YES' \
             WHERE NAME IN ('wait/lock/metadata/sql/mdl', 'wait/io/table/sql/handler')"
                .to_owned(),
        ] {
            // A given server may not allow it, or run without the performance schema; then less is seen.
            self.observer.query_drop(sql).await.or_else(server_refusal)?;
        }
        Ok(())
    }

    /// Takes note of the `sql_mode` of the session: it decides how quotes are read.
    async fn note_sql_mode(&mut self) {
        if let Ok(Some(mode)) = self.session.query_first::<String, _>("SELECT @@SESSION.sql_mode").await {
            self.dialect = self.dialect.with_sql_mode(SqlMode::parse(self.engine(), &mode));
        }
    }

    /// Reads what the migrations have left, and drops their databases.
    async fn finish(mut self, migrations: Vec<MigrationTrace>) -> Result<Trace, LiveError> {
        let server = self.scratch.server().clone();
        let state = CatalogState::read(&mut self.observer, &server).await?;
        let unfilled = std::mem::take(&mut self.unfilled);
        let mut assumptions = std::mem::take(&mut self.assumptions);
        assumptions.extend(self.failures.told_before_first(&migrations));
        self.leave().await?;
        Ok(Trace {
            server,
            migrations,
            catalog: state.catalog().clone(),
            unfilled,
            assumptions,
            predicted: Vec::new(),
            from_cache: 0,
            access: Vec::new(),
            access_changes: Vec::new(),
        })
    }

    /// Closes all sessions and drops the databases.
    pub(crate) async fn leave(mut self) -> Result<(), LiveError> {
        let (scratch, databases) = (self.scratch, std::mem::take(&mut self.databases));
        self.close_sessions().await;
        for database in &databases {
            scratch.drop_database(database).await?;
        }
        Ok(())
    }

    async fn close_sessions(self) {
        for conn in [self.session, self.filler, self.observer]
            .into_iter()
            .chain(self.holders)
        {
            // A session that the migrations have ended can't be closed any more.
            let _ = conn.disconnect().await;
        }
    }

    /// Makes what exists before the first migration: prelude, the schema that was given, and the table of the tool.
    pub(crate) async fn begin(&mut self, history: &History) -> Result<(), LiveError> {
        for loaded in history.loaded_first() {
            self.load_schema(loaded).await?;
        }
        if let Some(sql) = bookkeeping::table(history.tool, self.engine()) {
            match self.session.query_drop(sql).await {
                Ok(()) => self.tables_at_first = 1,
                Err(error) => server_refusal(error)?,
            }
        }
        Ok(())
    }

    /// Loads the schema that exists before the first migration, in a session of its own: a dump changes settings.
    async fn load_schema(&mut self, (index, schema): (usize, &Migration)) -> Result<(), LiveError> {
        let session = self.scratch.connect(&self.database, Who::Migrator).await?;
        let ours = std::mem::replace(&mut self.session, session);
        let dialect = self.dialect;
        let items = items(index, schema);
        let effects = self.run_unit(&items, RunMode::EachStatement, false).await?;
        let theirs = std::mem::replace(&mut self.session, ours);
        let _ = theirs.disconnect().await;
        self.dialect = dialect;
        self.tables_locked = false;
        for (item, effect) in items.iter().zip(&effects) {
            let said = match &effect.outcome {
                Outcome::Done => continue,
                Outcome::Failed(error) | Outcome::FailedOnRows(error) | Outcome::FollowsFrom { error, .. } => {
                    error.message.clone()
                }
                Outcome::Refused(reason) => format!("not sent, {reason}"),
            };
            self.failures.before_first((index, schema), item.index, &said);
        }
        Ok(())
    }

    /// Runs these migrations of a history. Those before them have run.
    async fn run_history(
        &mut self,
        history: &History,
        judged: &MigrationSet,
        which: Range<usize>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Vec<MigrationTrace>, LiveError> {
        let count = history.migrations.len();
        self.rebuilds = Rebuilds::of(history, judged);
        let mut traces = Vec::with_capacity(which.len());
        while traces.len() < which.len() {
            let first = which.start + traces.len();
            let judge = judged.contains(first);
            // Migrations that run in one transaction are one unit.
            let together = history.migrations[first..which.end]
                .iter()
                .enumerate()
                .take_while(|(offset, migration)| {
                    *offset == 0
                        || (migration.run_mode == RunMode::AllInOneTransaction
                            && history.migrations[first].run_mode == RunMode::AllInOneTransaction
                            && judge
                            && judged.contains(first + offset))
                })
                .count();
            progress(Progress {
                migration: first,
                migrations: count,
            });
            let unit: Vec<Item<'_>> = (first..first + together)
                .flat_map(|index| items(index, &history.migrations[index]))
                .collect();
            if judge {
                self.next = first;
                self.prepare().await?;
            }
            let effects = self.run_unit(&unit, history.migrations[first].run_mode, judge).await?;
            self.note_what_to_fill(&effects);
            let mut effects = effects.into_iter();
            for migration in &history.migrations[first..first + together] {
                let effects = effects.by_ref().take(migration.statements.len()).collect();
                traces.push(MigrationTrace { judged: judge, effects });
            }
        }
        Ok(traces)
    }

    /// Runs statements that their tool runs together, in its manner.
    async fn run_unit(&mut self, items: &[Item<'_>], mode: RunMode, observe: bool) -> Result<Vec<Effect>, LiveError> {
        let tool_transaction = match mode {
            RunMode::Transaction | RunMode::AllInOneTransaction => true,
            // A text with several statements is run one by one: neither server puts a transaction around them.
            RunMode::EachStatement | RunMode::SimpleQuery => false,
        };
        if tool_transaction {
            self.session_must("START TRANSACTION").await?;
            self.open = Some(self.next_transaction());
        }
        let mut effects = Vec::with_capacity(items.len());
        for item in items {
            effects.push(self.run_item(item, observe).await?);
        }
        self.end_unit(tool_transaction, effects.last_mut()).await?;
        Ok(effects)
    }

    /// Ends what is still open at the end of a migration, as its tool would.
    async fn end_unit(&mut self, tool_transaction: bool, last: Option<&mut Effect>) -> Result<(), LiveError> {
        let mut notices = Vec::new();
        if self.tables_locked {
            notices.push("Tables are still locked at the end of the file; they are unlocked.".to_owned());
            self.session_must("UNLOCK TABLES").await?;
            self.tables_locked = false;
        }
        if tool_transaction {
            self.session_must("COMMIT").await?;
        } else if self.open.is_some() {
            notices.push("A transaction is still open at the end of the file and is rolled back.".to_owned());
            self.session_must("ROLLBACK").await?;
        }
        self.open = None;
        if let Some(last) = last {
            last.notices.append(&mut notices);
        }
        Ok(())
    }

    /// Sends a statement of our own in the session of the migrations.
    async fn session_must(&mut self, sql: &str) -> Result<(), LiveError> {
        self.session
            .query_drop(sql)
            .await
            .map_err(|source| LiveError::mysql_family(format!("sending {sql}"), source))
    }

    /// Reads the catalog and fills tables before a migration that is judged.
    async fn prepare(&mut self) -> Result<(), LiveError> {
        if self.state.is_none() {
            self.read_state().await?;
        }
        if self.to_fill.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(());
        }
        let Some(state) = &self.state else { return Ok(()) };
        let (now, later) = self.rebuilds.split(self.next, self.to_fill.as_ref(), state.catalog());
        let mut rows = self.rows.clone();
        let unfilled = fill::mysql_family::fill(&mut self.filler, state.catalog(), &mut rows, now.as_ref()).await?;
        self.rows = rows;
        self.unfilled
            .retain(|old| !unfilled.iter().any(|new| new.table == old.table));
        self.unfilled.extend(unfilled);
        self.to_fill = Some(later);
        Ok(())
    }

    async fn read_state(&mut self) -> Result<(), LiveError> {
        self.state = Some(CatalogState::read(&mut self.observer, self.scratch.server()).await?);
        Ok(())
    }

    /// Tables that a migration made, changed or emptied get rows before the next one.
    fn note_what_to_fill(&mut self, effects: &[Effect]) {
        let Some(to_fill) = &mut self.to_fill else { return };
        for effect in effects {
            self.rows.follow(&effect.changes);
            for change in &effect.changes {
                let id = &change.object().id;
                to_fill.extend(
                    id.owner_table()
                        .or_else(|| (id.kind == ObjectKind::Table).then(|| id.clone())),
                );
            }
            to_fill.extend(
                effect
                    .rows
                    .iter()
                    .filter(|rows| rows.deleted > 0)
                    .map(|rows| rows.table.clone()),
            );
        }
    }

    fn next_transaction(&mut self) -> TransactionId {
        self.transactions += 1;
        TransactionId(self.transactions)
    }

    /// Takes the generated rows out of the tables again; whether there were any.
    async fn remove_rows(&mut self) -> Result<bool, LiveError> {
        if self.rows.is_empty() {
            return Ok(false);
        }
        let Some(state) = &self.state else { return Ok(false) };
        fill::mysql_family::remove(&mut self.filler, state.catalog(), &mut self.rows, None).await?;
        self.to_fill = None;
        Ok(true)
    }

    /// Makes a database that the migrations presuppose.
    async fn make_database(&mut self, name: &str) -> Result<(), LiveError> {
        let sql = format!(
            "CREATE DATABASE IF NOT EXISTS {}",
            quote_identifier(self.engine(), name)
        );
        self.observer
            .query_drop(sql)
            .await
            .map_err(|source| LiveError::mysql_family("making a database", source))?;
        self.databases.insert(name.to_owned());
        self.assumptions
            .push(format!("Created the database {name}, which the migrations presuppose."));
        Ok(())
    }

    fn summary(&self, text: &str) -> MySqlFamilySummary {
        summarise_mysql_family(self.dialect, text)
    }
}

fn items(migration: usize, of: &Migration) -> Vec<Item<'_>> {
    of.statements
        .iter()
        .enumerate()
        .map(|(index, statement)| Item {
            migration,
            index,
            statement,
        })
        .collect()
}

/// What the server refuses us is nothing; what breaks the session is an error.
fn server_refusal(source: mysql_async::Error) -> Result<(), LiveError> {
    match source {
        mysql_async::Error::Server(_) => Ok(()),
        source => Err(LiveError::mysql_family("preparing a session", source)),
    }
}

/// How the effect of a statement is known.
fn known(observe: bool, outcome: &Outcome) -> Known {
    match outcome {
        Outcome::Refused(reason) => Known::Unknown(reason.clone()),
        Outcome::FollowsFrom { .. } => Known::Unknown("an earlier failure kept it from running".to_owned()),
        Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) if observe => Known::Observed,
        Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) => {
            Known::Unknown("replayed, not judged".to_owned())
        }
    }
}
