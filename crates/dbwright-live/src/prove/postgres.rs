//! Trying fixes on a scratch PostgreSQL.
//!
//! The history is replayed once. Before each migration that has fixes to try, the database is copied, and the copy runs it
//! with the fixes in place of their statements. Another copy runs the migration as it stands, unless what was watched tells
//! in which catalog it ends and the fixes end in just that. A fix holds when both end in the same catalog, none of the locks was taken that it is there to avoid, and no step reads or writes a table from end to end
//! while it keeps others from writing to it. All fixes of a migration are tried together first; where that does not hold
//! for all, each is tried by itself.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Catalog, Change, Effect, FixStep, History, Migration, Object, ObjectId, Outcome, Proof, Span, Statement, Trace,
};

use super::Candidate;
use crate::LiveError;
#[cfg(unix)]
use crate::cache::HistoryCache;
use crate::introspect::postgres::{CatalogState, Frame};
use crate::scratch::postgres::PostgresScratch;
#[cfg(unix)]
use crate::scratch::postgres::Programs;
#[cfg(unix)]
use crate::trace::postgres::resume;
use crate::trace::postgres::{Prefix, Runner, Settings};

/// Tries each candidate; one proof per candidate, in their order.
///
/// `scratch` must not have run this history before: roles belong to the whole cluster.
///
/// # Errors
///
/// When the server or a session breaks.
pub async fn prove(
    scratch: &PostgresScratch,
    history: &History,
    candidates: &[Candidate<'_>],
) -> Result<Vec<Proof>, LiveError> {
    let ground = Ground {
        scratch,
        history,
        prefix: None,
        trace: None,
    };
    match ground.try_all(candidates).await {
        Ok(proofs) => Ok(proofs),
        Err(error) => Err(scratch.why(error).await),
    }
}

/// Tries each candidate as [`prove`] does, on a server of our own, from where an earlier run has come to. `trace` is what was
/// seen of the history.
///
/// # Errors
///
/// When the server or a session breaks.
#[cfg(unix)]
pub async fn prove_kept(
    programs: &Programs,
    cache: &HistoryCache,
    history: &History,
    trace: &Trace,
    candidates: &[Candidate<'_>],
) -> Result<Vec<Proof>, LiveError> {
    let (scratch, prefix) = resume(programs, cache).await?;
    let ground = Ground {
        scratch: &scratch,
        history,
        prefix: prefix.as_ref(),
        trace: Some(trace),
    };
    let proofs = match ground.try_all(candidates).await {
        Ok(proofs) => Ok(proofs),
        Err(error) => Err(scratch.why(error).await),
    };
    scratch.stop().await?;
    proofs
}

/// What fixes are tried on.
struct Ground<'a> {
    scratch: &'a PostgresScratch,
    history: &'a History,
    prefix: Option<&'a Prefix>,
    trace: Option<&'a Trace>,
}

impl Ground<'_> {
    async fn try_all(&self, candidates: &[Candidate<'_>]) -> Result<Vec<Proof>, LiveError> {
        let (scratch, history) = (self.scratch, self.history);
        let mut proofs: Vec<Option<Proof>> = vec![None; candidates.len()];
        let mut by_migration: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, candidate) in candidates.iter().enumerate() {
            by_migration.entry(candidate.migration).or_default().push(index);
        }
        let Some(last) = by_migration.keys().next_back().copied() else {
            return Ok(Vec::new());
        };
        let mut expected = self
            .trace
            .map(|trace| catalogs_after(trace, by_migration.keys().copied()))
            .unwrap_or_default();
        let mut runner = Runner::at(scratch, history, self.prefix).await?;
        let database = runner.database().to_owned();
        let first = self.prefix.map_or(0, Prefix::len);
        for (index, migration) in history.migrations.iter().enumerate().take(last + 1).skip(first) {
            if let Some(wanted) = by_migration.get(&index) {
                let settings = runner.leave().await;
                let mut tries = Tries {
                    scratch,
                    database: &database,
                    settings: &settings,
                    place: (index, migration),
                    expected: expected.remove(&index),
                    original: None,
                };
                for (candidate, proof) in tries.all(wanted, candidates).await? {
                    proofs[candidate] = Some(proof);
                }
                if index == last {
                    break;
                }
                runner = Runner::new(scratch, &database).await?;
                runner.apply(&settings).await?;
            }
            runner.replay(index, migration).await?;
        }
        scratch.drop_database(&database).await?;
        let missing = || Proof::NotTried {
            reason: "its migration was not reached".to_owned(),
        };
        Ok(proofs.into_iter().map(|proof| proof.unwrap_or_else(missing)).collect())
    }
}

