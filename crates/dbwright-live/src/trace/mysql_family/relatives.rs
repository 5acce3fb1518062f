//! Which other tables a statement locks because foreign keys tie them to its own, and how it locks its own where its grammar
//! has no place for a `LOCK` clause.
//!
//! Metadata locks are gone when a definition has ended, and no list of what it took is kept. So each table at the other end
//! of a foreign key is held by a session that writes there and does not commit: a statement that needs more than that waits
//! for it, is seen waiting (`performance_schema.metadata_locks`), and is let through.
//!
//! What was found that way, MySQL 9.7: adding or dropping a foreign key, also by `CREATE TABLE` or `DROP TABLE`, and renaming
//! either side locks the other table out for a moment; `ADD FOREIGN KEY` keeps writers of the parent out while rows are
//! checked; changing the parent locks its children out at the end. MariaDB 10.11: only `ADD FOREIGN KEY` waits, for
//! writers of the parent, and only where `foreign_key_checks` is on.
//! Manual: <https://dev.mysql.com/doc/refman/9.7/en/metadata-locking.html>.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ConstraintKind, Engine, LockLevel, ObjectBody, ObjectId};
use dbwright_ddl::{quote_identifier, quote_literal};
use dbwright_sql::Form;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::super::blame::words;
use crate::introspect::mysql_family::session::{Row, query};

/// How a statement locks a table that it had to wait for.
/// Manual: <https://dev.mysql.com/doc/refman/9.7/en/performance-schema-metadata-locks-table.html>.
pub(super) fn lock_level(lock_type: &str) -> LockLevel {
    match lock_type {
        "SHARED_NO_WRITE" | "SHARED_READ_ONLY" => LockLevel::Shared,
        _ => LockLevel::Exclusive,
    }
}

/// How many tables are held at once; a table with more neighbors is rare, and each costs a session.
const HELD_MAX: usize = 8;

/// How long to wait before each look, in seconds.
const BETWEEN_LOOKS: &str = "0.0003";

/// The locks that can't be had where somebody writes.
const KEPT_OUT: &str = "'SHARED_READ_ONLY', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE', 'EXCLUSIVE'";

/// The tables that foreign keys tie to those of a statement: all that refer to them or that they refer to, before it and,
/// as far as its text tells, after it.
pub(super) fn relatives(catalog: &Catalog, own: &BTreeSet<ObjectId>, form: &Form, text: &str) -> Vec<ObjectId> {
    match form {
        Form::AlterTable
        | Form::CreateTable
        | Form::CreateTableAs
        | Form::DropTable
        | Form::RenameTable
        | Form::TruncateTable
        | Form::CreateIndex
        | Form::DropIndex
        | Form::OptimizeTable => {}
        Form::AnalyzeTable
        | Form::CheckTable
        | Form::RepairTable
        | Form::CreateView
        | Form::DropView
        | Form::CreateTrigger
        | Form::DropTrigger
        | Form::CreateRoutine
        | Form::DropRoutine
        | Form::CreateEvent
        | Form::DropEvent
        | Form::Sequence
        | Form::Insert
        | Form::Replace
        | Form::Update
        | Form::Delete
        | Form::LoadData
        | Form::Select
        | Form::LockTables
        | Form::UnlockTables
        | Form::SetAutocommit(_)
        | Form::Use(_)
        | Form::Other => return Vec::new(),
    }
    let mut found = BTreeSet::new();
    for object in catalog.objects.values() {
        if let ObjectBody::Constraint(constraint) = &object.body
            && let ConstraintKind::ForeignKey(key) = &constraint.kind
            && let Some(child) = object.id.owner_table()
        {
            if own.contains(&child) {
                found.insert(key.references.clone());
            }
            if own.contains(&key.references) {
                found.insert(child);
            }
        }
    }
    let words: BTreeSet<String> = words(text).into_iter().collect();
    if words.contains("references") {
        let named = catalog.tables().map(|(id, _)| id);
        found.extend(named.filter(|id| words.contains(&id.name().to_lowercase())).cloned());
    }
    found.retain(|id| !own.contains(id) && catalog.get(id).is_some());
    found.into_iter().take(HELD_MAX).collect()
}

