//! Running a history on scratch SQLite databases.
//!
//! Two databases are kept. The *replayed* one holds what the migrations leave in an empty database. For each judged
//! migration it is copied, the copy's tables are given generated rows, and the migration runs there under watch; then it runs
//! on the replayed one. So no generated row ever outlives the migration it was made for, and what fails on the copy
//! only is known to fail because of rows.

mod bytecode;
mod changes;
mod codes;
mod integrity;
mod kept;
mod observe;
mod pass;
mod reach;
mod session;
mod trial;

pub(crate) use codes::sql_error;
pub use kept::trace_kept;
pub(crate) use trial::{Copy, Trial};

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use dbwright_catalog::{
    Effect, History, Known, Migration, MigrationSet, MigrationTrace, ObjectId, Outcome, Rows, RunMode, Trace, Unfilled,
};
use dbwright_ddl::Rows as GeneratedRows;

use super::Progress;
use super::blame::{Failures, words};
use super::bookkeeping;
use super::rebuilds::Rebuilds;
use crate::LiveError;
use crate::fill::sqlite::fill;
use crate::introspect;
use crate::introspect::sqlite::CatalogState;
use crate::scratch::Replayed;
use integrity::Integrity;
use observe::Observer;
use pass::{Batch, Pass, StatementRun, Transactions};
use session::{LIMITS, Limits, Ran, Session};

/// Runs a history on scratch databases of the SQLite in this binary and tells what each statement of the judged
/// migrations does. `progress` is called when a migration begins.
pub fn trace(history: &History, judged: &MigrationSet, progress: &mut dyn FnMut(Progress)) -> Result<Trace, LiveError> {
    trace_within(history, judged, LIMITS, progress)
}

fn trace_within(
    history: &History,
    judged: &MigrationSet,
    limits: Limits,
    progress: &mut dyn FnMut(Progress),
) -> Result<Trace, LiveError> {
    let folder = scratch_folder()?;
    let mut tracer = Tracer::begin(folder.path(), history, limits)?;
    tracer.run(history, judged, 0..history.migrations.len(), progress)?;
    tracer.finish(judged)
}

/// Runs the whole history on a database in a folder, which stays, without rows and without watching.
///
/// # Errors
///
/// When the file system fails; never because of what the migrations say.
pub fn replay(folder: &Path, history: &History) -> Result<Replayed, LiveError> {
    let none = MigrationSet::Only {
        indexes: Vec::new(),
        why: String::new(),
    };
    let mut tracer = Tracer::begin(folder, history, LIMITS)?;
    tracer.run(history, &none, 0..history.migrations.len(), &mut |_| {})?;
    let judged = |effects| MigrationTrace { judged: false, effects };
    Ok(Replayed {
        database: folder.join(REPLAYED).display().to_string(),
        migrations: tracer.effects.into_iter().map(judged).collect(),
        assumptions: tracer.assumptions,
    })
}

/// A folder for the files of one run. What a run that was interrupted has left of it is removed by a later one.
#[cfg(unix)]
type ScratchFolder = crate::scratch::SqliteFolder;
#[cfg(not(unix))]
type ScratchFolder = tempfile::TempDir;

#[cfg(unix)]
fn scratch_folder() -> Result<ScratchFolder, LiveError> {
    ScratchFolder::create()
}

#[cfg(not(unix))]
fn scratch_folder() -> Result<ScratchFolder, LiveError> {
    tempfile::Builder::new()
        .prefix("dbwright-sqlite-")
        .tempdir()
        .map_err(|source| LiveError::io("making a scratch folder", source))
}

/// Splits a history into what runs together. Migrations that are not judged were applied earlier, each by itself.
fn units<'a>(history: &'a History, judged: &MigrationSet) -> Vec<Batch<'a>> {
    let mut units: Vec<Batch<'a>> = Vec::new();
    let mut joins = false;
    for (index, migration) in history.migrations.iter().enumerate() {
        let together = judged.contains(index) && migration.run_mode == RunMode::AllInOneTransaction;
        match units.last_mut() {
            Some(unit) if together && joins => unit.migrations.push((index, migration)),
            _ => units.push(Batch {
                migrations: vec![(index, migration)],
                one_transaction: one_transaction(migration.run_mode),
            }),
        }
        joins = together;
    }
    units
}

