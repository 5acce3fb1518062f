//! A database of one of the engines, on a scratch server of its own or in a file.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use dbwright_catalog::{Catalog, Engine, Server, Version};
use dbwright_live::introspect;
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who as MySqlFamilyWho};
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};
use dbwright_live::scratch::{BinDirs, ScratchOptions};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::Failure;

#[expect(clippy::large_enum_variant, reason = "there is one of them at a time")]
pub(crate) enum Database {
    Postgres {
        scratch: PostgresScratch,
        session: Session,
        name: String,
    },
    MySqlFamily {
        scratch: MySqlFamilyScratch,
        session: Conn,
        name: String,
    },
    Sqlite {
        folder: TempDir,
        connection: Connection,
        server: Server,
    },
}

impl Database {
    pub(crate) async fn open(engine: Engine, version: Option<Version>) -> Result<Self, Failure> {
        let cache = tempfile::tempdir()?;
        let bin = |name: &str| std::env::var_os(name).map(PathBuf::from).into_iter().collect();
        let options = ScratchOptions {
            version,
            cache: cache.path().to_path_buf(),
            bin_dirs: BinDirs {
                postgres: bin("DBWRIGHT_POSTGRES_BIN"),
                mysql: bin("DBWRIGHT_MYSQL_BIN"),
                mariadb: bin("DBWRIGHT_MARIADB_BIN"),
            },
            ..ScratchOptions::default()
        };
        Ok(match engine {
            Engine::Postgres => {
                let scratch = PostgresScratch::start(&options).await?;
                let name = scratch.create_database().await?;
                let session = scratch.connect(&name, Who::Observer).await?;
                Database::Postgres { scratch, session, name }
            }
            Engine::MySql | Engine::MariaDb => {
                let scratch = MySqlFamilyScratch::start(engine, &options).await?;
                let name = scratch.create_database().await?;
                let session = scratch.connect(&name, MySqlFamilyWho::Observer).await?;
                Database::MySqlFamily { scratch, session, name }
            }
            Engine::Sqlite => {
                let folder = tempfile::tempdir()?;
                let mut connection = Connection::open(folder.path().join("bench.db"))?;
                let server = introspect::sqlite::read_whole(&mut connection)?.catalog.server;
                Database::Sqlite {
                    folder,
                    connection,
                    server,
                }
            }
        })
    }

    pub(crate) fn server(&self) -> &Server {
        match self {
            Database::Postgres { scratch, .. } => scratch.server(),
            Database::MySqlFamily { scratch, .. } => scratch.server(),
            Database::Sqlite { server, .. } => server,
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.server().engine
    }

    /// Runs statements together.
    pub(crate) async fn run(&mut self, statements: &[String]) -> Result<(), Failure> {
        let sql = statements.join("; ");
        match self {
            Database::Postgres { session, .. } => {
                let sql = format!("SET search_path = public; BEGIN; {sql}; COMMIT");
                session.client.batch_execute(&sql).await?;
            }
            Database::MySqlFamily { session, .. } => session.query_iter(sql).await?.drop_result().await?,
            Database::Sqlite { connection, .. } => connection.execute_batch(&format!("BEGIN; {sql}; COMMIT"))?,
        }
        Ok(())
    }

    /// Brings a large new catalog into the state that servers in use have theirs in.
    pub(crate) async fn settle(&mut self) -> Result<(), Failure> {
        if let Database::Postgres { session, .. } = self {
            session.client.batch_execute("ANALYZE").await?;
        }
        Ok(())
    }

    pub(crate) async fn read(&mut self) -> Result<Catalog, Failure> {
        let reading = match self {
            Database::Postgres { scratch, session, .. } => {
                introspect::postgres::read_whole(&session.client, scratch.server()).await?
            }
            Database::MySqlFamily { scratch, session, .. } => {
                introspect::mysql_family::read_whole(session, scratch.server()).await?
            }
            Database::Sqlite { connection, .. } => introspect::sqlite::read_whole(connection)?,
        };
        Ok(reading.catalog)
    }

    /// What the program that dumps a schema is called.
    pub(crate) fn dump_name(&self) -> &'static str {
        match self.engine() {
            Engine::Postgres => "pg_dump --schema-only",
            Engine::MySql => "mysqldump --no-data",
            Engine::MariaDb => "mariadb-dump --no-data",
            Engine::Sqlite => "sqlite3 .schema",
        }
    }

    /// A command that dumps the schema.
    pub(crate) async fn dump(&mut self) -> Result<Command, Failure> {
        let mut command;
        match self {
            Database::Postgres { session, name, .. } => {
                let question =
                    "SELECT current_setting('unix_socket_directories'), current_setting('port'), current_user::text";
                let row = session.client.query_one(question, &[]).await?;
                let (folder, port, user): (String, String, String) = (row.get(0), row.get(1), row.get(2));
                command = Command::new("pg_dump");
                command.args(["--schema-only", "-h", &folder, "-p", &port, "-U", &user, name]);
            }
            Database::MySqlFamily { scratch, session, name } => {
                let question = "SELECT @@socket, SUBSTRING_INDEX(CURRENT_USER(), '@', 1)";
                let answer: Option<(String, String)> = session.query_first(question).await?;
                let (socket, user) = answer.ok_or("no answer")?;
                let program = match scratch.server().engine {
                    Engine::MariaDb => "mariadb-dump",
                    Engine::MySql | Engine::Postgres | Engine::Sqlite => "mysqldump",
                };
                command = Command::new(program);
                // Locking so many tables takes minutes, and reading does not lock them either.
                command.args(["--no-defaults", "--no-data", "--single-transaction"]);
                command.args(["--routines", "--triggers", "--events"]);
                command.args(["--socket", &socket, "--user", &user, name]);
            }
            Database::Sqlite { folder, .. } => {
                command = Command::new("sqlite3");
                command.arg(folder.path().join("bench.db")).arg(".schema");
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self {
            Database::Postgres { scratch, .. } => scratch.stop().await?,
            Database::MySqlFamily { scratch, .. } => scratch.stop().await?,
            Database::Sqlite { folder, connection, .. } => {
                drop(connection);
                folder.close()?;
            }
        }
        Ok(())
    }
}
