//! The order in which objects can be made: what others hang on comes first.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ObjectBody, ObjectId, ObjectKind};

/// Objects in an order in which they can be created, and the circles that have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreationOrder {
    /// Every object that was asked for. Those of a circle stand together, in the order of their ids.
    pub ids: Vec<ObjectId>,
    /// Objects that hang on each other, circle by circle.
    pub circles: Vec<BTreeSet<ObjectId>>,
}

/// Orders these objects of a catalog so that each comes after what it hangs on: as the server knows it, after the object
/// that it is a part of, and after the object that it says something of. Among objects that are free, smaller ids come first.
pub fn creation_order(catalog: &Catalog, ids: &BTreeSet<ObjectId>) -> CreationOrder {
    let mut needs: BTreeMap<&ObjectId, BTreeSet<&ObjectId>> = ids.iter().map(|id| (id, BTreeSet::new())).collect();
    let mut add = |dependent: &ObjectId, on: &ObjectId| {
        if let (Some(dependent), Some(on)) = (ids.get(dependent), ids.get(on))
            && dependent != on
            && let Some(needed) = needs.get_mut(dependent)
        {
            needed.insert(on);
        }
    };
    for edge in &catalog.dependencies {
        add(&edge.dependent, &edge.on);
    }
    for id in ids {
        for on in implied(catalog, id) {
            add(id, &on);
        }
    }
    sorted(needs)
}

/// What an object needs by what it is, whether or not the server has an edge for it.
pub(crate) fn implied(catalog: &Catalog, id: &ObjectId) -> Vec<ObjectId> {
    let mut needed: Vec<ObjectId> = id.target().into_iter().chain(id.owner_table()).collect();
    if !id.kind.is_satellite() && id.path.len() > 1 {
        needed.push(ObjectId::new(ObjectKind::Schema, [id.schema()]));
    }
    match catalog.get(id).map(|object| &object.body) {
        Some(ObjectBody::Index(index)) => needed.push(index.table.clone()),
        Some(ObjectBody::ForeignServer(server)) => {
            needed.push(ObjectId::new(ObjectKind::ForeignDataWrapper, [server.wrapper.as_str()]));
        }
        Some(ObjectBody::UserMapping(_)) => needed.push(ObjectId::new(ObjectKind::ForeignServer, [id.schema()])),
        Some(ObjectBody::Table(table)) => {
            needed.extend(table.inherits.iter().cloned());
            needed.extend(table.partition.as_ref().map(|partition| partition.parent.clone()));
        }
        _ => {}
    }
    needed
}

/// Each after what it needs; what can't be ordered stands together.
pub(crate) fn sorted<'a>(mut needs: BTreeMap<&'a ObjectId, BTreeSet<&'a ObjectId>>) -> CreationOrder {
    let mut dependents: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>> = BTreeMap::new();
    for (dependent, needed) in &needs {
        for on in needed {
            dependents.entry(on).or_default().push(dependent);
        }
    }
    let mut order = CreationOrder {
        ids: Vec::with_capacity(needs.len()),
        circles: Vec::new(),
    };
    let mut free: BTreeSet<&'a ObjectId> = needs
        .iter()
        .filter(|(_, needed)| needed.is_empty())
        .map(|(id, _)| *id)
        .collect();
    while !needs.is_empty() {
        let next: BTreeSet<&'a ObjectId> = if let Some(id) = free.pop_first() {
            BTreeSet::from([id])
        } else {
            let circle = circle_without_needs(&needs);
            order.circles.push(circle.iter().map(|id| (*id).clone()).collect());
            circle
        };
        for id in &next {
            needs.remove(id);
            order.ids.push((*id).clone());
        }
        for id in &next {
            for dependent in dependents.get(id).into_iter().flatten() {
                if let Some(needed) = needs.get_mut(dependent) {
                    needed.remove(id);
                    if needed.is_empty() {
                        free.insert(dependent);
                    }
                }
            }
        }
    }
    order
}

