//! The JSON that `dbwright check --format json` prints, version 1.
//!
//! It is stable: fields are added, and what there is keeps its name, its type and its meaning; anything else is version 2.
//! Places are lines and columns counted from 1, columns in UTF-16 code units, as editors count them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::production::Production;
use super::release::Release;
use super::{ChangeKind, Engine, Group, LockMode, ObjectRef, Server, Severity};

/// The version of the format.
pub const VERSION: u32 = 1;

/// What `dbwright check` found out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Version of this format.
    pub version: u32,
    /// What the rules say, in the order of the histories.
    pub findings: Vec<Finding>,
    /// What the rules say and comments in the migrations allow, in the same order.
    pub allowed: Vec<AllowedFinding>,
    /// What each statement of the judged migrations did. Statements that were never reached are missing.
    pub effects: Vec<Effect>,
    /// The databases: one history of migrations each.
    pub histories: Vec<History>,
    /// Histories that were found and not checked, because something about them is open.
    pub not_checked: Vec<String>,
    /// How the database of `--db` differs from the migrations; `null` without it.
    pub drift: Option<Drift>,
    /// The numbers.
    pub summary: Summary,
}

/// A finding that is not reported because a comment in the migration allows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AllowedFinding {
    /// What would be reported.
    pub finding: Finding,
    /// Why it is allowed, in the words of the comment.
    pub reason: String,
    /// The last day on which it is, as in `2027-01-31`.
    pub until: Option<String>,
    /// The line of the comment.
    pub line: u32,
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
    /// Index into `histories`.
    pub history: usize,
    /// The file, relative to the root of the repository.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Column, counted from 1; `null` where the whole line is meant.
    pub column: Option<u32>,
    /// The line in which it ends.
    pub end_line: Option<u32>,
    /// The column behind its last letter.
    pub end_column: Option<u32>,
    /// Index of the statement in its file, counted from 0, where it concerns one.
    pub statement: Option<usize>,
    /// Stays the same while file, rule and statement do, wherever in the file it stands.
    pub fingerprint: String,
    /// What happens, in one sentence without a full stop.
    pub message: String,
    /// What it rests on.
    pub evidence: Evidence,
    /// What to do, in whole sentences.
    pub advice: Vec<String>,
    /// The safe version, where one is known.
    pub fix: Option<Fix>,
    /// What it means for the table of production, by the snapshot; `null` without one, and where the table is not in it.
    pub production: Option<Production>,
}

/// How something is known.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// It ran on a real server and was watched.
    Observed,
    /// It was concluded from the text and the catalog.
    Predicted,
    /// It is not known; `unknown_because` says why.
    Unknown,
}

/// What a finding rests on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Evidence {
    /// How it is known.
    pub known: Known,
    /// Why it is unknown.
    pub unknown_because: Option<String>,
    /// On which server it was observed, or for which it was predicted.
    pub server: Server,
    /// The object concerned.
    pub object: Option<ObjectRef>,
    /// The lock on it.
    pub lock: Option<LockMode>,
    /// How the table is changed (MySQL and MariaDB).
    pub operation: Option<TableOperation>,
    /// Whether the lock keeps others from reading; `null` without a lock.
    pub blocks_reads: Option<bool>,
    /// Whether the lock keeps others from writing; `null` without a lock.
    pub blocks_writes: Option<bool>,
    /// Facts, in sentences.
    pub facts: Vec<String>,
}

/// How MySQL or MariaDB changes a table: the cheapest way that the server accepts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TableOperation {
    /// The table.
    pub table: ObjectRef,
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

/// A safe version of a statement.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Fix {
    /// What it does.
    pub summary: String,
    /// What replaces the statement, in order, each committed by itself. Empty unless the proof holds.
    pub steps: Vec<FixStep>,
    /// What came of trying it.
    pub proof: Proof,
    /// The same as files of the repository, which `check --fix` writes: those of the whole migration, so that findings in one
    /// migration have the same. They were tried together. Empty where there are none.
    pub files: Vec<FixFile>,
    /// Why there are none, where a proven fix has none.
    pub no_files_because: Option<String>,
}

/// A file that a safe version would be written to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FixFile {
    /// The file, relative to the root of the repository.
    pub path: String,
    /// Whether it is new, changed or removed.
    pub change: FileChangeKind,
    /// What shall be in it, whole; `null` where it is removed.
    pub content: Option<String>,
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileChangeKind {
    /// It is new.
    Created,
    /// It has another content.
    Changed,
    /// It goes, and another has its content.
    Removed,
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
    pub object: ObjectRef,
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
    /// Index into `histories`.
    pub history: usize,
    /// Index of the statement in its file, counted from 0.
    pub statement: usize,
    /// How all of this is known.
    pub known: Known,
    /// Why it is unknown.
    pub unknown_because: Option<String>,
    /// Why the statement was not sent (`refused`).
    pub not_sent_because: Option<String>,
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
    pub parents: Vec<ObjectRef>,
    /// Tables whose rows were written anew.
    pub rewritten: Vec<ObjectRef>,
    /// Tables that were read from end to end.
    pub scanned: Vec<ObjectRef>,
    /// Indexes that existed before and were built anew.
    pub rebuilt_indexes: Vec<ObjectRef>,
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
    pub object: ObjectRef,
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
    pub object: ObjectRef,
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
    /// Which; where it is gone, as it was.
    pub object: ObjectRef,
    /// What it was called before, where that was another name.
    pub before: Option<ObjectRef>,
}

