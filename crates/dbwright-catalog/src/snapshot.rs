//! A snapshot: what production's planner knows and how busy it is, without a row of it.

mod mysql_family;
mod sqlite;

use std::fmt;

pub use self::mysql_family::{
    Cardinality, ColumnEnds, Histogram, InnodbIndex, InnodbTable, MariaDbColumn, MySqlFamilyStatistics,
};
pub use self::sqlite::{SqliteCounts, SqliteSample, SqliteStatistics};
use crate::{Server, Unread};

/// Everything of one production database that plans and timings depend on, at one moment, without rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The server that it was taken from.
    pub server: Server,
    /// The name of the database.
    pub database: String,
    /// When it was taken, by the server's clock: `2026-11-30T06:30:00Z`.
    pub taken_at: String,
    /// Which sample values it holds.
    pub values: SampleValues,
    /// How the database sorts and reads text.
    pub locale: Locale,
    /// Roles that the schema speaks of.
    pub roles: Vec<String>,
    /// Statements that recreate the schema in an empty database, in an order that works.
    pub schema: Vec<SchemaStatement>,
    /// Settings that change plans, with their units left out as the server leaves them out.
    pub settings: Vec<Setting>,
    /// Extensions and their versions.
    pub extensions: Vec<InstalledExtension>,
    /// Everything that has a file, or would have one.
    pub relations: Vec<StoredRelation>,
    /// What the planner knows of columns and of expressions in indexes.
    pub columns: Vec<ColumnStatistics>,
    /// What the planner knows of columns together.
    pub extended: Vec<ExtendedStatistics>,
    /// What SQLite's planner knows, of a SQLite file.
    pub sqlite: Option<SqliteStatistics>,
    /// What the planner of MySQL or MariaDB knows, of one of these.
    pub mysql_family: Option<MySqlFamilyStatistics>,
    /// What the database is asked.
    pub workload: Vec<WorkloadQuery>,
    /// Since when activity was counted, by the server's clock; nothing where it never was reset.
    pub counted_since: Option<String>,
    /// What could not be read, and what would help.
    pub missing: Vec<Unread>,
}

impl Snapshot {
    /// A snapshot of an empty database of which nothing is known.
    pub fn empty(server: Server) -> Self {
        Snapshot {
            server,
            database: String::new(),
            taken_at: String::new(),
            values: SampleValues::default(),
            locale: Locale::default(),
            roles: Vec::new(),
            schema: Vec::new(),
            settings: Vec::new(),
            extensions: Vec::new(),
            relations: Vec::new(),
            columns: Vec::new(),
            extended: Vec::new(),
            sqlite: None,
            mysql_family: None,
            workload: Vec::new(),
            counted_since: None,
            missing: Vec::new(),
        }
    }

    /// Of how many columns and indexes it has statistics of the planner.
    pub fn statistics(&self) -> usize {
        let of_sqlite = self.sqlite.iter().filter_map(|sqlite| sqlite.counts.as_ref());
        let of_mysql = self.mysql_family.iter();
        let of_mysql = of_mysql.map(|known| known.indexes.len() + known.cardinalities.len() + known.columns.len());
        self.columns.len() + of_sqlite.map(Vec::len).sum::<usize>() + of_mysql.sum::<usize>()
    }
}

/// Which sample values (most common values, histograms) a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SampleValues {
    /// Whether those of columns that are not named are taken.
    pub by_default: bool,
    /// Columns for which it is the other way round: `public.users.country`.
    pub exceptions: Vec<String>,
}

impl SampleValues {
    /// Whether the values of a column of this table may be taken. A column is named with its schema or without.
    pub fn may_take(&self, schema: &str, table: &str, column: &str) -> bool {
        let is_named = self
            .exceptions
            .iter()
            .any(|name| *name == format!("{schema}.{table}.{column}") || *name == format!("{table}.{column}"));
        self.by_default != is_named
    }

    /// Whether any value may be taken, whatever column it is of.
    pub fn is_all(&self) -> bool {
        self.by_default && self.exceptions.is_empty()
    }

