//! What matters about a statement for running it: told from its words, without a grammar.
//!
//! Not for telling whether a statement is right, nor what it does to which object: that is observed.

mod extensions;
mod mysql_family;
mod postgres;
mod reader;
mod sqlite;

use dbwright_catalog::Engine;

pub use mysql_family::types::{Form, IndexKind, MySqlFamilySummary, OnlineClause, Requested, TableAction, TableName};

use crate::dialect::Dialect;
pub(crate) use mysql_family::settings::{SqlModes, session_assignments};
pub(crate) use reader::Reader;

/// Control of transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionControl {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`; with or without `AND CHAIN`.
    Commit,
    /// `ROLLBACK`, `ABORT`, also `PREPARE TRANSACTION`.
    Rollback,
    /// `SAVEPOINT name`.
    Savepoint(String),
    /// `ROLLBACK TO name`.
    RollbackTo(String),
    /// `RELEASE name`.
    Release(String),
    /// `SET TRANSACTION …`, `SET CONSTRAINTS …`: must come before any query of ours.
    Set,
}

/// What matters about a statement for running it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Summary {
    /// Control of transactions.
    Transaction(TransactionControl),
    /// Changes only the session: `SET`, `RESET`, `SHOW`, `DISCARD`, `LISTEN`, `PREPARE` …
    Session,
    /// `PRAGMA name` or `PRAGMA name = value` (SQLite), both in lower case.
    Pragma {
        /// Name, without schema.
        name: String,
        /// Value, where one is set.
        value: Option<String>,
    },
    /// `CREATE EXTENSION` (PostgreSQL); names are unquoted and folded.
    CreateExtension {
        /// Which.
        name: String,
        /// `SCHEMA`.
        schema: Option<String>,
        /// `VERSION`.
        version: Option<String>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `CREATE INDEX`; names are unquoted and folded (SQLite keeps the case in which they were written).
    CreateIndex {
        /// Name, where it has one.
        name: Option<String>,
        /// `CONCURRENTLY`.
        concurrently: bool,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// Roles and memberships, which belong to the whole cluster: `CREATE ROLE`, `ALTER USER`, `GRANT role TO role` …
    Role,
    /// Anything else that belongs to the whole cluster, by its name: `ALTER SYSTEM`, `CREATE TABLESPACE`, `CREATE DATABASE`.
    ClusterWide(&'static str),
    /// What reaches outside the database, by its name: `COPY … PROGRAM`, `COPY … TO '/file'`, `ATTACH`, `VACUUM INTO`,
    /// `load_extension`.
    ReachesOutside(&'static str),
    /// `COPY … FROM STDIN`.
    CopyFromStdin,
    /// `SELECT`, `VALUES`, `TABLE`, `WITH … SELECT`: also functions called by it. `EXPLAIN` without `ANALYZE`.
    Query,
    /// `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `COPY` otherwise, with or without `WITH`; a query with one of them in its
    /// `WITH`.
    Write,
    /// `VACUUM`, `ANALYZE`, `CLUSTER`, `REINDEX`.
    Maintenance,
    /// `DO`, `CALL`, `EXECUTE`: may do anything.
    Code,
    /// Any other definition: `CREATE`, `ALTER`, `DROP`, `TRUNCATE`, `COMMENT`, `GRANT`, `REFRESH` …
    Definition,
    /// Nothing dbwright knows.
    Other,
}

/// Tells what matters about a statement for running it.
///
/// The text is one statement; comments before it are skipped, and what stands behind its separator is not looked at
/// (except for what reaches outside the database by its mere name, such as calls of `load_extension` on SQLite or
/// `LOAD_FILE` on MySQL, which are found anywhere).
pub fn summarise(engine: Engine, text: &str) -> Summary {
    let dialect = Dialect::server(engine);
    match engine {
        Engine::Postgres => postgres::summarise(Reader::new(dialect, text)),
        Engine::Sqlite => sqlite::summarise(Reader::new(dialect, text)),
        Engine::MySql | Engine::MariaDb => mysql_family::summarise(dialect, text).summary,
    }
}

/// Tells more about a statement of MySQL or MariaDB: which tables it concerns, what it does to them, whether it
/// commits, and where `ALGORITHM` and `LOCK` belong.
///
/// The dialect says how the session reads quotes and which version comments are code. Of a statement for another
/// engine, only the [`Summary`] is known.
pub fn summarise_mysql_family(dialect: Dialect, text: &str) -> MySqlFamilySummary {
    match dialect.engine {
        Engine::MySql | Engine::MariaDb => mysql_family::summarise(dialect, text),
        Engine::Postgres | Engine::Sqlite => MySqlFamilySummary::of(summarise(dialect.engine, text)),
    }
}
