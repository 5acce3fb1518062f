//! Proving plans for MySQL and MariaDB, and asking the server how it would carry them out.
//!
//! The schema that a plan starts from is built in a database of its own, every table gets generated rows, and the plan runs
//! step by step. Where rows that we made up are in the way of a step (a duplicate under a new unique index, a NULL under a
//! new NOT NULL), those of the table are taken out and the step runs again: whether real rows are in the way, only the
//! real database can tell, and the steps say so.
//!
//! An `ALTER TABLE` is sent as the tracer sends it: with the cheapest algorithm first and the weakest lock. The first offer
//! that the server accepts is carried out and can be written into the step.

mod copy;
mod fingerprint;
mod offers;

use std::collections::BTreeSet;

use dbwright_catalog::{
    Catalog, Change, ObjectId, Plan, PlanCheck, PlanClaim, PlanOutcome, PlanProof, Reading, changes,
};
use dbwright_ddl::{PlanOptions, plan as plan_between};

use super::wanted::{left_empty, rows_wanted};
use crate::LiveError;
use crate::scratch::mysql_family::MySqlFamilyScratch;
use copy::{Copy, Ran};
use fingerprint::Fingerprints;

/// How many differences are told.
const DIFFERENCES_MAX: usize = 20;

/// Carries out a plan on a copy of the schema that it starts from, and tells what came of it. `reverse` is the plan that
/// leads back.
///
/// # Errors
///
/// When the server or a session breaks.
pub async fn prove(
    scratch: &MySqlFamilyScratch,
    before: &Catalog,
    after: &Catalog,
    plan: &Plan,
    reverse: Option<&Plan>,
) -> Result<PlanProof, LiveError> {
    let mut plan = plan.clone();
    prove_asking(scratch, before, after, &mut plan, reverse, Asking::No).await
}

/// The same, and asks the server for the cheapest way of each step, which is written into the plan: `ALGORITHM=…, LOCK=…`.
///
/// # Errors
///
/// When the server or a session breaks.
pub async fn refine_and_prove(
    scratch: &MySqlFamilyScratch,
    before: &Catalog,
    after: &Catalog,
    plan: &mut Plan,
    reverse: Option<&Plan>,
) -> Result<PlanProof, LiveError> {
    prove_asking(scratch, before, after, plan, reverse, Asking::Cheapest).await
}

/// Builds a schema from its model in a new database of the scratch server, and reads it again. The database stays.
///
/// # Errors
///
/// When the server or a session breaks.
pub async fn rebuild(
    scratch: &MySqlFamilyScratch,
    catalog: &Catalog,
) -> Result<Result<(String, Reading), Vec<String>>, LiveError> {
    match Copy::build(scratch, catalog).await? {
        Ok(mut copy) => {
            let reading = copy.read().await?;
            Ok(Ok((copy.leave(), reading)))
        }
        Err(problems) => Ok(Err(problems)),
    }
}

/// How steps are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// As they stand.
    No,
    /// With the cheapest clause that is accepted.
    Cheapest,
}

async fn prove_asking(
    scratch: &MySqlFamilyScratch,
    before: &Catalog,
    after: &Catalog,
    plan: &mut Plan,
    reverse: Option<&Plan>,
    asking: Asking,
) -> Result<PlanProof, LiveError> {
    let mut checks = Checks::default();
    let mut copy = match Copy::build(scratch, before).await? {
        Ok(copy) => copy,
        Err(problems) => {
            checks.put(PlanClaim::StartIsRebuilt, PlanOutcome::Fails(problems));
            return Ok(checks.into_proof(scratch));
        }
    };
    let outcome = prove_on(&mut copy, before, after, plan, reverse, asking, &mut checks).await;
    let name = copy.leave();
    let dropped = scratch.drop_database(&name).await;
    outcome?;
    dropped?;
    Ok(checks.into_proof(scratch))
}

