//! Trying fixes on a scratch PostgreSQL.
//!
//! The history is replayed once. Before each migration that has fixes to try, the database is copied: one copy runs the
//! migration as it stands, another runs it with the fix in place of the statement. The fix holds when both end in the same
//! catalog, none of the locks was taken that it is there to avoid, and no step reads or writes a table from end to end
//! while it keeps others from writing to it.

use std::collections::BTreeMap;

use dbwright_catalog::{
    Catalog, Effect, FixStep, History, Migration, ObjectId, Outcome, Proof, RunMode, Server, Span, Statement,
};

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
    let mut proofs: Vec<Option<Proof>> = vec![None; candidates.len()];
    let mut by_migration: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        by_migration.entry(candidate.migration).or_default().push(index);
    }
    let Some(last) = by_migration.keys().next_back().copied() else { return Ok(Vec::new()) };
    let database = scratch.create_database().await?;
    let mut runner = Runner::new(scratch, &database).await?;
    if let Some(schema) = &history.schema {
        runner.load_schema(schema).await?;
    }
    for (index, migration) in history.migrations.iter().enumerate().take(last + 1) {
        if let Some(wanted) = by_migration.get(&index) {
            let settings = runner.leave().await?;
            let place = (index, migration);
            let original = run_on_copy(scratch, &database, &settings, place, None).await?;
            for &candidate in wanted {
                let fix = &candidates[candidate];
                let tried = run_on_copy(scratch, &database, &settings, place, Some(fix)).await?;
                proofs[candidate] = Some(compare(scratch.server(), &original, &tried, fix));
            }
            runner = Runner::new(scratch, &database).await?;
            runner.apply(&settings).await?;
        }
        runner.replay(index, migration).await?;
    }
    runner.leave().await?;
    scratch.drop_database(&database).await?;
    let missing = || Proof::NotTried { reason: "its migration was not reached".to_owned() };
    Ok(proofs.into_iter().map(|proof| proof.unwrap_or_else(missing)).collect())
}

/// What a run on a copy brought.
struct Run {
    catalog: Catalog,
    /// Effects of the steps of the fix; empty for the original.
    steps: Vec<Effect>,
}

/// Runs one migration on a copy of the database, as it stands or with a fix in place of a statement.
async fn run_on_copy(
    scratch: &PostgresScratch,
    database: &str,
    settings: &[(String, String)],
    (index, migration): (usize, &Migration),
    candidate: Option<&Candidate<'_>>,
) -> Result<Run, LiveError> {
    let copy = scratch.copy_database(database).await?;
    let mut runner = Runner::new(scratch, &copy).await?;
    runner.apply(settings).await?;
    let steps = match candidate {
        Some(candidate) => {
            runner.replay_with_fix(index, migration, candidate.statement, &candidate.fix.steps).await?
        }
        None => runner.replay(index, migration).await?,
    };
    let catalog = runner.read_catalog().await?;
    runner.leave().await?;
    scratch.drop_database(&copy).await?;
    Ok(Run { catalog, steps })
}

fn compare(server: &Server, original: &Run, tried: &Run, candidate: &Candidate<'_>) -> Proof {
    let fails = |reason: String| Proof::Fails { server: server.clone(), reason };
    for (step, effect) in candidate.fix.steps.iter().zip(&tried.steps) {
        if let Some(error) = effect.outcome.error() {
            return fails(format!("`{}` fails: {}", step.sql, error.message));
        }
        if let Outcome::Refused(reason) = &effect.outcome {
            return fails(format!("`{}` was not run: {reason}", step.sql));
        }
        if let Some((relation, what)) = objection(effect, candidate) {
            return fails(format!("`{}` {what} on {relation}", step.sql));
        }
    }
    match first_difference(&original.catalog, &tried.catalog) {
        Some(id) => fails(format!("the schema ends differently at the {} {id}", id.kind.name())),
        None => Proof::Holds { server: server.clone() },
    }
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
    let missing = a.objects.iter().find(|(id, object)| b.objects.get(*id) != Some(*object)).map(|(id, _)| id);
    missing.or_else(|| b.objects.keys().find(|id| !a.objects.contains_key(*id))).cloned()
}

impl Runner<'_> {
    /// Runs a migration as its tool does, without watching.
    pub(crate) async fn replay(&mut self, index: usize, migration: &Migration) -> Result<Vec<Effect>, LiveError> {
        self.run_migration(index, migration, migration.run_mode).await?;
        Ok(Vec::new())
    }

    /// Runs a migration with steps in place of one statement, each step committed by itself and watched.
    async fn replay_with_fix(
        &mut self,
        index: usize,
        migration: &Migration,
        statement: usize,
        steps: &[FixStep],
    ) -> Result<Vec<Effect>, LiveError> {
        let (before, rest) = migration.statements.split_at(statement.min(migration.statements.len()));
        let part = |statements: &[Statement]| Migration { statements: statements.to_vec(), ..migration.clone() };
        // A file whose own statements open a transaction can't be cut in two: its parts run statement by statement.
        let mode = match migration.run_mode {
            RunMode::AllInOneTransaction | RunMode::Transaction => RunMode::Transaction,
            mode @ (RunMode::EachStatement | RunMode::SimpleQuery) => mode,
        };
        // Rows first: what stands before the statement may be there to make it hold for them.
        self.prepare().await?;
        self.run_migration(index, &without_transaction_control(part(before)), mode).await?;
        let statements: Vec<Statement> = steps.iter().map(statement_of).collect();
        let effects = self.watch_migration(index, &part(&statements)).await?;
        self.run_migration(index, &without_transaction_control(part(rest.get(1..).unwrap_or_default())), mode).await?;
        Ok(effects)
    }

    async fn read_catalog(&mut self) -> Result<Catalog, LiveError> {
        Ok(CatalogState::read(self.client(), self.server(), Frame::Alone).await?.catalog())
    }
}

fn without_transaction_control(mut migration: Migration) -> Migration {
    migration.statements.retain(|statement| {
        let summary = dbwright_sql::summarise(dbwright_catalog::Engine::Postgres, &statement.text);
        !matches!(summary, dbwright_sql::Summary::Transaction(_))
    });
    migration
}

fn statement_of(step: &FixStep) -> Statement {
    Statement { text: step.sql.clone(), span: Span::new(0, 0), line: 1, copy_rows: None, not_sent: None }
}
