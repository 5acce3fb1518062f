//! What can be seen of a statement that has run and is not committed: locks, from a session beside it; counters of scans and
//! rows, in the session itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dbwright_catalog::{HeldLock, LockMode, ObjectId, ObjectKind, RowCount};
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::LiveError;
use crate::introspect::postgres::{COUNTERS, CatalogState, Frame, LOCKS, read_only};

/// A relation lock of the watched session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Lock {
    pub(super) relation: u32,
    pub(super) mode: LockMode,
}

/// The relation locks that the session with this pid holds or waits for.
///
/// Asked from another session in another database, so that asking changes nothing for the watched one.
pub(super) async fn locks(observer: &Client, pid: i32) -> Result<BTreeSet<Lock>, LiveError> {
    let sql = format!(
        "SELECT relation, mode FROM pg_catalog.pg_locks \
         WHERE pid = {pid} AND locktype = 'relation' AND relation >= 16384 AND mode <> 'SIReadLock'"
    );
    let rows = simple(observer, &sql, "reading locks").await?;
    Ok(rows.iter().filter_map(|row| lock(&row[0], &row[1])).collect())
}

fn lock(relation: &str, mode: &str) -> Option<Lock> {
    Some(Lock {
        relation: relation.parse().ok()?,
        mode: LockMode::parse(mode)?,
    })
}

/// The locks of the session, and then its counters, in one round trip. The session asks itself: views of the system catalogs
/// take no lock on what a user made, and nothing of the catalog has been read yet.
pub(super) async fn locks_and_counters(client: &Client) -> Result<(BTreeSet<Lock>, Counters), LiveError> {
    let (locks, counters) = (format!("EXECUTE {LOCKS}"), format!("EXECUTE {COUNTERS}"));
    let mut results = read_only(client, Frame::InTransaction, &[&locks, &counters])
        .await?
        .into_iter();
    let held = results.next().unwrap_or_default();
    let held = held
        .iter()
        .filter_map(|row| lock(row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default()));
    let held = held.collect();
    Ok((held, Counters::of(&results.next().unwrap_or_default())))
}

/// The next transaction id that the server will give out: whatever is newer was written later.
pub(super) async fn next_transaction_id(observer: &Client) -> Result<u64, LiveError> {
    let sql = "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint & 4294967295";
    let rows = simple(observer, sql, "reading the transaction id").await?;
    Ok(rows.first().and_then(|row| row[0].parse().ok()).unwrap_or_default())
}

/// Rows of a query of our own, as text; NULL is empty.
pub(super) async fn simple(client: &Client, sql: &str, doing: &str) -> Result<Vec<Vec<String>>, LiveError> {
    let messages = client
        .simple_query(sql)
        .await
        .map_err(|source| LiveError::postgres(doing, source))?;
    Ok(messages
        .into_iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|column| row.get(column).unwrap_or_default().to_owned())
                    .collect(),
            ),
            _ => None,
        })
        .collect())
}

/// What the statistics of the running transaction say of one relation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    scans: i64,
    inserted: i64,
    updated: i64,
    deleted: i64,
}

/// The counters of the running transaction, by relation; system catalogs by name.
///
/// They may hold what earlier transactions of the session have not flushed yet: only differences within one transaction
/// mean anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    relations: HashMap<u32, Counts>,
    catalogs: BTreeMap<String, Written>,
}

/// How many rows of a system catalog were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Written {
    all: i64,
    deleted: i64,
}

/// What a statement did to rows.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Tables read from end to end, also through an index by a definition.
    pub(super) scanned: BTreeSet<ObjectId>,
    pub(super) rows: Vec<RowCount>,
    /// System catalogs that got new, changed or deleted rows.
    pub(super) catalogs: BTreeSet<String>,
    /// Those of them that lost rows.
    pub(super) deleted_from: BTreeSet<String>,
}

impl Counters {
    /// Reads the counters in the watched session.
    pub(super) async fn read(client: &Client) -> Result<Self, LiveError> {
        let sql = format!("EXECUTE {COUNTERS}");
        let results = read_only(client, Frame::InTransaction, &[&sql]).await?;
        Ok(Counters::of(&results.into_iter().next().unwrap_or_default()))
    }

