//! Generated rows on MySQL and MariaDB.
//!
//! Triggers fire as in production; they can't be switched off. A row that goes in is read back, because the server gives
//! some values itself and prints others in its own way.

mod cycles;
mod remove;
mod session;
mod triggers;

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ObjectBody, ObjectId, Table, Unfilled};
use dbwright_ddl::{Row, Rows, candidates, insert_sql};
use mysql_async::Conn;

use self::cycles::{dangling, with_deferrable_cycles};
use self::session::{Session, is_transactional, rows_of, select};
use self::triggers::written_by_triggers;
use super::attempt::{Guesses, Refusal};
use super::scope::{Scope, missing, next_index, reconcile};
use crate::LiveError;

/// Gives tables the generated rows they lack: all tables, or `only` these and those they refer to. The session must be in
/// the database and not in a transaction, and its account must own the tables. Settings of the session are changed and put
/// back; rows are committed. What was inserted stands in the ledger afterwards, with the values that the server gave it.
///
/// Numbers of generated rows are high, and move the counters of `AUTO_INCREMENT` columns: see [`remove()`].
///
/// Tables that were asked for and have too few rows come back with the reason.
pub async fn fill(
    conn: &mut Conn,
    catalog: &Catalog,
    ledger: &mut Rows,
    only: Option<&BTreeSet<ObjectId>>,
) -> Result<Vec<Unfilled>, LiveError> {
    let catalog = with_deferrable_cycles(catalog);
    let scope = Scope::of(&catalog, only);
    if scope.tables.is_empty() {
        return Ok(scope.unfilled);
    }
    let before = ledger.clone();
    let mut filler = Filler {
        session: Session::begin(conn, catalog.server.engine).await?,
        catalog: &catalog,
        ledger,
        scope,
        empty: BTreeSet::new(),
    };
    let done = filler.fill().await;
    let Filler {
        session, ledger, scope, ..
    } = filler;
    let ended = session.end(done.is_ok(), &[]).await;
    let outcome = done.and(ended);
    if outcome.is_err() {
        *ledger = before;
    }
    outcome.map(|()| scope.unfilled)
}

/// Takes generated rows out again, children first: all, or those of `only` these tables. What can't be deleted, because
/// other rows refer to it, stays in the ledger. The session is one as [`fill`] wants it.
///
/// The counters of `AUTO_INCREMENT` columns are put back to the highest number left, so that what a migration inserts is
/// numbered as if there had been no generated rows. This is DDL, and empties what the server knows of the table.
pub async fn remove(
    conn: &mut Conn,
    catalog: &Catalog,
    ledger: &mut Rows,
    only: Option<&BTreeSet<ObjectId>>,
) -> Result<(), LiveError> {
    if ledger.is_empty() {
        return Ok(());
    }
    let before = ledger.clone();
    let mut session = Session::begin(conn, catalog.server.engine).await?;
    let removed = remove::remove(&mut session, catalog, ledger, only).await;
    let outcome = match removed {
        Ok(counters) => session.end(true, &counters).await,
        Err(error) => {
            // If this fails too, the error that led here says more.
            session.end(false, &[]).await.ok();
            Err(error)
        }
    };
    if outcome.is_err() {
        *ledger = before;
    }
    outcome
}

struct Filler<'a, 'conn> {
    session: Session<'conn>,
    catalog: &'a Catalog,
    ledger: &'a mut Rows,
    scope: Scope,
    /// Tables that triggers write to and that held nothing when filling began: what is in them later came from our rows.
    empty: BTreeSet<ObjectId>,
}

impl Filler<'_, '_> {
    async fn fill(&mut self) -> Result<(), LiveError> {
        self.note_empty_tables().await?;
        let mut at = 0;
        while at < self.scope.tables.len() {
            let end = self.scope.end_of_cycle(self.catalog, at);
            if end > at {
                self.fill_cycle(at, end).await?;
            } else {
                let table = self.scope.tables[at].clone();
                self.fill_table(&table).await?;
            }
            at = end + 1;
        }
        self.adopt_rows_of_triggers().await
    }

    /// The tables from `at` to `end` refer to each other, and none can be filled first.
    async fn fill_cycle(&mut self, at: usize, end: usize) -> Result<(), LiveError> {
        let tables = self.scope.tables[at..=end].to_vec();
        let ledger = self.ledger.clone();
        let unfilled = self.scope.unfilled.clone();
        self.session
            .must("SAVEPOINT dbwright_cycle; SET SESSION foreign_key_checks = 0")
            .await?;
        for table in &tables {
            self.fill_table(table).await?;
        }
        self.session.must("SET SESSION foreign_key_checks = 1").await?;
        if !is_dangling(&mut self.session, self.catalog, &tables).await? {
            return Ok(());
        }
        self.session.must("ROLLBACK TO dbwright_cycle").await?;
        *self.ledger = ledger;
        self.scope.unfilled = unfilled;
        self.scope
            .note(&tables[0], 0, "the tables it refers to could not be filled".to_owned());
        for table in &tables[1..] {
            self.fill_table(table).await?;
        }
        Ok(())
    }

