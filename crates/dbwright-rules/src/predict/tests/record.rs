//! Cases of `cases/predict` and of the corpora of effects, and what is recorded of an effect, line by line. Two tests read
//! it: the one that runs the cases on servers, and the one that predicts them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Change, Effect, Engine, History, LockMode, Migration, Outcome, RunMode, TableOperation, Tool};
use dbwright_sql::{Dialect, statements};

/// A case of a list: statements that are run after the set-up.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) sql: String,
    pub(crate) mode: RunMode,
    /// What stands behind its name in brackets: `from 14`, `until 16`, `unknown`, `may be unknown`.
    pub(crate) gates: Vec<String>,
}

impl Case {
    /// Whether it is for servers of this major.
    pub(crate) fn is_for(&self, major: u32) -> bool {
        let number = |word: &str| {
            let mut gates = self.gates.iter();
            gates.find_map(|gate| gate.strip_prefix(word)?.trim().parse().ok())
        };
        (number("from").unwrap_or(0)..=number("until").unwrap_or(u32::MAX)).contains(&major)
    }
}

/// A folder below `cases`.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases").join(name)
}

/// The files of a corpus of effects.
pub(crate) fn corpus(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

/// Reads cases. The corpora of effects say how a case runs, and behind that what is seen.
pub(crate) fn cases(text: &str) -> Vec<Case> {
    let blocks = text.split("=== ").skip(1);
    blocks
        .map(|block| {
            let (head, body) = block.split_once('\n').unwrap();
            let name = head.split(" [").next().unwrap().to_owned();
            let gates = head[name.len()..].split([']', '[']).map(|gate| gate.trim().to_owned());
            let (mode, sql) = match body.strip_prefix("--- run ") {
                Some(rest) => {
                    let (mode, rest) = rest.split_once('\n').unwrap();
                    let mode = match mode.trim() {
                        "each-statement" => RunMode::EachStatement,
                        "transaction" => RunMode::Transaction,
                        "simple-query" => RunMode::SimpleQuery,
                        other => panic!("{name}: unknown mode {other}"),
                    };
                    (mode, rest.split("\n--- ").next().unwrap())
                }
                None => (RunMode::EachStatement, body),
            };
            Case {
                sql: sql.trim().to_owned(),
                mode,
                gates: gates.filter(|gate| !gate.is_empty()).collect(),
                name,
            }
        })
        .collect()
}

/// A history of a set-up and a case.
pub(crate) fn history(engine: Engine, setup: &str, case: &Case) -> History {
    let migration = |name: &str, sql: &str, run_mode: RunMode| Migration {
        name: name.to_owned(),
        path: PathBuf::from(format!("{name}.sql")),
        text: sql.to_owned(),
        statements: statements(Dialect::client(engine), sql),
        run_mode,
        down: None,
    };
    History {
        tool: Tool::Numbered,
        engine,
        version: None,
        folder: PathBuf::new(),
        migrations: vec![
            migration("setup", setup, RunMode::EachStatement),
            migration(&case.name, &case.sql, case.mode),
        ],
        sqlite_foreign_keys: false,
        prelude: None,
        left_out: Vec::new(),
        schema: None,
        findings: Vec::new(),
    }
}

/// What is told of one of the effects of a migration. Which property of an object has changed, only reading it tells.
pub(crate) fn told(engine: Engine, effects: &[Effect], index: usize) -> BTreeSet<String> {
    let effect = &effects[index];
    let mut facts = BTreeSet::new();
    match &effect.outcome {
        Outcome::Done => {}
        Outcome::Failed(error) => {
            facts.insert(format!("fails {}", error.code));
            return facts;
        }
        Outcome::FollowsFrom { error, .. } => {
            facts.insert(format!("follows {}", error.code));
            return facts;
        }
        Outcome::Refused(_) => {
            facts.insert("not run".to_owned());
            return facts;
        }
        Outcome::FailedOnRows(error) => {
            facts.insert(format!("fails on rows {}", error.code));
        }
    }
    for lock in effect.locks.iter().filter(|lock| lock.mode > LockMode::AccessShare) {
        facts.insert(format!("lock {} {} since {}", lock.relation, lock.mode, lock.since + 1));
    }
    for (word, found) in [
        ("also locked", &effect.parents),
        ("rewritten", &effect.rewritten),
        ("rebuilt", &effect.rebuilt_indexes),
        ("scanned", &effect.scanned),
    ] {
        facts.extend(found.iter().map(|id| format!("{word} {id}")));
    }
    for change in &effect.changes {
        facts.insert(match change {
            Change::Created(object) => format!("created {} {}", object.id.kind.name(), object.id),
            Change::Dropped(object) => format!("dropped {} {}", object.id.kind.name(), object.id),
            Change::Altered { before, after } if before.id != after.id => {
                format!("renamed {} {} to {}", after.id.kind.name(), before.id, after.id)
            }
            Change::Altered { .. } => continue,
        });
    }
    facts.extend(effect.operations.iter().map(told_operation));
    if matches!(engine, Engine::MySql | Engine::MariaDb) {
        facts.extend(told_transaction(effects, index));
    }
    facts
}

/// With which statements before it one runs in a transaction, and which it commits.
fn told_transaction(effects: &[Effect], index: usize) -> Vec<String> {
    let (before, effect) = (&effects[..index], &effects[index]);
    let together = before.iter().position(|other| other.transaction == effect.transaction);
    let committed = effect.committed.and_then(|committed| {
        let last = before.iter().rposition(|other| other.transaction == committed)?;
        Some(format!("commits {}", last + 1))
    });
    let together = together.map(|first| format!("committed with {}", first + 1));
    together.into_iter().chain(committed).collect()
}

fn told_operation(operation: &TableOperation) -> String {
    let (algorithm, lock) = (operation.algorithm.name(), operation.lock.name());
    let mut text = format!("operation {} {algorithm} {lock}", operation.table);
    if let Some(versions) = operation.row_versions.filter(|versions| *versions > 0) {
        write!(text, " versions {versions}").unwrap();
    }
    let refused = operation.refused.iter().map(|offer| match offer.lock {
        Some(lock) => format!("{} {}", offer.algorithm.name(), lock.name()),
        None => offer.algorithm.name().to_owned(),
    });
    let refused: Vec<String> = refused.collect();
    if !refused.is_empty() {
        write!(text, ", not {}", refused.join(", ")).unwrap();
    }
    text
}
