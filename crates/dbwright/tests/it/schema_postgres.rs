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

/// A server with an empty database that stands for somebody's own, a session in it, and its URL.
pub(crate) async fn production() -> (PostgresScratch, Session, String) {
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
    let folder = server.socket_folder().unwrap().display().to_string();
    (
        server,
        observer,
        format!("postgres://dbwright@/{database}?host={folder}"),
    )
}

#[tokio::test]
async fn a_live_database_is_compared_with_sql_and_what_is_not_ours_is_left_out() {
    let (server, observer, url) = production().await;
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

#[test]
fn a_plan_is_proven_in_its_phases_and_leaves_owners_alone() {
    let project = project(&[
        (
            "a.sql",
            "CREATE TYPE mood AS ENUM ('sad', 'ok');\n\
             CREATE TABLE users (id bigint PRIMARY KEY, mail text NOT NULL, age int, m mood);\n\
             CREATE TABLE posts (id bigint PRIMARY KEY, user_id bigint);\n\
             CREATE VIEW v AS SELECT id, age FROM users;\n",
        ),
        (
            "b.sql",
            "CREATE TYPE mood AS ENUM ('sad', 'fine' /* dbwright: renamed from 'ok' */);\n\
             CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age bigint, m mood);\n\
             CREATE TABLE posts (id bigint PRIMARY KEY, user_id bigint REFERENCES users);\n\
             CREATE INDEX posts_user ON posts (user_id);\n\
             CREATE VIEW v AS SELECT id, age FROM users;\n",
        ),
    ]);
    let plan = [
        "schema", "plan", "a.sql", "b.sql", "--engine", "postgres", "--format", "json",
    ];
    let asked = dbwright_in(project.path(), &plan);
    assert_eq!(asked.code, Some(2), "{}{}", asked.stdout, asked.stderr);
    let json: serde_json::Value = serde_json::from_str(&asked.stdout).unwrap();
    assert_eq!(json["phases"], serde_json::json!([]));
    let question = json["questions"][0]["id"].as_str().unwrap();
    assert_eq!(question, "rename-column:public.users.mail:public.users.email");
    let answer = format!("{question}=rename");
    let run = dbwright_in(project.path(), &[&plan[..], &["--answer", &answer]].concat());
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["proof"]["holds"], true, "{}", run.stdout);
    assert!(run.stdout.contains("RENAME VALUE 'ok' TO 'fine'"), "{}", run.stdout);
    assert!(run.stdout.contains("RENAME COLUMN mail TO email"), "{}", run.stdout);
    assert!(run.stdout.contains("\"rule\": \"table-rewrite\""), "{}", run.stdout);
    assert!(!run.stdout.contains("OWNER TO"), "{}", run.stdout);
    assert_eq!(json["losses"], serde_json::json!([]));
    // The index is built outside transactions, beside no other step.
    let is_index = |phase: &&serde_json::Value| phase["steps"][0]["sql"].as_str().unwrap().contains("CONCURRENTLY");
    let phase = json["phases"].as_array().unwrap().iter().find(is_index).unwrap();
    assert_eq!(phase["transaction"], false, "{phase}");
}

#[test]
fn an_index_with_another_name_is_renamed_and_stops_nobody() {
    let project = project(&[
        (
            "a.sql",
            "CREATE TABLE t (id int PRIMARY KEY, a int);\nCREATE INDEX t_a ON t (a);\n",
        ),
        (
            "b.sql",
            "CREATE TABLE t (id int, a int, CONSTRAINT t_key PRIMARY KEY (id));\nCREATE INDEX t_a_idx ON t (a);\n\
             CREATE EXTENSION hstore;\n",
        ),
    ]);
    let plan = ["schema", "plan", "a.sql", "b.sql", "--engine", "postgres"];
    let run = dbwright_in(project.path(), &plan);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    for expected in [
        "ALTER INDEX public.t_a RENAME TO t_a_idx;",
        "ALTER TABLE public.t RENAME CONSTRAINT t_pkey TO t_key;",
        "     CREATE EXTENSION hstore SCHEMA public;",
        "yes: every object ends as the goal has it",
    ] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("question"), "{}", run.stdout);
    assert!(!run.stdout.contains("CONCURRENTLY"), "{}", run.stdout);
}

#[test]
fn an_extension_that_the_scratch_server_lacks_is_told_with_its_place() {
    let project = project(&[
        ("a.sql", "CREATE TABLE t (id int);\n"),
        (
            "b.sql",
            "CREATE TABLE t (id int);\nCREATE EXTENSION no_such_extension;\n",
        ),
    ]);
    let plan = ["schema", "plan", "a.sql", "b.sql", "--engine", "postgres"];
    let run = dbwright_in(project.path(), &plan);
    assert_eq!(run.code, Some(3), "{}{}", run.stdout, run.stderr);
    let error = "error: b.sql:2: not run: the extension no_such_extension is not installed for the scratch server\n";
    assert!(run.stderr.starts_with(error), "{}", run.stderr);
    assert!(
        run.stderr.contains("hint: the scratch server lacks that extension"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--scratch-url URL"), "{}", run.stderr);
}
