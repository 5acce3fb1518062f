//! MySQL and MariaDB: logins, rights, limits, and that nothing can be written.

use std::time::Duration;

use dbwright_catalog::{Engine, ObjectId, ObjectKind};
use dbwright_live::connect::{Connection, ReadLimits};
use dbwright_live::explain::{ExplainOptions, Explained, explain};
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::{failure, open, parsed, told};
use crate::family::run;
use crate::servers::{MYSQL_FAMILY, mysql_family};

pub(super) struct Server {
    scratch: MySqlFamilyScratch,
    pub(super) database: String,
    pub(super) socket: String,
    pub(super) observer: Conn,
}

impl Server {
    pub(super) async fn start(engine: Engine, major: u32) -> Self {
        let scratch = mysql_family(engine, major).await;
        let database = scratch.create_database().await.unwrap();
        let mut observer = scratch.connect(&database, Who::Observer).await.unwrap();
        let socket: String = observer.query_first("SELECT @@socket").await.unwrap().unwrap();
        for sql in [
            "CREATE USER app@localhost IDENTIFIED BY 's3cret/@'".to_owned(),
            format!("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `{database}`.* TO app@localhost"),
            "CREATE USER strong@localhost IDENTIFIED BY 's3cret/@'".to_owned(),
            format!("GRANT ALL ON `{database}`.* TO strong@localhost"),
            "CREATE USER weak@localhost IDENTIFIED BY 's3cret/@'".to_owned(),
            "CREATE TABLE t (id int PRIMARY KEY, name varchar(10))".to_owned(),
            "CREATE VIEW v AS SELECT id FROM t".to_owned(),
        ] {
            run(&mut observer, &sql).await;
        }
        Server {
            scratch,
            database,
            socket,
            observer,
        }
    }

    fn url(&self, scheme: &str, login: &str, database: &str) -> String {
        format!("{scheme}://{login}@localhost/{database}?socket={}", self.socket)
    }

    pub(super) async fn stop(self) {
        drop(self.observer);
        self.scratch.stop().await.unwrap();
    }
}

/// May do everything, so that only the session keeps it from writing.
const STRONG: &str = "strong:s3cret%2F%40";
pub(super) const LOGIN: &str = "app:s3cret%2F%40";

#[tokio::test]
async fn a_schema_is_read_whatever_the_url_calls_the_server() {
    for (engine, major) in MYSQL_FAMILY {
        let server = Server::start(engine, major).await;
        for scheme in ["mysql", "mariadb"] {
            let mut connection = open(&server.url(scheme, LOGIN, &server.database)).await;
            assert_eq!(connection.server(), server.scratch.server());
            let reading = connection.read().await.unwrap();
            assert_eq!(reading.catalog.server.engine, engine);
            assert_eq!(reading.catalog.columns(&ObjectId::table("main", "t")).len(), 2);
            assert!(
                reading
                    .catalog
                    .get(&ObjectId::new(ObjectKind::View, ["main", "v"]))
                    .is_some()
            );
            connection.close().await;
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_lock_is_not_waited_for_longer_than_allowed() {
    for (engine, major) in MYSQL_FAMILY {
        let mut server = Server::start(engine, major).await;
        let limits = ReadLimits {
            lock: Duration::from_secs(1),
            ..ReadLimits::default()
        };
        let url = parsed(&server.url("mysql", STRONG, &server.database));
        let mut connection = Connection::open(&url, &limits).await.unwrap();
        run(&mut server.observer, "LOCK TABLES t WRITE").await;
        // The schema can be read meanwhile, rows can't.
        connection.read().await.unwrap();
        let error = connection.first_value("SELECT count(*) FROM t").await.unwrap_err();
        let text = told(&error);
        assert!(text.contains("Lock wait timeout"), "{text}");
        run(&mut server.observer, "UNLOCK TABLES").await;
        nothing_is_written(&mut connection).await;
        // The plan of what writes is told in a transaction that may, and that holds nothing else.
        let asked = explain(&mut connection, "DELETE FROM t", &ExplainOptions::default()).await;
        assert!(matches!(asked, Ok(Explained::Plan { .. })), "{asked:?}");
        nothing_is_written(&mut connection).await;
        connection.close().await;
        server.stop().await;
    }
}

async fn nothing_is_written(connection: &mut Connection) {
    for sql in [
        "CREATE TABLE x (id int)",
        "INSERT INTO t VALUES (1, 'a')",
        "DROP TABLE t",
    ] {
        let error = connection.first_value(sql).await.unwrap_err();
        let engine = connection.server().engine;
        assert!(
            error.to_string().contains("READ ONLY transaction"),
            "{engine} {sql}: {error}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_with_what_to_do() {
    for (engine, major) in MYSQL_FAMILY {
        let server = Server::start(engine, major).await;
        let wrong = failure(&server.url("mysql", "app:s3cret-no", &server.database)).await;
        assert!(wrong.contains("Access denied for user 'app'"), "{wrong}");
        assert!(wrong.contains("hint: is the password right?"), "{wrong}");
        let missing = failure(&server.url("mysql", "app", &server.database)).await;
        assert!(missing.contains("or in MYSQL_PWD"), "{missing}");
        let rights = failure(&server.url("mysql", "weak:s3cret%2F%40", &server.database)).await;
        assert!(rights.contains("Access denied for user 'weak'"), "{rights}");
        assert!(rights.contains("hint: reading a schema needs SELECT"), "{rights}");
        let port = failure("mysql://app:s3cret@127.0.0.1:1/d").await;
        assert!(port.contains("nobody listens there"), "{port}");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_told() {
    let server = Server::start(Engine::MariaDb, 10).await;
    let user = server.scratch.migrator();
    let text = failure(&server.url("mariadb", user, "nothing")).await;
    assert!(text.contains("Unknown database 'nothing'"), "{text}");
    server.stop().await;
}
