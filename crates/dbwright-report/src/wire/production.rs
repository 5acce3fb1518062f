//! What a finding means for production, as the JSON of `dbwright check` has it.

use schemars::JsonSchema;
use serde::Serialize;

use super::ObjectRef;

/// A table of production under the statement of a finding.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Production {
    /// The table.
    pub table: ObjectRef,
    /// Its rows, as the server has last counted them; `null` where nobody has looked yet.
    pub rows: Option<u64>,
    /// What its rows take, with their long values and without indexes, in bytes; `null` where it could not be asked.
    pub bytes: Option<u64>,
    /// Who waits for the statement.
    pub waiting: Waiting,
    /// Reads (whole ones and searches) in a second; `null` where it is not known since when they were counted.
    pub reads_per_second: Option<f64>,
    /// Rows inserted, updated and deleted in a second; `null` in the same way.
    pub written_rows_per_second: Option<f64>,
    /// How long who waits does so, most likely: until the transaction ends. `null` where nobody waits, and where some of the
    /// work can't be estimated.
    pub held: Option<Seconds>,
    /// What the statement does to the table that takes time.
    pub work: Vec<Work>,
    /// The memory that the server takes for the statement, in bytes, where that grows with the rows; else `null`.
    pub memory_bytes: Option<u64>,
}

/// Who waits while a lock is held.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Waiting {
    /// Nobody who reads or writes rows.
    Nobody,
    /// Whoever writes.
    Writes,
    /// Everybody.
    ReadsAndWrites,
}

/// Work on a table whose time grows with it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Work {
    /// What is done.
    pub kind: WorkKind,
    /// To what: the table, the index that is built, the table that a foreign key refers to, or that rows are written
    /// into.
    pub object: ObjectRef,
    /// How long it takes, most likely; `null` where it can't be estimated.
    pub time: Option<Seconds>,
}

/// What is done to a table.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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

/// From two thirds to twice of what was computed, in seconds; from none to all rows where the statement chooses them.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Seconds {
    /// The shorter time.
    pub low: f64,
    /// The longer one.
    pub high: f64,
}
