//! The corpus of effects on MySQL and MariaDB: what statements do, as observed, compared with what stands in
//! `cases/effects/mysql` and `cases/effects/mariadb`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{
    Catalog, Change, Effect, Engine, History, Migration, MigrationSet, ObjectId, Outcome, RunMode, TableOperation, Tool,
};
use dbwright_live::scratch::mysql_family::MySqlFamilyScratch;
use dbwright_live::trace::mysql_family::trace;
use dbwright_sql::{Dialect, statements};

use crate::effects::{Case, applied, read_cases, write_cases};
use crate::servers;

fn folder(engine: Engine) -> PathBuf {
    let name = match engine {
        Engine::MariaDb => "mariadb",
        Engine::MySql | Engine::Postgres | Engine::Sqlite => "mysql",
    };
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../cases/effects")
        .join(name)
}

fn migration(engine: Engine, name: &str, sql: &str, run_mode: RunMode) -> Migration {
    let statements = statements(Dialect::server(engine).with_delimiter_lines(), sql);
    Migration {
        name: name.to_owned(),
        path: PathBuf::from(format!("{name}.sql")),
        text: sql.to_owned(),
        statements,
        run_mode,
        down: None,
    }
}

pub(crate) fn history(engine: Engine, migrations: &[(&str, &str, RunMode)]) -> History {
    History {
        tool: Tool::Numbered,
        engine,
        version: None,
        folder: PathBuf::new(),
        migrations: migrations
            .iter()
            .map(|(name, sql, mode)| migration(engine, name, sql, *mode))
            .collect(),
        sqlite_foreign_keys: false,
        prelude: None,
        left_out: Vec::new(),
        schema: None,
        findings: Vec::new(),
    }
}

