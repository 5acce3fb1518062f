//! The prefix cache on SQLite: warm runs give what cold ones give, and nothing is taken for what it is not.

use std::fs;
use std::path::Path;

use dbwright_catalog::{Engine, History, MigrationSet, Outcome, Trace};
use dbwright_live::cache::{EntryKind, HistoryCache, Store};
use dbwright_live::trace::sqlite::trace_kept;

use super::{PLENTY, kept, last, timeless};

/// So long that it is worth keeping where it has led to.
const LONG: &str =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000) SELECT max(x) FROM c";

fn history(texts: &[&str]) -> History {
    super::history(Engine::Sqlite, texts)
}

fn run(store: &Store, history: &History, judged: &MigrationSet) -> Trace {
    let cache = HistoryCache::sqlite(store, history, judged);
    trace_kept(&cache, history, judged, &mut |_| {}).unwrap()
}

/// Runs a history three times: without a cache, with an empty one, and with what that has left.
fn same_thrice(texts: &[&str]) -> Trace {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), PLENTY);
    let texts: Vec<&str> = [&[LONG], texts].concat();
    let history = history(&texts);
    let judged = last(&history);
    let without = run(&Store::new(folder.path(), 0), &history, &judged);
    let cold = run(&store, &history, &judged);
    assert_eq!(cold.from_cache, 0);
    assert_eq!(kept(&store, EntryKind::Prefix).len(), 1, "{texts:?}");
    let warm = run(&store, &history, &judged);
    assert_eq!(warm.from_cache, texts.len() - 1, "{texts:?}");
    assert_eq!(timeless(&without), timeless(&cold), "{texts:?}");
    assert_eq!(timeless(&cold), timeless(&warm), "{texts:?}");
    let cache = HistoryCache::sqlite(&store, &history, &judged);
    assert_eq!(timeless(&cache.trace().unwrap()), timeless(&cold));
    warm
}

fn outcomes(trace: &Trace) -> Vec<&Outcome> {
    let effects = &trace.migrations.last().unwrap().effects;
    effects.iter().map(|effect| &effect.outcome).collect()
}

#[test]
fn tables_rows_and_references() {
    same_thrice(&[
        "CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO a (n) VALUES ('x'), ('y')",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id))",
        "CREATE INDEX b_a ON b (a); ALTER TABLE a DROP COLUMN n; INSERT INTO a DEFAULT VALUES",
    ]);
}

#[test]
fn a_failure_before_the_judged_migration_is_blamed_for_those_in_it() {
    let trace = same_thrice(&[
        "CREATE TABLE t (id nonsense nonsense(",
        "ALTER TABLE t ADD COLUMN c; ALTER TABLE never ADD COLUMN c",
    ]);
    let outcomes = outcomes(&trace);
    assert!(
        matches!(outcomes[0], Outcome::FollowsFrom { migration: 1, .. }),
        "{outcomes:?}"
    );
    assert!(matches!(outcomes[1], Outcome::Failed(_)), "{outcomes:?}");
}

#[test]
fn settings_of_the_connection_and_of_the_file() {
    let trace = same_thrice(&[
        "CREATE TABLE a (id INTEGER PRIMARY KEY CHECK (id > 5)); CREATE TABLE b (a REFERENCES a (id)); \
         PRAGMA user_version = 7; PRAGMA ignore_check_constraints = on",
        "INSERT INTO a VALUES (1); CREATE TABLE c AS SELECT user_version FROM pragma_user_version",
    ]);
    assert_eq!(outcomes(&trace)[0], &Outcome::Done);
}

#[test]
fn a_log_that_is_written_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), PLENTY);
    let mut history = history(&[
        LONG,
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE a (id INTEGER PRIMARY KEY)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY)",
    ]);
    history.migrations[1].run_mode = dbwright_catalog::RunMode::EachStatement;
    let judged = last(&history);
    let cold = run(&store, &history, &judged);
    let warm = run(&store, &history, &judged);
    assert_eq!(warm.from_cache, 3);
    assert_eq!(timeless(&cold), timeless(&warm));
}

#[test]
fn what_ends_with_its_connection_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), PLENTY);
    let history = history(&[LONG, "CREATE TEMPORARY TABLE w (id)", "CREATE TABLE t (id)"]);
    run(&store, &history, &last(&history));
    assert_eq!(kept(&store, EntryKind::Prefix), [] as [&Path; 0]);
}

#[test]
fn nothing_is_found_that_is_not_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), PLENTY);
    let original = history(&[LONG, "CREATE TABLE a (id)", "CREATE TABLE b (id)"]);
    run(&store, &original, &last(&original));
    let mut changed = original.clone();
    changed.migrations[1].statements[0].text = "CREATE TABLE a (id, n)".to_owned();
    assert_eq!(run(&store, &changed, &last(&changed)).from_cache, 0);
    let mut changed = original.clone();
    changed.sqlite_foreign_keys = true;
    assert_eq!(run(&store, &changed, &last(&changed)).from_cache, 0);
    assert_eq!(run(&store, &original, &last(&original)).from_cache, 2);
}

#[test]
fn what_is_damaged_is_removed_and_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), PLENTY);
    let history = history(&[LONG, "CREATE TABLE a (id)", "CREATE TABLE b (id)"]);
    let judged = last(&history);
    let whole = run(&store, &history, &judged);
    for damage in ["data", "state", "entry.json"] {
        let entries = kept(&store, EntryKind::Prefix);
        assert_eq!(entries.len(), 1);
        let file = entries[0].join(damage);
        let length = file.metadata().unwrap().len();
        fs::write(file, vec![b'?'; usize::try_from(length).unwrap()]).unwrap();
        let trace = run(&store, &history, &judged);
        assert_eq!(trace.from_cache, 0, "{damage}");
        assert_eq!(timeless(&trace), timeless(&whole));
    }
}
