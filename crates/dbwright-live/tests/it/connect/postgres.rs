//! PostgreSQL: logins, limits, and that nothing can be written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dbwright_catalog::{Engine, ObjectId};
use dbwright_live::connect::{Connection, ReadLimits};
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};

use super::{failure, open, parsed, told};
use crate::servers;

/// A server that asks the role `app` for a password, and a database of it.
pub(super) struct Server {
    scratch: PostgresScratch,
    pub(super) folder: PathBuf,
    database: String,
    pub(super) observer: Session,
}

impl Server {
    pub(super) async fn start(major: u32) -> Self {
        let scratch = servers::scratch(major).await;
        let admin = scratch.connect("postgres", Who::Observer).await.unwrap();
        let folder = PathBuf::from(ask(&admin, "SHOW unix_socket_directories").await);
        let rules = ask(&admin, "SHOW hba_file").await;
        let text = std::fs::read_to_string(&rules).unwrap();
        std::fs::write(&rules, format!("local all app,nobody_here scram-sha-256\n{text}")).unwrap();
        run(&admin, "CREATE ROLE app LOGIN PASSWORD 's3cret/@'").await;
        run(&admin, "SELECT pg_reload_conf()").await;
        let database = scratch.create_database().await.unwrap();
        let observer = scratch.connect(&database, Who::Observer).await.unwrap();
        run(&observer, "CREATE SCHEMA hidden; CREATE TABLE hidden.h (id int)").await;
        run(&observer, "CREATE TABLE public.t (id int PRIMARY KEY, name text)").await;
        Server {
            scratch,
            folder,
            database,
            observer,
        }
    }

    pub(super) fn url(&self, login: &str) -> String {
        let database = &self.database;
        format!("postgres://{login}@/{database}?host={}", self.folder.display())
    }

    pub(super) async fn stop(self) {
        self.observer.close().await;
        self.scratch.stop().await.unwrap();
    }
}

async fn ask(session: &Session, sql: &str) -> String {
    let answer = session.client.simple_query(sql).await.unwrap();
    let row = answer.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    row.unwrap_or_default()
}

async fn run(session: &Session, sql: &str) {
    let done = session.client.batch_execute(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

const LOGIN: &str = "app:s3cret%2F%40";

#[tokio::test]
async fn a_schema_is_read_by_a_role_that_may_do_nothing() {
    for major in servers::majors() {
        let server = Server::start(major).await;
        let mut connection = open(&server.url(LOGIN)).await;
        assert_eq!(connection.server().engine, Engine::Postgres);
        assert_eq!(connection.server().version.major, major);
        let reading = connection.read().await.unwrap();
        let table = ObjectId::table("public", "t");
        assert_eq!(reading.catalog.columns(&table).len(), 2);
        assert!(reading.catalog.get(&ObjectId::table("hidden", "h")).is_some());
        connection.close().await;
        server.stop().await;
    }
}

#[tokio::test]
async fn the_session_is_read_only_and_bounded() {
    let server = Server::start(18).await;
    let limits = ReadLimits {
        lock: Duration::from_millis(50),
        ..ReadLimits::default()
    };
    let mut connection = Connection::open(&parsed(&server.url(LOGIN)), &limits).await.unwrap();
    run(
        &server.observer,
        "BEGIN; LOCK pg_catalog.pg_class IN ACCESS EXCLUSIVE MODE",
    )
    .await;
    let error = connection.read().await.unwrap_err();
    let text = told(&error);
    assert!(text.contains("lock timeout"), "{text}");
    assert!(text.contains("somebody holds a lock"), "{text}");
    run(&server.observer, "ROLLBACK").await;
    connection.read().await.unwrap();
    for sql in [
        "CREATE TABLE public.x (id int)",
        "INSERT INTO public.t VALUES (1)",
        "CREATE TEMP TABLE x (id int); DROP TABLE public.t",
    ] {
        let error = connection.first_value(sql).await.unwrap_err();
        assert!(told(&error).contains("in a read-only transaction"), "{sql}: {error}");
    }
    let rest = "SELECT current_setting('statement_timeout')";
    assert_eq!(connection.first_value(rest).await.unwrap().as_deref(), Some("1min"));
    connection.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_with_what_to_do() {
    let server = Server::start(18).await;
    let wrong = failure(&server.url("app:s3cret-no")).await;
    assert!(
        wrong.contains("password authentication failed for user \"app\""),
        "{wrong}"
    );
    assert!(wrong.contains("hint: is the password right?"), "{wrong}");
    let missing = failure(&server.url("app")).await;
    assert!(
        missing.contains("hint: give the password in the URL or in PGPASSWORD"),
        "{missing}"
    );
    let folder = server.folder.display();
    let database = failure(&format!("postgres://{LOGIN}@/nothing?host={folder}")).await;
    assert!(database.contains("database \"nothing\" does not exist"), "{database}");
    assert!(database.contains("`psql -l` lists them"), "{database}");
    let socket = failure("postgres://app:s3cret@/d?host=/nowhere").await;
    assert!(socket.contains("there is no such socket"), "{socket}");
    // Nobody listens on port 1.
    let port = failure("postgres://app:s3cret@127.0.0.1:1/d").await;
    assert!(port.contains("nobody listens there"), "{port}");
    server.stop().await;
}

#[tokio::test]
async fn a_password_from_the_environment_is_used() {
    let server = Server::start(18).await;
    let url = parsed(&server.url("app")).or_password(Some("s3cret/@".to_owned()));
    let connection = Connection::open(&url, &ReadLimits::default()).await.unwrap();
    connection.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = failure(&format!("postgres://app:s3cret@127.0.0.1:{port}/d?connect_timeout=1")).await;
    assert!(text.contains("no answer within 1 s"), "{text}");
    let text = failure(&format!("mysql://app:s3cret@127.0.0.1:{port}/d?connect_timeout=1")).await;
    assert!(text.contains("no answer within 1 s"), "{text}");
}

/// The socket of a server.
pub(super) fn socket(folder: &Path) -> PathBuf {
    folder.join(".s.PGSQL.5432")
}
