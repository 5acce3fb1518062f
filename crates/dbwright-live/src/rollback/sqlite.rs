//! Trying ways back on SQLite: each migration on a copy of the database as it is before it.

use std::collections::BTreeSet;

use dbwright_catalog::{Again, Catalog, Engine, History, Migration, ObjectId, Outcome, Rollback, RoundTrip, Trace};
use dbwright_ddl::{Rows, qualified_name, quote_identifier};
use rusqlite::Connection;

use super::contents::{TableContents, stored_columns};
use super::{Contents, Tried, Way, differences, rollback, rows_fit, tables_concerned, went_up};
use crate::LiveError;
use crate::cache::HistoryCache;
use crate::fill::sqlite::fill;
use crate::introspect::sqlite::{read_whole, server};
use crate::trace::sqlite::{Copy, Trial};

/// Tries the ways back of these migrations. What an earlier run has kept of the history is not run again.
///
/// # Errors
///
/// When the file system fails; never because of what the migrations say.
pub fn try_ways_back(
    cache: Option<&HistoryCache>,
    history: &History,
    trace: &Trace,
    to_try: &[usize],
) -> Result<Vec<Rollback>, LiveError> {
    let mut trial = Trial::begin(cache, history)?;
    let mut tried = Vec::with_capacity(to_try.len());
    for &index in to_try {
        trial.go_to(index)?;
        let one = match try_one(&mut trial, history, trace, index) {
            // A migration can lock its own database, or leave it unreadable.
            Err(LiveError::Sqlite { doing, source }) => Err(format!("{doing} failed: {source}")),
            one => one?,
        };
        tried.push(rollback(index, one));
    }
    Ok(tried)
}

fn try_one(trial: &mut Trial<'_>, history: &History, trace: &Trace, index: usize) -> Result<Tried, LiveError> {
    let migration = &history.migrations[index];
    let Some(back) = migration.back() else {
        return Ok(Err("it has no way back".to_owned()));
    };
    let mut copy = trial.copy()?;
    let before = read(&copy)?;
    let tables = tables_concerned(history, index, trace, &before);
    let mut ledger = Rows::default();
    if rows_fit(trace, index) {
        // What takes no rows is told by the trace.
        copy.guarded(|connection| fill(connection, &before, &mut ledger, Some(&tables)))?;
    }
    let mut tried = round_trip(&mut copy, migration, &back, &before, &tables)?;
    if tried.is_err() && !ledger.is_empty() {
        // These rows do not fit; others did when it was watched.
        copy = trial.copy()?;
        tried = round_trip(&mut copy, migration, &back, &before, &tables)?;
    }
    if let Ok(RoundTrip {
        failure: Some(failure), ..
    }) = &mut tried
    {
        // Whether it is the rows that are in the way shows where there are none.
        let mut empty = trial.copy()?;
        let is_up = went_up(&empty.run(migration)?).is_ok();
        empty.renew_session()?;
        failure.on_rows = is_up && empty.run(&back)?.get(failure.statement) == Some(&Outcome::Done);
    }
    Ok(tried)
}

fn round_trip(
    copy: &mut Copy,
    migration: &Migration,
    back: &Migration,
    before: &Catalog,
    tables: &BTreeSet<ObjectId>,
) -> Result<Tried, LiveError> {
    let held = contents(copy, before, tables)?;
    if let Err(reason) = went_up(&copy.run(migration)?) {
        return Ok(Err(reason));
    }
    let up = read(copy)?;
    let between = contents(copy, &up, tables)?;
    copy.renew_session()?;
    let mut trip = RoundTrip {
        server: server(),
        failure: None,
        changes_schema: !differences(before, &up).is_empty(),
        goes_back: false,
        differences: Vec::new(),
        lost: Vec::new(),
        again: Again::NotTried,
    };
    match Way::of(&copy.run(back)?) {
        Way::Done => {}
        Way::Failed(failure) => {
            trip.failure = Some(failure);
            return Ok(Ok(trip));
        }
        Way::NotRun(reason) => return Ok(Err(reason)),
    }
    let after = read(copy)?;
    trip.goes_back = !differences(&up, &after).is_empty();
    trip.differences = differences(before, &after);
    trip.lost = held.lost(&between, &contents(copy, &after, tables)?);
    copy.renew_session()?;
    trip.again = match Way::of(&copy.run(migration)?) {
        Way::Done => match differences(&up, &read(copy)?) {
            differences if differences.is_empty() => Again::Same,
            differences => Again::Other(differences),
        },
        Way::Failed(failure) => Again::Fails(failure),
        Way::NotRun(_) => Again::NotTried,
    };
    Ok(Ok(trip))
}

fn read(copy: &Copy) -> Result<Catalog, LiveError> {
    Ok(read_whole(&mut copy.look()?)?.catalog)
}

/// What tables hold. A table that can't be read (its module is missing) holds nothing that could be lost.
fn contents(copy: &Copy, catalog: &Catalog, tables: &BTreeSet<ObjectId>) -> Result<Contents, LiveError> {
    let connection = copy.look()?;
    let present = tables.iter().filter(|table| catalog.get(table).is_some());
    let read = present.filter_map(|table| Some((table.clone(), of_table(&connection, catalog, table).ok()?)));
    Ok(Contents { tables: read.collect() })
}

fn of_table(connection: &Connection, catalog: &Catalog, table: &ObjectId) -> rusqlite::Result<TableContents> {
    let names = stored_columns(catalog, table);
    let quoted = |name: &&str| format!("quote({})", quote_identifier(Engine::Sqlite, name));
    let values: Vec<String> = names.iter().map(quoted).chain(["1".to_owned()]).collect();
    let sql = format!(
        "SELECT {} FROM {}",
        values.join(", "),
        qualified_name(Engine::Sqlite, table)
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut contents = TableContents::of_columns(&names);
    while let Some(row) = rows.next()? {
        contents.rows += 1;
        for (place, name) in names.iter().enumerate() {
            let value: String = row.get(place)?;
            contents.add(name, (value != "NULL").then_some(value.as_bytes()));
        }
    }
    Ok(contents)
}
