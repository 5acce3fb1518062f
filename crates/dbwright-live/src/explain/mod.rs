//! Asking a server how it would run a query, and what it knows of the tables.
//!
//! A query is not run, unless somebody asks for it and it was proven to read only.

mod mysql_family;
mod postgres;
mod sqlite;

use dbwright_catalog::{PlanFacts, QueryPlan};

use crate::LiveError;
use crate::connect::Connection;

/// How a query is explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplainOptions {
    /// Whether it is run. What is not proven to read only is not.
    pub run: bool,
    /// Statements of ours that hold for this query alone: `SET LOCAL work_mem = '64MB'`.
    pub before: Vec<String>,
    /// Whether the server is one of ours, where planning may lock rows.
    pub on_our_server: bool,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explained {
    /// The plan, as the engine's reader takes it.
    Plan {
        /// What the server prints: JSON, or lines.
        text: String,
        /// What should be known of it, in whole sentences.
        notes: Vec<String>,
    },
    /// The server refuses the query, or it was not run for safety: why.
    Refused(String),
    /// Nothing is wrong with a statement that writes, but it can't be planned here: why, as a clause.
    Withheld(String),
}

/// Asks for the plan of a query, which must be a single statement.
///
/// # Errors
///
/// When the server is gone. What it refuses is no error.
pub async fn explain(
    connection: &mut Connection,
    query: &str,
    options: &ExplainOptions,
) -> Result<Explained, LiveError> {
    match connection {
        Connection::Postgres(_) => postgres::explain(connection, query, options).await,
        Connection::MySqlFamily(_) => mysql_family::explain(connection, query, options).await,
        Connection::Sqlite(connection) => sqlite::explain(connection, query, options).await,
    }
}

/// What the server knows of the tables that a plan names (SQLite: of all tables), and the settings that its plans depend on.
///
/// # Errors
///
/// When the server is gone.
pub async fn facts(connection: &mut Connection, plan: &QueryPlan) -> Result<PlanFacts, LiveError> {
    match connection {
        Connection::Postgres(_) => postgres::facts(connection, plan).await,
        Connection::MySqlFamily(_) => mysql_family::facts(connection, plan).await,
        Connection::Sqlite(connection) => sqlite::facts(connection).await,
    }
}
