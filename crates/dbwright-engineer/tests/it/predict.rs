//! What the statements of `cases/predict` and of the corpora of effects do on real servers is what `cases/predict` has
//! recorded, by major version. The crate of rules holds its predictions against the same records, where no server is
//! needed: together they hold prediction against observation.
//!
//! The records change with the engines and not with the code, and all of them take many minutes: every change is held
//! against a sample on the newest major, `cargo xtask ci --full` against all, as `DBWRIGHT_CORPUS_RUNS=1` does.
//! `DBWRIGHT_BLESS=1 DBWRIGHT_TEST_MAJORS=13,15,16,17,18 cargo nextest run -p dbwright-engineer predict` records anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{
    Change, Effect, Engine, History, Known, LockMode, Migration, MigrationSet, Outcome, RunMode, Tool,
};
use dbwright_sql::{Dialect, statements};

use crate::servers;

/// A case of a list: statements that are run after the set-up.
struct Case {
    name: String,
    sql: String,
    mode: RunMode,
    from: u32,
    until: u32,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases").join(name)
}

fn cases(text: &str) -> Vec<Case> {
    text.split("=== ")
        .skip(1)
        .map(|block| {
            let (head, body) = block.split_once('\n').unwrap();
            let name = head.split(" [").next().unwrap().to_owned();
            let gates: Vec<&str> = head[name.len()..].split([']', '[']).map(str::trim).collect();
            let number = |word: &str| {
                gates
                    .iter()
                    .find_map(|gate| gate.strip_prefix(word)?.trim().parse().ok())
            };
            // The corpora of effects say how a case runs, and behind that what is seen.
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
                from: number("from").unwrap_or(0),
                until: number("until").unwrap_or(u32::MAX),
                name,
            }
        })
        .collect()
}

fn migration(engine: Engine, name: &str, sql: &str, run_mode: RunMode) -> Migration {
    Migration {
        name: name.to_owned(),
        path: PathBuf::from(format!("{name}.sql")),
        text: sql.to_owned(),
        statements: statements(Dialect::client(engine), sql),
        run_mode,
        down: None,
    }
}

fn history(engine: Engine, migrations: Vec<Migration>) -> History {
    History {
        tool: Tool::Numbered,
        engine,
        version: None,
        folder: PathBuf::new(),
        migrations,
        sqlite_foreign_keys: false,
        prelude: None,
        left_out: Vec::new(),
        schema: None,
        findings: Vec::new(),
    }
}

/// What was seen of a statement, line by line; nothing where it could not be watched.
fn told(effect: &Effect) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    if matches!(effect.known, Known::Unknown(_)) && effect.outcome == Outcome::Done {
        facts.insert("not watched".to_owned());
        return facts;
    }
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
            // Which property of it, only reading it tells.
            Change::Altered { .. } => continue,
        });
    }
    facts
}

/// How many cases of a list are run on every change.
const SAMPLE: usize = 8;

/// Which cases are run on which majors.
struct Extent {
    majors: Vec<u32>,
    /// Part of their names; all have it where it is empty.
    only: String,
    /// Whether a few of them stand for all.
    sample: bool,
}

impl Extent {
    /// As the environment asks for it.
    fn asked() -> Extent {
        let only = only();
        let all = ["DBWRIGHT_CORPUS_RUNS", "DBWRIGHT_BLESS"].map(std::env::var_os);
        let sample = only.is_empty() && all.iter().all(Option::is_none);
        let mut majors = servers::majors();
        if sample {
            majors = majors.into_iter().max().into_iter().collect();
        }
        Extent { majors, only, sample }
    }

    /// The cases that are run on a major.
    fn cases<'a>(&self, major: u32, cases: &'a [Case]) -> Vec<&'a Case> {
        let chosen: Vec<&Case> = cases
            .iter()
            .filter(|case| (case.from..=case.until).contains(&major) && case.name.contains(&self.only))
            .collect();
        let step = if self.sample {
            chosen.len().div_ceil(SAMPLE).max(1)
        } else {
            1
        };
        chosen.into_iter().step_by(step).collect()
    }
}

/// Runs cases on a server of a major version and tells what was seen.
async fn observed(major: u32, setup: &str, cases: &[&Case]) -> String {
    let judged = MigrationSet::Only {
        indexes: vec![1],
        why: String::new(),
    };
    let scratch = servers::scratch(major).await;
    let mut text = String::new();
    for case in cases {
        let history = history(
            Engine::Postgres,
            vec![
                migration(Engine::Postgres, "setup", setup, RunMode::EachStatement),
                migration(Engine::Postgres, "case", &case.sql, case.mode),
            ],
        );
        let trace = dbwright_live::trace::postgres::trace(&scratch, &history, &judged, &mut |_| {})
            .await
            .unwrap();
        writeln!(text, "=== {}", case.name).unwrap();
        for (number, effect) in trace.migrations[1].effects.iter().enumerate() {
            for fact in told(effect) {
                writeln!(text, "{} {fact}", number + 1).unwrap();
            }
        }
    }
    scratch.stop().await.unwrap();
    text
}

