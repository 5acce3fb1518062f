//! Servers given by URL. The given server is, here, a scratch server of our own.

use dbwright_catalog::Engine;
use dbwright_live::LiveError;
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};

use super::{ask, migrator, observer, refusal, run, traces};
use crate::servers::{MYSQL_FAMILY, mysql_family};

/// Options that give `server` away, for a user on it.
async fn options(server: &MySqlFamilyScratch, user: &str) -> ScratchOptions {
    let (folder, _) = traces(server).await;
    let socket = folder.join("socket").display().to_string().replace('/', "%2F");
    ScratchOptions {
        url: Some(format!("mysql://{user}@localhost?socket={socket}").parse().unwrap()),
        ..ScratchOptions::default()
    }
}

async fn failure(engine: Engine, options: &ScratchOptions) -> LiveError {
    match MySqlFamilyScratch::start(engine, options).await {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error,
    }
}

const LEFT: &str = "SELECT (SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name LIKE 'dbwright%') \
                    + (SELECT COUNT(*) FROM mysql.user WHERE user LIKE 'dbwright\\_%')";

#[tokio::test]
async fn a_given_server_is_lent_to_a_user_without_rights_and_nothing_is_left() {
    for (engine, major) in MYSQL_FAMILY {
        let server = mysql_family(engine, major).await;
        let mut observer = observer(&server).await;
        // As a run has left it that died in 1973.
        run(
            &mut observer,
            "CREATE DATABASE dbwright_5f5e100_00000000; CREATE USER dbwright_user_5f5e100_00000000@localhost",
        )
        .await;
        let options = options(&server, "dbwright").await;
        let given = MySqlFamilyScratch::start(engine, &options).await.unwrap();
        assert!(!given.is_own_server());
        assert_eq!(given.server(), server.server());
        assert_eq!(ask(&mut observer, LEFT).await, "1");

        let (database, mut session) = migrator(&given).await;
        let user = format!("{}@localhost", given.migrator());
        assert_eq!(ask(&mut session, "SELECT CURRENT_USER()").await, user);
        run(
            &mut session,
            "CREATE TABLE t (id int); CREATE VIEW v AS SELECT id FROM t; CREATE FUNCTION f() RETURNS int RETURN 1",
        )
        .await;
        for sql in [
            "SELECT * FROM mysql.user",
            "CREATE DATABASE elsewhere",
            "CREATE USER somebody",
            "SET GLOBAL max_connections = 10",
            "SELECT 1 INTO OUTFILE '/tmp/dbwright-must-not-exist'",
        ] {
            refusal(&mut session, sql).await;
        }
        given.connect(&database, Who::Observer).await.unwrap();
        given.drop_database(&database).await.unwrap();
        let (_, _session) = migrator(&given).await;
        given.stop().await.unwrap();
        assert_eq!(ask(&mut observer, LEFT).await, "0");
        server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_holds_other_databases_is_refused_by_their_names() {
    let server = mysql_family(Engine::MariaDb, 10).await;
    let mut observer = observer(&server).await;
    run(&mut observer, "CREATE DATABASE production; CREATE DATABASE billing").await;
    let error = failure(Engine::MariaDb, &options(&server, "dbwright").await).await;
    assert!(error.is_refusal());
    assert!(error.to_string().contains("(billing, production)"), "{error}");
    assert_eq!(ask(&mut observer, LEFT).await, "0");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_of_another_engine_is_told_as_what_it_is() {
    let server = mysql_family(Engine::MariaDb, 11).await;
    let error = failure(Engine::MySql, &options(&server, "dbwright").await)
        .await
        .to_string();
    assert!(error.contains("it is MariaDB 11.8"), "{error}");
    assert!(error.ends_with("and MySQL is needed"), "{error}");
    let mut options = ScratchOptions {
        url: Some("postgres://me:s3cret@localhost/postgres".parse().unwrap()),
        ..ScratchOptions::default()
    };
    let error = failure(Engine::MySql, &options).await.to_string();
    assert!(error.ends_with("it is not the URL of a MySQL server"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    options.url = Some("mysql://me:s3cret@localhost".parse().unwrap());
    let Err(error) = dbwright_live::scratch::postgres::PostgresScratch::start(&options).await else {
        panic!("it was not refused");
    };
    let error = error.to_string();
    assert!(error.ends_with("it is not the URL of a PostgreSQL server"), "{error}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_user_that_does_not_see_or_may_not_do_enough_is_told_so() {
    let server = mysql_family(Engine::MariaDb, 10).await;
    let mut observer = observer(&server).await;
    run(&mut observer, "CREATE USER weak@localhost; CREATE USER seer@localhost").await;
    run(&mut observer, "GRANT SHOW DATABASES ON *.* TO seer@localhost").await;
    for (user, reason) in [
        ("weak", "does not see all databases"),
        ("seer", "may not make users"),
        ("nobody_here", "Access denied"),
    ] {
        let error = failure(Engine::MariaDb, &options(&server, user).await)
            .await
            .to_string();
        assert!(error.contains(reason), "{error}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_can_not_be_reached_is_named_without_its_password() {
    // Port 1 is nobody's.
    let options = ScratchOptions {
        url: Some("mysql://me:s3cret@127.0.0.1:1".parse().unwrap()),
        ..ScratchOptions::default()
    };
    let error = failure(Engine::MySql, &options).await.to_string();
    assert!(
        error.starts_with("the scratch server mysql://me@127.0.0.1:1: "),
        "{error}"
    );
    assert!(error.contains("refused") && !error.contains("s3cret"), "{error}");
}
