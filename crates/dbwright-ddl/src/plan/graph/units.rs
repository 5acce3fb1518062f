//! What must stand in one transaction with a step that takes long: what is taken down for it and put back after it, and
//! what lies between. Everything else stands in other transactions, so that no other lock is held meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use super::{Company, Graph};

/// Steps that are run as one.
pub(super) struct Units {
    /// The unit of each step.
    pub(super) of: Vec<usize>,
    /// The steps of each unit.
    pub(super) members: Vec<Vec<usize>>,
    /// For each unit, those that come before it.
    pub(super) needs: Vec<BTreeSet<usize>>,
    pub(super) sort: Vec<Company>,
}

/// The units of a graph without circles.
pub(super) fn units(graph: &Graph) -> Units {
    let mut groups = Groups {
        graph,
        dependents: graph.dependents(),
        of: (0..graph.nodes.len()).collect(),
        members: (0..graph.nodes.len()).map(|place| vec![place]).collect(),
    };
    let is_long = |place: &usize| graph.nodes[*place].company == Company::Own;
    for steps in &graph.together {
        groups.merge(&steps.iter().copied().filter(is_long).collect());
    }
    for place in (0..graph.nodes.len()).filter(is_long) {
        let before = reach(place, |at| graph.needs[at].iter().copied().collect());
        let after = reach(place, |at| groups.dependents[at].clone());
        let around = graph.brackets.iter().filter(|(down, up)| {
            down.iter().any(|step| before.contains(step)) && up.iter().any(|step| after.contains(step))
        });
        let around: Vec<BTreeSet<usize>> = around
            .map(|(down, up)| down.iter().chain(up).copied().chain([place]).collect())
            .collect();
        for steps in &around {
            groups.merge(steps);
        }
    }
    groups.finish()
}

/// All that is reached from a step, and it.
fn reach(from: usize, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(place) = open.pop() {
        if seen.insert(place) {
            open.extend(next(place));
        }
    }
    seen
}

struct Groups<'a> {
    graph: &'a Graph,
    dependents: Vec<Vec<usize>>,
    of: Vec<usize>,
    members: Vec<Vec<usize>>,
}

impl Groups<'_> {
    /// Makes one unit of these steps and all that lies between them, unless something between can't be in a transaction.
    fn merge(&mut self, steps: &BTreeSet<usize>) {
        if steps.len() < 2 {
            return;
        }
        let units: BTreeSet<usize> = steps.iter().map(|place| self.of[*place]).collect();
        let forward = self.reach_units(&units, |place| self.dependents[place].clone());
        let backward = self.reach_units(&units, |place| self.graph.needs[place].iter().copied().collect());
        let mut all: BTreeSet<usize> = forward.intersection(&backward).copied().collect();
        all.extend(units);
        let members: Vec<usize> = all.iter().flat_map(|unit| self.members[*unit].clone()).collect();
        if members
            .iter()
            .any(|place| self.graph.nodes[*place].company == Company::None)
        {
            return;
        }
        let Some(first) = all.pop_first() else { return };
        for unit in all {
            let moved = std::mem::take(&mut self.members[unit]);
            for place in &moved {
                self.of[*place] = first;
            }
            self.members[first].extend(moved);
        }
        self.members[first].sort_unstable();
    }

    fn reach_units(&self, from: &BTreeSet<usize>, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let step = |unit: usize| -> BTreeSet<usize> {
            let steps = self.members[unit].iter().flat_map(|place| next(*place));
            steps
                .map(|place| self.of[place])
                .filter(|other| *other != unit)
                .collect()
        };
        let mut open: Vec<usize> = from.iter().flat_map(|unit| step(*unit)).collect();
        while let Some(unit) = open.pop() {
            if seen.insert(unit) {
                open.extend(step(unit));
            }
        }
        seen
    }

    fn finish(self) -> Units {
        let numbers: BTreeMap<usize, usize> = (0..self.members.len())
            .filter(|unit| !self.members[*unit].is_empty())
            .enumerate()
            .map(|(number, unit)| (unit, number))
            .collect();
        let of: Vec<usize> = self.of.iter().map(|unit| numbers[unit]).collect();
        let members: Vec<Vec<usize>> = self.members.into_iter().filter(|members| !members.is_empty()).collect();
        let needs = members.iter().enumerate().map(|(unit, members)| {
            let needs = members.iter().flat_map(|place| &self.graph.needs[*place]);
            needs.map(|place| of[*place]).filter(|other| *other != unit).collect()
        });
        let needs = needs.collect();
        let sort = members.iter().map(|members| {
            let companies = members.iter().map(|place| self.graph.nodes[*place].company);
            companies.max().unwrap_or(Company::Any)
        });
        let sort = sort.collect();
        Units {
            of,
            members,
            needs,
            sort,
        }
    }
}
