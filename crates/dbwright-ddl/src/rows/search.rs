//! Choosing one candidate per column so that no demand is violated: depth first, with a bound.

use super::column::TableColumns;
use super::demand::{Demand, DemandKind};
use super::expression::Value;
use super::value::Candidate;

/// How many choices are looked at for columns that hang together, before the search gives up.
const STEPS_MAX: u32 = 4_000;

/// Which candidate each column takes. Where nothing satisfies all demands (as far as they are understood), a row that is
/// only not distinct from others, else the first candidates: the server then says why not. That is decided for each group
/// of columns that hang together, so that one demand which can't be satisfied does not spoil the others.
pub(super) fn choose(columns: &TableColumns<'_>, demands: &[Demand], candidates: &[Vec<Candidate>]) -> Vec<usize> {
    let all: Vec<&Demand> = demands.iter().collect();
    let (fitting, several) = fitting(columns, &all, candidates);
    let mut chosen: Vec<usize> = fitting
        .iter()
        .map(|fitting| fitting.first().copied().unwrap_or(0))
        .collect();
    for group in groups(&several, candidates.len()) {
        let concerned: Vec<&Demand> = several
            .iter()
            .copied()
            .filter(|demand| group.iter().any(|place| demand.concerns(*place)))
            .collect();
        let alone: Vec<&Demand> = concerned
            .iter()
            .copied()
            .filter(|demand| !matches!(demand.kind, DemandKind::Distinct { .. }))
            .collect();
        let found = [&concerned, &alone].into_iter().find_map(|demands| {
            let mut search = Search {
                columns,
                demands,
                candidates,
                fitting: &fitting,
                steps: 0,
            };
            search.run(&group, &chosen)
        });
        chosen = found.unwrap_or(chosen);
    }
    chosen
}

/// The candidates of each column that satisfy what is demanded of this column alone, and the demands on several columns. A
/// demand that none of the candidates satisfies is left to the server.
fn fitting<'a>(
    columns: &TableColumns<'_>,
    demands: &[&'a Demand],
    candidates: &[Vec<Candidate>],
) -> (Vec<Vec<usize>>, Vec<&'a Demand>) {
    let mut fitting: Vec<Vec<usize>> = candidates.iter().map(|list| (0..list.len()).collect()).collect();
    let mut several = Vec::new();
    let mut chosen: Vec<Option<usize>> = vec![None; candidates.len()];
    // What stands for itself goes before what must differ from others.
    let (distinct, conditions): (Vec<&Demand>, Vec<&Demand>) = demands
        .iter()
        .copied()
        .partition(|demand| matches!(demand.kind, DemandKind::Distinct { .. }));
    for demand in conditions.into_iter().chain(distinct) {
        let [place] = demand.places()[..] else {
            several.push(demand);
            continue;
        };
        let mut kept = Vec::new();
        for choice in &fitting[place] {
            chosen[place] = Some(*choice);
            if !demand.is_violated(columns, &|place| value_at(candidates, &chosen, place)) {
                kept.push(*choice);
            }
        }
        chosen[place] = None;
        if !kept.is_empty() {
            fitting[place] = kept;
        }
    }
    (fitting, several)
}

/// Columns that demands bind together, few choices first: references and enums decide what the others must be.
fn groups(demands: &[&Demand], count: usize) -> Vec<Vec<usize>> {
    let mut group_of: Vec<usize> = (0..count).collect();
    for demand in demands {
        let places = demand.places();
        let Some(first) = places.first().map(|place| group_of[*place]) else {
            continue;
        };
        for place in &places {
            let old = group_of[*place];
            for group in group_of.iter_mut().filter(|group| **group == old) {
                *group = first;
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (place, group) in group_of.into_iter().enumerate() {
        groups[group].push(place);
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// What conditions see of a column in a possibly incomplete row.
pub(super) fn value_at(candidates: &[Vec<Candidate>], chosen: &[Option<usize>], place: usize) -> Value {
    let candidate = chosen[place].and_then(|choice| candidates[place].get(choice));
    candidate.map_or(Value::Unknown, |candidate| candidate.value.clone())
}

struct Search<'a> {
    columns: &'a TableColumns<'a>,
    demands: &'a [&'a Demand],
    candidates: &'a [Vec<Candidate>],
    fitting: &'a [Vec<usize>],
    steps: u32,
}

impl Search<'_> {
    /// The choices with those of this group made anew; nothing where none satisfy its demands.
    fn run(&mut self, group: &[usize], chosen: &[usize]) -> Option<Vec<usize>> {
        let mut open = group.to_vec();
        open.sort_by_key(|place| self.fitting[*place].len());
        let mut choices: Vec<Option<usize>> = chosen.iter().map(|choice| Some(*choice)).collect();
        for place in &open {
            choices[*place] = None;
        }
        self.assign(&open, &mut choices)
            .then(|| choices.into_iter().map(|choice| choice.unwrap_or(0)).collect())
    }

    fn assign(&mut self, open: &[usize], chosen: &mut Vec<Option<usize>>) -> bool {
        let Some((place, rest)) = open.split_first() else {
            return true;
        };
        for choice in &self.fitting[*place] {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                break;
            }
            chosen[*place] = Some(*choice);
            if !self.is_violated(*place, chosen) && self.assign(rest, chosen) {
                return true;
            }
        }
        chosen[*place] = None;
        false
    }

    fn is_violated(&self, place: usize, chosen: &[Option<usize>]) -> bool {
        let value = |place: usize| value_at(self.candidates, chosen, place);
        let concerned = self.demands.iter().filter(|demand| demand.concerns(place));
        concerned
            .into_iter()
            .any(|demand| demand.is_violated(self.columns, &value))
    }
}
