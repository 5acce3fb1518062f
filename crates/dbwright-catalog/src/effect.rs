//! What one statement did.

use std::fmt;
use std::time::Duration;

use crate::{Change, ObjectId};

/// How something is known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Known {
    /// It ran on a real server and was watched.
    Observed,
    /// It was concluded from the syntax and the catalog.
    Predicted,
    /// It is not known, and why.
    Unknown(String),
}

impl Known {
    /// The word for it: `observed`, `predicted`, `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Known::Observed => "observed",
            Known::Predicted => "predicted",
            Known::Unknown(_) => "unknown",
        }
    }
}

/// A lock on a relation, weakest first. The order is that of PostgreSQL's manual, where each mode conflicts with at
/// least what the one before it conflicts with (<https://www.postgresql.org/docs/current/explicit-locking.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LockMode {
    /// Readers.
    AccessShare,
    /// `SELECT … FOR UPDATE`, checks of foreign keys.
    RowShare,
    /// Writers.
    RowExclusive,
    /// `VACUUM`, `CREATE INDEX CONCURRENTLY`, `VALIDATE CONSTRAINT`.
    ShareUpdateExclusive,
    /// `CREATE INDEX`: blocks writes.
    Share,
    /// `ADD FOREIGN KEY`, `CREATE TRIGGER`: blocks writes.
    ShareRowExclusive,
    /// `REFRESH MATERIALIZED VIEW CONCURRENTLY`: blocks writes.
    Exclusive,
    /// Most of `ALTER TABLE`: blocks reads and writes.
    AccessExclusive,
}

impl LockMode {
    /// All modes, weakest first.
    pub const ALL: [LockMode; 8] = [
        LockMode::AccessShare,
        LockMode::RowShare,
        LockMode::RowExclusive,
        LockMode::ShareUpdateExclusive,
        LockMode::Share,
        LockMode::ShareRowExclusive,
        LockMode::Exclusive,
        LockMode::AccessExclusive,
    ];

    /// Whether `SELECT` waits behind it.
    pub fn blocks_reads(self) -> bool {
        self == LockMode::AccessExclusive
    }

    /// Whether `INSERT`, `UPDATE` and `DELETE` wait behind it.
    pub fn blocks_writes(self) -> bool {
        self >= LockMode::Share
    }

    /// The name in the manual: `ACCESS EXCLUSIVE`.
    pub fn name(self) -> &'static str {
        match self {
            LockMode::AccessShare => "ACCESS SHARE",
            LockMode::RowShare => "ROW SHARE",
            LockMode::RowExclusive => "ROW EXCLUSIVE",
            LockMode::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            LockMode::Share => "SHARE",
            LockMode::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            LockMode::Exclusive => "EXCLUSIVE",
            LockMode::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// The mode that `pg_locks` prints as `AccessExclusiveLock`, or that the manual calls `ACCESS EXCLUSIVE`.
    pub fn parse(text: &str) -> Option<LockMode> {
        let letters = |name: &str| {
            name.chars()
                .filter(char::is_ascii_alphabetic)
                .collect::<String>()
                .to_ascii_lowercase()
        };
        let wanted = letters(text.strip_suffix("Lock").unwrap_or(text));
        LockMode::ALL.into_iter().find(|mode| letters(mode.name()) == wanted)
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A lock that was held when a statement had ended (or that it was waiting for, while it was held up on purpose).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HeldLock {
    /// The table, index, view or sequence.
    pub relation: ObjectId,
    /// How strong.
    pub mode: LockMode,
    /// Index of the statement in its migration that took it. Smaller than the statement's own where an earlier statement
    /// of the same transaction left it; 0 where a transaction over several migrations took it before this one.
    pub since: usize,
}

/// Which transaction a statement ran in. Two statements with the same id committed or rolled back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TransactionId(pub u32);

/// An error of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SqlError {
    /// SQLSTATE (PostgreSQL), the number of the error (MySQL and MariaDB: `1062`), or the name of SQLite's result code
    /// (`SQLITE_CONSTRAINT_NOTNULL`).
    pub code: String,
    /// The server's message, in its words.
    pub message: String,
    /// The server's detail and hint, where it gave some.
    pub detail: Option<String>,
    /// Byte in the statement's text that the server points at.
    pub position: Option<usize>,
}

/// How a statement ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Outcome {
    /// It ran.
    Done,
    /// The server refused it, also without generated rows in the tables.
    Failed(SqlError),
    /// The server refused it while tables held generated rows, and ran it when they were empty.
    FailedOnRows(SqlError),
    /// It failed only because an earlier statement had: what it needs was never made.
    FollowsFrom {
        /// Index of the migration that holds the first cause.
        migration: usize,
        /// Index of the statement in it.
        statement: usize,
        /// What the server said here.
        error: SqlError,
    },
    /// dbwright did not send it, and why: it reaches outside the database, it is a psql command.
    Refused(String),
}

impl Outcome {
    /// The error, where the server gave one.
    pub fn error(&self) -> Option<&SqlError> {
        match self {
            Outcome::Failed(error) | Outcome::FailedOnRows(error) | Outcome::FollowsFrom { error, .. } => Some(error),
            Outcome::Done | Outcome::Refused(_) => None,
        }
    }
}

/// Whether the tables that existed before a statement held generated rows when it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Rows {
    /// Every table that could be filled held at least three.
    Generated,
    /// Tables held only what the migrations themselves had put there.
    None,
}

