//! The lock of the cache in the hands of a process that was stopped: nobody waits for it twice.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dbwright_catalog::{Engine, Trace};
use dbwright_live::cache::{HistoryCache, Store};
use dbwright_live::trace::sqlite::trace_kept;

use super::{PLENTY, history, kept, last, timeless};

/// Takes the lock of a store and stops, so that only a signal makes it go on.
const HOLDER: &str = "exec 9>>\"$1\" && flock \"$2\" 9 && kill -STOP $$";

/// A stopped process with the lock.
struct Holder(Child);

impl Holder {
    /// `--exclusive` or `--shared`.
    fn of(store: &Path, how: &str) -> Self {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", HOLDER, "holder"])
            .arg(store.join("kept/lock"))
            .arg(how);
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let deadline = Instant::now() + Duration::from_mins(1);
        while !std::fs::read_to_string(&status).unwrap().contains("State:\tT") {
            assert!(Instant::now() < deadline, "it does not get the lock");
            std::thread::yield_now();
        }
        Holder(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

const TEXTS: [&str; 3] = [
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000) SELECT max(x) FROM c",
    "CREATE TABLE a (id INTEGER PRIMARY KEY)",
    "CREATE INDEX i ON a (id)",
];

fn run(store: &Store) -> Trace {
    let history = history(Engine::Sqlite, &TEXTS);
    let judged = last(&history);
    let cache = HistoryCache::sqlite(store, &history, &judged);
    let trace = trace_kept(&cache, &history, &judged, &mut |_| {}).unwrap();
    cache.keep_trace(&trace);
    trace
}

#[test]
fn a_stopped_process_with_the_lock_costs_one_wait() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(&Store::new(folder.path(), PLENTY));
    for how in ["--exclusive", "--shared"] {
        let holder = Holder::of(folder.path(), how);
        let store = Store::new(folder.path(), PLENTY);
        assert_eq!(store.held_by_another(), None);
        let started = Instant::now();
        for _ in 0..20 {
            assert_eq!(timeless(&run(&store)), timeless(&first));
            assert!(store.clear().is_err());
        }
        // Twenty rounds with a wait of two seconds each, and more than one in a round, would take at least 40.
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
        assert_eq!(store.held_by_another(), Some(folder.path().join("kept/lock")));
        drop(holder);
        let store = Store::new(folder.path(), PLENTY);
        assert_eq!(run(&store).from_cache, 2, "it was kept before");
        assert_eq!(store.held_by_another(), None);
    }
    let prefixes = kept(
        &Store::new(folder.path(), PLENTY),
        dbwright_live::cache::EntryKind::Prefix,
    );
    assert_eq!(prefixes.len(), 1);
}
