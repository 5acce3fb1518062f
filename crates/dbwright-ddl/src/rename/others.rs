//! Indexes, constraints, views, types and sequences that may have another name: they are the same in everything else.

use dbwright_catalog::{Constraint, Object, ObjectBody, ObjectKind, TypeKind};

use super::{Pair, Sides, likeness};

/// The kinds that are compared as a whole, and why a rename of them is worth a question.
const KINDS: [(ObjectKind, &str); 5] = [
    (
        ObjectKind::Index,
        "Both are of the same table, with the same parts and options.",
    ),
    (ObjectKind::Constraint, "Both demand the same of the same table."),
    (ObjectKind::View, "Both have the same query."),
    (ObjectKind::Type, "Both have the same members."),
    (ObjectKind::Sequence, "Both count in the same way."),
];

pub(super) fn pairs<'a>(sides: &Sides<'a>) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for (kind, reason) in KINDS {
        for dropped in sides.dropped(kind) {
            for created in sides.created(kind) {
                if are_same(sides, dropped, created) {
                    pairs.push(Pair {
                        from: &dropped.id,
                        to: &created.id,
                        score: 1.0 + likeness::names(dropped.id.name(), created.id.name()),
                        reasons: vec![reason.to_owned()],
                    });
                }
            }
        }
    }
    pairs
}

fn are_same(sides: &Sides<'_>, was: &Object, is: &Object) -> bool {
    match (&was.body, &is.body) {
        // Those of a constraint are called as it is.
        (ObjectBody::Index(one), ObjectBody::Index(other)) => !one.of_constraint && one == other,
        (ObjectBody::Constraint(one), ObjectBody::Constraint(other)) => {
            let table = was.id.owner_table();
            let stays = table.as_ref().is_some_and(|table| sides.after.get(table).is_some());
            let plain = |constraint: &Constraint| Constraint {
                index: None,
                ..constraint.clone()
            };
            stays && table == is.id.owner_table() && plain(one) == plain(other)
        }
        (ObjectBody::View(one), ObjectBody::View(other)) => one == other && !one.query.is_empty(),
        (ObjectBody::Type(one), ObjectBody::Type(other)) => one == other && has_members(&one.kind),
        (ObjectBody::Sequence(one), ObjectBody::Sequence(other)) => one.owned_by.is_none() && one == other,
        _ => false,
    }
}

/// Whether two types with the same members are hardly so by chance.
fn has_members(kind: &TypeKind) -> bool {
    match kind {
        TypeKind::Enum(labels) => labels.len() > 1,
        TypeKind::Composite(attributes) => attributes.len() > 1,
        TypeKind::Domain { checks, .. } => !checks.is_empty(),
        TypeKind::Range(_) | TypeKind::Base(_) | TypeKind::Shell => false,
    }
}
