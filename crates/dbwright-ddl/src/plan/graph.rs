//! Steps in the making and what must come before what, put into an order of few phases.
//!
//! A step is run in a transaction with others, committed by itself, or takes long under a lock and so stands in a
//! transaction with only what must go with it ([`units`]). The order keeps every edge, has as few phases as it can, and
//! lets steps that take something away wait until the phase that needs them, so that nothing is missing for longer than
//! it must be.

mod units;

use std::collections::BTreeSet;

use dbwright_catalog::{ObjectId, PlanPhase, Step};

use self::units::Units;

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
    /// With what it is run.
    pub(super) company: Company,
    /// The purpose of a phase of such steps, where they are not run with all others.
    pub(super) purpose: &'static str,
}

/// With what a step is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Company {
    /// In a transaction with all that is free to go.
    Any,
    /// With nothing: it can't run in a transaction, or lets everybody work while it takes long.
    None,
    /// In a transaction with what must go with it: it takes long while it keeps others out.
    Own,
}

/// Steps and the edges between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// For each step, those that come before it.
    needs: Vec<BTreeSet<usize>>,
    /// Steps that take something down, with those that put it back.
    brackets: Vec<(Vec<usize>, Vec<usize>)>,
    /// Steps that are better run together, where they take long: they rewrite one table.
    together: Vec<Vec<usize>>,
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

    /// `down` takes something down that `up` puts back: between them it is missing.
    pub(super) fn bracket(&mut self, down: Vec<usize>, up: Vec<usize>) {
        self.brackets.push((down, up));
    }

    /// Steps that take long, and are run in one transaction where nothing is in the way.
    pub(super) fn together(&mut self, steps: Vec<usize>) {
        self.together.push(steps);
    }

    /// The phases, and the objects of steps that stand in a circle and so can't be ordered.
    pub(super) fn phases(mut self) -> (Vec<PlanPhase>, Vec<BTreeSet<ObjectId>>) {
        let circles = self.break_circles();
        let units = units::units(&self);
        let (mut assigned, sorts) = self.assign(&units);
        self.delay(&mut assigned, &sorts, &units);
        self.put_back_soon(&mut assigned, &units);
        let mut phases: Vec<PlanPhase> = Vec::new();
        let mut last_phase = None;
        for phase in assigned.iter().copied().collect::<BTreeSet<_>>() {
            let order = self.order_within(&assigned, phase);
            let long = order.iter().find(|place| self.nodes[**place].company == Company::Own);
            for place in &order {
                let node = &self.nodes[*place];
                let (transaction, purpose) = match node.company {
                    Company::None => (false, node.purpose),
                    Company::Any | Company::Own => (true, long.map_or(TRANSACTION, |long| self.nodes[*long].purpose)),
                };
                let step = node.step.clone();
                match phases.last_mut() {
                    Some(last)
                        if last.transaction == transaction
                            && last.purpose == purpose
                            && (long.is_none() || last_phase == Some(phase)) =>
                    {
                        last.steps.push(step);
                    }
                    _ => phases.push(PlanPhase {
                        purpose: purpose.to_owned(),
                        transaction,
                        steps: vec![step],
                    }),
                }
                last_phase = Some(phase);
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

    /// A phase for each step, with the sort of each phase: the order of sorts that needs the fewest phases.
    fn assign(&self, units: &Units) -> (Vec<usize>, Vec<Company>) {
        use Company::{Any, None, Own};
        let orders = [[Any, None, Own], [None, Any, Own], [None, Own, Any], [Own, None, Any]];
        let tried = orders.iter().map(|order| self.assign_in(units, *order));
        tried
            .min_by_key(|(_, sorts)| sorts.len())
            .unwrap_or_else(|| (vec![0; self.nodes.len()], vec![Any]))
    }

    /// The same with sorts that take turns: each time as much of one as is free.
    fn assign_in(&self, units: &Units, turns: [Company; 3]) -> (Vec<usize>, Vec<Company>) {
        let dependents = self.dependents();
        let mut assigned = vec![0; self.nodes.len()];
        let mut sorts = Vec::new();
        let mut open: Vec<usize> = (0..units.members.len()).map(|unit| units.needs[unit].len()).collect();
        let mut free: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); 3];
        let turn_of = |unit: usize| turns.iter().position(|sort| *sort == units.sort[unit]).unwrap_or(0);
        for unit in (0..open.len()).filter(|unit| open[*unit] == 0) {
            free[turn_of(unit)].insert(unit);
        }
        let mut turn = 0;
        while free.iter().any(|free| !free.is_empty()) {
            let mut phase_is_new = true;
            while let Some(unit) = free[turn].pop_first() {
                // Each that takes long has a phase of its own.
                if phase_is_new || turns[turn] == Company::Own {
                    sorts.push(turns[turn]);
                    phase_is_new = false;
                }
                for place in &units.members[unit] {
                    assigned[*place] = sorts.len() - 1;
                }
                let after: BTreeSet<usize> = units.members[unit]
                    .iter()
                    .flat_map(|place| &dependents[*place])
                    .map(|place| units.of[*place])
                    .filter(|other| *other != unit)
                    .collect();
                for other in after {
                    open[other] -= 1;
                    if open[other] == 0 {
                        free[turn_of(other)].insert(other);
                    }
                }
            }
            turn = (turn + 1) % 3;
        }
        (assigned, sorts)
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
    fn delay(&self, assigned: &mut [usize], sorts: &[Company], units: &Units) {
        let dependents = self.dependents();
        let last = sorts.len().saturating_sub(1);
        let mut changed = true;
        while changed {
            changed = false;
            for place in (0..self.nodes.len()).rev() {
                let is_bound = units.members[units.of[place]].len() > 1;
                if is_bound || !matches!(self.nodes[place].work, Work::TakeDown | Work::Remove) {
                    continue;
                }
                let limit = dependents[place]
                    .iter()
                    .map(|other| assigned[*other])
                    .min()
                    .unwrap_or(last);
                let company = self.nodes[place].company;
                let latest = (assigned[place]..=limit).rev().find(|phase| {
                    let sort = sorts.get(*phase).copied();
                    // What stands in the way of a step that takes long is away as long as that takes, and not before.
                    let will_come_back = self.nodes[place].work == Work::TakeDown && !dependents[place].is_empty();
                    let is_in_its_way = *phase == limit && sort == Some(Company::Own) && company == Company::Any;
                    sort == Some(company) || is_in_its_way && will_come_back
                });
                if let Some(latest) = latest
                    && latest > assigned[place]
                    && company != Company::Own
                {
                    assigned[place] = latest;
                    changed = true;
                }
            }
        }
    }

    /// Puts back what was taken down in the same transaction, where nothing that it needs comes later.
    fn put_back_soon(&self, assigned: &mut [usize], units: &Units) {
        for (down, up) in &self.brackets {
            let Some(phase) = down.iter().map(|place| assigned[*place]).max() else {
                continue;
            };
            let is_transaction = down.iter().all(|place| self.nodes[*place].company != Company::None);
            for place in up.iter().filter(|_| is_transaction) {
                let mut moved = BTreeSet::new();
                if self.can_come_by(*place, phase, assigned, units, &mut moved) {
                    for place in moved {
                        assigned[place] = phase;
                    }
                }
            }
        }
    }

    /// Whether a step, with what it needs, can be run in a phase already. Those that would have to move are collected.
    fn can_come_by(
        &self,
        place: usize,
        phase: usize,
        assigned: &[usize],
        units: &Units,
        moved: &mut BTreeSet<usize>,
    ) -> bool {
        let mut open = vec![place];
        while let Some(place) = open.pop() {
            if assigned[place] <= phase || !moved.insert(place) {
                continue;
            }
            let is_free = self.nodes[place].company == Company::Any && units.members[units.of[place]].len() == 1;
            if !is_free {
                return false;
            }
            open.extend(self.needs[place].iter().copied());
        }
        true
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

    fn graph(nodes: &[(&str, Work, Company)], edges: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::default();
        for (sql, work, company) in nodes {
            graph.add(Node {
                step: Step::new(*sql, [ObjectId::table("public", *sql)]),
                work: *work,
                company: *company,
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
                ("swap", Work::Alter, Company::Any),
                ("build", Work::Create, Company::None),
                ("add", Work::Alter, Company::Any),
                ("validate", Work::Alter, Company::None),
            ],
            &[(1, 0), (2, 3)],
        );
        assert_eq!(text(graph), "(add) | validate build | (swap)");
    }

    #[test]
    fn what_is_taken_away_goes_in_the_phase_that_needs_it() {
        let graph = graph(
            &[
                ("drop", Work::TakeDown, Company::Any),
                ("build", Work::Create, Company::None),
                ("swap", Work::Alter, Company::Any),
                ("first", Work::Alter, Company::Any),
            ],
            &[(0, 2), (1, 2), (3, 1)],
        );
        assert_eq!(text(graph), "(first) | build | (drop swap)");
    }

    #[test]
    fn a_circle_is_told() {
        let graph = graph(
            &[
                ("a", Work::Create, Company::Any),
                ("b", Work::Create, Company::Any),
                ("c", Work::Create, Company::Any),
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

    #[test]
    fn what_takes_long_stands_with_what_it_takes_down_and_nothing_else() {
        let mut graph = graph(
            &[
                ("unrelated", Work::Alter, Company::Any),
                ("drop_view", Work::TakeDown, Company::Any),
                ("rewrite", Work::Alter, Company::Own),
                ("create_view", Work::Create, Company::Any),
                ("grant", Work::Create, Company::Any),
                ("rewrite_other", Work::Alter, Company::Own),
            ],
            &[(1, 2), (2, 3), (3, 4)],
        );
        graph.bracket(vec![1], vec![3, 4]);
        assert_eq!(
            text(graph),
            "(unrelated) | (drop_view rewrite create_view grant) | (rewrite_other)"
        );
    }

    #[test]
    fn what_lies_between_taking_down_and_putting_back_goes_along() {
        let mut graph = graph(
            &[
                ("drop_view", Work::TakeDown, Company::Any),
                ("rewrite", Work::Alter, Company::Own),
                ("drop_function", Work::TakeDown, Company::Any),
                ("create_function", Work::Create, Company::Any),
                ("create_view", Work::Create, Company::Any),
                ("last", Work::Alter, Company::Any),
            ],
            &[(0, 1), (1, 4), (0, 2), (2, 3), (3, 4), (4, 5)],
        );
        graph.bracket(vec![0], vec![4]);
        assert_eq!(
            text(graph),
            "(drop_view drop_function rewrite create_function create_view) | (last)"
        );
    }

    #[test]
    fn what_was_taken_down_is_put_back_in_the_same_transaction() {
        let mut graph = graph(
            &[
                ("drop_view", Work::TakeDown, Company::Any),
                ("drop_function", Work::TakeDown, Company::Any),
                ("create_function", Work::Create, Company::Any),
                ("add_column", Work::Create, Company::Own),
                ("create_view", Work::Create, Company::Any),
                ("other", Work::Create, Company::Any),
            ],
            &[(0, 1), (1, 2), (2, 3), (2, 4), (3, 5)],
        );
        graph.bracket(vec![0], vec![4]);
        graph.bracket(vec![1], vec![2]);
        assert_eq!(
            text(graph),
            "(drop_view drop_function create_function create_view) | (add_column) | (other)"
        );
    }

    #[test]
    fn what_builds_in_between_can_not_go_along() {
        let mut graph = graph(
            &[
                ("drop_view", Work::TakeDown, Company::Any),
                ("rewrite", Work::Alter, Company::Own),
                ("build", Work::Create, Company::None),
                ("create_view", Work::Create, Company::Any),
            ],
            &[(0, 1), (1, 2), (2, 3)],
        );
        graph.bracket(vec![0], vec![3]);
        assert_eq!(text(graph), "(drop_view rewrite) | build | (create_view)");
    }

    #[test]
    fn a_table_is_rewritten_once() {
        let mut graph = graph(
            &[
                ("one", Work::Alter, Company::Own),
                ("two", Work::Alter, Company::Own),
                ("other", Work::Alter, Company::Own),
            ],
            &[],
        );
        graph.together(vec![0, 1]);
        assert_eq!(text(graph), "(one two) | (other)");
    }
}