    /// Whether no value at all may be taken.
    pub fn is_none(&self) -> bool {
        !self.by_default && self.exceptions.is_empty()
    }
}

impl fmt::Display for SampleValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.by_default { "all" } else { "none" })?;
        if !self.exceptions.is_empty() {
            write!(f, " except {}", self.exceptions.join(", "))?;
        }
        Ok(())
    }
}

/// How a database sorts and reads text.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Locale {
    /// `UTF8`.
    pub encoding: String,
    /// `libc`, `icu`, `builtin`.
    pub provider: String,
    /// How text is sorted: `C`, `en_US.UTF-8`.
    pub collate: String,
    /// Which letters there are.
    pub character_type: String,
    /// The locale of a provider that is not libc.
    pub locale: Option<String>,
}

impl Locale {
    /// Whether PostgreSQL compares texts byte by byte.
    pub fn compares_bytes(&self) -> bool {
        match self.provider.as_str() {
            "libc" => matches!(
                self.collate.to_uppercase().as_str(),
                "C" | "POSIX" | "C.UTF-8" | "C.UTF8"
            ),
            // All that it has are sorted by their code points.
            "builtin" => true,
            _ => false,
        }
    }
}

/// A statement of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaStatement {
    /// What it makes: `table public.users`.
    pub object: String,
    /// The statement without its separator.
    pub sql: String,
}

/// A setting of the server as the session of the capture had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value with its unit: `4096kB`.
    pub value: String,
}

/// An extension of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledExtension {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What kind of thing a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoredKind {
    /// A table with rows of its own.
    Table,
    /// A table whose rows are in its partitions.
    PartitionedTable,
    /// A materialised view.
    MaterialisedView,
    /// A foreign table.
    ForeignTable,
    /// An index.
    Index,
    /// An index whose parts are those of partitions.
    PartitionedIndex,
    /// Where the long values of a table are.
    Toast,
    /// The index of that.
    ToastIndex,
}

impl StoredKind {
    /// Every kind.
    pub const ALL: [StoredKind; 8] = [
        StoredKind::Table,
        StoredKind::PartitionedTable,
        StoredKind::MaterialisedView,
        StoredKind::ForeignTable,
        StoredKind::Index,
        StoredKind::PartitionedIndex,
        StoredKind::Toast,
        StoredKind::ToastIndex,
    ];

    /// Its name in the singular.
    pub fn name(self) -> &'static str {
        match self {
            StoredKind::Table => "table",
            StoredKind::PartitionedTable => "partitioned table",
            StoredKind::MaterialisedView => "materialized view",
            StoredKind::ForeignTable => "foreign table",
            StoredKind::Index => "index",
            StoredKind::PartitionedIndex => "partitioned index",
            StoredKind::Toast => "toast",
            StoredKind::ToastIndex => "toast index",
        }
    }

    /// Whether it has a file.
    pub fn has_file(self) -> bool {
        !matches!(
            self,
            StoredKind::PartitionedTable | StoredKind::PartitionedIndex | StoredKind::ForeignTable
        )
    }
}

/// A table, an index, or what belongs to one.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRelation {
    /// What it is.
    pub kind: StoredKind,
    /// Its schema; that of the table where it is a table's toast.
    pub schema: String,
    /// Its name; that of the table where it is a table's toast.
    pub name: String,
    /// The table that an index belongs to, in the schema of the index.
    pub table: Option<String>,
    /// `heap`, `btree`, `gin`.
    pub access_method: Option<String>,
    /// Pages as `ANALYZE` and `VACUUM` have last seen them; what the planner scales rows by.
    pub pages: i64,
    /// Rows as they have last seen them, in all digits; -1 where nobody has looked yet.
    pub tuples: f64,
    /// Pages in which everybody sees every row.
    pub all_visible: i64,
    /// Pages in which every row is frozen (18 and later).
    pub all_frozen: Option<i64>,
    /// What its file takes now; nothing where it could not be asked.
    pub bytes: Option<u64>,
    /// Levels above the leaves of a B-tree, where they could be asked.
    pub tree_levels: Option<u32>,
    /// The page of metadata of a GIN index, where it could be asked.
    pub gin: Option<GinPages>,
    /// The values at both ends of a B-tree; only where values were asked for.
    pub end_points: Option<EndPoints>,
    /// What happened to it since counting began.
    pub activity: Option<Activity>,
}

