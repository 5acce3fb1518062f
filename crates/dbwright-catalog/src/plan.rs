//! What turns one schema into another: the difference, the questions it raises, and the steps of a plan.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Catalog, Change, Finding, Object, ObjectId, Server};

/// What was read of a database, and what was not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reading {
    /// The objects that the model knows.
    pub catalog: Catalog,
    /// Objects of the user that the server has and the model does not know.
    pub unmodelled: Vec<Unmodelled>,
    /// What could not be read, and why: a missing right, an object that was dropped meanwhile.
    pub unread: Vec<Unread>,
    /// The columns of views: name and type, in their order. They follow from what the views stand on, so that they are no part
    /// of the catalog and make no difference.
    pub view_columns: BTreeMap<ObjectId, Vec<(String, String)>>,
}

/// An object that the server has and the model does not know. Differences in it are not seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Unmodelled {
    /// The server's word for its kind: `operator class`.
    pub kind: String,
    /// Its name, as the server prints it.
    pub name: String,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Unread {
    /// What: `grants of other accounts`.
    pub what: String,
    /// Why, and what would help, in whole sentences.
    pub why: String,
}

/// The difference between two schemas.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Diff {
    /// Renames that somebody declared; the changes below start from what they leave.
    pub renames: Vec<Rename>,
    /// What is to be created, dropped and altered, by id.
    pub changes: Vec<Change>,
    /// Objects whose definitions differ in something that the model does not cover. They are shown and never planned.
    pub opaque: Vec<Opaque>,
    /// Pairs that look like renames, and of which nobody has said whether they are.
    pub questions: Vec<Question>,
}

impl Diff {
    /// Whether both sides are the same.
    pub fn is_empty(&self) -> bool {
        self.renames.is_empty() && self.changes.is_empty() && self.opaque.is_empty()
    }
}

/// An object whose two definitions differ in something that the model does not cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// As it is.
    pub before: Object,
    /// As it shall be.
    pub after: Object,
}

/// A rename that somebody declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rename {
    /// The object as it is called.
    pub from: ObjectId,
    /// The object as it shall be called. Of the same kind.
    pub to: ObjectId,
}

/// A question whose answer decides what the plan does. It is asked, never guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What an answer refers to: the same for the same pair of schemas.
    pub id: String,
    /// In one sentence with a question mark.
    pub text: String,
    /// Why it is asked, in whole sentences.
    pub reasons: Vec<String>,
    /// What can be answered.
    pub choices: Vec<Choice>,
}

/// An answer that a question allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is typed: `rename`, `separate`.
    pub name: String,
    /// What follows from it, in one sentence.
    pub consequence: String,
    /// The renames that it declares.
    pub renames: Vec<Rename>,
}

/// Ordered steps that turn one schema into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The server that it is written for.
    pub server: Server,
    /// The steps, in phases.
    pub phases: Vec<PlanPhase>,
    /// Data that it destroys.
    pub losses: Vec<Loss>,
    /// What it can't do, and why. A plan with refusals does not reach its goal.
    pub refusals: Vec<Refusal>,
}

impl Plan {
    /// A plan that does nothing.
    pub fn empty(server: Server) -> Self {
        Plan {
            server,
            phases: Vec::new(),
            losses: Vec::new(),
            refusals: Vec::new(),
        }
    }

    /// All steps in their order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.phases.iter().flat_map(|phase| &phase.steps)
    }
}

/// Steps that are run together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanPhase {
    /// What it is for, as an order: `Build indexes without blocking writes.`
    pub purpose: String,
    /// Whether the steps are one transaction. Otherwise each is committed by itself.
    pub transaction: bool,
    /// What is run.
    pub steps: Vec<Step>,
}

/// One statement that would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// One SQL statement without its separator.
    pub sql: String,
    /// The objects of the change that it carries out.
    pub objects: Vec<ObjectId>,
    /// How long it may wait for locks.
    pub lock_timeout: Option<Duration>,
    /// How long it may run; nothing where it may take as long as it needs.
    pub statement_timeout: Option<Duration>,
    /// Why it is done this way, in whole sentences.
    pub notes: Vec<String>,
    /// What the rules say of it.
    pub hazards: Vec<Finding>,
}

impl Step {
    /// A step for these objects, without limits and notes.
    pub fn new(sql: impl Into<String>, objects: impl IntoIterator<Item = ObjectId>) -> Self {
        Step {
            sql: sql.into(),
            objects: objects.into_iter().collect(),
            lock_timeout: None,
            statement_timeout: None,
            notes: Vec::new(),
            hazards: Vec::new(),
        }
    }
}

/// Data that a plan destroys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// The table, column or other holder of the data.
    pub object: ObjectId,
    /// What is lost, in one sentence.
    pub what: String,
}

/// Something that a plan can't do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The object that stays as it is.
    pub object: ObjectId,
    /// Why, and what a person can do, in whole sentences.
    pub reason: String,
}

/// What came of carrying out a plan on a copy of the schema that it starts from, with generated rows in its tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanProof {
    /// Where it ran.
    pub server: Server,
    /// What was tried, in the order in which it was.
    pub checks: Vec<PlanCheck>,
}

impl PlanProof {
    /// Whether everything that was tried came out as it should.
    pub fn holds(&self) -> bool {
        self.checks
            .iter()
            .all(|check| !matches!(check.outcome, PlanOutcome::Fails(_)))
    }
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanCheck {
    /// What.
    pub claim: PlanClaim,
    /// What came of it.
    pub outcome: PlanOutcome,
}

/// What is said of a plan when it is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlanClaim {
    /// The schema that the plan starts from can be built from its model, and is the same then.
    StartIsRebuilt,
    /// Every step runs.
    Applies,
    /// Every object and every definition is as the goal has it.
    ReachesGoal,
    /// Values in surviving columns are what they were.
    KeepsRows,
    /// A second plan has no steps.
    Converges,
    /// The reverse plan leads back to where the plan started from.
    Reverses,
}

impl PlanClaim {
    /// As a sentence without full stop: `every step runs`.
    pub fn sentence(self) -> &'static str {
        match self {
            PlanClaim::StartIsRebuilt => "the schema it starts from can be rebuilt",
            PlanClaim::Applies => "every step runs",
            PlanClaim::ReachesGoal => "every object ends as the goal has it",
            PlanClaim::KeepsRows => "rows in surviving columns are unchanged",
            PlanClaim::Converges => "a second plan is empty",
            PlanClaim::Reverses => "the reverse leads back",
        }
    }
}

/// What came of trying one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanOutcome {
    /// It is so.
    Holds,
    /// It is not, and why: whole sentences with the objects, the statement and the server's words.
    Fails(Vec<String>),
    /// It was not tried, and why, in one sentence.
    NotTried(String),
}
