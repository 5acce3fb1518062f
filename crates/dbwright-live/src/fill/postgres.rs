//! Generated rows on PostgreSQL.
//!
//! Triggers fire as in production. Where they keep every row out, the rows go in without them: a table that holds rows says
//! more about a migration than one whose trigger was obeyed.

mod remove;
mod session;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use dbwright_catalog::{Catalog, Engine, ObjectBody, ObjectId, ObjectKind, Table, TableExtra, TableKind, Unfilled};
use dbwright_ddl::{ROWS_PER_TABLE, Row, Rows, candidates, insert_sql, qualified_name};
use tokio_postgres::{Client, SimpleQueryMessage};

use self::session::{Session, rows_of, switch_triggers};
use super::attempt::{Guesses, Refusal};
use super::scope::{ROWS_READ_MAX, Scope, has_triggers, missing, next_index, reconcile};
use crate::LiveError;

/// No statement of ours takes this long, unless a trigger does.
const LIMITS: &str = "SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '5s'; ";

/// Gives tables the generated rows they lack: all tables, or `only` these and those they refer to. The session must not be
/// in a transaction, and its role must own the tables. What was inserted stands in the ledger afterwards, with the values
/// that the server gave it.
///
/// Tables that were asked for and have too few rows come back with the reason.
pub async fn fill(
    client: &Client,
    catalog: &Catalog,
    ledger: &mut Rows,
    only: Option<&BTreeSet<ObjectId>>,
) -> Result<Vec<Unfilled>, LiveError> {
    let scope = Scope::of(catalog, only);
    if scope.tables.is_empty() {
        return Ok(scope.unfilled);
    }
    let mut filler = Filler {
        session: Session { client },
        catalog,
        ledger,
        scope,
        empty: BTreeSet::new(),
        unread: Vec::new(),
    };
    filler
        .session
        .must(&format!("BEGIN READ WRITE; {LIMITS} SET CONSTRAINTS ALL IMMEDIATE"))
        .await?;
    let before = filler.ledger.clone();
    let done = filler.fill().await;
    let outcome = finish(client, done).await;
    if outcome.is_err() {
        *filler.ledger = before;
    }
    outcome.map(|()| filler.scope.unfilled)
}

/// Takes the generated rows out again, children first, without firing triggers. What can't be deleted, because other rows
/// refer to it, stays in the ledger. The session must not be in a transaction.
pub async fn remove(client: &Client, catalog: &Catalog, ledger: &mut Rows) -> Result<(), LiveError> {
    if ledger.is_empty() {
        return Ok(());
    }
    let session = Session { client };
    session
        .must(&format!("BEGIN READ WRITE; {LIMITS} SET CONSTRAINTS ALL IMMEDIATE"))
        .await?;
    let before = ledger.clone();
    let removed = remove::remove(session, catalog, ledger).await;
    let outcome = finish(client, removed).await;
    if outcome.is_err() {
        *ledger = before;
    }
    outcome
}

/// Commits what was done; rolls back what failed, and passes the failure on.
async fn finish(client: &Client, outcome: Result<(), LiveError>) -> Result<(), LiveError> {
    if outcome.is_ok() {
        let committed = client.simple_query("COMMIT").await;
        return committed
            .map(|_| ())
            .map_err(|source| LiveError::postgres("committing generated rows", source));
    }
    // If this fails too, the error that led here says more.
    let _ = client.simple_query("ROLLBACK").await;
    outcome
}

struct Filler<'a> {
    session: Session<'a>,
    catalog: &'a Catalog,
    ledger: &'a mut Rows,
    scope: Scope,
    /// Tables that held nothing when filling began: what is in them later came from our rows by triggers.
    empty: BTreeSet<ObjectId>,
    /// Tables that were not read, because nobody asked for them and the ledger has rows enough for others to refer to.
    unread: Vec<ObjectId>,
}

