//! What the planners of MySQL and MariaDB know of a database.

/// Statistics that InnoDB keeps, histograms, and what MariaDB keeps beside these.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MySqlFamilyStatistics {
    /// Rows of `mysql.innodb_table_stats`.
    pub tables: Vec<InnodbTable>,
    /// Rows of `mysql.innodb_index_stats`.
    pub indexes: Vec<InnodbIndex>,
    /// Numbers of different values by `information_schema.STATISTICS`, where the tables above may not be read.
    pub cardinalities: Vec<Cardinality>,
    /// How many histograms there are; nothing where it could not be asked.
    pub histograms_there: Option<u64>,
    /// Histograms of MySQL; only where values were asked for.
    pub histograms: Vec<Histogram>,
    /// What MariaDB keeps of columns, whatever the storage engine.
    pub columns: Vec<MariaDbColumn>,
    /// Least and greatest values of columns that an index begins with; only where values were asked for.
    pub ends: Vec<ColumnEnds>,
}

/// A row of `mysql.innodb_table_stats`:
/// <https://dev.mysql.com/doc/refman/9.4/en/innodb-persistent-stats.html#innodb-persistent-stats-tables>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnodbTable {
    /// The table; of a partition with its name: `events#p#p0`.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// Pages of the primary key, which hold the rows.
    pub clustered_pages: u64,
    /// Pages of all other indexes.
    pub other_pages: u64,
}

/// A row of `mysql.innodb_index_stats`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnodbIndex {
    /// The table; of a partition with its name.
    pub table: String,
    /// The index.
    pub index: String,
    /// What is counted: `n_diff_pfx01` (different values of the first column), `n_leaf_pages`, `size`.
    pub name: String,
    /// How many there are.
    pub value: u64,
    /// How many pages were looked at.
    pub sample_pages: Option<u64>,
    /// The columns that are counted together, or what is counted.
    pub description: String,
}

/// A row of `information_schema.STATISTICS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cardinality {
    /// The table.
    pub table: String,
    /// The index.
    pub index: String,
    /// The number of the column in the index, from 1.
    pub position: u32,
    /// Different values of the columns up to this one.
    pub values: u64,
}

/// A histogram of MySQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// As the server tells it: <https://dev.mysql.com/doc/refman/9.4/en/optimizer-statistics.html>.
    pub json: String,
}

/// A row of `mysql.column_stats`: <https://mariadb.com/kb/en/mysqlcolumn_stats-table/>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MariaDbColumn {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Share of NULLs, as the server prints it.
    pub null_fraction: Option<String>,
    /// Average length in bytes.
    pub length: Option<String>,
    /// Average number of rows with the same value.
    pub frequency: Option<String>,
    /// The least value; only where values were asked for.
    pub least: Option<String>,
    /// The greatest value; only where values were asked for.
    pub greatest: Option<String>,
    /// `JSON_HB`, `DOUBLE_PREC_HB`, `SINGLE_PREC_HB`; only with a histogram.
    pub histogram_kind: Option<String>,
    /// The histogram in hexadecimal digits; only where values were asked for.
    pub histogram: Option<String>,
}

/// The least and the greatest value of a column, as the server prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnEnds {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The least value; nothing in an empty table.
    pub least: Option<String>,
    /// The greatest value.
    pub greatest: Option<String>,
}
