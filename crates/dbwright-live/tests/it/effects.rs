//! The corpus of effects: what statements do on PostgreSQL, as observed, compared with what stands in `cases/effects`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{
    Catalog, Change, Effect, Engine, History, LockMode, Migration, MigrationSet, ObjectId, Outcome, RunMode, Tool,
    Version,
};
use dbwright_live::scratch::postgres::PostgresScratch;
use dbwright_live::trace::postgres::trace;
use dbwright_sql::{Dialect, statements};

use crate::servers;

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) from: u32,
    pub(crate) until: u32,
    pub(crate) mode: RunMode,
    pub(crate) sql: String,
    /// (from, until, lines), in the order of the file.
    pub(crate) expected: Vec<(u32, u32, String)>,
}

impl Case {
    pub(crate) fn expected_from(&self, major: u32) -> bool {
        self.expected.iter().any(|(from, _, _)| *from == major)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/effects/postgres")
}

fn gate(text: &str) -> (u32, u32) {
    let words: Vec<&str> = text.split([' ', '[', ']']).filter(|word| !word.is_empty()).collect();
    let after = |word: &str| {
        let at = words.iter().position(|other| *other == word)?;
        words.get(at + 1)?.parse().ok()
    };
    (after("from").unwrap_or(0), after("until").unwrap_or(u32::MAX))
}

pub(crate) fn read_cases(text: &str) -> Vec<Case> {
    text.split("=== ")
        .skip(1)
        .map(|block| {
            let mut sections = block.split("\n--- ");
            let head = sections.next().unwrap();
            let name = head.split(" [").next().unwrap().trim().to_owned();
            let (from, until) = gate(&head[name.len()..]);
            let (mode, sql) = sections.next().unwrap().split_once('\n').unwrap();
            let mode = match mode.strip_prefix("run ").unwrap().trim() {
                "each-statement" => RunMode::EachStatement,
                "transaction" => RunMode::Transaction,
                "simple-query" => RunMode::SimpleQuery,
                other => panic!("{name}: unknown mode {other}"),
            };
            let expected = sections
                .map(|section| {
                    let (head, lines) = section.split_once('\n').unwrap_or((section, ""));
                    let (from, until) = gate(head.strip_prefix("expect").unwrap());
                    (from, until, lines.trim().to_owned())
                })
                .collect();
            Case {
                name,
                from,
                until,
                mode,
                sql: sql.trim().to_owned(),
                expected,
            }
        })
        .collect()
}

pub(crate) fn write_cases(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let gate = |from: u32, until: u32| {
            let from = if from > 0 {
                format!(" [from {from}]")
            } else {
                String::new()
            };
            let until = if until < u32::MAX {
                format!(" [until {until}]")
            } else {
                String::new()
            };
            from + &until
        };
        let mode = case.mode.name();
        writeln!(
            text,
            "=== {}{}\n--- run {mode}\n{}",
            case.name,
            gate(case.from, case.until),
            case.sql
        )
        .unwrap();
        for (from, until, lines) in &case.expected {
            writeln!(text, "--- expect{}\n{lines}", gate(*from, *until)).unwrap();
        }
        text.push('\n');
    }
    text
}

pub(crate) fn migration(name: &str, sql: &str, run_mode: RunMode) -> Migration {
    let dialect = Dialect::client(Engine::Postgres);
    Migration {
        name: name.to_owned(),
        path: PathBuf::from(format!("{name}.sql")),
        text: sql.to_owned(),
        statements: statements(dialect, sql),
        run_mode,
        down: None,
    }
}

/// A history of one migration, run statement by statement.
pub(crate) fn history_of(sql: &str) -> History {
    history(vec![migration("1_only", sql, RunMode::EachStatement)])
}

