//! The corpus of effects: what statements do to a SQLite database, as text in `cases/effects/sqlite`.
//!
//! A case is a file: a sentence, options, and sections for setup, migrations and the effects they must have. With
//! `DBWRIGHT_BLESS=1` the effects are written anew (and must then be read); `DBWRIGHT_CORPUS_RUNS` says how often all
//! cases run.

use std::path::{Path, PathBuf};

use dbwright_catalog::{MigrationSet, RunMode};

use crate::sqlite::{history, render, trace};

#[test]
fn every_case_has_the_effects_it_states() {
    let runs = std::env::var("DBWRIGHT_CORPUS_RUNS").map_or(1, |runs| runs.parse().unwrap());
    let bless = std::env::var_os("DBWRIGHT_BLESS").is_some();
    let cases = cases();
    assert!(
        cases.len() >= 30,
        "the corpus is where it should be: {} cases",
        cases.len()
    );
    let mut wrong = Vec::new();
    for run in 1..=runs {
        for path in &cases {
            let text = std::fs::read_to_string(path).unwrap();
            let (head, expected) = text.split_once("--- effect\n").unwrap();
            let actual = effects(head);
            if bless && actual != expected {
                std::fs::write(path, format!("{head}--- effect\n{actual}")).unwrap();
            } else if actual != expected {
                let name = path.file_name().unwrap().to_string_lossy();
                wrong.push(format!(
                    "run {run}, {name}\n--- expected\n{expected}--- actual\n{actual}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/effects/sqlite");
    let files = std::fs::read_dir(folder).unwrap();
    let mut cases: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    cases.sort();
    cases
}

fn effects(head: &str) -> String {
    let mut sections = head.split("--- migration\n");
    let first = sections.next().unwrap();
    let (options, setup) = first.split_once("--- setup\n").unwrap_or((first, ""));
    let option = |name: &str| options.lines().find_map(|line| line.strip_prefix(name));
    let run_mode = match option("mode: ") {
        Some("transaction") => RunMode::Transaction,
        Some("each-statement") | None => RunMode::EachStatement,
        Some("all-in-one-transaction") => RunMode::AllInOneTransaction,
        Some(other) => panic!("unknown mode {other}"),
    };
    let foreign_keys = match option("foreign_keys: ") {
        Some("on") => true,
        Some("off") | None => false,
        Some(other) => panic!("foreign_keys is on or off, not {other}"),
    };
    let migrations: Vec<_> = sections.collect();
    let history = history(run_mode, foreign_keys, setup, &migrations);
    render(&history, &trace(&history, &MigrationSet::All))
}
