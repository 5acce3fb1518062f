//! Trying fixes on a scratch PostgreSQL.
//!
//! The history runs once with the fixes in place of their statements, all fixes of a migration together (a *chain*). As long as
//! each migration ends in the catalog in which it was seen to end, the next one finds what it would find otherwise. Where one
//! does not, or where what was watched does not tell in what it ends, the chain is given up: the database is copied before
//! the migration, as the history as it stands has made it, and copies run it with all fixes together, with each by itself
//! and as it stands.
//!
//! Where the history is being watched meanwhile, each migration is tried as soon as it was seen, on a server beside
//! ([`ahead`]); what is left is tried afterwards.
//!
//! A fix holds when both end in the same catalog, none of the locks was taken that it is there to avoid, and no step reads or
//! writes a table from end to end while it keeps others from writing to it.

#[cfg(unix)]
mod ahead;

#[cfg(unix)]
pub use ahead::{Early, prove_ahead};

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Catalog, Change, Effect, Fix, FixStep, History, Migration, Object, ObjectId, Outcome, Proof, Span, Statement, Trace,
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
    trace: &Trace,
    candidates: &[Candidate<'_>],
) -> Result<Vec<Proof>, LiveError> {
    let ground = Ground {
        scratch,
        history,
        prefix: None,
    };
    match ground.try_all(trace, candidates).await {
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
    };
    let proofs = match ground.try_all(trace, candidates).await {
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
}

impl Ground<'_> {
    async fn try_all(&self, trace: &Trace, candidates: &[Candidate<'_>]) -> Result<Vec<Proof>, LiveError> {
        let mut proofs: Vec<Option<Proof>> = vec![None; candidates.len()];
        let mut by_migration: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, candidate) in candidates.iter().enumerate() {
            by_migration.entry(candidate.migration).or_default().push(index);
        }
        let first = self.prefix.map_or(0, Prefix::len);
        let mut expected = Expected::of(trace);
        let mut trial = Trial::begin(self).await?;
        for (index, wanted) in by_migration.into_iter().filter(|(index, _)| *index >= first) {
            if index >= self.history.migrations.len() {
                break;
            }
            let expected = expected.after(index);
            for (candidate, proof) in trial.try_fixes(index, &wanted, candidates, expected).await? {
                proofs[candidate] = Some(proof);
            }
        }
        trial.end().await?;
        let missing = || Proof::NotTried {
            reason: "its migration was not reached".to_owned(),
        };
        Ok(proofs.into_iter().map(|proof| proof.unwrap_or_else(missing)).collect())
    }
}

/// Trying the fixes of one migration after the other.
struct Trial<'a> {
    ground: &'a Ground<'a>,
    base: Base,
    chain: Option<Chain<'a>>,
}

impl<'a> Trial<'a> {
    async fn begin(ground: &'a Ground<'a>) -> Result<Self, LiveError> {
        Ok(Trial {
            ground,
            base: Base::begin(ground).await?,
            chain: None,
        })
    }