fn one_transaction(run_mode: RunMode) -> bool {
    match run_mode {
        RunMode::Transaction | RunMode::AllInOneTransaction => true,
        // SQLite has no implicit transaction over several statements.
        RunMode::EachStatement | RunMode::SimpleQuery => false,
    }
}

/// The file of the replayed database in the scratch folder.
const REPLAYED: &str = "replayed.db";

struct Tracer {
    folder: PathBuf,
    copies: u32,
    replayed: Session,
    transactions: Transactions,
    /// What did not run in the replayed database.
    failures: Failures,
    /// What did not run in the copies.
    failures_on_rows: Failures,
    effects: Vec<Vec<Effect>>,
    unfilled: BTreeMap<ObjectId, Unfilled>,
    rebuilds: Rebuilds,
    assumptions: Vec<String>,
    /// What is known of the catalog of the database that was watched last.
    state: CatalogState,
}

impl Tracer {
    /// A tracer with what exists before the first migration.
    fn begin(folder: &Path, history: &History, limits: Limits) -> Result<Self, LiveError> {
        let replayed = Session::create(&folder.join(REPLAYED), limits)?;
        replayed.set_foreign_keys(history.sqlite_foreign_keys)?;
        let mut tracer = Tracer {
            folder: folder.to_owned(),
            copies: 0,
            replayed,
            transactions: Transactions::default(),
            failures: Failures::default(),
            failures_on_rows: Failures::default(),
            effects: Vec::new(),
            unfilled: BTreeMap::new(),
            rebuilds: Rebuilds::default(),
            assumptions: Vec::new(),
            state: CatalogState::empty(),
        };
        for loaded in history.loaded_first() {
            tracer.load_schema(loaded)?;
        }
        if let Some(sql) = bookkeeping::table(history.tool, dbwright_catalog::Engine::Sqlite) {
            tracer.replayed.run(sql)?;
        }
        Ok(tracer)
    }

    /// Runs these migrations. Those before them have run.
    fn run(
        &mut self,
        history: &History,
        judged: &MigrationSet,
        which: Range<usize>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), LiveError> {
        self.effects.resize(which.end, Vec::new());
        self.rebuilds = Rebuilds::of(history, judged);
        for unit in units(history, judged) {
            let first = unit.migrations[0].0;
            if !which.contains(&first) {
                continue;
            }
            let mut announce = |migration| {
                progress(Progress {
                    migration,
                    migrations: history.migrations.len(),
                });
            };
            if judged.contains(first) {
                self.judge(&unit, &mut announce)?;
            } else {
                announce(first);
                self.replay(&unit)?;
            }
        }
        Ok(())
    }

    fn finish(mut self, judged: &MigrationSet) -> Result<Trace, LiveError> {
        let migrations = self.effects.into_iter().enumerate();
        let migrations: Vec<MigrationTrace> = migrations
            .map(|(index, effects)| MigrationTrace {
                judged: judged.contains(index),
                effects,
            })
            .collect();
        self.assumptions.extend(self.failures.told_before_first(&migrations));
        Ok(Trace {
            server: introspect::sqlite::server(),
            catalog: introspect::sqlite::read(&self.replayed.connection)?,
            migrations,
            unfilled: self.unfilled.into_values().collect(),
            assumptions: self.assumptions,
            predicted: Vec::new(),
            from_cache: 0,
            access: Vec::new(),
            access_changes: Vec::new(),
        })
    }

    fn load_schema(&mut self, (index, schema): (usize, &Migration)) -> Result<(), LiveError> {
        let batch = Batch {
            migrations: vec![(0, schema)],
            one_transaction: one_transaction(schema.run_mode),
        };
        let runs = self.run_replayed(&batch, false)?;
        for (at, (run, statement)) in runs.into_iter().flatten().zip(&schema.statements).enumerate() {
            // Nothing holds rows yet: what failed here has failed with and without them.
            for failures in [&mut self.failures, &mut self.failures_on_rows] {
                match &run.ran {
                    Ran::Done => {}
                    Ran::Failed(error) => {
                        failures.judge(index, at, &statement.text, error.clone());
                    }
                    Ran::Refused(_) => failures.refused(index, at, &statement.text),
                }
            }
            let said = match run.ran {
                Ran::Done => continue,
                Ran::Failed(error) => error.message,
                Ran::Refused(reason) => format!("not sent, {reason}"),
            };
            self.failures.before_first((index, schema), at, &said);
        }
        Ok(())
    }

