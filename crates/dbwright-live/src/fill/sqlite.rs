//! Generated rows on SQLite.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, Engine, ObjectId, Unfilled};
use dbwright_ddl::{Row, Rows, delete_sql, insert_sql, qualified_name, quote_bytes, quote_literal};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode};

use super::attempt::{Guesses, Refusal};
use super::reach::Reach;
use super::scope::{
    REMOVE_ROUNDS_MAX, ROWS_READ_MAX, Scope, children_first, has_triggers, missing, next_index, reconcile,
};
use crate::LiveError;

/// Gives tables the generated rows they lack: all tables, or `only` these and those they refer to. Foreign keys are
/// checked if the connection checks them. What was inserted stands in the ledger afterwards, with the values that the
/// database gave it.
///
/// Tables that were asked for and have too few rows come back with the reason.
pub fn fill(
    connection: &Connection,
    catalog: &Catalog,
    ledger: &mut Rows,
    only: Option<&BTreeSet<ObjectId>>,
) -> Result<Vec<Unfilled>, LiveError> {
    let scope = Scope::of(catalog, only);
    let mut filler = Filler {
        session: Session { connection },
        catalog,
        ledger,
        scope,
        empty: BTreeSet::new(),
    };
    filler.session.must("SAVEPOINT dbwright_fill")?;
    let before = filler.ledger.clone();
    let done = filler.fill();
    let outcome = finish(filler.session, done.is_ok()).and(done);
    if outcome.is_err() {
        *filler.ledger = before;
    }
    outcome.map(|()| filler.scope.unfilled)
}

/// Takes the generated rows out again, children first, without firing triggers. What can't be deleted, because other rows
/// refer to it, stays in the ledger.
pub fn remove(connection: &Connection, catalog: &Catalog, ledger: &mut Rows) -> Result<(), LiveError> {
    if ledger.is_empty() {
        return Ok(());
    }
    let session = Session { connection };
    session.must("SAVEPOINT dbwright_fill")?;
    let before = ledger.clone();
    let removed = session.without_triggers(|| remove_in_savepoint(session, catalog, ledger));
    let outcome = finish(session, removed.is_ok()).and(removed);
    if outcome.is_err() {
        *ledger = before;
    }
    outcome
}

/// Ends the savepoint around everything. References that are checked at the end can make keeping it fail.
fn finish(session: Session<'_>, keep: bool) -> Result<(), LiveError> {
    let released = if keep {
        session.must("RELEASE dbwright_fill")
    } else {
        Ok(())
    };
    if keep && released.is_ok() {
        return Ok(());
    }
    session.must("ROLLBACK TO dbwright_fill; RELEASE dbwright_fill")?;
    released
}

/// The connection, with errors sorted into refusals (data) and failures (the outside world).
#[derive(Clone, Copy)]
struct Session<'a> {
    connection: &'a Connection,
}

impl Session<'_> {
    fn must(self, sql: &str) -> Result<(), LiveError> {
        self.connection.execute_batch(sql).map_err(failure)
    }

    /// Runs one statement in a savepoint, which is kept if it was done; the rows it returned.
    fn attempt(self, table: &ObjectId, sql: &str) -> Result<Result<Vec<Row>, Refusal>, LiveError> {
        self.must("SAVEPOINT dbwright_row")?;
        let outcome = self.query(table, sql);
        if outcome.is_err() {
            self.must("ROLLBACK TO dbwright_row")?;
        }
        self.must("RELEASE dbwright_row")?;
        match outcome {
            Ok(rows) => Ok(Ok(rows)),
            Err(error) => refusal(error).map(Err),
        }
    }

    fn query(self, table: &ObjectId, sql: &str) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.connection.prepare(sql)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(names.len());
            for (place, name) in names.iter().enumerate() {
                values.push((name.clone(), literal(row.get_ref(place)?)));
            }
            found.push(Row {
                table: table.clone(),
                values,
            });
        }
        Ok(found)
    }

    /// Runs something with triggers switched off.
    fn without_triggers<T>(self, mut work: impl FnMut() -> Result<T, LiveError>) -> Result<T, LiveError> {
        let setting = DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
        let before = self.connection.db_config(setting).map_err(failure)?;
        self.connection.set_db_config(setting, false).map_err(failure)?;
        let outcome = work();
        self.connection.set_db_config(setting, before).map_err(failure)?;
        outcome
    }
}

fn failure(source: rusqlite::Error) -> LiveError {
    LiveError::Sqlite {
        doing: "generating rows".to_owned(),
        source,
    }
}

fn refusal(error: rusqlite::Error) -> Result<Refusal, LiveError> {
    let code = error.sqlite_error_code();
    let is_failure = matches!(
        code,
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::OutOfMemory
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
        )
    );
    if is_failure {
        return Err(failure(error));
    }
    let message = match &error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        error => error.to_string(),
    };
    let is_final = !matches!(
        code,
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::Unknown)
    );
    Ok(Refusal { message, is_final })
}

/// A value as a literal that has the same storage class.
fn literal(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) if number.is_finite() => format!("{number:?}"),
        ValueRef::Real(number) => if number > 0.0 { "9e999" } else { "-9e999" }.to_owned(),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => quote_literal(Engine::Sqlite, text),
            Err(_) => format!("CAST({} AS TEXT)", quote_bytes(Engine::Sqlite, bytes)),
        },
        ValueRef::Blob(bytes) => quote_bytes(Engine::Sqlite, bytes),
    }
}

struct Filler<'a> {
    session: Session<'a>,
    catalog: &'a Catalog,
    ledger: &'a mut Rows,
    scope: Scope,
    /// Tables that held nothing when filling began: what is in them later came from our rows by triggers.
    empty: BTreeSet<ObjectId>,
}

