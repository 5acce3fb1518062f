//! Which table is filled when, and where its rows go in.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ConstraintKind, ObjectId, Table, TableExtra, TableKind};

use super::column::{foreign_keys, primary_key};
use super::{partition, table_of};

/// Where the rows of a table go in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Into the table.
    Itself,
    /// Into its partitions, each by itself, so that each holds some.
    Partitions,
    /// Into this partitioned table above it: where rows end up is decided by their hash.
    Above(ObjectId),
    /// Nowhere, and why.
    Nowhere(&'static str),
}

/// Where the rows of this table go in.
pub fn placement(catalog: &Catalog, id: &ObjectId) -> Placement {
    let Some(table) = table_of(catalog, id) else {
        return Placement::Nowhere("it is no table");
    };
    let mut hashed_above = ancestors(catalog, table)
        .into_iter()
        .filter(|above| table_of(catalog, above).is_some_and(partition::is_hashed));
    if let Some(topmost) = hashed_above.next_back() {
        return Placement::Above(topmost);
    }
    match table.kind {
        TableKind::Ordinary => Placement::Itself,
        // Partitions are no tables there.
        TableKind::Partitioned if matches!(&table.extra, TableExtra::MySqlFamily(_)) => Placement::Itself,
        TableKind::Foreign => Placement::Nowhere("it is a foreign table: its rows are kept elsewhere"),
        TableKind::Virtual => Placement::Nowhere("it is a virtual table: a module answers for it"),
        TableKind::Partitioned if partition::children(catalog, id).next().is_none() => {
            Placement::Nowhere("it has no partitions")
        }
        TableKind::Partitioned if partition::is_hashed(table) => Placement::Itself,
        TableKind::Partitioned => Placement::Partitions,
    }
}

/// The partitioned tables above a partition, nearest first.
pub(super) fn ancestors(catalog: &Catalog, table: &Table) -> Vec<ObjectId> {
    let mut ancestors: Vec<ObjectId> = Vec::new();
    let mut at = table.partition.as_ref();
    while let Some(partition) = at
        && !ancestors.contains(&partition.parent)
    {
        ancestors.push(partition.parent.clone());
        at = table_of(catalog, &partition.parent).and_then(|table| table.partition.as_ref());
    }
    ancestors
}

/// How hard it is to do without a row in another table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// The reference can be NULL.
    Nullable,
    /// The reference can be checked later.
    Deferrable,
    /// The row must be there.
    Strict,
}

/// All tables, referenced ones before those that reference them. Cycles are broken where a reference can be NULL, else
/// where it can be deferred, else anywhere.
pub fn order(catalog: &Catalog) -> Vec<ObjectId> {
    let mut needs: BTreeMap<&ObjectId, BTreeMap<ObjectId, Need>> = catalog
        .tables()
        .map(|(id, table)| (id, needs_of(catalog, id, table)))
        .collect();
    let mut order = Vec::with_capacity(needs.len());
    while !needs.is_empty() {
        let ready: Vec<_> = needs
            .iter()
            .filter(|(_, needs_of)| !needs_of.keys().any(|other| needs.contains_key(other)))
            .map(|(id, _)| *id)
            .collect();
        let next = if ready.is_empty() {
            weakest_in_a_cycle(&needs).into_iter().collect()
        } else {
            ready
        };
        if next.is_empty() {
            break;
        }
        for id in next {
            needs.remove(id);
            order.push(id.clone());
        }
    }
    order
}

fn needs_of(catalog: &Catalog, id: &ObjectId, table: &Table) -> BTreeMap<ObjectId, Need> {
    let mut needs = BTreeMap::new();
    let placement = placement(catalog, id);
    match &placement {
        Placement::Above(above) => {
            needs.insert(above.clone(), Need::Strict);
            return needs;
        }
        Placement::Partitions => {
            needs.extend(partition::children(catalog, id).map(|(child, _)| (child.clone(), Need::Strict)));
            return needs;
        }
        Placement::Itself | Placement::Nowhere(_) => {}
    }
    let ancestors = ancestors(catalog, table);
    let columns = catalog.columns(id);
    let key = primary_key(catalog, id).unwrap_or_default();
    let required_by_name = |name: &String| {
        catalog
            .constraints(id)
            .any(|(_, constraint)| constraint.kind == ConstraintKind::NotNull(name.clone()))
    };
    for (constraint, foreign_key) in foreign_keys(catalog, id) {
        let other = &foreign_key.references;
        if other == id || ancestors.contains(other) || table_of(catalog, other).is_none() {
            continue;
        }
        let nullable = foreign_key.columns.iter().any(|name| {
            let column = columns.iter().find(|(id, _)| id.name() == name);
            column.is_some_and(|(_, column)| !column.not_null) && !key.contains(name) && !required_by_name(name)
        });
        let need = match (nullable, constraint.deferrable) {
            (true, _) => Need::Nullable,
            (false, true) => Need::Deferrable,
            (false, false) => Need::Strict,
        };
        let strongest = needs.entry(other.clone()).or_insert(need);
        *strongest = need.max(*strongest);
    }
    needs
}

/// The table in a cycle that can best do without what it lacks.
fn weakest_in_a_cycle<'a>(needs: &BTreeMap<&'a ObjectId, BTreeMap<ObjectId, Need>>) -> Option<&'a ObjectId> {
    let in_cycle = needs.iter().filter(|(id, _)| reaches_itself(needs, id));
    in_cycle
        .min_by_key(|(id, needs_of)| {
            let open = needs_of.iter().filter(|(other, _)| needs.contains_key(other));
            let count = |wanted| open.clone().filter(|(_, need)| **need == wanted).count();
            (count(Need::Strict), count(Need::Deferrable), **id)
        })
        .map(|(id, _)| *id)
}

fn reaches_itself(needs: &BTreeMap<&ObjectId, BTreeMap<ObjectId, Need>>, start: &ObjectId) -> bool {
    let mut seen = BTreeSet::new();
    let mut todo = vec![start];
    while let Some(id) = todo.pop() {
        for other in needs.get(id).into_iter().flat_map(BTreeMap::keys) {
            if other == start {
                return true;
            }
            if seen.insert(other) {
                todo.push(other);
            }
        }
    }
    false
}
