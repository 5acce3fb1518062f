//! What only PostgreSQL has beside tables and code: rules, policies, statistics, collations, replication, foreign data.

use super::ObjectId;

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
