//! A database of the scratch server that holds a copy of a schema.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dbwright_catalog::{Algorithm, Catalog, ObjectBody, ObjectId, ObjectKind, Reading, Step, Unfilled};
use dbwright_ddl::{Rows, render};
use dbwright_sql::{Dialect, summarise_mysql_family};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::{Asking, offers};
use crate::LiveError;
use crate::fill::mysql_family::fill;
use crate::introspect::mysql_family::{Storage, Written, read_whole, storage};
use crate::scratch::mysql_family::{MySqlFamilyScratch, Who};

/// Longest time that a step may take on a scratch server, which holds almost no rows.
const STEP_LIMIT: Duration = Duration::from_mins(2);

/// What came of a step.
pub(super) enum Ran {
    /// It ran.
    Done,
    /// It ran once the generated rows of these tables were gone.
    DoneWithoutRows(Vec<ObjectId>),
    /// It did not: the statement and the server's words.
    Failed(String),
}

/// A copy of a schema.
pub(super) struct Copy<'a> {
    scratch: &'a MySqlFamilyScratch,
    database: String,
    /// Runs statements about tables, and puts rows in.
    migrator: Conn,
    /// Runs statements that name other accounts, and reads.
    observer: Conn,
    rows: Rows,
}

impl<'a> Copy<'a> {
    /// Builds a schema in a new database; what kept it from being built where it could not be.
    pub(super) async fn build(
        scratch: &'a MySqlFamilyScratch,
        catalog: &Catalog,
    ) -> Result<Result<Self, Vec<String>>, LiveError> {
        let rendered = render(catalog);
        if !rendered.refusals.is_empty() {
            let refused = rendered.refusals.iter();
            return Ok(Err(refused
                .map(|refusal| format!("{}: {}", refusal.object, refusal.reason))
                .collect()));
        }
        let database = scratch.create_database().await?;
        let mut copy = Copy {
            migrator: scratch.connect(&database, Who::Migrator).await?,
            observer: scratch.connect(&database, Who::Observer).await?,
            scratch,
            database,
            rows: Rows::default(),
        };
        copy.make_accounts(catalog).await?;
        for mut step in rendered.steps {
            if let Ran::Failed(problem) = copy.run(&mut step, Asking::No, catalog).await? {
                let name = copy.leave();
                scratch.drop_database(&name).await?;
                return Ok(Err(vec![problem]));
            }
        }
        Ok(Ok(copy))
    }

    /// Ends its sessions; the database stays.
    pub(super) fn leave(self) -> String {
        self.database
    }

    /// The session that may read everything.
    pub(super) fn observer(&mut self) -> &mut Conn {
        &mut self.observer
    }

    pub(super) async fn read(&mut self) -> Result<Reading, LiveError> {
        // A session of its own: reading puts settings back.
        let mut reader = self.scratch.connect(&self.database, Who::Observer).await?;
        read_whole(&mut reader, self.scratch.server()).await
    }

    /// Makes the accounts that own objects or are granted something, where they are missing. They can't log in, and may
    /// what the migrating user may.
    pub(super) async fn make_accounts(&mut self, catalog: &Catalog) -> Result<(), LiveError> {
        let mut owners = BTreeSet::new();
        let mut others = BTreeSet::new();
        for object in catalog.objects.values() {
            match &object.body {
                ObjectBody::Owner(owner) => owners.insert(owner.role.as_str()),
                ObjectBody::Grant(_) => others.insert(object.id.name()),
                _ => false,
            };
        }
        for account in &owners {
            self.scratch.make_account(account, true).await?;
        }
        for account in others.difference(&owners) {
            self.scratch.make_account(account, false).await?;
        }
        Ok(())
    }

    /// Puts generated rows into all tables, or `only` these; those that could not be given as many as they should have.
    pub(super) async fn fill(
        &mut self,
        catalog: &Catalog,
        only: Option<&BTreeSet<ObjectId>>,
    ) -> Result<Vec<Unfilled>, LiveError> {
        fill(&mut self.migrator, catalog, &mut self.rows, only).await
    }

    /// Runs a step. Where a clause is asked for, the accepted one is written into it. `start` is the schema that the rows
    /// were made for.
    pub(super) async fn run(&mut self, step: &mut Step, asking: Asking, start: &Catalog) -> Result<Ran, LiveError> {
        let mut emptied = Vec::new();
        loop {
            let answer = match asking {
                Asking::Cheapest => self.ask(step, start).await?,
                Asking::No => self.send(step, &step.sql.clone()).await?,
            };
            let Err(error) = answer else { break };
            let tables = if is_about_rows(error.code) && emptied.is_empty() {
                self.empty(step, start).await?
            } else {
                Vec::new()
            };
            if tables.is_empty() {
                return Ok(Ran::Failed(format!("{} [{}] {}", step.sql, error.code, error.message)));
            }
            emptied = tables;
        }
        Ok(if emptied.is_empty() {
            Ran::Done
        } else {
            Ran::DoneWithoutRows(emptied)
        })
    }

