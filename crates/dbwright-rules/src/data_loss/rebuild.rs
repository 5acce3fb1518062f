//! Tells a rebuild (new table, rows copied, old one dropped, name taken over) from a drop.

use dbwright_catalog::{ObjectId, Rows};

use crate::context::{Context, Neighbour};
use crate::timeline::Origin;

/// Whether another table bears the dropped table's name when the migration ends and holds what could be its rows.
///
/// `name` is the name that the dropped table had before the migration: it may have been renamed out of the way first.
pub(super) fn is_replaced(context: &Context<'_>, name: &ObjectId) -> bool {
    if context.at_scope_end(name).is_none() {
        return false;
    }
    match context.scope().find_map(|one| creation(context, one, name)) {
        // Not created but renamed into place: an older table took the name over.
        None => true,
        // A table that came first can have taken the rows over in ways that are not counted (CREATE TABLE … AS).
        Some(created) => created < context.position || was_filled(context, name),
    }
}

/// Where the table that has this name after a statement was created, if that statement gave it the name.
fn creation(context: &Context<'_>, one: Neighbour<'_>, name: &ObjectId) -> Option<(usize, usize)> {
    let steps = context.timeline.steps(one.position);
    steps.iter().find(|step| {
        let came = step.after.is_some_and(|after| after.id == *name);
        came && step.before.is_none_or(|before| before.id != *name)
    })?;
    match context.origin_at(name, one.position) {
        Origin::Created(position) => Some(position),
        Origin::Before(_) => None,
    }
}

/// Whether rows were put into the table by the drop's statement or later; where there were none to put, whether a statement
/// would.
fn was_filled(context: &Context<'_>, name: &ObjectId) -> bool {
    let mut later = context.scope().filter(|one| one.position >= context.position);
    later.any(|one| {
        let counted = one
            .effect
            .rows
            .iter()
            .any(|rows| rows.table == *name && rows.inserted > 0);
        let would =
            one.effect.generated_rows == Rows::None && one.statement.text.to_ascii_lowercase().contains("insert");
        counted || would
    })
}
