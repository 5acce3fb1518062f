//! Trying ways back on SQLite: each migration on a copy of the database as it is before it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use dbwright_catalog::{Again, Catalog, Engine, History, Migration, ObjectId, Outcome, Rollback, RoundTrip, Trace};
use dbwright_ddl::{Rows, qualified_name, quote_identifier};
use rusqlite::Connection;

use super::contents::{TableContents, stored_columns};
use super::together::{Before, Step, Unwinding};
use super::{
    Contents, Tried, Way, differences, lost, may_be_one_of_several, rollback, rows_fit, tables_concerned, went_up,
};
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
    let mut schemas = Before::default();
    for &index in to_try {
        trial.go_to(index)?;
        let one = match try_one(&mut trial, history, trace, index, &mut schemas) {
            // A migration can lock its own database, or leave it unreadable.
            Err(LiveError::Sqlite { doing, source }) => Err(format!("{doing} failed: {source}")),
            one => one?,
        };
        tried.push(rollback(index, one));
    }
    Ok(tried)
}

fn try_one(
    trial: &mut Trial<'_>,
    history: &History,
    trace: &Trace,
    index: usize,
    schemas: &mut Before,
) -> Result<Tried, LiveError> {
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
    schemas.put(index, &before);
    let (mut tried, mut seen) = round_trip(&mut copy, migration, &back, &before, &tables)?;
    if tried.is_err() && !ledger.is_empty() {
        // These rows do not fit; others did when it was watched.
        copy = trial.copy()?;
        (tried, seen) = round_trip(&mut copy, migration, &back, &before, &tables)?;
    }
    schemas.tried(index, &tried);
    if let (Ok(trip), Some((up, after))) = (&mut tried, seen)
        && may_be_one_of_several(trip)
    {
        let unwinding = Unwinding::new(history, schemas, index, (&up, &after), &Again::Same);
        let unwinding = unwind(&mut trial.copy()?, history, index, unwinding)?;
        (trip.together, trip.left_together) = unwinding.found(&trip.differences);
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

/// Goes up, back and further back on a database without rows, and up again, as far as that is asked for.
fn unwind<'u>(
    copy: &mut Copy,
    history: &History,
    top: usize,
    mut unwinding: Unwinding<'u>,
) -> Result<Unwinding<'u>, LiveError> {
    copy.run(&history.migrations[top])?;
    loop {
        match unwinding.next() {
            Step::Back(index) => {
                copy.renew_session()?;
                let way = match history.migrations[index].back() {
                    Some(back) => Way::of(&copy.run(&back)?),
                    None => Way::Done,
                };
                unwinding.went(&way);
            }
            Step::Up(index) => {
                copy.renew_session()?;
                unwinding.went(&Way::of(&copy.run(&history.migrations[index])?));
            }
            Step::Read => unwinding.read(&read(copy)?),
            Step::Done => return Ok(unwinding),
        }
    }
}

fn round_trip(
    copy: &mut Copy,
    migration: &Migration,
    back: &Migration,
    before: &Catalog,
    tables: &BTreeSet<ObjectId>,
) -> Result<(Tried, Option<(Catalog, Catalog)>), LiveError> {
    let held = contents(copy, before, tables)?;
    if let Err(reason) = went_up(&copy.run(migration)?) {
        return Ok((Err(reason), None));
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
        together: None,
        left_together: Vec::new(),
    };
    match Way::of(&copy.run(back)?) {
        Way::Done => {}
        Way::Failed(failure) => {
            trip.failure = Some(failure);
            return Ok((Ok(trip), None));
        }
        Way::NotRun(reason) => return Ok((Err(reason), None)),
    }
    let after = read(copy)?;
    trip.goes_back = !differences(&up, &after).is_empty();
    trip.differences = differences(before, &after);
    let left = contents(copy, &after, tables)?;
    trip.lost = lost((migration, back), before, (&held, &between, &left));
    copy.renew_session()?;
    trip.again = match Way::of(&copy.run(migration)?) {
        Way::Done => match differences(&up, &read(copy)?) {
            differences if differences.is_empty() => Again::Same,
            differences => Again::Other(differences),
        },
        Way::Failed(failure) => Again::Fails(failure),
        Way::NotRun(_) => Again::NotTried,
    };
    Ok((Ok(trip), Some((up, after))))
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
    let mut contents = TableContents::of(catalog, table);
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(names.len());
        for place in 0..names.len() {
            let value: String = row.get(place)?;
            values.push((value != "NULL").then(|| Cow::Owned(value.into_bytes())));
        }
        contents.add(&names, &values);
    }
    Ok(contents)
}