fn names(ids: &[ObjectId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn show_operation(operation: &TableOperation) -> String {
    let mut text = format!(
        "{} {} {}",
        operation.table,
        operation.algorithm.name(),
        operation.lock.name()
    );
    if let Some(versions) = operation.row_versions.filter(|versions| *versions > 0) {
        write!(text, " versions {versions}").unwrap();
    }
    if !operation.refused.is_empty() {
        let refused: Vec<String> = operation
            .refused
            .iter()
            .map(|offer| match offer.lock {
                Some(lock) => format!("{} {}", offer.algorithm.name(), lock.name()),
                None => offer.algorithm.name().to_owned(),
            })
            .collect();
        write!(text, ", not {}", refused.join(", ")).unwrap();
    }
    text
}

/// The effects of one migration as the lines of a case.
pub(crate) fn show(effects: &[Effect]) -> String {
    let mut text = String::new();
    for (index, effect) in effects.iter().enumerate() {
        let number = index + 1;
        let mut line = |what: String| writeln!(text, "{number} {what}").unwrap();
        let together = effects[..index]
            .iter()
            .position(|earlier| earlier.transaction == effect.transaction);
        if let Some(first) = together {
            line(format!("committed with {}", first + 1));
        }
        let committed = effect.committed.and_then(|transaction| {
            let earlier = effects[..index].iter();
            earlier.rev().position(|earlier| earlier.transaction == transaction)
        });
        if let Some(before) = committed {
            line(format!("commits {}", index - before));
        }
        for operation in &effect.operations {
            line(format!("operation: {}", show_operation(operation)));
        }
        for (word, ids) in [
            ("also locked", &effect.parents),
            ("rewritten", &effect.rewritten),
            ("scanned", &effect.scanned),
        ] {
            if !ids.is_empty() {
                line(format!("{word}: {}", names(ids)));
            }
        }
        for rows in &effect.rows {
            line(format!(
                "rows: {} +{} ~{} -{}",
                rows.table, rows.inserted, rows.updated, rows.deleted
            ));
        }
        let mut changes: Vec<String> = effect
            .changes
            .iter()
            .map(|change| match change {
                Change::Created(object) => format!("created: {} {}", object.id.kind.name(), object.id),
                Change::Dropped(object) => format!("dropped: {} {}", object.id.kind.name(), object.id),
                Change::Altered { before, after } if before.id != after.id => {
                    format!("renamed: {} {} to {}", after.id.kind.name(), before.id, after.id)
                }
                Change::Altered { after, .. } => format!("altered: {} {}", after.id.kind.name(), after.id),
            })
            .collect();
        changes.sort();
        changes.into_iter().for_each(&mut line);
        for warning in &effect.warnings {
            line(format!("warning: {}", warning.code));
        }
        match &effect.outcome {
            Outcome::Done => {}
            Outcome::Failed(error) => line(format!("fails: {}", error.code)),
            Outcome::FailedOnRows(error) => line(format!("fails on rows: {}", error.code)),
            Outcome::FollowsFrom { statement, error, .. } => {
                line(format!("follows from {}: {}", statement + 1, error.code));
            }
            Outcome::Refused(reason) => line(format!("not run: {reason}")),
        }
    }
    text.trim().to_owned()
}

fn only(index: usize) -> MigrationSet {
    MigrationSet::Only {
        indexes: vec![index],
        why: String::new(),
    }
}

async fn run(scratch: &MySqlFamilyScratch, engine: Engine, setup: &str, initial: &Catalog, case: &Case) -> String {
    let history = history(
        engine,
        &[
            ("1_setup", setup, RunMode::EachStatement),
            ("2_case", &case.sql, case.mode),
        ],
    );
    let trace = trace(scratch, &history, &only(1), &mut |_| {})
        .await
        .unwrap_or_else(|error| {
            panic!("{}: {error}: {:?}", case.name, std::error::Error::source(&error));
        });
    for (index, effect) in trace.migrations[0].effects.iter().enumerate() {
        assert_eq!(effect.outcome, Outcome::Done, "statement {} of setup.sql", index + 1);
    }
    let effects = &trace.migrations[1].effects;
    // What rows break can leave a table that takes no others.
    let fails_on_rows = |effect: &Effect| matches!(effect.outcome, Outcome::FailedOnRows(_));
    if !effects.iter().any(fails_on_rows) {
        assert!(trace.unfilled.is_empty(), "{}: {:?}", case.name, trace.unfilled);
    }
    let added_up = applied(initial, effects);
    let differs = dbwright_catalog::changes(&added_up, &trace.catalog);
    let ids: Vec<_> = differs.iter().map(|change| &change.object().id).collect();
    assert!(ids.is_empty(), "{}: changes do not add up at {ids:?}", case.name);
    let mut text = show(effects);
    for assumption in &trace.assumptions {
        write!(text, "\nassumed: {assumption}").unwrap();
    }
    text.trim().to_owned()
}

/// The catalog that a trace ends in when nothing is judged.
async fn initial(scratch: &MySqlFamilyScratch, engine: Engine, setup: &str) -> Catalog {
    let history = history(engine, &[("1_setup", setup, RunMode::EachStatement)]);
    let judged = MigrationSet::Only {
        indexes: Vec::new(),
        why: String::new(),
    };
    trace(scratch, &history, &judged, &mut |_| {}).await.unwrap().catalog
}

/// Runs every case on a server and compares, or (with `DBWRIGHT_BLESS`) writes what was seen.
async fn check(engine: Engine, major: u32) {
    let bless = std::env::var_os("DBWRIGHT_BLESS").is_some();
    let runs: u32 = std::env::var("DBWRIGHT_CORPUS_RUNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let only = std::env::var("DBWRIGHT_CASE").unwrap_or_default();
    let setup = std::fs::read_to_string(folder(engine).join("setup.sql")).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for round in 0..runs {
        let scratch = servers::mysql_family(engine, major).await;
        let initial = initial(&scratch, engine, &setup).await;
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder(engine))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        files.sort();
        for file in files {
            let mut cases = read_cases(&std::fs::read_to_string(&file).unwrap());
            for case in cases
                .iter_mut()
                .filter(|case| (case.from..=case.until).contains(&major))
            {
                if !case.name.contains(&only) {
                    continue;
                }
                count += 1;
                let seen = run(&scratch, engine, &setup, &initial, case).await;
                let own = case.expected_from(major);
                let fits = |(from, until, _): &&mut (u32, u32, String)| (*from..=*until).contains(&major);
                match case.expected.iter_mut().find(fits) {
                    Some((_, _, lines)) if *lines == seen => {}
                    // The first server that is blessed writes the expectation; a later major that differs gets its own.
                    Some((_, _, lines)) if bless && (lines.is_empty() || own) => *lines = seen,
                    Some((_, until, _)) if bless => {
                        *until = major - 1;
                        case.expected.push((major, u32::MAX, seen));
                    }
                    expected => wrong.push(format!(
                        "{} on {engine:?} {major}, round {round}\n--- expected\n{}\n--- seen\n{seen}\n",
                        case.name,
                        expected.map_or("nothing for this version", |(_, _, lines)| lines)
                    )),
                }
            }
            if bless {
                std::fs::write(&file, write_cases(&cases)).unwrap();
            }
        }
        scratch.stop().await.expect("the scratch server stops");
    }
    assert!(count > 0, "no case was run");
    assert!(
        wrong.is_empty(),
        "{} of {count} differ:\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

async fn check_all(wanted: Engine) {
    for (engine, major) in servers::MYSQL_FAMILY {
        if engine == wanted {
            check(engine, major).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_do_on_mysql_what_the_corpus_says() {
    check_all(Engine::MySql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_do_on_mariadb_what_the_corpus_says() {
    check_all(Engine::MariaDb).await;
}
