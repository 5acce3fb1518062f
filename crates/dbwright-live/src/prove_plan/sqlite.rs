//! Proofs of plans for SQLite, on databases in memory.

mod apply;
mod rows;
mod thin;

use dbwright_catalog::{
    Catalog, Engine, Object, ObjectId, Plan, PlanCheck, PlanClaim, PlanOutcome, PlanProof, Unfilled,
};
use dbwright_ddl::{PlanOptions, Rows, plan, render};
use rusqlite::Connection;

use super::wanted::{left_empty, rows_wanted};
use crate::introspect::sqlite::{read_whole, server};
use crate::{LiveError, fill};
use rows::Fingerprints;

/// How many differences are told one by one.
const DIFFERENCES_MAX: usize = 10;

/// Builds `before`, puts rows into it, carries out the plan, and looks whether it is `after` with the same rows, then takes
/// it back. Both catalogs are those of [`read_whole`].
pub fn prove(before: &Catalog, after: &Catalog, plan: &Plan, reverse: Option<&Plan>) -> Result<PlanProof, LiveError> {
    let mut proof = Proof { checks: Vec::new() };
    proof.run(before, after, plan, reverse)?;
    Ok(PlanProof {
        server: server(),
        checks: proof.checks,
    })
}

struct Proof {
    checks: Vec<PlanCheck>,
}

impl Proof {
    fn run(&mut self, before: &Catalog, after: &Catalog, plan: &Plan, reverse: Option<&Plan>) -> Result<(), LiveError> {
        let mut start = database()?;
        let built = build(&start, before).and_then(|()| equal(&mut start, before));
        if !self.note(PlanClaim::StartIsRebuilt, built) {
            return Ok(());
        }
        if let Some(refusal) = plan.refusals.first() {
            let reason = format!("The plan can't do all of it: {}: {}", refusal.object, refusal.reason);
            self.checks.push(PlanCheck {
                claim: PlanClaim::Applies,
                outcome: PlanOutcome::NotTried(reason),
            });
            return Ok(());
        }
        let unfilled = fill_tables(&start, before, after)?;
        let Some((started, mut end)) = self.apply(PlanClaim::Applies, start, before, after, plan)? else {
            return Ok(());
        };
        let goal = equal(&mut end, after);
        self.note(PlanClaim::ReachesGoal, goal);
        let fingerprints = Fingerprints::of(before, after, plan);
        let kept = fingerprints.compare(&started, &end);
        self.note(PlanClaim::KeepsRows, kept);
        for table in unfilled.iter().filter(|unfilled| fingerprints.has(&unfilled.table)) {
            self.not_tried(
                PlanClaim::KeepsRows,
                format!(
                    "{} could be given {} rows only: {}.",
                    table.table, table.rows, table.reason
                ),
            );
        }
        let second = converges(&mut end, after);
        self.note(PlanClaim::Converges, second);
        self.reverse(end, before, after, reverse)
    }

    /// Carries out a plan; rows that the goal does not allow are taken out first and told. The database as it was before the
    /// plan, and as it is after it.
    fn apply(
        &mut self,
        claim: PlanClaim,
        start: Connection,
        before: &Catalog,
        after: &Catalog,
        plan: &Plan,
    ) -> Result<Option<(Connection, Connection)>, LiveError> {
        let applied = thin::apply(start, before, after, plan)?;
        for table in applied.thinned {
            self.not_tried(
                PlanClaim::KeepsRows,
                format!(
                    "{} of {} generated rows of {} do not satisfy what is new, and were taken out first.",
                    table.taken, table.rows, table.name
                ),
            );
        }
        match applied.outcome {
            Ok(end) => {
                self.note(claim, Ok(()));
                Ok(Some((applied.start, end)))
            }
            Err(failure) => {
                self.note(claim, Err(vec![failure.to_string()]));
                Ok(None)
            }
        }
    }

    fn reverse(
        &mut self,
        end: Connection,
        before: &Catalog,
        after: &Catalog,
        reverse: Option<&Plan>,
    ) -> Result<(), LiveError> {
        let Some(reverse) = reverse else {
            self.not_tried(PlanClaim::Reverses, "No reverse plan was asked for.".to_owned());
            return Ok(());
        };
        if let Some(refusal) = reverse.refusals.first() {
            let reason = format!("The way back can't be planned: {}: {}", refusal.object, refusal.reason);
            self.not_tried(PlanClaim::Reverses, reason);
            return Ok(());
        }
        if let Some((_, mut back)) = self.apply(PlanClaim::Reverses, end, after, before, reverse)? {
            let returned = equal(&mut back, before);
            if returned.is_err() {
                self.checks.retain(|check| check.claim != PlanClaim::Reverses);
                self.note(PlanClaim::Reverses, returned);
            }
        }
        Ok(())
    }

