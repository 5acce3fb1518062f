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
use crate::scratch::postgres::Session;

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
    pub(super) sessions: [&'a Session; 2],
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
    /// Runs beside the statement; `is_done` tells when that has ended. Locks are read only while the statement is known to
    /// wait for the session that holds now, so that what is seen does not depend on who is faster.
    pub(super) async fn watch(&self, is_done: impl Fn() -> bool) -> Result<BTreeSet<Lock>, LiveError> {
        let started = Instant::now();
        let mut seen = BTreeSet::new();
        let mut holder = 0;
        for _ in 0..PHASES {
            let wait = loop {
                if is_done() || started.elapsed() > LIMIT {
                    break Wait::Nothing;
                }
                match self.wait_for(holder).await? {
                    Wait::Nothing => tokio::time::sleep(INTERVAL).await,
                    wait => break wait,
                }
            };
            if wait == Wait::Nothing {
                break;
            }
            seen.extend(locks(self.observer, self.watched).await?);
            // A wait for writers to end can be followed by another phase; behind a wait for a lock the next holder would
            // queue up itself.
            let next = 1 - holder;
            let again = wait == Wait::End && self.lock(next).await?;
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
        if self.sessions[holder].client.simple_query(&sql).await.is_ok() {
            return Ok(true);
        }
        self.release(holder).await?;
        Ok(false)
    }

    async fn release(&self, holder: usize) -> Result<(), LiveError> {
        simple(&self.sessions[holder].client, "ROLLBACK", "letting go of a statement")
            .await
            .map(|_| ())
    }

    /// What the watched session waits for of this holder.
    async fn wait_for(&self, holder: usize) -> Result<Wait, LiveError> {
        let sql = format!(
            "SELECT {holder} = ANY (pg_catalog.pg_blocking_pids({watched})), EXISTS (SELECT FROM pg_catalog.pg_locks \
             WHERE pid = {watched} AND locktype = 'relation' AND NOT granted)",
            holder = self.sessions[holder].pid,
            watched = self.watched
        );
        let rows = simple(self.observer, &sql, "watching a session").await?;
        Ok(match rows.first().map(|row| (row[0].as_str(), row[1].as_str())) {
            Some(("t", "t")) => Wait::Lock,
            Some(("t", _)) => Wait::End,
            _ => Wait::Nothing,
        })
    }
}

/// What a session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Nothing,
    /// The end of the holder's transaction.
    End,
    /// A lock that the holder has.
    Lock,
}