impl StoredRelation {
    /// Its name with its schema.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

/// The least and greatest value of the first column of a B-tree that are not NULL, as the server prints them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EndPoints {
    /// The least.
    pub least: String,
    /// The greatest.
    pub greatest: String,
}

/// What a GIN index notes of itself, which its costs depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GinPages {
    /// Pages of the list of what was not sorted in yet.
    pub pending_pages: i64,
    /// All pages, when it was last vacuumed.
    pub total_pages: i64,
    /// Pages of keys.
    pub entry_pages: i64,
    /// Pages of rows of one key.
    pub data_pages: i64,
    /// Keys.
    pub entries: i64,
}

/// How often a relation was read and written since counting began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Activity {
    /// Whole reads of a table.
    pub sequential_scans: i64,
    /// Searches by an index.
    pub index_scans: i64,
    /// Rows inserted.
    pub inserted: i64,
    /// Rows updated.
    pub updated: i64,
    /// Rows deleted.
    pub deleted: i64,
    /// Rows that nobody has removed yet.
    pub dead: i64,
    /// Rows changed since the last `ANALYZE`.
    pub changed_since_analyze: i64,
}

/// What the planner knows of a column, or of an expression of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnStatistics {
    /// The schema of the table or index.
    pub schema: String,
    /// The table or index.
    pub relation: String,
    /// The column; of an index the number of the key part, from 1.
    pub column: String,
    /// Whether it counts the children of the table as well.
    pub inherited: bool,
    /// Share of NULLs, as the server prints it.
    pub null_fraction: String,
    /// Average width in bytes.
    pub width: i32,
    /// How many values there are; negative as a share of the rows.
    pub distinct: String,
    /// Most common values, histogram, correlation and others.
    pub slots: Vec<StatisticsSlot>,
}

/// One kind of statistics of a column: <https://www.postgresql.org/docs/current/catalog-pg-statistic.html>.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StatisticsSlot {
    /// The server's number of the kind: 1 most common values, 2 histogram, 3 correlation, 4 most common elements, 5 numbers
    /// of elements, 6 lengths of ranges, 7 bounds of ranges.
    pub kind: i16,
    /// The operator that sorted or compared: `pg_catalog.<(integer,integer)`; nothing where it was not told.
    pub operator: Option<String>,
    /// The collation that was used.
    pub collation: Option<String>,
    /// Numbers (frequencies, the correlation), as an array that the server prints.
    pub numbers: Option<String>,
    /// Sample values, as an array that the server prints; only where they were asked for.
    pub values: Option<String>,
    /// The type of the values.
    pub values_type: Option<String>,
}

/// What the planner knows of columns together (`CREATE STATISTICS`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedStatistics {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Whether it counts the children of the table as well.
    pub inherited: bool,
    /// The numbers of columns that stand in what follows, with their names.
    pub columns: Vec<(i16, String)>,
    /// Numbers of distinct groups, as the server sends them, in hexadecimal digits.
    pub distinct: Option<String>,
    /// Degrees of dependencies, in the same way.
    pub dependencies: Option<String>,
    /// Most common combinations, in the same way; only where values were asked for.
    pub most_common: Option<String>,
    /// What the planner knows of each expression: its column is the number of the expression, from 1.
    pub expressions: Vec<ColumnStatistics>,
}

/// A query that a database is asked, without its values.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadQuery {
    /// The server's own number for it.
    pub id: String,
    /// Its text, with a parameter for every literal.
    pub text: String,
    /// It with the values that it was asked with once, where the server keeps such and all values were asked for.
    pub sample: Option<String>,
    /// How often it ran.
    pub calls: i64,
    /// How long that took in all, in milliseconds.
    pub total_ms: f64,
    /// Rows that it gave or changed.
    pub rows: i64,
}
