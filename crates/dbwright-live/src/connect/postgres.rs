//! Read-only sessions with a user's PostgreSQL.
//!
//! Read-only by `default_transaction_read_only` and by the transaction that reads; `lock_timeout` and `statement_timeout`
//! bound every statement on the server's side, and a limit of our own every wait on this side.

use std::time::Duration;

use dbwright_catalog::{Engine, Reading, Server, Version};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::problem::Problems;
use super::tls::TlsMode;
use super::url::{DatabaseUrl, ServerTarget};
use super::{ReadLimits, problem};
use crate::LiveError;
use crate::introspect;
use crate::measure::TextRows;
use crate::scratch::postgres::OLDEST_MAJOR;

/// Where sockets are looked for when a URL names no host.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// A session with a PostgreSQL of the user.
pub struct PostgresConnection {
    client: Client,
    task: JoinHandle<()>,
    server: Server,
    limits: ReadLimits,
    problems: Problems,
}

impl PostgresConnection {
    pub(super) async fn open(url: &DatabaseUrl, target: &ServerTarget, limits: &ReadLimits) -> Result<Self, LiveError> {
        let problems = Problems::of(url);
        let limit = target.connect_timeout.unwrap_or(limits.connect);
        let connecting = async {
            match connect(target, target.tls.mode()).await {
                // As libpq does: what can't be encrypted is tried without, unless somebody demanded it.
                Err(error) if target.tls.mode() == TlsMode::Prefer && is_tls_trouble(&error) => {
                    connect(target, TlsMode::Disable).await
                }
                outcome => outcome,
            }
        };
        let (client, task) = match tokio::time::timeout(limit, connecting).await {
            Ok(Ok(connected)) => connected,
            Ok(Err(Trouble::Tls(text))) => return Err(problems.tls(&text)),
            Ok(Err(Trouble::Driver(error))) => return Err(explain(&problems, &error)),
            Err(_) => return Err(problems.no_answer(limit)),
        };
        let mut connection = PostgresConnection {
            client,
            task,
            server: Server {
                engine: Engine::Postgres,
                version: Version::new(0, 0, 0),
            },
            limits: *limits,
            problems,
        };
        connection.prepare().await?;
        Ok(connection)
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Makes the session read-only, bounds its statements, and asks who answers.
    async fn prepare(&mut self) -> Result<(), LiveError> {
        let sql = format!(
            "SET default_transaction_read_only = on; SET default_transaction_isolation = 'repeatable read'; \
             SET lock_timeout = {}; SET statement_timeout = {}; \
             SET idle_in_transaction_session_timeout = {}; SET application_name = 'dbwright'; SELECT version(), \
             current_setting('server_version')",
            self.limits.lock.as_millis(),
            self.limits.statement.as_millis(),
            Duration::from_mins(5).as_millis(),
        );
        let answer = self.bounded(self.client.simple_query(&sql)).await?;
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default())),
            _ => None,
        });
        let (name, version) = row.unwrap_or_default();
        if !name.starts_with("PostgreSQL") {
            let name = name.split_whitespace().next().unwrap_or("something else");
            return Err(self.problems.error(
                format!("it is {name}, which speaks PostgreSQL's protocol and is none"),
                ["dbwright reads PostgreSQL itself".to_owned()],
            ));
        }
        let version: Version = version
            .parse()
            .map_err(|_| self.problems.error("it does not tell its version", []))?;
        if version.major < OLDEST_MAJOR {
            return Err(self.problems.error(
                format!("it is PostgreSQL {version}; {OLDEST_MAJOR} or newer is needed"),
                [],
            ));
        }
        self.server.version = version;
        Ok(())
    }

    pub(super) async fn read(&mut self) -> Result<Reading, LiveError> {
        self.explained(introspect::postgres::read_whole(&self.client, &self.server).await)
    }

    /// Reads the schema but for what is under an ACCESS EXCLUSIVE lock, which is named.
    pub(crate) async fn read_past_locks(&self) -> Result<Reading, LiveError> {
        self.explained(introspect::postgres::read_past_locks(&self.client, &self.server).await)
    }

    fn explained(&self, read: Result<Reading, LiveError>) -> Result<Reading, LiveError> {
        read.map_err(|error| match error {
            LiveError::Postgres { source, .. } => explain(&self.problems, &source),
            error => error,
        })
    }

    pub(super) async fn rows(&self, sql: &str) -> Result<TextRows, LiveError> {
        let answer = self.bounded(self.client.simple_query(sql)).await?;
        let rows = answer.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(rows
            .map(|row| (0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect())
            .collect())
    }

    pub(super) async fn limit_statements(&mut self, limit: Duration) -> Result<(), LiveError> {
        self.limits.statement = self.limits.statement.min(limit);
        let sql = format!("SET statement_timeout = {}", self.limits.statement.as_millis());
        self.rows(&sql).await.map(drop)
    }

    pub(super) async fn close(self) {
        drop(self.client);
        let _ = tokio::time::timeout(self.limits.connect, self.task).await;
    }

    /// The server keeps to its limits as long as it answers at all.
    async fn bounded<T>(&self, query: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, LiveError> {
        let limit = self.limits.statement + self.limits.connect;
        match tokio::time::timeout(limit, query).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(explain(&self.problems, &error)),
            Err(_) => Err(self.problems.no_answer(limit)),
        }
    }
}