    /// Tries the candidates with these indexes, which are those of one migration; migrations come in order. `expected` is the
    /// catalog in which it was seen to end. The proofs come with the indexes.
    async fn try_fixes(
        &mut self,
        index: usize,
        wanted: &[usize],
        candidates: &[Candidate<'_>],
        expected: Option<&Catalog>,
    ) -> Result<Vec<(usize, Proof)>, LiveError> {
        let Ground { scratch, history, .. } = *self.ground;
        if let Some(expected) = expected
            && is_one_each(wanted, candidates)
        {
            let mut running = match self.chain.take() {
                Some(running) => running,
                None => self.base.begin_chain(self.ground).await?,
            };
            let (steps, difference) = running
                .try_fixes(history, index, &in_order(wanted, candidates), expected)
                .await?;
            let tried = judge(scratch, wanted, candidates, &steps, difference.as_ref());
            if tried.iter().all(|(_, proof)| proof.holds()) {
                self.chain = Some(running);
                return Ok(tried);
            }
            // It does not stand where the history does any more.
            running.runner.discard().await?;
        }
        self.base.go_to(self.ground, index).await?;
        let mut tries = Tries {
            scratch,
            database: &self.base.database,
            settings: &self.base.settings,
            place: (index, &history.migrations[index]),
            expected,
            original: None,
        };
        tries.all(wanted, candidates).await
    }

    async fn end(self) -> Result<(), LiveError> {
        if let Some(chain) = self.chain {
            chain.runner.discard().await?;
        }
        self.ground.scratch.drop_database(&self.base.database).await
    }
}

/// Whether no two of these are for the same statement, so that they can be tried together.
fn is_one_each(wanted: &[usize], candidates: &[Candidate<'_>]) -> bool {
    let statements: BTreeSet<usize> = wanted.iter().map(|index| candidates[*index].statement).collect();
    statements.len() == wanted.len()
}

/// A database in which the history runs as it stands, for as long as nobody asks for more of it: what copies are made of.
struct Base {
    database: String,
    /// Those of the session that runs the migrations.
    settings: Settings,
    /// The migration that comes next.
    next: usize,
}

impl Base {
    async fn begin(ground: &Ground<'_>) -> Result<Self, LiveError> {
        let runner = Runner::at(ground.scratch, ground.history, ground.prefix).await?;
        Ok(Base {
            database: runner.database().to_owned(),
            settings: runner.leave().await,
            next: ground.prefix.map_or(0, Prefix::len),
        })
    }

    /// Runs what comes before a migration.
    async fn go_to(&mut self, ground: &Ground<'_>, index: usize) -> Result<(), LiveError> {
        if self.next >= index {
            return Ok(());
        }
        let mut runner = Runner::new(ground.scratch, &self.database).await?;
        runner.apply(&self.settings).await?;
        for (index, migration) in ground.history.migrations.iter().enumerate().take(index).skip(self.next) {
            runner.replay(index, migration).await?;
        }
        self.settings = runner.leave().await;
        self.next = index;
        Ok(())
    }

    async fn begin_chain<'a>(&self, ground: &Ground<'a>) -> Result<Chain<'a>, LiveError> {
        let copy = ground.scratch.copy_database(&self.database).await?;
        let mut runner = Runner::new(ground.scratch, &copy).await?;
        runner.apply(&self.settings).await?;
        Ok(Chain {
            runner,
            next: self.next,
        })
    }
}

/// A database in which the history runs with the fixes in place of their statements, one migration after the other. As long
/// as every fix ends in the catalog in which its migration ends, the next migration finds what it would find otherwise.
struct Chain<'a> {
    runner: Runner<'a>,
    /// The migration that comes next.
    next: usize,
}

impl Chain<'_> {
    /// Runs what comes before a migration, and then that one with fixes (in the order of their statements): what their
    /// steps did, and the first object that is not as it is expected at the end.
    async fn try_fixes(
        &mut self,
        history: &History,
        index: usize,
        fixes: &[&Candidate<'_>],
        expected: &Catalog,
    ) -> Result<(Vec<Vec<Effect>>, Option<ObjectId>), LiveError> {
        let before = self.next.min(index)..index;
        let since = self.runner.next_transaction_id().await?;
        let is_empty = before.is_empty();
        for (index, migration) in before.clone().zip(&history.migrations[before]) {
            self.runner.replay(index, migration).await?;
        }
        if !is_empty && self.runner.catalog().is_some() {
            self.runner.read_changes(since).await?;
        }
        let steps = self
            .runner
            .replay_with_fixes(index, &history.migrations[index], fixes)
            .await?;
        // What comes next must not meet rows that it would not meet otherwise.
        self.runner.remove_rows().await?;
        self.next = index + 1;
        let difference = match self.runner.catalog() {
            Some(catalog) => first_difference(expected, catalog),
            None => first_difference(expected, &self.runner.read_catalog().await?),
        };
        Ok((steps, difference))
    }
}

/// The candidates in the order of their statements.
fn in_order<'a, 'b>(wanted: &[usize], candidates: &'a [Candidate<'b>]) -> Vec<&'a Candidate<'b>> {
    let mut chosen: Vec<&Candidate<'_>> = wanted.iter().map(|index| &candidates[*index]).collect();
    chosen.sort_by_key(|candidate| candidate.statement);
    chosen
}

/// The catalogs in which migrations end, as far as what was watched tells: of those after which nothing was only replayed.
struct Expected<'a> {
    trace: &'a Trace,
    catalog: Catalog,
    /// The migration whose changes come next.
    next: usize,
}

impl<'a> Expected<'a> {
    /// From the end of the history backwards to the first migration of which the changes are known.
    fn of(trace: &'a Trace) -> Self {
        let known = trace.migrations.iter().rev().take_while(|migration| migration.judged);
        let next = trace.migrations.len() - known.clone().count();
        let mut catalog = Catalog {
            server: trace.catalog.server.clone(),
            objects: trace.catalog.objects.clone(),
            dependencies: BTreeSet::new(),
        };
        for effect in known.flat_map(|migration| migration.effects.iter().rev()) {
            undo(&mut catalog.objects, &effect.changes);
        }
        Expected { trace, catalog, next }
    }

