//! Running SQLite histories: what is kept from one migration to the next, and what is not.

use dbwright_catalog::{History, Known, MigrationSet, Outcome, Rows, RunMode};

use crate::sqlite::{history, migration, render, trace};

fn only(indexes: &[usize]) -> MigrationSet {
    MigrationSet::Only {
        indexes: indexes.to_vec(),
        why: "new".to_owned(),
    }
}

#[test]
fn migrations_that_are_not_judged_are_replayed_and_those_that_are_find_rows() {
    let texts = [
        "CREATE TABLE book (id INTEGER PRIMARY KEY); SELEC;",
        "ALTER TABLE book ADD COLUMN isbn TEXT NOT NULL",
    ];
    let history = history(RunMode::Transaction, false, "", &texts);
    let trace = trace(&history, &only(&[1]));
    let replayed = &trace.migrations[0];
    assert!(!replayed.judged);
    assert_eq!(replayed.effects[0].outcome, Outcome::Done);
    assert!(matches!(&replayed.effects[1].outcome, Outcome::Failed(error) if error.code == "SQLITE_ERROR"));
    assert!(matches!(&replayed.effects[0].known, Known::Unknown(why) if why == "replayed, not judged"));
    let judged = &trace.migrations[1];
    assert!(judged.judged);
    assert_eq!(judged.effects[0].known, Known::Observed);
    assert!(matches!(judged.effects[0].outcome, Outcome::FailedOnRows(_)));
}

#[test]
fn generated_rows_do_not_outlive_the_migration_they_were_made_for() {
    let texts = [
        "CREATE TABLE copy AS SELECT * FROM book",
        "CREATE TABLE guard (n CHECK (n = 0)); INSERT INTO guard SELECT count(*) FROM copy;",
    ];
    let history = history(
        RunMode::Transaction,
        false,
        "CREATE TABLE book (id INTEGER PRIMARY KEY)",
        &texts,
    );
    let trace = trace(&history, &only(&[0]));
    assert_eq!(trace.migrations[0].effects[0].rows[0].inserted, 3);
    assert_eq!(trace.migrations[0].effects[0].generated_rows, Rows::Generated);
    assert_eq!(
        trace.migrations[1].effects[1].outcome,
        Outcome::Done,
        "the copy is empty"
    );
}

#[test]
fn settings_and_temporary_tables_are_kept_from_one_migration_to_the_next() {
    let setup = "CREATE TABLE author (id INTEGER PRIMARY KEY);
        CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES author ON DELETE CASCADE);";
    let texts = [
        "PRAGMA foreign_keys = ON; CREATE TEMP TABLE kept AS SELECT 7 AS n;",
        "DELETE FROM author; INSERT INTO author SELECT n FROM kept; DROP TABLE kept;",
    ];
    let history = history(RunMode::EachStatement, false, setup, &texts);
    for judged in [MigrationSet::All, only(&[1])] {
        let trace = trace(&history, &judged);
        let effects = &trace.migrations[1].effects;
        assert!(
            effects.iter().all(|effect| effect.outcome == Outcome::Done),
            "{}",
            render(&history, &trace)
        );
        let deleted: Vec<_> = effects[0]
            .rows
            .iter()
            .map(|rows| (rows.table.name(), rows.deleted))
            .collect();
        assert_eq!(deleted, [("author", 3), ("book", 3)]);
        assert!(
            effects[2].changes.is_empty(),
            "temporary tables are no part of the catalog"
        );
    }
}

#[test]
fn statements_of_a_schema_that_fail_are_told() {
    let mut history = history(RunMode::Transaction, false, "", &["CREATE INDEX i ON book (id)"]);
    history.schema = Some(migration(
        "dump",
        RunMode::EachStatement,
        "CREATE TABLE book (id INTEGER PRIMARY KEY);\n\nINSERT INTO nowhere VALUES (1);\nATTACH 'x.db' AS x;",
    ));
    let trace = dbwright_live::trace::sqlite::trace(&history, &MigrationSet::All, &mut |_| {}).unwrap();
    assert_eq!(
        trace.assumptions,
        [
            "Line 3 of dump.sql failed while the schema was loaded: no such table: nowhere.",
            "Line 4 of dump.sql failed while the schema was loaded: not sent, it reaches outside the database: ATTACH.",
        ]
    );
    assert_eq!(trace.migrations[0].effects[0].outcome, Outcome::Done);
}

#[test]
fn what_a_schema_failed_to_make_is_the_cause_of_what_needs_it() {
    let mut history = history(RunMode::Transaction, false, "", &["CREATE INDEX i ON book (id)"]);
    history.schema = Some(migration(
        "dump",
        RunMode::EachStatement,
        "CREATE TABLE author (id int);\nCREATE TABLE book AS SELECT * FROM nowhere;",
    ));
    let trace = dbwright_live::trace::sqlite::trace(&history, &MigrationSet::All, &mut |_| {}).unwrap();
    let outcome = &trace.migrations[0].effects[0].outcome;
    let Outcome::FollowsFrom {
        migration, statement, ..
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!((*migration, *statement), (History::SCHEMA, 1));
    let cause = history.at(*migration).unwrap();
    assert_eq!(cause.statements[*statement].line, 2);
    assert_eq!(
        trace.assumptions,
        [
            "Line 2 of dump.sql failed while the schema was loaded: no such table: nowhere; 1 statement of the migrations \
          fails only because of that."
        ]
    );
}

#[test]
fn progress_is_told_once_per_migration() {
    for mode in [
        RunMode::EachStatement,
        RunMode::Transaction,
        RunMode::AllInOneTransaction,
    ] {
        let history = history(mode, false, "", &["SELECT 1", "SELECT 2", "SELECT 3"]);
        let mut told = Vec::new();
        let mut progress = |progress: dbwright_live::trace::Progress| {
            assert_eq!(progress.migrations, 3);
            told.push(progress.migration);
        };
        dbwright_live::trace::sqlite::trace(&history, &only(&[1, 2]), &mut progress).unwrap();
        assert_eq!(told, [0, 1, 2], "{mode:?}");
    }
}

#[test]
fn what_reaches_outside_is_refused_in_every_disguise() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outside.db");
    let name = file.to_str().unwrap();
    let disguises = [
        format!("ATTACH '{name}' AS x"),
        format!("/* */ AtTaCh DATABASE '{name}' || '' AS x"),
        format!("VACUUM main INTO '{name}'"),
        format!("VACUUM INTO '{name}' || ''"),
        format!("EXPLAIN ATTACH '{name}' AS x"),
        "SELECT \"load_extension\"('x')".to_owned(),
        "INSERT INTO t SELECT coalesce(NULL, load_extension('x'))".to_owned(),
        format!("PRAGMA temp_store_directory = '{}'", folder.path().display()),
    ];
    let texts: Vec<&str> = disguises.iter().map(String::as_str).collect();
    let history = history(RunMode::EachStatement, false, "CREATE TABLE t (a)", &texts);
    for judged in [MigrationSet::All, only(&[])] {
        let trace = trace(&history, &judged);
        for (migration, text) in trace.migrations.iter().zip(&texts) {
            let outcome = &migration.effects[0].outcome;
            assert!(matches!(outcome, Outcome::Refused(_)), "{text}: {outcome:?}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn migrations_without_statements_run() {
    let history = history(RunMode::Transaction, false, "", &["", "-- nothing"]);
    let trace = trace(&history, &MigrationSet::All);
    assert_eq!(trace.migrations.len(), 2);
    assert_eq!(trace.catalog.objects.len(), 0);
}
