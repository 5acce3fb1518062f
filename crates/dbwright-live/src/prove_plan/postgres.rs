//! Proofs of plans for PostgreSQL.

pub(crate) mod apply;
pub(crate) mod fingerprint;

use std::collections::BTreeSet;

use dbwright_catalog::{
    Catalog, Change, Object, ObjectBody, ObjectId, ObjectKind, Plan, PlanCheck, PlanClaim, PlanOutcome, PlanProof,
};
use dbwright_ddl::{PlanOptions, Rows, diff, render};

use self::apply::{Applied, Applier, Stop};
use self::fingerprint::{Fingerprints, Sides};
use crate::LiveError;
use crate::fill::postgres::fill;
use crate::introspect::postgres::read_whole;
use crate::scratch::postgres::{PostgresScratch, Session, Who};

/// Carries out a plan on a copy of the schema that it starts from, with generated rows in its tables, and then the plan that
/// leads back, where there is one. What is tried and what came of it stands in the proof, in the order of
/// [`PlanClaim`]; a plan that could not be tried to its end is told as such. Memberships of roles belong to the whole server
/// and are no part of what is tried.
///
/// # Errors
///
/// When the server or a session breaks.
pub async fn prove(
    scratch: &PostgresScratch,
    before: &Catalog,
    after: &Catalog,
    plan: &Plan,
    reverse: Option<&Plan>,
) -> Result<PlanProof, LiveError> {
    let proved = prove_unexplained(scratch, before, after, plan, reverse).await;
    match proved {
        Ok(checks) => Ok(PlanProof {
            server: scratch.server().clone(),
            checks,
        }),
        Err(error) => Err(scratch.why(error).await),
    }
}

async fn prove_unexplained(
    scratch: &PostgresScratch,
    before: &Catalog,
    after: &Catalog,
    plan: &Plan,
    reverse: Option<&Plan>,
) -> Result<Vec<PlanCheck>, LiveError> {
    for catalog in [before, after] {
        make_roles(scratch, catalog).await?;
    }
    let (before, after) = (&without_memberships(before), &without_memberships(after));
    let database = scratch.create_database().await?;
    let session = scratch.connect(&database, Who::Migrator).await?;
    let mut trial = Trial {
        session: &session,
        scratch,
        checks: Vec::new(),
    };
    let outcome = trial.run(before, after, plan, reverse).await;
    let checks = trial.checks;
    session.close().await;
    scratch.drop_database(&database).await?;
    outcome.map(|()| complete(checks))
}

/// Claims that were not reached.
fn complete(mut checks: Vec<PlanCheck>) -> Vec<PlanCheck> {
    let claims = [
        PlanClaim::StartIsRebuilt,
        PlanClaim::Applies,
        PlanClaim::ReachesGoal,
        PlanClaim::KeepsRows,
        PlanClaim::Converges,
        PlanClaim::Reverses,
    ];
    for claim in claims {
        if !checks.iter().any(|check| check.claim == claim) {
            let outcome = PlanOutcome::NotTried("an earlier step of the proof did not come to its end".to_owned());
            checks.push(PlanCheck { claim, outcome });
        }
    }
    checks.sort_by_key(|check| check.claim);
    checks
}

/// One run of a plan.
struct Trial<'a> {
    session: &'a Session,
    scratch: &'a PostgresScratch,
    checks: Vec<PlanCheck>,
}

