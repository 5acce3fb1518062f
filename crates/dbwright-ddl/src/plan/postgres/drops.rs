//! What goes, or is taken down for a while: by its name, with what goes along named beside it.

use dbwright_catalog::{ConstraintKind, ObjectBody, ObjectId, ObjectKind, TableKind};

use super::access;
use super::builder::{Builder, DETACH, Pace, Part};
use super::fate::Fate;
use super::names::{alter_relation, drop_statement, name};
use super::types::goes_with_owner;

/// Adds a statement for everything that goes and is no part of a table that stays.
pub(super) fn plan_drops(builder: &mut Builder<'_>) {
    let ids: Vec<ObjectId> = builder.before.catalog.objects.keys().cloned().collect();
    let going: Vec<ObjectId> = ids.into_iter().filter(|id| builder.fates.goes(id)).collect();
    // Whole things first, so that their parts find the statement that they go with.
    let (wholes, parts): (Vec<_>, Vec<_>) = going
        .into_iter()
        .partition(|id| !is_part(id) && !id.kind.is_satellite());
    let (satellites, parts): (Vec<_>, Vec<_>) = parts.into_iter().partition(|id| id.kind.is_satellite());
    for id in &wholes {
        drop_whole(builder, id);
    }
    for id in &parts {
        drop_part(builder, id);
    }
    for id in &satellites {
        drop_satellite(builder, id);
    }
}

fn is_part(id: &ObjectId) -> bool {
    matches!(
        id.kind,
        ObjectKind::Column
            | ObjectKind::Constraint
            | ObjectKind::Index
            | ObjectKind::Trigger
            | ObjectKind::Rule
            | ObjectKind::Policy
            | ObjectKind::Statistics
    )
}

fn drop_whole(builder: &mut Builder<'_>, id: &ObjectId) {
    if builder.has_steps(id) {
        return;
    }
    if id.kind == ObjectKind::Sequence {
        if builder.before.sequence(id).is_some_and(super::side::is_identity) {
            return attach_to_owner(builder, id);
        }
        if goes_with_owner(builder, id) {
            return attach_to_owner(builder, id);
        }
    }
    if matches!(id.kind, ObjectKind::DefaultPrivilege | ObjectKind::Membership) {
        access::drop(builder, id, Part::Down);
        return;
    }
    let Some(statement) = drop_statement(builder.before, id) else {
        return;
    };
    let place = builder.before.table(id).and_then(|table| table.partition.clone());
    let leaves = place.filter(|place| !builder.fates.goes(&place.parent));
    if referenced_parent(builder, id).is_none()
        && let Some(place) = leaves.filter(|place| super::tables::is_detachable(builder, place))
    {
        let detach = format!(
            "{} DETACH PARTITION {} CONCURRENTLY",
            alter_relation(builder.before, &place.parent),
            name(id)
        );
        builder.add_with(
            id,
            Part::Aside,
            Pace::Alone(DETACH),
            detach,
            &[
                "To drop a partition that is in its place keeps everybody out of the whole table.",
                super::tables::FINALIZE,
            ],
        );
    }
    if let Some(parent) = referenced_parent(builder, id) {
        let detach = format!(
            "{} DETACH PARTITION {}",
            alter_relation(builder.before, &parent),
            name(id)
        );
        builder.add_with(
            id,
            Part::Aside,
            Pace::Quick,
            detach,
            &["Foreign keys refer to the partitioned table, and hold on to its partitions as long as they are in it."],
        );
    }
    builder.add(id, Part::Down, Pace::Quick, statement);
    if builder.fates.of(id) == Fate::Drop {
        lose(builder, id);
    }
}

/// The partitioned table of a partition that goes, where that stays and foreign keys refer to it.
fn referenced_parent(builder: &Builder<'_>, id: &ObjectId) -> Option<ObjectId> {
    let place = builder.before.table(id)?.partition.as_ref()?;
    let mut root = place.parent.clone();
    while let Some(above) = builder.before.table(&root).and_then(|table| table.partition.as_ref()) {
        root = above.parent.clone();
    }
    let refers = |object: &dbwright_catalog::Object| match &object.body {
        ObjectBody::Constraint(constraint) => {
            matches!(&constraint.kind, ConstraintKind::ForeignKey(key) if key.references == root)
        }
        _ => false,
    };
    let stays = !builder.fates.goes(&place.parent);
    (stays && builder.before.catalog.objects.values().any(refers)).then(|| place.parent.clone())
}