async fn prove_on(
    copy: &mut Copy<'_>,
    before: &Catalog,
    after: &Catalog,
    plan: &mut Plan,
    reverse: Option<&Plan>,
    asking: Asking,
    checks: &mut Checks,
) -> Result<(), LiveError> {
    copy.make_accounts(after).await?;
    let start = copy.read().await?.catalog;
    let differences = differences(&start, before);
    let is_rebuilt = differences.is_empty();
    checks.decide(PlanClaim::StartIsRebuilt, differences);
    if !is_rebuilt {
        return Ok(());
    }
    // Which the goal allows as well, where that can be.
    let mut unfilled = copy.fill(&rows_wanted(&start, after), None).await?;
    let empty = left_empty(&unfilled);
    if !empty.is_empty() {
        unfilled = copy.fill(&start, Some(&empty)).await?;
    }
    let prints = Fingerprints::take(copy, before, after, plan).await?;
    let mut emptied = BTreeSet::new();
    for step in plan.phases.iter_mut().flat_map(|phase| &mut phase.steps) {
        match copy.run(step, asking, &start).await? {
            Ran::Done => {}
            Ran::DoneWithoutRows(tables) => emptied.extend(tables),
            Ran::Failed(problem) => {
                checks.put(PlanClaim::Applies, PlanOutcome::Fails(vec![problem]));
                return Ok(());
            }
        }
    }
    checks.put(PlanClaim::Applies, PlanOutcome::Holds);
    let end = copy.read().await?.catalog;
    checks.decide(PlanClaim::ReachesGoal, self::differences(&end, after));
    for outcome in prints.compare(copy, &emptied, &unfilled).await? {
        checks.put(PlanClaim::KeepsRows, outcome);
    }
    let second = plan_between(&end, after, &PlanOptions::default());
    let left = second
        .steps()
        .map(|step| format!("{} would be run once more.", step.sql));
    let refused = second
        .refusals
        .iter()
        .map(|refusal| format!("{}: {}", refusal.object, refusal.reason));
    checks.decide(PlanClaim::Converges, left.chain(refused).collect());
    let outcome = match reverse {
        Some(reverse) => go_back(copy, before, &end, reverse).await?,
        None => PlanOutcome::NotTried("no reverse plan was given".to_owned()),
    };
    checks.put(PlanClaim::Reverses, outcome);
    Ok(())
}

/// Carries out the reverse plan and looks whether everything is as it was.
async fn go_back(
    copy: &mut Copy<'_>,
    before: &Catalog,
    end: &Catalog,
    reverse: &Plan,
) -> Result<PlanOutcome, LiveError> {
    if let Some(refusal) = reverse.refusals.first() {
        return Ok(PlanOutcome::NotTried(format!(
            "the reverse plan is refused: {}: {}",
            refusal.object, refusal.reason
        )));
    }
    for step in reverse.steps() {
        if let Ran::Failed(problem) = copy.run(&mut step.clone(), Asking::No, end).await? {
            return Ok(PlanOutcome::Fails(vec![problem]));
        }
    }
    let back = copy.read().await?.catalog;
    let differences = differences(&back, before);
    Ok(if differences.is_empty() {
        PlanOutcome::Holds
    } else {
        PlanOutcome::Fails(differences)
    })
}

/// What is another than wanted, in whole sentences; the first few. Where the goal does not say who owns an object, any
/// owner will do.
fn differences(found: &Catalog, wanted: &Catalog) -> Vec<String> {
    let is_unsaid = |id: &ObjectId| {
        let of_owner = id.kind == dbwright_catalog::ObjectKind::Owner;
        of_owner && id.target().is_some_and(|target| wanted.get(&target).is_some())
    };
    let sentence = |change: Change| match change {
        Change::Created(object) => format!(
            "The {} {} should be there and is not.",
            object.id.kind.name(),
            object.id
        ),
        Change::Dropped(object) if is_unsaid(&object.id) => String::new(),
        Change::Dropped(object) => format!(
            "The {} {} is there and should not be: {}",
            object.id.kind.name(),
            object.id,
            object.definition
        ),
        Change::Altered { before, after } if before.definition == after.definition => format!(
            "The {} {} is understood as {:?} and should be {:?}.",
            before.id.kind.name(),
            before.id,
            before.body,
            after.body
        ),
        Change::Altered { before, after } => format!(
            "The {} {} is {} and should be {}",
            before.id.kind.name(),
            before.id,
            before.definition,
            after.definition
        ),
    };
    let sentences = changes(found, wanted).into_iter().map(sentence);
    sentences
        .filter(|sentence| !sentence.is_empty())
        .take(DIFFERENCES_MAX)
        .collect()
}

/// What was tried so far.
#[derive(Default)]
struct Checks(Vec<PlanCheck>);

impl Checks {
    fn put(&mut self, claim: PlanClaim, outcome: PlanOutcome) {
        self.0.push(PlanCheck { claim, outcome });
    }

    /// It holds where there are no problems.
    fn decide(&mut self, claim: PlanClaim, problems: Vec<String>) {
        let outcome = if problems.is_empty() {
            PlanOutcome::Holds
        } else {
            PlanOutcome::Fails(problems)
        };
        self.put(claim, outcome);
    }

    /// What was not come to is said to be so.
    fn into_proof(mut self, scratch: &MySqlFamilyScratch) -> PlanProof {
        for claim in [
            PlanClaim::StartIsRebuilt,
            PlanClaim::Applies,
            PlanClaim::ReachesGoal,
            PlanClaim::KeepsRows,
            PlanClaim::Converges,
            PlanClaim::Reverses,
        ] {
            if !self.0.iter().any(|check| check.claim == claim) {
                self.put(claim, PlanOutcome::NotTried("what comes before it failed".to_owned()));
            }
        }
        PlanProof {
            server: scratch.server().clone(),
            checks: self.0,
        }
    }
}
