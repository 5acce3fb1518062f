//! Tells a rebuild (new table, rows copied, old one dropped, name taken over) from a drop.
//!
//! All of it can stand in one migration or be spread over several that follow each other.

use dbwright_catalog::{ObjectId, Rows};

use crate::context::{Context, Neighbour, REBUILD_MIGRATIONS_MAX};
use crate::timeline::{Origin, Position};

/// What takes the place of a dropped table.
pub(super) struct Replacement {
    /// Its name, which is that of the dropped table, or what that was called first.
    pub(super) name: ObjectId,
    /// When it has it.
    pub(super) at: Position,
}

/// The table that takes the place of a dropped one and holds what could be its rows; nothing where they are lost.
///
/// `dropped` is the table as the statement knows it, and `name` the name that it had before the migration: it may have been
/// renamed out of the way first.
pub(super) fn replacement(context: &Context<'_>, dropped: &ObjectId, name: &ObjectId) -> Option<Replacement> {
    if is_replaced_in_scope(context, name) {
        return Some(Replacement {
            name: name.clone(),
            at: context.scope_end(),
        });
    }
    out_of_the_way(context, dropped).or_else(|| replaced_later(context, dropped, name))
}

/// Whether another table bears the name when the migration ends.
fn is_replaced_in_scope(context: &Context<'_>, name: &ObjectId) -> bool {
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

/// A later migration gives the name to another table, into which the rows were copied before the drop.
fn replaced_later(context: &Context<'_>, dropped: &ObjectId, name: &ObjectId) -> Option<Replacement> {
    let end = context.scope_end();
    let mut later = context.nearby(REBUILD_MIGRATIONS_MAX).filter(|one| one.position > end);
    let taken = later.find(|one| takes(context, one, name))?;
    let start = context.nearby_start(REBUILD_MIGRATIONS_MAX);
    let is_filled = match context.timeline.origin(name, start, taken.position) {
        // An older table took the name over.
        Origin::Before(_) => true,
        Origin::Created(created) => was_copied(context, created, &[dropped, name]),
    };
    is_filled.then(|| Replacement {
        name: name.clone(),
        at: taken.position,
    })
}

/// An earlier migration renamed the table, and another one made a new table with the old name and copied the rows into it.
fn out_of_the_way(context: &Context<'_>, dropped: &ObjectId) -> Option<Replacement> {
    let start = context.nearby_start(REBUILD_MIGRATIONS_MAX);
    let before = before(context.position);
    let Origin::Before(original) = context.timeline.origin(dropped, start, before) else {
        return None;
    };
    let is_replaced = original != *dropped
        && context.before(&original).is_some()
        && match context.timeline.origin(&original, start, before) {
            Origin::Created(created) => was_copied(context, created, &[dropped, &original]),
            Origin::Before(_) => false,
        };
    is_replaced.then_some(Replacement {
        name: original,
        at: before,
    })
}

/// The statement before this one, or a place before it.
fn before((migration, statement): Position) -> Position {
    match statement.checked_sub(1) {
        Some(statement) => (migration, statement),
        None => (migration.saturating_sub(1), usize::MAX),
    }
}

/// Where the table that has this name after a statement was created, if that statement gave it the name.
fn creation(context: &Context<'_>, one: Neighbour<'_>, name: &ObjectId) -> Option<Position> {
    if !takes(context, &one, name) {
        return None;
    }
    match context.origin_at(name, one.position) {
        Origin::Created(position) => Some(position),
        Origin::Before(_) => None,
    }
}

/// Whether a statement gives the name to a table.
fn takes(context: &Context<'_>, one: &Neighbour<'_>, name: &ObjectId) -> bool {
    context.timeline.steps(one.position).iter().any(|step| {
        let came = step.after.is_some_and(|after| after.id == *name);
        came && step.before.is_none_or(|before| before.id != *name)
    })
}

/// Whether rows were put into the table by the drop's statement or later; where there were none to put, whether a statement
/// would.
fn was_filled(context: &Context<'_>, name: &ObjectId) -> bool {
    let mut later = context.scope().filter(|one| one.position >= context.position);
    later.any(|one| inserts(&one, |table| table == name))
}

/// Whether the rows of a table, under one of these names, were copied before the drop into the one that was created then.
fn was_copied(context: &Context<'_>, created: Position, from: &[&ObjectId]) -> bool {
    let start = context.nearby_start(REBUILD_MIGRATIONS_MAX);
    let mut between = context
        .nearby(REBUILD_MIGRATIONS_MAX)
        .filter(|one| (created..context.position).contains(&one.position));
    between.any(|one| {
        let is_it = |table: &ObjectId| context.timeline.origin(table, start, one.position) == Origin::Created(created);
        let text = one.statement.text.to_lowercase();
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let names_source = words.any(|word| from.iter().any(|id| id.name().to_lowercase() == word));
        // CREATE TABLE … AS is not counted.
        let is_made_of_it = one.position == created && text.contains("select");
        names_source && (is_made_of_it || inserts(&one, is_it))
    })
}

/// Whether a statement put rows into such a table; where there were none to put, whether it would.
fn inserts(one: &Neighbour<'_>, is_it: impl Fn(&ObjectId) -> bool) -> bool {
    let counted = one
        .effect
        .rows
        .iter()
        .any(|rows| is_it(&rows.table) && rows.inserted > 0);
    let would = one.effect.generated_rows == Rows::None && one.statement.text.to_ascii_lowercase().contains("insert");
    counted || would
}