/// A sequence that goes with its column or table.
fn attach_to_owner(builder: &mut Builder<'_>, id: &ObjectId) {
    let column = builder
        .before
        .sequence(id)
        .and_then(|sequence| sequence.owned_by.clone());
    let Some(column) = column else { return };
    let table = column.owner_table().unwrap_or_else(|| column.clone());
    for owner in [table, column] {
        if builder.fates.goes(&owner) {
            builder.follow_down(&owner, id);
            return;
        }
    }
}

fn drop_part(builder: &mut Builder<'_>, id: &ObjectId) {
    if builder.has_steps(id) && id.kind != ObjectKind::Index {
        return;
    }
    let Some(relation) = builder.before.relation_of(id) else {
        return;
    };
    if builder.fates.goes(&relation) {
        // Foreign keys are dropped by name where what they refer to goes as well, because two tables may refer to each other.
        let to_another = match builder.before.constraint(id).map(|constraint| &constraint.kind) {
            Some(ConstraintKind::ForeignKey(key)) => key.references != relation && builder.fates.goes(&key.references),
            _ => false,
        };
        let inherited = builder.before.inherited_from(id).is_some();
        if to_another
            && !inherited
            && let Some(statement) = drop_statement(builder.before, id)
        {
            builder.add(id, Part::Down, Pace::Quick, statement);
        } else {
            builder.follow_down(&relation, id);
        }
        return;
    }
    let stays = builder.after.has(&relation);
    match id.kind {
        ObjectKind::Column | ObjectKind::Constraint | ObjectKind::Index => {}
        ObjectKind::Trigger => {
            if builder
                .before
                .inherited_from(id)
                .is_some_and(|parent| builder.fates.goes(&parent) || builder.leaves_parent(id))
            {
                return;
            }
            if let Some(statement) = drop_statement(builder.before, id).filter(|_| stays) {
                let node = builder.add(id, Part::Down, Pace::Quick, statement);
                heirs_go(builder, node, id);
            }
        }
        _ => {
            if let Some(statement) = drop_statement(builder.before, id).filter(|_| stays) {
                builder.add(id, Part::Down, Pace::Quick, statement);
            }
        }
    }
}

/// Triggers of partitions go with that of the partitioned table.
fn heirs_go(builder: &mut Builder<'_>, node: usize, id: &ObjectId) {
    let Some(table) = id.owner_table() else { return };
    for child in builder.before.children(&table) {
        let heir = child.child(ObjectKind::Trigger, id.name());
        if builder.before.has(&heir) && builder.fates.goes(&heir) {
            builder.also(node, &heir, Part::Down);
            heirs_go(builder, node, &heir);
        }
    }
}

fn drop_satellite(builder: &mut Builder<'_>, id: &ObjectId) {
    // It goes with what it is on.
    let mut needs = builder.before.needs(id).iter();
    if needs.any(|need| !need.kind.is_satellite() && (builder.fates.goes(need) || !builder.after.has(need))) {
        return;
    }
    access::drop(builder, id, Part::Down);
}

/// Data that goes with what is dropped.
fn lose(builder: &mut Builder<'_>, id: &ObjectId) {
    let what = match builder.before.get(id).map(|object| &object.body) {
        Some(ObjectBody::Table(table)) => match table.kind {
            TableKind::Ordinary => "The table and its rows are dropped.",
            TableKind::Partitioned | TableKind::Foreign | TableKind::Virtual => return,
        },
        Some(ObjectBody::Sequence(_)) => "The sequence and its position are dropped.",
        Some(ObjectBody::View(view)) if view.materialized => {
            "The materialized view and the rows that it stores are dropped."
        }
        Some(ObjectBody::Extension(_)) => "The extension is dropped, with the tables that it may have made.",
        _ => return,
    };
    builder.lose(id, what);
}

/// Sequences change hands after the column that gets them is there, and before the one that had them goes.
pub(super) fn order_owners(builder: &mut Builder<'_>) {
    for (node, column, gets) in std::mem::take(&mut builder.owners) {
        let table = column.owner_table().unwrap_or_else(|| column.clone());
        for owner in [table, column] {
            if gets {
                builder.order_node_last(&owner, node);
            } else if builder.fates.goes(&owner) {
                builder.order_node_first(node, &owner);
            }
        }
    }
}
