//! The JSON that dbwright prints: every format as types of its own, so that the words of the code may change while a format
//! stays. They are data only; what fills them is elsewhere in this crate.
//!
//! - [`check`]: version 1, which is stable: see `docs/json.md` for what that promises.
//! - [`schema`], [`lint`] and [`explain`]: version 0, which may change until it settles.
//! - [`snapshot`]: version 1, files that are read again.
//!
//! What formats share stands here. Every field is always there; what there is none of is `null`.

pub mod check;
pub mod explain;
pub mod lint;
pub mod production;
pub mod release;
pub mod schema;
pub mod snapshot;

use schemars::JsonSchema;
use serde::Serialize;

/// What a rule protects.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Availability: locks and time.
    Locks,
    /// The migration itself: it fails.
    Failure,
    /// Data: something is lost.
    DataLoss,
    /// The release that still runs while the migration does.
    Release,
    /// The way back: it fails, or does not lead back.
    Rollback,
    /// The schema: it works, and there is a better way.
    Design,
    /// Access: somebody can read, write or run what they should not, or can't what they should.
    Security,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Fails or loses data.
    Error,
    /// Harmful on a table with many rows or traffic.
    Warning,
    /// Worth knowing.
    Note,
}

/// An engine with its version.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Server {
    /// Which engine.
    pub engine: Engine,
    /// Which version: `15.20`.
    pub version: String,
}

/// A database engine.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
    /// SQLite.
    Sqlite,
}

/// A lock on a relation, as PostgreSQL's manual calls it, weakest first.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub enum LockMode {
    /// Readers.
    #[serde(rename = "ACCESS SHARE")]
    AccessShare,
    /// `SELECT … FOR UPDATE`.
    #[serde(rename = "ROW SHARE")]
    RowShare,
    /// Writers.
    #[serde(rename = "ROW EXCLUSIVE")]
    RowExclusive,
    /// Blocks other changes of the schema.
    #[serde(rename = "SHARE UPDATE EXCLUSIVE")]
    ShareUpdateExclusive,
    /// Blocks writes.
    #[serde(rename = "SHARE")]
    Share,
    /// Blocks writes.
    #[serde(rename = "SHARE ROW EXCLUSIVE")]
    ShareRowExclusive,
    /// Blocks writes.
    #[serde(rename = "EXCLUSIVE")]
    Exclusive,
    /// Blocks reads and writes.
    #[serde(rename = "ACCESS EXCLUSIVE")]
    AccessExclusive,
}

/// What became of an object.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is new.
    Created,
    /// It is gone.
    Dropped,
    /// It is another than before.
    Altered,
}

/// An object of a database.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ObjectRef {
    /// Its kind: `table`, `column`, `index` …
    pub kind: String,
    /// Its path, outermost name first: schema, table, name. On engines without schemas the first is `main`.
    pub path: Vec<String>,
    /// As it is shown to people: without the schemas that nobody writes (`public`, `main`).
    pub name: String,
}

/// Objects of somebody else.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Ignored {
    /// Whose they are.
    pub why: String,
    /// Which.
    pub objects: Vec<ObjectRef>,
}

/// A statement that did not run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotRun {
    /// File and line.
    pub place: String,
    /// The server's words, or why it was not sent.
    pub why: String,
}
