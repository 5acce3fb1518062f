//! Histories on MySQL and MariaDB: limits, lost sessions, databases and tables that are presupposed.

use std::fmt::Write as _;
use std::time::Duration;

use dbwright_catalog::{Algorithm, Change, Effect, Engine, MigrationSet, ObjectId, Outcome, RunMode, Tool};
use dbwright_live::trace::mysql_family::{Limits, trace, trace_within};
use dbwright_sql::{Dialect, statements};

use crate::mysql_family_effects::history;
use crate::servers;

const EACH: RunMode = RunMode::EachStatement;

fn created(effect: &Effect) -> Vec<String> {
    let created = effect.changes.iter().filter_map(|change| match change {
        Change::Created(object) => Some(object.id.to_string()),
        Change::Dropped(_) | Change::Altered { .. } => None,
    });
    created.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_row_versions_left_is_rebuilt() {
    let scratch = servers::mysql_family(Engine::MySql, 9).await;
    let mut setup = "CREATE TABLE t (a int); INSERT INTO t VALUES (1);".to_owned();
    for number in 1..255 {
        write!(setup, "ALTER TABLE t ADD COLUMN c{number} tinyint, ALGORITHM=INSTANT;").unwrap();
    }
    let history = history(
        Engine::MySql,
        &[
            ("1", &setup, EACH),
            (
                "2",
                "ALTER TABLE t ADD COLUMN x int; ALTER TABLE t ADD COLUMN y int",
                EACH,
            ),
        ],
    );
    let judged = MigrationSet::Only {
        indexes: vec![1],
        why: String::new(),
    };
    let trace = trace(&scratch, &history, &judged, &mut |_| {}).await.unwrap();
    let effects = &trace.migrations[1].effects;
    let (last, rebuild) = (&effects[0].operations[0], &effects[1].operations[0]);
    assert_eq!((last.algorithm, last.row_versions), (Algorithm::Instant, Some(255)));
    assert_eq!((rebuild.algorithm, rebuild.row_versions), (Algorithm::InPlace, Some(0)));
    assert!(
        rebuild.refused[0].reason.contains("Maximum row versions"),
        "{rebuild:?}"
    );
    assert_eq!(effects[1].rewritten, [ObjectId::table("main", "t")]);
    scratch.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_does_not_end_is_killed_and_the_next_one_runs() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
        let sql = "CREATE TABLE t (a int); DO SLEEP(6000); ALTER TABLE t ADD COLUMN b int; SELECT SLEEP(6000) FROM t";
        let history = history(engine, &[("1", "CREATE TABLE s (a int)", EACH), ("2", sql, EACH)]);
        let limits = Limits {
            statement: Duration::from_secs(3),
        };
        let trace = trace_within(&scratch, &history, &MigrationSet::All, limits, &mut |_| {})
            .await
            .unwrap();
        let effects = &trace.migrations[1].effects;
        assert!(
            matches!(&effects[1].outcome, Outcome::Refused(reason) if reason.contains("given up")),
            "{:?}",
            effects[1].outcome
        );
        assert_eq!(created(&effects[2]), ["t.b"]);
        scratch.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_migration_ended_its_session_a_new_one_goes_on() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
        let sql = "CREATE PROCEDURE leave_now() KILL CONNECTION_ID(); CREATE TABLE t (a int); BEGIN; \
                   INSERT INTO t VALUES (1); CALL leave_now(); INSERT INTO t VALUES (2)";
        let history = history(engine, &[("1", sql, EACH)]);
        let trace = trace(&scratch, &history, &MigrationSet::All, &mut |_| {})
            .await
            .unwrap();
        let effects = &trace.migrations[0].effects;
        assert!(
            matches!(effects[4].outcome, Outcome::Failed(_)),
            "{:?}",
            effects[4].outcome
        );
        let told = effects[4].notices.iter().any(|notice| notice.contains("not committed"));
        assert!(told, "{:?}", effects[4].notices);
        assert_eq!(effects[5].outcome, Outcome::Done);
        assert_ne!(effects[5].transaction, effects[3].transaction);
        scratch.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_that_a_history_uses_is_made_and_watched() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
        for sql in [
            "USE presupposed; CREATE TABLE t (a int); ALTER TABLE presupposed.t ADD COLUMN b int",
            "CREATE DATABASE presupposed; USE presupposed; CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN b int",
        ] {
            let history = history(engine, &[("1", sql, EACH)]);
            let trace = trace(&scratch, &history, &MigrationSet::All, &mut |_| {})
                .await
                .unwrap();
            let effects = &trace.migrations[0].effects;
            let last = effects.last().unwrap();
            assert_eq!(created(last), ["t.b"], "{sql}: {effects:?}");
            assert_eq!(last.operations[0].table, ObjectId::table("main", "t"));
            assert_eq!(trace.assumptions.is_empty(), sql.starts_with("CREATE DATABASE"));
            assert!(trace.catalog.get(&ObjectId::table("main", "t")).is_some());
        }
        scratch.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_in_a_given_schema_is_told() {
    let scratch = servers::mysql_family(Engine::MariaDb, 11).await;
    let mut history = history(Engine::MariaDb, &[("1", "ALTER TABLE t ADD COLUMN b int", EACH)]);
    let text = "SET sql_mode = 'ANSI_QUOTES';\nCREATE TABLE \"t\" (a int);\nALTER TABLE nowhere ADD c int;";
    history.schema = Some(dbwright_catalog::Migration {
        name: "schema".to_owned(),
        path: "schema.sql".into(),
        text: text.to_owned(),
        statements: statements(Dialect::client(Engine::MariaDb), text),
        run_mode: EACH,
        down: None,
    });
    let trace = trace(&scratch, &history, &MigrationSet::All, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(created(&trace.migrations[0].effects[0]), ["t.b"]);
    assert_eq!(trace.assumptions.len(), 1, "{:?}", trace.assumptions);
    assert!(trace.assumptions[0].starts_with("Line 3 of schema.sql failed"));
    scratch.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_the_tool_is_there() {
    for (engine, major) in servers::MYSQL_FAMILY {
        let scratch = servers::mysql_family(engine, major).await;
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
            (Tool::SqlMigrate, "DELETE FROM gorp_migrations WHERE id = '1'"),
            (Tool::Flyway, "DELETE FROM flyway_schema_history WHERE success"),
            (Tool::Prisma, "DELETE FROM _prisma_migrations WHERE id = '1'"),
            (Tool::Drizzle, "DELETE FROM __drizzle_migrations WHERE hash = '1'"),
            (Tool::Pop, "DELETE FROM schema_migration WHERE version = '1'"),
            (Tool::Atlas, "DELETE FROM atlas_schema_revisions WHERE version = '1'"),
            (Tool::Liquibase, "DELETE FROM DATABASECHANGELOG WHERE ID = '1'"),
        ] {
            let mut history = history(engine, &[("1", sql, EACH)]);
            history.tool = tool;
            let seen = trace(&scratch, &history, &MigrationSet::All, &mut |_| {})
                .await
                .unwrap();
            assert_eq!(seen.migrations[0].effects[0].outcome, Outcome::Done, "{tool}");
            history.engine = Engine::Sqlite;
            let seen = dbwright_live::trace::sqlite::trace(&history, &MigrationSet::All, &mut |_| {}).unwrap();
            assert_eq!(seen.migrations[0].effects[0].outcome, Outcome::Done, "{tool} on SQLite");
        }
        scratch.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_of_the_newer_tools_are_there_on_postgres() {
    let scratch = servers::scratch(18).await;
    for (tool, sql) in [
        (Tool::SqlMigrate, "DELETE FROM gorp_migrations WHERE id = '1'"),
        (Tool::Flyway, "DELETE FROM flyway_schema_history WHERE success"),
        (Tool::Prisma, "DELETE FROM _prisma_migrations WHERE id = '1'"),
        (
            Tool::Drizzle,
            "DELETE FROM drizzle.__drizzle_migrations WHERE hash = '1'",
        ),
        (
            Tool::Supabase,
            "DELETE FROM supabase_migrations.schema_migrations WHERE version = '1'",
        ),
        (Tool::Pop, "DELETE FROM schema_migration WHERE version = '1'"),
        (Tool::NodePgMigrate, "DELETE FROM pgmigrations WHERE name = '1'"),
        (
            Tool::GraphileMigrate,
            "DELETE FROM graphile_migrate.migrations WHERE hash = '1'",
        ),
        (Tool::Tern, "DELETE FROM public.schema_version WHERE version = 1"),
        (
            Tool::Atlas,
            "DELETE FROM atlas_schema_revisions.atlas_schema_revisions WHERE version = '1'",
        ),
        (Tool::Liquibase, "DELETE FROM databasechangelog WHERE id = '1'"),
    ] {
        let mut history = history(Engine::Postgres, &[("1", sql, EACH)]);
        history.tool = tool;
        let seen = dbwright_live::trace::postgres::trace(&scratch, &history, &MigrationSet::All, &mut |_| {})
            .await
            .unwrap();
        assert_eq!(seen.migrations[0].effects[0].outcome, Outcome::Done, "{tool}");
    }
    scratch.stop().await.unwrap();
}