pub(crate) fn history(migrations: Vec<Migration>) -> History {
    History {
        tool: Tool::Numbered,
        engine: Engine::Postgres,
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

fn names(ids: &[ObjectId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The effects of one migration as the lines of a case.
pub(crate) fn show(effects: &[Effect]) -> String {
    let mut text = String::new();
    for (index, effect) in effects.iter().enumerate() {
        let number = index + 1;
        let mut line = |what: String| writeln!(text, "{number} {what}").unwrap();
        for lock in effect.locks.iter().filter(|lock| lock.mode > LockMode::AccessShare) {
            let since = if lock.since == index {
                String::new()
            } else {
                format!(" since {}", lock.since + 1)
            };
            line(format!("lock: {} {}{since}", lock.relation, lock.mode));
        }
        for (word, ids) in [
            ("rewritten", &effect.rewritten),
            ("rebuilt", &effect.rebuilt_indexes),
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

async fn run(scratch: &PostgresScratch, setup: &str, initial: &Catalog, case: &Case) -> String {
    let history = history(vec![
        migration("1_setup", setup, RunMode::EachStatement),
        migration("2_case", &case.sql, case.mode),
    ]);
    let judged = MigrationSet::Only {
        indexes: vec![1],
        why: String::new(),
    };
    let trace = trace(scratch, &history, &judged, &mut |_| {})
        .await
        .unwrap_or_else(|error| {
            panic!("{}: {error}: {:?}", case.name, std::error::Error::source(&error));
        });
    for (index, effect) in trace.migrations[0].effects.iter().enumerate() {
        assert_eq!(effect.outcome, Outcome::Done, "statement {} of setup.sql", index + 1);
    }
    assert!(trace.unfilled.is_empty(), "{:?}", trace.unfilled);
    let effects = &trace.migrations[1].effects;
    // What fails at the commit has been seen before it was undone.
    if !case.name.contains("at commit") {
        let added_up = applied(initial, effects);
        let differs = dbwright_catalog::changes(&added_up, &trace.catalog);
        let ids: Vec<_> = differs.iter().map(|change| &change.object().id).collect();
        assert!(ids.is_empty(), "{}: changes do not add up at {ids:?}", case.name);
    }
    let mut text = show(effects);
    for assumption in &trace.assumptions {
        write!(text, "\nassumed: {assumption}").unwrap();
    }
    text.trim().to_owned()
}

/// The catalog that a trace ends in when nothing is judged.
async fn initial(scratch: &PostgresScratch, setup: &str) -> Catalog {
    let history = history(vec![migration("1_setup", setup, RunMode::EachStatement)]);
    let judged = MigrationSet::Only {
        indexes: Vec::new(),
        why: String::new(),
    };
    trace(scratch, &history, &judged, &mut |_| {}).await.unwrap().catalog
}

/// The catalog with all changes made: what reading after each statement only what it touched amounts to.
pub(crate) fn applied(initial: &Catalog, effects: &[Effect]) -> Catalog {
    // In order, except that a name that is given away is free for another object of the same statement.
    let mut catalog = initial.clone();
    for effect in effects {
        for change in &effect.changes {
            if let Change::Dropped(object) | Change::Altered { before: object, .. } = change {
                catalog.objects.remove(&object.id);
            }
        }
        for change in &effect.changes {
            if let Change::Created(object) | Change::Altered { after: object, .. } = change {
                catalog.objects.insert(object.id.clone(), object.clone());
            }
        }
    }
    catalog
}

/// Runs every case on a server and compares, or (with `DBWRIGHT_BLESS`) writes what was seen.
async fn check(major: u32) {
    let bless = std::env::var_os("DBWRIGHT_BLESS").is_some();
    let runs: u32 = std::env::var("DBWRIGHT_CORPUS_RUNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let only = std::env::var("DBWRIGHT_CASE").unwrap_or_default();
    let setup = std::fs::read_to_string(folder().join("setup.sql")).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for round in 0..runs {
        let scratch = PostgresScratch::start(&servers::scratch_options(major))
            .await
            .expect("the scratch server starts");
        assert_eq!(scratch.server().version.major, Version::new(major, 0, 0).major);
        let initial = initial(&scratch, &setup).await;
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
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
                let seen = run(&scratch, &setup, &initial, case).await;
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
                        "{} on {major}, round {round}\n--- expected\n{}\n--- seen\n{seen}\n",
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

#[tokio::test(flavor = "multi_thread")]
async fn statements_do_on_every_major_what_the_corpus_says() {
    for major in servers::majors() {
        Box::pin(check(major)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_are_told_under_the_name_that_a_table_has_by_then() {
    let scratch = servers::scratch(18).await;
    let history = history(vec![
        migration(
            "1_packages",
            "CREATE TABLE packages (id int, a int)",
            RunMode::Transaction,
        ),
        migration(
            "2_rename",
            "ALTER TABLE packages RENAME TO crates",
            RunMode::Transaction,
        ),
        migration(
            "3_both",
            "CREATE INDEX i ON crates (a); ALTER TABLE crates RENAME TO boxes; CREATE INDEX j ON boxes (id)",
            RunMode::Transaction,
        ),
    ]);
    let trace = trace(&scratch, &history, &MigrationSet::All, &mut |_| {})
        .await
        .unwrap();
    let locked = |migration: usize, statement: usize| -> Vec<String> {
        let effect = &trace.migrations[migration].effects[statement];
        let tables = effect
            .locks
            .iter()
            .filter(|lock| lock.relation.kind == dbwright_catalog::ObjectKind::Table);
        tables.map(|lock| format!("{} {}", lock.relation, lock.mode)).collect()
    };
    assert_eq!(locked(1, 0), ["packages ACCESS EXCLUSIVE"]);
    assert_eq!(locked(2, 0), ["crates SHARE"]);
    assert_eq!(locked(2, 1), ["crates SHARE", "crates ACCESS EXCLUSIVE"]);
    assert_eq!(locked(2, 2), ["boxes SHARE", "boxes ACCESS EXCLUSIVE"]);
    scratch.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_the_tool_is_there() {
    let scratch = servers::scratch(18).await;
    for (tool, sql) in [
        (Tool::Sqlx, "DELETE FROM _sqlx_migrations WHERE version = 1"),
        (
            Tool::Diesel,
            "DELETE FROM __diesel_schema_migrations WHERE version = '1'",
        ),
        (Tool::Refinery, "DELETE FROM refinery_schema_history WHERE version = 1"),
        (
            Tool::GolangMigrate,
            "UPDATE schema_migrations SET dirty = false WHERE version = 1",
        ),
        (Tool::Dbmate, "DELETE FROM schema_migrations WHERE version = '1'"),
        (Tool::Goose, "DELETE FROM goose_db_version WHERE version_id = 1"),
    ] {
        let mut history = history_of(sql);
        history.tool = tool;
        let trace = trace(&scratch, &history, &MigrationSet::All, &mut |_| {})
            .await
            .unwrap();
        assert_eq!(trace.migrations[0].effects[0].outcome, Outcome::Done, "{tool}");
        history.engine = Engine::Sqlite;
        let trace = dbwright_live::trace::sqlite::trace(&history, &MigrationSet::All, &mut |_| {}).unwrap();
        assert_eq!(
            trace.migrations[0].effects[0].outcome,
            Outcome::Done,
            "{tool} on SQLite"
        );
    }
    scratch.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_transaction_is_named_and_not_run() {
    let scratch = servers::scratch(18).await;
    let history = history_of("BEGIN; CREATE TABLE a (id int); PREPARE TRANSACTION 'later'");
    let trace = trace(&scratch, &history, &MigrationSet::All, &mut |_| {})
        .await
        .unwrap();
    let outcome = &trace.migrations[0].effects[2].outcome;
    assert!(
        matches!(outcome, Outcome::Refused(reason) if reason.contains("prepared transactions")),
        "{outcome:?}"
    );
    scratch.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_fails_with_and_without_rows_is_told_with_the_error_that_needs_none() {
    let scratch = servers::scratch(18).await;
    // With rows the division comes first, without them the missing table.
    let sql = "DO $$ BEGIN PERFORM 1 / (1 - sign(count(*))::int) FROM t; ALTER TABLE nowhere ADD COLUMN a int; END $$";
    let history = history(vec![
        migration("1_table", "CREATE TABLE t (id int PRIMARY KEY)", RunMode::EachStatement),
        migration("2_fails", sql, RunMode::EachStatement),
    ]);
    let trace = trace(&scratch, &history, &MigrationSet::All, &mut |_| {})
        .await
        .unwrap();
    let outcome = &trace.migrations[1].effects[0].outcome;
    assert!(
        matches!(outcome, Outcome::Failed(error) if error.code == "42P01"),
        "{outcome:?}"
    );
    scratch.stop().await.unwrap();
}