/// Tables that are held, each by a session of its own.
pub(super) struct Hold<'a> {
    sessions: &'a mut [Conn],
    /// By the session that holds it; nothing once it was let go.
    tables: Vec<Option<ObjectId>>,
    /// The query for what the statement waits for.
    look: String,
    /// The tables that it waited for, and the lock that it wanted there.
    pub(super) waited: Vec<(ObjectId, LockLevel)>,
}

impl<'a> Hold<'a> {
    /// Takes hold of tables, one for each session.
    pub(super) async fn take(
        sessions: &'a mut [Conn],
        database: &str,
        tables: &[ObjectId],
        waiting: u32,
    ) -> Result<Hold<'a>, mysql_async::Error> {
        let mut held = Vec::new();
        for (conn, table) in sessions.iter_mut().zip(tables) {
            let sql = format!(
                "START TRANSACTION; SELECT 1 FROM {}.{} WHERE FALSE FOR UPDATE",
                quote_identifier(Engine::MySql, database),
                quote_identifier(Engine::MySql, table.name())
            );
            // A table that can't be read (of a storage engine that is not there) is not held.
            held.push(match conn.query_drop(sql).await {
                Ok(()) => Some(table.clone()),
                Err(mysql_async::Error::Server(_)) => None,
                Err(error) => return Err(error),
            });
        }
        // The server sleeps, because it does so for less than the millisecond that a timer of ours can tell apart. A lock that
        // is granted at once is listed as pending for a moment, too: only those that writers keep out are waited for.
        let look = format!(
            "DO SLEEP({BETWEEN_LOOKS}); SELECT OBJECT_NAME, LOCK_TYPE FROM performance_schema.metadata_locks \
             JOIN performance_schema.threads ON THREAD_ID = OWNER_THREAD_ID \
             WHERE PROCESSLIST_ID = {waiting} AND PROCESSLIST_STATE LIKE 'Waiting for %lock' \
             AND LOCK_STATUS = 'PENDING' AND LOCK_TYPE IN ({KEPT_OUT}) AND OBJECT_TYPE = 'TABLE' \
             AND OBJECT_SCHEMA = {}",
            quote_literal(Engine::MySql, database)
        );
        Ok(Hold {
            sessions,
            tables: held,
            look,
            waited: Vec::new(),
        })
    }

    /// Runs a statement and lets it through wherever it waits for a table that is held.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, mysql_async::Error> {
        tokio::pin!(work);
        loop {
            let Some(first) = self
                .sessions
                .first_mut()
                .filter(|_| self.tables.iter().any(Option::is_some))
            else {
                return Ok(work.await);
            };
            let looked = {
                let looking = query(first, &self.look);
                tokio::pin!(looking);
                tokio::select! {
                    biased;
                    done = &mut work => {
                        return match looking.await {
                            Ok(_) | Err(mysql_async::Error::Server(_)) => Ok(done),
                            Err(error) => Err(error),
                        };
                    }
                    looked = &mut looking => looked,
                }
            };
            match looked {
                Ok(mut sets) => self.let_through(&sets.pop().unwrap_or_default()).await?,
                // Without a view of the locks nothing is held up.
                Err(mysql_async::Error::Server(_)) => self.release().await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Lets go of the tables that these rows of (table, lock) speak of.
    async fn let_through(&mut self, waiting: &[Row]) -> Result<(), mysql_async::Error> {
        for (conn, held) in self.sessions.iter_mut().zip(&mut self.tables) {
            let Some(table) = held.as_ref() else { continue };
            let wanted = waiting.iter().find_map(|row| match row.as_slice() {
                [Some(name), Some(lock_type)] if name.eq_ignore_ascii_case(table.name()) => Some(lock_type),
                _ => None,
            });
            if let Some(lock_type) = wanted {
                self.waited.push((table.clone(), lock_level(lock_type)));
                *held = None;
                conn.query_drop("ROLLBACK").await?;
            }
        }
        Ok(())
    }

    /// Lets all tables go.
    pub(super) async fn release(&mut self) -> Result<(), mysql_async::Error> {
        for (conn, held) in self.sessions.iter_mut().zip(&mut self.tables) {
            if held.take().is_some() {
                conn.query_drop("ROLLBACK").await?;
            }
        }
        Ok(())
    }
}
