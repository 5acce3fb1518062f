//! What is kept between runs: a run that goes on from what was kept sees exactly what a cold one sees, and nothing is found
//! that is not the same.

#[cfg(target_os = "linux")]
mod held;
mod mysql_family;
mod postgres;
mod sqlite;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dbwright_catalog::{Engine, History, Migration, MigrationSet, RunMode, Tool, Trace};
use dbwright_live::cache::{EntryKind, Store};
use dbwright_sql::{Dialect, statements};

const PLENTY: u64 = 1 << 30;

/// A history of these migrations, each in a transaction.
fn history(engine: Engine, texts: &[&str]) -> History {
    let migration = |(index, text): (usize, &&str)| Migration {
        name: format!("{index}"),
        path: PathBuf::from(format!("{index}.sql")),
        text: (*text).to_owned(),
        statements: statements(Dialect::client(engine), text),
        run_mode: RunMode::Transaction,
        down: None,
    };
    History {
        tool: Tool::Numbered,
        engine,
        version: None,
        folder: PathBuf::from("migrations"),
        migrations: texts.iter().enumerate().map(migration).collect(),
        sqlite_foreign_keys: false,
        prelude: None,
        schema: None,
        left_out: Vec::new(),
        findings: Vec::new(),
    }
}

fn only(index: usize) -> MigrationSet {
    MigrationSet::Only {
        indexes: vec![index],
        why: "the test".to_owned(),
    }
}

/// The last migration is judged.
fn last(history: &History) -> MigrationSet {
    only(history.migrations.len() - 1)
}

/// What two runs of the same must agree on: all but how long statements took, and from where they went on.
fn timeless(trace: &Trace) -> Trace {
    let mut trace = trace.clone();
    trace.from_cache = 0;
    for effect in trace.migrations.iter_mut().flat_map(|migration| &mut migration.effects) {
        effect.duration = Duration::ZERO;
    }
    trace
}

fn kept(store: &Store, kind: EntryKind) -> Vec<PathBuf> {
    let entries = store.contents().entries.into_iter();
    entries
        .filter(|entry| entry.kind == kind)
        .map(|entry| entry.path)
        .collect()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files
}
