//! What the servers say against a statement
//! (<https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html>,
//! <https://mariadb.com/docs/server/reference/error-codes>).

use dbwright_catalog::{Engine, SqlError};

/// Why a statement comes to nothing here.
#[derive(Debug)]
pub(super) enum Stop {
    /// The server refuses it.
    Error(SqlError),
    /// Something is missing, which the server would refuse: the error, and the name.
    Missing(SqlError, String),
    /// Something is there already, which the server would refuse: the error, and the name.
    InTheWay(SqlError, String),
    /// What it does can't be told, and why. It makes nothing but what it names.
    Unknown(String),
    /// What it does can't be told, and why. It may make or drop anything.
    Opaque(String),
}

pub(super) fn error(code: u32, message: String) -> SqlError {
    SqlError {
        code: code.to_string(),
        message,
        detail: None,
        position: None,
    }
}

pub(super) fn refuse<T>(code: u32, message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Error(error(code, message.into())))
}

pub(super) fn no_table(name: &str) -> SqlError {
    error(1146, format!("Table '{name}' doesn't exist"))
}

pub(super) fn not_a_table(name: &str) -> SqlError {
    error(1347, format!("'{name}' is not of type 'BASE TABLE'"))
}

pub(super) fn table_exists(name: &str) -> SqlError {
    error(1050, format!("Table '{name}' already exists"))
}

pub(super) fn no_column(column: &str, table: &str) -> SqlError {
    error(1054, format!("Unknown column '{column}' in '{table}'"))
}

pub(super) fn no_key_column(column: &str) -> SqlError {
    error(1072, format!("Key column '{column}' doesn't exist in table"))
}

pub(super) fn duplicate_column(column: &str) -> SqlError {
    error(1060, format!("Duplicate column name '{column}'"))
}

pub(super) fn duplicate_key(name: &str) -> SqlError {
    error(1061, format!("Duplicate key name '{name}'"))
}

pub(super) fn cannot_drop(name: &str) -> SqlError {
    error(1091, format!("Can't DROP '{name}'; check that column/key exists"))
}

pub(super) fn needed_by_foreign_key(name: &str) -> SqlError {
    error(
        1553,
        format!("Cannot drop index '{name}': needed in a foreign key constraint"),
    )
}

/// A foreign key that MariaDB refuses says no more than that (`errno: 150`).
pub(super) fn foreign_key(engine: Engine, mysql: u32, table: &str, message: String) -> SqlError {
    match engine {
        Engine::MariaDb => error(
            1005,
            format!("Can't create table `{table}` (errno: 150 \"Foreign key constraint is incorrectly formed\")"),
        ),
        Engine::MySql | Engine::Postgres | Engine::Sqlite => error(mysql, message),
    }
}