    fn note(&mut self, claim: PlanClaim, outcome: Result<(), Vec<String>>) -> bool {
        let holds = outcome.is_ok();
        self.checks.push(PlanCheck {
            claim,
            outcome: match outcome {
                Ok(()) => PlanOutcome::Holds,
                Err(reasons) => PlanOutcome::Fails(reasons),
            },
        });
        holds
    }

    fn not_tried(&mut self, claim: PlanClaim, reason: String) {
        self.checks.push(PlanCheck {
            claim,
            outcome: PlanOutcome::NotTried(reason),
        });
    }
}

/// An empty database that checks foreign keys, as careful applications do.
fn database() -> Result<Connection, LiveError> {
    let connection = Connection::open_in_memory().map_err(doing)?;
    connection.execute_batch("PRAGMA foreign_keys = ON").map_err(doing)?;
    Ok(connection)
}

/// Puts rows into all tables, which the goal allows as well where that can be; those that have too few.
fn fill_tables(start: &Connection, before: &Catalog, after: &Catalog) -> Result<Vec<Unfilled>, LiveError> {
    let mut rows = Rows::default();
    let mut unfilled = fill::sqlite::fill(start, &rows_wanted(before, after), &mut rows, None)?;
    let empty = left_empty(&unfilled);
    if !empty.is_empty() {
        unfilled.retain(|unfilled| unfilled.rows > 0);
        unfilled.extend(fill::sqlite::fill(start, before, &mut rows, Some(&empty))?);
    }
    let filled = rows::fill_virtual(start, before);
    unfilled.retain(|unfilled| !filled.contains(&unfilled.table));
    rows::move_sequences(start, before).map_err(doing)?;
    Ok(unfilled)
}

fn build(connection: &Connection, catalog: &Catalog) -> Result<(), Vec<String>> {
    let rendered = render(catalog);
    if !rendered.refusals.is_empty() {
        let refusals = rendered.refusals.iter();
        return Err(refusals
            .map(|refusal| format!("{}: {}", refusal.object, refusal.reason))
            .collect());
    }
    for step in &rendered.steps {
        apply::run(connection, step).map_err(|failure| vec![failure.to_string()])?;
    }
    Ok(())
}

/// Whether a database has the same objects with the same definitions; what is different otherwise.
fn equal(connection: &mut Connection, expected: &Catalog) -> Result<(), Vec<String>> {
    let read = read_whole(connection).map_err(|error| vec![error.to_string()])?;
    let changes = dbwright_catalog::changes(expected, &read.catalog);
    if changes.is_empty() {
        return Ok(());
    }
    let tell = |change: &dbwright_catalog::Change| match change {
        dbwright_catalog::Change::Created(object) => format!("There is a {} too many.", named(object)),
        dbwright_catalog::Change::Dropped(object) => format!("The {} is missing.", named(object)),
        dbwright_catalog::Change::Altered { before, after } => format!(
            "The {} is not as expected: {} instead of {}.",
            named(before),
            after.definition,
            before.definition
        ),
    };
    Err(changes.iter().take(DIFFERENCES_MAX).map(tell).collect())
}

fn named(object: &Object) -> String {
    let ObjectId { kind, .. } = &object.id;
    format!("{} {}", kind.name(), object.id)
}

fn converges(connection: &mut Connection, after: &Catalog) -> Result<(), Vec<String>> {
    let read = read_whole(connection).map_err(|error| vec![error.to_string()])?;
    let second = plan(&read.catalog, after, &PlanOptions::default());
    let left: Vec<_> = second
        .steps()
        .map(|step| format!("It would still run: {}", step.sql))
        .collect();
    if left.is_empty() { Ok(()) } else { Err(left) }
}

fn quoted(name: &str) -> String {
    dbwright_ddl::quote_identifier(Engine::Sqlite, name)
}

fn doing(source: rusqlite::Error) -> LiveError {
    LiveError::Sqlite {
        doing: "proving a plan".to_owned(),
        source,
    }
}
