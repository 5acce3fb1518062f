//! The queries of an application, and what the migrations under review make of them.

use std::fmt;
use std::path::PathBuf;

use crate::{CostUnit, QueryPlan, SqlError};

/// A query that an application asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Query {
    /// Its name, where it has one: `GetUser`.
    pub name: Option<String>,
    /// What says that it is asked.
    pub origin: QueryOrigin,
    /// Its text, as the server takes it.
    pub text: String,
    /// How often production is asked it, where that is known.
    pub load: Option<QueryLoad>,
}

/// What says that a query is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum QueryOrigin {
    /// A file.
    File {
        /// Relative to the root of the repository where it is in there.
        path: PathBuf,
        /// Line of its first word, counted from 1.
        line: u32,
    },
    /// The workload of a snapshot.
    Workload,
}

/// How often production is asked a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QueryLoad {
    /// How often it ran.
    pub calls: i64,
    /// Its share of the time that all queries took, in thousandths.
    pub share_permille: u16,
}

/// Longer texts of queries are cut where they stand for a name.
const TEXT_MAX: usize = 60;

impl fmt::Display for Query {
    /// Its name, or the beginning of its text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            return f.write_str(name);
        }
        let text = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        match text.char_indices().nth(TEXT_MAX) {
            Some((end, _)) => write!(f, "`{}…`", text[..end].trim_end()),
            None => write!(f, "`{text}`"),
        }
    }
}

impl Query {
    /// Where it is, as people are told: `queries/users.sql:3`.
    pub fn place(&self) -> String {
        match &self.origin {
            QueryOrigin::File { path, line } => format!("{}:{line}", path.display()),
            QueryOrigin::Workload => "workload of the snapshot".to_owned(),
        }
    }

    /// The text with single spaces, by which the same query is known.
    pub fn spaced(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// What a query takes and gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QueryShape {
    /// Types of its parameters, in order, where the server tells them (PostgreSQL).
    pub parameters: Vec<String>,
    /// Its columns.
    pub columns: Vec<ResultColumn>,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// Its type, in the server's words.
    pub type_name: String,
}

/// Where in a history something happened to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReleasePlace {
    /// Index of the migration.
    pub migration: usize,
    /// Index of the statement in it, where it could be told.
    pub statement: Option<usize>,
}

/// What the migrations under review make of the queries of an application.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Release {
    /// What is asked while the migrations run.
    pub running: Vec<Query>,
    /// The commit whose queries these are, in short, where they are those of a commit.
    pub commit: Option<String>,
    /// Those of them that the next release asks as well, as indexes, ascending.
    pub still_asked: Vec<usize>,
    /// What the next release asks and the running one does not.
    pub next: Vec<Query>,
    /// What came of asking them; nothing where nobody was asked.
    pub answers: Option<ReleaseAnswers>,
    /// Their plans before and after all of the migrations; nothing where these were not compared.
    pub plans: Option<PlanComparison>,
    /// What could not be read, and what was not done, as whole sentences.
    pub not_done: Vec<String>,
}

impl Release {
    /// Whether there is anything to ask a server.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty() && self.next.is_empty()
    }
}

/// What came of asking a server whether queries can be prepared, before and after the migrations under review. Numbers are
/// indexes into [`Release::running`], and of what is not ready into [`Release::next`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReleaseAnswers {
    /// Those that could never be prepared, neither before nor after any migration, with the server's words.
    pub unprepared: Vec<(usize, SqlError)>,
    /// Those that can't be prepared any more.
    pub broken: Vec<BrokenQuery>,
    /// Those that give or take something else.
    pub changed: Vec<ChangedQuery>,
    /// Those of the next release that can't be prepared after the last migration.
    pub not_ready: Vec<(usize, SqlError)>,
}

/// A query that a migration breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BrokenQuery {
    /// Which.
    pub query: usize,
    /// By what.
    pub place: ReleasePlace,
    /// The server's words.
    pub error: SqlError,
    /// The migration after which it runs again.
    pub mended_by: Option<usize>,
}

/// A query that a migration makes give or take something else.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ChangedQuery {
    /// Which.
    pub query: usize,
    /// By what.
    pub place: ReleasePlace,
    /// What it took and gave.
    pub before: QueryShape,
    /// What it takes and gives.
    pub after: QueryShape,
}

/// The plans of queries on a twin of production, before and after the migrations under review.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanComparison {
    /// Queries of which both plans are known.
    pub compared: usize,
    /// Those of them that get cheaper, by the same measure.
    pub better: usize,
    /// Those that get more expensive.
    pub worse: Vec<WorsePlan>,
    /// How far plans on the twin are production's: `exact`, `approximate`, `schema only`.
    pub fidelity: String,
    /// Those that could not be planned or whose plans could not be compared, with why, as a clause.
    pub not_planned: Vec<(usize, String)>,
}

/// A query whose plan gets worse.
#[derive(Clone, Debug, PartialEq)]
pub struct WorsePlan {
    /// Which, as an index into [`Release::running`].
    pub query: usize,
    /// The statement that has most likely done it.
    pub place: ReleasePlace,
    /// What that statement did, as a clause; nothing where it is only the one that changed a table of the plan.
    pub because: Option<String>,
    /// What the costs are counted in.
    pub unit: CostUnit,
    /// What it cost.
    pub cost_before: f64,
    /// What it costs.
    pub cost_after: f64,
    /// Its plan before.
    pub before: QueryPlan,
    /// Its plan after.
    pub after: QueryPlan,
}
