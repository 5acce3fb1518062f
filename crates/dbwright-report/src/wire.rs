//! The JSON that `dbwright check --format json` prints, version 0: it may change until it settles.
//!
//! Fields may be added to it; what there is keeps its name and meaning, or the version changes. Every field is always
//! there; what there is none of is `null`.
//!
//! These types are their own, so that the words of the code may change while the format stays. They are data only; what
//! fills them is private. Relations are named as in messages: without the schemas that nobody writes (`public`, `main`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// The version of the format.
pub const VERSION: u32 = 0;

/// What `dbwright check` found out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Version of this format.
    pub version: u32,
    /// What the rules say, in the order of the histories.
    pub findings: Vec<Finding>,
    /// What each statement of the judged migrations did. Statements that were never reached are missing.
    pub effects: Vec<Effect>,
    /// The databases: one history of migrations each.
    pub sections: Vec<Section>,
    /// Histories that were found and not checked, because something about them is open.
    pub not_checked: Vec<String>,
    /// How the database of `--db` differs from the migrations; `null` without it.
    pub drift: Option<crate::schema::wire::Drift>,
    /// The numbers.
    pub summary: Summary,
}

/// What a rule reports.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// Name of the rule: `table-rewrite`.
    pub rule: String,
    /// What the rule protects.
    pub group: Group,
    /// How bad it is.
    pub severity: Severity,
    /// Index into `sections`.
    pub section: usize,
    /// The file, relative to the root of the repository.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Index of the statement in its file, counted from 0, where it concerns one.
    pub statement: Option<usize>,
    /// What happens, in one sentence without a full stop.
    pub message: String,
    /// What it rests on.
    pub evidence: Evidence,
    /// What to do, in whole sentences.
    pub advice: Vec<String>,
    /// The safe version, where one is known.
    pub fix: Option<Fix>,
}

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

/// How something is known.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// It ran on a real server and was watched.
    Observed,
    /// It was concluded from the text and the catalog.
    Predicted,
    /// It is not known; `reason` says why.
    Unknown,
}

/// What a finding rests on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Evidence {
    /// How it is known.
    pub known: Known,
    /// Why it is unknown.
    pub reason: Option<String>,
    /// On which server it was observed, or for which it was predicted.
    pub server: Server,
    /// The object concerned.
    pub relation: Option<String>,
    /// The lock on it.
    pub lock: Option<LockMode>,
    /// How the table is changed (MySQL and MariaDB).
    pub operation: Option<TableOperation>,
    /// Whether the lock keeps others from reading. Absent without a lock.
    pub blocks_reads: Option<bool>,
    /// Whether the lock keeps others from writing. Absent without a lock.
    pub blocks_writes: Option<bool>,
    /// Facts, in sentences.
    pub facts: Vec<String>,
}

/// How MySQL or MariaDB changes a table: the cheapest way that the server accepts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TableOperation {
    /// The table.
    pub table: String,
    /// `INSTANT`, `NOCOPY`, `INPLACE` or `COPY`.
    pub algorithm: &'static str,
    /// `NONE`, `SHARED` or `EXCLUSIVE`.
    pub lock: &'static str,
    /// What the server refused, cheapest first.
    pub refused: Vec<RefusedOffer>,
    /// Row versions used up afterwards, of the 64 that MySQL allows before it has to build the table anew.
    pub row_versions: Option<u32>,
}

/// A cheaper way that the server was asked for and refused.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RefusedOffer {
    /// The algorithm.
    pub algorithm: &'static str,
    /// The lock level, where one was asked for.
    pub lock: Option<&'static str>,
    /// The server's reason.
    pub reason: String,
}

/// A warning of the server (MySQL and MariaDB).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Warning {
    /// Its number: 1265.
    pub code: u32,
    /// The message.
    pub message: String,
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

/// A safe version of a statement.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Fix {
    /// What it does.
    pub summary: String,
    /// What replaces the statement, in order, each committed by itself. Empty unless the proof holds.
    pub steps: Vec<FixStep>,
    /// What came of trying it.
    pub proof: Proof,
}

/// One step of a safe version.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FixStep {
    /// One SQL statement without its separator.
    pub sql: String,
    /// Whether it may run inside a transaction.
    pub in_transaction: bool,
}

/// What came of trying a safe version.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Proof {
    /// Whether it ran, ended in the same schema and took none of the locks in `avoids`.
    pub result: ProofResult,
    /// Where it ran.
    pub server: Option<Server>,
    /// Why it does not hold, or why it was not tried.
    pub reason: Option<String>,
    /// The locks that the steps must not take.
    pub avoids: Vec<RelationLock>,
}

/// What came of trying.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProofResult {
    /// It is proven.
    Holds,
    /// It was tried and is not what it should be.
    Fails,
    /// It was not tried.
    NotTried,
}

/// A lock on a relation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RelationLock {
    /// The relation.
    pub relation: String,
    /// How strong.
    pub mode: LockMode,
}

