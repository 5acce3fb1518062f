//! Running a history on a scratch PostgreSQL and watching what each statement does.
//!
//! A migration runs the way its tool runs it. What is committed together is a *block*: a transaction of the tool, of the file,
//! or a statement by itself (which is wrapped in a transaction of ours, because locks can only be seen before the commit; the
//! few that refuse are held up instead, see [`hold`]). A block runs without savepoints first, because these change what
//! statements may do; when a statement fails, the block is rolled back, the generated rows are taken out of the tables, and it
//! runs again with a savepoint around each statement, so that the others are seen as well.

mod base;
mod block;
mod hold;
#[cfg(unix)]
mod kept;
mod news;
mod observe;
mod opened;
mod prefix;
mod recover;
mod send;
mod settings;

pub(crate) use base::Base;
#[cfg(unix)]
pub(crate) use kept::resume;
#[cfg(unix)]
pub use kept::{trace_and_tell, trace_kept};
pub use news::News;
use news::Teller;
pub(crate) use prefix::Prefix;
pub(crate) use send::{create_extension_call, sql_error};
pub(crate) use settings::Settings;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use dbwright_catalog::{
    Catalog, Effect, Engine, History, Known, Migration, MigrationSet, MigrationTrace, ObjectId, ObjectKind, Outcome,
    RunMode, Statement, Trace, TransactionId, Unfilled,
};
use dbwright_ddl::Rows;
use dbwright_sql::Summary;

use super::Progress;
use super::blame::Failures;
use super::bookkeeping;
use super::rebuilds::Rebuilds;
use crate::LiveError;
use crate::fill;
use crate::introspect::postgres::{CatalogState, Frame, Touched};
use crate::scratch::Replayed;
use crate::scratch::postgres::{PostgresScratch, Session, Who};
use opened::Opened;

