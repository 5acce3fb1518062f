//! Watching statements that refuse to run inside a transaction.
//!
//! On an almost empty table `CREATE INDEX CONCURRENTLY` takes a millisecond; nobody sees its locks by looking often. So it is
//! held up: another session holds locks on every table that make it wait, its locks are read while it waits, and then it is
//! let go. Two holders take turns, so that each phase that waits for lockers is seen. Locks that it is waiting for count as
//! taken.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::observe::{Lock, locks, simple};
use crate::LiveError;

/// Longest time that a statement is held up.
const LIMIT: Duration = Duration::from_secs(10);
/// Most phases that are looked at.
const PHASES: usize = 8;
/// How often the watched session is looked at while it runs.
const INTERVAL: Duration = Duration::from_millis(1);

/// The lock with which the holders hold a statement up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grip {
    /// `ROW EXCLUSIVE`: what runs CONCURRENTLY gets its own locks and then waits for the writers to end.
    Writers,
    /// `SHARE UPDATE EXCLUSIVE`: `VACUUM` and its kin wait for the first lock that they want.
    Maintenance,
}

/// The two sessions that hold, on the same database as the watched one.
pub(super) struct Holders<'a> {
    pub(super) clients: [&'a Client; 2],
    pub(super) observer: &'a Client,
    pub(super) watched: i32,
    pub(super) tables: &'a [String],
    pub(super) grip: Grip,
}

impl Holders<'_> {
    /// Takes the first hold; to be called before the statement is sent.
    pub(super) async fn take(&self) -> Result<(), LiveError> {
        self.lock(0).await.map(|_| ())
    }

    /// Watches until the statement no longer waits for anything of ours, and lets it go. Returns the locks seen.
    ///
    /// Runs beside the statement; `is_done` tells when that has ended.
    pub(super) async fn watch(&self, is_done: impl Fn() -> bool) -> Result<BTreeSet<Lock>, LiveError> {
        let started = Instant::now();
        let mut seen = BTreeSet::new();
        let mut holder = 0;
        for _ in 0..PHASES {
            let waits_for = loop {
                if is_done() || started.elapsed() > LIMIT {
                    break None;
                }
                match self.wait_event().await? {
                    Some(event) => break Some(event),
                    None => tokio::time::sleep(INTERVAL).await,
                }
            };
            let Some(event) = waits_for else { break };
            seen.extend(locks(self.observer, self.watched).await?);
            // A wait for writers to end can be followed by another phase; a wait for a lock would also stop the next holder.
            let next = 1 - holder;
            let again = event == "virtualxid" && self.lock(next).await?;
            self.release(holder).await?;
            if !again {
                break;
            }
            holder = next;
        }
        self.release(0).await?;
        self.release(1).await?;
        Ok(seen)
    }

    async fn lock(&self, holder: usize) -> Result<bool, LiveError> {
        if self.tables.is_empty() {
            return Ok(false);
        }
        let mode = match self.grip {
            Grip::Writers => "ROW EXCLUSIVE",
            Grip::Maintenance => "SHARE UPDATE EXCLUSIVE",
        };
        let sql = format!(
            "BEGIN; SET LOCAL lock_timeout = '500ms'; LOCK TABLE {} IN {mode} MODE",
            self.tables.join(", ")
        );
        if self.clients[holder].simple_query(&sql).await.is_ok() {
            return Ok(true);
        }
        self.release(holder).await?;
        Ok(false)
    }

    async fn release(&self, holder: usize) -> Result<(), LiveError> {
        simple(self.clients[holder], "ROLLBACK", "letting go of a statement")
            .await
            .map(|_| ())
    }

    /// What the watched session waits for, where it waits for another session.
    async fn wait_event(&self) -> Result<Option<String>, LiveError> {
        let sql = format!(
            "SELECT wait_event FROM pg_catalog.pg_stat_activity WHERE pid = {} AND wait_event_type = 'Lock' AND state = 'active'",
            self.watched
        );
        let rows = simple(self.observer, &sql, "watching a session").await?;
        Ok(rows.into_iter().next().map(|row| row[0].clone()))
    }
}
