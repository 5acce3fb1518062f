//! Which statement has most likely made a plan worse.

use std::collections::BTreeSet;

use dbwright_catalog::{Change, ObjectBody, ObjectId, QueryPlan, ReleasePlace, Section, Trace};

/// The statement that has most likely made a plan worse, and what it did.
///
/// It is one of a migration that is known to be the one, or of any under review.
pub(super) fn cause(
    section: &Section,
    trace: &Trace,
    by: Option<usize>,
    (before, after): (&QueryPlan, &QueryPlan),
) -> (ReleasePlace, Option<String>) {
    let nodes = before.nodes().into_iter().chain(after.nodes());
    let mut tables: BTreeSet<&str> = BTreeSet::new();
    for (_, node) in nodes {
        tables.extend(node.relation.as_ref().map(|relation| relation.name.as_str()));
    }
    let indexes: BTreeSet<&str> = before
        .nodes()
        .iter()
        .filter_map(|(_, node)| node.index.as_deref())
        .collect();
    let is_table = |id: &ObjectId| {
        id.owner_table()
            .as_ref()
            .unwrap_or(id)
            .path
            .get(1)
            .is_some_and(|name| tables.contains(name.as_str()))
    };
    let mut best: Option<(u8, ReleasePlace, Option<String>)> = None;
    for (migration, seen) in trace
        .migrations
        .iter()
        .enumerate()
        .filter(|(index, seen)| seen.judged && by.is_none_or(|by| by == *index))
    {
        for (statement, effect) in seen.effects.iter().enumerate() {
            for change in &effect.changes {
                let (weight, because) = suspicion(change, &indexes, &is_table);
                if weight > best.as_ref().map_or(0, |(weight, ..)| *weight) {
                    let place = ReleasePlace {
                        migration,
                        statement: Some(statement),
                    };
                    best = Some((weight, place, because));
                }
            }
        }
    }
    let last = || ReleasePlace {
        migration: by.unwrap_or_else(|| {
            let judged = section.judged.indexes(section.history.migrations.len());
            judged.last().unwrap_or_default()
        }),
        statement: None,
    };
    best.map_or_else(|| (last(), None), |(_, place, because)| (place, because))
}

/// How much a change is to be suspected, and what it did.
fn suspicion(change: &Change, indexes: &BTreeSet<&str>, is_table: &dyn Fn(&ObjectId) -> bool) -> (u8, Option<String>) {
    let object = change.object();
    if let (Change::Dropped(old), ObjectBody::Index(index)) = (change, &object.body) {
        let because = || Some(format!("drops the index {}", old.id.name()));
        return match (indexes.contains(old.id.name()), is_table(&index.table)) {
            (true, _) => (5, because()),
            // It may have stood in for one that went before.
            (false, true) => (3, because()),
            (false, false) => (0, None),
        };
    }
    match change {
        Change::Altered { before, after } if is_table(&after.id) => match (&before.body, &after.body) {
            (ObjectBody::Column(old), ObjectBody::Column(new)) if old.type_name != new.type_name => {
                let (column, old, new) = (after.id.name(), &old.type_name, &new.type_name);
                (4, Some(format!("changes {column} from {old} to {new}")))
            }
            _ => (1, None),
        },
        Change::Dropped(_) if is_table(&object.id) => (2, None),
        Change::Created(_) if is_table(&object.id) => (1, None),
        Change::Dropped(_) | Change::Altered { .. } | Change::Created(_) => (0, None),
    }
}