impl Trial<'_> {
    fn say(&mut self, claim: PlanClaim, outcome: PlanOutcome) {
        self.checks.push(PlanCheck { claim, outcome });
    }

    /// Holds where there is nothing to complain of.
    fn judge(&mut self, claim: PlanClaim, complaints: Vec<String>) -> bool {
        let holds = complaints.is_empty();
        let outcome = if holds {
            PlanOutcome::Holds
        } else {
            PlanOutcome::Fails(complaints)
        };
        self.say(claim, outcome);
        holds
    }

    async fn run(
        &mut self,
        before: &Catalog,
        after: &Catalog,
        plan: &Plan,
        reverse: Option<&Plan>,
    ) -> Result<(), LiveError> {
        if !self.build(before).await? {
            return Ok(());
        }
        let start = self.read().await?;
        let mut rows = Rows::default();
        let unfilled = fill(&self.session.client, &start, &mut rows, None).await?;
        let empty_at_first: BTreeSet<ObjectId> = unfilled
            .into_iter()
            .filter(|unfilled| unfilled.rows == 0)
            .map(|unfilled| unfilled.table)
            .collect();
        let sides = Sides { before, after };
        let fingerprints = Fingerprints::read(&self.session.client, sides, before).await?;
        let mut applier = Applier::new(self.session, self.scratch, &start);
        match applier.apply(plan).await? {
            Applied::Done => self.say(PlanClaim::Applies, PlanOutcome::Holds),
            Applied::Stopped(Stop::Fails(reason)) => {
                self.say(PlanClaim::Applies, PlanOutcome::Fails(vec![reason]));
                return Ok(());
            }
            Applied::Stopped(Stop::MayNot(reason)) => {
                self.say(PlanClaim::Applies, PlanOutcome::NotTried(reason));
                return Ok(());
            }
        }
        let reached = self.read().await?;
        let goal = self.judge(PlanClaim::ReachesGoal, differences(&reached, after));
        self.compare_rows(&fingerprints, &applier, sides, &empty_at_first)
            .await?;
        if goal {
            let second = dbwright_ddl::plan(&reached, after, &PlanOptions::default());
            let steps = second
                .steps()
                .map(|step| format!("A second plan would run `{}`.", step.sql));
            let refusals = second
                .refusals
                .iter()
                .map(|refusal| format!("A second plan refuses {}: {}", refusal.object, refusal.reason));
            self.judge(PlanClaim::Converges, steps.chain(refusals).collect());
        }
        match reverse {
            None => self.say(
                PlanClaim::Reverses,
                PlanOutcome::NotTried("there is no plan that leads back".to_owned()),
            ),
            Some(reverse) if goal => self.reverse(&reached, before, reverse).await?,
            Some(_) => {}
        }
        Ok(())
    }

    /// Builds the start from its model. Whether that came out.
    async fn build(&mut self, before: &Catalog) -> Result<bool, LiveError> {
        let rendered = render(before);
        if let Some(refusal) = rendered.refusals.first() {
            let reason = format!("{} can't be built from its model: {}", refusal.object, refusal.reason);
            self.say(PlanClaim::StartIsRebuilt, PlanOutcome::NotTried(reason));
            return Ok(false);
        }
        for step in &rendered.steps {
            match apply::run_step(self.session, self.scratch, "", &step.sql).await? {
                Ok(()) => {}
                Err(error) if error.is_missing_right() => {
                    let reason = format!(
                        "`{}` needs more rights than a scratch database gives: {}",
                        step.sql, error.message
                    );
                    self.say(PlanClaim::StartIsRebuilt, PlanOutcome::NotTried(reason));
                    return Ok(false);
                }
                Err(error) => {
                    if let Some(reason) = error.missing_extension(&step.sql) {
                        self.say(PlanClaim::StartIsRebuilt, PlanOutcome::NotTried(reason));
                        return Ok(false);
                    }
                    let reason = format!("`{}` fails: {}.", step.sql, error.message);
                    return Ok(self.judge(PlanClaim::StartIsRebuilt, vec![reason]));
                }
            }
        }
        // What the schema is written with is not what it is used with.
        let reset = self
            .session
            .client
            .simple_query("RESET search_path; RESET check_function_bodies");
        reset
            .await
            .map_err(|source| LiveError::postgres("proving a plan", source))?;
        let built = self.read().await?;
        Ok(self.judge(PlanClaim::StartIsRebuilt, differences(&built, before)))
    }

    async fn read(&self) -> Result<Catalog, LiveError> {
        let reading = read_whole(&self.session.client, self.scratch.server()).await?;
        Ok(without_memberships(&reading.catalog))
    }

    async fn compare_rows(
        &mut self,
        fingerprints: &Fingerprints,
        applier: &Applier<'_>,
        sides: Sides<'_>,
        empty_at_first: &BTreeSet<ObjectId>,
    ) -> Result<(), LiveError> {
        let now = Fingerprints::read(&self.session.client, sides, sides.after).await?;
        let emptied = applier.emptied_with_relatives(&[sides.before, sides.after]);
        let complaints = fingerprints.compare(&now, &emptied);
        if !complaints.is_empty() {
            self.judge(PlanClaim::KeepsRows, complaints);
            return Ok(());
        }
        let names = |tables: &BTreeSet<ObjectId>| {
            let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
            names.join(", ")
        };
        let outcome = if let Some(reason) = applier.first_misfit() {
            PlanOutcome::NotTried(format!("generated rows of {} do not fit: {reason}", names(&emptied)))
        } else if !empty_at_first.is_empty() {
            PlanOutcome::NotTried(format!("no rows could be made for {}", names(empty_at_first)))
        } else {
            PlanOutcome::Holds
        };
        self.say(PlanClaim::KeepsRows, outcome);
        Ok(())
    }

    async fn reverse(&mut self, reached: &Catalog, before: &Catalog, reverse: &Plan) -> Result<(), LiveError> {
        if let Some(refusal) = reverse.refusals.first() {
            let reason = format!("the way back is refused: {}: {}", refusal.object, refusal.reason);
            self.say(PlanClaim::Reverses, PlanOutcome::NotTried(reason));
            return Ok(());
        }
        let mut applier = Applier::new(self.session, self.scratch, reached);
        match applier.apply(reverse).await? {
            Applied::Done => {
                let back = self.read().await?;
                self.judge(PlanClaim::Reverses, differences(&back, before));
            }
            Applied::Stopped(Stop::Fails(reason)) => {
                self.say(PlanClaim::Reverses, PlanOutcome::Fails(vec![reason]));
            }
            Applied::Stopped(Stop::MayNot(reason)) => self.say(PlanClaim::Reverses, PlanOutcome::NotTried(reason)),
        }
        Ok(())
    }
}