/// Compares with what is recorded, or records it.
async fn compare(setup: &str, cases: &[Case], name: &str) {
    let mut wrong = Vec::new();
    let extent = Extent::asked();
    for &major in &extent.majors {
        let cases = extent.cases(major, cases);
        let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert!(!extent.sample || names.len() > SAMPLE / 2, "{} cases", names.len());
        let seen = observed(major, setup, &cases).await;
        let file = folder("predict/postgres").join(format!("{name}-{major}.txt"));
        let recorded = std::fs::read_to_string(&file).unwrap_or_default();
        if std::env::var_os("DBWRIGHT_BLESS").is_some() {
            std::fs::write(&file, merged(&recorded, &seen)).unwrap();
            continue;
        }
        let (mut before, after) = (blocks(&recorded), blocks(&seen));
        // All of the file where all was run, so that a record without a case is told.
        before.retain(|block| {
            let name = block.lines().next().unwrap_or_default();
            names.contains(name) || !extent.sample && name.contains(&extent.only)
        });
        for block in before.symmetric_difference(&after) {
            let which = if before.contains(block) { "recorded" } else { "seen" };
            wrong.push(format!("PostgreSQL {major}, {which}:\n{block}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Part of the name of the cases that are run, as `DBWRIGHT_CASE` gives it; all where it does not.
fn only() -> String {
    std::env::var("DBWRIGHT_CASE").unwrap_or_default()
}

/// What was seen, and what is recorded of cases that did not run.
fn merged(recorded: &str, seen: &str) -> String {
    if only().is_empty() {
        return seen.to_owned();
    }
    let name = |block: &str| block.lines().next().unwrap_or_default().to_owned();
    let mut text = String::new();
    for block in recorded.split("=== ").skip(1) {
        let new = seen.split("=== ").skip(1).find(|other| name(other) == name(block));
        write!(text, "=== {}", new.unwrap_or(block)).unwrap();
    }
    for block in seen.split("=== ").skip(1) {
        if !text.contains(&format!("=== {}\n", name(block))) {
            write!(text, "=== {block}").unwrap();
        }
    }
    text
}

fn blocks(text: &str) -> BTreeSet<String> {
    text.split("=== ").skip(1).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_does_what_is_recorded_of_the_list() {
    let folder = folder("predict/postgres");
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let cases = cases(&std::fs::read_to_string(folder.join("list.txt")).unwrap());
    assert!(cases.len() >= 200, "{} cases", cases.len());
    Box::pin(compare(&setup, &cases, "list")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_does_what_is_recorded_of_the_corpus_of_effects() {
    let folder = folder("effects/postgres");
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let all: Vec<Case> = files
        .iter()
        .flat_map(|file| cases(&std::fs::read_to_string(file).unwrap()))
        .collect();
    Box::pin(compare(&setup, &all, "effects")).await;
}

#[test]
fn sqlite_does_what_is_recorded_of_the_list() {
    let folder = folder("predict/sqlite");
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let cases = cases(&std::fs::read_to_string(folder.join("list.txt")).unwrap());
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let judged = MigrationSet::Only {
        indexes: vec![1],
        why: String::new(),
    };
    let mut seen = String::new();
    for case in &cases {
        let migrations = vec![
            migration(Engine::Sqlite, "setup", &setup, RunMode::EachStatement),
            migration(Engine::Sqlite, "case", &case.sql, case.mode),
        ];
        let history = history(Engine::Sqlite, migrations);
        let trace = dbwright_live::trace::sqlite::trace(&history, &judged, &mut |_| {}).unwrap();
        writeln!(seen, "=== {}", case.name).unwrap();
        for (number, effect) in trace.migrations[1].effects.iter().enumerate() {
            for fact in told(effect) {
                writeln!(seen, "{} {fact}", number + 1).unwrap();
            }
        }
    }
    let file = folder.join("seen.txt");
    if std::env::var_os("DBWRIGHT_BLESS").is_some() {
        std::fs::write(&file, seen).unwrap();
        return;
    }
    let recorded = std::fs::read_to_string(&file).unwrap();
    let (before, after) = (blocks(&recorded), blocks(&seen));
    let differing: Vec<&String> = before.symmetric_difference(&after).collect();
    assert!(differing.is_empty(), "{differing:#?}");
}