    /// Runs a batch that is not judged.
    fn replay(&mut self, batch: &Batch<'_>) -> Result<(), LiveError> {
        let runs = self.run_replayed(batch, false)?;
        for ((migration, text), runs) in batch.migrations.iter().zip(runs) {
            for (index, run) in runs.into_iter().enumerate() {
                let known = Known::Unknown("replayed, not judged".to_owned());
                let outcome = self.outcome(*migration, index, &text.statements[index].text, run.ran);
                let effect = Effect::without_observation(known, outcome, run.transaction);
                self.effects[*migration].push(effect);
            }
        }
        Ok(())
    }

    fn judge(&mut self, batch: &Batch<'_>, announce: &mut dyn FnMut(usize)) -> Result<(), LiveError> {
        let with_rows = self.run_on_copy(batch, announce)?;
        let failed = |run: &StatementRun| matches!(run.ran, Ran::Failed(_));
        let watch = with_rows.iter().flatten().any(failed);
        let without_rows = self.run_replayed(batch, watch)?;
        for (((migration, text), with_rows), without_rows) in batch.migrations.iter().zip(with_rows).zip(without_rows) {
            let pairs = with_rows.into_iter().zip(without_rows);
            for (index, (with_rows, without_rows)) in pairs.enumerate() {
                let text = &text.statements[index].text;
                let effect = self.merge(*migration, index, text, with_rows, without_rows);
                self.effects[*migration].push(effect);
            }
        }
        Ok(())
    }

