//! Trying ways back on MySQL and MariaDB.
//!
//! Databases can't be copied there, and definitions commit. As long as a migration can go back and come again to where it was,
//! the next one is tried in the same database; where one can't, the history begins anew.

use std::borrow::Cow;
use std::collections::BTreeSet;

use dbwright_catalog::{
    Again, Catalog, Effect, History, Migration, ObjectId, Outcome, Rollback, RollbackOutcome, RoundTrip, Trace,
    WayFailure,
};
use dbwright_ddl::{qualified_name, quote_identifier};
use mysql_async::Value;

use super::contents::{TableContents, stored_columns};
use super::together::{Before, Step, Unwinding};
use super::{
    Contents, Tried, Way, did_nothing, differences, lost, may_be_one_of_several, rollback, rows_fit, tables_concerned,
    went_up,
};
use crate::LiveError;
#[cfg(unix)]
use crate::cache::HistoryCache;
use crate::introspect::mysql_family::session::values;
use crate::scratch::mysql_family::MySqlFamilyScratch;
#[cfg(unix)]
use crate::scratch::mysql_family::Programs;
#[cfg(unix)]
use crate::trace::mysql_family::Ground;
use crate::trace::mysql_family::{Limits, Runner};

/// Tries the ways back of these migrations.
///
/// On a server that has run this history before, what it made outside of its database is there already.
///
/// # Errors
///
/// When the server or a session breaks.
pub async fn try_ways_back(
    scratch: &MySqlFamilyScratch,
    history: &History,
    trace: &Trace,
    to_try: &[usize],
) -> Result<Vec<Rollback>, LiveError> {
    let mut task = Task::new(history, trace, to_try);
    while !task.is_done() {
        let round = async {
            let mut runner = Runner::new(scratch, Limits::default()).await?;
            runner.begin(history).await?;
            task.one_round(runner, 0).await
        };
        if let Err(error) = round.await {
            return Err(scratch.why(error).await);
        }
    }
    Ok(task.tried)
}

/// Tries the ways back as [`try_ways_back`] does, on servers of our own, from where an earlier run has come to.
///
/// # Errors
///
/// When the server or a session breaks.
#[cfg(unix)]
pub async fn try_ways_back_kept(
    programs: &Programs,
    cache: &HistoryCache,
    history: &History,
    trace: &Trace,
    to_try: &[usize],
) -> Result<Vec<Rollback>, LiveError> {
    let mut task = Task::new(history, trace, to_try);
    while !task.is_done() {
        // Another server: accounts and databases that the history makes are here already.
        let ground = Ground::resume(programs, cache).await?;
        let round = async {
            let runner = ground.runner(history).await?;
            task.one_round(runner, ground.len()).await
        };
        let round = match round.await {
            Ok(()) => Ok(()),
            Err(error) => Err(ground.scratch.why(error).await),
        };
        ground.scratch.stop().await?;
        round?;
    }
    Ok(task.tried)
}

/// What is to be done, and what is done of it.
struct Task<'a> {
    history: &'a History,
    trace: &'a Trace,
    to_try: &'a [usize],
    tried: Vec<Rollback>,
    /// Whether the rows may have been in the way of the last one, so that it is to be tried without.
    is_unsure: bool,
    /// The migration that does not go up with the rows that it was given.
    without_rows: Option<usize>,
    schemas: Before,
}

impl<'a> Task<'a> {
    fn new(history: &'a History, trace: &'a Trace, to_try: &'a [usize]) -> Self {
        Task {
            history,
            trace,
            to_try,
            tried: Vec::with_capacity(to_try.len()),
            is_unsure: false,
            without_rows: None,
            schemas: Before::default(),
        }
    }

    fn is_done(&self) -> bool {
        self.tried.len() >= self.to_try.len() && !self.is_unsure
    }

    /// Tries what is left, until the database is not where the history is any more. `next` is the migration that comes next.
    async fn one_round(&mut self, runner: Runner<'_>, next: usize) -> Result<(), LiveError> {
        let mut chain = Chain {
            runner,
            history: self.history,
            next,
            catalog: None,
            looked_without_rows: false,
        };
        if std::mem::take(&mut self.is_unsure) {
            if let Some(last) = self.tried.last_mut() {
                chain.look_without_rows(last).await?;
            }
            return chain.runner.leave().await;
        }
        for &index in &self.to_try[self.tried.len()..] {
            let fills = self.without_rows != Some(index) && rows_fit(self.trace, index);
            let tried = chain.try_one(self.trace, index, fills, &mut self.schemas).await?;
            if tried.is_err() && chain.runner.has_rows() {
                self.without_rows = Some(index);
                break;
            }
            let is_back = chain.catalog.is_some();
            self.is_unsure = matches!(&tried, Ok(trip) if trip.failure.is_some())
                && !chain.looked_without_rows
                && chain.runner.has_rows();
            self.tried.push(rollback(index, tried));
            if !is_back {
                break;
            }
        }
        chain.runner.leave().await
    }
}

