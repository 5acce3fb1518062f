//! What becomes of the queries of the application, as the JSON of `dbwright check` has it.

use schemars::JsonSchema;
use serde::Serialize;

/// What the judged migrations make of the queries of the application.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Release {
    /// The commit whose queries are those of the running release; `null` where they are not those of a commit.
    pub commit: Option<String>,
    /// Queries of the running release.
    pub running: usize,
    /// Queries of the working tree that the running release does not ask.
    pub next: usize,
    /// Whether a server was asked.
    pub asked: bool,
    /// Queries of the running release that can't be prepared any more after a migration.
    pub broken: Vec<BrokenQuery>,
    /// Queries of the running release that give or take something else after a migration.
    pub changed: Vec<ChangedQuery>,
    /// Queries of the working tree that can't be prepared after the last migration.
    pub not_ready: Vec<FailingQuery>,
    /// Queries that could not be prepared before any migration either; nothing is said of them.
    pub unprepared: Vec<FailingQuery>,
    /// Plans of the running release's queries on a twin of production, before and after the migrations; `null` where they were
    /// not compared.
    pub plans: Option<Plans>,
    /// What could not be read, and what was not done, as whole sentences.
    pub not_done: Vec<String>,
}

/// A query.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Query {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its file, relative to the root of the repository; `null` where it is from the workload of a snapshot.
    pub file: Option<String>,
    /// Its line there, counted from 1.
    pub line: Option<u32>,
    /// Its text, as the server was asked it.
    pub text: String,
    /// How often it ran in production; `null` where that is not known.
    pub calls: Option<i64>,
    /// Its share of the time that all queries took in production, in percent.
    pub share_percent: Option<f64>,
    /// Whether the working tree asks it as well.
    pub still_asked: bool,
}

/// Where a migration did something to a query.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Cause {
    /// The migration, as its tool calls it.
    pub migration: String,
    /// Its file, relative to the root of the repository.
    pub file: String,
    /// Index of the statement in it, counted from 0; `null` where it could not be told.
    pub statement: Option<usize>,
    /// The line of the statement, counted from 1.
    pub line: Option<u32>,
}

/// A query that a migration breaks.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BrokenQuery {
    /// Which.
    pub query: Query,
    /// By what.
    pub cause: Cause,
    /// The server's words.
    pub error: String,
    /// The code of the error.
    pub code: String,
    /// The migration after which it runs again.
    pub mended_by: Option<String>,
}

/// A query that gives or takes something else.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangedQuery {
    /// Which.
    pub query: Query,
    /// By what.
    pub cause: Cause,
    /// What it took and gave.
    pub before: Shape,
    /// What it takes and gives.
    pub after: Shape,
}

/// What a query takes and gives.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Shape {
    /// Types of its parameters (PostgreSQL).
    pub parameters: Vec<String>,
    /// Its columns.
    pub columns: Vec<ResultColumn>,
}

/// A column of a result.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// Its type, in the server's words; `null` on SQLite.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
}

/// A query that can't be prepared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FailingQuery {
    /// Which.
    pub query: Query,
    /// The server's words.
    pub error: String,
    /// The code of the error.
    pub code: String,
}

/// Plans before and after the judged migrations.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Plans {
    /// Queries of which both plans are known.
    pub compared: usize,
    /// Those that get cheaper, by the measure by which others are worse.
    pub better: usize,
    /// How far plans on the twin are production's.
    pub fidelity: String,
    /// Those that get more expensive.
    pub worse: Vec<WorsePlan>,
    /// Queries that could not be planned, or whose plans could not be compared.
    pub not_planned: Vec<UnplannedQuery>,
}

/// A query whose plans could not be compared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UnplannedQuery {
    /// Which.
    pub query: Query,
    /// Why, in the server's words or ours.
    pub why: String,
}

/// What costs of plans are counted in.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanUnit {
    /// Milliseconds.
    Milliseconds,
    /// The server's own unit.
    Cost,
    /// Rows that are read or sorted, where the server tells no costs.
    Rows,
}

/// A query whose plan gets worse.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WorsePlan {
    /// Which.
    pub query: Query,
    /// The statement that has most likely done it.
    pub cause: Cause,
    /// What that statement did; `null` where it is only one that changed a table of the plan.
    pub because: Option<String>,
    /// What costs are counted in.
    pub unit: PlanUnit,
    /// The cost before.
    pub cost_before: f64,
    /// The cost after.
    pub cost_after: f64,
    /// The plan before, as a tree in text.
    pub plan_before: String,
    /// The plan after.
    pub plan_after: String,
}