/// A schema without what is said of roles, which belong to the whole server: those of a scratch server are made by dbwright.
fn without_memberships(catalog: &Catalog) -> Catalog {
    let mut catalog = catalog.clone();
    catalog.objects.retain(|id, _| id.kind != ObjectKind::Membership);
    catalog
}

/// Every object that is not as it should be, in whole sentences.
fn differences(is: &Catalog, should: &Catalog) -> Vec<String> {
    let mut diff = diff(is, should);
    // The roles of a scratch server are made by us.
    diff.changes
        .retain(|change| change.object().id.kind != ObjectKind::Membership);
    let name = |object: &Object| format!("The {} {}", object.id.kind.name(), object.id);
    let changes = diff.changes.iter().map(|change| match change {
        Change::Created(object) => format!("{} is missing.", name(object)),
        Change::Dropped(object) => format!("{} is there and should not be.", name(object)),
        Change::Altered { before, after } => unequal(before, after),
    });
    let opaque = diff.opaque.iter().map(|opaque| unequal(&opaque.before, &opaque.after));
    changes.chain(opaque).collect()
}

fn unequal(is: &Object, should: &Object) -> String {
    let name = format!("The {} {}", is.id.kind.name(), is.id);
    if is.definition == should.definition {
        return format!("{name} is {:?} and should be {:?}.", is.body, should.body);
    }
    format!("{name} is {} and should be {}.", is.definition, should.definition)
}

/// Makes the roles that a schema speaks of, on a server of our own.
async fn make_roles(scratch: &PostgresScratch, catalog: &Catalog) -> Result<(), LiveError> {
    if !scratch.is_own_cluster() {
        return Ok(());
    }
    for role in roles(catalog) {
        match scratch.create_role(&role).await {
            Ok(()) | Err(LiveError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The roles that a schema speaks of.
pub(crate) fn roles(catalog: &Catalog) -> BTreeSet<String> {
    let mut roles = BTreeSet::new();
    for object in catalog.objects.values() {
        match &object.body {
            ObjectBody::Owner(owner) => {
                roles.insert(owner.role.clone());
            }
            ObjectBody::Grant(_) | ObjectBody::UserMapping(_) => {
                roles.insert(object.id.name().to_owned());
            }
            ObjectBody::DefaultPrivilege(_) => {
                roles.extend(object.id.path.first().cloned());
                roles.insert(object.id.name().to_owned());
            }
            ObjectBody::Membership(_) => roles.extend(object.id.path.iter().cloned()),
            ObjectBody::Policy(policy) => roles.extend(policy.roles.iter().cloned()),
            _ => {}
        }
    }
    roles.retain(|role| !role.is_empty() && !role.eq_ignore_ascii_case("public") && !role.starts_with("pg_"));
    roles
}
