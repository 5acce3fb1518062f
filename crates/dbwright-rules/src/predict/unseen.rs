//! Single statements that could not run in a check that runs: an extension is missing, a right, a function of the
//! application. What they would do is predicted, and what needs them as well; the rest stays as it was seen.
//!
//! The prediction goes on from the catalog that was read, where the engine's way of predicting can: what was observed
//! before such a statement is certain, and no code makes it vague.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Catalog, Change, Effect, Engine, HeldLock, History, Known, Migration, MigrationSet, ObjectId, Outcome,
    PredictedInstead, SqlError, Statement, Trace, TransactionId,
};
use dbwright_sql::Summary;

use super::run::{Doubts, Predictor, run};
use super::{mysql_family, postgres, sqlite};
use crate::failure::statement_fails::why_only_here;

/// The same trace with predictions in the place of statements that could not run here; nothing where all did, or where
/// nothing can be told of those that did not.
pub fn predict_unseen(history: &History, judged: &MigrationSet, trace: &Trace) -> Option<Trace> {
    let gaps = gaps(history, trace);
    let any_judged = gaps.keys().any(|(migration, _)| judged.contains(*migration));
    if !any_judged {
        return None;
    }
    let mut seen = Seen {
        judged,
        trace,
        gaps: &gaps,
        rebased: false,
        told: trace.clone(),
        made: BTreeSet::new(),
        supposed: BTreeSet::new(),
    };
    let version = trace.server.version;
    let catalog = match history.engine {
        Engine::Postgres => run(history, judged, postgres::Predictor::new(version), Some(&mut seen)),
        Engine::Sqlite => {
            let predictor = sqlite::Predictor::new(version, history.sqlite_foreign_keys);
            run(history, judged, predictor, Some(&mut seen))
        }
        Engine::MySql | Engine::MariaDb => {
            let predictor = mysql_family::Predictor::new(history.engine, version);
            run(history, judged, predictor, Some(&mut seen))
        }
    }
    .catalog;
    if seen.told.predicted.is_empty() {
        return None;
    }
    Some(seen.finish(catalog))
}

/// A statement that could not run here.
struct Gap {
    /// The statement for which it could not: itself, or an earlier one.
    cause: (usize, usize),
    reason: String,
    /// Whether production may have a table that nothing here makes.
    lacks_table: bool,
}

fn gaps(history: &History, trace: &Trace) -> BTreeMap<(usize, usize), Gap> {
    let mut gaps: BTreeMap<(usize, usize), Gap> = BTreeMap::new();
    for (migration, of_migration) in trace.migrations.iter().enumerate() {
        for (statement, effect) in of_migration.effects.iter().enumerate() {
            let at = (migration, statement);
            let gap = match &effect.outcome {
                Outcome::Refused(reason) => Some(Gap {
                    cause: at,
                    reason: reason.clone(),
                    lacks_table: false,
                }),
                Outcome::Failed(error) => why_only_here(history, trace, at, error).map(|_| Gap {
                    cause: at,
                    reason: format!("failed: {}", error.message),
                    lacks_table: missing_table(error).is_some(),
                }),
                Outcome::FollowsFrom {
                    migration, statement, ..
                } => gaps.get(&(*migration, *statement)).map(|gap| Gap {
                    cause: gap.cause,
                    reason: gap.reason.clone(),
                    lacks_table: gap.lacks_table,
                }),
                Outcome::Done | Outcome::FailedOnRows(_) => None,
            };
            if let Some(gap) = gap {
                gaps.insert(at, gap);
            }
        }
    }
    gaps
}

/// The schema and the name of the table that PostgreSQL misses.
fn missing_table(error: &SqlError) -> Option<(Option<&str>, &str)> {
    let rest = error.message.strip_prefix("relation \"")?;
    let name = rest
        .strip_suffix("\" does not exist")
        .filter(|_| error.code == "42P01")?;
    Some(match name.split_once('.') {
        Some((schema, name)) => (Some(schema), name),
        None => (None, name),
    })
}

/// What was seen of a history, while it is gone through once more.
pub(super) struct Seen<'a> {
    judged: &'a MigrationSet,
    trace: &'a Trace,
    gaps: &'a BTreeMap<(usize, usize), Gap>,
    /// Whether the catalog is the one that was read.
    rebased: bool,
    /// What was seen, with what is predicted.
    told: Trace,
    /// What statements would have made that could not run.
    made: BTreeSet<ObjectId>,
    /// Tables that only production has.
    supposed: BTreeSet<ObjectId>,
}

