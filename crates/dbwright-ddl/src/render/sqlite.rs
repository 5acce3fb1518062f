//! A catalog of SQLite as SQL: its definitions are the statements that create it.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, Engine, Object, ObjectBody, ObjectId, ObjectKind, Refusal, Step, TableKind};

use super::Rendered;
use crate::{creation_order, is_statement};

pub(super) fn render(catalog: &Catalog) -> Rendered {
    let mut rendered = Rendered::default();
    let parts = parts(catalog);
    for id in statements_in_order(catalog, |_| true) {
        let Some(object) = catalog.get(&id) else { continue };
        if object.definition.is_empty() {
            rendered.refusals.push(Refusal {
                object: id,
                reason: "SQLite keeps no text for it.".to_owned(),
            });
        } else {
            let parts = parts.get(&id).into_iter().flatten().map(|part| (*part).clone());
            let made = std::iter::once(id.clone()).chain(parts);
            rendered.steps.push(Step::new(object.definition.clone(), made));
        }
    }
    rendered
}

/// The objects that are made by statements of their own, in an order in which they can be: tables first, virtual ones after
/// those they may read, then indexes, views and triggers; within these, what others hang on comes first.
pub(crate) fn statements_in_order(catalog: &Catalog, wanted: impl Fn(&Object) -> bool) -> Vec<ObjectId> {
    let objects = catalog
        .objects
        .values()
        .filter(|object| is_made_by_statement(object) && wanted(object));
    let ids: BTreeSet<ObjectId> = objects.map(|object| object.id.clone()).collect();
    let mut ids = creation_order(catalog, &ids).ids;
    ids.sort_by_key(|id| match id.kind {
        ObjectKind::Table if is_virtual(catalog, id) => 1,
        ObjectKind::Table => 0,
        ObjectKind::Index => 2,
        ObjectKind::View => 3,
        _ => 4,
    });
    ids
}

/// Whether an object has a statement of its own. Columns and constraints stand in that of their table, and so do the
/// indexes of constraints.
pub(crate) fn is_made_by_statement(object: &Object) -> bool {
    let of_constraint = matches!(&object.body, ObjectBody::Index(index) if index.of_constraint);
    is_statement(Engine::Sqlite, object.id.kind) && !of_constraint
}

/// Whether a module answers for this table.
pub(crate) fn is_virtual(catalog: &Catalog, table: &ObjectId) -> bool {
    let body = catalog.get(table).map(|object| &object.body);
    matches!(body, Some(ObjectBody::Table(table)) if table.kind == TableKind::Virtual)
}

/// What stands in the statement of each table.
fn parts(catalog: &Catalog) -> BTreeMap<ObjectId, Vec<&ObjectId>> {
    let mut parts: BTreeMap<ObjectId, Vec<&ObjectId>> = BTreeMap::new();
    for object in catalog.objects.values() {
        let table = match &object.body {
            ObjectBody::Column(_) | ObjectBody::Constraint(_) => object.id.owner_table(),
            ObjectBody::Index(index) if index.of_constraint => Some(index.table.clone()),
            _ => None,
        };
        if let Some(table) = table {
            parts.entry(table).or_default().push(&object.id);
        }
    }
    parts
}
