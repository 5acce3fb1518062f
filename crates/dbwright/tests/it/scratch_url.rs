//! `--scratch-url`: a server that somebody gives away. Here it is a scratch server of the tests.

use std::path::PathBuf;

use dbwright_catalog::Version;
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};
use dbwright_live::scratch::{BinDirs, ScratchOptions};

use crate::command::{Run, command, postgres, project, run};

fn check(url: &str) -> Run {
    let project = project(&[(
        "change.sql",
        "CREATE TABLE t (id int);\nCREATE INDEX ON missing (id);\n",
    )]);
    run(command(&["check", "change.sql", "--engine", "postgres"])
        .current_dir(project.path())
        .env("DBWRIGHT_SCRATCH_URL", url))
}

#[test]
fn what_is_no_url_is_told_without_repeating_it() {
    for url in [
        "localhost",
        "host=localhost password=s3cret",
        "oracle://me:s3cret@localhost/",
    ] {
        let run = check(url);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        assert_eq!(
            run.stderr,
            "error: --scratch-url: not the URL of a database server (expected \
             postgres://user:password@host:port/postgres or mysql://user:password@host:port)\n"
        );
    }
}

#[test]
fn a_server_that_does_not_answer_is_told_without_its_password() {
    // Nobody listens on port 1.
    let run = check("postgres://me:s3cret@127.0.0.1:1/postgres");
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    insta::assert_snapshot!(run.stderr);
}

async fn ask(session: &Session, sql: &str) -> String {
    let answer = session.client.simple_query(sql).await.unwrap();
    let row = answer.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    row.unwrap_or_default()
}

#[tokio::test]
async fn a_server_with_foreign_databases_is_refused_and_an_empty_one_is_used_and_left_empty() {
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
    let observer = server.connect("postgres", Who::Observer).await.unwrap();
    let folder = ask(&observer, "SHOW unix_socket_directories").await;
    let url = format!("postgres://dbwright:s3cret@{}/postgres", folder.replace('/', "%2F"));

    ask(&observer, "CREATE DATABASE shop").await;
    let refused = check(&url);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(4), ""));
    insta::assert_snapshot!(refused.stderr.replace(&folder, "[server]"));

    ask(&observer, "DROP DATABASE shop").await;
    // A server that somebody gives away has nothing of ours in its template.
    let template = server.connect("template1", Who::Observer).await.unwrap();
    ask(&template, "DROP SCHEMA dbwright CASCADE").await;
    template.close().await;
    let used = check(&url);
    assert_eq!((used.code, used.stderr.as_str()), (Some(1), ""));
    assert!(
        used.stdout.contains("relation \"missing\" does not exist"),
        "{}",
        used.stdout
    );
    let left = "SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE 'dbwright%') \
                + (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'dbwright\\_%')";
    assert_eq!(ask(&observer, left).await, "0");
    drop(observer);
    server.stop().await.unwrap();
}