/// Objects that hang on each other and on nothing else that is left. There is one wherever nothing is free.
fn circle_without_needs<'a>(needs: &BTreeMap<&'a ObjectId, BTreeSet<&'a ObjectId>>) -> BTreeSet<&'a ObjectId> {
    // Whoever follows the needs long enough walks in a circle; of all reachable sets, the smallest is such a one.
    let mut smallest: Option<BTreeSet<&ObjectId>> = None;
    let mut at = needs.keys().next().copied();
    let mut seen = BTreeSet::new();
    while let Some(id) = at {
        if !seen.insert(id) {
            break;
        }
        let reached = reachable(needs, id);
        if smallest.as_ref().is_none_or(|smallest| reached.len() < smallest.len()) {
            smallest = Some(reached);
        }
        // Onwards to something from where one can't come back, if there is such a thing.
        let current = smallest.as_ref();
        at = current.and_then(|set| set.iter().copied().find(|id| !seen.contains(id)));
    }
    smallest.unwrap_or_default()
}

fn reachable<'a>(needs: &BTreeMap<&'a ObjectId, BTreeSet<&'a ObjectId>>, from: &'a ObjectId) -> BTreeSet<&'a ObjectId> {
    let mut reached = BTreeSet::new();
    let mut todo = vec![from];
    while let Some(id) = todo.pop() {
        if reached.insert(id) {
            todo.extend(needs.get(id).into_iter().flatten().copied());
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dbwright_catalog::{Catalog, Dependency, Engine, ObjectId, ObjectKind, Server, Version};

    use super::creation_order;

    fn view(name: &str) -> ObjectId {
        ObjectId::new(ObjectKind::View, ["public", name])
    }

    fn catalog(edges: &[(&str, &str)]) -> (Catalog, BTreeSet<ObjectId>) {
        let mut catalog = Catalog::empty(Server {
            engine: Engine::Postgres,
            version: Version::new(18, 0, 0),
        });
        let mut ids = BTreeSet::new();
        for (dependent, on) in edges {
            ids.extend([view(dependent), view(on)]);
            catalog.dependencies.insert(Dependency {
                dependent: view(dependent),
                on: view(on),
            });
        }
        (catalog, ids)
    }

    fn names(ids: &[ObjectId]) -> Vec<&str> {
        ids.iter().map(ObjectId::name).collect()
    }

    #[test]
    fn what_others_hang_on_comes_first_and_the_rest_by_name() {
        let (catalog, ids) = catalog(&[("a", "z"), ("b", "a"), ("c", "z")]);
        assert_eq!(names(&creation_order(&catalog, &ids).ids), ["z", "a", "b", "c"]);
    }

    #[test]
    fn a_circle_is_named_and_comes_after_what_it_hangs_on() {
        let (catalog, ids) = catalog(&[("a", "b"), ("b", "a"), ("b", "x"), ("d", "a")]);
        let order = creation_order(&catalog, &ids);
        assert_eq!(names(&order.ids), ["x", "a", "b", "d"]);
        assert_eq!(order.circles, [BTreeSet::from([view("a"), view("b")])]);
    }

    #[test]
    fn a_circle_that_hangs_on_another_comes_after_it() {
        let (catalog, ids) = catalog(&[("a", "b"), ("b", "a"), ("a", "y"), ("y", "z"), ("z", "y")]);
        let order = creation_order(&catalog, &ids);
        assert_eq!(names(&order.ids), ["y", "z", "a", "b"]);
        assert_eq!(order.circles.len(), 2);
    }

    #[test]
    fn parts_and_comments_come_after_what_they_belong_to() {
        let catalog = catalog(&[]).0;
        let table = ObjectId::table("app", "t");
        let ids = BTreeSet::from([
            table.column("c").satellite(ObjectKind::Comment),
            table.column("c"),
            table.clone(),
            ObjectId::new(ObjectKind::Schema, ["app"]),
        ]);
        let kinds: Vec<_> = creation_order(&catalog, &ids).ids.iter().map(|id| id.kind).collect();
        assert_eq!(
            kinds,
            [
                ObjectKind::Schema,
                ObjectKind::Table,
                ObjectKind::Column,
                ObjectKind::Comment
            ]
        );
    }
}
