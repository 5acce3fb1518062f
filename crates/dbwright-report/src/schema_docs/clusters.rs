//! Tables that belong together, for an overview that can be read.
//!
//! Tables begin alone; the pair of groups with the most relations between them, for their size, is put together again and
//! again, as long as the group does not grow too large. A table that everything refers to would pull all into one group;
//! its relations count less, the more there are.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Model;

/// How many tables a group holds at most.
pub(super) const CLUSTER_MAX: usize = 14;

/// A group of tables.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cluster {
    /// The table with the most relations in the group, after which it is called.
    pub(super) hub: usize,
    /// Its tables by name, as places in the model.
    pub(super) tables: Vec<usize>,
}

/// All tables in groups, the largest first. Those without any relation stand together at the end.
pub(super) fn clusters(model: &Model) -> Vec<Cluster> {
    let count = model.tables.len();
    let mut degree = vec![0_u32; count];
    let mut weights: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for relation in model
        .relations
        .iter()
        .filter(|relation| relation.child != relation.parent)
    {
        degree[relation.child] += 1;
        degree[relation.parent] += 1;
    }
    for relation in model
        .relations
        .iter()
        .filter(|relation| relation.child != relation.parent)
    {
        let pair = (relation.child.min(relation.parent), relation.child.max(relation.parent));
        let weight = 1.0 / f64::from(degree[pair.0].max(degree[pair.1])).sqrt();
        *weights.entry(pair).or_default() += weight;
    }
    let mut group: Vec<usize> = (0..count).collect();
    let mut members: BTreeMap<usize, Vec<usize>> = (0..count).map(|table| (table, vec![table])).collect();
    while let Some((one, other)) = closest(&weights, &members) {
        let moved = members.remove(&other).unwrap_or_default();
        for table in &moved {
            group[*table] = one;
        }
        members.entry(one).or_default().extend(moved);
        weights = merged(weights, one, other);
    }
    let related = |tables: &Vec<usize>| tables.len() > 1 || tables.iter().any(|table| degree[*table] > 0);
    let (together, alone): (Vec<_>, Vec<_>) = members.into_values().partition(related);
    let mut clusters: Vec<Cluster> = together
        .into_iter()
        .map(|tables| cluster(model, &degree, tables))
        .collect();
    clusters.sort_by(|one, other| {
        let by_size = other.tables.len().cmp(&one.tables.len());
        by_size.then_with(|| model.tables[one.hub].name.cmp(&model.tables[other.hub].name))
    });
    let mut alone: Vec<usize> = alone.into_iter().flatten().collect();
    alone.sort_by_key(|table| &model.tables[*table].name);
    clusters.extend(
        alone
            .chunks(CLUSTER_MAX)
            .map(|tables| cluster(model, &degree, tables.to_vec())),
    );
    clusters
}

/// How many relations there are from one group to another, both ways together.
pub(super) fn between(model: &Model, clusters: &[Cluster]) -> BTreeMap<(usize, usize), usize> {
    let mut place = BTreeMap::new();
    for (number, cluster) in clusters.iter().enumerate() {
        place.extend(cluster.tables.iter().map(|table| (*table, number)));
    }
    let mut counts = BTreeMap::new();
    for relation in &model.relations {
        let (one, other) = (place[&relation.child], place[&relation.parent]);
        if one != other {
            *counts.entry((one.min(other), one.max(other))).or_default() += 1;
        }
    }
    counts
}

fn closest(weights: &BTreeMap<(usize, usize), f64>, members: &BTreeMap<usize, Vec<usize>>) -> Option<(usize, usize)> {
    let size = |group: usize| members.get(&group).map_or(0, Vec::len);
    let fitting = weights
        .iter()
        .filter(|((one, other), _)| size(*one) + size(*other) <= CLUSTER_MAX);
    let score = |(one, other): (usize, usize), weight: f64| {
        let product = u32::try_from(size(one) * size(other)).unwrap_or(u32::MAX);
        weight / f64::from(product).sqrt()
    };
    let mut best: Option<((usize, usize), f64)> = None;
    for (pair, weight) in fitting {
        let score = score(*pair, *weight);
        if best.is_none_or(|(_, highest)| score > highest) {
            best = Some((*pair, score));
        }
    }
    best.map(|(pair, _)| pair)
}

fn merged(weights: BTreeMap<(usize, usize), f64>, one: usize, other: usize) -> BTreeMap<(usize, usize), f64> {
    let mut merged = BTreeMap::new();
    for ((left, right), weight) in weights {
        let renamed = |group: usize| if group == other { one } else { group };
        let (left, right) = (renamed(left), renamed(right));
        if left != right {
            *merged.entry((left.min(right), left.max(right))).or_default() += weight;
        }
    }
    merged
}

fn cluster(model: &Model, degree: &[u32], mut tables: Vec<usize>) -> Cluster {
    let inside: BTreeSet<usize> = tables.iter().copied().collect();
    let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
    for relation in &model.relations {
        if inside.contains(&relation.child) && inside.contains(&relation.parent) && relation.child != relation.parent {
            *counts.entry(relation.child).or_default() += 1;
            *counts.entry(relation.parent).or_default() += 1;
        }
    }
    tables.sort_by_key(|table| &model.tables[*table].name);
    let rank = |table: &usize| (counts.get(table).copied().unwrap_or(0), degree[*table]);
    let hub = tables.iter().copied().rev().max_by_key(rank).unwrap_or(0);
    Cluster { hub, tables }
}
