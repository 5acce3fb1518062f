//! Trying ways back on PostgreSQL.
//!
//! As long as a migration can go back and come again to where it was, the next one is tried in the same database (a *chain*).
//! Where one can't, the database is given up for a copy of one in which the history runs as it stands.

use std::borrow::Cow;
use std::collections::BTreeSet;

use dbwright_catalog::{
    Again, Catalog, Effect, Engine, History, Migration, ObjectId, Rollback, RoundTrip, TableKind, Trace,
};
use dbwright_ddl::{qualified_name, quote_identifier};

use super::contents::{TableContents, stored_columns};
use super::together::{Before, Step, Unwinding};
use super::{
    Contents, Tried, Way, did_nothing, differences, lost, may_be_one_of_several, rollback, rows_fit, tables_concerned,
    went_up,
};
use crate::LiveError;
#[cfg(unix)]
use crate::cache::HistoryCache;
use crate::introspect::postgres::{Frame, read_only, read_whole};
use crate::prove_plan::postgres::fingerprint::without_policies;
use crate::scratch::postgres::PostgresScratch;
#[cfg(unix)]
use crate::scratch::postgres::Programs;
#[cfg(unix)]
use crate::trace::postgres::resume;
use crate::trace::postgres::{Base, Prefix, Runner};

/// Tries the ways back of these migrations.
///
/// On a server that has run this history before, what it made outside of its database is there already.
///
/// # Errors
///
/// When the server or a session breaks.
pub async fn try_ways_back(
    scratch: &PostgresScratch,
    history: &History,
    trace: &Trace,
    to_try: &[usize],
) -> Result<Vec<Rollback>, LiveError> {
    match try_all(scratch, history, None, trace, to_try).await {
        Ok(tried) => Ok(tried),
        Err(error) => Err(scratch.why(error).await),
    }
}

/// Tries the ways back as [`try_ways_back`] does, on a server of our own, from where an earlier run has come to.
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
    let (scratch, prefix) = resume(programs, cache).await?;
    let tried = match try_all(&scratch, history, prefix.as_ref(), trace, to_try).await {
        Ok(tried) => Ok(tried),
        Err(error) => Err(scratch.why(error).await),
    };
    scratch.stop().await?;
    tried
}

async fn try_all(
    scratch: &PostgresScratch,
    history: &History,
    prefix: Option<&Prefix>,
    trace: &Trace,
    to_try: &[usize],
) -> Result<Vec<Rollback>, LiveError> {
    if let [only] = to_try {
        // Nothing comes after it, so that nothing has to be kept as it is.
        let mut chain = Chain {
            runner: Runner::at(scratch, history, prefix).await?,
            next: prefix.map_or(0, Prefix::len),
            catalog: None,
        };
        let tried = chain.try_one(history, trace, *only, &mut Before::default()).await?;
        chain.runner.discard().await?;
        return Ok(vec![rollback(*only, tried)]);
    }
    let mut base = Base::begin(scratch, history, prefix).await?;
    let mut chain: Option<Chain<'_>> = None;
    let mut all = Vec::with_capacity(to_try.len());
    let mut before = Before::default();
    for &index in to_try {
        let mut running = if let Some(running) = chain.take() {
            running
        } else {
            base.go_to(index).await?;
            Chain {
                runner: base.copy().await?,
                next: base.next(),
                catalog: None,
            }
        };
        let tried = running.try_one(history, trace, index, &mut before).await?;
        // Only then does the next migration find what it would find otherwise.
        if running.catalog.is_some() {
            chain = Some(running);
        } else {
            running.runner.discard().await?;
        }
        all.push(rollback(index, tried));
    }
    if let Some(chain) = chain {
        chain.runner.discard().await?;
    }
    base.discard().await?;
    Ok(all)
}

/// A database in which migrations go up, back and up again, one after the other.
struct Chain<'a> {
    runner: Runner<'a>,
    /// The migration that comes next.
    next: usize,
    /// The schema before that one, where it is known.
    catalog: Option<Catalog>,
}

