//! The JSON that `dbwright explain --json` prints, version 0: it may change until it settles.
//!
//! Fields may be added to it; what there is keeps its name and meaning, or the version changes.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Server, Severity};

/// The version of the format.
pub const VERSION: u32 = 0;

/// Queries with their plans, and what insights tell of these.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// Version of this format.
    pub version: u32,
    /// The server that planned; `null` where plans came from elsewhere.
    pub server: Option<Server>,
    /// Who made the plans: `live`, `twin`, `elsewhere`.
    pub planner: &'static str,
    /// Of a twin, how good it is: `exact`, `approximate`, `schema only`.
    pub fidelity: Option<String>,
    /// Why it is not better, in whole sentences.
    pub fidelity_reasons: Vec<String>,
    /// The queries, in their order.
    pub queries: Vec<Query>,
}

/// A query.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Query {
    /// Its text; `null` where only a plan was given.
    pub query: Option<String>,
    /// Where it stands: `queries.sql:3`.
    pub place: Option<String>,
    /// Why there is no plan.
    pub problem: Option<String>,
    /// The plan.
    pub plan: Option<Plan>,
    /// What should be known of how the plan was had, in whole sentences.
    pub notes: Vec<String>,
    /// What was put in place of parameters, in their order, where the planner needs values (MySQL, MariaDB).
    pub parameters: Vec<Parameter>,
    /// What insights tell, the worst first.
    pub findings: Vec<Finding>,
}

/// A value that was put in place of a parameter.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Parameter {
    /// What it stands for: `orders.customer_id`, `LIMIT`; `null` where it is compared with no column.
    pub stands_for: Option<String>,
    /// The value, as SQL.
    pub value: String,
    /// Where it is from: `sample` (production was asked with it), `twin` (a row of the twin has it), `index` (it is the first or
    /// last of an index), `type` (it is of the right type), `assumed`, `written` (no plan depends on it).
    pub origin: &'static str,
}

/// A plan.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Plan {
    /// Planning, in milliseconds.
    pub planning_ms: Option<f64>,
    /// Running, in milliseconds; `null` where the query was not run.
    pub execution_ms: Option<f64>,
    /// Compiling expressions, in milliseconds.
    pub jit_ms: Option<f64>,
    /// All triggers, in milliseconds.
    pub triggers_ms: f64,
    /// The nodes, each before those below it. Numbers of nodes are positions in this list.
    pub nodes: Vec<Node>,
}

/// A node of a plan.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Node {
    /// The number of the node above; `null` of the root.
    pub parent: Option<usize>,
    /// The server's name for what it does: `Seq Scan`.
    pub name: String,
    /// What it is to the node above: `root`, `outer`, `inner`, `member`, `once`, `per-row`.
    pub role: &'static str,
    /// The name of a subquery: `SubPlan 1`, `CTE recent`.
    pub subquery: Option<String>,
    /// The schema of the table that it reads.
    pub schema: Option<String>,
    /// The table.
    pub relation: Option<String>,
    /// What the query calls the table.
    pub alias: Option<String>,
    /// The index that it uses.
    pub index: Option<String>,
    /// What it takes by itself, as a share of the whole from 0 to 1: of the time where it was measured, of the cost where
    /// the server tells it, else of the rows that are read at most.
    pub own_share: f64,
    /// Cost of one run until the first row.
    pub startup_cost: Option<f64>,
    /// Cost of one run.
    pub total_cost: Option<f64>,
    /// Rows expected of one run.
    pub expected_rows: Option<f64>,
    /// Rows that one run looks at before its filter, where the server or statistics tell.
    pub rows_read: Option<f64>,
    /// Bytes of a row.
    pub width: Option<u32>,
    /// Partitions that it reads, where one node reads several.
    pub partitions: Vec<String>,
    /// Rows of one run, on average.
    pub rows: Option<f64>,
    /// Milliseconds of one run, on average.
    pub ms: Option<f64>,
    /// How often it ran.
    pub loops: Option<f64>,
    /// Its conditions.
    pub conditions: Vec<Condition>,
    /// What it sorts or groups by.
    pub keys: Vec<String>,
}

/// A condition of a node.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Condition {
    /// What it is for: `filter`, `index`, `recheck`, `join`, `join-filter`, `one-time`.
    pub kind: &'static str,
    /// The condition in the server's own words.
    pub text: String,
    /// Rows thrown away in one run, on average.
    pub removed: Option<f64>,
}

/// What an insight tells.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The name of the insight: `sequential-scan-for-few-rows`.
    pub insight: String,
    /// How much it matters.
    pub severity: Severity,
    /// The number of the node that it is about.
    pub node: Option<usize>,
    /// What is so, in one sentence without a full stop.
    pub message: String,
    /// How that is known, in whole sentences.
    pub evidence: Vec<String>,
    /// What to do, in whole sentences.
    pub advice: Vec<String>,
    /// What would change the plan.
    pub change: Option<Change>,
}

/// A change that is proposed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Change {
    /// What it is made to: `query`, `index`, `setting`.
    pub kind: &'static str,
    /// The query that would be asked instead, or the statement that would be run.
    pub sql: String,
    /// What holds of it, in whole sentences.
    pub remarks: Vec<String>,
    /// The plan with it, where it was tried.
    pub plan: Option<Plan>,
    /// Why it was not tried, or what the server refused.
    pub not_tried: Option<String>,
}