impl Seen<'_> {
    /// What a statement does; of one that was seen that it was.
    pub(super) fn statement<P: Predictor>(
        &mut self,
        predictor: &mut P,
        at: (usize, usize),
        migration: &Migration,
        statement: &Statement,
    ) -> Effect {
        let judged = self.judged.contains(at.0);
        if judged && !self.rebased && P::FOLLOWS_WHAT_WAS_SEEN {
            self.rebase(predictor);
        }
        let doubts = predictor.doubts().clone();
        let mark = predictor.ledger().mark();
        let was = self
            .trace
            .migrations
            .get(at.0)
            .and_then(|trace| trace.effects.get(at.1));
        let Some(gap) = self.gaps.get(&at) else {
            let effect = predictor.statement(at, migration, statement);
            if let Some(was) = was.filter(|_| judged && P::FOLLOWS_WHAT_WAS_SEEN) {
                let engine = self.trace.server.engine;
                if !matches!(
                    dbwright_sql::summarise(engine, &statement.text),
                    Summary::Transaction(_)
                ) {
                    predictor.ledger().undo(mark);
                    was.changes.iter().for_each(|change| predictor.ledger().follow(change));
                }
                *predictor.doubts() = doubts;
            }
            return effect;
        };
        let mut effect = predictor.statement(at, migration, statement);
        if let Outcome::Failed(error) = &effect.outcome
            && gap.lacks_table
            && let Some((schema, name)) = missing_table(error)
        {
            self.supposed
                .extend(predictor.suppose_table(schema, name, "only production has it"));
            *predictor.doubts() = Doubts {
                vague: predictor.doubts().vague.clone(),
                ..doubts
            };
            effect = predictor.statement(at, migration, statement);
        }
        let is_told = effect.known == Known::Predicted
            && match effect.outcome {
                Outcome::Done | Outcome::FailedOnRows(_) => true,
                // What is missing here may be there.
                Outcome::Failed(_) | Outcome::FollowsFrom { .. } | Outcome::Refused(_) => false,
            };
        if !is_told {
            return effect;
        }
        let created = effect.changes.iter().filter_map(|change| match change {
            Change::Created(object) => Some(object.id.clone()),
            Change::Dropped(_) | Change::Altered { .. } => None,
        });
        self.made.extend(created);
        if judged && let Some(was) = was {
            let mut told = effect.clone();
            told.transaction = was.transaction;
            told.committed = was.committed;
            self.told.migrations[at.0].effects[at.1] = told;
            self.told.predicted.push(PredictedInstead {
                migration: at.0,
                statement: at.1,
                cause: gap.cause,
                reason: gap.reason.clone(),
            });
        }
        effect
    }

    /// Puts the catalog that was there before the first judged statement in the place of what was predicted so far, with what
    /// would be there besides.
    fn rebase<P: Predictor>(&mut self, predictor: &mut P) {
        self.rebased = true;
        let mut catalog = self.trace.catalog.clone();
        let judged = self.trace.migrations.iter().filter(|migration| migration.judged);
        let changes = judged
            .flat_map(|migration| &migration.effects)
            .flat_map(|effect| &effect.changes);
        for change in changes.collect::<Vec<_>>().into_iter().rev() {
            unwind(&mut catalog, change);
        }
        for id in &self.made {
            if let Some(object) = predictor.ledger().catalog.get(id)
                && catalog.get(id).is_none()
            {
                catalog.objects.insert(id.clone(), object.clone());
            }
        }
        let edges = predictor.ledger().catalog.dependencies.clone();
        let between = |id: &ObjectId| catalog.get(id).is_some();
        let edges: Vec<_> = edges
            .into_iter()
            .filter(|edge| between(&edge.dependent) && between(&edge.on))
            .collect();
        catalog.dependencies.extend(edges);
        predictor.ledger().replace(catalog);
        *predictor.doubts() = Doubts::default();
    }

    /// Lets later statements of a transaction hold what earlier ones would have taken that could not run.
    fn hold_predicted(&mut self) {
        for migration in &mut self.told.migrations {
            let mut held: Vec<(TransactionId, HeldLock)> = Vec::new();
            for (number, effect) in migration.effects.iter_mut().enumerate() {
                if effect.known == Known::Predicted {
                    let own = effect.locks.iter().filter(|lock| lock.since == number);
                    held.extend(own.map(|lock| (effect.transaction, lock.clone())));
                    continue;
                }
                for (_, lock) in held
                    .iter()
                    .filter(|(transaction, _)| *transaction == effect.transaction)
                {
                    let same = |other: &&mut HeldLock| other.relation == lock.relation && other.mode == lock.mode;
                    match effect.locks.iter_mut().find(same) {
                        Some(other) => other.since = other.since.min(lock.since),
                        None => effect.locks.push(lock.clone()),
                    }
                }
            }
        }
    }

    /// The trace with the catalog that it ends with.
    fn finish(mut self, predicted: Catalog) -> Trace {
        self.hold_predicted();
        if self.rebased {
            self.told.catalog = predicted;
            // Of such a table nothing is known that could be judged.
            for id in &self.supposed {
                self.told.catalog.objects.remove(id);
            }
            return self.told;
        }
        // What was read, and what only a prediction makes.
        for id in &self.made {
            if let Some(object) = predicted.get(id) {
                let catalog = &mut self.told.catalog.objects;
                catalog.entry(id.clone()).or_insert_with(|| object.clone());
            }
        }
        self.told
    }
}

/// Takes a change back.
fn unwind(catalog: &mut Catalog, change: &Change) {
    match change {
        Change::Created(object) => {
            catalog.objects.remove(&object.id);
        }
        Change::Dropped(object) => {
            catalog.objects.insert(object.id.clone(), object.clone());
        }
        Change::Altered { before, after } => {
            catalog.objects.remove(&after.id);
            catalog.objects.insert(before.id.clone(), before.clone());
        }
    }
}