/// The catalogs after these migrations, as far as what was watched tells: from the end of the history backwards.
fn catalogs_after(trace: &Trace, wanted: impl DoubleEndedIterator<Item = usize>) -> BTreeMap<usize, Catalog> {
    let mut objects = trace.catalog.objects.clone();
    let mut after = BTreeMap::new();
    let mut wanted = wanted.rev().peekable();
    for (index, migration) in trace.migrations.iter().enumerate().rev() {
        if wanted.next_if_eq(&index).is_some() {
            let catalog = Catalog {
                server: trace.catalog.server.clone(),
                objects: objects.clone(),
                dependencies: BTreeSet::new(),
            };
            after.insert(index, catalog);
        }
        if !migration.judged || wanted.peek().is_none() {
            break;
        }
        for change in migration
            .effects
            .iter()
            .rev()
            .flat_map(|effect| effect.changes.iter().rev())
        {
            undo(&mut objects, change);
        }
    }
    after
}

fn undo(objects: &mut BTreeMap<ObjectId, Object>, change: &Change) {
    match change {
        Change::Created(object) => {
            objects.remove(&object.id);
        }
        Change::Dropped(object) => {
            objects.insert(object.id.clone(), object.clone());
        }
        Change::Altered { before, after } => {
            objects.remove(&after.id);
            objects.insert(before.id.clone(), before.clone());
        }
    }
}

/// What trying the fixes of one migration needs.
struct Tries<'a> {
    scratch: &'a PostgresScratch,
    database: &'a str,
    settings: &'a Settings,
    place: (usize, &'a Migration),
    /// What the migration should end in, from what was watched.
    expected: Option<Catalog>,
    /// What it ends in as it stands, once that was needed.
    original: Option<Catalog>,
}