/// One history of migrations and what became of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct History {
    /// Whose conventions the migrations follow: `sqlx`, `goose`, `numbered` …
    pub tool: String,
    /// The folder, relative to the root of the repository.
    pub folder: String,
    /// For which engine they are written.
    pub engine: Engine,
    /// Which version the repository names, and where.
    pub repository_version: Option<RepositoryVersion>,
    /// The server the migrations ran on; `null` where they did not run.
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
    /// Why just these; `null` where all are.
    pub judged_because: Option<String>,
    /// Statements of the migrations that were to be judged.
    pub statements: usize,
    /// Those of them that were observed.
    pub statements_observed: usize,
    /// Those of them of which only a prediction says what they do.
    pub statements_predicted: usize,
    /// Statements that were not observed, by first cause, and failures that made later statements fail. Of migrations
    /// that were only replayed, those that did not run.
    pub not_observed: Vec<NotObserved>,
    /// Tables that could not be given rows.
    pub unfilled: Vec<Unfilled>,
    /// What was done on the scratch server so that the migrations could run.
    pub assumptions: Vec<String>,
    /// What was not done for the whole history.
    pub not_done: Vec<String>,
    /// How far the judged migrations can be undone; `null` where that was not tried.
    pub rollback: Option<RollbackCoverage>,
    /// What becomes of the queries of the application; `null` where there are none.
    pub release: Option<Release>,
    /// How well the database and its migrations are looked after.
    pub scorecard: Vec<Figure>,
    /// The risk of each statement of the migrations that were judged.
    pub risks: Vec<ChangeRisk>,
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
    /// Those that are right only together with the ways back beside them, run from the newest to the oldest.
    pub proven_together: usize,
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
    /// It is not right by itself, and leads back together with the ways back beside it.
    ProvenTogether,
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
    /// Which one.
    pub object: ObjectRef,
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
    pub object: ObjectRef,
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
    /// Whether what it does is predicted instead.
    pub predicted: bool,
    /// How many later statements could not run only because of it, and are predicted instead.
    pub predicted_followers: usize,
    /// How many later statements failed only because of it, and are not predicted.
    pub followers: usize,
}

/// A table that could not be given rows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Unfilled {
    /// The table.
    pub object: ObjectRef,
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
    /// Those of them of which only a prediction says what they do.
    pub statements_predicted: usize,
    /// Those of them that were not observed.
    pub statements_not_observed: usize,
    /// How long it all took, in milliseconds.
    pub duration_ms: u64,
}

/// How a live database differs from the migrations, in short: `dbwright schema drift --format json` tells it in full.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Drift {
    /// The database, without a password.
    pub database: String,
    /// Whether something differs that the baseline does not know.
    pub new: bool,
    /// The objects that differ.
    pub differences: Vec<Difference>,
}

/// An object that differs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Difference {
    /// Which.
    pub object: ObjectRef,
    /// What became of it, seen from the migrations: `created` is in the database alone, `dropped` in the migrations alone.
    pub change: ChangeKind,
    /// Whether the baseline knows it.
    pub known: bool,
}

/// One figure of the scorecard.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Figure {
    /// Which.
    pub name: FigureName,
    /// Whether it is known, or why it is not.
    pub value: FigureValue,
    /// What it should be, in percent; of `schema-drift`, which counts what should not be there, `null`.
    pub target_percent: Option<u8>,
    /// Where the project sets the target: `dbwright.toml:12`. `null` where it is dbwright's own.
    pub target_from: Option<String>,
    /// Whether it is as it should be; `null` where it is not known.
    pub met: Option<bool>,
    /// How to raise it, in whole sentences.
    pub to_raise: Vec<String>,
}

/// What a figure tells.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FigureName {
    /// Statements of the judged migrations that were observed.
    MigrationCoverage,
    /// Ways back that were proven.
    RollbackSuccess,
    /// Objects in which the live database differs.
    SchemaDrift,
    /// Tables that have a key, and relations that a foreign key keeps.
    ConstraintCoverage,
    /// Foreign keys that an index serves.
    IndexCoverage,
}

/// What a figure is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum FigureValue {
    /// So many of so many.
    Share {
        /// Those that are as they should be.
        part: usize,
        /// All.
        whole: usize,
        /// The share, rounded down.
        percent: u8,
    },
    /// A number that should be 0.
    Number {
        /// It.
        number: usize,
    },
    /// There is nothing to count.
    NothingToCount {
        /// What there is none of.
        because: String,
    },
    /// It is not known.
    Unknown {
        /// Why, with what would make it known.
        because: String,
    },
}

/// How much harm a statement can do.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangeRisk {
    /// The file.
    pub file: String,
    /// Line of the statement, counted from 1.
    pub line: u32,
    /// Index of the statement in its file, counted from 0.
    pub statement: usize,
    /// What it changes, parts of a table as that table.
    pub objects: Vec<ObjectRef>,
    /// How much.
    pub risk: Risk,
    /// Why: names of rules, locks, what was not observed.
    pub because: Vec<String>,
    /// Whether it changes the schema, so that every database needs it as a migration.
    pub needs_migration: bool,
    /// Whether it adds a foreign key that no index serves.
    pub needs_index: bool,
    /// Whether rows that exist have to be filled, and it does not do that itself.
    pub needs_backfill: bool,
}

/// How much harm.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Nothing that anybody uses is touched.
    None,
    /// It is over at once, or it works and there is a better way.
    Low,
    /// Writes wait for as long as a table is worked on, or nobody has seen what it does.
    Medium,
    /// Reads wait for as long as a table is worked on, or data is lost on purpose.
    High,
    /// It fails, or loses what nobody asked it to lose.
    Critical,
}