    /// Offers the ways in which the server could do it, cheapest first.
    async fn ask(
        &mut self,
        step: &mut Step,
        start: &Catalog,
    ) -> Result<Result<(), mysql_async::ServerError>, LiveError> {
        let engine = self.scratch.server().engine;
        let summary = summarise_mysql_family(Dialect::server(engine), &step.sql);
        if let Some(note) = offers::unasked(&step.sql, step, start) {
            step.notes.push(note);
            return self.send(step, &step.sql.clone()).await;
        }
        let mut refused = None;
        let mut before = None;
        for (algorithm, lock) in offers::all(engine) {
            if Some(algorithm) == refused {
                continue;
            }
            if algorithm == Algorithm::InPlace && before.is_none() {
                before = Some(self.storage().await?);
            }
            let Some(asked) = summary.with_online_clause(&step.sql, Some(algorithm), lock) else {
                break;
            };
            match self.send(step, &asked).await? {
                Ok(()) => {
                    step.sql = asked;
                    let written = match &before {
                        Some(before) if algorithm == Algorithm::InPlace => self.written(step, before).await?,
                        _ => None,
                    };
                    step.notes.push(offers::note((algorithm, lock), written));
                    return Ok(Ok(()));
                }
                Err(error) if offers::is_refusal(error.code) => {
                    if !error.message.starts_with("LOCK=") {
                        refused = Some(algorithm);
                    }
                }
                // Its own error, which the statement as it stands shall give.
                Err(_) => break,
            }
        }
        self.send(step, &step.sql.clone()).await
    }

    async fn storage(&mut self) -> Result<BTreeMap<String, Storage>, LiveError> {
        storage(&mut self.observer, self.scratch.server().engine, &self.database).await
    }

    /// What a step wrote anew; nothing where that can't be seen.
    async fn written(&mut self, step: &Step, before: &BTreeMap<String, Storage>) -> Result<Option<Written>, LiveError> {
        let now = self.storage().await?;
        let table = offers::tables(step).find(|table| now.contains_key(table.name()));
        Ok(table.and_then(|table| Some(now.get(table.name())?.written_since(before.get(table.name())?))))
    }

    async fn send(&mut self, step: &Step, sql: &str) -> Result<Result<(), mysql_async::ServerError>, LiveError> {
        // What names another account needs more rights; what only code runs later does not matter to them.
        let names_account = step
            .objects
            .iter()
            .any(|id| matches!(id.kind, ObjectKind::Owner | ObjectKind::Grant));
        let is_setting = step.objects.is_empty();
        if is_setting {
            let sent = send(self.scratch, &mut self.observer, sql).await?;
            if sent.is_err() {
                return Ok(sent);
            }
        }
        let session = if names_account {
            &mut self.observer
        } else {
            &mut self.migrator
        };
        send(self.scratch, session, sql).await
    }

    /// Takes the generated rows out of the tables of a step. Which they were.
    async fn empty(&mut self, step: &Step, start: &Catalog) -> Result<Vec<ObjectId>, LiveError> {
        let own = |id: &ObjectId| {
            if id.kind == ObjectKind::Table {
                Some(id.clone())
            } else {
                id.owner_table()
            }
        };
        let tables: BTreeSet<ObjectId> = step
            .objects
            .iter()
            .filter_map(own)
            .filter(|id| start.get(id).is_some())
            .collect();
        let engine = self.scratch.server().engine;
        let mut sql = "SET SESSION foreign_key_checks = 0".to_owned();
        for table in &tables {
            let name = dbwright_ddl::qualified_name(engine, table);
            sql.extend(["; DELETE FROM ", &name]);
        }
        sql += "; SET SESSION foreign_key_checks = 1";
        let result = self.migrator.query_iter(sql).await;
        let outcome = match result {
            Ok(result) => result.drop_result().await,
            Err(error) => Err(error),
        };
        outcome.map_err(|source| LiveError::mysql_family("taking rows out", source))?;
        for table in &tables {
            // Rows that are gone stay in the history of a table that has one (MariaDB); any other refuses.
            let name = dbwright_ddl::qualified_name(engine, table);
            self.migrator
                .query_drop(format!("DELETE HISTORY FROM {name}"))
                .await
                .ok();
        }
        Ok(tables.into_iter().collect())
    }
}

async fn send(
    scratch: &MySqlFamilyScratch,
    session: &mut Conn,
    sql: &str,
) -> Result<Result<(), mysql_async::ServerError>, LiveError> {
    let id = session.id();
    match tokio::time::timeout(STEP_LIMIT, session.query_drop(sql)).await {
        Ok(Ok(())) => Ok(Ok(())),
        Ok(Err(mysql_async::Error::Server(error))) => Ok(Err(error)),
        Ok(Err(source)) => Err(scratch.failure("carrying out a plan", source).await),
        Err(_) => {
            scratch.kill_query(id).await?;
            Err(LiveError::TooLong {
                doing: format!("carrying out a plan: {sql}"),
                limit: STEP_LIMIT,
            })
        }
    }
}

/// Whether an error says that a row is not as the statement wants it: too long, out of range, NULL, a duplicate, a
/// violated check, a missing parent, no partition for it. Manual: <https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html>.
fn is_about_rows(code: u16) -> bool {
    const CODES: [u16; 27] = [
        1048, 1062, 1138, 1216, 1217, 1264, 1265, 1292, 1300, 1364, 1366, 1406, 1411, 1416, 1451, 1452, 1526, 1690,
        1848, 3140, 3144, 3156, 3516, 3819, 4025, 4078, 6136,
    ];
    CODES.contains(&code)
}