impl Filler<'_> {
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

    /// The tables from `at` to `end` refer to each other, and at least one reference can be checked later.
    async fn fill_cycle(&mut self, at: usize, end: usize) -> Result<(), LiveError> {
        let tables = self.scope.tables[at..=end].to_vec();
        let ledger = self.ledger.clone();
        let unfilled = self.scope.unfilled.clone();
        self.session
            .must("SAVEPOINT dbwright_cycle; SET CONSTRAINTS ALL DEFERRED")
            .await?;
        for table in &tables {
            self.fill_table(table).await?;
        }
        match self
            .session
            .attempt("SET CONSTRAINTS ALL IMMEDIATE", |_| Ok(()))
            .await?
        {
            Ok(_) => {
                self.session.must("RELEASE dbwright_cycle").await?;
            }
            Err(refusal) => {
                self.session
                    .must("ROLLBACK TO dbwright_cycle; RELEASE dbwright_cycle")
                    .await?;
                *self.ledger = ledger;
                self.scope.unfilled = unfilled;
                self.scope.note(&tables[0], 0, refusal.message);
                for table in &tables[1..] {
                    self.fill_table(table).await?;
                }
            }
        }
        Ok(())
    }

    async fn fill_table(&mut self, table: &ObjectId) -> Result<(), LiveError> {
        if !self.scope.is_asked(table) && self.ledger.placed(table).len() >= ROWS_PER_TABLE {
            self.unread.push(table.clone());
            return Ok(());
        }
        self.fill_as_it_is(table).await
    }

    async fn fill_as_it_is(&mut self, table: &ObjectId) -> Result<(), LiveError> {
        let ours = self.empty.contains(table);
        match self.read(table).await? {
            Ok(rows) => {
                reconcile(self.catalog, self.ledger, table, rows, ours);
            }
            Err(refusal) => {
                self.scope.note(table, 0, refusal.message);
                return Ok(());
            }
        }
        if missing(self.ledger, table) == 0 || self.all_at_once(table).await? {
            return Ok(());
        }
        if !self.unread.is_empty() {
            // Rows to refer to may be other ones by now.
            for parent in std::mem::take(&mut self.unread) {
                Box::pin(self.fill_as_it_is(&parent)).await?;
            }
            if self.all_at_once(table).await? {
                return Ok(());
            }
        }
        let Err(reason) = self.one_by_one(table).await? else {
            return Ok(());
        };
        let reason = match self.disarm(table).await? {
            Some(rearm) => {
                let outcome = self.one_by_one(table).await?;
                self.session.must(&rearm).await?;
                match outcome {
                    Ok(()) => return Ok(()),
                    Err(reason) => reason,
                }
            }
            None => reason,
        };
        let count = self.ledger.placed(table).len() + self.ledger.found(table).len();
        self.scope.note(table, count, reason);
        Ok(())
    }

    /// All missing rows in one round trip. Whether they went in.
    async fn all_at_once(&mut self, table: &ObjectId) -> Result<bool, LiveError> {
        let kept = self.ledger.placed(table).len();
        let mut sql = String::new();
        for index in kept..kept + missing(self.ledger, table) {
            let Ok(row) = candidates(self.catalog, self.ledger, table, index, 0) else {
                break;
            };
            sql += &insert_returning(self.catalog, &row);
            self.ledger.place(row);
        }
        let wanted = self.ledger.placed(table).len() - kept;
        let complete = missing(self.ledger, table) == 0;
        self.ledger.keep(table, kept);
        if !complete {
            return Ok(false);
        }
        let all_there = |messages: &[SimpleQueryMessage]| match rows_of(table, messages).len() {
            count if count == wanted => Ok(()),
            _ => Err(KEPT_OUT.to_owned()),
        };
        let inserted = self.session.attempt(&sql, all_there).await?;
        if let Ok(messages) = &inserted {
            for row in rows_of(table, messages) {
                self.ledger.place(row);
            }
            self.ledger.guessed(table, 1);
        }
        Ok(inserted.is_ok())
    }

    /// Row by row, with several guesses each; the reason where there are too few in the end.
    async fn one_by_one(&mut self, table: &ObjectId) -> Result<Result<(), String>, LiveError> {
        'rows: while missing(self.ledger, table) > 0 {
            let mut guesses = Guesses::new(table, next_index(self.ledger, table));
            loop {
                let row = match guesses.next(self.catalog, self.ledger) {
                    Ok(row) => row,
                    Err(reason) => return Ok(Err(reason)),
                };
                let sql = insert_returning(self.catalog, &row);
                let is_there = |messages: &[SimpleQueryMessage]| match rows_of(table, messages).len() {
                    1 => Ok(()),
                    _ => Err(KEPT_OUT.to_owned()),
                };
                match self.session.attempt(&sql, is_there).await? {
                    Ok(messages) => {
                        for row in rows_of(table, &messages) {
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

    async fn read(&self, table: &ObjectId) -> Result<Result<Vec<Row>, Refusal>, LiveError> {
        let only = match table_of(self.catalog, table).map(|table| table.kind) {
            Some(TableKind::Partitioned) => "",
            _ => "ONLY ",
        };
        let name = qualified_name(Engine::Postgres, table);
        let sql = format!("SELECT * FROM {only}{name} LIMIT {ROWS_READ_MAX}");
        let answer = self.session.attempt(&sql, |_| Ok(())).await?;
        Ok(answer.map(|messages| rows_of(table, &messages)))
    }

    /// Takes triggers and forced policies off a table; gives the statements that put them back as they were.
    async fn disarm(&self, table: &ObjectId) -> Result<Option<String>, LiveError> {
        let name = qualified_name(Engine::Postgres, table);
        let (mut disarm, mut rearm) = switch_triggers(self.session, table).await?;
        if is_row_security_forced(self.catalog, table) {
            let _ = write!(disarm, "ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY; ");
            let _ = write!(rearm, "ALTER TABLE {name} FORCE ROW LEVEL SECURITY; ");
        }
        if disarm.is_empty() {
            return Ok(None);
        }
        let done = self.session.attempt(&disarm, |_| Ok(())).await?;
        Ok(done.is_ok().then_some(rearm))
    }

    async fn note_empty_tables(&mut self) -> Result<(), LiveError> {
        if !has_triggers(self.catalog) {
            return Ok(());
        }
        let tables: Vec<&ObjectId> = stored_tables(self.catalog)
            .filter(|table| self.ledger.placed(table).is_empty())
            .collect();
        for (place, is_empty) in self.emptiness(&tables).await? {
            if is_empty {
                self.empty.insert(tables[place].clone());
            }
        }
        Ok(())
    }

    /// Rows that triggers put into tables that were empty are as generated as those that we inserted.
    async fn adopt_rows_of_triggers(&mut self) -> Result<(), LiveError> {
        let tables: Vec<ObjectId> = self.empty.iter().cloned().collect();
        let places: Vec<&ObjectId> = tables.iter().collect();
        for (place, is_empty) in self.emptiness(&places).await? {
            if is_empty {
                continue;
            }
            if let Ok(rows) = self.read(places[place]).await? {
                reconcile(self.catalog, self.ledger, places[place], rows, true);
            }
        }
        Ok(())
    }

    async fn emptiness(&self, tables: &[&ObjectId]) -> Result<BTreeMap<usize, bool>, LiveError> {
        let queries: Vec<_> = tables
            .iter()
            .enumerate()
            .map(|(place, table)| {
                let name = qualified_name(Engine::Postgres, table);
                format!("SELECT {place}, EXISTS (SELECT FROM ONLY {name})")
            })
            .collect();
        if queries.is_empty() {
            return Ok(BTreeMap::new());
        }
        let answer = self.session.attempt(&queries.join(" UNION ALL "), |_| Ok(())).await?;
        let messages = answer.unwrap_or_default();
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((row.get(0)?.parse().ok()?, row.get(1)? == "f")),
            _ => None,
        });
        Ok(rows.collect())
    }
}

/// Said of rows that a trigger swallowed without an error.
const KEPT_OUT: &str = "a trigger or rule of the table keeps rows out";

/// The insertion of a row that gives the row back as it went in. A table without columns can't give any.
fn insert_returning(catalog: &Catalog, row: &Row) -> String {
    let returned = if catalog.columns(&row.table).is_empty() {
        "1"
    } else {
        "*"
    };
    format!("{} RETURNING {returned}; ", insert_sql(Engine::Postgres, row))
}

fn table_of<'a>(catalog: &'a Catalog, id: &ObjectId) -> Option<&'a Table> {
    match &catalog.get(id)?.body {
        ObjectBody::Table(table) => Some(table),
        _ => None,
    }
}

fn stored_tables(catalog: &Catalog) -> impl Iterator<Item = &ObjectId> {
    catalog
        .tables()
        .filter(|(_, table)| table.kind == TableKind::Ordinary)
        .map(|(id, _)| id)
}

fn table_has_triggers(catalog: &Catalog, table: &ObjectId) -> bool {
    let is_on_table = |id: &ObjectId| id.kind == ObjectKind::Trigger && id.owner_table().as_ref() == Some(table);
    catalog.objects.keys().any(is_on_table)
}

fn is_row_security_forced(catalog: &Catalog, table: &ObjectId) -> bool {
    match table_of(catalog, table).map(|table| &table.extra) {
        Some(TableExtra::Postgres(extra)) => extra.row_security && extra.force_row_security,
        Some(TableExtra::MySqlFamily(_) | TableExtra::Sqlite(_)) | None => false,
    }
}
