//! `dbwright schema` with a live PostgreSQL, which is a scratch server of the tests.

use std::path::PathBuf;

use dbwright_catalog::Version;
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};
use dbwright_live::scratch::{BinDirs, ScratchOptions};

use crate::command::{dbwright_in, postgres, project};

async fn run(session: &Session, sql: &str) {
    let done = session.client.batch_execute(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

#[tokio::test]
async fn a_live_database_is_compared_with_sql_and_what_is_not_ours_is_left_out() {
    let options = ScratchOptions {
        url: None,
        version: Some(Version::new(18, 0, 0)),
        cache: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache"),
        bin_dirs: BinDirs {
            postgres: vec![postgres().1],
            ..BinDirs::default()
        },
    };
    let server = PostgresScratch::start(&options).await.unwrap();
    let database = server.create_database().await.unwrap();
    let observer = server.connect(&database, Who::Observer).await.unwrap();
    let folder = observer
        .client
        .simple_query("SHOW unix_socket_directories")
        .await
        .unwrap();
    let folder = folder
        .iter()
        .find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .unwrap();
    run(
        &observer,
        "CREATE ROLE app LOGIN; CREATE ROLE rdsadmin; \
         CREATE TABLE public.users (id bigint PRIMARY KEY, mail text NOT NULL); ALTER TABLE public.users OWNER TO app; \
         CREATE SCHEMA platform AUTHORIZATION rdsadmin; CREATE TABLE platform.books (id int); \
         ALTER TABLE platform.books OWNER TO rdsadmin; \
         CREATE TABLE public.schema_migrations (version text PRIMARY KEY)",
    )
    .await;
    let project = project(&[(
        "schema.sql",
        "CREATE TABLE users (id bigint PRIMARY KEY, mail text NOT NULL);\n",
    )]);
    let url = format!("postgres://dbwright@/{database}?host={folder}");
    let same = dbwright_in(project.path(), &["schema", "drift", &url, "--against", "schema.sql"]);
    assert_eq!(same.code, Some(0), "{}{}", same.stdout, same.stderr);
    assert!(same.stdout.contains("bookkeeping of golang-migrate"), "{}", same.stdout);
    assert!(same.stdout.ends_with("dbwright: no drift\n"), "{}", same.stdout);
    run(&observer, "ALTER TABLE public.users ALTER mail DROP NOT NULL").await;
    let drift = dbwright_in(project.path(), &["schema", "drift", &url, "--against", "schema.sql"]);
    assert_eq!(drift.code, Some(1), "{}{}", drift.stdout, drift.stderr);
    assert!(
        drift.stdout.contains("~ column mail\n      null: NOT NULL → NULL"),
        "{}",
        drift.stdout
    );
    observer.close().await;
    server.stop().await.unwrap();
}