    /// Runs a batch on a copy whose tables hold generated rows.
    fn run_on_copy(
        &mut self,
        batch: &Batch<'_>,
        announce: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<StatementRun>>, LiveError> {
        self.copies += 1;
        let file = self.folder.join(format!("copy-{}.db", self.copies));
        let copy = self.replayed.copy(&file)?;
        let observer = Observer::new(&copy, self.take_state(), Rows::Generated)?;
        let (first, _) = batch.migrations[0];
        announce(first);
        let mut ledger = GeneratedRows::default();
        let mut unfilled = fill_guarded(&copy, &observer, &mut ledger, (&self.rebuilds, first, batch))?;
        let mut integrity = vec![(first, Integrity::read(&copy, observer.catalog()))];
        let mut pass = Pass {
            session: &copy,
            observer: Some(observer),
            transactions: self.transactions,
        };
        let mut runs = pass.run(batch, &mut |session, observer, migration| {
            announce(migration);
            integrity.push((migration, Integrity::read(session, observer.catalog())));
            unfilled.extend(fill_guarded(
                session,
                observer,
                &mut ledger,
                (&self.rebuilds, migration, batch),
            )?);
            Ok(())
        })?;
        let state = pass.observer.map_or_else(CatalogState::empty, Observer::into_state);
        let end = Integrity::read(&copy, state.catalog());
        self.state = state;
        drop(copy);
        // An open file would be of no use any more; that it can't be removed now does no harm.
        let _ = std::fs::remove_file(file);
        add_integrity_notices(batch, &integrity, &end, &mut runs);
        self.keep_unfilled(batch, &runs, unfilled);
        Ok(runs)
    }

    /// Runs a batch on the replayed database, which holds no generated rows.
    fn run_replayed(&mut self, batch: &Batch<'_>, watched: bool) -> Result<Vec<Vec<StatementRun>>, LiveError> {
        let state = watched.then(|| self.take_state());
        let observer = state.map(|state| Observer::new(&self.replayed, state, Rows::None));
        let observer = observer.transpose()?;
        let mut pass = Pass {
            session: &self.replayed,
            observer,
            transactions: self.transactions,
        };
        let runs = pass.run(batch, &mut |_, _, _| Ok(()))?;
        self.transactions = pass.transactions;
        if let Some(observer) = pass.observer {
            self.state = observer.into_state();
        }
        Ok(runs)
    }

    fn take_state(&mut self) -> CatalogState {
        std::mem::replace(&mut self.state, CatalogState::empty())
    }

    /// Puts together what a statement did with rows and without.
    fn merge(
        &mut self,
        migration: usize,
        index: usize,
        text: &str,
        with_rows: StatementRun,
        without_rows: StatementRun,
    ) -> Effect {
        let transaction = without_rows.transaction;
        let mut notices = with_rows.notices;
        let watched = |effect: Option<Effect>, outcome: Outcome| {
            if let Some(effect) = effect {
                Effect { outcome, ..effect }
            } else {
                let known = match &outcome {
                    Outcome::Refused(reason) => Known::Unknown(reason.clone()),
                    Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) | Outcome::FollowsFrom { .. } => {
                        Known::Unknown("it was not watched".to_owned())
                    }
                };
                Effect::without_observation(known, outcome, transaction)
            }
        };
        let mut effect = match (with_rows.ran, without_rows.ran) {
            (Ran::Done, Ran::Done) => watched(with_rows.effect, Outcome::Done),
            (Ran::Done, Ran::Failed(error)) => {
                notices.push(format!("On empty tables it fails: {}", error.message));
                self.failures.judge(migration, index, text, error);
                watched(with_rows.effect, Outcome::Done)
            }
            (Ran::Refused(reason), _) | (_, Ran::Refused(reason)) => {
                self.failures_on_rows.refused(migration, index, text);
                let outcome = self.outcome(migration, index, text, Ran::Refused(reason));
                watched(None, outcome)
            }
            (Ran::Failed(on_rows), Ran::Done) => {
                match self.failures_on_rows.judge(migration, index, text, on_rows) {
                    // It needs what an earlier statement would have made, had it not failed on rows.
                    Outcome::FollowsFrom { .. } => watched(without_rows.effect, Outcome::Done),
                    Outcome::Failed(error) => watched(without_rows.effect, Outcome::FailedOnRows(error)),
                    other => watched(without_rows.effect, other),
                }
            }
            (Ran::Failed(on_rows), Ran::Failed(error)) => {
                self.failures_on_rows.judge(migration, index, text, on_rows);
                let outcome = self.failures.judge(migration, index, text, error);
                watched(with_rows.effect, outcome)
            }
        };
        effect.transaction = transaction;
        effect.notices.append(&mut notices);
        effect
    }

    fn outcome(&mut self, migration: usize, index: usize, text: &str, ran: Ran) -> Outcome {
        match ran {
            Ran::Done => Outcome::Done,
            Ran::Failed(error) => self.failures.judge(migration, index, text, error),
            Ran::Refused(reason) => {
                self.failures.refused(migration, index, text);
                Outcome::Refused(reason)
            }
        }
    }

    /// Only tables that the migrations under review touch need rows.
    fn keep_unfilled(&mut self, batch: &Batch<'_>, runs: &[Vec<StatementRun>], unfilled: Vec<Unfilled>) {
        if unfilled.is_empty() {
            return;
        }
        let statements = batch.migrations.iter().flat_map(|(_, migration)| &migration.statements);
        let mentioned: BTreeSet<String> = statements.flat_map(|statement| words(&statement.text)).collect();
        let effects: Vec<&Effect> = runs.iter().flatten().filter_map(|run| run.effect.as_ref()).collect();
        for table in unfilled {
            let touched = mentioned.contains(&table.table.name().to_lowercase())
                || effects.iter().any(|effect| {
                    effect.scanned.contains(&table.table)
                        || effect.rewritten.contains(&table.table)
                        || effect.rows.iter().any(|rows| rows.table == table.table)
                });
            if touched {
                self.unfilled.insert(table.table.clone(), table);
            }
        }
    }
}