impl Tries<'_> {
    /// Proofs of these candidates, with their indexes.
    async fn all(&mut self, wanted: &[usize], candidates: &[Candidate<'_>]) -> Result<Vec<(usize, Proof)>, LiveError> {
        let statements: BTreeSet<usize> = wanted.iter().map(|index| candidates[*index].statement).collect();
        if wanted.len() > 1 && statements.len() == wanted.len() {
            let proofs = self.together(wanted, candidates).await?;
            if proofs.iter().all(|(_, proof)| proof.holds()) {
                return Ok(proofs);
            }
        }
        let mut proofs = Vec::with_capacity(wanted.len());
        for index in wanted {
            proofs.extend(self.together(std::slice::from_ref(index), candidates).await?);
        }
        Ok(proofs)
    }

    async fn together(
        &mut self,
        wanted: &[usize],
        candidates: &[Candidate<'_>],
    ) -> Result<Vec<(usize, Proof)>, LiveError> {
        let mut wanted = wanted.to_vec();
        wanted.sort_by_key(|index| candidates[*index].statement);
        let chosen: Vec<&Candidate<'_>> = wanted.iter().map(|index| &candidates[*index]).collect();
        let tried = run_on_copy(self.scratch, self.database, self.settings, self.place, &chosen).await?;
        let difference = self.difference(&tried.catalog).await?;
        let server = self.scratch.server();
        let proofs = wanted
            .iter()
            .zip(&chosen)
            .zip(&tried.steps)
            .map(|((index, candidate), effects)| {
                let reason = objection_to_steps(candidate, effects).or_else(|| {
                    let id = difference.as_ref()?;
                    Some(format!("the schema ends differently at the {} {id}", id.kind.name()))
                });
                let proof = match reason {
                    Some(reason) => Proof::Fails {
                        server: server.clone(),
                        reason,
                    },
                    None => Proof::Holds { server: server.clone() },
                };
                (*index, proof)
            });
        Ok(proofs.collect())
    }

    /// The first object that is not as the migration leaves it. Only the migration itself can tell of a difference.
    async fn difference(&mut self, tried: &Catalog) -> Result<Option<ObjectId>, LiveError> {
        if self
            .expected
            .as_ref()
            .is_some_and(|expected| first_difference(expected, tried).is_none())
        {
            return Ok(None);
        }
        if self.original.is_none() {
            let run = run_on_copy(self.scratch, self.database, self.settings, self.place, &[]).await?;
            self.original = Some(run.catalog);
        }
        Ok(self
            .original
            .as_ref()
            .and_then(|original| first_difference(original, tried)))
    }
}

/// What a run on a copy brought.
struct Run {
    catalog: Catalog,
    /// Effects of the steps of each fix, in the order of the statements.
    steps: Vec<Vec<Effect>>,
}

/// Runs one migration on a copy of the database, with fixes (in the order of their statements) in place of statements.
async fn run_on_copy(
    scratch: &PostgresScratch,
    database: &str,
    settings: &Settings,
    (index, migration): (usize, &Migration),
    fixes: &[&Candidate<'_>],
) -> Result<Run, LiveError> {
    let copy = scratch.copy_database(database).await?;
    let mut runner = Runner::new(scratch, &copy).await?;
    runner.apply(settings).await?;
    let (steps, catalog) = if fixes.is_empty() {
        runner.replay(index, migration).await?;
        (Vec::new(), None)
    } else {
        let steps = runner.replay_with_fixes(index, migration, fixes).await?;
        (steps, runner.catalog())
    };
    let catalog = match catalog {
        Some(catalog) => catalog,
        None => runner.read_catalog().await?,
    };
    runner.discard().await?;
    Ok(Run { catalog, steps })
}

/// Why the steps of a fix do not do, where they don't.
fn objection_to_steps(candidate: &Candidate<'_>, effects: &[Effect]) -> Option<String> {
    candidate.fix.steps.iter().zip(effects).find_map(|(step, effect)| {
        match &effect.outcome {
            // Where the generated rows do not fit, the step was run again on empty tables. Whether production's rows fit is
            // a matter of the statement, and another finding.
            Outcome::Done | Outcome::FailedOnRows(_) => {}
            Outcome::Failed(error) | Outcome::FollowsFrom { error, .. } => {
                return Some(format!("`{}` fails: {}", step.sql, error.message));
            }
            Outcome::Refused(reason) => return Some(format!("`{}` was not run: {reason}", step.sql)),
        }
        objection(effect, candidate).map(|(relation, what)| format!("`{}` {what} on {relation}", step.sql))
    })
}

/// A lock that was to be avoided, or work done under a lock that keeps writers waiting.
fn objection(effect: &Effect, candidate: &Candidate<'_>) -> Option<(ObjectId, String)> {
    for lock in &effect.locks {
        let avoided = candidate
            .fix
            .avoids
            .iter()
            .any(|(relation, mode)| *relation == lock.relation && lock.mode >= *mode);
        if avoided {
            return Some((lock.relation.clone(), format!("takes {}", lock.mode)));
        }
        let works = effect.scanned.contains(&lock.relation) || effect.rewritten.contains(&lock.relation);
        if works && lock.mode.blocks_writes() {
            return Some((lock.relation.clone(), format!("works under {}", lock.mode)));
        }
    }
    None
}

fn first_difference(a: &Catalog, b: &Catalog) -> Option<ObjectId> {
    let missing = a
        .objects
        .iter()
        .find(|(id, object)| b.objects.get(*id) != Some(*object))
        .map(|(id, _)| id);
    missing
        .or_else(|| b.objects.keys().find(|id| !a.objects.contains_key(*id)))
        .cloned()
}

impl Runner<'_> {
    /// Runs a migration as its tool does, without watching.
    async fn replay(&mut self, index: usize, migration: &Migration) -> Result<(), LiveError> {
        self.run_migration(index, migration, migration.run_mode)
            .await
            .map(|_| ())
    }

    /// Runs a migration with the steps of fixes in place of their statements, each step committed by itself and watched.
    async fn replay_with_fixes(
        &mut self,
        index: usize,
        migration: &Migration,
        fixes: &[&Candidate<'_>],
    ) -> Result<Vec<Vec<Effect>>, LiveError> {
        let part = |statements: &[Statement]| Migration {
            statements: statements.to_vec(),
            ..migration.clone()
        };
        // Rows first: what stands before a statement may be there to make it hold for them.
        self.prepare_tables(fixes.iter().flat_map(|fix| fix.tables.iter().cloned()).collect())
            .await?;
        let mut effects = Vec::with_capacity(fixes.len());
        let mut done = 0;
        for fix in fixes {
            let at = fix.statement.min(migration.statements.len());
            let before = without_transaction_control(part(&migration.statements[done..at]));
            self.catch_up(index, &before, migration.run_mode).await?;
            let steps: Vec<Statement> = fix.fix.steps.iter().map(statement_of).collect();
            effects.push(self.watch_migration(index, &part(&steps)).await?);
            done = (at + 1).min(migration.statements.len());
        }
        let rest = without_transaction_control(part(&migration.statements[done..]));
        self.catch_up(index, &rest, migration.run_mode).await?;
        Ok(effects)
    }

    async fn read_catalog(&mut self) -> Result<Catalog, LiveError> {
        Ok(CatalogState::read(self.client(), self.server(), Frame::Alone)
            .await?
            .catalog())
    }
}

/// A file whose own statements open a transaction can't be cut in two with them.
fn without_transaction_control(mut migration: Migration) -> Migration {
    migration.statements.retain(|statement| {
        let summary = dbwright_sql::summarise(dbwright_catalog::Engine::Postgres, &statement.text);
        !matches!(summary, dbwright_sql::Summary::Transaction(_))
    });
    migration
}

fn statement_of(step: &FixStep) -> Statement {
    Statement {
        text: step.sql.clone(),
        span: Span::new(0, 0),
        line: 1,
        copy_rows: None,
        not_sent: None,
    }
}