/// What one statement did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Effect {
    /// The file, relative to the root of the repository.
    pub file: String,
    /// Line of the statement, counted from 1.
    pub line: u32,
    /// Index into `sections`.
    pub section: usize,
    /// Index of the statement in its file, counted from 0.
    pub statement: usize,
    /// How all of this is known.
    pub known: Known,
    /// Why it is unknown, or why the statement was not sent.
    pub reason: Option<String>,
    /// Statements with the same number in one section committed or rolled back together.
    pub transaction: u32,
    /// How the tool sends the file.
    pub run_mode: RunMode,
    /// How it ended.
    pub outcome: Outcome,
    /// The statement whose failure made this one fail.
    pub first_cause: Option<StatementPlace>,
    /// What the server said.
    pub error: Option<SqlError>,
    /// Locks held at its end, also those left by earlier statements of its transaction.
    pub locks: Vec<HeldLock>,
    /// How tables were changed (MySQL and MariaDB).
    pub operations: Vec<TableOperation>,
    /// Tables locked with it because foreign keys refer to them (MySQL and MariaDB).
    pub parents: Vec<String>,
    /// Tables whose rows were written anew.
    pub rewritten: Vec<String>,
    /// Tables that were read from end to end.
    pub scanned: Vec<String>,
    /// Indexes that existed before and were built anew.
    pub rebuilt_indexes: Vec<String>,
    /// Rows of user tables that it touched, with what cascades and triggers did.
    pub rows: Vec<RowCount>,
    /// What it changed in the catalog.
    pub changes: Vec<Change>,
    /// Notices of the server.
    pub notices: Vec<String>,
    /// Warnings of the server with a number (MySQL and MariaDB).
    pub warnings: Vec<Warning>,
    /// Whether the tables that existed before held generated rows.
    pub generated_rows: bool,
}

/// How a tool sends one migration to the server.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunMode {
    /// Statement by statement, each committed by itself.
    EachStatement,
    /// Inside one transaction.
    Transaction,
    /// The whole text as one query.
    SimpleQuery,
    /// All pending migrations inside one transaction.
    AllInOneTransaction,
}

/// How a statement ended.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran.
    Done,
    /// The server refused it, also without generated rows.
    Failed,
    /// The server refused it while tables held generated rows, and ran it when they were empty.
    FailedOnRows,
    /// It failed only because an earlier statement had.
    FollowsFrom,
    /// It was not sent.
    Refused,
}

/// Where a statement is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StatementPlace {
    /// The file.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Index of the statement in the file, counted from 0.
    pub statement: usize,
}

/// An error of the server.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SqlError {
    /// SQLSTATE, or the name of SQLite's result code.
    pub code: String,
    /// The message.
    pub message: String,
    /// Detail and hint, where there are some.
    pub detail: Option<String>,
}

/// A lock that was held when a statement had ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HeldLock {
    /// The table, index, view or sequence.
    pub relation: String,
    /// How strong.
    pub mode: LockMode,
    /// The statement that took it.
    pub since: Since,
}

/// The statement of the same file that took a lock.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Since {
    /// Index of the statement in its file, counted from 0.
    pub statement: usize,
    /// Its line, counted from 1.
    pub line: Option<u32>,
}

/// Rows of one table that a statement touched.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RowCount {
    /// The table.
    pub relation: String,
    /// Rows inserted.
    pub inserted: u64,
    /// Rows updated.
    pub updated: u64,
    /// Rows deleted.
    pub deleted: u64,
}

/// What became of one object of the catalog.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Change {
    /// What became of it.
    pub change: ChangeKind,
    /// What it is: `table`, `column`, `index` …
    pub kind: String,
    /// Its name, with that of its table where it is part of one.
    pub name: String,
    /// Its name before, where that was another.
    pub name_before: Option<String>,
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

/// One history of migrations and what became of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Section {
    /// Whose conventions the migrations follow: `sqlx`, `goose`, `numbered` …
    pub tool: String,
    /// The folder, relative to the root of the repository.
    pub folder: String,
    /// For which engine they are written.
    pub engine: Engine,
    /// Which version the repository names, and where.
    pub repository_version: Option<RepositoryVersion>,
    /// The server the migrations ran on; absent where they did not run.
    pub server: Option<Server>,
    /// How many migrations there are.
    pub migrations: usize,
    /// How many leading migrations were not run, because what they do was kept from an earlier check.
    pub migrations_from_cache: usize,
    /// The platform whose roles and schemas were made before the first migration.
    pub prelude: Option<String>,
    /// Files that were not run.
    pub left_out: Vec<LeftOut>,
    /// How many of them were to be judged.
    pub judged_migrations: usize,
    /// Why just these; absent where all are.
    pub judged_because: Option<String>,
    /// Statements of the migrations that were to be judged.
    pub statements: usize,
    /// Those of them that were observed.
    pub statements_observed: usize,
    /// Statements that were not observed, by first cause, and failures that made later statements fail. Of migrations
    /// that were only replayed, those that did not run.
    pub not_observed: Vec<NotObserved>,
    /// Tables that could not be given rows.
    pub unfilled: Vec<Unfilled>,
    /// What was done on the scratch server so that the migrations could run.
    pub assumptions: Vec<String>,
    /// What was not done for the whole section.
    pub not_done: Vec<String>,
    /// How far the judged migrations can be undone; `null` where that was not tried.
    pub rollback: Option<RollbackCoverage>,
}

