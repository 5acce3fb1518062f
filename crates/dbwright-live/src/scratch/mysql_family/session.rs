//! Sessions with a MySQL or MariaDB server.
//!
//! Not for deciding who may connect where: that is the scratch server's business.

use std::time::Duration;

use dbwright_catalog::{Engine, Server};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};

use crate::LiveError;

/// How long making a connection may take.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long the server may take for one statement that dbwright itself needs, such as `CREATE DATABASE`.
const STATEMENT_LIMIT: Duration = Duration::from_mins(1);

/// Settings of every session of the driver. It sends several statements at once where it is asked to
/// (`CLIENT_MULTI_STATEMENTS`), as tools do, and reads no file for `LOAD DATA LOCAL`.
pub(super) fn options(base: OptsBuilder) -> OptsBuilder {
    base
        // Both would be asked for otherwise, a round trip each.
        .max_allowed_packet(Some(1 << 30))
        .wait_timeout(Some(28_800))
        // Migrations make and drop what prepared statements depend on.
        .stmt_cache_size(0)
        .prefer_socket(false)
}

/// Connects.
pub(super) async fn open(options: Opts) -> Result<Conn, LiveError> {
    match tokio::time::timeout(CONNECT_LIMIT, Conn::new(options)).await {
        Ok(opened) => opened.map_err(|source| LiveError::mysql_family("connecting", source)),
        Err(_) => Err(LiveError::TooLong {
            doing: "connecting to the server".to_owned(),
            limit: CONNECT_LIMIT,
        }),
    }
}

/// Ends a session. A server that does not hear it must not hold us.
pub(super) async fn close(session: Conn) {
    let _ = tokio::time::timeout(CONNECT_LIMIT, session.disconnect()).await;
}

/// Runs one statement of our own; the first column of each row.
pub(super) async fn ask(session: &mut Conn, doing: &str, sql: &str) -> Result<Vec<String>, LiveError> {
    match tokio::time::timeout(STATEMENT_LIMIT, session.query::<Option<String>, _>(sql)).await {
        Ok(Ok(rows)) => Ok(rows.into_iter().map(Option::unwrap_or_default).collect()),
        Ok(Err(error)) => Err(LiveError::mysql_family(doing, error)),
        Err(_) => Err(LiveError::TooLong {
            doing: doing.to_owned(),
            limit: STATEMENT_LIMIT,
        }),
    }
}

/// The number that the server gave to an error, if it was the server's.
pub(super) fn code(error: &LiveError) -> Option<u16> {
    match error {
        LiveError::MySqlFamily {
            source: mysql_async::Error::Server(error),
            ..
        } => Some(error.code),
        _ => None,
    }
}

/// The engine and the exact version, as the server says: `9.7.4-2`, `10.11.19-MariaDB-0+deb12u1`.
pub(super) async fn server(session: &mut Conn) -> Result<Server, LiveError> {
    let said = ask(session, "asking for the version", "SELECT VERSION()").await?;
    let text = said.first().map_or("", String::as_str);
    let engine = if text.contains("MariaDB") {
        Engine::MariaDb
    } else {
        Engine::MySql
    };
    match text.parse() {
        Ok(version) => Ok(Server { engine, version }),
        Err(_) => Err(LiveError::Unsupported {
            what: "the server does not tell its version".to_owned(),
        }),
    }
}