/// Rows of one table that a statement touched, with what cascades and triggers did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RowCount {
    /// The table.
    pub table: ObjectId,
    /// Rows inserted.
    pub inserted: u64,
    /// Rows updated.
    pub updated: u64,
    /// Rows deleted.
    pub deleted: u64,
}

/// How MySQL or MariaDB changes a table, cheapest first. MySQL has no `NOCOPY`.
///
/// Manual: <https://dev.mysql.com/doc/refman/9.7/en/innodb-online-ddl-operations.html>,
/// <https://mariadb.com/docs/server/server-usage/storage-engines/innodb/innodb-online-ddl/innodb-online-ddl-overview>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Algorithm {
    /// Only metadata changes.
    Instant,
    /// In place, without building the table anew (MariaDB).
    NoCopy,
    /// Within the storage engine; may build the table anew.
    InPlace,
    /// Row by row into a new table; writes wait.
    Copy,
}

impl Algorithm {
    /// The word in the `ALGORITHM` clause: `INSTANT`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Instant => "INSTANT",
            Algorithm::NoCopy => "NOCOPY",
            Algorithm::InPlace => "INPLACE",
            Algorithm::Copy => "COPY",
        }
    }
}

/// What other sessions may do with a table while MySQL or MariaDB changes it, as the `LOCK` clause says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LockLevel {
    /// Read and write.
    None,
    /// Read; writes wait.
    Shared,
    /// Nothing: reads and writes wait.
    Exclusive,
}

impl LockLevel {
    /// The word in the `LOCK` clause: `SHARED`.
    pub fn name(self) -> &'static str {
        match self {
            LockLevel::None => "NONE",
            LockLevel::Shared => "SHARED",
            LockLevel::Exclusive => "EXCLUSIVE",
        }
    }

    /// Whether `SELECT` waits behind it.
    pub fn blocks_reads(self) -> bool {
        self == LockLevel::Exclusive
    }

    /// Whether `INSERT`, `UPDATE` and `DELETE` wait behind it.
    pub fn blocks_writes(self) -> bool {
        self >= LockLevel::Shared
    }
}

/// A cheaper way of doing a statement that the server was asked for and refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RefusedOffer {
    /// The algorithm that was asked for.
    pub algorithm: Algorithm,
    /// The lock level that was asked for; nothing where only the algorithm was.
    pub lock: Option<LockLevel>,
    /// The server's reason, in its words.
    pub reason: String,
}

