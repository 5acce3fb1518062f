//! Prediction held against what real servers were seen to do, statement by statement and version by version.
//!
//! What was seen stands in `cases/predict/postgres/list-18.txt` and its like; a live test in the crate of use cases holds
//! these files against servers. A statement that can't be predicted must be unknown, never wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{
    Change, Effect, Engine, History, Known, LockMode, Migration, MigrationSet, Outcome, RunMode, Tool, Version,
};
use dbwright_sql::{Dialect, Summary, statements, summarise};

use super::{assumed_version, predict};

struct Case {
    name: String,
    sql: String,
    mode: RunMode,
    from: u32,
    until: u32,
    /// Whether some statement of it has to be unknown (`Some(true)`), or may be (`Some(false)`).
    unknown: Option<bool>,
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
                unknown: if gates.contains(&"unknown") {
                    Some(true)
                } else if gates.contains(&"may be unknown") {
                    Some(false)
                } else {
                    None
                },
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

/// The facts of an effect, as they are recorded.
fn told(effect: &Effect) -> BTreeSet<String> {
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
    facts
}

/// What was seen: by case, by number of the statement.
fn recorded(text: &str) -> BTreeMap<String, BTreeMap<usize, BTreeSet<String>>> {
    text.split("=== ")
        .skip(1)
        .map(|block| {
            let (name, lines) = block.split_once('\n').unwrap();
            let mut of_case: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
            for line in lines.lines() {
                let (number, fact) = line.split_once(' ').unwrap();
                of_case
                    .entry(number.parse().unwrap())
                    .or_default()
                    .insert(fact.to_owned());
            }
            (name.to_owned(), of_case)
        })
        .collect()
}

/// How a prediction differs from what was seen; nothing where it does not.
fn difference(engine: Engine, text: &str, predicted: &Effect, seen: &BTreeSet<String>) -> Option<String> {
    let mut before = told(predicted);
    let mut after = seen.clone();
    if after.contains("not run") || after.contains("not watched") {
        return None;
    }
    // Rows are not predicted, and so not what fails on them.
    let predicts_failure = before.iter().any(|fact| fact.starts_with("fails on rows"));
    if !predicts_failure {
        after.retain(|fact| !fact.starts_with("fails on rows"));
    }
    let is_write = matches!(
        summarise(engine, text),
        Summary::Write | Summary::CopyFromStdin | Summary::Query
    );
    if is_write {
        // What rows lead to is not predicted: triggers, foreign keys, plans.
        if after.iter().any(|fact| fact.starts_with("fails")) {
            return None;
        }
        before.retain(|fact| fact.starts_with("lock"));
        after.retain(|fact| before.contains(fact));
    }
    if before == after {
        return None;
    }
    let mut told = String::new();
    for fact in before.difference(&after) {
        writeln!(told, "  predicted only: {fact}").unwrap();
    }
    for fact in after.difference(&before) {
        writeln!(told, "  seen only:      {fact}").unwrap();
    }
    Some(told)
}

/// Holds predictions for a version against what was seen there.
fn compare(
    engine: Engine,
    version: Version,
    setup: &str,
    cases: &[Case],
    recorded_text: &str,
) -> (usize, usize, Vec<String>) {
    let recorded = recorded(recorded_text);
    let (mut compared, mut unknown, mut wrong) = (0, 0, Vec::new());
    for case in cases
        .iter()
        .filter(|case| (case.from..=case.until).contains(&version.major))
    {
        let migrations = vec![
            migration(engine, "setup", setup, RunMode::EachStatement),
            migration(engine, &case.name, &case.sql, case.mode),
        ];
        let history = history(engine, migrations);
        let trace = predict(&history, &MigrationSet::All, version).unwrap();
        for (statement, effect) in history.migrations[0]
            .statements
            .iter()
            .zip(&trace.migrations[0].effects)
        {
            assert!(
                effect.known == Known::Predicted && effect.outcome == Outcome::Done,
                "{}: {:?} {:?}",
                statement.text,
                effect.known,
                effect.outcome
            );
        }
        let Some(seen) = recorded.get(&case.name) else {
            wrong.push(format!("{engine} {version}: {} is not recorded\n", case.name));
            continue;
        };
        let nothing = BTreeSet::new();
        let mut any_unknown = false;
        let statements = history.migrations[1]
            .statements
            .iter()
            .zip(&trace.migrations[1].effects);
        for (number, (statement, effect)) in statements.enumerate() {
            compared += 1;
            let head = format!("{engine} {version}: {}\n{}", case.name, statement.text);
            if let (Known::Unknown(reason), Outcome::Done) = (&effect.known, &effect.outcome) {
                unknown += 1;
                any_unknown = true;
                if case.unknown.is_none() {
                    wrong.push(format!("{head}\n  unknown: {reason}\n"));
                }
                continue;
            }
            let seen = seen.get(&(number + 1)).unwrap_or(&nothing);
            if let Some(difference) = difference(engine, &statement.text, effect, seen) {
                wrong.push(format!("{head}\n{difference}"));
            }
        }
        if case.unknown == Some(true) && !any_unknown {
            wrong.push(format!("{engine} {version}: {}: nothing of it is unknown\n", case.name));
        }
    }
    (compared, unknown, wrong)
}

fn check(setup: &str, cases: &[Case], name: &str) {
    let (mut compared, mut unknown, mut wrong) = (0, 0, Vec::new());
    let mut majors = 0;
    for major in 13..=18 {
        let file = folder("predict/postgres").join(format!("{name}-{major}.txt"));
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        majors += 1;
        let (more, more_unknown, differing) = compare(Engine::Postgres, Version::new(major, 0, 0), setup, cases, &text);
        compared += more;
        unknown += more_unknown;
        wrong.extend(differing);
    }
    println!("{compared} statements on {majors} majors, {unknown} unknown");
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(majors >= 5, "only {majors} majors are recorded");
}

#[test]
fn the_list_is_predicted_as_every_major_does_it() {
    let folder = folder("predict/postgres");
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let cases = cases(&std::fs::read_to_string(folder.join("list.txt")).unwrap());
    check(&setup, &cases, "list");
}

#[test]
fn the_list_is_predicted_as_sqlite_does_it() {
    let folder = folder("predict/sqlite");
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let cases = cases(&std::fs::read_to_string(folder.join("list.txt")).unwrap());
    let seen = std::fs::read_to_string(folder.join("seen.txt")).unwrap();
    let (compared, unknown, wrong) = compare(Engine::Sqlite, assumed_version(Engine::Sqlite), &setup, &cases, &seen);
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(compared >= 60 && unknown <= 4, "{compared} compared, {unknown} unknown");
}

#[test]
fn the_corpus_of_effects_is_predicted_as_every_major_does_it() {
    let folder = folder("effects/postgres");
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let is_code = file
            .file_stem()
            .is_some_and(|stem| stem == "code" || stem == "rows" || stem == "failures");
        for mut case in cases(&std::fs::read_to_string(&file).unwrap()) {
            // What code and rows do is never predicted.
            case.unknown = is_code.then_some(false);
            all.push(case);
        }
    }
    check(&setup, &all, "effects");
}
