//! What is kept of one history.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dbwright_catalog::{History, Migration, MigrationSet, Proof, Query, ReleaseAnswers, Rollback, Trace};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::chain::{Chain, Hasher, Key, content, first_judged};
use super::store::{About, EntryKind, Kept, Store, Unfinished};
use crate::introspect;
use crate::prove::Candidate;
#[cfg(unix)]
use crate::scratch::{mysql_family, postgres::Programs};

/// A prefix whose replay takes less is not kept: copying a data directory and starting a server on it takes about as long.
pub(crate) const PREFIX_WORTH: Duration = Duration::from_millis(300);

/// The same on MySQL, which is stopped and started for that as well, and takes its time for both.
#[cfg(unix)]
pub(crate) const MYSQL_WORTH: Duration = Duration::from_secs(1);

/// The same on MariaDB.
#[cfg(unix)]
pub(crate) const MARIADB_WORTH: Duration = Duration::from_millis(300);

/// What takes less on SQLite is not kept: there is no server to be started.
pub(crate) const SQLITE_WORTH: Duration = Duration::from_millis(50);

/// The data directory or file in an entry of a prefix.
const DATA: &str = "data";
/// What is known of a prefix beyond what its database says.
const STATE: &str = "state";
/// The finished trace.
const TRACE: &str = "trace";
/// Proofs, added to the finished trace afterwards.
pub(super) const PROOFS: &str = "proofs";
/// What came of ways back, added as well.
pub(super) const ROLLBACKS: &str = "rollbacks";

/// What became of queries of the application, added as well.
pub(super) const RELEASE: &str = "release";

/// What is kept of one history, on one build of a server, with certain migrations under review.
#[derive(Clone, Debug)]
pub struct HistoryCache {
    store: Store,
    chain: Chain,
    /// What an entry of the first migrations is about.
    prefix: About,
    /// What an entry of all of them is about.
    whole: About,
    /// How many come before the first judged one.
    first: usize,
    migrations: usize,
}

/// A prefix that was found.
pub(crate) struct KeptPrefix<S> {
    pub(crate) state: S,
    key: Key,
    // While it is held, the entry stays.
    entry: Kept,
}

impl<S> KeptPrefix<S> {
    /// The stopped data directory, or the file.
    pub(crate) fn data(&self) -> PathBuf {
        self.entry.path().join(DATA)
    }
}

/// A prefix that is about to be kept.
pub(crate) struct NewPrefix(Unfinished);

impl NewPrefix {
    /// Where the data directory or the file is to be put.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join(DATA)
    }
}

impl HistoryCache {
    /// What is kept of a history that runs on a PostgreSQL of ours.
    #[cfg(unix)]
    pub fn postgres(store: &Store, programs: &Programs, history: &History, judged: &MigrationSet) -> Self {
        Self::new(store, programs.build(), &programs.identity(), history, judged)
    }

    /// What is kept of a history that runs on a MySQL or MariaDB of ours.
    #[cfg(unix)]
    pub fn mysql_family(
        store: &Store,
        programs: &mysql_family::Programs,
        history: &History,
        judged: &MigrationSet,
    ) -> Self {
        Self::new(store, programs.build(), &programs.identity(), history, judged)
    }

    /// What is kept of a history that runs on the SQLite in this binary.
    pub fn sqlite(store: &Store, history: &History, judged: &MigrationSet) -> Self {
        let build = introspect::sqlite::server().to_string();
        Self::new(store, &build, rusqlite::version(), history, judged)
    }

    fn new(store: &Store, build: &str, identity: &str, history: &History, judged: &MigrationSet) -> Self {
        let first = first_judged(history, judged);
        HistoryCache {
            store: store.clone(),
            chain: Chain::of(identity, history, judged),
            prefix: About::new(build, history, first),
            whole: About::new(build, history, history.migrations.len()),
            first,
            migrations: history.migrations.len(),
        }
    }