/// How a statement changed one table on MySQL or MariaDB: the cheapest algorithm and lock level that the server accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TableOperation {
    /// The table.
    pub table: ObjectId,
    /// The cheapest algorithm that the server accepts (or the one that the statement's own clause forces).
    pub algorithm: Algorithm,
    /// The weakest lock that it accepts with it.
    pub lock: LockLevel,
    /// What it refused on the way, cheapest first.
    pub refused: Vec<RefusedOffer>,
    /// Row versions that the table has used up afterwards. MySQL allows 255 (64 before 9.1) before the next instant change
    /// is refused and a rebuild takes its place. Nothing on MariaDB.
    pub row_versions: Option<u32>,
}

/// A warning of the server about one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Warning {
    /// The server's number for it: `1265`.
    pub code: u32,
    /// In the server's words.
    pub message: String,
}

/// What one statement did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Effect {
    /// How all of this is known.
    pub known: Known,
    /// How it ended.
    pub outcome: Outcome,
    /// The transaction it ran in.
    pub transaction: TransactionId,
    /// The open transaction that it committed although it is no `COMMIT` (MySQL and MariaDB).
    pub committed: Option<TransactionId>,
    /// Locks held at its end, by relation and mode, also those left by earlier statements of its transaction.
    pub locks: Vec<HeldLock>,
    /// How it changed tables (MySQL and MariaDB).
    pub operations: Vec<TableOperation>,
    /// Other tables that it locks because foreign keys tie them to its own, in either direction, so that at least those who
    /// write there wait (MySQL and MariaDB).
    pub parents: Vec<ObjectId>,
    /// Tables whose rows were written anew.
    pub rewritten: Vec<ObjectId>,
    /// Indexes that existed before and were built anew.
    pub rebuilt_indexes: Vec<ObjectId>,
    /// Tables that were read from end to end.
    pub scanned: Vec<ObjectId>,
    /// What it changed in the catalog.
    pub changes: Vec<Change>,
    /// Rows of user tables that it touched, tables with none left out.
    pub rows: Vec<RowCount>,
    /// Notices of the server, in its words.
    pub notices: Vec<String>,
    /// Warnings with a number (MySQL and MariaDB): truncated values, implicit conversions, deprecated syntax.
    pub warnings: Vec<Warning>,
    /// Whether tables held generated rows.
    pub generated_rows: Rows,
    /// How long it took on the scratch server (a few rows, no load: says little about production).
    pub duration: Duration,
}

impl Effect {
    /// The effect of a statement of which only the outcome is known.
    pub fn without_observation(known: Known, outcome: Outcome, transaction: TransactionId) -> Self {
        Effect {
            known,
            outcome,
            transaction,
            committed: None,
            locks: Vec::new(),
            operations: Vec::new(),
            parents: Vec::new(),
            rewritten: Vec::new(),
            rebuilt_indexes: Vec::new(),
            scanned: Vec::new(),
            changes: Vec::new(),
            rows: Vec::new(),
            notices: Vec::new(),
            warnings: Vec::new(),
            generated_rows: Rows::None,
            duration: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_modes_are_read_in_both_spellings() {
        for mode in LockMode::ALL {
            assert_eq!(LockMode::parse(mode.name()), Some(mode));
        }
        assert_eq!(LockMode::parse("AccessExclusiveLock"), Some(LockMode::AccessExclusive));
        assert_eq!(LockMode::parse("SIReadLock"), None);
    }

    #[test]
    fn only_the_strongest_lock_blocks_reads_and_share_is_the_first_to_block_writes() {
        let blocking: Vec<_> = LockMode::ALL.into_iter().filter(|mode| mode.blocks_writes()).collect();
        assert_eq!(blocking.first(), Some(&LockMode::Share));
        assert_eq!(LockMode::ALL.into_iter().filter(|mode| mode.blocks_reads()).count(), 1);
    }
}