enum Trouble {
    /// What was asked for can't be had on this machine.
    Tls(String),
    Driver(tokio_postgres::Error),
}

fn is_tls_trouble(error: &Trouble) -> bool {
    match error {
        Trouble::Tls(_) => true,
        Trouble::Driver(error) => problem::is_tls(error),
    }
}

async fn connect(target: &ServerTarget, mode: TlsMode) -> Result<(Client, JoinHandle<()>), Trouble> {
    let config = config(target, mode);
    if mode == TlsMode::Disable {
        let (client, connection) = config.connect(NoTls).await.map_err(Trouble::Driver)?;
        return Ok((client, tokio::spawn(async move { drop(connection.await) })));
    }
    let tls = target.tls.client_config().map_err(Trouble::Tls)?;
    let (client, connection) = config
        .connect(MakeRustlsConnect::new(tls))
        .await
        .map_err(Trouble::Driver)?;
    Ok((client, tokio::spawn(async move { drop(connection.await) })))
}

fn config(target: &ServerTarget, mode: TlsMode) -> Config {
    let mut config = Config::new();
    match &target.host {
        Some(host) => config.host(host),
        None => config.host(
            SOCKET_FOLDERS
                .into_iter()
                .find(|folder| std::path::Path::new(folder).is_dir())
                .unwrap_or("localhost"),
        ),
    };
    if let Some(port) = target.port {
        config.port(port);
    }
    if let Some(user) = &target.user {
        config.user(user);
    }
    if let Some(password) = &target.password {
        config.password(password);
    }
    if let Some(database) = &target.database {
        config.dbname(database);
    }
    if let Some(options) = &target.options {
        config.options(options);
    }
    config.ssl_mode(match mode {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    });
    config
}

/// Says what a failed connection or statement means. Codes:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn explain(problems: &Problems, error: &tokio_postgres::Error) -> LiveError {
    let Some(said) = error.as_db_error() else {
        return problems.transport(error, problem::is_tls(error));
    };
    let code = said.code().code();
    let hint = match code {
        "28P01" | "28000" => problems.login("PGPASSWORD"),
        "3D000" => "name a database that exists: postgres://…/DATABASE; `psql -l` lists them".to_owned(),
        "42501" => {
            "reading the schema needs USAGE on its schemas and SELECT on none of the tables; connect as a role that \
                    may look, or as the owner"
                .to_owned()
        }
        "53300" => "the server has no connection left; try again, or connect as a role with reserved ones".to_owned(),
        "25006" => "dbwright only reads here; `dbwright schema plan` prints what would change something".to_owned(),
        "55P03" => "somebody holds a lock on what is read; try again when that is done".to_owned(),
        "57014" => "the statement took longer than it may on somebody's server; try again when the server is less busy"
            .to_owned(),
        _ => return problems.error(format!("{} ({code})", said.message()), said.hint().map(str::to_owned)),
    };
    problems.error(said.message(), [hint])
}
