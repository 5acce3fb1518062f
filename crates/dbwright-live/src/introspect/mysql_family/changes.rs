//! What became of each object, following tables and columns through their names.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, Change, Object, ObjectBody, ObjectId, ObjectKind};

use super::storage::Storage;
use super::{MAIN, Touched};

/// Which tables and columns bear another name now.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// Name before, name now.
    tables: BTreeMap<String, String>,
    /// Id before, id now, with the name of the table as it is now.
    columns: BTreeMap<ObjectId, ObjectId>,
}

impl Renames {
    fn table<'a>(&'a self, name: &'a str) -> &'a str {
        self.tables.get(name).map_or(name, String::as_str)
    }

    /// The id that an object has now, where it is still there.
    fn follow(&self, id: &ObjectId) -> ObjectId {
        if let Some(now) = self.columns.get(id) {
            return now.clone();
        }
        let mut now = id.clone();
        let [schema, table, rest @ ..] = now.path.as_mut_slice() else {
            return now;
        };
        let belongs = match id.kind {
            ObjectKind::Table | ObjectKind::Sequence => rest.is_empty(),
            ObjectKind::Column | ObjectKind::Constraint | ObjectKind::Index | ObjectKind::Trigger => !rest.is_empty(),
            _ => false,
        };
        let Some(name) = self.tables.get(table).filter(|_| belongs && schema == MAIN) else {
            return now;
        };
        // The server renames the constraints that it named itself.
        if let (ObjectKind::Constraint, [constraint]) = (id.kind, rest) {
            for kind in ["_ibfk_", "_chk_"] {
                if let Some(number) = constraint.strip_prefix(&format!("{table}{kind}")) {
                    *constraint = format!("{name}{kind}{number}");
                    break;
                }
            }
        }
        table.clone_from(name);
        now
    }
}

/// What bears another name now: tables that kept their storage under another name, and what the statement's text says.
pub(super) fn renames(
    old: &BTreeMap<String, Storage>,
    new: &BTreeMap<String, Storage>,
    touched: &Touched,
    taken: &BTreeMap<ObjectId, Object>,
    after: &Catalog,
) -> Renames {
    let mut renames = Renames::default();
    for (name, storage) in old {
        if new.get(name).is_some_and(|now| now.is_same(storage)) {
            continue;
        }
        if let Some((now, _)) = new.iter().find(|(_, now)| now.is_same(storage)) {
            renames.tables.insert(name.clone(), now.clone());
        }
    }
    let found: BTreeSet<String> = renames.tables.values().cloned().collect();
    for (from, to) in &touched.renamed {
        let is_table = from.kind == ObjectKind::Table && to.kind == ObjectKind::Table;
        let is_real = taken.contains_key(from) && after.get(to).is_some() && !found.contains(to.name());
        let is_gone = after.get(from).is_none() || found.contains(from.name());
        if is_table && is_real && is_gone {
            renames
                .tables
                .entry(from.name().to_owned())
                .or_insert_with(|| to.name().to_owned());
        }
    }
    for (from, to) in &touched.renamed {
        if from.kind == ObjectKind::Column && to.kind == ObjectKind::Column {
            rename_column(&mut renames, from, to, taken, after);
        }
    }
    renames
}

/// Names of columns do not depend on case: both are looked up.
fn rename_column(
    renames: &mut Renames,
    from: &ObjectId,
    to: &ObjectId,
    taken: &BTreeMap<ObjectId, Object>,
    after: &Catalog,
) {
    let Some(table) = from.owner_table() else { return };
    let now = ObjectId::table(MAIN, renames.table(table.name()));
    let is_old = |id: &&ObjectId| {
        let is_column = id.kind == ObjectKind::Column && id.owner_table().as_ref() == Some(&table);
        is_column && id.name().eq_ignore_ascii_case(from.name())
    };
    let columns = after.columns(&now);
    let mut columns = columns.iter().map(|(id, _)| *id);
    let new = columns.find(|id| id.name().eq_ignore_ascii_case(to.name()));
    if let (Some(from), Some(to)) = (taken.keys().find(is_old), new) {
        renames.columns.insert(from.clone(), to.clone());
    }
}

/// What became of the objects that were taken out of the catalog and of those that were put in.
pub(super) fn changes(
    taken: BTreeMap<ObjectId, Object>,
    put: &BTreeSet<ObjectId>,
    after: &Catalog,
    renames: &Renames,
) -> Vec<Change> {
    let mut followed = BTreeSet::new();
    let mut changes = Vec::new();
    // A column that took the name of another one is not that other one.
    let moved: BTreeSet<&ObjectId> = renames.columns.values().collect();
    for (id, object) in taken {
        let now = renames.follow(&id);
        let is_taken = moved.contains(&now) && !renames.columns.contains_key(&id);
        match after
            .get(&now)
            .filter(|now| !is_taken && is_same_kind(&object.body, &now.body))
        {
            None => changes.push(Change::Dropped(object)),
            Some(found) => {
                followed.insert(now);
                if *found != object {
                    changes.push(Change::Altered {
                        before: object,
                        after: found.clone(),
                    });
                }
            }
        }
    }
    let created = put.iter().filter(|id| !followed.contains(*id));
    changes.extend(created.filter_map(|id| Some(Change::Created(after.get(id)?.clone()))));
    changes
}

/// Whether one can have become the other: a primary key does not become a foreign key of the same name.
fn is_same_kind(before: &ObjectBody, after: &ObjectBody) -> bool {
    match (before, after) {
        (ObjectBody::Constraint(before), ObjectBody::Constraint(after)) => {
            std::mem::discriminant(&before.kind) == std::mem::discriminant(&after.kind)
        }
        _ => true,
    }
}

/// Tables whose rows lie elsewhere than before, by their id now.
pub(super) fn rebuilt(
    old: &BTreeMap<String, Storage>,
    new: &BTreeMap<String, Storage>,
    renames: &Renames,
) -> Vec<ObjectId> {
    let rebuilt = old.iter().filter_map(|(name, before)| {
        let now = renames.table(name);
        new.get(now)?
            .is_rebuilt_since(before)
            .then(|| ObjectId::table(MAIN, now))
    });
    let mut rebuilt: Vec<ObjectId> = rebuilt.collect();
    rebuilt.sort();
    rebuilt.dedup();
    rebuilt
}
