//! Running the steps of a plan.

use std::fmt;
use std::time::Duration;

use dbwright_catalog::{ObjectId, Plan, Step};
use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode};

/// A step that did not run.
#[derive(Debug)]
pub(super) struct Failure {
    /// Its place among the steps of the plan.
    pub(super) place: usize,
    /// What was run.
    pub(super) sql: String,
    /// The objects of the step.
    pub(super) objects: Vec<ObjectId>,
    /// SQLite's words.
    pub(super) message: String,
    /// Whether it was for the rows that it failed.
    pub(super) is_for_rows: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SQLite says `{}` to: {}", self.message, self.sql)
    }
}

/// Runs a plan in its phases. After a failure the transaction is still open, to be looked at.
pub(super) fn apply(connection: &Connection, plan: &Plan) -> Result<(), Failure> {
    let mut place = 0;
    for phase in &plan.phases {
        if phase.transaction {
            run(connection, &Step::new("BEGIN IMMEDIATE", []))?;
        }
        for step in &phase.steps {
            run(connection, step).map_err(|failure| Failure { place, ..failure })?;
            place += 1;
        }
        if phase.transaction {
            run(connection, &Step::new("COMMIT", []))?;
        }
    }
    Ok(())
}

/// Runs one step.
pub(super) fn run(connection: &Connection, step: &Step) -> Result<(), Failure> {
    connection.execute_batch(&step.sql).map_err(|error| Failure {
        place: 0,
        sql: step.sql.clone(),
        objects: step.objects.clone(),
        is_for_rows: matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch)
        ),
        message: match error {
            rusqlite::Error::SqliteFailure(_, Some(message)) => message,
            rusqlite::Error::SqlInputError { msg, .. } => msg,
            error => error.to_string(),
        },
    })
}

/// A copy of a database in memory.
pub(super) fn copy(connection: &Connection) -> rusqlite::Result<Connection> {
    let mut copy = Connection::open_in_memory()?;
    Backup::new(connection, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
    copy.execute_batch("PRAGMA foreign_keys = ON")?;
    Ok(copy)
}
