//! What one statement changed in the catalog, with renamed objects recognised.
//!
//! A table whose root page stays while its name changes is the same table; a column that comes in the place of another
//! is the same column. SQLite has no statement that does anything else with that outcome.

use std::collections::BTreeMap;

use dbwright_catalog::{Catalog, Change, ConstraintKind, Object, ObjectBody, ObjectId, ObjectKind, TableKind};

use super::bytecode::Roots;

/// The catalog and root pages at one moment.
pub(super) struct Moment<'a> {
    /// The objects.
    pub(super) catalog: &'a Catalog,
    /// Where they are stored.
    pub(super) roots: &'a Roots,
}

/// What turned one moment into the next, a single statement later.
pub(super) fn changes(before: &Moment<'_>, after: &Moment<'_>) -> Vec<Change> {
    let all = dbwright_catalog::changes(before.catalog, after.catalog);
    let renamed = Renamed::find(before, after);
    let mut gone = BTreeMap::new();
    let mut new = Vec::new();
    let mut kept = Vec::new();
    for change in all {
        match change {
            Change::Dropped(object) => {
                gone.insert(object.id.clone(), object);
            }
            Change::Created(object) => new.push(object),
            Change::Altered {
                before: old,
                after: now,
            } => {
                if !only_moved_up(before, after, &old, &now) {
                    kept.push(Change::Altered {
                        before: old,
                        after: now,
                    });
                }
            }
        }
    }
    for object in new {
        let predecessor = renamed.predecessor(&object, &gone);
        kept.push(match predecessor.and_then(|id| gone.remove(&id)) {
            Some(old) => Change::Altered {
                before: old,
                after: object,
            },
            None => Change::Created(object),
        });
    }
    kept.extend(gone.into_values().map(Change::Dropped));
    kept.sort_by(|left, right| left.object().id.cmp(&right.object().id));
    kept
}

/// Names that changed, from the new to the old.
struct Renamed {
    tables: BTreeMap<ObjectId, ObjectId>,
    columns: BTreeMap<ObjectId, ObjectId>,
    indexes: BTreeMap<ObjectId, ObjectId>,
}

impl Renamed {
    fn find(before: &Moment<'_>, after: &Moment<'_>) -> Self {
        let tables = renamed_tables(before, after);
        let mut renamed = Renamed {
            columns: BTreeMap::new(),
            indexes: renamed_indexes(before, after),
            tables,
        };
        for (table, _) in after.catalog.tables() {
            let old_table = renamed.tables.get(table).unwrap_or(table).clone();
            if let Some((new, old)) = renamed_column(before.catalog, &old_table, after.catalog, table) {
                renamed.columns.insert(new, old);
            }
        }
        renamed
    }

    /// What this new object was before, among those that are gone.
    fn predecessor(&self, object: &Object, gone: &BTreeMap<ObjectId, Object>) -> Option<ObjectId> {
        match object.id.kind {
            ObjectKind::Table => self.tables.get(&object.id).cloned(),
            ObjectKind::Index => self.indexes.get(&object.id).cloned(),
            ObjectKind::Column => Some(match self.columns.get(&object.id) {
                Some(old) => old.clone(),
                None => self.old_table(&object.id)?.column(object.id.name()),
            }),
            ObjectKind::Trigger => Some(self.old_table(&object.id)?.child(ObjectKind::Trigger, object.id.name())),
            ObjectKind::Constraint => {
                let table = object.id.owner_table()?;
                let old_table = self.old_table(&object.id).unwrap_or_else(|| table.clone());
                let key = self.key(object, &table)?;
                let mut candidates = gone
                    .values()
                    .filter(|old| old.id.owner_table().as_ref() == Some(&old_table));
                candidates
                    .find(|old| constraint_key(old).as_ref() == Some(&key))
                    .map(|old| old.id.clone())
            }
            ObjectKind::Schema
            | ObjectKind::Extension
            | ObjectKind::Type
            | ObjectKind::Sequence
            | ObjectKind::View
            | ObjectKind::Routine
            | ObjectKind::Rule
            | ObjectKind::Policy
            | ObjectKind::Statistics
            | ObjectKind::Collation
            | ObjectKind::EventTrigger
            | ObjectKind::Publication
            | ObjectKind::Subscription
            | ObjectKind::ForeignDataWrapper
            | ObjectKind::ForeignServer
            | ObjectKind::UserMapping
            | ObjectKind::Event
            | ObjectKind::Comment
            | ObjectKind::Owner
            | ObjectKind::Grant
            | ObjectKind::DefaultPrivilege
            | ObjectKind::Membership
            | ObjectKind::SecurityLabel => None,
        }
    }

    fn old_table(&self, id: &ObjectId) -> Option<ObjectId> {
        self.tables.get(&id.owner_table()?).cloned()
    }

