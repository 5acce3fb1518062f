//! Tables and their columns.

use super::ObjectId;

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Table {
    /// What kind of table.
    pub kind: TableKind,
    /// `RANGE (created_at)` of a partitioned table.
    pub partition_key: Option<String>,
    /// Where it hangs as a partition.
    pub partition: Option<Partition>,
    /// Parents by inheritance (not by partitioning).
    pub inherits: Vec<ObjectId>,
    /// What one engine has alone.
    pub extra: TableExtra,
}

/// What kind of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TableKind {
    /// Rows are stored in it.
    Ordinary,
    /// Rows are stored in its partitions.
    Partitioned,
    /// Rows are stored elsewhere (foreign data wrapper).
    Foreign,
    /// A module answers for it (SQLite: FTS5, R-Tree).
    Virtual,
}

/// A table's place in a partitioned table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Partition {
    /// The partitioned table.
    pub parent: ObjectId,
    /// `FOR VALUES FROM (…) TO (…)` or `DEFAULT`, as the server prints it.
    pub bound: String,
    /// Whether it takes what no other partition takes.
    pub is_default: bool,
}

/// Properties of a table that one engine has alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TableExtra {
    /// PostgreSQL.
    Postgres(PostgresTable),
    /// MySQL and MariaDB.
    MySqlFamily(MySqlFamilyTable),
    /// SQLite.
    Sqlite(SqliteTable),
}

/// What only PostgreSQL tables have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PostgresTable {
    /// `UNLOGGED`: contents are lost in a crash.
    pub unlogged: bool,
    /// Access method, `heap` for most.
    pub access_method: Option<String>,
    /// Storage parameters as the server keeps them: `fillfactor=70`.
    pub options: Vec<String>,
    /// `ENABLE ROW LEVEL SECURITY`.
    pub row_security: bool,
    /// `FORCE ROW LEVEL SECURITY`.
    pub force_row_security: bool,
    /// Which old values logical replication sends: `d`efault, `n`othing, `f`ull, `i`ndex. Which index, the index says.
    pub replica_identity: char,
    /// The tablespace, where it is not the database's own.
    pub tablespace: Option<String>,
    /// The composite type of a typed table (`OF type`), as the server prints it.
    pub of_type: Option<String>,
    /// Storage parameters of its TOAST table, without the prefix `toast.`.
    pub toast_options: Vec<String>,
    /// Where the rows of a foreign table are.
    pub foreign: Option<ForeignPlace>,
}

/// Where the rows of a foreign table are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ForeignPlace {
    /// The foreign server.
    pub server: String,
    /// Options as `name=value`.
    pub options: Vec<String>,
}

/// What only tables of MySQL and MariaDB have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MySqlFamilyTable {
    /// Storage engine: `InnoDB`.
    pub storage_engine: String,
    /// Row format: `Dynamic`.
    pub row_format: String,
    /// Default character set of its columns: `utf8mb4`.
    pub charset: String,
    /// Default collation of its columns: `utf8mb4_0900_ai_ci`.
    pub collation: String,
    /// Its partitions in their order, as (name, bound): `VALUES LESS THAN (10)`, `VALUES IN (1,2)`; nothing where rows
    /// are spread by a hash.
    pub partitions: Vec<(String, String)>,
}

/// What only SQLite tables have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SqliteTable {
    /// `STRICT`.
    pub strict: bool,
    /// `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// `AUTOINCREMENT` on its primary key.
    pub autoincrement: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Column {
    /// Place in the table, from 1. Dropped columns leave gaps on PostgreSQL.
    pub position: u32,
    /// The type as the server prints it: `character varying(20)`. Empty where SQLite has none.
    pub type_name: String,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// Default expression.
    pub default: Option<String>,
    /// Generated columns.
    pub generated: Option<Generated>,
    /// Identity columns (PostgreSQL).
    pub identity: Option<Identity>,
    /// Collation, where it is not the type's own; on PostgreSQL as the server prints it: `"C"`, `app.german`.
    pub collation: Option<String>,
    /// What one engine has alone.
    pub extra: ColumnExtra,
}

/// A generated column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Generated {
    /// Stored or computed at every read.
    pub kind: GeneratedKind,
    /// Its expression, as the server prints it.
    pub expression: String,
}

/// Whether a generated column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum GeneratedKind {
    /// Written with the row.
    Stored,
    /// Computed when read.
    Virtual,
}

/// Who gives the value of an identity column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Identity {
    /// `GENERATED ALWAYS AS IDENTITY`.
    Always,
    /// `GENERATED BY DEFAULT AS IDENTITY`.
    ByDefault,
}

/// Properties of a column that one engine has alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ColumnExtra {
    /// PostgreSQL.
    Postgres(PostgresColumn),
    /// MySQL and MariaDB.
    MySqlFamily(MySqlFamilyColumn),
    /// SQLite.
    Sqlite(SqliteColumn),
}

/// What only PostgreSQL columns have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PostgresColumn {
    /// `p`lain, `e`xternal, `m`ain, e`x`tended.
    pub storage: char,
    /// The storage that its type has by itself.
    pub type_storage: char,
    /// Compression method, where one was set (14 and later).
    pub compression: Option<char>,
    /// `SET STATISTICS`, where it was set.
    pub statistics_target: Option<i32>,
    /// Parameters as the server keeps them: `n_distinct=5`.
    pub options: Vec<String>,
    /// Options of a column of a foreign table as `name=value`.
    pub foreign_options: Vec<String>,
    /// Whether the table itself declares it.
    pub local: bool,
    /// Whether a table that this one inherits from, or is a partition of, has it too.
    pub inherited: bool,
}

/// What only columns of MySQL and MariaDB have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MySqlFamilyColumn {
    /// `AUTO_INCREMENT`.
    pub auto_increment: bool,
    /// `INVISIBLE`.
    pub invisible: bool,
    /// Character set of a text column.
    pub charset: Option<String>,
    /// `ON UPDATE CURRENT_TIMESTAMP`, its expression as the server prints it.
    pub on_update: Option<String>,
    /// `SRID` of a spatial column that demands one (MySQL).
    pub srid: Option<u32>,
}

/// What only SQLite columns have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SqliteColumn {
    /// Place in the primary key, from 1; 0 where it is no part of it.
    pub primary_key_position: u32,
}
