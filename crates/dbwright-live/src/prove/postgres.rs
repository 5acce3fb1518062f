//! Trying fixes on a scratch PostgreSQL.
//!
//! The history is replayed once. Before each migration that has fixes to try, the database is copied: one copy runs the
//! migration as it stands, another runs it with the fixes in place of their statements. A fix holds when both end in the
//! same catalog, none of the locks was taken that it is there to avoid, and no step reads or writes a table from end to end
//! while it keeps others from writing to it. All fixes of a migration are tried together first; where that does not hold
//! for all, each is tried by itself.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, Effect, FixStep, History, Migration, ObjectId, Outcome, Proof, Span, Statement};

use super::Candidate;
use crate::LiveError;
use crate::introspect::postgres::{CatalogState, Frame};
use crate::scratch::postgres::PostgresScratch;
use crate::trace::postgres::Runner;

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
    match try_all(scratch, history, candidates).await {
        Ok(proofs) => Ok(proofs),
        Err(error) => Err(scratch.why(error).await),
    }
}

async fn try_all(
    scratch: &PostgresScratch,
    history: &History,
    candidates: &[Candidate<'_>],
) -> Result<Vec<Proof>, LiveError> {
    let mut proofs: Vec<Option<Proof>> = vec![None; candidates.len()];
    let mut by_migration: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        by_migration.entry(candidate.migration).or_default().push(index);
    }
    let Some(last) = by_migration.keys().next_back().copied() else {
        return Ok(Vec::new());
    };
    let database = scratch.create_database().await?;
    let mut runner = Runner::new(scratch, &database).await?;
    runner.begin(history).await?;
    for (index, migration) in history.migrations.iter().enumerate().take(last + 1) {
        if let Some(wanted) = by_migration.get(&index) {
            let settings = runner.leave().await?;
            let place = (index, migration);
            let original = run_on_copy(scratch, &database, &settings, place, &[]).await?;
            let tries = Tries {
                scratch,
                database: &database,
                settings: &settings,
                place,
                original: &original,
            };
            for (candidate, proof) in tries.all(wanted, candidates).await? {
                proofs[candidate] = Some(proof);
            }
            runner = Runner::new(scratch, &database).await?;
            runner.apply(&settings).await?;
        }
        runner.replay(index, migration).await?;
    }
    runner.leave().await?;
    scratch.drop_database(&database).await?;
    let missing = || Proof::NotTried {
        reason: "its migration was not reached".to_owned(),
    };
    Ok(proofs.into_iter().map(|proof| proof.unwrap_or_else(missing)).collect())
}

/// What trying the fixes of one migration needs.
struct Tries<'a> {
    scratch: &'a PostgresScratch,
    database: &'a str,
    settings: &'a [(String, String)],
    place: (usize, &'a Migration),
    original: &'a Run,
}

impl Tries<'_> {
    /// Proofs of these candidates, with their indexes.
    async fn all(&self, wanted: &[usize], candidates: &[Candidate<'_>]) -> Result<Vec<(usize, Proof)>, LiveError> {
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

    async fn together(&self, wanted: &[usize], candidates: &[Candidate<'_>]) -> Result<Vec<(usize, Proof)>, LiveError> {
        let mut wanted = wanted.to_vec();
        wanted.sort_by_key(|index| candidates[*index].statement);
        let chosen: Vec<&Candidate<'_>> = wanted.iter().map(|index| &candidates[*index]).collect();
        let tried = run_on_copy(self.scratch, self.database, self.settings, self.place, &chosen).await?;
        let difference = first_difference(&self.original.catalog, &tried.catalog);
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
    settings: &[(String, String)],
    (index, migration): (usize, &Migration),
    fixes: &[&Candidate<'_>],
) -> Result<Run, LiveError> {
    let copy = scratch.copy_database(database).await?;
    let mut runner = Runner::new(scratch, &copy).await?;
    runner.apply(settings).await?;
    let steps = if fixes.is_empty() {
        runner.replay(index, migration).await?;
        Vec::new()
    } else {
        runner.replay_with_fixes(index, migration, fixes).await?
    };
    let catalog = runner.read_catalog().await?;
    runner.leave().await?;
    scratch.drop_database(&copy).await?;
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
            self.run_migration(index, &before, migration.run_mode).await?;
            let steps: Vec<Statement> = fix.fix.steps.iter().map(statement_of).collect();
            effects.push(self.watch_migration(index, &part(&steps)).await?);
            done = (at + 1).min(migration.statements.len());
        }
        let rest = without_transaction_control(part(&migration.statements[done..]));
        self.run_migration(index, &rest, migration.run_mode).await?;
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
