//! Read-only sessions with a user's MySQL or MariaDB.
//!
//! Read-only by the transaction mode of the session. The servers bound `SELECT` by themselves (`max_execution_time`,
//! `max_statement_time`); not all that reads a schema is one, so that a watchdog ends what takes longer. One thing they tell only where
//! somebody may write: the plan of a statement that writes, which `plan_of_write.rs` asks for.

mod plan_of_write;

pub(crate) use plan_of_write::{PlanForm, PlanOfWrite};

use std::time::Duration;

use dbwright_catalog::{Engine, Reading, Server};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, DriverError, Opts, OptsBuilder, Row, Value};

use super::problem::Problems;
use super::tls::{TlsMode, presented_name};
use super::url::{DatabaseUrl, ServerTarget};
use super::{ReadLimits, problem};
use crate::LiveError;
use crate::introspect;
use crate::measure::TextRows;

/// A session with a MySQL or MariaDB of the user.
pub struct MySqlFamilyConnection {
    conn: Conn,
    /// For the session that ends what takes too long.
    opts: Opts,
    server: Server,
    limits: ReadLimits,
    problems: Problems,
}

impl MySqlFamilyConnection {
    pub(super) async fn open(url: &DatabaseUrl, target: &ServerTarget, limits: &ReadLimits) -> Result<Self, LiveError> {
        let problems = Problems::of(url);
        let limit = target.connect_timeout.unwrap_or(limits.connect);
        let mode = target.tls.mode();
        let encrypted = options(target, Encryption::AsAsked).map_err(|text| problems.tls(&text))?;
        let plain = options(target, Encryption::None).map_err(|text| problems.tls(&text))?;
        let connecting = async {
            match Conn::new(encrypted.clone()).await {
                // The chain is believed and the host's name is another one, which `verify-ca` does not ask for.
                Err(error) if mode == TlsMode::VerifyCa => match presented_name(&error) {
                    Some(name) => match options(target, Encryption::For(name)) {
                        Ok(named) => Conn::new(named.clone()).await.map(|conn| (conn, named)),
                        Err(_) => Err(error),
                    },
                    None => Err(error),
                },
                // As MySQL's clients do: what can't be encrypted is tried without, unless somebody demanded it.
                Err(error) if mode == TlsMode::Prefer && is_tls_trouble(&error) => {
                    Conn::new(plain.clone()).await.map(|conn| (conn, plain))
                }
                outcome => outcome.map(|conn| (conn, encrypted)),
            }
        };
        let (conn, opts) = match tokio::time::timeout(limit, connecting).await {
            Ok(Ok(connected)) => connected,
            Ok(Err(error)) => return Err(explain(&problems, &error)),
            Err(_) => return Err(problems.no_answer(limit)),
        };
        let mut connection = MySqlFamilyConnection {
            conn,
            opts,
            server: Server {
                engine: Engine::MySql,
                version: dbwright_catalog::Version::new(0, 0, 0),
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

    /// Asks who answers, makes the session read-only and bounds its statements.
    async fn prepare(&mut self) -> Result<(), LiveError> {
        let rows = self.rows("SELECT VERSION()").await?;
        let first = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
        let version = first.unwrap_or_default();
        self.server.engine = if version.contains("MariaDB") {
            Engine::MariaDb
        } else {
            Engine::MySql
        };
        self.server.version = version
            .parse()
            .map_err(|_| self.problems.error("it does not tell its version", []))?;
        // https://dev.mysql.com/doc/refman/9.4/en/set-transaction.html, https://mariadb.com/docs/server/reference/sql-statements/transactions/set-transaction
        let lock = self.limits.lock.as_secs().max(1);
        let settings = [
            "SET SESSION TRANSACTION READ ONLY".to_owned(),
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ".to_owned(),
            format!("SET SESSION lock_wait_timeout = {lock}"),
            format!("SET SESSION innodb_lock_wait_timeout = {lock}"),
        ];
        for sql in settings {
            self.rows(&sql).await?;
        }
        self.limit_statements(self.limits.statement).await
    }

    pub(super) async fn limit_statements(&mut self, limit: Duration) -> Result<(), LiveError> {
        self.limits.statement = self.limits.statement.min(limit);
        let sql = match self.server.engine {
            // https://mariadb.com/docs/server/ha-and-performance/optimization-and-tuning/query-optimizations/aborting-statements
            Engine::MariaDb => format!(
                "SET SESSION max_statement_time = {}",
                self.limits.statement.as_secs().max(1)
            ),
            // https://dev.mysql.com/doc/refman/9.4/en/server-system-variables.html#sysvar_max_execution_time
            Engine::MySql | Engine::Postgres | Engine::Sqlite => format!(
                "SET SESSION max_execution_time = {}",
                self.limits.statement.as_millis().max(1)
            ),
        };
        self.rows(&sql).await.map(drop)
    }

    pub(super) async fn rows(&mut self, sql: &str) -> Result<TextRows, LiveError> {
        // The server's own limit comes first.
        let limit = self.limits.statement + self.limits.connect;
        match tokio::time::timeout(limit, self.conn.query::<Row, _>(sql)).await {
            Ok(Ok(rows)) => Ok(rows.iter().map(texts).collect()),
            Ok(Err(error)) => Err(explain(&self.problems, &error)),
            Err(_) => {
                end_query(self.opts.clone(), self.conn.id(), self.limits.connect).await;
                Err(self.problems.no_answer(limit))
            }
        }
    }

    pub(super) async fn read(&mut self) -> Result<Reading, LiveError> {
        // A few statements, each of which may take the limit.
        let limit = self.limits.statement * 3;
        let id = self.conn.id();
        let read = introspect::mysql_family::read_whole(&mut self.conn, &self.server);
        match tokio::time::timeout(limit, read).await {
            Ok(Ok(reading)) => Ok(reading),
            Ok(Err(LiveError::MySqlFamily { source, .. })) => Err(explain(&self.problems, &source)),
            Ok(Err(error)) => Err(error),
            Err(_) => {
                end_query(self.opts.clone(), id, self.limits.connect).await;
                Err(self.problems.too_slow(limit))
            }
        }
    }

    pub(super) async fn close(self) {
        let _ = tokio::time::timeout(self.limits.connect, self.conn.disconnect()).await;
    }
}

/// The values of a row as text.
fn texts(row: &Row) -> Vec<Option<String>> {
    let texts = (0..row.len()).map(|index| match row.as_ref(index) {
        None | Some(Value::NULL) => None,
        Some(Value::Bytes(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Some(other) => Some(other.as_sql(true)),
    });
    texts.collect()
}

/// Ends what a session is doing, from another one of the same user, who may end their own.
async fn end_query(opts: Opts, id: u32, limit: Duration) {
    let ending = async {
        let mut conn = Conn::new(opts).await?;
        conn.query_drop(format!("KILL QUERY {id}")).await?;
        conn.disconnect().await
    };
    // Where that is impossible, the end of the session ends it as well.
    let _ = tokio::time::timeout(limit, ending).await;
}

/// How a session is encrypted.
enum Encryption {
    None,
    /// As the URL asks for.
    AsAsked,
    /// The same, with a certificate for this host.
    For(String),
}

fn options(target: &ServerTarget, encryption: Encryption) -> Result<Opts, String> {
    let mut options = OptsBuilder::default()
        .ip_or_hostname(target.host.as_deref().unwrap_or("localhost"))
        .user(target.user.as_deref())
        .pass(target.password.as_deref())
        .db_name(target.database.as_deref())
        .socket(target.socket.as_deref())
        .prefer_socket(false)
        .max_allowed_packet(Some(1 << 30))
        .wait_timeout(Some(28_800))
        .stmt_cache_size(0);
    if let Some(port) = target.port {
        options = options.tcp_port(port);
    }
    // Nothing is sent over a socket that somebody could listen to.
    if target.socket.is_none() {
        options = match encryption {
            Encryption::None => options,
            Encryption::AsAsked => options.ssl_opts(target.tls.ssl_opts()?),
            Encryption::For(name) => {
                let asked = target.tls.ssl_opts()?;
                options.ssl_opts(asked.map(|asked| asked.with_danger_tls_hostname_override(Some(name))))
            }
        };
    }
    Ok(options.into())
}

fn is_tls_trouble(error: &mysql_async::Error) -> bool {
    matches!(
        error,
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer)
    ) || problem::is_tls(error)
}

/// Says what a failed connection or statement means. Numbers:
/// <https://dev.mysql.com/doc/mysql-errors/9.4/en/server-error-reference.html>,
/// <https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference>
fn explain(problems: &Problems, error: &mysql_async::Error) -> LiveError {
    let said = match error {
        mysql_async::Error::Server(said) => said,
        error => return problems.transport(error, is_tls_trouble(error)),
    };
    let hint = match said.code {
        1045 | 1698 => problems.login("MYSQL_PWD"),
        1049 => "name a database that exists: mysql://…/DATABASE; `SHOW DATABASES` lists them".to_owned(),
        1044 | 1142 | 1143 | 1227 => {
            "reading a schema needs SELECT, SHOW VIEW, TRIGGER and EVENT on the database; on MySQL SHOW_ROUTINE as well"
                .to_owned()
        }
        1792 => "dbwright only reads here; `dbwright schema plan` prints what would change something".to_owned(),
        1040 | 1203 => "the server has no connection left; try again".to_owned(),
        1205 => "somebody holds a lock on what is read; try again when that is done".to_owned(),
        3024 | 1969 | 1317 => {
            "the statement took longer than it may on somebody's server; try again when the server is less busy"
                .to_owned()
        }
        3159 => "the server demands encryption: add ?ssl-mode=REQUIRED".to_owned(),
        code => return problems.error(format!("{} ({code})", said.message), []),
    };
    problems.error(said.message.as_str(), [hint])
}