impl Chain<'_> {
    async fn try_one(
        &mut self,
        history: &History,
        trace: &Trace,
        index: usize,
        schemas: &mut Before,
    ) -> Result<Tried, LiveError> {
        let between = history.migrations.iter().enumerate().take(index).skip(self.next);
        for (index, migration) in between {
            self.runner.run_migration(index, migration, migration.run_mode).await?;
            self.catalog = None;
        }
        let migration = &history.migrations[index];
        let Some(back) = migration.back() else {
            return Ok(Err("it has no way back".to_owned()));
        };
        let before = match self.catalog.take() {
            Some(catalog) => catalog,
            None => self.read().await?,
        };
        let tables = tables_concerned(history, index, trace, &before);
        let since = self.runner.next_transaction_id().await?;
        let fills = rows_fit(trace, index) && !tables.is_empty();
        if fills {
            self.runner.prepare_tables(tables.clone()).await?;
        }
        schemas.put(index, &before);
        let (mut tried, seen) = self.round_trip(index, (migration, &back), &before, &tables).await?;
        schemas.tried(index, &tried);
        let is_one_of_several = matches!(&tried, Ok(trip) if may_be_one_of_several(trip));
        if fills && (self.catalog.is_some() || is_one_of_several) {
            // What comes next must not meet rows that it would not meet otherwise.
            self.runner.read_changes(since).await?;
            self.runner.remove_rows().await?;
        }
        if let (Ok(trip), true, Some((up, after))) = (&mut tried, is_one_of_several, seen) {
            let unwinding = Unwinding::new(history, schemas, index, (&up, &after), &trip.again);
            (trip.together, trip.left_together) = self.unwind(history, unwinding).await?.found(&trip.differences);
        }
        self.next = index + 1;
        Ok(tried)
    }

    /// Goes back further and up again, as far as that is asked for.
    async fn unwind<'u>(
        &mut self,
        history: &History,
        mut unwinding: Unwinding<'u>,
    ) -> Result<Unwinding<'u>, LiveError> {
        self.catalog = None;
        loop {
            match unwinding.next() {
                Step::Back(index) => {
                    let way = match history.migrations[index].back() {
                        Some(back) => way(&self.runner.run_apart(index, &back).await?),
                        None => Way::Done,
                    };
                    unwinding.went(&way);
                }
                Step::Up(index) => {
                    let effects = self.runner.run_apart(index, &history.migrations[index]).await?;
                    unwinding.went(&way(&effects));
                }
                Step::Read => {
                    let now = self.read().await?;
                    unwinding.read(&now);
                    if unwinding.is_back() {
                        self.catalog = Some(now);
                    }
                }
                Step::Done => return Ok(unwinding),
            }
        }
    }

    async fn round_trip(
        &mut self,
        index: usize,
        (migration, back): (&Migration, &Migration),
        before: &Catalog,
        tables: &BTreeSet<ObjectId>,
    ) -> Result<(Tried, Option<(Catalog, Catalog)>), LiveError> {
        let mut held = self.contents(before, tables).await?;
        let effects = self.runner.run_migration(index, migration, migration.run_mode).await?;
        match went_up(effects.iter().map(|effect| &effect.outcome)) {
            Ok(true) => {}
            // They were taken out, so that they are not there for the way back.
            Ok(false) => held = Contents::default(),
            Err(reason) => return Ok((Err(reason), None)),
        }
        let up = self.read().await?;
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
            Way::Failed(failure) => {
                if !failure.on_rows && did_nothing(&effects) {
                    self.catalog = Some(self.read().await?).filter(|now| differences(&up, now).is_empty());
                }
                trip.failure = Some(failure);
                return Ok((Ok(trip), None));
            }
            Way::NotRun(reason) => return Ok((Err(reason), None)),
        }
        let after = self.read().await?;
        trip.goes_back = !differences(&up, &after).is_empty();
        trip.differences = differences(before, &after);
        let left = self.contents(&after, tables).await?;
        trip.lost = lost((migration, back), before, (&held, &between, &left));
        trip.again = match way(&self.runner.run_apart(index, migration).await?) {
            Way::Done => {
                let again = self.read().await?;
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

    async fn read(&mut self) -> Result<Catalog, LiveError> {
        let server = self.runner.server().clone();
        Ok(read_whole(self.runner.look().await?, &server).await?.catalog)
    }

    /// What tables hold.
    async fn contents(&mut self, catalog: &Catalog, tables: &BTreeSet<ObjectId>) -> Result<Contents, LiveError> {
        let ordinary = catalog.tables().filter(|(_, table)| table.kind == TableKind::Ordinary);
        let present: Vec<&ObjectId> = ordinary.map(|(id, _)| id).filter(|id| tables.contains(id)).collect();
        if present.is_empty() {
            return Ok(Contents::default());
        }
        let columns: Vec<Vec<&str>> = present.iter().map(|table| stored_columns(catalog, table)).collect();
        let policies = without_policies(catalog);
        let selects = present.iter().zip(&columns).map(|(table, columns)| {
            let names = columns.iter().map(|name| quote_identifier(Engine::Postgres, name));
            let values: Vec<String> = names.chain(["1".to_owned()]).collect();
            let table = qualified_name(Engine::Postgres, table);
            format!("SELECT {} FROM ONLY {table}", values.join(", "))
        });
        let sql: Vec<String> = policies.iter().cloned().chain(selects).collect();
        let sql: Vec<&str> = sql.iter().map(String::as_str).collect();
        let answers = match read_only(self.runner.look().await?, Frame::Alone, &sql).await {
            Ok(answers) => answers,
            // A migration can take the right to read from itself.
            Err(LiveError::Postgres { source, .. }) if source.as_db_error().is_some() => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut contents = Contents::default();
        // What switches policies off gives no rows, and no result of its own.
        for ((table, columns), rows) in present.into_iter().zip(columns).zip(answers) {
            let mut of_table = TableContents::of(catalog, table);
            for row in rows {
                let value = |place: usize| row.try_get(place).ok().flatten();
                let values = (0..columns.len()).map(|place| value(place).map(|text| Cow::Borrowed(text.as_bytes())));
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
