//! A database that is filled for real, of any engine: on a scratch server of its own or in a file.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use dbwright_catalog::{Engine, SampleValues, Server};
use dbwright_ddl::quote_literal;
use dbwright_live::capture::capture;
use dbwright_live::connect::{Connection, DatabaseUrl, ReadLimits};
use dbwright_live::introspect;
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who as MySqlFamilyWho};
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};
use dbwright_report::snapshot::snapshot_file;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use tempfile::TempDir;

use crate::Failure;
use crate::benchmark::{Benchmark, Table};
use crate::exact::taken;
use crate::figures::Captured;
use crate::plans::{self, Plan};

/// Rows that an INSERT brings.
const ROWS: usize = 500;

#[expect(clippy::large_enum_variant, reason = "there is one of them at a time")]
pub(crate) enum Production {
    Postgres {
        scratch: PostgresScratch,
        session: Session,
        database: String,
    },
    MySqlFamily {
        scratch: MySqlFamilyScratch,
        session: Conn,
        database: String,
    },
    Sqlite {
        folder: TempDir,
        server: Server,
    },
}

impl Production {
    pub(crate) async fn start(engine: Engine, options: &ScratchOptions) -> Result<Self, Failure> {
        Ok(match engine {
            Engine::Postgres => {
                let scratch = PostgresScratch::start(options).await?;
                let database = scratch.create_database().await?;
                let session = scratch.connect(&database, Who::Observer).await?;
                Production::Postgres {
                    scratch,
                    session,
                    database,
                }
            }
            Engine::MySql | Engine::MariaDb => {
                let scratch = MySqlFamilyScratch::start(engine, options).await?;
                let database = scratch.create_database().await?;
                let session = scratch.connect(&database, MySqlFamilyWho::Observer).await?;
                Production::MySqlFamily {
                    scratch,
                    session,
                    database,
                }
            }
            Engine::Sqlite => {
                let folder = tempfile::tempdir()?;
                let mut connection = rusqlite::Connection::open(folder.path().join(FILE))?;
                Production::Sqlite {
                    folder,
                    server: introspect::sqlite::read_whole(&mut connection)?.catalog.server,
                }
            }
        })
    }

    pub(crate) fn server(&self) -> &Server {
        match self {
            Production::Postgres { scratch, .. } => scratch.server(),
            Production::MySqlFamily { scratch, .. } => scratch.server(),
            Production::Sqlite { server, .. } => server,
        }
    }

    /// What it takes on the disk is in here.
    pub(crate) fn folder(&self) -> PathBuf {
        match self {
            Production::Postgres { scratch, .. } => scratch.socket_folder().unwrap_or_default(),
            Production::MySqlFamily { scratch, .. } => {
                let socket = scratch.socket().unwrap_or_default();
                socket.parent().map(PathBuf::from).unwrap_or_default()
            }
            Production::Sqlite { folder, .. } => folder.path().to_path_buf(),
        }
    }

    /// Runs statements together.
    pub(crate) async fn run(&mut self, statements: &[String]) -> Result<(), Failure> {
        match self {
            Production::Postgres { session, .. } => session.client.batch_execute(&statements.join(";")).await?,
            Production::MySqlFamily { session, .. } => {
                for statement in statements {
                    session.query_drop(statement).await?;
                }
            }
            Production::Sqlite { folder, .. } => {
                let connection = rusqlite::Connection::open(folder.path().join(FILE))?;
                // Nobody needs the file after a crash.
                let sql = statements.join(";");
                connection.execute_batch(&format!("PRAGMA synchronous = OFF; BEGIN; {sql}; COMMIT"))?;
            }
        }
        Ok(())
    }

    /// Makes the tables of a benchmark, fills and analyses them.
    pub(crate) async fn load(&mut self, benchmark: &Benchmark) -> Result<(), Failure> {
        let engine = self.server().engine;
        for table in &benchmark.tables {
            let mut rows = table.rows()?.peekable();
            let create = match engine {
                Engine::Postgres => return Err("PostgreSQL loads files itself".into()),
                Engine::MySql | Engine::MariaDb | Engine::Sqlite => table.create_with_key(engine),
            };
            self.run(&[create]).await?;
            // Some megabytes at once.
            while rows.peek().is_some() {
                let batch = (0..50).map_while(|_| insert(engine, table, &mut rows).transpose());
                let batch: Vec<String> = batch.collect::<Result<_, _>>()?;
                let transaction = if engine == Engine::Sqlite {
                    batch
                } else {
                    [vec!["BEGIN".to_owned()], batch, vec!["COMMIT".to_owned()]].concat()
                };
                self.run(&transaction).await?;
            }
            self.run(&table.indexes(engine)).await?;
        }
        self.analyze(benchmark.tables.iter().map(|table| table.name.as_str()))
            .await
    }

