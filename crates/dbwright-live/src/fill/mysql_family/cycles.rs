//! Tables that can't be filled one after the other, because each demands a row of the other.
//!
//! No reference is checked later on MySQL and MariaDB. For these tables alone, checks are switched off, the rows go in, and
//! whether each has its parent is looked up.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ConstraintKind, ForeignKey, ObjectBody, ObjectId};
use dbwright_ddl::{qualified_name, quote_identifier};

/// The catalog with the references of such cycles marked as deferrable.
pub(super) fn with_deferrable_cycles(catalog: &Catalog) -> Cow<'_, Catalog> {
    let needs = strict_needs(catalog);
    let in_cycle = |child: &ObjectId, parent: &ObjectId| reaches(&needs, parent, child);
    let mut marked: Vec<ObjectId> = Vec::new();
    for (child, parents) in &needs {
        for parent in parents.iter().filter(|parent| in_cycle(child, parent)) {
            let constraints = catalog.constraints(child);
            let between = constraints.filter(
                |(_, constraint)| matches!(&constraint.kind, ConstraintKind::ForeignKey(key) if key.references == *parent),
            );
            marked.extend(between.map(|(id, _)| id.clone()));
        }
    }
    if marked.is_empty() {
        return Cow::Borrowed(catalog);
    }
    let mut catalog = catalog.clone();
    for id in marked {
        if let Some(ObjectBody::Constraint(constraint)) = catalog.objects.get_mut(&id).map(|object| &mut object.body) {
            constraint.deferrable = true;
        }
    }
    Cow::Owned(catalog)
}

/// For each table, those that must hold rows before it can: it refers to them by columns that can't be NULL.
fn strict_needs(catalog: &Catalog) -> BTreeMap<ObjectId, BTreeSet<ObjectId>> {
    let mut needs: BTreeMap<ObjectId, BTreeSet<ObjectId>> = BTreeMap::new();
    for (id, _) in catalog.tables() {
        let columns = catalog.columns(id);
        let is_required = |name: &String| {
            let column = columns.iter().find(|(id, _)| id.name() == name);
            column.is_some_and(|(_, column)| column.not_null)
        };
        for (_, constraint) in catalog.constraints(id) {
            if let ConstraintKind::ForeignKey(key) = &constraint.kind
                && key.references != *id
                && key.columns.iter().all(is_required)
            {
                needs.entry(id.clone()).or_default().insert(key.references.clone());
            }
        }
    }
    needs
}

fn reaches(needs: &BTreeMap<ObjectId, BTreeSet<ObjectId>>, from: &ObjectId, to: &ObjectId) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut todo = vec![from];
    while let Some(id) = todo.pop() {
        if id == to {
            return true;
        }
        todo.extend(needs.get(id).into_iter().flatten().filter(|next| seen.insert(next)));
    }
    false
}

/// Queries that give a row for each reference of these tables that points at nothing.
pub(super) fn dangling(catalog: &Catalog, tables: &[ObjectId]) -> Vec<String> {
    let keys = tables.iter().flat_map(|table| {
        catalog
            .constraints(table)
            .filter_map(move |(_, constraint)| match &constraint.kind {
                ConstraintKind::ForeignKey(key) => Some((table, key)),
                _ => None,
            })
    });
    keys.map(|(table, key)| dangling_of(catalog, table, key)).collect()
}

fn dangling_of(catalog: &Catalog, table: &ObjectId, key: &ForeignKey) -> String {
    let engine = catalog.server.engine;
    let quote = |name: &String| quote_identifier(engine, name);
    let known: Vec<_> = key
        .columns
        .iter()
        .map(|column| format!("child.{} IS NOT NULL", quote(column)))
        .collect();
    let same: Vec<_> = key
        .columns
        .iter()
        .zip(&key.referenced_columns)
        .map(|(column, parent)| format!("parent.{} = child.{}", quote(parent), quote(column)))
        .collect();
    format!(
        "SELECT 1 FROM {} child WHERE {} AND NOT EXISTS (SELECT 1 FROM {} parent WHERE {}) LIMIT 1",
        qualified_name(engine, table),
        known.join(" AND "),
        qualified_name(engine, &key.references),
        same.join(" AND ")
    )
}
