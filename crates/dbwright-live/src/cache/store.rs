//! The folder in which things are kept: bounded, shared by several runs at once, and never in anybody's way.
//!
//! An entry is a folder that gets its name when it is complete. Whoever reads one holds a shared lock on the store, whoever
//! adds or removes one an exclusive one. A lock that is not to be had in time means that nothing is found or kept, and that
//! nobody waits for it again in the same run: whoever holds it may have been stopped.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use dbwright_catalog::{Engine, History};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::chain::Key;
use crate::scratch::postgres::Patience;

/// The folder of entries, beside the template clusters.
const FOLDER: &str = "kept";

/// What an entry is, written last.
const ABOUT: &str = "entry.json";

/// The lock of the store, and of an entry that is not complete yet.
const LOCK: &str = "lock";

/// How the names of entries begin that are not complete yet.
const UNFINISHED: &str = "new-";

/// How long somebody waits for a lock. Others hold it while they copy a data directory.
const LOCK_LIMIT: Duration = Duration::from_secs(2);

/// A template cluster that was used a moment ago may be being copied by a run that holds no lock.
const TEMPLATE_REST: Duration = Duration::from_hours(1);

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// The database before the first migration under review.
    Prefix,
    /// What a whole run brought to light.
    Trace,
    /// The empty cluster from which scratch servers are copied.
    Template,
}

/// Something that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Name of the engine: `postgres`.
    pub engine: String,
    /// What the server says of its build; for a template, the name of its folder. Empty where it can't be read.
    pub build: String,
    /// The folder of the migrations; empty for a template.
    pub folder: String,
    /// How many migrations it covers.
    pub migrations: usize,
    /// What it takes on disk.
    pub bytes: u64,
    /// When it was made or used last.
    pub last_used: SystemTime,
    /// Where it lies.
    pub path: PathBuf,
}

/// All that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The folder of the cache.
    pub folder: PathBuf,
    /// What was used last comes first.
    pub entries: Vec<Entry>,
    /// What all of it may take.
    pub bytes_max: u64,
}

impl Contents {
    /// What all of it takes.
    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.bytes).sum()
    }
}

/// What is written down about an entry. Other versions of dbwright may have written more or less.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct About {
    engine: String,
    build: String,
    folder: String,
    migrations: usize,
    /// Length of all its files together, to see whether they are whole.
    length: u64,
}

impl About {
    pub(crate) fn new(build: &str, history: &History, migrations: usize) -> Self {
        About {
            engine: history.engine.name().to_owned(),
            build: build.to_owned(),
            folder: history.folder.display().to_string(),
            migrations,
            length: 0,
        }
    }
}

/// The cache folder and how much may lie in it.
#[derive(Clone, Debug)]
pub struct Store {
    cache: PathBuf,
    bytes_max: u64,
    /// Whether somebody has waited for the lock in vain. Copies of this store are one.
    is_held: Arc<AtomicBool>,
}

/// An entry that nobody removes as long as this lives.
pub(crate) struct Kept {
    path: PathBuf,
    _lock: File,
}

impl Kept {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// An entry that is being made. Dropping it removes it.
pub(crate) struct Unfinished {
    folder: TempDir,
    _lock: File,
}

impl Unfinished {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Store {
    /// A store in the cache folder `cache` that keeps no more than `bytes_max`. Where that is 0, nothing is kept and nothing found.
    pub fn new(cache: &Path, bytes_max: u64) -> Self {
        Store {
            cache: cache.to_owned(),
            bytes_max,
            is_held: Arc::default(),
        }
    }

    /// The lock that another process held for longer than this store waited, so that it went on without what is kept.
    pub fn held_by_another(&self) -> Option<PathBuf> {
        let is_held = self.is_held.load(Ordering::Relaxed);
        is_held.then(|| self.folder().join(LOCK))
    }

    fn folder(&self) -> PathBuf {
        self.cache.join(FOLDER)
    }

    fn place(&self, kind: EntryKind, key: &Key) -> PathBuf {
        let prefix = match kind {
            EntryKind::Prefix => "prefix",
            EntryKind::Trace => "trace",
            EntryKind::Template => "template",
        };
        self.folder().join(format!("{prefix}-{key}"))
    }