    /// What a constraint demands, in the column names from before.
    fn key(&self, object: &Object, table: &ObjectId) -> Option<(u8, Vec<String>)> {
        let (kind, columns) = constraint_key(object)?;
        let old = |name: String| {
            let old = self.columns.get(&table.column(name.clone()));
            old.map_or(name, |old| old.name().to_owned())
        };
        Some((kind, columns.into_iter().map(old).collect()))
    }
}

fn constraint_key(object: &Object) -> Option<(u8, Vec<String>)> {
    let ObjectBody::Constraint(constraint) = &object.body else {
        return None;
    };
    match &constraint.kind {
        ConstraintKind::PrimaryKey(columns) => Some((0, columns.clone())),
        ConstraintKind::Unique(columns) => Some((1, columns.clone())),
        ConstraintKind::ForeignKey(key) => Some((2, key.columns.clone())),
        ConstraintKind::Check(expression) => Some((3, vec![expression.clone()])),
        ConstraintKind::Exclusion(_) | ConstraintKind::NotNull(_) | ConstraintKind::Trigger => None,
    }
}

fn renamed_tables(before: &Moment<'_>, after: &Moment<'_>) -> BTreeMap<ObjectId, ObjectId> {
    let new: Vec<_> = after
        .catalog
        .tables()
        .filter(|(id, _)| before.catalog.get(id).is_none())
        .collect();
    let gone: Vec<_> = before
        .catalog
        .tables()
        .filter(|(id, _)| after.catalog.get(id).is_none())
        .collect();
    let mut renamed = BTreeMap::new();
    for (id, table) in &new {
        let page = after.roots.page(id.name(), None);
        let old = gone.iter().find(|(old_id, old)| match (table.kind, old.kind) {
            // Virtual tables have no b-tree of their own.
            (TableKind::Virtual, TableKind::Virtual) => new.len() == 1 && gone.len() == 1,
            _ => page.is_some() && before.roots.page(old_id.name(), None) == page,
        });
        if let Some((old_id, _)) = old {
            renamed.insert((*id).clone(), (*old_id).clone());
        }
    }
    renamed
}

/// Indexes of constraints are called after their table.
fn renamed_indexes(before: &Moment<'_>, after: &Moment<'_>) -> BTreeMap<ObjectId, ObjectId> {
    let indexes = |catalog: &Catalog, other: &Catalog| -> Vec<(ObjectId, String)> {
        let indexes = catalog
            .objects
            .values()
            .filter(|object| other.get(&object.id).is_none());
        indexes
            .filter_map(|object| match &object.body {
                ObjectBody::Index(index) => Some((object.id.clone(), index.table.name().to_owned())),
                _ => None,
            })
            .collect()
    };
    let gone = indexes(before.catalog, after.catalog);
    let new = indexes(after.catalog, before.catalog);
    new.into_iter()
        .filter_map(|(id, table)| {
            let page = after.roots.page(&table, Some(id.name()))?;
            let old = gone
                .iter()
                .find(|(old, table)| before.roots.page(table, Some(old.name())) == Some(page))?;
            Some((id, old.0.clone()))
        })
        .collect()
}

fn renamed_column(
    before: &Catalog,
    old_table: &ObjectId,
    after: &Catalog,
    table: &ObjectId,
) -> Option<(ObjectId, ObjectId)> {
    let (old, new) = (before.columns(old_table), after.columns(table));
    let mut different = old
        .iter()
        .zip(&new)
        .filter(|((old, _), (new, _))| old.name() != new.name());
    let (((old_id, _), (new_id, _)), None) = (different.next()?, different.next()) else {
        return None;
    };
    (old.len() == new.len()).then(|| ((*new_id).clone(), (*old_id).clone()))
}

/// A column that differs only in its place, because one before it was dropped, is no change.
fn only_moved_up(before: &Moment<'_>, after: &Moment<'_>, old: &Object, now: &Object) -> bool {
    let (ObjectBody::Column(was), ObjectBody::Column(is), Some(table)) = (&old.body, &now.body, now.id.owner_table())
    else {
        return false;
    };
    let mut moved = was.clone();
    moved.position = is.position;
    moved == *is && after.catalog.columns(&table).len() < before.catalog.columns(&table).len()
}

/// Which tables have another name than before, from the new to the old.
pub(super) fn table_names(changes: &[Change]) -> BTreeMap<&ObjectId, &ObjectId> {
    changes
        .iter()
        .filter_map(|change| match change {
            Change::Altered { before, after } if after.id.kind == ObjectKind::Table && before.id != after.id => {
                Some((&after.id, &before.id))
            }
            Change::Altered { .. } | Change::Created(_) | Change::Dropped(_) => None,
        })
        .collect()
}
