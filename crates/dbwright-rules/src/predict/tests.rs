//! Prediction held against what real servers were seen to do, statement by statement and version by version.
//!
//! What was seen stands in `cases/predict/postgres/list-18.txt` and its like; a live test in the crate of use cases holds
//! these files against servers. A statement that can't be predicted must be unknown, never wrong.

mod examples;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use dbwright_catalog::{Effect, Engine, Known, MigrationSet, Outcome, Version};
use dbwright_sql::{Summary, summarise};

use super::{assumed_version, predict};
use record::{Case, cases, corpus, folder, history, told};

/// Whether some statement of a case has to be unknown (`Some(true)`), or may be (`Some(false)`).
fn unknown(case: &Case) -> Option<bool> {
    let has = |wanted: &str| case.gates.iter().any(|gate| gate == wanted);
    has("unknown")
        .then_some(true)
        .or(has("may be unknown").then_some(false))
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

fn is_of_transaction(fact: &str) -> bool {
    fact.starts_with("commit")
}

/// How a prediction differs from what was seen; nothing where it does not.
fn difference(
    engine: Engine,
    text: &str,
    (predicted, number): (&[Effect], usize),
    seen: &BTreeSet<String>,
) -> Option<String> {
    let mut before = told(engine, predicted, number);
    let mut after = seen.clone();
    if after.contains("not run") || after.contains("not watched") {
        return None;
    }
    let is_write = matches!(
        summarise(engine, text),
        Summary::Write | Summary::CopyFromStdin | Summary::Query
    );
    // What rows lead to is not predicted: triggers, foreign keys, plans.
    if is_write
        && after
            .iter()
            .any(|fact| fact.starts_with("fails") || fact.starts_with("follows"))
    {
        return None;
    }
    // Rows are not predicted, and so not what fails on them.
    let predicts_failure = before.iter().any(|fact| fact.starts_with("fails on rows"));
    if !predicts_failure {
        after.retain(|fact| !fact.starts_with("fails on rows"));
    }
    if is_write {
        let is_mysql_family = matches!(engine, Engine::MySql | Engine::MariaDb);
        before.retain(|fact| is_mysql_family || fact.starts_with("lock"));
        after.retain(|fact| before.contains(fact) || fact.starts_with("commit"));
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
    let (mut compared, mut not_known, mut wrong) = (0, 0, Vec::new());
    for case in cases.iter().filter(|case| case.is_for(version.major)) {
        let history = history(engine, setup, case);
        let trace = predict(&history, &MigrationSet::All, version);
        for (statement, effect) in history.migrations[0]
            .statements
            .iter()
            .zip(&trace.migrations[0].effects)
        {
            assert!(
                statement.not_sent.is_some() || effect.known == Known::Predicted && effect.outcome == Outcome::Done,
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
                not_known += 1;
                any_unknown = true;
                if unknown(case).is_none() {
                    wrong.push(format!("{head}\n  unknown: {reason}\n"));
                }
                continue;
            }
            let mut seen = seen.get(&(number + 1)).unwrap_or(&nothing).clone();
            if any_unknown {
                // What is not known may have committed.
                seen.extend(
                    told(engine, &trace.migrations[1].effects, number)
                        .into_iter()
                        .filter(|fact| is_of_transaction(fact)),
                );
            }
            if let Some(difference) = difference(engine, &statement.text, (&trace.migrations[1].effects, number), &seen)
            {
                wrong.push(format!("{head}\n{difference}"));
            }
        }
        if unknown(case) == Some(true) && !any_unknown {
            wrong.push(format!("{engine} {version}: {}: nothing of it is unknown\n", case.name));
        }
    }
    (compared, not_known, wrong)
}

/// Holds the predictions for cases against what was seen on every version that is recorded.
fn check(engine: Engine, versions: &[Version], setup: &str, cases: &[Case], name: &str) {
    let (mut compared, mut unknown, mut wrong) = (0, 0, Vec::new());
    for version in versions {
        let file = folder(&format!("predict/{}", engine.name())).join(format!("{name}-{}.txt", version.major));
        let text = std::fs::read_to_string(&file).unwrap();
        let (more, more_unknown, differing) = compare(engine, *version, setup, cases, &text);
        compared += more;
        unknown += more_unknown;
        wrong.extend(differing);
    }
    println!(
        "{compared} statements on {} versions, {unknown} unknown",
        versions.len()
    );
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

const POSTGRES: [Version; 5] = [
    Version::new(13, 0, 0),
    Version::new(15, 0, 0),
    Version::new(16, 0, 0),
    Version::new(17, 0, 0),
    Version::new(18, 0, 0),
];
const MYSQL: [Version; 1] = [Version::new(9, 7, 0)];
const MARIADB: [Version; 2] = [Version::new(10, 11, 0), Version::new(11, 8, 0)];

fn check_list(engine: Engine, versions: &[Version]) {
    let folder = folder(&format!("predict/{}", engine.name()));
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let cases = cases(&std::fs::read_to_string(folder.join("list.txt")).unwrap());
    check(engine, versions, &setup, &cases, "list");
}

/// Cases of the corpora about what is not watched or not predicted.
const MAY_BE_UNKNOWN: [&str; 4] = [
    "make a table from a query",
    "a temporary table",
    "a database of its own",
    "a procedure that defines, in a block",
];

/// What was seen there is what becomes of a table that was emptied first.
const EMPTIED: &str = "rows that are in the way";

fn check_effects(engine: Engine, versions: &[Version]) {
    let folder = folder(&format!("effects/{}", engine.name()));
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let mut all = Vec::new();
    for file in corpus(&folder) {
        let is_code = file
            .file_stem()
            .is_some_and(|stem| stem == "code" || stem == "rows" || stem == "failures");
        for mut case in cases(&std::fs::read_to_string(&file).unwrap()) {
            // What code and rows do is never predicted.
            let is_mysql_family = engine != Engine::Postgres;
            if is_code || is_mysql_family && MAY_BE_UNKNOWN.contains(&case.name.as_str()) {
                case.gates.push("may be unknown".to_owned());
            }
            if !(is_mysql_family && case.name == EMPTIED) {
                all.push(case);
            }
        }
    }
    check(engine, versions, &setup, &all, "effects");
}

#[test]
fn the_list_is_predicted_as_every_major_does_it() {
    check_list(Engine::Postgres, &POSTGRES);
}

#[test]
fn the_list_is_predicted_as_mysql_does_it() {
    check_list(Engine::MySql, &MYSQL);
}

#[test]
fn the_list_is_predicted_as_mariadb_does_it() {
    check_list(Engine::MariaDb, &MARIADB);
}

#[test]
fn the_corpus_of_effects_is_predicted_as_every_major_does_it() {
    check_effects(Engine::Postgres, &POSTGRES);
}

#[test]
fn the_corpus_of_effects_is_predicted_as_mysql_does_it() {
    check_effects(Engine::MySql, &MYSQL);
}

#[test]
fn the_corpus_of_effects_is_predicted_as_mariadb_does_it() {
    check_effects(Engine::MariaDb, &MARIADB);
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
