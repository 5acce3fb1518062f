//! What a statement means for production, by a snapshot of it.

#![expect(
    clippy::cast_precision_loss,
    reason = "estimates need no more digits than a float has"
)]

use std::time::Duration;

use crate::{Finding, ObjectId, Server};

/// How a fact about production begins: it is known from the snapshot, and was not observed.
pub const IN_PRODUCTION: &str = "In production ";

/// What one statement means for the tables of production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// Index of the migration in its history and of the statement in it.
    pub statement: (usize, usize),
    /// Tables of production that it works on, or keeps others from.
    pub tables: Vec<TableImpact>,
}

/// One table of production under a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableImpact {
    /// The table.
    pub table: ObjectId,
    /// Its rows, as the server has last counted them; nothing where nobody has looked yet.
    pub rows: Option<u64>,
    /// What its rows take, with their long values and without indexes; nothing where it could not be asked.
    pub bytes: Option<u64>,
    /// Who waits for the statement.
    pub waiting: Waiting,
    /// How busy it is; nothing where that is not known.
    pub traffic: Option<Traffic>,
    /// What takes time: the work of the statement on this table.
    pub work: Vec<TableWork>,
    /// What memory the server takes for it, in bytes, where that grows with the rows.
    pub memory: Option<u64>,
    /// How long the lock is held: the work of the statement and of those that follow in its transaction. Nothing where
    /// nobody waits, or some of the work can't be estimated.
    pub held: Option<TimeRange>,
}

/// Who waits while a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waiting {
    /// Nobody who reads or writes rows.
    Nobody,
    /// Whoever writes.
    Writes,
    /// Everybody.
    ReadsAndWrites,
}

/// How often a table was read and written while it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Whole reads and searches.
    pub reads: u64,
    /// Rows inserted, updated and deleted.
    pub writes: u64,
    /// Over how long.
    pub over: Duration,
}

impl Traffic {
    /// Events in a second.
    pub fn per_second(self, events: u64) -> f64 {
        events as f64 / self.over.as_secs_f64().max(1.0)
    }
}

/// Work on a table whose time grows with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableWork {
    /// What is done.
    pub kind: WorkKind,
    /// To what: the table, the index, the table that is referred to or written into.
    pub object: ObjectId,
    /// How long it takes; nothing where it can't be estimated.
    pub time: Option<TimeRange>,
}

/// What is done to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// Its rows are written anew.
    Rewrite,
    /// An index is built.
    IndexBuild,
    /// It is read from end to end.
    Scan,
    /// Each row is looked up in another table.
    ForeignKeyCheck,
    /// Its rows are written into another table.
    RowsCopied,
    /// Its rows are updated, those that the statement finds.
    RowsUpdated,
    /// Its rows are deleted, those that the statement finds.
    RowsDeleted,
}

/// Between these two, most likely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeRange {
    /// The shorter time.
    pub low: Duration,
    /// The longer one.
    pub high: Duration,
}

impl TimeRange {
    /// Around what was computed. A server that serves others meanwhile is slower, one with better disks is faster.
    pub fn around(computed: Duration) -> Self {
        TimeRange {
            low: computed.div_f64(1.5),
            high: computed.mul_f64(2.0),
        }
    }

    /// One after the other.
    #[must_use]
    pub fn then(self, next: TimeRange) -> Self {
        TimeRange {
            low: self.low + next.low,
            high: self.high + next.high,
        }
    }
}

/// How fast a server works on this machine, measured: in a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Which server was measured.
    pub server: Server,
    /// Bytes of a table that are written anew: on MySQL and MariaDB row by row (`COPY`), on SQLite into another table.
    pub rewritten_bytes: u64,
    /// Bytes of a table that the storage engine builds anew in place (MySQL and MariaDB); elsewhere the same as those
    /// written anew.
    pub rebuilt_bytes: u64,
    /// Bytes of a table that are read from end to end, with a condition on each row.
    pub scanned_bytes: u64,
    /// Rows of a B-tree of numbers that are sorted and written.
    pub indexed_numbers: u64,
    /// The same of texts: on PostgreSQL of those that are compared byte by byte, elsewhere by the collation that is the default.
    pub indexed_texts: u64,
    /// The same of texts that are compared by the rules of a language.
    pub indexed_words: u64,
    /// Entries that get into an index while its table is copied row by row, where there are no foreign keys: MariaDB may sort
    /// them first.
    pub copied_entries: u64,
    /// Entries that are put one by one, in no order, into an index that stands.
    pub inserted_entries: u64,
    /// Pages of an index that has no room in memory, which are read for an entry and written back (InnoDB); nothing where
    /// that was not measured.
    pub swapped_pages: Option<u64>,
    /// Rows that are looked up in the table that a foreign key refers to.
    pub referenced_rows: u64,
    /// Rows that are updated in a table without indexes but its key.
    pub updated_rows: u64,
    /// Rows that are deleted from such a table.
    pub deleted_rows: u64,
    /// How many rows the measured tables have. Sorting more takes longer for each.
    pub rows: u64,
}

/// The table of production that a finding concerns.
pub fn impact_of<'a>(finding: &Finding, impacts: &'a [Impact]) -> Option<&'a TableImpact> {
    let place = finding.place.statement?;
    let impact = impacts.iter().find(|impact| impact.statement == place)?;
    let relation = finding.evidence.relation.as_ref();
    let concerns = |table: &&TableImpact| {
        relation.is_some_and(|relation| {
            *relation == table.table
                || relation.owner_table().as_ref() == Some(&table.table)
                || table.work.iter().any(|work| work.object == *relation)
        })
    };
    let only = (relation.is_none() && impact.tables.len() == 1)
        .then(|| impact.tables.first())
        .flatten();
    impact.tables.iter().find(concerns).or(only)
}