impl Filler<'_> {
    fn fill(&mut self) -> Result<(), LiveError> {
        self.note_empty_tables()?;
        let mut at = 0;
        while at < self.scope.tables.len() {
            let end = self.scope.end_of_cycle(self.catalog, at);
            if end > at || self.scope.is_checked_later(self.catalog, at) {
                self.fill_cycle(at, end)?;
            } else {
                let table = self.scope.tables[at].clone();
                self.fill_table(&table)?;
            }
            at = end + 1;
        }
        self.adopt_rows_of_triggers()
    }

    /// The tables from `at` to `end` refer to each other, or one alone to others, and at least one reference is checked later.
    fn fill_cycle(&mut self, at: usize, end: usize) -> Result<(), LiveError> {
        let tables = self.scope.tables[at..=end].to_vec();
        let ledger = self.ledger.clone();
        let unfilled = self.scope.unfilled.clone();
        self.session.must("SAVEPOINT dbwright_cycle")?;
        for table in &tables {
            self.fill_table(table)?;
        }
        let mut dangling = false;
        for table in &tables {
            let name = quote_literal(Engine::Sqlite, table.name());
            let sql = format!("SELECT * FROM pragma_foreign_key_check({name}) LIMIT 1");
            dangling |= self.session.attempt(table, &sql)?.is_ok_and(|rows| !rows.is_empty());
        }
        if !dangling {
            return self.session.must("RELEASE dbwright_cycle");
        }
        self.session
            .must("ROLLBACK TO dbwright_cycle; RELEASE dbwright_cycle")?;
        *self.ledger = ledger;
        self.scope.unfilled = unfilled;
        self.scope
            .note(&tables[0], 0, "the tables it refers to could not be filled".to_owned());
        tables[1..].iter().try_for_each(|table| self.fill_table(table))
    }

    fn fill_table(&mut self, table: &ObjectId) -> Result<(), LiveError> {
        let ours = self.empty.contains(table);
        match self.read(table)? {
            Ok(rows) => {
                reconcile(self.catalog, self.ledger, table, rows, ours);
            }
            Err(refusal) => {
                self.scope.note(table, 0, refusal.message);
                return Ok(());
            }
        }
        let Err(mut reason) = self.add_rows(table)? else {
            return Ok(());
        };
        if has_triggers(self.catalog) {
            let session = self.session;
            match session.without_triggers(|| self.add_rows(table))? {
                Ok(()) => return Ok(()),
                Err(without) => reason = without,
            }
        }
        let count = self.ledger.placed(table).len() + self.ledger.found(table).len();
        self.scope.note(table, count, reason);
        Ok(())
    }

    /// Row by row, with several guesses each; the reason where there are too few in the end.
    fn add_rows(&mut self, table: &ObjectId) -> Result<Result<(), String>, LiveError> {
        'rows: while missing(self.ledger, table) > 0 {
            let mut guesses = Guesses::new(table, next_index(self.ledger, table));
            loop {
                let row = match guesses.next(self.catalog, self.ledger) {
                    Ok(row) => row,
                    Err(reason) => return Ok(Err(reason)),
                };
                let sql = format!("{} RETURNING *", insert_sql(Engine::Sqlite, &row));
                match self.session.attempt(table, &sql)? {
                    Ok(rows) if rows.is_empty() => {
                        return Ok(Err("a trigger of the table keeps rows out".to_owned()));
                    }
                    Ok(rows) => {
                        for row in rows {
                            self.ledger.place(row);
                        }
                        self.ledger.guessed(table, guesses.count());
                        continue 'rows;
                    }
                    Err(refusal) => guesses.refused(refusal),
                }
            }
        }
        Ok(Ok(()))
    }

    fn read(&self, table: &ObjectId) -> Result<Result<Vec<Row>, Refusal>, LiveError> {
        let name = qualified_name(Engine::Sqlite, table);
        self.session
            .attempt(table, &format!("SELECT * FROM {name} LIMIT {ROWS_READ_MAX}"))
    }

    fn note_empty_tables(&mut self) -> Result<(), LiveError> {
        if !has_triggers(self.catalog) {
            return Ok(());
        }
        for table in Reach::of(self.catalog).by_writing(&self.scope.tables) {
            let is_empty = self.read(&table)?.is_ok_and(|rows| rows.is_empty());
            if is_empty && self.ledger.placed(&table).is_empty() {
                self.empty.insert(table);
            }
        }
        Ok(())
    }

    /// Rows that triggers put into tables that were empty are as generated as those that we inserted.
    fn adopt_rows_of_triggers(&mut self) -> Result<(), LiveError> {
        for table in &self.empty {
            if let Ok(rows) = self.read(table)? {
                reconcile(self.catalog, self.ledger, table, rows, true);
            }
        }
        Ok(())
    }
}

fn remove_in_savepoint(session: Session<'_>, catalog: &Catalog, ledger: &mut Rows) -> Result<(), LiveError> {
    let tables = children_first(catalog, ledger);
    for _ in 0..REMOVE_ROUNDS_MAX {
        let mut is_progress = false;
        for table in &tables {
            let rows = ledger.placed(table).to_vec();
            let mut kept = Vec::new();
            for row in rows.iter().rev() {
                let sql = delete_sql(Engine::Sqlite, catalog, row);
                match session.attempt(table, &sql)? {
                    Ok(_) => is_progress = true,
                    Err(_) => kept.insert(0, row.clone()),
                }
            }
            ledger.replace(table, kept);
        }
        if !is_progress || ledger.is_empty() {
            break;
        }
    }
    Ok(())
}