/// Runs the whole history in a new database of the scratch server and tells what became of each migration.
///
/// # Errors
///
/// When the server or a session breaks; never because of what the migrations say.
pub async fn trace(
    scratch: &PostgresScratch,
    history: &History,
    judged: &MigrationSet,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Trace, LiveError> {
    match run(scratch, history, judged, progress).await {
        Ok(trace) => Ok(trace),
        Err(error) => Err(scratch.why(error).await),
    }
}

async fn run(
    scratch: &PostgresScratch,
    history: &History,
    judged: &MigrationSet,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Trace, LiveError> {
    let mut runner = Runner::begin(scratch, history).await?;
    let all = 0..history.migrations.len();
    let migrations = runner.run_history(history, judged, all, progress).await?;
    let mut trace = runner.finish(migrations).await?;
    if trace.migrations.iter().any(has_failed) {
        let mut runner = Runner::begin(scratch, history).await?;
        let all = 0..history.migrations.len();
        let clean = runner.run_history(history, &nothing(), all, &mut |_| {}).await?;
        runner.discard().await?;
        tell_failures_on_rows(&mut trace.migrations, clean);
    }
    Ok(trace)
}

/// Runs the whole history in a new database of the scratch server, which stays, without rows and without watching.
///
/// # Errors
///
/// When the server or a session breaks; never because of what the migrations say.
pub async fn replay(
    scratch: &PostgresScratch,
    history: &History,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Replayed, LiveError> {
    let replayed = async {
        let mut runner = Runner::begin(scratch, history).await?;
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
/// replayed without rows once something has failed. `clean` is what became of its last migrations then.
fn tell_failures_on_rows(migrations: &mut [MigrationTrace], clean: Vec<MigrationTrace>) {
    let known = migrations.len() - clean.len().min(migrations.len());
    let pairs = migrations[known..].iter_mut().zip(clean);
    for (seen, clean) in pairs.filter(|(seen, _)| seen.judged) {
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
#[derive(Clone, Debug)]
struct Item<'a> {
    migration: usize,
    index: usize,
    statement: &'a Statement,
    summary: Summary,
}

/// The sessions on one scratch database and what is known of it.
pub(crate) struct Runner<'a> {
    scratch: &'a PostgresScratch,
    /// The session that runs the migrations, as it is one session for most tools: settings carry over.
    session: Session,
    /// Looks at locks, from another database.
    observer: Session,
    /// Puts rows in and takes them out, as the same role.
    filler: Session,
    holders: Option<[Session; 2]>,
    database: String,
    /// The catalog as of the last observation; nothing before the first.
    state: Option<CatalogState>,
    /// Every relation seen, also those that are gone.
    names: HashMap<u32, ObjectId>,
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
    opened: Opened,
    transactions: u32,
    /// Names of settings that the migrations may have invented.
    invented: BTreeSet<String>,
    /// The statement at hand, as migration and index: to blame where a session breaks.
    at_hand: (usize, usize),
    /// Who wants to know what was seen before all has run.
    teller: Option<Teller>,
}

impl<'a> Runner<'a> {
    pub(crate) async fn new(scratch: &'a PostgresScratch, database: &str) -> Result<Self, LiveError> {
        Ok(Runner {
            scratch,
            session: scratch.connect(database, Who::Migrator).await?,
            observer: scratch.connect("postgres", Who::Observer).await?,
            filler: scratch.connect(database, Who::Migrator).await?,
            holders: None,
            database: database.to_owned(),
            state: None,
            names: HashMap::new(),
            rows: Rows::default(),
            to_fill: None,
            rebuilds: Rebuilds::default(),
            next: 0,
            unfilled: Vec::new(),
            failures: Failures::default(),
            assumptions: Vec::new(),
            opened: Opened::default(),
            transactions: 0,
            invented: BTreeSet::new(),
            at_hand: (0, 0),
            teller: None,
        })
    }

    pub(crate) fn client(&self) -> &tokio_postgres::Client {
        &self.session.client
    }

    pub(crate) fn scratch(&self) -> &PostgresScratch {
        self.scratch
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    pub(crate) fn server(&self) -> &dbwright_catalog::Server {
        self.scratch.server()
    }

    /// Runs one migration in a mode, without watching.
    pub(crate) async fn run_migration(
        &mut self,
        index: usize,
        migration: &Migration,
        mode: RunMode,
    ) -> Result<Vec<Effect>, LiveError> {
        let mode = if mode == RunMode::AllInOneTransaction {
            RunMode::Transaction
        } else {
            mode
        };
        self.run_unit(&items(index, migration), mode, false).await
    }

    /// Runs one migration statement by statement and watches it, with the rows that the tables hold by now. The catalog must
    /// have been read, see [`Runner::prepare_tables`] and [`Runner::catch_up`].
    pub(crate) async fn watch_migration(
        &mut self,
        index: usize,
        migration: &Migration,
    ) -> Result<Vec<Effect>, LiveError> {
        self.run_unit(&items(index, migration), RunMode::EachStatement, true)
            .await
    }

    /// Runs one migration as [`Runner::run_migration`] does and reads what it did to the catalog.
    pub(crate) async fn catch_up(
        &mut self,
        index: usize,
        migration: &Migration,
        mode: RunMode,
    ) -> Result<(), LiveError> {
        if migration.statements.is_empty() {
            return Ok(());
        }
        let since = self.next_transaction_id().await?;
        self.run_migration(index, migration, mode).await?;
        self.read_changes(since).await
    }

    /// The next transaction id that the server will give out, for [`Runner::read_changes`].
    pub(crate) async fn next_transaction_id(&self) -> Result<u64, LiveError> {
        observe::next_transaction_id(&self.observer.client).await
    }

    /// Reads what became of the catalog since the next transaction id was this one.
    pub(crate) async fn read_changes(&mut self, since: u64) -> Result<(), LiveError> {
        match &mut self.state {
            Some(state) => {
                let touched = Touched::everything_since(since);
                let update = state.update(&self.session.client, Frame::Alone, &touched).await?;
                self.rows.follow(&update.changes);
            }
            None => self.read_state(Frame::Alone).await?,
        }
        Ok(())
    }

    /// The catalog as of the last reading.
    pub(crate) fn catalog(&self) -> Option<&Catalog> {
        self.state.as_ref().map(CatalogState::catalog)
    }

    /// Makes a database with what exists before the first migration: the schema that was given, and the table of the tool.
    pub(crate) async fn begin(scratch: &'a PostgresScratch, history: &History) -> Result<Self, LiveError> {
        let database = scratch.create_database().await?;
        let mut runner = Runner::new(scratch, &database).await?;
        for loaded in history.loaded_first() {
            runner.load_schema(loaded).await?;
        }
        if history.prelude.is_some() {
            // What a platform sets for its roles counts for sessions that begin after it.
            let session = scratch.connect(&database, Who::Migrator).await?;
            std::mem::replace(&mut runner.session, session).close().await;
        }
        if let Some(sql) = bookkeeping::table(history.tool, Engine::Postgres) {
            // A schema without `public` has no place for it; then no migration can refer to it either.
            let _ = runner.session.client.simple_query(sql).await;
            runner.session.take_notices();
        }
        Ok(runner)
    }

    /// Reads what the migrations have left, and drops their database.
    async fn finish(mut self, migrations: Vec<MigrationTrace>) -> Result<Trace, LiveError> {
        let server = self.scratch.server().clone();
        let state = CatalogState::read(&self.session.client, &server, Frame::Alone).await?;
        let unfilled = std::mem::take(&mut self.unfilled);
        let mut assumptions = std::mem::take(&mut self.assumptions);
        assumptions.extend(self.failures.told_before_first(&migrations));
        let (access, access_changes) = self.take_opened().await;
        self.discard().await?;
        Ok(Trace {
            server,
            migrations,
            catalog: state.into_catalog(),
            unfilled,
            assumptions,
            predicted: Vec::new(),
            from_cache: 0,
            access,
            access_changes,
        })
    }

    /// Drops the database.
    pub(crate) async fn discard(self) -> Result<(), LiveError> {
        let (scratch, database) = (self.scratch, self.database.clone());
        self.close_sessions().await;
        scratch.drop_database(&database).await
    }

    /// Closes the sessions with the database.
    async fn close_sessions(self) {
        let sessions = [self.session, self.filler]
            .into_iter()
            .chain(self.holders.into_iter().flatten());
        for session in sessions {
            session.close().await;
        }
    }

    /// Loads the schema that exists before the first migration, in a session of its own: a dump changes settings.
    async fn load_schema(&mut self, (index, schema): (usize, &Migration)) -> Result<(), LiveError> {
        let session = self.scratch.connect(&self.database, Who::Migrator).await?;
        let ours = std::mem::replace(&mut self.session, session);
        let items = items(index, schema);
        let effects = self.run_unit(&items, RunMode::EachStatement, false).await?;
        self.session = ours;
        for (item, effect) in items.iter().zip(&effects) {
            if let Outcome::Failed(error) = &effect.outcome {
                self.failures.before_first((index, schema), item.index, &error.message);
            }
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
                if let (Some(teller), Some(state)) = (&mut self.teller, &self.state) {
                    teller.begin(first, state.catalog());
                }
                self.note_opened().await;
            } else {
                self.forget_opened();
            }
            let effects = self.run_unit(&unit, history.migrations[first].run_mode, judge).await?;
            if judge {
                self.compare_opened(&unit, &effects).await;
            }
            self.note_what_to_fill(&effects);
            let mut effects = effects.into_iter();
            for migration in &history.migrations[first..first + together] {
                let effects = effects.by_ref().take(migration.statements.len()).collect();
                let trace = MigrationTrace { judged: judge, effects };
                if let Some(teller) = &self.teller {
                    teller.tell(which.start + traces.len(), &trace);
                }
                traces.push(trace);
            }
        }
        Ok(traces)
    }

    /// Reads the catalog and fills tables before a migration that is judged.
    async fn prepare(&mut self) -> Result<(), LiveError> {
        if self.state.is_none() {
            self.read_state(Frame::Alone).await?;
        }
        if self.to_fill.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(());
        }
        self.renew_filler().await?;
        let Some(state) = &self.state else { return Ok(()) };
        let catalog = state.catalog();
        let (now, later) = self.rebuilds.split(self.next, self.to_fill.as_ref(), catalog);
        let mut rows = self.rows.clone();
        let filled = fill::postgres::fill(&self.filler.client, catalog, &mut rows, now.as_ref()).await;
        let unfilled = match filled {
            Ok(unfilled) => {
                self.rows = rows;
                unfilled
            }
            Err(error) if recover::is_end_of_session(&error) => self.unfilled_after_end().await?,
            Err(error) => return Err(error),
        };
        self.unfilled
            .retain(|old| !unfilled.iter().any(|new| new.table == old.table));
        self.unfilled.extend(unfilled);
        self.to_fill = Some(later);
        Ok(())
    }

    /// Reads the catalog and fills these tables (and those they refer to).
    pub(crate) async fn prepare_tables(&mut self, tables: BTreeSet<ObjectId>) -> Result<(), LiveError> {
        self.to_fill = Some(tables);
        self.prepare().await
    }

    async fn read_state(&mut self, frame: Frame) -> Result<(), LiveError> {
        self.state = Some(CatalogState::read(&self.session.client, self.scratch.server(), frame).await?);
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
            to_fill.extend(effect.rewritten.iter().cloned());
        }
    }

    fn next_transaction(&mut self) -> TransactionId {
        self.transactions += 1;
        TransactionId(self.transactions)
    }

    /// Runs statements that their tool runs together, in its manner.
    async fn run_unit(&mut self, items: &[Item<'_>], mode: RunMode, observe: bool) -> Result<Vec<Effect>, LiveError> {
        let mode = if mode == RunMode::SimpleQuery && items.len() == 1 {
            RunMode::EachStatement
        } else {
            mode
        };
        self.invented
            .extend(items.iter().flat_map(|item| settings::invented(item.statement)));
        let mut effects = Vec::with_capacity(items.len());
        let mut tool_transaction = mode != RunMode::EachStatement;
        while effects.len() < items.len() {
            let rest = &items[effects.len()..];
            let mut block = if tool_transaction {
                block::of_tool(rest, mode)
            } else if matches!(
                rest[0].summary,
                Summary::Transaction(dbwright_sql::TransactionControl::Begin)
            ) {
                block::of_file(rest)
            } else {
                let done = self.run_alone(&rest[0], observe).await.map(|effect| vec![effect]);
                effects.extend(self.recovered(done, &rest[..1]).await?);
                continue;
            };
            // A COMMIT in the file ends the tool's transaction; only the implicit one of a simple query begins anew.
            tool_transaction = mode == RunMode::SimpleQuery;
            block.observe = observe;
            let done = self.run_block(&block).await;
            effects.extend(self.recovered(done, block.items()).await?);
        }
        Ok(effects)
    }

    /// Takes the generated rows out of the tables again, as far as that can be; whether any went.
    pub(crate) async fn remove_rows(&mut self) -> Result<bool, LiveError> {
        if self.rows.is_empty() {
            return Ok(false);
        }
        self.renew_filler().await?;
        let Some(state) = &self.state else { return Ok(false) };
        let before = self.rows.count();
        fill::postgres::remove(&self.filler.client, state.catalog(), &mut self.rows).await?;
        self.to_fill = None;
        Ok(self.rows.count() < before)
    }

    /// Makes a role that the migrations presuppose, where an error says that it is missing. Whether it did.
    async fn make_missing_role(&mut self, error: &dbwright_catalog::SqlError) -> Result<bool, LiveError> {
        let Some(role) = send::missing_role(error) else {
            return Ok(false);
        };
        if !self.scratch.is_own_cluster()
            || self
                .assumptions
                .iter()
                .any(|text| text.contains(&format!("role {role},")))
        {
            return Ok(false);
        }
        if self.scratch.create_role(role).await.is_err() {
            return Ok(false);
        }
        self.assumptions
            .push(format!("Created the role {role}, which the migrations presuppose."));
        Ok(true)
    }

    /// What a server's error makes of a statement.
    fn outcome_of(&mut self, item: &Item<'_>, error: dbwright_catalog::SqlError) -> Outcome {
        if let Some(reason) = send::limits_of_scratch(&error, &item.summary) {
            self.failures.refused(item.migration, item.index, &item.statement.text);
            return Outcome::Refused(reason);
        }
        self.failures
            .judge(item.migration, item.index, &item.statement.text, error)
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
            summary: send::summary(statement),
        })
        .collect()
}

/// How the effect of a statement is known.
fn known(observe: bool, outcome: &Outcome) -> Known {
    match outcome {
        Outcome::Refused(reason) => Known::Unknown(reason.clone()),
        Outcome::FollowsFrom { .. } => Known::Unknown("an earlier failure kept it from running".to_owned()),
        Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) if observe => Known::Observed,
        Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) => {
            Known::Unknown("only replayed on the way to the migrations under review".to_owned())
        }
    }
}
