//! What only PostgreSQL has: properties of common objects, and rules, policies, statistics, collations, replication, foreign
//! data.

use super::{ObjectId, PostgresColumn};

/// What only PostgreSQL constraints have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PostgresConstraint {
    /// Whether the table itself declares it.
    pub local: bool,
    /// Whether it comes from a table that this one inherits from or is a partition of.
    pub inherited: bool,
    /// The constraint of the partitioned table that it is a part of.
    pub parent: Option<ObjectId>,
}

/// What only PostgreSQL indexes have.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PostgresIndex {
    /// Storage parameters as the server keeps them: `fillfactor=70`.
    pub options: Vec<String>,
    /// The tablespace, where it is not the database's own.
    pub tablespace: Option<String>,
    /// `SET STATISTICS` of key parts that are expressions: number of the part, from 1, and target.
    pub statistics_targets: Vec<(u32, i32)>,
    /// The index of the partitioned table that it is a part of.
    pub parent: Option<ObjectId>,
    /// Whether it is the one that `CLUSTER` goes by.
    pub clustered: bool,
    /// Whether logical replication knows rows by it.
    pub replica_identity: bool,
    /// Extensions that it goes with (`DEPENDS ON EXTENSION`).
    pub extensions: Vec<String>,
}

/// What only PostgreSQL views have.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PostgresView {
    /// Parameters as the server keeps them: `security_barrier=true`.
    pub options: Vec<String>,
    /// Access method of a materialised view.
    pub access_method: Option<String>,
    /// The tablespace of a materialised view, where it is not the database's own.
    pub tablespace: Option<String>,
    /// Whether a materialised view was filled. Views always are.
    pub populated: bool,
    /// Its columns in their order.
    pub columns: Vec<ViewColumn>,
    /// Extensions that it goes with (`DEPENDS ON EXTENSION`).
    pub extensions: Vec<String>,
}

/// A column of a view or materialised view.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ViewColumn {
    /// Its name.
    pub name: String,
    /// Its type as the server prints it.
    pub type_name: String,
    /// Collation, where it is not the type's own.
    pub collation: Option<String>,
    /// What is inserted through the view where nothing is said.
    pub default: Option<String>,
    /// How a materialised view stores it.
    pub extra: PostgresColumn,
}

/// What only PostgreSQL routines have.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PostgresRoutine {
    /// The arguments as they stand in `ALTER FUNCTION`: with modes and names, without defaults.
    pub arguments: String,
    /// What makes an aggregate.
    pub aggregate: Option<Aggregate>,
    /// Extensions that it goes with (`DEPENDS ON EXTENSION`).
    pub extensions: Vec<String>,
}

/// What makes an aggregate. Functions, operators and types are as the server prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Aggregate {
    /// The words and values between the parentheses of `CREATE AGGREGATE`, in the order of the manual.
    pub clauses: Vec<(String, String)>,
}

/// What only PostgreSQL triggers have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PostgresTrigger {
    /// For which sessions it fires: `O`rigin, `D`isabled, `R`eplica, `A`lways.
    pub fires: char,
    /// Whether it comes from the partitioned table that its table is a partition of.
    pub inherited: bool,
    /// For which sessions the trigger of the partitioned table fires, where this one comes from there.
    pub parent_fires: Option<char>,
    /// Extensions that it goes with (`DEPENDS ON EXTENSION`).
    pub extensions: Vec<String>,
}

/// What only PostgreSQL sequences have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PostgresSequence {
    /// How many values a session takes at once.
    pub cache: i64,
    /// `UNLOGGED` (15 and later).
    pub unlogged: bool,
    /// Whether it belongs to an identity column, and is made and dropped with it.
    pub identity: bool,
}

/// A rewrite rule. Its text is its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rule {
    /// For which sessions it works: `O`rigin, `D`isabled, `R`eplica, `A`lways.
    pub enabled: char,
}

/// A row security policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Policy {
    /// `ALL`, `SELECT`, `INSERT`, `UPDATE`, `DELETE`.
    pub command: String,
    /// Whether it opens (`PERMISSIVE`) or narrows (`RESTRICTIVE`).
    pub permissive: bool,
    /// The roles that it is for; `public` for all.
    pub roles: Vec<String>,
    /// Which rows may be seen.
    pub using: Option<String>,
    /// Which rows may be written.
    pub check: Option<String>,
}

/// Extended statistics. Their text is their definition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Statistics {
    /// The table.
    pub table: ObjectId,
    /// `SET STATISTICS`, where it was set.
    pub target: Option<i32>,
}

/// A collation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Collation {
    /// `icu`, `libc`, `builtin`.
    pub provider: String,
    /// The locale, or what stands for it.
    pub locale: Option<String>,
    /// Locale of `libc` for the kinds of characters, where it is another.
    pub character_type: Option<String>,
    /// Rules of `icu` (16 and later).
    pub rules: Option<String>,
    /// Whether only equal bytes are equal.
    pub deterministic: bool,
}

/// A trigger on definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EventTrigger {
    /// `ddl_command_start`, `ddl_command_end`, `sql_drop`, `table_rewrite`, `login`.
    pub event: String,
    /// The command tags that it is limited to.
    pub tags: Vec<String>,
    /// The function it calls.
    pub function: ObjectId,
    /// For which sessions it fires: `O`rigin, `D`isabled, `R`eplica, `A`lways.
    pub enabled: char,
}

/// What logical replication sends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Publication {
    /// `FOR ALL TABLES`.
    pub all_tables: bool,
    /// The tables, each as it stands in the statement: with its columns and its `WHERE`.
    pub tables: Vec<PublishedTable>,
    /// `FOR TABLES IN SCHEMA`.
    pub schemas: Vec<String>,
    /// Storage parameters: `publish = 'insert, update'`.
    pub options: Vec<String>,
}

/// One table of a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PublishedTable {
    /// The table.
    pub table: ObjectId,
    /// The columns that are sent, where not all are.
    pub columns: Vec<String>,
    /// Which rows are sent, where not all are.
    pub filter: Option<String>,
}

/// What logical replication receives. The connection is no part of it: it holds passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Subscription {
    /// The publications.
    pub publications: Vec<String>,
    /// Parameters: `streaming = on`.
    pub options: Vec<String>,
    /// Whether it runs.
    pub enabled: bool,
}

/// A foreign data wrapper.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ForeignDataWrapper {
    /// The function that answers.
    pub handler: Option<String>,
    /// The function that judges options.
    pub validator: Option<String>,
    /// Options as `name=value`.
    pub options: Vec<String>,
}

/// A foreign server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ForeignServer {
    /// Its wrapper.
    pub wrapper: String,
    /// `TYPE`.
    pub server_type: Option<String>,
    /// `VERSION`.
    pub version: Option<String>,
    /// Options as `name=value`.
    pub options: Vec<String>,
}

/// Who a role is on a foreign server. Values of options that are secret are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserMapping {
    /// Options as `name=value`.
    pub options: Vec<String>,
}