    /// The entry with this key, where it is there and whole. It counts as used. Nothing where nothing is kept: then what earlier
    /// checks have kept is not asked for either.
    pub(crate) fn find(&self, kind: EntryKind, key: &Key) -> Option<Kept> {
        let path = self.place(kind, key);
        if self.bytes_max == 0 || !path.exists() {
            return None;
        }
        let lock = self.lock(Lock::Shared)?;
        if is_whole(&path) {
            touch(&path);
            return Some(Kept { path, _lock: lock });
        }
        drop(lock);
        self.discard(kind, key);
        None
    }

    /// Removes an entry that turned out to be of no use.
    pub(crate) fn discard(&self, kind: EntryKind, key: &Key) {
        if let Some(_lock) = self.lock(Lock::Exclusive) {
            remove(&self.place(kind, key));
        }
    }

    /// A folder for what is to become an entry; nothing where nothing is kept.
    pub(crate) fn begin(&self) -> Option<Unfinished> {
        if self.bytes_max == 0 {
            return None;
        }
        let begin = || -> io::Result<Unfinished> {
            fs::create_dir_all(self.folder())?;
            let folder = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(self.folder())?;
            let lock = File::create(folder.path().join(LOCK))?;
            lock.try_lock().map_err(io::Error::from)?;
            Ok(Unfinished { folder, _lock: lock })
        };
        begin().ok()
    }

    /// Gives a complete entry its name, and makes room for it. Whether it is kept; not where another run was faster.
    pub(crate) fn finish(&self, unfinished: Unfinished, kind: EntryKind, key: &Key, about: &About) -> bool {
        let finish = || -> io::Result<bool> {
            let path = unfinished.path();
            let (length, bytes) = size(path);
            if bytes > self.bytes_max {
                return Ok(false);
            }
            let about = About {
                length,
                ..about.clone()
            };
            fs::write(path.join(ABOUT), serde_json::to_vec_pretty(&about)?)?;
            let target = self.place(kind, key);
            let Some(_lock) = self.lock(Lock::Exclusive) else {
                return Ok(false);
            };
            if target.exists() {
                return Ok(false);
            }
            fs::remove_file(path.join(LOCK))?;
            fs::rename(path, &target)?;
            self.make_room(&target);
            Ok(true)
        };
        let is_kept = finish().unwrap_or(false);
        drop(unfinished);
        is_kept
    }

    /// All that is kept, what was used last first.
    pub fn contents(&self) -> Contents {
        let mut entries = [entries(&self.folder(), entry), entries(&self.cache, template)].concat();
        entries.sort_by(|a, b| (b.last_used, &a.path).cmp(&(a.last_used, &b.path)));
        Contents {
            folder: self.cache.clone(),
            entries,
            bytes_max: self.bytes_max,
        }
    }

    /// Removes all that is kept, and tells what that was.
    ///
    /// # Errors
    ///
    /// When another run is using it, or something can't be removed.
    pub fn clear(&self) -> io::Result<Contents> {
        let before = self.contents();
        if before.entries.is_empty() {
            return Ok(before);
        }
        let Some(_lock) = self.lock(Lock::Exclusive) else {
            return Err(io::Error::new(
                io::ErrorKind::WouldBlock,
                "another dbwright is using it",
            ));
        };
        self.sweep();
        for entry in &before.entries {
            remove(&entry.path);
            if entry.path.exists() {
                fs::remove_dir_all(&entry.path)?;
            }
            if entry.kind == EntryKind::Template {
                // It may never have been there.
                let _ = fs::remove_file(entry.path.with_added_extension("lock"));
            }
        }
        Ok(before)
    }

    /// Removes what was not used for the longest time, until the rest keeps the bound. `newest` stays.
    fn make_room(&self, newest: &Path) {
        self.sweep();
        let contents = self.contents();
        let mut bytes = contents.bytes();
        for entry in contents.entries.iter().rev() {
            if bytes <= self.bytes_max {
                break;
            }
            let in_use = entry.kind == EntryKind::Template
                && entry.last_used.elapsed().is_ok_and(|elapsed| elapsed < TEMPLATE_REST);
            if entry.path != newest && !in_use {
                remove(&entry.path);
                bytes -= entry.bytes;
            }
        }
    }

    /// Removes what runs that are gone have left half done.
    fn sweep(&self) {
        for file in fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            let is_unfinished = file.file_name().to_string_lossy().starts_with(UNFINISHED);
            // Its maker has made the lock right after the folder, and holds it.
            let is_forgotten = || File::open(file.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
            if is_unfinished && is_forgotten() {
                remove(&file.path());
            }
        }
    }

