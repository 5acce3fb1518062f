//! The tables around one: those that it refers to, and those that refer to it.

use std::collections::BTreeSet;

use super::model::{Model, Relation};

/// How many tables stand on either side of one. A table that everything refers to shows some, and says how many more.
pub(super) const SIDE_MAX: usize = 12;

/// A table and its neighbors, as places in the model.
pub(super) struct Neighborhood<'a> {
    pub(super) center: usize,
    /// Tables that it refers to, in the order of its columns.
    pub(super) parents: Vec<usize>,
    /// Tables that refer to it and that it does not refer to.
    pub(super) children: Vec<usize>,
    /// How many parents are not shown.
    pub(super) more_parents: usize,
    /// How many children are not shown.
    pub(super) more_children: usize,
    /// The relations between the tables that are shown, of which one is the center.
    pub(super) relations: Vec<&'a Relation>,
}

pub(super) fn neighborhood(model: &Model, center: usize) -> Neighborhood<'_> {
    let (mut parents, mut children) = (Vec::new(), Vec::new());
    for relation in model.relations_of(center) {
        if relation.child == center && relation.parent != center && !parents.contains(&relation.parent) {
            parents.push(relation.parent);
        }
    }
    for relation in model.relations_of(center) {
        let is_new =
            relation.child != center && !parents.contains(&relation.child) && !children.contains(&relation.child);
        if relation.parent == center && is_new {
            children.push(relation.child);
        }
    }
    let column = |parent: &usize| {
        let first = model
            .relations
            .iter()
            .find(|relation| relation.child == center && relation.parent == *parent);
        let name = first.and_then(|relation| relation.columns.first());
        let columns = &model.tables[center].columns;
        columns.iter().position(|column| Some(&column.name) == name)
    };
    parents.sort_by_key(column);
    children.sort_by(|one, other| model.tables[*one].name.cmp(&model.tables[*other].name));
    let more_parents = parents.len().saturating_sub(SIDE_MAX);
    let more_children = children.len().saturating_sub(SIDE_MAX);
    parents.truncate(SIDE_MAX);
    children.truncate(SIDE_MAX);
    let shown: BTreeSet<usize> = parents.iter().chain(&children).copied().chain([center]).collect();
    let relations = model
        .relations_of(center)
        .filter(|relation| shown.contains(&relation.child) && shown.contains(&relation.parent));
    Neighborhood {
        center,
        relations: relations.collect(),
        parents,
        children,
        more_parents,
        more_children,
    }
}