/// How far the judged migrations can be undone.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RollbackCoverage {
    /// Judged migrations.
    pub migrations: usize,
    /// Those that have a way back that does something.
    pub with_way_back: usize,
    /// Those that went up, back and up again, with the schema they should have each time.
    pub proven: usize,
    /// Of the proven ones, those that lose rows or values on the way.
    pub losing_rows: usize,
    /// Those whose way back fails.
    pub failing: usize,
    /// Those whose way back leads to another schema.
    pub leaving_differences: usize,
    /// Those that can't be applied again after their way back, or end in another schema then.
    pub not_repeatable: usize,
    /// Those whose way back was not run.
    pub not_tried: usize,
    /// Those without a way back that does something.
    pub missing: usize,
    /// What came of each, in the order of the history.
    pub ways_back: Vec<WayBack>,
}

/// What came of the way back of one migration.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WayBack {
    /// The migration, as its tool calls it.
    pub migration: String,
    /// The file that goes back, relative to the root of the repository.
    pub file: Option<String>,
    /// What came of it.
    pub result: WayBackResult,
    /// Why it was not tried, or the server's words where a statement failed.
    pub reason: Option<String>,
    /// Objects that are not as they were before the migration.
    pub differences: Vec<SchemaDifference>,
    /// What tables have lost.
    pub lost: Vec<LostRows>,
}

/// What came of a way back.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WayBackResult {
    /// The schema came back, and the migration could be applied again.
    Proven,
    /// There is none that does something.
    Missing,
    /// It was not run.
    NotTried,
    /// A statement of it failed.
    Fails,
    /// It leads to another schema.
    LeavesDifferences,
    /// The migration can't be applied again after it, or ends in another schema then.
    NotRepeatable,
}

/// An object that is not as it was.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SchemaDifference {
    /// What it is: `index`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// In what way it is not as it was.
    pub difference: DifferenceKind,
    /// What it was, in the server's words, where it changed.
    pub was: Option<String>,
    /// What it is.
    pub is: Option<String>,
}

/// In what way an object is not as it was.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// It was there and is not.
    Missing,
    /// It was not there and is.
    Left,
    /// It is another.
    Changed,
}

/// What a table has lost, of generated rows and of those that migrations insert.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LostRows {
    /// The table.
    pub relation: String,
    /// Its rows before the migration.
    pub rows_before: u64,
    /// Its rows after the way back.
    pub rows_after: u64,
    /// Rows that were lost on the way back, not by the migration.
    pub rows_lost_by_way_back: u64,
    /// Columns that lost values of rows that are still there.
    pub columns: Vec<LostValues>,
}

/// What a column has lost.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LostValues {
    /// Its name.
    pub column: String,
    /// Its values before the migration, without NULL.
    pub values: u64,
    /// How many of them are gone.
    pub lost: u64,
    /// How many of these were lost on the way back, not by the migration.
    pub lost_by_way_back: u64,
}

/// Files of the folder that were not run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LeftOut {
    /// What they are: `down migrations`.
    pub what: String,
    /// The files.
    pub files: Vec<String>,
}

/// The version that the repository names.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RepositoryVersion {
    /// The version.
    pub version: String,
    /// Where it stands: `docker-compose.yml:12`.
    pub place: String,
}

/// A statement that was not observed, or one whose failure took later ones with it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotObserved {
    /// The file.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Index of the statement in the file, counted from 0.
    pub statement: usize,
    /// Whether its migration was to be judged.
    pub judged: bool,
    /// Why.
    pub reason: String,
    /// How many later statements failed only because of it.
    pub followers: usize,
}

/// A table that could not be given rows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Unfilled {
    /// The table.
    pub relation: String,
    /// How many rows it did get.
    pub rows: u32,
    /// Why not more.
    pub reason: String,
}

/// The numbers of the whole review.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Summary {
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are notes.
    pub notes: usize,
    /// Findings by the name of their rule.
    pub findings_by_rule: BTreeMap<String, usize>,
    /// All migrations.
    pub migrations: usize,
    /// Those that were to be judged.
    pub judged_migrations: usize,
    /// Statements of the migrations that were to be judged.
    pub statements: usize,
    /// Those of them that were observed.
    pub statements_observed: usize,
    /// Those of them that were not.
    pub statements_not_observed: usize,
    /// How long it all took, in milliseconds.
    pub duration_ms: u64,
}
