//! Choosing one candidate per column so that no demand is violated: depth first, with a bound.

use super::column::TableColumns;
use super::demand::{Demand, DemandKind};
use super::expression::Value;
use super::value::Candidate;

/// How many choices are looked at before the search gives up.
const STEPS_MAX: u32 = 20_000;

/// Which candidate each column takes. Where nothing satisfies all demands (as far as they are understood), a row that is
/// only not distinct from others, else the first candidate of each: the server then says why not.
pub(super) fn choose(columns: &TableColumns<'_>, demands: &[Demand], candidates: &[Vec<Candidate>]) -> Vec<usize> {
    let all: Vec<&Demand> = demands.iter().collect();
    let alone: Vec<&Demand> = demands
        .iter()
        .filter(|demand| !matches!(demand.kind, DemandKind::Distinct { .. }))
        .collect();
    choose_for(columns, &all, candidates)
        .or_else(|| choose_for(columns, &alone, candidates))
        .unwrap_or_else(|| vec![0; candidates.len()])
}

fn choose_for(columns: &TableColumns<'_>, demands: &[&Demand], candidates: &[Vec<Candidate>]) -> Option<Vec<usize>> {
    let mut open: Vec<usize> = demands
        .iter()
        .flat_map(|demand| demand.columns.iter().copied())
        .collect();
    open.sort_unstable();
    open.dedup();
    // Few choices first: references and enums decide what the others must be.
    open.sort_by_key(|place| candidates[*place].len());
    let mut chosen: Vec<Option<usize>> = vec![Some(0); candidates.len()];
    for place in &open {
        chosen[*place] = None;
    }
    let mut search = Search {
        columns,
        demands,
        candidates,
        steps: 0,
    };
    search
        .assign(&open, &mut chosen)
        .then(|| chosen.into_iter().map(|choice| choice.unwrap_or(0)).collect())
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
    steps: u32,
}

impl Search<'_> {
    fn assign(&mut self, open: &[usize], chosen: &mut Vec<Option<usize>>) -> bool {
        let Some((place, rest)) = open.split_first() else {
            return true;
        };
        for choice in 0..self.candidates[*place].len() {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                break;
            }
            chosen[*place] = Some(choice);
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
