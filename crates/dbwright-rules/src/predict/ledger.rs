//! A catalog that is written step by step, so that a step can be taken back and what a statement changed can be told.

use dbwright_catalog::{Catalog, Change, Dependency, Object, ObjectId};

/// A catalog with everything that was written to it.
pub(super) struct Ledger {
    pub(super) catalog: Catalog,
    log: Vec<Entry>,
}

/// One object as it was and as it is. Where both are there and the ids differ, it was renamed.
struct Entry {
    before: Option<Object>,
    after: Option<Object>,
    /// Edges that came with it.
    linked: Vec<Dependency>,
    /// Edges that went.
    unlinked: Vec<Dependency>,
}

impl Entry {
    fn of(before: Option<Object>, after: Option<Object>) -> Self {
        Entry {
            before,
            after,
            linked: Vec::new(),
            unlinked: Vec::new(),
        }
    }
}

/// A place in the log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(usize);

impl Ledger {
    pub(super) fn new(catalog: Catalog) -> Self {
        Ledger {
            catalog,
            log: Vec::new(),
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.log.len())
    }

    /// Makes an object, or puts it in the place of the one with its id.
    pub(super) fn put(&mut self, object: Object) {
        let before = self.catalog.objects.insert(object.id.clone(), object.clone());
        if before.as_ref() != Some(&object) {
            self.log.push(Entry::of(before, Some(object)));
        }
    }

    /// Changes an object; nothing where there is none.
    pub(super) fn change(&mut self, id: &ObjectId, change: impl FnOnce(&mut Object)) {
        if let Some(mut object) = self.catalog.objects.get(id).cloned() {
            change(&mut object);
            self.put(object);
        }
    }

    /// Takes an object away.
    pub(super) fn remove(&mut self, id: &ObjectId) {
        if let Some(before) = self.catalog.objects.remove(id) {
            self.log.push(Entry::of(Some(before), None));
        }
    }

    /// Gives an object another id, and whatever else `change` does to it.
    pub(super) fn rename(&mut self, id: &ObjectId, to: ObjectId, change: impl FnOnce(&mut Object)) {
        if let Some(before) = self.catalog.objects.remove(id) {
            let mut after = before.clone();
            after.id = to;
            change(&mut after);
            self.catalog.objects.insert(after.id.clone(), after.clone());
            self.log.push(Entry::of(Some(before), Some(after)));
        }
    }

    /// Does what was seen to be done.
    pub(super) fn follow(&mut self, change: &Change) {
        match change {
            Change::Created(object) => self.put(object.clone()),
            Change::Dropped(object) => self.remove(&object.id),
            Change::Altered { before, after } if before.id != after.id => {
                self.remove(&before.id);
                self.put(after.clone());
            }
            Change::Altered { after, .. } => self.put(after.clone()),
        }
    }

    /// Goes on from another catalog. What was written before can't be taken back any more.
    pub(super) fn replace(&mut self, catalog: Catalog) {
        self.catalog = catalog;
        for entry in &mut self.log {
            *entry = Entry::of(None, None);
        }
    }

    /// Puts these edges in the place of those of which `replaced` holds.
    pub(super) fn link(&mut self, edges: Vec<Dependency>, replaced: impl Fn(&Dependency) -> bool) {
        let known = &mut self.catalog.dependencies;
        let unlinked: Vec<Dependency> = known.iter().filter(|edge| replaced(edge)).cloned().collect();
        for edge in &unlinked {
            known.remove(edge);
        }
        let linked: Vec<Dependency> = edges.into_iter().filter(|edge| known.insert(edge.clone())).collect();
        self.log.push(Entry {
            before: None,
            after: None,
            linked,
            unlinked,
        });
    }

    /// Takes everything back that was written since `mark`.
    pub(super) fn undo(&mut self, mark: Mark) {
        while self.log.len() > mark.0 {
            let Some(Entry {
                before,
                after,
                linked,
                unlinked,
            }) = self.log.pop()
            else {
                return;
            };
            for edge in linked {
                self.catalog.dependencies.remove(&edge);
            }
            self.catalog.dependencies.extend(unlinked);
            if let Some(after) = after {
                self.catalog.objects.remove(&after.id);
            }
            if let Some(before) = before {
                self.catalog.objects.insert(before.id.clone(), before);
            }
        }
    }

    /// What was written since `mark`, object by object.
    pub(super) fn changes_since(&self, mark: Mark) -> Vec<Change> {
        let mut steps: Vec<(Option<&Object>, Option<&Object>)> = Vec::new();
        for Entry { before, after, .. } in &self.log[mark.0..] {
            let known = before.as_ref().and_then(|before| {
                steps
                    .iter()
                    .rposition(|(_, now)| now.is_some_and(|now| now.id == before.id))
            });
            // What was dropped and made again under its name is the same, changed.
            let again = || {
                let (None, Some(after)) = (before, after) else {
                    return None;
                };
                steps
                    .iter()
                    .rposition(|(was, now)| now.is_none() && was.is_some_and(|was| was.id == after.id))
            };
            match known.or_else(again) {
                Some(index) => steps[index].1 = after.as_ref(),
                None => steps.push((before.as_ref(), after.as_ref())),
            }
        }
        let changes = steps.into_iter().filter_map(|step| match step {
            (None, Some(after)) => Some(Change::Created(after.clone())),
            (Some(before), None) => Some(Change::Dropped(before.clone())),
            (Some(before), Some(after)) if before != after => Some(Change::Altered {
                before: before.clone(),
                after: after.clone(),
            }),
            (Some(_), Some(_)) | (None, None) => None,
        });
        let mut changes: Vec<Change> = changes.collect();
        changes.sort_by(|a, b| a.object().id.cmp(&b.object().id));
        changes
    }

    /// Ids of everything that was written since `mark` and is there no longer, or came.
    pub(super) fn renames_since(&self, mark: Mark) -> impl Iterator<Item = (&ObjectId, &ObjectId)> {
        self.log[mark.0..].iter().filter_map(|entry| match entry {
            Entry {
                before: Some(before),
                after: Some(after),
                ..
            } if before.id != after.id => Some((&before.id, &after.id)),
            _ => None,
        })
    }
}