    fn lock(&self, lock: Lock) -> Option<File> {
        fs::create_dir_all(self.folder()).ok()?;
        let file = File::create(self.folder().join(LOCK)).ok()?;
        let limit = if self.is_held.load(Ordering::Relaxed) {
            Duration::ZERO
        } else {
            LOCK_LIMIT
        };
        let mut patience = Patience::new(limit);
        loop {
            let locked = match lock {
                Lock::Shared => file.try_lock_shared(),
                Lock::Exclusive => file.try_lock(),
            };
            match locked {
                Ok(()) => return Some(file),
                Err(fs::TryLockError::Error(_)) => return None,
                Err(fs::TryLockError::WouldBlock) if patience.is_exhausted() => {
                    self.is_held.store(true, Ordering::Relaxed);
                    return None;
                }
                Err(fs::TryLockError::WouldBlock) => patience.pause_blocking(),
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    Shared,
    Exclusive,
}

/// Notes that an entry or a template was used.
pub(crate) fn touch(path: &Path) {
    let about = path.join(ABOUT);
    let marked = if about.exists() { about } else { path.to_owned() };
    // Where it can't be noted, it goes a little earlier than it should.
    let _ = File::open(marked).and_then(|file| file.set_modified(SystemTime::now()));
}

fn entries(folder: &Path, read: impl Fn(&str, PathBuf) -> Option<Entry>) -> Vec<Entry> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = files.filter(|file| file.file_type().is_ok_and(|kind| kind.is_dir()));
    folders
        .filter_map(|file| read(file.file_name().to_str()?, file.path()))
        .collect()
}

fn entry(name: &str, path: PathBuf) -> Option<Entry> {
    let kind = match name.split_once('-')?.0 {
        "prefix" => EntryKind::Prefix,
        "trace" => EntryKind::Trace,
        _ => return None,
    };
    let about = read_about(&path).unwrap_or_default();
    let (_, bytes) = size(&path);
    Some(Entry {
        kind,
        engine: about.engine,
        build: about.build,
        folder: about.folder,
        migrations: about.migrations,
        bytes,
        last_used: modified(&path.join(ABOUT)),
        path,
    })
}

/// Template clusters are called `postgres-18.4-54ee8378cf139090`: engine, version, what they were made of.
fn template(name: &str, path: PathBuf) -> Option<Entry> {
    let (rest, hash) = name.rsplit_once('-')?;
    let (engine, _) = rest.split_once('-')?;
    let engine: Engine = engine.parse().ok()?;
    if hash.len() != 16 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let (_, bytes) = size(&path);
    Some(Entry {
        kind: EntryKind::Template,
        engine: engine.name().to_owned(),
        build: rest.to_owned(),
        folder: String::new(),
        migrations: 0,
        bytes,
        last_used: modified(&path),
        path,
    })
}

fn modified(path: &Path) -> SystemTime {
    path.metadata()
        .and_then(|metadata| metadata.modified())
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn read_about(path: &Path) -> Option<About> {
    serde_json::from_slice(&fs::read(path.join(ABOUT)).ok()?).ok()
}

/// Whether all that was written is still there: after a loss of power files can be empty, as nothing is synced to disk.
fn is_whole(path: &Path) -> bool {
    read_about(path).is_some_and(|about| size(path).0 == about.length)
}

/// Removes an entry; what it is goes first, so that what remains of it is never taken for whole.
fn remove(path: &Path) {
    // What can't be removed now is found not to be whole, and removed by a later run.
    let _ = fs::remove_file(path.join(ABOUT));
    let _ = fs::remove_dir_all(path);
}

/// The length of all files that an entry was made of, and what the whole of it takes on disk.
fn size(path: &Path) -> (u64, u64) {
    let (mut length, mut bytes) = (0, 0);
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(metadata) = file.metadata() else { continue };
            bytes += on_disk(&metadata);
            if metadata.is_dir() {
                folders.push(file.path());
            } else if folder != path || !is_beside(&file.file_name().to_string_lossy()) {
                length += metadata.len();
            }
        }
    }
    (length, bytes)
}

/// What is written or changed after an entry is complete.
fn is_beside(name: &str) -> bool {
    use super::history::{PROOFS, RELEASE, ROLLBACKS};
    let added = [PROOFS, RELEASE, ROLLBACKS];
    name == ABOUT || name == LOCK || added.iter().any(|of| name.starts_with(of))
}

#[cfg(unix)]
fn on_disk(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(metadata) * 512
}

#[cfg(not(unix))]
fn on_disk(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}
