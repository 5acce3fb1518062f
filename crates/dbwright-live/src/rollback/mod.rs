//! Trying the ways back of migrations: up, back and up again, with generated rows in the tables, one file per engine.
//!
//! A way back is run as its tool runs it, in a session of its own: it is called on another day. What is compared is the
//! whole schema, object by object, in the server's own words, and the values of the tables concerned.

mod compare;
mod contents;
pub mod mysql_family;
pub mod postgres;
pub mod sqlite;
mod together;

use std::collections::BTreeSet;

use dbwright_catalog::{
    Catalog, Change, Difference, DifferenceKind, Effect, History, LostRows, Migration, MigrationSet, ObjectBody,
    ObjectId, ObjectKind, Outcome, Rollback, RollbackOutcome, RoundTrip, Together, Trace, WayFailure,
};

pub(crate) use compare::differences;
pub(crate) use contents::Contents;

use crate::trace::words;

/// What came of a way back that was tried: the round trip, or why it did not come about.
pub(crate) type Tried = Result<RoundTrip, String>;

/// The migrations under review whose ways back are to be tried, and what is to be said of the others at once.
#[derive(Clone, Debug, Default)]
pub struct Selected {
    /// Indexes into the migrations of the history, ascending.
    pub to_try: Vec<usize>,
    settled: Vec<Rollback>,
}

impl Selected {
    /// Looks at the migrations under review and what became of them.
    pub fn of(history: &History, judged: &MigrationSet, trace: &Trace) -> Self {
        let mut selected = Selected::default();
        for index in judged.indexes(history.migrations.len()) {
            let migration = &history.migrations[index];
            let effects = trace.migrations.get(index).map_or(&[][..], |it| &it.effects);
            let not_sent = || {
                let statements = migration.down.iter().flat_map(|down| &down.statements);
                statements.into_iter().find_map(|statement| statement.not_sent.clone())
            };
            let outcome = if let Some(reason) = hindrance(effects).or_else(not_sent) {
                RollbackOutcome::NotTried { reason }
            } else if migration.down.is_none() {
                RollbackOutcome::Missing
            } else {
                selected.to_try.push(index);
                continue;
            };
            selected.settled.push(Rollback {
                migration: index,
                outcome,
            });
        }
        selected
    }

    /// Puts what was tried to what was settled, in the order of the history.
    pub fn complete(self, tried: Vec<Rollback>) -> Vec<Rollback> {
        let mut all = self.settled;
        all.extend(tried);
        all.sort_by_key(|rollback| rollback.migration);
        let mut groups: Vec<Together> = all.iter().filter_map(|rollback| trip(rollback)?.together).collect();
        // What leads back goes before what leaves something.
        groups.sort_by_key(|group| !group.leads_back);
        for rollback in &mut all {
            let index = rollback.migration;
            let RollbackOutcome::Ran(trip) = &mut rollback.outcome else {
                continue;
            };
            let mut of = groups
                .iter()
                .filter(|group| (group.first..=group.last).contains(&index));
            trip.together = trip.together.or_else(|| of.next().copied());
        }
        all
    }
}

/// Why a migration does not run here, so that nothing can be undone.
fn hindrance(effects: &[Effect]) -> Option<String> {
    effects.iter().find_map(|effect| match &effect.outcome {
        Outcome::Done | Outcome::FailedOnRows(_) => None,
        Outcome::Failed(_) | Outcome::FollowsFrom { .. } => Some("the migration itself fails".to_owned()),
        Outcome::Refused(reason) => Some(format!("the migration was not run as a whole: {reason}")),
    })
}

/// What became of the statements of one way.
enum Way {
    Done,
    Failed(WayFailure),
    /// Nothing can be said of it, because a statement was not run here.
    NotRun(String),
}

impl Way {
    /// By the outcomes of its statements; a later statement fails because the first one did.
    fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Way {
        for (statement, outcome) in outcomes.into_iter().enumerate() {
            let (error, on_rows) = match outcome {
                Outcome::Done => continue,
                Outcome::Failed(error) => (error, false),
                Outcome::FailedOnRows(error) => (error, true),
                Outcome::FollowsFrom { .. } => {
                    return Way::NotRun(
                        "it needs what an earlier migration would have made, had it not failed".to_owned(),
                    );
                }
                Outcome::Refused(reason) => return Way::NotRun(reason.clone()),
            };
            return Way::Failed(WayFailure {
                statement,
                error: error.clone(),
                on_rows,
            });
        }
        Way::Done
    }
}

