//! What SQLite's planner knows of a database file.

/// The tables that `ANALYZE` fills: <https://www.sqlite.org/fileformat2.html#the_sqlite_stat1_table>.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SqliteStatistics {
    /// The rows of `sqlite_stat1`; nothing where the file has no such table, as nobody has run `ANALYZE`.
    pub counts: Option<Vec<SqliteCounts>>,
    /// How many samples `sqlite_stat4` has; nothing where the file has no such table.
    pub samples_there: Option<u64>,
    /// Samples of it, in its order; only where values were asked for.
    pub samples: Vec<SqliteSample>,
}

/// A row of `sqlite_stat1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteCounts {
    /// The table.
    pub table: String,
    /// The index; nothing for a table without one.
    pub index: Option<String>,
    /// Rows of the index, rows per value of its first column, of its first two columns and so on, and words that the planner
    /// knows: `10000 100 1 sz=20`.
    pub counts: String,
}

/// A row of `sqlite_stat4`: the key of one entry of an index, and how many entries are like it or before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteSample {
    /// The table.
    pub table: String,
    /// The index.
    pub index: String,
    /// Entries with the same first columns.
    pub equal: String,
    /// Entries before it.
    pub less: String,
    /// Values before it.
    pub distinct_less: String,
    /// The key as a record, in hexadecimal digits: <https://www.sqlite.org/fileformat2.html#record_format>.
    pub key: String,
}