/// A database in which migrations go up, back and up again, one after the other.
struct Chain<'a> {
    runner: Runner<'a>,
    history: &'a History,
    /// The migration that comes next.
    next: usize,
    /// The schema before that one, where it is known.
    catalog: Option<Catalog>,
    /// Whether the way back that failed was tried without rows as well.
    looked_without_rows: bool,
}

impl Chain<'_> {
    async fn go_to(&mut self, index: usize) -> Result<(), LiveError> {
        let between = self.history.migrations.iter().enumerate().take(index).skip(self.next);
        for (index, migration) in between {
            self.runner.run_migration(index, migration).await?;
            self.catalog = None;
        }
        self.next = index + 1;
        Ok(())
    }

    async fn try_one(
        &mut self,
        trace: &Trace,
        index: usize,
        fills: bool,
        schemas: &mut Before,
    ) -> Result<Tried, LiveError> {
        self.go_to(index).await?;
        let migration = &self.history.migrations[index];
        let Some(back) = migration.back() else {
            return Ok(Err("it has no way back".to_owned()));
        };
        let before = match self.catalog.take() {
            Some(catalog) => catalog,
            None => self.runner.read_whole().await?,
        };
        let tables = tables_concerned(self.history, index, trace, &before);
        if fills && !tables.is_empty() {
            self.runner.prepare_tables(tables.clone()).await?;
        }
        schemas.put(index, &before);
        self.looked_without_rows = false;
        let (mut tried, seen) = self.round_trip(index, (migration, &back), &before, &tables).await?;
        schemas.tried(index, &tried);
        let is_one_of_several = matches!(&tried, Ok(trip) if may_be_one_of_several(trip));
        if self.catalog.is_some() || is_one_of_several {
            // What comes next must not meet rows that it would not meet otherwise.
            self.runner.take_rows_out().await?;
        }
        if let (Ok(trip), true, Some((up, after))) = (&mut tried, is_one_of_several, seen) {
            let unwinding = Unwinding::new(self.history, schemas, index, (&up, &after), &trip.again);
            (trip.together, trip.left_together) = self.unwind(unwinding).await?.found(&trip.differences);
        }
        Ok(tried)
    }

    /// Goes back further and up again, as far as that is asked for.
    async fn unwind<'u>(&mut self, mut unwinding: Unwinding<'u>) -> Result<Unwinding<'u>, LiveError> {
        self.catalog = None;
        loop {
            match unwinding.next() {
                Step::Back(index) => {
                    let way = match self.history.migrations[index].back() {
                        Some(back) => way(&self.runner.run_apart(index, &back).await?),
                        None => Way::Done,
                    };
                    unwinding.went(&way);
                }
                Step::Up(index) => {
                    let effects = self.runner.run_apart(index, &self.history.migrations[index]).await?;
                    unwinding.went(&way(&effects));
                }
                Step::Read => {
                    let now = self.runner.read_whole().await?;
                    unwinding.read(&now);
                    if unwinding.is_back() {
                        self.catalog = Some(now);
                    }
                }
                Step::Done => return Ok(unwinding),
            }
        }
    }

    /// After a way back that failed before it did anything: whether it is the rows that are in its way. Where it fails
    /// without them as well, the database is where it was.
    async fn after_failure(
        &mut self,
        (index, back): (usize, &Migration),
        failure: &mut WayFailure,
        up: &Catalog,
    ) -> Result<(), LiveError> {
        if self.runner.has_rows() {
            self.runner.take_rows_out().await?;
            let effects = self.runner.run_apart(index, back).await?;
            self.looked_without_rows = true;
            failure.on_rows = effects
                .get(failure.statement)
                .is_some_and(|effect| effect.outcome == Outcome::Done);
            if !did_nothing(&effects) {
                return Ok(());
            }
        }
        self.catalog = Some(self.runner.read_whole().await?).filter(|now| differences(up, now).is_empty());
        Ok(())
    }

    async fn round_trip(
        &mut self,
        index: usize,
        (migration, back): (&Migration, &Migration),
        before: &Catalog,
        tables: &BTreeSet<ObjectId>,
    ) -> Result<(Tried, Option<(Catalog, Catalog)>), LiveError> {
        let held = self.contents(before, tables).await?;
        let effects = self.runner.run_migration(index, migration).await?;
        if let Err(reason) = went_up(effects.iter().map(|effect| &effect.outcome)) {
            return Ok((Err(reason), None));
        }
        let up = self.runner.read_whole().await?;
        let between = self.contents(&up, tables).await?;
        let mut trip = RoundTrip {
            server: self.runner.server().clone(),
            failure: None,
            changes_schema: !differences(before, &up).is_empty(),
            goes_back: false,
            differences: Vec::new(),
            lost: Vec::new(),
            again: Again::NotTried,
            together: None,
            left_together: Vec::new(),
        };
        let effects = self.runner.run_apart(index, back).await?;
        match way(&effects) {
            Way::Done => {}
            Way::Failed(mut failure) => {
                if did_nothing(&effects) {
                    self.after_failure((index, back), &mut failure, &up).await?;
                }
                trip.failure = Some(failure);
                return Ok((Ok(trip), None));
            }
            Way::NotRun(reason) => return Ok((Err(reason), None)),
        }
        let after = self.runner.read_whole().await?;
        trip.goes_back = !differences(&up, &after).is_empty();
        trip.differences = differences(before, &after);
        let left = self.contents(&after, tables).await?;
        trip.lost = lost((migration, back), before, (&held, &between, &left));
        trip.again = match way(&self.runner.run_apart(index, migration).await?) {
            Way::Done => {
                let again = self.runner.read_whole().await?;
                let differences = differences(&up, &again);
                if differences.is_empty() {
                    self.catalog = Some(again);
                    Again::Same
                } else {
                    Again::Other(differences)
                }
            }
            Way::Failed(failure) => Again::Fails(failure),
            Way::NotRun(_) => Again::NotTried,
        };
        Ok((Ok(trip), Some((up, after))))
    }

    /// Whether the statement that failed on the way back runs where there are no rows.
    async fn look_without_rows(&mut self, last: &mut Rollback) -> Result<(), LiveError> {
        let index = last.migration;
        self.go_to(index).await?;
        let migration = &self.history.migrations[index];
        let RollbackOutcome::Ran(trip) = &mut last.outcome else {
            return Ok(());
        };
        if let (Some(failure), Some(back)) = (&mut trip.failure, migration.back()) {
            let up = self.runner.run_migration(index, migration).await?;
            let effects = self.runner.run_apart(index, &back).await?;
            let passes = effects
                .get(failure.statement)
                .is_some_and(|effect| effect.outcome == Outcome::Done);
            failure.on_rows = passes && went_up(up.iter().map(|effect| &effect.outcome)).is_ok();
        }
        Ok(())
    }

    /// What tables hold. A table that can't be read holds nothing that could be lost.
    async fn contents(&mut self, catalog: &Catalog, tables: &BTreeSet<ObjectId>) -> Result<Contents, LiveError> {
        let engine = catalog.server.engine;
        let mut contents = Contents::default();
        for table in tables.iter().filter(|table| catalog.get(table).is_some()) {
            let columns = stored_columns(catalog, table);
            let names = columns.iter().map(|name| quote_identifier(engine, name));
            let selected: Vec<String> = names.chain(["1".to_owned()]).collect();
            let sql = format!("SELECT {} FROM {}", selected.join(", "), qualified_name(engine, table));
            let rows = match values(self.runner.reader(), &sql).await {
                Ok(sets) => sets.into_iter().flatten(),
                Err(mysql_async::Error::Server(_)) => continue,
                Err(source) => return Err(LiveError::mysql_family("comparing rows", source)),
            };
            let mut of_table = TableContents::of(catalog, table);
            for row in rows {
                let values = row.into_iter().take(columns.len()).map(|value| match value {
                    Value::NULL => None,
                    Value::Bytes(bytes) => Some(Cow::Owned(bytes)),
                    other => Some(Cow::Owned(other.as_sql(true).into_bytes())),
                });
                of_table.add(&columns, &values.collect::<Vec<_>>());
            }
            contents.tables.insert(table.clone(), of_table);
        }
        Ok(contents)
    }
}

fn way(effects: &[Effect]) -> Way {
    Way::of(effects.iter().map(|effect| &effect.outcome))
}
