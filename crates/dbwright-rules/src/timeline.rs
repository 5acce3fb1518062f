//! What became of each object over a whole trace: its state before and after any statement.
//!
//! Exact where all migrations are judged. Of migrations that are only replayed the changes are not known; as those come
//! before the judged ones, walking back from the catalog at the end is exact there too.

use std::collections::BTreeMap;

use dbwright_catalog::{Change, Engine, Object, ObjectId, ObjectKind, Trace};

/// A statement: index of its migration in the history, and its own index in the migration.
pub(crate) type Position = (usize, usize);

/// Something that happened to an id.
struct Event<'a> {
    position: Position,
    before: Option<&'a Object>,
    after: Option<&'a Object>,
    /// The name it had before, where it came into being by a rename.
    renamed_from: Option<&'a ObjectId>,
}

/// Where an object comes from, seen from the beginning of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was there before, under this id.
    Before(ObjectId),
    /// The scope created it, by this statement.
    Created(Position),
}

/// A change with renames told from drops: what an object was and what it is.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) before: Option<&'a Object>,
    pub(crate) after: Option<&'a Object>,
}

/// All events of a trace, by id.
pub(crate) struct Timeline<'a> {
    trace: &'a Trace,
    events: BTreeMap<&'a ObjectId, Vec<Event<'a>>>,
    steps: BTreeMap<Position, Vec<Step<'a>>>,
}

impl<'a> Timeline<'a> {
    pub(crate) fn new(trace: &'a Trace) -> Self {
        let mut events: BTreeMap<&ObjectId, Vec<Event<'_>>> = BTreeMap::new();
        let mut all_steps = BTreeMap::new();
        for (migration, migration_trace) in trace.migrations.iter().enumerate() {
            for (statement, effect) in migration_trace.effects.iter().enumerate() {
                let position = (migration, statement);
                let steps = steps(&effect.changes, trace.server.engine);
                let mut add = |id, before, after, renamed_from| {
                    events.entry(id).or_default().push(Event {
                        position,
                        before,
                        after,
                        renamed_from,
                    });
                };
                for step in &steps {
                    match (step.before, step.after) {
                        (Some(before), Some(after)) if before.id != after.id => {
                            add(&before.id, Some(before), None, None);
                            add(&after.id, None, Some(after), Some(&before.id));
                        }
                        (None, None) => {}
                        (before, Some(object)) | (before @ Some(object), None) => {
                            add(&object.id, before, step.after, None);
                        }
                    }
                }
                all_steps.insert(position, steps);
            }
        }
        Timeline {
            trace,
            events,
            steps: all_steps,
        }
    }

    /// What the statement changed, with renames told from drops.
    pub(crate) fn steps(&self, position: Position) -> &[Step<'a>] {
        self.steps.get(&position).map_or(&[], Vec::as_slice)
    }