    async fn fill_table(&mut self, table: &ObjectId) -> Result<(), LiveError> {
        let ours = self.empty.contains(table);
        let before = match self.session.read(self.catalog, table).await? {
            Ok(rows) => rows,
            Err(refusal) => {
                self.scope.note(table, 0, refusal.message);
                return Ok(());
            }
        };
        reconcile(self.catalog, self.ledger, table, before.clone(), ours);
        if missing(self.ledger, table) == 0 || self.all_at_once(table, &before).await? {
            return Ok(());
        }
        if let Err(reason) = self.one_by_one(table, before).await? {
            let count = self.ledger.placed(table).len() + self.ledger.found(table).len();
            self.scope.note(table, count, reason);
        }
        Ok(())
    }

    /// All missing rows in one round trip. Whether they went in. `before` are the rows that are there.
    async fn all_at_once(&mut self, table: &ObjectId, before: &[Row]) -> Result<bool, LiveError> {
        // What can't be taken back goes in row by row.
        if !table_of(self.catalog, table).is_some_and(is_transactional) {
            return Ok(false);
        }
        let kept = self.ledger.placed(table).len();
        let mut sql = String::new();
        for index in kept..kept + missing(self.ledger, table) {
            let Ok(row) = candidates(self.catalog, self.ledger, table, index, 0) else {
                break;
            };
            sql += &insert_sql(self.catalog.server.engine, &row);
            sql += "; ";
            self.ledger.place(row);
        }
        let is_complete = missing(self.ledger, table) == 0;
        self.ledger.keep(table, kept);
        if !is_complete {
            return Ok(false);
        }
        let inserted = self.insert(table, &sql, before).await?;
        let is_done = inserted.is_ok_and(|_| missing(self.ledger, table) == 0);
        if is_done {
            self.ledger.guessed(table, 1);
        }
        Ok(is_done)
    }

    /// Row by row, with several guesses each; the reason where there are too few in the end.
    async fn one_by_one(&mut self, table: &ObjectId, mut before: Vec<Row>) -> Result<Result<(), String>, LiveError> {
        'rows: while missing(self.ledger, table) > 0 {
            let mut guesses = Guesses::new(table, next_index(self.ledger, table));
            loop {
                let row = match guesses.next(self.catalog, self.ledger) {
                    Ok(row) => row,
                    Err(reason) => return Ok(Err(reason)),
                };
                let sql = format!("{}; ", insert_sql(self.catalog.server.engine, &row));
                match self.insert(table, &sql, &before).await? {
                    Ok(rows) if rows.len() <= before.len() => {
                        return Ok(Err("rows that go into the table are not in it afterwards".to_owned()));
                    }
                    Ok(rows) => {
                        before = rows;
                        self.ledger.guessed(table, guesses.count());
                        continue 'rows;
                    }
                    Err(refusal) => guesses.refused(refusal),
                }
            }
        }
        Ok(Ok(()))
    }

    /// Runs insertions, each ending in a semicolon, and takes the rows that are new into the ledger. Gives all rows.
    async fn insert(
        &mut self,
        table: &ObjectId,
        sql: &str,
        before: &[Row],
    ) -> Result<Result<Vec<Row>, Refusal>, LiveError> {
        let answer = self
            .session
            .attempt(&format!("{sql}{}", select(self.catalog, table)))
            .await?;
        let sets = match answer {
            Ok(sets) => sets,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let after = rows_of(self.catalog.server.engine, self.catalog, table, sets);
        let mut known = before.to_vec();
        for row in &after {
            match known.iter().position(|known| known == row) {
                Some(at) => {
                    known.swap_remove(at);
                }
                None => self.ledger.place(row.clone()),
            }
        }
        Ok(Ok(after))
    }

    async fn note_empty_tables(&mut self) -> Result<(), LiveError> {
        for table in written_by_triggers(self.catalog, &self.scope.tables) {
            let is_empty = self
                .session
                .read(self.catalog, &table)
                .await?
                .is_ok_and(|rows| rows.is_empty());
            if is_empty && self.ledger.placed(&table).is_empty() {
                self.empty.insert(table);
            }
        }
        Ok(())
    }

    /// Rows that triggers put into tables that were empty are as generated as those that we inserted.
    async fn adopt_rows_of_triggers(&mut self) -> Result<(), LiveError> {
        for table in &self.empty {
            if let Ok(rows) = self.session.read(self.catalog, table).await? {
                reconcile(self.catalog, self.ledger, table, rows, true);
            }
        }
        Ok(())
    }
}

/// Whether a reference of these tables points at nothing.
async fn is_dangling(session: &mut Session<'_>, catalog: &Catalog, tables: &[ObjectId]) -> Result<bool, LiveError> {
    for query in dangling(catalog, tables) {
        let found = session.attempt(&query).await?;
        if found.is_ok_and(|sets| sets.iter().any(|rows| !rows.is_empty())) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn table_of<'a>(catalog: &'a Catalog, id: &ObjectId) -> Option<&'a Table> {
    match &catalog.get(id)?.body {
        ObjectBody::Table(table) => Some(table),
        _ => None,
    }
}
