//! Rows that both sides of a plan allow.
//!
//! A plan that adds `NOT NULL`, a key or a check has to fail where rows do not satisfy it, and rows made for the start know
//! nothing of the goal. So they are made for both at once, as far as that goes: the tables of the start, with what the goal
//! demands of columns that are there already. Where that asks for too much, rows of the start alone do, and those that are
//! in the way are taken out and named.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ConstraintKind, ObjectBody, ObjectId, ObjectKind, Unfilled};

/// The start, with the demands of the goal. For making rows only: no server has such a schema.
pub(super) fn rows_wanted(before: &Catalog, after: &Catalog) -> Catalog {
    let mut wanted = before.clone();
    for (id, object) in &after.objects {
        match (&object.body, wanted.objects.get_mut(id).map(|object| &mut object.body)) {
            (ObjectBody::Column(new), Some(ObjectBody::Column(old))) => old.not_null |= new.not_null,
            (ObjectBody::Constraint(constraint), None) => {
                let refers_to_what_is_there = match &constraint.kind {
                    ConstraintKind::ForeignKey(key) => before.get(&key.references).is_some(),
                    ConstraintKind::PrimaryKey(_)
                    | ConstraintKind::Unique(_)
                    | ConstraintKind::Check(_)
                    | ConstraintKind::NotNull(_) => true,
                    ConstraintKind::Exclusion(_) | ConstraintKind::Trigger => false,
                };
                if refers_to_what_is_there
                    && id
                        .owner_table()
                        .is_some_and(|table| is_about_old_columns(before, after, &table, &object.definition))
                {
                    wanted.objects.insert(id.clone(), object.clone());
                }
            }
            (ObjectBody::Index(index), None)
                if index.unique && is_about_old_columns(before, after, &index.table, &object.definition) =>
            {
                wanted.objects.insert(id.clone(), object.clone());
            }
            _ => {}
        }
    }
    wanted
}

/// The tables that got no row at all when both sides were to allow it: they get rows for the start alone.
pub(super) fn left_empty(unfilled: &[Unfilled]) -> BTreeSet<ObjectId> {
    let empty = unfilled.iter().filter(|unfilled| unfilled.rows == 0);
    empty.map(|unfilled| unfilled.table.clone()).collect()
}

/// Whether a definition speaks of no column that the goal brings to a table, which is there before.
fn is_about_old_columns(before: &Catalog, after: &Catalog, table: &ObjectId, definition: &str) -> bool {
    if before
        .get(table)
        .is_none_or(|object| object.id.kind != ObjectKind::Table)
    {
        return false;
    }
    let names = |catalog: &Catalog| -> BTreeSet<String> {
        let columns = catalog.columns(table).into_iter();
        columns.map(|(id, _)| id.name().to_lowercase()).collect()
    };
    let old = names(before);
    let words: BTreeSet<String> = dbwright_sql::tokens(after.server.engine, definition)
        .filter(|token| !token.is_space())
        .map(|token| token.name().unwrap_or_else(|| token.text.to_owned()).to_lowercase())
        .collect();
    !names(after)
        .iter()
        .any(|name| !old.contains(name) && words.contains(name))
}
