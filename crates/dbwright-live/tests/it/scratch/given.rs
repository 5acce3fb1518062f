//! Servers given by URL. The given server is, here, a scratch server of our own.

use dbwright_live::LiveError;
use dbwright_live::scratch::postgres::{PostgresScratch, ScratchOptions, Who};

use super::{ask, migrator, refusal, run, traces};
use crate::servers;

/// Options that give `server` away, for a role on it.
async fn options(server: &PostgresScratch, role: &str) -> ScratchOptions {
    let (folder, _) = traces(server).await;
    let host = folder.display().to_string().replace('/', "%2F");
    ScratchOptions {
        url: Some(format!("postgres://{role}:s3cret@{host}").parse().unwrap()),
        ..ScratchOptions::default()
    }
}

async fn failure(options: &ScratchOptions) -> LiveError {
    match PostgresScratch::start(options).await {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error,
    }
}

const LEFT: &str = "SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE 'dbwright%') \
                    + (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'dbwright\\_%')";

#[tokio::test]
async fn a_superuser_lends_the_server_to_a_role_without_rights_and_nothing_is_left() {
    for major in servers::majors() {
        let server = servers::scratch(major).await;
        let given = PostgresScratch::start(&options(&server, "dbwright").await)
            .await
            .unwrap();
        assert!(!given.is_own_cluster());
        assert_eq!(given.server(), server.server());
        let observer = server.connect("postgres", Who::Observer).await.unwrap();
        // As a run has left it that died in 1973.
        let old = "dbwright_5f5e100_00000000";
        run(&observer, &format!("CREATE DATABASE {old}")).await;
        run(&observer, "CREATE ROLE dbwright_migrator_5f5e100_00000000").await;
        let again = PostgresScratch::start(&options(&server, "dbwright").await)
            .await
            .unwrap();
        again.stop().await.unwrap();
        let dropped = format!("SELECT count(*) FROM pg_database WHERE datname = '{old}'");
        assert_eq!(ask(&observer, &dropped).await, "0");

        assert!(given.create_role("app").await.unwrap_err().is_refusal());
        assert_eq!(
            ask(
                &observer,
                "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'dbwright_migrator_%'"
            )
            .await,
            "1"
        );
        given.stop().await.unwrap();
        assert_eq!(ask(&observer, LEFT).await, "0");
        server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_migration_on_a_given_server_has_no_rights_beyond_its_database() {
    for major in servers::majors() {
        let server = servers::scratch(major).await;
        // A server that somebody gives away has nothing of ours in its template.
        let template = server.connect("template1", Who::Observer).await.unwrap();
        run(&template, "DROP SCHEMA dbwright CASCADE").await;
        template.close().await;
        let given = PostgresScratch::start(&options(&server, "dbwright").await)
            .await
            .unwrap();
        let (database, session) = migrator(&given).await;
        assert_eq!(ask(&session, "SELECT session_user").await, given.migrator());
        run(
            &session,
            "CREATE TABLE t (id int); SELECT dbwright.create_extension('citext')",
        )
        .await;
        for sql in [
            "CREATE ROLE r",
            "CREATE DATABASE d",
            "COPY t TO PROGRAM 'cat'",
            "ALTER SYSTEM SET jit = on",
        ] {
            refusal(&session, sql).await;
        }
        session.close().await;
        let copy = given.copy_database(&database).await.unwrap();
        let session = given.connect(&copy, Who::Migrator).await.unwrap();
        assert_eq!(ask(&session, "SELECT count(*) FROM t").await, "0");
        given.drop_database(&copy).await.unwrap();
        given.stop().await.unwrap();
        let observer = server.connect("postgres", Who::Observer).await.unwrap();
        assert_eq!(ask(&observer, LEFT).await, "0");
        server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_holds_other_databases_is_refused_by_their_names() {
    let server = servers::scratch(15).await;
    let observer = server.connect("postgres", Who::Observer).await.unwrap();
    run(&observer, "CREATE DATABASE production").await;
    run(&observer, "CREATE DATABASE \"Billing\"").await;
    let error = failure(&options(&server, "dbwright").await).await;
    assert!(error.is_refusal());
    let text = error.to_string();
    assert!(text.contains("(Billing, production)"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(ask(&observer, LEFT).await, "0");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_role_without_superuser_rights_runs_the_migrations_itself() {
    let server = servers::scratch(18).await;
    let given = PostgresScratch::start(&options(&server, "postgres").await)
        .await
        .unwrap();
    assert_eq!(given.migrator(), "postgres");
    let (database, session) = migrator(&given).await;
    run(&session, "CREATE TABLE t (id int)").await;
    session.close().await;
    given.copy_database(&database).await.unwrap();
    given.stop().await.unwrap();
    let observer = server.connect("postgres", Who::Observer).await.unwrap();
    assert_eq!(ask(&observer, LEFT).await, "0");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_role_that_can_raise_its_rights_is_refused() {
    let server = servers::scratch(15).await;
    let error = failure(&options(&server, "postgres").await).await;
    assert!(error.is_refusal());
    assert!(error.to_string().contains("has CREATEROLE"), "{error}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_role_that_may_not_make_databases_is_told_so() {
    let server = servers::scratch(18).await;
    let observer = server.connect("postgres", Who::Observer).await.unwrap();
    run(&observer, "CREATE ROLE weak LOGIN").await;
    let error = failure(&options(&server, "weak").await).await;
    assert!(
        error
            .to_string()
            .ends_with("the role `weak` may not make databases; give it CREATEDB"),
        "{error}"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_can_not_be_reached_is_named_without_its_password() {
    let given = |url: &str| ScratchOptions {
        url: Some(url.parse().unwrap()),
        ..ScratchOptions::default()
    };
    // Port 1 is nobody's.
    let error = failure(&given("postgres://me:s3cret@127.0.0.1:1/postgres"))
        .await
        .to_string();
    assert!(
        error.starts_with("the scratch server postgres://me@127.0.0.1:1/postgres: "),
        "{error}"
    );
    assert!(error.contains("refused") && !error.contains("s3cret"), "{error}");
    let error = failure(&given("postgres://me:s3cret@127.0.0.1:1/postgres?sslmode=require"))
        .await
        .to_string();
    assert!(error.contains("TLS is not supported"), "{error}");
    let server = servers::scratch(18).await;
    let error = failure(&options(&server, "nobody_here").await).await.to_string();
    assert!(error.contains("role \"nobody_here\" does not exist"), "{error}");
    server.stop().await.unwrap();
}
