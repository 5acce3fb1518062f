//! Steps in the making and what must come before what, put into an order of few phases.
//!
//! A step is either run in a transaction with others or committed by itself. The order keeps every edge, has as few
//! changes between the two as it can, and lets steps that take something away wait until the phase that needs them, so
//! that nothing is missing for longer than it must be.

use std::collections::BTreeSet;

use dbwright_catalog::{ObjectId, PlanPhase, Step};

/// What a step does, which decides where it stands among steps that are free to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Work {
    /// Takes down what will be put back, or what stands in the way.
    TakeDown,
    /// Changes something where it is.
    Alter,
    /// Makes something.
    Create,
    /// Takes away what is not wanted any more.
    Remove,
}

/// A step with what the order needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) step: Step,
    pub(super) work: Work,
    /// Whether it is committed by itself: it can't run in a transaction, or takes long.
    pub(super) alone: bool,
    /// The purpose of a phase of such steps, where it is committed by itself.
    pub(super) purpose: &'static str,
}

/// Steps and the edges between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// For each step, those that come before it.
    needs: Vec<BTreeSet<usize>>,
}

/// The purpose of phases that are one transaction.
const TRANSACTION: &str = "Change definitions in one transaction.";

impl Graph {
    pub(super) fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.needs.push(BTreeSet::new());
        self.nodes.len() - 1
    }

    /// `first` comes before `then`.
    pub(super) fn edge(&mut self, first: usize, then: usize) {
        if first != then {
            self.needs[then].insert(first);
        }
    }

    /// The phases, and the objects of steps that stand in a circle and so can't be ordered.
    pub(super) fn phases(mut self) -> (Vec<PlanPhase>, Vec<BTreeSet<ObjectId>>) {
        let circles = self.break_circles();
        let one = self.assign(false);
        let other = self.assign(true);
        let number = |assigned: &[usize]| assigned.iter().collect::<BTreeSet<_>>().len();
        let mut assigned = if number(&other) < number(&one) { other } else { one };
        self.delay(&mut assigned);
        let mut phases: Vec<PlanPhase> = Vec::new();
        for phase in assigned.iter().copied().collect::<BTreeSet<_>>() {
            for place in self.order_within(&assigned, phase) {
                let node = &self.nodes[place];
                let (transaction, purpose) = if node.alone {
                    (false, node.purpose)
                } else {
                    (true, TRANSACTION)
                };
                let step = node.step.clone();
                match phases.last_mut() {
                    Some(last) if last.transaction == transaction && last.purpose == purpose => last.steps.push(step),
                    _ => phases.push(PlanPhase {
                        purpose: purpose.to_owned(),
                        transaction,
                        steps: vec![step],
                    }),
                }
            }
        }
        (phases, circles)
    }

    /// Takes out edges until there are no circles; what stood in one comes back.
    fn break_circles(&mut self) -> Vec<BTreeSet<ObjectId>> {
        let mut circles = Vec::new();
        loop {
            let left = self.unordered();
            let Some(circle) = self.circle_within(&left) else {
                return circles;
            };
            circles.push(
                circle
                    .iter()
                    .flat_map(|place| self.nodes[*place].step.objects.iter().cloned())
                    .collect(),
            );
            for place in &circle {
                self.needs[*place].retain(|needed| !circle.contains(needed));
            }
        }
    }

    /// The steps that no order reaches.
    fn unordered(&self) -> BTreeSet<usize> {
        let everything: BTreeSet<usize> = (0..self.nodes.len()).collect();
        let reached = self.walk(&everything, |_| 0);
        let reached: BTreeSet<usize> = reached.into_iter().collect();
        everything.difference(&reached).copied().collect()
    }

    /// These steps in an order that keeps the edges between them, of those that are free the lowest rank first. Without
    /// those that stand in a circle or after one.
    fn walk<R: Ord>(&self, among: &BTreeSet<usize>, rank: impl Fn(usize) -> R) -> Vec<usize> {
        let dependents = self.dependents();
        let mut open: Vec<usize> = (0..self.nodes.len())
            .map(|place| self.needs[place].intersection(among).count())
            .collect();
        let mut free: BTreeSet<(R, usize)> = among
            .iter()
            .filter(|place| open[**place] == 0)
            .map(|place| (rank(*place), *place))
            .collect();
        let mut order = Vec::with_capacity(among.len());
        while let Some((_, place)) = free.pop_first() {
            order.push(place);
            for dependent in dependents[place].iter().copied().filter(|place| among.contains(place)) {
                open[dependent] -= 1;
                if open[dependent] == 0 {
                    free.insert((rank(dependent), dependent));
                }
            }
        }
        order
    }

    /// One circle among steps of which none is free: whoever follows what they need comes back to where he was.
    fn circle_within(&self, left: &BTreeSet<usize>) -> Option<Vec<usize>> {
        let mut path: Vec<usize> = vec![*left.first()?];
        while let Some(next) = path
            .last()
            .and_then(|at| self.needs[*at].intersection(left).next())
            .copied()
        {
            if let Some(start) = path.iter().position(|place| *place == next) {
                return Some(path.split_off(start));
            }
            path.push(next);
        }
        None
    }

    /// A phase for each step, beginning with steps that are committed by themselves or with a transaction: even phases are
    /// of the one sort, odd ones of the other.
    fn assign(&self, alone: bool) -> Vec<usize> {
        let mut assigned = vec![0; self.nodes.len()];
        for place in self.walk(&(0..self.nodes.len()).collect(), |_| 0) {
            let earliest = self.needs[place]
                .iter()
                .map(|needed| assigned[*needed])
                .max()
                .unwrap_or(0);
            let fits = (self.nodes[place].alone == alone) == (earliest % 2 == 0);
            assigned[place] = if fits { earliest } else { earliest + 1 };
        }
        assigned
    }

    /// For each step, those that come after it.
    fn dependents(&self) -> Vec<Vec<usize>> {
        let mut dependents = vec![Vec::new(); self.nodes.len()];
        for (place, needs) in self.needs.iter().enumerate() {
            for needed in needs {
                dependents[*needed].push(place);
            }
        }
        dependents
    }

    /// Lets steps that take away wait for the last phase of their sort in which they are in nobody's way.
    fn delay(&self, assigned: &mut [usize]) {
        let dependents = self.dependents();
        let last = assigned.iter().max().copied().unwrap_or_default();
        let is_alone: Vec<Option<bool>> = (0..=last)
            .map(|phase| {
                assigned
                    .iter()
                    .position(|other| *other == phase)
                    .map(|place| self.nodes[place].alone)
            })
            .collect();
        let mut changed = true;
        while changed {
            changed = false;
            for place in (0..self.nodes.len()).rev() {
                if !matches!(self.nodes[place].work, Work::TakeDown | Work::Remove) {
                    continue;
                }
                let limit = dependents[place]
                    .iter()
                    .map(|other| assigned[*other])
                    .min()
                    .unwrap_or(last);
                let latest = (assigned[place]..=limit)
                    .rev()
                    .find(|phase| is_alone[*phase] == Some(self.nodes[place].alone));
                if let Some(latest) = latest
                    && latest > assigned[place]
                {
                    assigned[place] = latest;
                    changed = true;
                }
            }
        }
    }

    /// The steps of a phase in an order that keeps the edges; among those that are free, by what they do and as they were
    /// added.
    fn order_within(&self, assigned: &[usize], phase: usize) -> Vec<usize> {
        let among = (0..self.nodes.len())
            .filter(|place| assigned[*place] == phase)
            .collect();
        self.walk(&among, |place| (self.nodes[place].work, self.nodes[place].purpose))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: &[(&str, Work, bool)], edges: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::default();
        for (sql, work, alone) in nodes {
            graph.add(Node {
                step: Step::new(*sql, [ObjectId::table("public", *sql)]),
                work: *work,
                alone: *alone,
                purpose: "Alone.",
            });
        }
        for (first, then) in edges {
            graph.edge(*first, *then);
        }
        graph
    }

    fn text(graph: Graph) -> String {
        let (phases, _) = graph.phases();
        let phases: Vec<String> = phases
            .iter()
            .map(|phase| {
                let steps: Vec<&str> = phase.steps.iter().map(|step| step.sql.as_str()).collect();
                let steps = steps.join(" ");
                if phase.transaction { format!("({steps})") } else { steps }
            })
            .collect();
        phases.join(" | ")
    }

    #[test]
    fn steps_come_after_what_they_need_in_few_phases() {
        let graph = graph(
            &[
                ("swap", Work::Alter, false),
                ("build", Work::Create, true),
                ("add", Work::Alter, false),
                ("validate", Work::Alter, true),
            ],
            &[(1, 0), (2, 3)],
        );
        assert_eq!(text(graph), "(add) | validate build | (swap)");
    }

    #[test]
    fn what_is_taken_away_goes_in_the_phase_that_needs_it() {
        let graph = graph(
            &[
                ("drop", Work::TakeDown, false),
                ("build", Work::Create, true),
                ("swap", Work::Alter, false),
                ("first", Work::Alter, false),
            ],
            &[(0, 2), (1, 2), (3, 1)],
        );
        assert_eq!(text(graph), "(first) | build | (drop swap)");
    }

    #[test]
    fn a_circle_is_told() {
        let graph = graph(
            &[
                ("a", Work::Create, false),
                ("b", Work::Create, false),
                ("c", Work::Create, false),
            ],
            &[(0, 1), (1, 0), (1, 2)],
        );
        let (phases, circles) = graph.phases();
        assert_eq!(
            circles,
            [BTreeSet::from([
                ObjectId::table("public", "a"),
                ObjectId::table("public", "b")
            ])]
        );
        assert_eq!(phases[0].steps.len(), 3);
    }
}
