//! What can be said of queries: their plans, what insights tell of these, and the plan after a change that was tried.

use crate::{QueryPlan, Server, Severity};

/// Queries, explained on one server.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The server that planned; nothing where a plan came from elsewhere without saying.
    pub server: Option<Server>,
    /// Whose plans these are.
    pub planner: Planner,
    /// The queries, in their order.
    pub queries: Vec<ExplainedQuery>,
}

/// Who made a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planner {
    /// The user's own server.
    Live,
    /// A twin of it, as good as it is: `exact`, `approximate`, `schema only`, and why.
    Twin {
        /// The word for its fidelity.
        fidelity: String,
        /// Why it is not better, in whole sentences.
        reasons: Vec<String>,
    },
    /// Some server elsewhere, whose plan was given.
    Elsewhere,
}

/// One query.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedQuery {
    /// Its text; nothing where only a plan was given.
    pub text: Option<String>,
    /// Where it stands: `queries.sql:3`; nothing where it stood on the command line.
    pub place: Option<String>,
    /// What came of it: why there is no plan, where there is none.
    pub outcome: Result<Box<ExplainedPlan>, String>,
}

/// A plan and what there is to say of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedPlan {
    /// The plan.
    pub plan: QueryPlan,
    /// What insights tell of it, what matters most first.
    pub findings: Vec<PlanFinding>,
    /// What should be known of how the plan was had, in whole sentences: `Planned for any value of $1.`
    pub notes: Vec<String>,
    /// What was put in place of parameters, in their order.
    pub parameters: Vec<ParameterValue>,
}

/// A value that was put in place of a parameter, as a planner needed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterValue {
    /// What it stands for: `orders.customer_id`, `LIMIT`; nothing where it is compared with no column.
    pub stands_for: Option<String>,
    /// The value, as SQL.
    pub value: String,
    /// Where it is from.
    pub origin: ValueOrigin,
}

/// Where the value of a parameter is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueOrigin {
    /// Production was asked with it once.
    Sample,
    /// A row of a twin has it.
    Twin,
    /// It is the first or last one of an index.
    Index,
    /// It is of the type of the column, and nobody knows whether a row has it.
    Type,
    /// It is assumed: as many rows as a page has, a number.
    Assumed,
    /// It is written and not looked for: no plan depends on it.
    Written,
}

/// What an insight tells of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanFinding {
    /// The name of the insight: `sequential-scan-for-few-rows`.
    pub insight: String,
    /// How much it matters.
    pub severity: Severity,
    /// The number of the node that it is about, in the order of [`QueryPlan::nodes`].
    pub node: Option<usize>,
    /// What is so, in one sentence without a full stop.
    pub message: String,
    /// How that is known, in whole sentences.
    pub evidence: Vec<String>,
    /// What to do, in whole sentences.
    pub advice: Vec<String>,
    /// What would change the plan, where it can be written.
    pub change: Option<PlanChange>,
}

/// A change that is proposed.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanChange {
    /// What it is.
    pub kind: PlanChangeKind,
    /// SQL: the query that would be asked instead, or the statement that would be run.
    pub sql: String,
    /// What it is offered for.
    pub purpose: ChangePurpose,
    /// What holds of it, in whole sentences: where its result may be another one.
    pub remarks: Vec<String>,
    /// What came of trying it.
    pub trial: PlanTrial,
}

/// What a change is offered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangePurpose {
    /// A better plan: without one it is not offered.
    Cost,
    /// A better plan, which also shows that the finding is true: without one there is no finding.
    Evidence,
    /// Another result; a better plan comes with it or does not.
    Result,
}

/// What a change is made to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanChangeKind {
    /// The query.
    Query,
    /// An index more.
    Index,
    /// A setting, for this query alone.
    Setting,
}

/// What came of trying a change.
#[derive(Clone, Debug, PartialEq)]
pub enum PlanTrial {
    /// It was not tried, and why.
    NotTried(String),
    /// The plan with it.
    Planned(Box<QueryPlan>),
    /// The server refused it.
    Refused(String),
}