    /// The trace of the same run, where it was run before. Nothing has to run then.
    pub fn trace(&self) -> Option<Trace> {
        let key = self.chain.whole();
        let kept = self.store.find(EntryKind::Trace, key)?;
        match read::<Trace>(&kept.path().join(TRACE)) {
            Some(trace) if trace.migrations.len() == self.migrations => Some(Trace {
                from_cache: self.migrations,
                ..trace
            }),
            _ => {
                drop(kept);
                self.store.discard(EntryKind::Trace, key);
                None
            }
        }
    }

    /// Keeps a finished trace. Failing at it does no harm.
    pub fn keep_trace(&self, trace: &Trace) {
        let Some(unfinished) = self.store.begin() else { return };
        if write(&unfinished.path().join(TRACE), trace).is_ok() {
            let key = self.chain.whole();
            self.store.finish(unfinished, EntryKind::Trace, key, &self.whole);
        }
    }

    /// What is known of these fixes from earlier runs, one answer for each.
    pub fn proofs(&self, candidates: &[Candidate<'_>]) -> Vec<Option<Proof>> {
        let known = self.known_proofs().unwrap_or_default();
        let known = |candidate: &Candidate<'_>| known.get(&proof_key(candidate)).cloned();
        candidates.iter().map(known).collect()
    }

    /// Keeps what came of fixes, beside the finished trace.
    pub fn keep_proofs(&self, candidates: &[Candidate<'_>], proofs: &[Proof]) {
        let Some(kept) = self.store.find(EntryKind::Trace, self.chain.whole()) else {
            return;
        };
        let mut known: BTreeMap<Key, Proof> = read(&kept.path().join(PROOFS)).unwrap_or_default();
        let tried = candidates
            .iter()
            .zip(proofs)
            .filter(|(_, proof)| !matches!(proof, Proof::NotTried { .. }));
        known.extend(tried.map(|(candidate, proof)| (proof_key(candidate), proof.clone())));
        add(&kept, PROOFS, &known);
    }

    /// What came of the ways back of these migrations in an earlier run.
    pub fn rollbacks(&self, history: &History, tried: &[usize]) -> Option<Vec<Rollback>> {
        let kept = self.store.find(EntryKind::Trace, self.chain.whole())?;
        let (key, rollbacks): (Key, Vec<Rollback>) = read(&kept.path().join(ROLLBACKS))?;
        (key == ways_back_key(history, tried)).then_some(rollbacks)
    }

    /// Keeps what came of ways back, beside the finished trace.
    pub fn keep_rollbacks(&self, history: &History, tried: &[usize], rollbacks: &[Rollback]) {
        if let Some(kept) = self.store.find(EntryKind::Trace, self.chain.whole()) {
            add(&kept, ROLLBACKS, &(ways_back_key(history, tried), rollbacks));
        }
    }

    /// What became of these queries in an earlier run.
    pub fn release(&self, running: &[Query], next: &[Query]) -> Option<ReleaseAnswers> {
        let kept = self.store.find(EntryKind::Trace, self.chain.whole())?;
        let (key, answers): (Key, ReleaseAnswers) = read(&kept.path().join(RELEASE))?;
        (key == release_key(running, next)).then_some(answers)
    }

    /// Keeps what became of queries, beside the finished trace.
    pub fn keep_release(&self, running: &[Query], next: &[Query], answers: &ReleaseAnswers) {
        if let Some(kept) = self.store.find(EntryKind::Trace, self.chain.whole()) {
            add(&kept, RELEASE, &(release_key(running, next), answers));
        }
    }

    fn known_proofs(&self) -> Option<BTreeMap<Key, Proof>> {
        let kept = self.store.find(EntryKind::Trace, self.chain.whole())?;
        read(&kept.path().join(PROOFS))
    }

    /// How many migrations come before the first judged one.
    pub(crate) fn before_judged(&self) -> usize {
        self.first
    }

    /// The longest prefix that is kept.
    pub(crate) fn longest_prefix<S: DeserializeOwned>(&self) -> Option<KeptPrefix<S>> {
        self.chain.prefixes().find_map(|(_, key)| {
            let entry = self.store.find(EntryKind::Prefix, key)?;
            if let Some(state) = read(&entry.path().join(STATE)) {
                let key = key.clone();
                return Some(KeptPrefix { state, key, entry });
            }
            drop(entry);
            self.store.discard(EntryKind::Prefix, key);
            None
        })
    }

    /// Removes a prefix that turned out to be damaged.
    pub(crate) fn discard_prefix<S>(&self, prefix: KeptPrefix<S>) {
        let KeptPrefix { key, entry, .. } = prefix;
        drop(entry);
        self.store.discard(EntryKind::Prefix, &key);
    }

    /// Begins to keep the prefix up to the first judged migration; nothing where nothing is kept.
    pub(crate) fn begin_prefix(&self) -> Option<NewPrefix> {
        self.store.begin().map(NewPrefix)
    }

    /// Keeps the prefix. Whether it is kept; failing at it does no harm.
    pub(crate) fn keep_prefix<S: Serialize>(&self, prefix: NewPrefix, state: &S) -> bool {
        write(&prefix.0.path().join(STATE), state).is_ok()
            && self
                .store
                .finish(prefix.0, EntryKind::Prefix, self.chain.before_judged(), &self.prefix)
    }
}

/// Adds to what is kept. What can't be written is found out again by the next run.
fn add<T: Serialize>(kept: &Kept, name: &str, value: &T) {
    let unfinished = kept.path().join(format!("{name}.{}", std::process::id()));
    let _ = write(&unfinished, value).and_then(|()| fs::rename(&unfinished, kept.path().join(name)));
}

/// All that decides what comes of ways back, beyond the history.
fn ways_back_key(history: &History, tried: &[usize]) -> Key {
    let mut hasher = Hasher::new("ways back");
    for index in tried {
        let back = history.migrations.get(*index).and_then(Migration::back);
        let content = back.map(|back| content(&back).to_string());
        hasher = hasher.add(&index.to_string()).add_optional(content.as_deref());
    }
    hasher.key()
}

/// All that decides what becomes of queries, beyond the history.
fn release_key(running: &[Query], next: &[Query]) -> Key {
    let texts = |mut hasher: Hasher, queries: &[Query]| {
        for query in queries {
            hasher = hasher.add(&query.text);
        }
        hasher
    };
    let hasher = texts(Hasher::new("running"), running);
    texts(hasher.add("\0next"), next).key()
}

/// All that decides what comes of a fix, beyond the history.
pub(crate) fn proof_key(candidate: &Candidate<'_>) -> Key {
    let mut hasher = Hasher::new("fix")
        .add(&candidate.migration.to_string())
        .add(&candidate.statement.to_string());
    for step in &candidate.fix.steps {
        let place = if step.in_transaction { "inside" } else { "outside" };
        hasher = hasher.add(place).add(&step.sql);
    }
    for (relation, mode) in &candidate.fix.avoids {
        hasher = hasher
            .add("avoids")
            .add(mode.name())
            .add(relation.kind.name())
            .add(&relation.path.join("\0"));
    }
    for table in &candidate.tables {
        hasher = hasher.add("table").add(&table.path.join("\0"));
    }
    hasher.key()
}

/// Length of the hash in front of what is written.
const HASH: usize = 32;

/// Reads what [`write`] wrote; nothing where that is damaged.
fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let bytes = fs::read(path).ok()?;
    let (hash, content) = bytes.split_at_checked(HASH)?;
    postcard::from_bytes(content)
        .ok()
        .filter(|_| hash == Sha256::digest(content).as_slice())
}

fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let content = postcard::to_stdvec(value).map_err(io::Error::other)?;
    let hash = Sha256::digest(&content);
    fs::write(path, [hash.as_slice(), &content].concat())
}
