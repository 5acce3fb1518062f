//! What the statements of `cases/predict` and of the corpora of effects do on real servers is what `cases/predict` has
//! recorded, by major version. The crate of rules holds its predictions against the same records, where no server is
//! needed: together they hold prediction against observation.
//!
//! The records change with the engines and not with the code, and all of them take many minutes: every change is held
//! against a sample on the newest major, `cargo xtask ci --full` against all, as `DBWRIGHT_CORPUS_RUNS=1` does.
//! `DBWRIGHT_BLESS=1 DBWRIGHT_TEST_MAJORS=13,15,16,17,18 cargo nextest run -p dbwright-engineer predict` records anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use dbwright_catalog::{Effect, Engine, Known, MigrationSet, Outcome};

use crate::servers;

#[path = "../../../dbwright-rules/src/predict/tests/record.rs"]
mod record;

use record::{Case, cases, corpus, folder, history};

/// What was seen of a statement, line by line; nothing where it could not be watched.
fn told(engine: Engine, effects: &[Effect], index: usize) -> BTreeSet<String> {
    let effect = &effects[index];
    if matches!(effect.known, Known::Unknown(_)) && effect.outcome == Outcome::Done {
        return BTreeSet::from(["not watched".to_owned()]);
    }
    record::told(engine, effects, index)
}

fn write_told(text: &mut String, engine: Engine, case: &Case, effects: &[Effect]) {
    writeln!(text, "=== {}", case.name).unwrap();
    for number in 0..effects.len() {
        for fact in told(engine, effects, number) {
            writeln!(text, "{} {fact}", number + 1).unwrap();
        }
    }
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
    fn asked(engine: Engine) -> Extent {
        let only = only();
        let all = ["DBWRIGHT_CORPUS_RUNS", "DBWRIGHT_BLESS"].map(std::env::var_os);
        let sample = only.is_empty() && all.iter().all(Option::is_none);
        let mut majors = if engine == Engine::Postgres {
            servers::majors()
        } else {
            let family = servers::MYSQL_FAMILY.iter().filter(|(other, _)| *other == engine);
            family.map(|(_, major)| *major).collect()
        };
        // Versions of MariaDB differ in what many cases do.
        if sample && engine == Engine::Postgres {
            majors = majors.into_iter().max().into_iter().collect();
        }
        Extent { majors, only, sample }
    }

    /// The cases that are run on a major.
    fn cases<'a>(&self, major: u32, cases: &'a [Case]) -> Vec<&'a Case> {
        let chosen: Vec<&Case> = cases
            .iter()
            .filter(|case| case.is_for(major) && case.name.contains(&self.only))
            .collect();
        let step = if self.sample {
            chosen.len().div_ceil(SAMPLE).max(1)
        } else {
            1
        };
        chosen.into_iter().step_by(step).collect()
    }
}

fn only_the_case() -> MigrationSet {
    MigrationSet::Only {
        indexes: vec![1],
        why: String::new(),
    }
}

/// Runs cases on a server of a major version and tells what was seen.
async fn observed(engine: Engine, major: u32, setup: &str, cases: &[&Case]) -> String {
    let judged = only_the_case();
    let mut text = String::new();
    if engine == Engine::Postgres {
        let scratch = servers::scratch(major).await;
        for case in cases {
            let history = history(engine, setup, case);
            let trace = dbwright_live::trace::postgres::trace(&scratch, &history, &judged, &mut |_| {})
                .await
                .unwrap();
            write_told(&mut text, engine, case, &trace.migrations[1].effects);
        }
        scratch.stop().await.unwrap();
        return text;
    }
    let scratch = servers::mysql_family(engine, major).await;
    for case in cases {
        let history = history(engine, setup, case);
        let trace = dbwright_live::trace::mysql_family::trace(&scratch, &history, &judged, &mut |_| {})
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        write_told(&mut text, engine, case, &trace.migrations[1].effects);
    }
    scratch.stop().await.unwrap();
    text
}

/// Compares with what is recorded, or records it.
async fn compare(engine: Engine, setup: &str, cases: &[Case], name: &str) {
    let mut wrong = Vec::new();
    let extent = Extent::asked(engine);
    for &major in &extent.majors {
        let cases = extent.cases(major, cases);
        let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert!(!extent.sample || names.len() > SAMPLE / 2, "{} cases", names.len());
        let seen = observed(engine, major, setup, &cases).await;
        let file = folder(&format!("predict/{}", engine.name())).join(format!("{name}-{major}.txt"));
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
            wrong.push(format!("{engine} {major}, {which}:\n{block}"));
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

async fn compare_list(engine: Engine, least: usize) {
    let folder = folder(&format!("predict/{}", engine.name()));
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let cases = cases(&std::fs::read_to_string(folder.join("list.txt")).unwrap());
    assert!(cases.len() >= least, "{} cases", cases.len());
    Box::pin(compare(engine, &setup, &cases, "list")).await;
}

async fn compare_effects(engine: Engine) {
    let folder = folder(&format!("effects/{}", engine.name()));
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let files = corpus(&folder);
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    let all: Vec<Case> = texts.flat_map(|text| cases(&text)).collect();
    Box::pin(compare(engine, &setup, &all, "effects")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_does_what_is_recorded_of_the_list() {
    compare_list(Engine::Postgres, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mysql_does_what_is_recorded_of_the_list() {
    compare_list(Engine::MySql, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_does_what_is_recorded_of_the_list() {
    compare_list(Engine::MariaDb, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_does_what_is_recorded_of_the_corpus_of_effects() {
    compare_effects(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mysql_does_what_is_recorded_of_the_corpus_of_effects() {
    compare_effects(Engine::MySql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_does_what_is_recorded_of_the_corpus_of_effects() {
    compare_effects(Engine::MariaDb).await;
}

#[test]
fn sqlite_does_what_is_recorded_of_the_list() {
    let folder = folder("predict/sqlite");
    let setup = std::fs::read_to_string(folder.join("setup.sql")).unwrap();
    let cases = cases(&std::fs::read_to_string(folder.join("list.txt")).unwrap());
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let mut seen = String::new();
    for case in &cases {
        let history = history(Engine::Sqlite, &setup, case);
        let trace = dbwright_live::trace::sqlite::trace(&history, &only_the_case(), &mut |_| {}).unwrap();
        write_told(&mut seen, Engine::Sqlite, case, &trace.migrations[1].effects);
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