/// Gives rows to all tables whose rows these migrations can meet, but those that are about to be filled. Between the guards, because the triggers that it fires belong to the migrations.
fn fill_guarded(
    session: &Session,
    observer: &Observer,
    ledger: &mut GeneratedRows,
    (rebuilds, migration, batch): (&Rebuilds, usize, &Batch<'_>),
) -> Result<Vec<Unfilled>, LiveError> {
    let catalog = observer.catalog();
    let statements = batch.migrations.iter().flat_map(|(_, migration)| &migration.statements);
    let reached = reach::reachable(catalog, statements.map(|statement| statement.text.as_str()));
    let (now, _) = rebuilds.split(migration, reached.as_ref(), catalog);
    let (unfilled, _) = session.look(|connection| fill(connection, catalog, ledger, now.as_ref()));
    unfilled
}

/// Tells on the last statement of each migration which references it leaves dangling.
fn add_integrity_notices(
    batch: &Batch<'_>,
    before: &[(usize, Integrity)],
    end: &Integrity,
    runs: &mut [Vec<StatementRun>],
) {
    for (place, (migration, _)) in batch.migrations.iter().enumerate() {
        let Some(position) = before.iter().position(|(index, _)| index == migration) else {
            continue;
        };
        let after = before.get(position + 1).map_or(end, |(_, integrity)| integrity);
        // Where a statement failed, what is left behind is not what the migration is meant to leave.
        let failed = runs[place].iter().any(|run| matches!(run.ran, Ran::Failed(_)));
        if let (Some(last), false) = (runs[place].last_mut(), failed) {
            last.notices.extend(after.notices(&before[position].1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dbwright_catalog::{Engine, Statement, Tool};

    use super::*;

    fn history(run_mode: RunMode, texts: &[&str]) -> History {
        let dialect = dbwright_sql::Dialect::server(Engine::Sqlite);
        let statements: Vec<Statement> = dbwright_sql::statements(dialect, &texts.join(";\n"));
        History {
            tool: Tool::File,
            engine: Engine::Sqlite,
            version: None,
            folder: PathBuf::new(),
            migrations: vec![Migration {
                name: "m".to_owned(),
                path: PathBuf::from("m.sql"),
                text: String::new(),
                statements,
                run_mode,
                down: None,
            }],
            sqlite_foreign_keys: false,
            prelude: None,
            left_out: Vec::new(),
            schema: None,
            findings: Vec::new(),
        }
    }

    #[test]
    fn a_statement_that_never_ends_is_stopped_and_the_others_run() {
        let endless = "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                       SELECT i FROM n WHERE i < 0";
        let texts = ["CREATE TABLE t (a)", endless, "CREATE TABLE u (a)"];
        for run_mode in [RunMode::EachStatement, RunMode::Transaction] {
            let history = history(run_mode, &texts);
            let limits = Limits {
                time: Duration::from_millis(100),
                ..LIMITS
            };
            let trace = trace_within(&history, &MigrationSet::All, limits, &mut |_| {}).unwrap();
            let effects = &trace.migrations[0].effects;
            let error = effects[1].outcome.error().unwrap();
            assert_eq!(error.code, "SQLITE_INTERRUPT");
            assert_eq!(error.message, "stopped by dbwright after 0.1 s");
            assert_eq!(effects[2].outcome, Outcome::Done);
            let tables: Vec<_> = trace.catalog.tables().map(|(id, _)| id.name()).collect();
            assert_eq!(tables, ["t", "u"]);
        }
    }

    #[test]
    fn a_statement_that_fills_the_database_is_stopped_and_the_others_run() {
        let large = "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                     SELECT zeroblob(10000) FROM n";
        let history = history(
            RunMode::Transaction,
            &["CREATE TABLE t (a)", large, "CREATE TABLE u (a)"],
        );
        let limits = Limits { pages: 100, ..LIMITS };
        let trace = trace_within(&history, &MigrationSet::All, limits, &mut |_| {}).unwrap();
        let effects = &trace.migrations[0].effects;
        let error = effects[1].outcome.error().unwrap();
        assert_eq!(error.code, "SQLITE_FULL");
        assert_eq!(error.message, "stopped by dbwright: more than 100 pages");
        assert_eq!(effects[2].outcome, Outcome::Done);
    }
}