/// Whether a migration went up with the rows that its tables held; why it did not go up at all. Where rows are in its way,
/// its statements have run on tables without them.
fn went_up<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Result<bool, String> {
    let mut with_rows = true;
    for outcome in outcomes {
        match outcome {
            Outcome::Done => {}
            Outcome::FailedOnRows(_) => with_rows = false,
            Outcome::Failed(error) => return Err(format!("the migration fails when it is tried: {}", error.message)),
            Outcome::FollowsFrom { error, .. } => {
                return Err(format!("the migration fails when it is tried: {}", error.message));
            }
            Outcome::Refused(reason) => return Err(reason.clone()),
        }
    }
    Ok(with_rows)
}

fn trip(rollback: &Rollback) -> Option<&RoundTrip> {
    match &rollback.outcome {
        RollbackOutcome::Ran(trip) => Some(trip),
        RollbackOutcome::Missing | RollbackOutcome::NotTried { .. } => None,
    }
}

/// Whether a way back that leads elsewhere may be one of several that lead back together. Schemas and extensions that are
/// left are left on purpose.
fn may_be_one_of_several(trip: &RoundTrip) -> bool {
    let is_left = |difference: &Difference| {
        difference.kind == DifferenceKind::Left
            && matches!(difference.object.kind, ObjectKind::Extension | ObjectKind::Schema)
    };
    trip.failure.is_none() && !trip.differences.iter().all(is_left)
}

/// Whether a way back failed before it did anything.
fn did_nothing(effects: &[Effect]) -> bool {
    !effects.iter().any(|effect| effect.outcome == Outcome::Done)
}

/// What a round trip has lost, without what only a trigger has touched: neither way names the column, and a trigger of the
/// table does.
fn lost(
    (migration, back): (&Migration, &Migration),
    before: &Catalog,
    (held, between, after): (&Contents, &Contents, &Contents),
) -> Vec<LostRows> {
    let statements = migration.statements.iter().chain(&back.statements);
    let named: BTreeSet<String> = statements.flat_map(|statement| words(&statement.text)).collect();
    let mut lost = held.lost(between, after);
    for table in &mut lost {
        let set = set_by_triggers(before, &table.table);
        table.columns.retain(|column| {
            let name = column.column.to_lowercase();
            named.contains(&name) || !set.contains(&name)
        });
    }
    lost.retain(|table| table.rows_before > table.rows_after || !table.columns.is_empty());
    lost
}

/// The words of the triggers of a table, and of the functions that they call.
fn set_by_triggers(catalog: &Catalog, table: &ObjectId) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    for object in catalog.objects.values() {
        let ObjectBody::Trigger(trigger) = &object.body else {
            continue;
        };
        if object.id.owner_table().as_ref() == Some(table) {
            set.extend(words(&object.definition));
            let function = trigger.function.as_ref().and_then(|function| catalog.get(function));
            set.extend(function.into_iter().flat_map(|function| words(&function.definition)));
        }
    }
    set
}

/// What came of the way back of a migration.
fn rollback(migration: usize, tried: Tried) -> Rollback {
    let outcome = match tried {
        Ok(trip) => RollbackOutcome::Ran(Box::new(trip)),
        Err(reason) => RollbackOutcome::NotTried { reason },
    };
    Rollback { migration, outcome }
}

/// Whether a migration runs where its tables hold generated rows.
fn rows_fit(trace: &Trace, index: usize) -> bool {
    let effects = trace.migrations.get(index).map_or(&[][..], |it| &it.effects);
    !effects
        .iter()
        .any(|effect| matches!(effect.outcome, Outcome::FailedOnRows(_)))
}

/// The tables that matter to a round trip, of those that a schema has: what the migration touched, and what either way names.
fn tables_concerned(history: &History, index: usize, trace: &Trace, before: &Catalog) -> BTreeSet<ObjectId> {
    let mut concerned = BTreeSet::new();
    for effect in trace.migrations.get(index).into_iter().flat_map(|it| &it.effects) {
        for change in &effect.changes {
            let ids = match change {
                Change::Created(object) | Change::Dropped(object) => vec![&object.id],
                Change::Altered { before, after } => vec![&before.id, &after.id],
            };
            for id in ids {
                concerned.extend(id.owner_table());
                concerned.insert(id.clone());
            }
        }
        concerned.extend(effect.rows.iter().map(|rows| rows.table.clone()));
        concerned.extend(effect.rewritten.iter().cloned());
    }
    let migration = &history.migrations[index];
    let statements = migration
        .statements
        .iter()
        .chain(migration.down.iter().flat_map(|down| &down.statements));
    let named: BTreeSet<String> = statements.flat_map(|statement| words(&statement.text)).collect();
    let tables = before.tables().map(|(id, _)| id);
    tables
        .filter(|id| id.kind == ObjectKind::Table)
        .filter(|id| concerned.contains(id) || named.contains(&id.name().to_lowercase()))
        .cloned()
        .collect()
}