    /// The object as it was just before this statement.
    pub(crate) fn before(&self, position: Position, id: &ObjectId) -> Option<&'a Object> {
        match self.events(id).iter().find(|event| event.position >= position) {
            Some(event) => event.before,
            None => self.trace.catalog.get(id),
        }
    }

    /// The object as it was just after this statement.
    pub(crate) fn after(&self, position: Position, id: &ObjectId) -> Option<&'a Object> {
        match self.events(id).iter().find(|event| event.position > position) {
            Some(event) => event.before,
            None => self.trace.catalog.get(id),
        }
    }

    /// Where the object that bears this id around `position` comes from, seen from `scope_start`.
    pub(crate) fn origin(&self, id: &ObjectId, scope_start: Position, position: Position) -> Origin {
        let mut id = id.clone();
        let mut position = position;
        // Two names swapped within one statement would lead round in circles; no server renames that deep.
        for _ in 0..64 {
            let came = self.events(&id).iter().rev().find(|event| {
                event.position >= scope_start
                    && event.position <= position
                    && event.before.is_none()
                    && event.after.is_some()
            });
            match came {
                None => return Origin::Before(id),
                Some(Event {
                    renamed_from: None,
                    position,
                    ..
                }) => return Origin::Created(*position),
                Some(Event {
                    renamed_from: Some(old),
                    position: renamed_at,
                    ..
                }) => {
                    id = (*old).clone();
                    position = match renamed_at.1.checked_sub(1) {
                        Some(previous) => (renamed_at.0, previous),
                        None if renamed_at.0 > scope_start.0 => (renamed_at.0 - 1, usize::MAX),
                        None => return Origin::Before(id),
                    };
                }
            }
        }
        Origin::Before(id)
    }

    /// Every object with this kind and name (in any schema) that stood just before this statement.
    pub(crate) fn named_before(&self, position: Position, kind: ObjectKind, name: &str) -> Vec<&'a Object> {
        let matching = |id: &ObjectId| id.kind == kind && id.name() == name;
        let mut ids: Vec<&ObjectId> = self.trace.catalog.objects.keys().filter(|id| matching(id)).collect();
        ids.extend(self.events.keys().copied().filter(|id| matching(id)));
        ids.sort();
        ids.dedup();
        ids.into_iter().filter_map(|id| self.before(position, id)).collect()
    }

    /// Whether something bore this id before this statement and does not any more.
    pub(crate) fn has_been(&self, position: Position, id: &ObjectId) -> bool {
        let mut earlier = self.events(id).iter().take_while(|event| event.position < position);
        earlier.any(|event| event.before.is_some() || event.after.is_some())
    }

    /// Every object of a kind that stands just after this statement.
    pub(crate) fn standing_after(&self, position: Position, kind: ObjectKind) -> impl Iterator<Item = &'a Object> {
        let untouched = self.trace.catalog.objects.values();
        let untouched = untouched.filter(move |object| object.id.kind == kind && !self.events.contains_key(&object.id));
        let touched = self.events.keys().filter(move |id| id.kind == kind);
        untouched.chain(touched.filter_map(move |id| self.after(position, id)))
    }

    /// Every object of a kind that stands just before this statement.
    pub(crate) fn standing_before(&self, position: Position, kind: ObjectKind) -> impl Iterator<Item = &'a Object> {
        let untouched = self.trace.catalog.objects.values();
        let untouched = untouched.filter(move |object| object.id.kind == kind && !self.events.contains_key(&object.id));
        let touched = self.events.keys().filter(move |id| id.kind == kind);
        untouched.chain(touched.filter_map(move |id| self.before(position, id)))
    }

    fn events(&self, id: &ObjectId) -> &[Event<'a>] {
        self.events.get(id).map_or(&[], Vec::as_slice)
    }
}

/// The changes as steps. SQLite has no identity beyond the name, so a rename shows as a drop and a creation there: equal
/// bodies at one place are taken for one object.
fn steps(changes: &[Change], engine: Engine) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut dropped = Vec::new();
    let mut created = Vec::new();
    for change in changes {
        match change {
            Change::Created(object) => created.push(object),
            Change::Dropped(object) => dropped.push(object),
            Change::Altered { before, after } => steps.push(Step {
                before: Some(before),
                after: Some(after),
            }),
        }
    }
    // Tables first: whether a column moved with its table is known only after.
    dropped.sort_by_key(|object| object.id.kind != ObjectKind::Table);
    for old in dropped {
        let is_new_name = |new: &&Object| engine == Engine::Sqlite && is_renamed(old, new, &steps);
        let new = created.iter().position(is_new_name);
        let after = new.map(|index| created.remove(index));
        steps.push(Step {
            before: Some(old),
            after,
        });
    }
    steps.extend(created.into_iter().map(|object| Step {
        before: None,
        after: Some(object),
    }));
    steps
}

/// Whether a dropped table or column is the same as a created one.
fn is_renamed(old: &Object, new: &Object, steps: &[Step<'_>]) -> bool {
    let moved = |old: &ObjectId, new: &ObjectId| {
        old == new
            || steps.iter().any(|step| {
                step.before.is_some_and(|before| before.id == *old) && step.after.is_some_and(|after| after.id == *new)
            })
    };
    old.id.kind == new.id.kind
        && old.id != new.id
        && old.body == new.body
        && match (old.id.kind, old.id.owner_table(), new.id.owner_table()) {
            (ObjectKind::Table, ..) => true,
            (ObjectKind::Column, Some(old_table), Some(new_table)) => moved(&old_table, &new_table),
            _ => false,
        }
}
