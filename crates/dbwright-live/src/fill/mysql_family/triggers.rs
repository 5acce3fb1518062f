//! Which tables triggers may write to while rows go in or out.
//!
//! Triggers have no dynamic SQL, and neither has what they call
//! (<https://dev.mysql.com/doc/refman/9.7/en/stored-program-restrictions.html>), so that whatever they write to is named in
//! their text, or in that of a routine or view that is named so. A name counts as named wherever its letters stand in the
//! text: too many do no harm but cost a look at a table each.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ConstraintKind, ObjectBody, ObjectId, ObjectKind};

/// The tables that triggers may write to when rows of these tables come or go.
pub(super) fn written_by_triggers(catalog: &Catalog, tables: &[ObjectId]) -> BTreeSet<ObjectId> {
    let mut written = BTreeSet::new();
    let triggers = triggers(catalog);
    if triggers.is_empty() {
        return written;
    }
    let children = children(catalog);
    let mut todo = tables.to_vec();
    let mut reached = BTreeSet::new();
    while let Some(table) = todo.pop() {
        if reached.contains(&table) {
            continue;
        }
        // Today's servers fire no triggers for rows that follow others by a foreign key.
        todo.extend(children.get(&table).into_iter().flatten().cloned());
        for text in triggers.get(&table).into_iter().flatten() {
            let named = named_in(catalog, text);
            todo.extend(named.iter().cloned());
            written.extend(named);
        }
        reached.insert(table);
    }
    written
}

/// Texts of the triggers of each table that has any.
fn triggers(catalog: &Catalog) -> BTreeMap<ObjectId, Vec<&str>> {
    let mut triggers: BTreeMap<ObjectId, Vec<&str>> = BTreeMap::new();
    for (id, object) in &catalog.objects {
        if id.kind == ObjectKind::Trigger
            && let Some(table) = id.owner_table()
        {
            triggers.entry(table).or_default().push(&object.definition);
        }
    }
    triggers
}

/// The tables that refer to each table.
fn children(catalog: &Catalog) -> BTreeMap<&ObjectId, Vec<ObjectId>> {
    let mut children: BTreeMap<&ObjectId, Vec<ObjectId>> = BTreeMap::new();
    for (id, object) in &catalog.objects {
        if let ObjectBody::Constraint(constraint) = &object.body
            && let ConstraintKind::ForeignKey(key) = &constraint.kind
            && let Some(child) = id.owner_table()
        {
            children.entry(&key.references).or_default().push(child);
        }
    }
    children
}

/// The tables that a text names, by way of routines and views as well.
fn named_in(catalog: &Catalog, text: &str) -> Vec<ObjectId> {
    let mut texts = vec![text.to_lowercase()];
    let mut named = BTreeSet::new();
    while let Some(text) = texts.pop() {
        for (id, object) in &catalog.objects {
            let is_code = match object.body {
                ObjectBody::Table(_) => false,
                ObjectBody::View(_) | ObjectBody::Routine(_) => true,
                _ => continue,
            };
            let name = id.name().split('(').next().unwrap_or_default().to_lowercase();
            // Written with its quotes doubled, a name does not stand in the text as it is.
            let is_named = text.contains(&name) || name.contains(['`', '"']);
            if is_named && named.insert(id) && is_code {
                texts.push(object.definition.to_lowercase());
            }
        }
    }
    let tables = named.into_iter().filter(|id| id.kind == ObjectKind::Table);
    tables.cloned().collect()
}
