//! The plan of a statement that writes, which both engines tell only in a transaction that may write.
//!
//! Nothing is written: `EXPLAIN` is put before the statement here; the server is sent a prepared statement, so that it takes one and
//! nothing behind it; and the transaction holds this alone and is rolled back. It reads what is committed, as the default would lock
//! the rows that an `INSERT … SELECT` reads.

use mysql_async::Row;
use mysql_async::prelude::Queryable as _;

use super::{MySqlFamilyConnection, end_query, explain, texts};
use crate::LiveError;
use crate::measure::TextRows;

/// Numbers of what a server says to a user who may not write, or where nobody may.
/// <https://dev.mysql.com/doc/mysql-errors/9.4/en/server-error-reference.html>
const MAY_NOT_WRITE: [u16; 7] = [1044, 1142, 1143, 1227, 1290, 1792, 1836];

/// Forms in which a plan is asked for without running the statement: none of them is `ANALYZE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlanForm {
    /// In the version of the session, on MySQL.
    Json,
    /// MySQL's steps.
    Tree,
    /// MariaDB's table, with the statement as it was understood as a note.
    Extended,
}

impl PlanForm {
    /// What asks for it, before the statement.
    pub(crate) fn words(self) -> &'static str {
        match self {
            PlanForm::Json => "EXPLAIN FORMAT=JSON",
            PlanForm::Tree => "EXPLAIN FORMAT=TREE",
            PlanForm::Extended => "EXPLAIN EXTENDED",
        }
    }
}

/// What came of asking.
pub(crate) enum PlanOfWrite {
    /// The plan, and what the server noted beside it.
    Told {
        /// What `EXPLAIN` gives.
        rows: TextRows,
        /// What `SHOW WARNINGS` gives.
        notes: TextRows,
    },
    /// The session may not write: what the server says.
    MayNotWrite(String),
    /// The server refuses the statement.
    Refused(String),
}

impl MySqlFamilyConnection {
    /// Asks for the plan of a statement, which is not run.
    pub(crate) async fn plan_of_write(&mut self, form: PlanForm, statement: &str) -> Result<PlanOfWrite, LiveError> {
        // https://dev.mysql.com/doc/refman/9.4/en/set-transaction.html: for the next transaction alone.
        self.rows("SET TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
        let limit = self.limits.statement + self.limits.connect;
        // Where something fails, the session is no longer used, and its transaction ends with it.
        let sql = format!("{} {statement}", form.words());
        let asking = async {
            self.conn.query_drop("START TRANSACTION READ WRITE").await?;
            self.conn.exec::<Row, _, _>(sql, ()).await
        };
        let answer = match tokio::time::timeout(limit, asking).await {
            Ok(Ok(rows)) => PlanOfWrite::Told {
                rows: rows.iter().map(texts).collect(),
                notes: self.rows("SHOW WARNINGS").await?,
            },
            Ok(Err(error)) => self.refusal(&error)?,
            Err(_) => {
                end_query(self.opts.clone(), self.conn.id(), self.limits.connect).await;
                return Err(self.problems.no_answer(limit));
            }
        };
        self.rows("ROLLBACK").await?;
        Ok(answer)
    }

    /// What the server refuses; the error where it is gone.
    fn refusal(&self, error: &mysql_async::Error) -> Result<PlanOfWrite, LiveError> {
        let code = match error {
            mysql_async::Error::Server(said) => Some(said.code),
            _ => None,
        };
        match (explain(&self.problems, error), code) {
            (LiveError::Connect { problem, .. }, Some(code)) if MAY_NOT_WRITE.contains(&code) => {
                Ok(PlanOfWrite::MayNotWrite(problem))
            }
            (LiveError::Connect { problem, .. }, Some(_)) => Ok(PlanOfWrite::Refused(problem)),
            (error, _) => Err(error),
        }
    }
}
