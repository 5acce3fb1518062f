//! Going through a history as its tool would, whatever the engine.

use std::collections::BTreeMap;

use dbwright_catalog::{Effect, History, Migration, MigrationSet, MigrationTrace, ObjectId, RunMode, Statement, Trace};

use super::ledger::Ledger;
use super::unseen::Seen;

/// What predicts the statements of one engine, one after the other.
pub(super) trait Predictor: Sized {
    /// Whether what a statement was seen to do can be put in the place of what is predicted of it.
    const FOLLOWS_WHAT_WAS_SEEN: bool;

    /// A migration begins; whether it goes on in the transaction of the one before.
    fn begin(&mut self, migration: &Migration, goes_on: bool);

    /// What a statement does; `at` are the indexes of its migration and its own.
    fn statement(&mut self, at: (usize, usize), migration: &Migration, statement: &Statement) -> Effect;

    /// The migration has ended, and no other goes on in its transaction.
    fn end(&mut self);

    /// What exists before the first migration has been loaded.
    fn loaded(&mut self) {
        self.end();
    }

    fn ledger(&mut self) -> &mut Ledger;

    fn into_ledger(self) -> Ledger;

    fn doubts(&mut self) -> &mut Doubts;

    /// Takes it that a table is there of which nothing is known but its name, in a schema where one is written; its id, where
    /// the engine's way of predicting can do that.
    fn suppose_table(&mut self, _schema: Option<&str>, _name: &str, _why: &str) -> Option<ObjectId> {
        None
    }
}

/// What is not known of the catalog, and what failed statements have left undone. Names are in lower case where the engine
/// does not tell cases apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubts {
    /// Names of what is there in part or maybe, and why no more is known.
    pub(super) vague: BTreeMap<String, String>,
    /// Why the catalog may lack objects, where something ran that can't be followed.
    pub(super) incomplete: Option<String>,
    /// Names that a failed statement would have made, with the statement.
    pub(super) lost: BTreeMap<String, (usize, usize)>,
    /// Names that a failed statement would have taken away (MySQL and MariaDB).
    pub(super) kept: BTreeMap<String, (usize, usize)>,
}

/// Predicts a whole history; of one that was run, only what was not seen.
pub(super) fn run<P: Predictor>(
    history: &History,
    judged: &MigrationSet,
    mut predictor: P,
    mut seen: Option<&mut Seen<'_>>,
) -> Trace {
    for (index, migration) in history.loaded_first() {
        predictor.begin(migration, false);
        for (number, statement) in migration.statements.iter().enumerate() {
            predictor.statement((index, number), migration, statement);
        }
        predictor.loaded();
    }
    let joined = |index: usize| {
        let migration = history.migrations.get(index);
        migration.is_some_and(|migration| migration.run_mode == RunMode::AllInOneTransaction)
    };
    let mut migrations = Vec::with_capacity(history.migrations.len());
    for (index, migration) in history.migrations.iter().enumerate() {
        let goes_on = index > 0 && joined(index - 1) && joined(index);
        predictor.begin(migration, goes_on);
        let mut effects = Vec::with_capacity(migration.statements.len());
        for (number, statement) in migration.statements.iter().enumerate() {
            let at = (index, number);
            effects.push(match &mut seen {
                Some(seen) => seen.statement(&mut predictor, at, migration, statement),
                None => predictor.statement(at, migration, statement),
            });
        }
        if !(joined(index) && joined(index + 1)) {
            predictor.end();
        }
        migrations.push(MigrationTrace {
            judged: judged.contains(index),
            effects,
        });
    }
    let catalog = predictor.into_ledger().catalog;
    Trace {
        server: catalog.server.clone(),
        migrations,
        catalog,
        access: Vec::new(),
        access_changes: Vec::new(),
        unfilled: Vec::new(),
        assumptions: Vec::new(),
        predicted: Vec::new(),
        from_cache: 0,
    }
}