    /// The catalog after this migration; they are asked for in order.
    fn after(&mut self, index: usize) -> Option<&Catalog> {
        let migrations = &self.trace.migrations;
        if index + 1 < self.next || index >= migrations.len() {
            return None;
        }
        while self.next <= index {
            for effect in &migrations[self.next].effects {
                redo(&mut self.catalog.objects, &effect.changes);
            }
            self.next += 1;
        }
        // A migration that was only replayed, or one that was passed already.
        (self.next == index + 1).then_some(&self.catalog)
    }
}

fn undo(objects: &mut BTreeMap<ObjectId, Object>, changes: &[Change]) {
    for change in changes {
        if let Change::Created(after) | Change::Altered { after, .. } = change {
            objects.remove(&after.id);
        }
    }
    for change in changes {
        if let Change::Dropped(before) | Change::Altered { before, .. } = change {
            objects.insert(before.id.clone(), before.clone());
        }
    }
}

pub(super) fn redo(objects: &mut BTreeMap<ObjectId, Object>, changes: &[Change]) {
    for change in changes {
        if let Change::Dropped(before) | Change::Altered { before, .. } = change {
            objects.remove(&before.id);
        }
    }
    for change in changes {
        if let Change::Created(after) | Change::Altered { after, .. } = change {
            objects.insert(after.id.clone(), after.clone());
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
    expected: Option<&'a Catalog>,
    /// What it ends in as it stands, once that was needed.
    original: Option<Catalog>,
}

impl Tries<'_> {
    /// Proofs of these candidates, with their indexes.
    async fn all(&mut self, wanted: &[usize], candidates: &[Candidate<'_>]) -> Result<Vec<(usize, Proof)>, LiveError> {
        if wanted.len() > 1 && is_one_each(wanted, candidates) {
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
        let chosen = in_order(wanted, candidates);
        let tried = run_on_copy(self.scratch, self.database, self.settings, self.place, &chosen).await?;
        let difference = self.difference(&tried.catalog).await?;
        Ok(judge(
            self.scratch,
            wanted,
            candidates,
            &tried.steps,
            difference.as_ref(),
        ))
    }

    /// The first object that is not as the migration leaves it. Only the migration itself can tell of a difference.
    async fn difference(&mut self, tried: &Catalog) -> Result<Option<ObjectId>, LiveError> {
        if self
            .expected
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
        (steps, runner.catalog().cloned())
    };
    let catalog = match catalog {
        Some(catalog) => catalog,
        None => runner.read_catalog().await?,
    };
    runner.discard().await?;
    Ok(Run { catalog, steps })
}

/// Whether fixes hold that were run together, with their indexes, by what their steps did (in the order of the statements) and
/// by whether the migration ended otherwise.
fn judge(
    scratch: &PostgresScratch,
    wanted: &[usize],
    candidates: &[Candidate<'_>],
    steps: &[Vec<Effect>],
    difference: Option<&ObjectId>,
) -> Vec<(usize, Proof)> {
    let server = scratch.server();
    let mut wanted = wanted.to_vec();
    wanted.sort_by_key(|index| candidates[*index].statement);
    let proofs = wanted.into_iter().zip(steps).map(|(index, effects)| {
        let reason = objection_to_steps(&candidates[index], effects).or_else(|| {
            let id = difference?;
            Some(format!("the schema ends differently at the {} {id}", id.kind.name()))
        });
        let proof = match reason {
            Some(reason) => Proof::Fails {
                server: server.clone(),
                reason,
            },
            None => Proof::Holds { server: server.clone() },
        };
        (index, proof)
    });
    proofs.collect()
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
        objection(effect, candidate.fix).map(|(relation, what)| format!("`{}` {what} on {relation}", step.sql))
    })
}

/// A lock that was to be avoided, or work done under a lock that keeps writers waiting.
pub fn objection(effect: &Effect, fix: &Fix) -> Option<(ObjectId, String)> {
    for lock in &effect.locks {
        let avoided = fix
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

/// The first object that two catalogs do not have in common.
pub fn first_difference(a: &Catalog, b: &Catalog) -> Option<ObjectId> {
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
            .into_catalog())
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
