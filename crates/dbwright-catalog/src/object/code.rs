//! Views, routines, triggers and events: what runs when it is asked.

use super::{ObjectId, PostgresRoutine, PostgresTrigger, PostgresView};

/// A view or materialised view.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct View {
    /// Whether it stores its rows.
    pub materialized: bool,
    /// Its query, as the server prints it.
    pub query: String,
    /// What only PostgreSQL views have.
    pub postgres: Option<PostgresView>,
}

/// A function, procedure or aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Routine {
    /// What kind of routine.
    pub kind: RoutineKind,
    /// `sql`, `plpgsql`, `c`.
    pub language: String,
    /// What it returns, as the server prints it; nothing for procedures.
    pub returns: Option<String>,
    /// What the planner may assume of it.
    pub volatility: Volatility,
    /// `SECURITY DEFINER`.
    pub security_definer: bool,
    /// `STRICT`.
    pub strict: bool,
    /// What only PostgreSQL routines have.
    pub postgres: Option<PostgresRoutine>,
}

/// What kind of routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RoutineKind {
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// A window function.
    Window,
}

/// What the planner may assume of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Volatility {
    /// The same arguments give the same result for ever.
    Immutable,
    /// The same within one statement.
    Stable,
    /// Anything.
    Volatile,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trigger {
    /// The function it calls (PostgreSQL).
    pub function: Option<ObjectId>,
    /// Whether it fires for ordinary sessions.
    pub enabled: bool,
    /// What only PostgreSQL triggers have.
    pub postgres: Option<PostgresTrigger>,
}

/// A scheduled event. Its text is its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// Whether it runs.
    pub enabled: bool,
}
