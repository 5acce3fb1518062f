//! Migrations that break their session, or what is around it: an effect, and never a failure of the whole run.

use dbwright_catalog::{MigrationSet, Outcome, RunMode, Trace};
use dbwright_live::trace;

use crate::effects::history_of;
use crate::servers;

const BEFORE: &str = "CREATE TABLE book (id int);";
const AFTER: &str = "CREATE TABLE author (id int);";

/// `sql` between two statements that have nothing to do with it, on each server that every change is tested on.
async fn traces(sql: &str, mode: RunMode) -> Vec<Trace> {
    let mut history = history_of(&format!("{BEFORE}\n{sql};\n{AFTER}"));
    history.migrations[0].run_mode = mode;
    let mut traces = Vec::new();
    for major in servers::majors() {
        let scratch = servers::scratch(major).await;
        let trace = trace::postgres::trace(&scratch, &history, &MigrationSet::All, &mut |_| {}).await;
        traces.push(trace.unwrap_or_else(|error| panic!("{error}: {sql}")));
        scratch.stop().await.unwrap();
    }
    traces
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_ends_its_session_fails_and_the_next_ones_run() {
    for trace in traces("SELECT pg_terminate_backend(pg_backend_pid())", RunMode::EachStatement).await {
        let effects = &trace.migrations[0].effects;
        assert_eq!(effects[0].outcome, Outcome::Done);
        assert!(matches!(&effects[1].outcome, Outcome::Failed(error) if error.code == "57P01"));
        assert_eq!(effects[2].outcome, Outcome::Done);
        assert_eq!(effects[2].changes.len(), 2, "the table and its column");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transaction_of_a_session_that_was_ended_is_lost_and_said_to_be() {
    for trace in traces("SELECT pg_terminate_backend(pg_backend_pid())", RunMode::Transaction).await {
        let effects = &trace.migrations[0].effects;
        assert!(matches!(&effects[0].outcome, Outcome::Refused(why) if why.contains("lost with the session")));
        assert!(matches!(&effects[1].outcome, Outcome::Failed(error) if error.code == "57P01"));
        assert!(matches!(&effects[2].outcome, Outcome::Refused(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_of_a_migration_that_ends_the_session_of_generated_rows_costs_only_the_rows() {
    let sql = "CREATE FUNCTION f(int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN \
               PERFORM pg_terminate_backend(pg_backend_pid()); RETURN true; END $$; \
               ALTER TABLE book ADD CHECK (f(id))";
    let mut history = history_of(&format!("{BEFORE} {sql};"));
    let mut second = history_of(AFTER).migrations.remove(0);
    second.name = "2_second".to_owned();
    history.migrations.push(second);
    let scratch = servers::scratch(18).await;
    let trace = trace::postgres::trace(&scratch, &history, &MigrationSet::All, &mut |_| {}).await;
    let trace = trace.unwrap();
    assert_eq!(trace.migrations[1].effects[0].outcome, Outcome::Done);
    assert_eq!(trace.unfilled.len(), 1);
    assert!(
        trace.unfilled[0].reason.contains("ended the session"),
        "{:?}",
        trace.unfilled
    );
    scratch.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_migration_leaves_behind_does_not_keep_the_run_from_its_end() {
    for sql in [
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I IS_TEMPLATE true', current_database()); END $$",
        "CREATE FUNCTION public.never(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$; \
         CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = public.never); \
         SET search_path = public, pg_catalog",
        "COPY book TO STDOUT",
    ] {
        for trace in traces(sql, RunMode::EachStatement).await {
            for effect in &trace.migrations[0].effects {
                assert_eq!(effect.outcome, Outcome::Done, "{sql}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_character_is_an_error_of_its_statement() {
    for mode in [RunMode::EachStatement, RunMode::SimpleQuery] {
        for trace in traces("SELECT 'a\0b'", mode).await {
            let outcome = &trace.migrations[0].effects[1].outcome;
            assert!(
                matches!(outcome, Outcome::Failed(error) if error.code == "22021"),
                "{outcome:?}"
            );
        }
    }
}

#[test]
fn a_limit_of_memory_for_the_whole_process_is_not_set() {
    let history = crate::sqlite::history(
        RunMode::EachStatement,
        false,
        "",
        &["PRAGMA hard_heap_limit = 1000; CREATE TABLE book (id INTEGER PRIMARY KEY);"],
    );
    let trace = crate::sqlite::trace(&history, &MigrationSet::All);
    let effects = &trace.migrations[0].effects;
    assert!(matches!(&effects[0].outcome, Outcome::Refused(why) if why.contains("whole process")));
    assert_eq!(effects[1].outcome, Outcome::Done);
}