    /// Gathers all statistics that the engine has.
    pub(crate) async fn analyze(&mut self, tables: impl Iterator<Item = &str>) -> Result<(), Failure> {
        match self {
            Production::Postgres { .. } | Production::Sqlite { .. } => self.run(&["ANALYZE".to_owned()]).await,
            Production::MySqlFamily { scratch, session, .. } => {
                for table in tables {
                    if scratch.server().engine == Engine::MariaDb {
                        let sql = format!("ANALYZE TABLE {table} PERSISTENT FOR ALL");
                        session.query_drop(sql).await?;
                        continue;
                    }
                    session.query_drop(format!("ANALYZE TABLE {table}")).await?;
                    let columns: Vec<String> = session
                        .exec(
                            "SELECT column_name FROM information_schema.columns WHERE table_schema = database() AND table_name = ?",
                            (table,),
                        )
                        .await?;
                    let sql = format!("ANALYZE TABLE {table} UPDATE HISTOGRAM ON {}", columns.join(", "));
                    session.query_drop(sql).await?;
                }
                Ok(())
            }
        }
    }

    pub(crate) async fn plans(&mut self, queries: &[(u32, String)]) -> Result<Vec<Plan>, Failure> {
        match self {
            Production::Postgres { .. } => Err("plans of PostgreSQL are compared with their costs".into()),
            Production::MySqlFamily { scratch, session, .. } => {
                plans::mysql_family(scratch.server(), session, queries).await
            }
            Production::Sqlite { folder, .. } => plans::sqlite(&folder.path().join(FILE), queries),
        }
    }

    /// Takes a snapshot.
    pub(crate) async fn captured(&mut self, values: &SampleValues) -> Result<Captured, Failure> {
        let url = match self {
            Production::Postgres { scratch, database, .. } => return taken(scratch, database, values).await,
            Production::MySqlFamily { scratch, database, .. } => {
                let socket = scratch.socket().unwrap_or_default();
                format!("mysql://dbwright@localhost/{database}?socket={}", socket.display()).parse()?
            }
            Production::Sqlite { folder, .. } => DatabaseUrl::of_file(folder.path().join(FILE)),
        };
        let before = self.questions().await?;
        let begun = Instant::now();
        let mut connection = Connection::open(&url, &ReadLimits::default()).await?;
        let snapshot = capture(&mut connection, values).await?;
        connection.close().await;
        let time = begun.elapsed();
        // The second of our own questions is in the second answer.
        let queries = self
            .questions()
            .await?
            .zip(before)
            .map(|(after, before)| after - before - 1);
        Ok(Captured {
            time,
            queries,
            bytes: snapshot_file(&snapshot).len(),
            snapshot,
        })
    }

    /// How many statements all clients have sent; a SQLite file is sent none.
    async fn questions(&mut self) -> Result<Option<u64>, Failure> {
        let Production::MySqlFamily { session, .. } = self else {
            return Ok(None);
        };
        let row: Option<(String, u64)> = session.query_first("SHOW GLOBAL STATUS LIKE 'Questions'").await?;
        Ok(row.map(|(_, number)| number))
    }

    pub(crate) async fn stop(self) -> Result<(), Failure> {
        match self {
            Production::Postgres { scratch, session, .. } => {
                session.close().await;
                scratch.stop().await?;
            }
            Production::MySqlFamily { scratch, session, .. } => {
                session.disconnect().await?;
                scratch.stop().await?;
            }
            Production::Sqlite { folder, .. } => folder.close()?,
        }
        Ok(())
    }
}

/// The file of SQLite in its folder.
const FILE: &str = "production.db";

/// An INSERT of the next rows; none where there are no more.
fn insert(
    engine: Engine,
    table: &Table,
    rows: &mut impl Iterator<Item = Result<Vec<Option<String>>, Failure>>,
) -> Result<Option<String>, Failure> {
    let mut sql = String::new();
    for row in rows.take(ROWS) {
        let values: Vec<String> = row?
            .iter()
            .map(|value| {
                value
                    .as_ref()
                    .map_or("NULL".to_owned(), |text| quote_literal(engine, text))
            })
            .collect();
        let before = if sql.is_empty() {
            format!("INSERT INTO {} VALUES ", table.name)
        } else {
            ", ".to_owned()
        };
        let _ = write!(sql, "{before}({})", values.join(", "));
    }
    Ok((!sql.is_empty()).then_some(sql))
}