    fn of(rows: &[SimpleQueryRow]) -> Self {
        let mut counters = Counters::default();
        for row in rows {
            let number = |column: usize| {
                row.get(column)
                    .and_then(|text| text.parse::<i64>().ok())
                    .unwrap_or_default()
            };
            let counts = Counts {
                scans: number(2),
                inserted: number(3),
                updated: number(4),
                deleted: number(5),
            };
            match row.get(1) {
                Some(name) => {
                    let written = Written {
                        all: counts.inserted + counts.updated + counts.deleted,
                        deleted: counts.deleted,
                    };
                    counters.catalogs.insert(name.to_owned(), written);
                }
                None => {
                    counters
                        .relations
                        .insert(u32::try_from(number(0)).unwrap_or_default(), counts);
                }
            }
        }
        counters
    }

    /// What happened between two readings of the same transaction. `names` knows relations that are gone by now.
    pub(super) fn work_since(&self, before: &Counters, names: &HashMap<u32, ObjectId>, state: &CatalogState) -> Work {
        let mut work = Work::default();
        for (oid, counts) in &self.relations {
            let earlier = before.relations.get(oid).copied().unwrap_or_default();
            let Some(id) = state.relation(*oid).or_else(|| names.get(oid)) else {
                continue;
            };
            let scanned = counts.scans > earlier.scans;
            if id.kind == ObjectKind::Index {
                work.scanned
                    .extend(state.table_of_index(id).filter(|_| scanned).cloned());
                continue;
            }
            if scanned {
                work.scanned.insert(id.clone());
            }
            let difference = |now: i64, then: i64| u64::try_from(now - then).unwrap_or_default();
            let rows = RowCount {
                table: id.clone(),
                inserted: difference(counts.inserted, earlier.inserted),
                updated: difference(counts.updated, earlier.updated),
                deleted: difference(counts.deleted, earlier.deleted),
            };
            if rows.inserted + rows.updated + rows.deleted > 0 {
                work.rows.push(rows);
            }
        }
        work.rows.sort_by(|a, b| a.table.cmp(&b.table));
        for (name, written) in &self.catalogs {
            let earlier = before.catalogs.get(name).copied().unwrap_or_default();
            if *written != earlier {
                work.catalogs.insert(name.clone());
            }
            if written.deleted != earlier.deleted {
                work.deleted_from.insert(name.clone());
            }
        }
        work
    }

    /// The same without scans through indexes: a query that finds a row by its key reads nothing from end to end.
    pub(super) fn sequential_only(mut self, state: &CatalogState) -> Self {
        self.relations
            .retain(|oid, _| state.relation(*oid).is_none_or(|id| id.kind != ObjectKind::Index));
        self
    }
}

/// The locks of a transaction, each with the statement that took it.
#[derive(Debug, Default)]
pub(super) struct LockWindow {
    held: BTreeMap<Lock, (ObjectId, usize, usize)>,
}

impl LockWindow {
    /// Takes in what is held after the statement `index` of `migration`, and tells it as seen from there.
    pub(super) fn after(
        &mut self,
        migration: usize,
        index: usize,
        locks: &BTreeSet<Lock>,
        names: &HashMap<u32, ObjectId>,
    ) -> Vec<HeldLock> {
        self.held.retain(|lock, _| locks.contains(lock));
        for lock in locks {
            if let Some(id) = names.get(&lock.relation) {
                let held = self.held.entry(*lock).or_insert_with(|| (id.clone(), migration, index));
                held.0.clone_from(id);
            }
        }
        let mut held: Vec<HeldLock> = self
            .held
            .iter()
            .map(|(lock, (relation, in_migration, since))| HeldLock {
                relation: relation.clone(),
                mode: lock.mode,
                since: if *in_migration == migration { *since } else { 0 },
            })
            .collect();
        held.sort_by(|a, b| (&a.relation, a.mode, a.since).cmp(&(&b.relation, b.mode, b.since)));
        // Two indexes can have one name for a while: REINDEX CONCURRENTLY.
        held.dedup_by(|later, earlier| later.relation == earlier.relation && later.mode == earlier.mode);
        held
    }
}
