//! A whole review: what `dbwright check` found out, before it is turned into text or JSON.

use std::time::Duration;

use crate::{
    AllowedFinding, Catalog, Change, Effect, Finding, FixFiles, History, Impact, MigrationSet, Object, ObjectId, Rates,
    Release, Rollback, Scorecard, Server,
};

/// A table under review that could not be given rows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Unfilled {
    /// The table.
    pub table: ObjectId,
    /// How many rows it did get.
    pub rows: u32,
    /// Why not more, in the words of the server or of the generator.
    pub reason: String,
}

/// What became of one migration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MigrationTrace {
    /// Whether it was judged, or only replayed on the way to those that are.
    pub judged: bool,
    /// One effect per statement, in order. Of a migration that was only replayed, just the outcomes are known.
    pub effects: Vec<Effect>,
}

/// What a migration did to a policy, or to what is granted to everybody. These are read before and after a migration only, so
/// that the statement is the one whose words say so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AccessChange {
    /// Index of the migration.
    pub migration: usize,
    /// Index of the statement in it.
    pub statement: usize,
    /// What changed.
    pub change: Change,
}

/// What running a history on a scratch server brought to light.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trace {
    /// The server it ran on.
    pub server: Server,
    /// One per migration of the history, in order.
    pub migrations: Vec<MigrationTrace>,
    /// The catalog at the end.
    pub catalog: Catalog,
    /// Policies, and what is granted to everybody, at the end (PostgreSQL); they are no part of the catalog.
    pub access: Vec<Object>,
    /// What judged migrations did to these.
    pub access_changes: Vec<AccessChange>,
    /// Tables without (enough) generated rows.
    pub unfilled: Vec<Unfilled>,
    /// What dbwright did on the scratch server so that the history could run, as whole sentences (`Created the role
    /// app, which the migrations presuppose.`).
    pub assumptions: Vec<String>,
    /// Statements of judged migrations that could not run, and whose effects are predicted in their place.
    pub predicted: Vec<PredictedInstead>,
    /// How many leading migrations were not run in this check, because what they do was kept from an earlier one.
    pub from_cache: usize,
}

/// A statement that could not run in a check that runs, so that its effect is predicted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PredictedInstead {
    /// Index of its migration.
    pub migration: usize,
    /// Index of the statement in it.
    pub statement: usize,
    /// The statement for which it could not run, by the same indexes: itself, or an earlier one that it needs.
    pub cause: (usize, usize),
    /// Why that one could not.
    pub reason: String,
}

impl Trace {
    /// What a statement did: by the index of its migration and its own in it.
    pub fn effect(&self, (migration, statement): (usize, usize)) -> Option<&Effect> {
        self.migrations.get(migration)?.effects.get(statement)
    }

    /// A sentence on what was not run in this check, where something was not.
    pub fn told_from_cache(&self) -> Option<String> {
        match (self.from_cache, self.migrations.len()) {
            (0, _) => None,
            (kept, all) if kept == all => Some("An earlier check ran the same; nothing had to run again.".to_owned()),
            (1, _) => Some("The first migration was not run again: an earlier check kept what it leads to.".to_owned()),
            (kept, _) => Some(format!(
                "The first {kept} migrations were not run again: an earlier check kept what they lead to."
            )),
        }
    }
}

/// The part of a review that concerns one database.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its migrations.
    pub history: History,
    /// Which of them were judged.
    pub judged: MigrationSet,
    /// What running them brought to light; nothing where no server could be had.
    pub trace: Option<Trace>,
    /// What came of the ways back of the judged migrations, in their order; nothing where they were not tried.
    pub rollbacks: Option<Vec<Rollback>>,
    /// The queries of the application, and what the judged migrations make of them.
    pub release: Release,
    /// What the rules say, in the order of the history.
    pub findings: Vec<Finding>,
    /// What the rules say and comments in the migrations allow, in the same order.
    pub allowed: Vec<AllowedFinding>,
    /// Proven fixes as files of the repository, a migration each, in the order of the history.
    pub fix_files: Vec<FixFiles>,
    /// The figures, and the risk of each change.
    pub scorecard: Scorecard,
    /// What statements with findings mean for production, in the order of the history; empty without a snapshot.
    pub impacts: Vec<Impact>,
    /// By which rates of this machine times were estimated.
    pub rates: Option<Rates>,
    /// What was not done for the whole section, as whole sentences (`No PostgreSQL server was found …`).
    pub not_done: Vec<String>,
}

impl Section {
    /// A section of which nothing is known yet but which migrations are judged.
    pub fn new(history: History, judged: MigrationSet) -> Self {
        Section {
            history,
            judged,
            trace: None,
            rollbacks: None,
            release: Release::default(),
            findings: Vec::new(),
            allowed: Vec::new(),
            fix_files: Vec::new(),
            scorecard: Scorecard::default(),
            impacts: Vec::new(),
            rates: None,
            not_done: Vec::new(),
        }
    }
}

/// What `dbwright check` found out.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// One per database.
    pub sections: Vec<Section>,
    /// Histories that were found and could not be settled on, as whole sentences that say what would settle them.
    pub not_checked: Vec<String>,
    /// How long it all took.
    pub duration: Duration,
}
