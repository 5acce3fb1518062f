//! Tables that belong together, for an overview that can be read.
//!
//! Tables begin alone; the pair of groups with the most relations between them, for their size, is put together again and
//! again, as long as the group does not grow too large. A table that everything refers to would pull all into one group:
//! such tables stand by themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Model;

/// A table that more tables than this refer to, and than a sixteenth of all, belongs to no group more than to others.
const REFERRERS_MAX: usize = 12;

/// How many tables a group holds at most.
pub(super) const CLUSTER_MAX: usize = 14;

/// What holds a group together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bond {
    /// Relations among its tables.
    Relations,
    /// That so many others refer to each of them.
    Shared,
    /// Nothing: there are no relations.
    Nothing,
}

/// A group of tables.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cluster {
    /// What holds it together.
    pub(super) bond: Bond,
    /// The table with the most relations in the group, after which it is called.
    pub(super) hub: usize,
    /// Its tables by name, as places in the model.
    pub(super) tables: Vec<usize>,
}

impl Cluster {
    /// What it is called.
    pub(super) fn title(&self, model: &Model) -> String {
        match self.bond {
            Bond::Relations => model.tables[self.hub].name.clone(),
            Bond::Shared => "referred to everywhere".to_owned(),
            Bond::Nothing => "without relations".to_owned(),
        }
    }
}

/// All tables in groups, the largest first. Those that all others refer to, and those without any relation, stand together
/// at the end.
pub(super) fn clusters(model: &Model) -> Vec<Cluster> {
    let count = model.tables.len();
    let mut neighbors: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); count];
    for relation in &model.relations {
        if relation.child != relation.parent {
            neighbors[relation.child].insert(relation.parent);
            neighbors[relation.parent].insert(relation.child);
        }
    }
    let is_shared = |table: usize| neighbors[table].len() > REFERRERS_MAX.max(count / 16);
    let mut links: BTreeMap<usize, BTreeMap<usize, f64>> = BTreeMap::new();
    for relation in &model.relations {
        let (child, parent) = (relation.child, relation.parent);
        if child != parent && !is_shared(child) && !is_shared(parent) {
            *links.entry(child).or_default().entry(parent).or_default() += 1.0;
            *links.entry(parent).or_default().entry(child).or_default() += 1.0;
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = (0..count).map(|table| (table, vec![table])).collect();
    while let Some((one, other)) = closest(&links, &members) {
        let moved = members.remove(&other).unwrap_or_default();
        members.entry(one).or_default().extend(moved);
        merge(&mut links, one, other);
    }
    let mut clusters = Vec::new();
    let (mut shared, mut alone) = (Vec::new(), Vec::new());
    for tables in members.into_values() {
        match tables.as_slice() {
            [table] if is_shared(*table) => shared.push(*table),
            [table] if neighbors[*table].is_empty() => alone.push(*table),
            _ => clusters.push(cluster(model, &neighbors, Bond::Relations, tables)),
        }
    }
    clusters.sort_by(|one, other| {
        let by_size = other.tables.len().cmp(&one.tables.len());
        by_size.then_with(|| model.tables[one.hub].name.cmp(&model.tables[other.hub].name))
    });
    for (bond, mut tables) in [(Bond::Shared, shared), (Bond::Nothing, alone)] {
        tables.sort_by_key(|table| &model.tables[*table].name);
        let chunks = tables.chunks(CLUSTER_MAX);
        clusters.extend(chunks.map(|tables| cluster(model, &neighbors, bond, tables.to_vec())));
    }
    clusters
}

/// How many relations there are from one group to another, both ways together. Those of tables that all others refer to say
/// nothing.
pub(super) fn between(model: &Model, clusters: &[Cluster]) -> BTreeMap<(usize, usize), usize> {
    let mut place = BTreeMap::new();
    for (number, cluster) in clusters.iter().enumerate() {
        if cluster.bond == Bond::Relations {
            place.extend(cluster.tables.iter().map(|table| (*table, number)));
        }
    }
    let mut counts = BTreeMap::new();
    for relation in &model.relations {
        if let (Some(one), Some(other)) = (place.get(&relation.child), place.get(&relation.parent))
            && one != other
        {
            *counts.entry((*one.min(other), *one.max(other))).or_default() += 1;
        }
    }
    counts
}

/// The two groups with the most between them, for their size.
fn closest(
    links: &BTreeMap<usize, BTreeMap<usize, f64>>,
    members: &BTreeMap<usize, Vec<usize>>,
) -> Option<(usize, usize)> {
    let size = |group: &usize| members.get(group).map_or(0, Vec::len);
    let mut best: Option<((usize, usize), f64)> = None;
    for (one, others) in links {
        for (other, weight) in others.range(one + 1..) {
            let (left, right) = (size(one), size(other));
            let product = u32::try_from(left * right).unwrap_or(u32::MAX);
            let score = weight / f64::from(product.max(1)).sqrt();
            if left + right <= CLUSTER_MAX && best.is_none_or(|(_, highest)| score > highest) {
                best = Some(((*one, *other), score));
            }
        }
    }
    best.map(|(pair, _)| pair)
}

/// Gives the links of `other` to `one`.
fn merge(links: &mut BTreeMap<usize, BTreeMap<usize, f64>>, one: usize, other: usize) {
    for (neighbor, weight) in links.remove(&other).unwrap_or_default() {
        if let Some(back) = links.get_mut(&neighbor) {
            back.remove(&other);
            if neighbor != one {
                *back.entry(one).or_default() += weight;
            }
        }
        if neighbor != one {
            *links.entry(one).or_default().entry(neighbor).or_default() += weight;
        }
    }
}

fn cluster(model: &Model, neighbors: &[BTreeSet<usize>], bond: Bond, mut tables: Vec<usize>) -> Cluster {
    let inside: BTreeSet<usize> = tables.iter().copied().collect();
    tables.sort_by_key(|table| &model.tables[*table].name);
    let rank = |table: &usize| {
        let own = neighbors[*table].intersection(&inside).count();
        (own, neighbors[*table].len())
    };
    let hub = tables.iter().copied().rev().max_by_key(rank).unwrap_or(0);
    Cluster { bond, hub, tables }
}
