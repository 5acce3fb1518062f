//! Judges catalogs: one as it stands, or what migrations made of one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use dbwright_catalog::{
    Catalog, Change, Evidence, Finding, Known, LintKey, Measured, MigrationSet, Object, ObjectId, Place, Relation,
    Trace,
};

use crate::flaw::{self, Flaw, Folded};
use crate::schema::{self, Schema};
use crate::timeline::{Position, Timeline};
use crate::{RULES, Rule, RuleChoice};

/// What the rules say of a schema.
#[derive(Debug)]
pub struct Linted {
    /// What they say that was not known.
    pub findings: Vec<Finding>,
    /// What makes each of these the same tomorrow; more than findings, because those of one table are told as one.
    pub keys: BTreeSet<LintKey>,
    /// What they say that was known.
    pub known: BTreeSet<LintKey>,
}

/// What the rules say of a catalog that was read whole, rule by rule: as of the change from nothing to it. `known` is not told.
///
/// No file is concerned: the place of each finding is empty, and its object stands in
/// [`Evidence::relation`].
pub fn lint(catalog: &Catalog, measured: &Measured, choice: &RuleChoice, known: &BTreeSet<LintKey>) -> Linted {
    let schema = Schema::of_live(catalog, measured);
    let mut linted = Linted {
        findings: Vec::new(),
        keys: BTreeSet::new(),
        known: BTreeSet::new(),
    };
    for rule in chosen(catalog, choice) {
        let mut flaws = rule.flaws(&schema);
        flaws.retain(|flaw| {
            let key = LintKey {
                rule: rule.name.to_owned(),
                object: flaw.object.clone(),
            };
            let is_known = known.contains(&key);
            if is_known {
                linted.known.insert(key);
            } else {
                linted.keys.insert(key);
            }
            !is_known
        });
        for folded in flaw::fold(flaws) {
            let place = Place {
                path: PathBuf::new(),
                statement: None,
                span: None,
                line: 0,
            };
            let evidence = Evidence {
                known: Known::Observed,
                server: catalog.server.clone(),
                relation: None,
                lock: None,
                operation: None,
                facts: Vec::new(),
            };
            let finding = Finding {
                rule: rule.name.to_owned(),
                group: rule.group,
                severity: rule.severity,
                place,
                message: String::new(),
                evidence,
                advice: Vec::new(),
                fix: None,
            };
            linted.findings.push(told(folded, finding));
        }
    }
    linted
        .findings
        .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    linted
}

/// Columns that hold the keys of another table without a constraint that keeps that true, to be looked at in a live database.
pub fn relations(catalog: &Catalog) -> Vec<Relation> {
    schema::relations::relations(&Schema::new(catalog))
}

/// A flaw that judged migrations brought, with the statement that made the newest of its objects what it is.
pub(crate) struct Brought {
    pub(crate) rule: &'static Rule,
    pub(crate) position: Position,
    pub(crate) folded: Folded,
}

/// The flaws that the catalog has at the end and did not have without the judged migrations.
pub(crate) fn brought(
    trace: &Trace,
    judged: &MigrationSet,
    timeline: &Timeline<'_>,
    choice: &RuleChoice,
) -> Vec<Brought> {
    let positions = judged_positions(trace, judged);
    if positions.iter().all(|position| timeline.steps(*position).is_empty()) && trace.access_changes.is_empty() {
        return Vec::new();
    }
    let catalog = with_access(trace);
    let without = without_judged(trace, &catalog, &positions);
    let (before, after) = (Schema::new(&without), Schema::new(&catalog));
    let renamed = Renamed::of(timeline, &positions);
    let mut brought = Vec::new();
    for rule in chosen(&trace.catalog, choice).filter(|rule| rule.judges_changes()) {
        let known: BTreeSet<ObjectId> = rule
            .flaws(&before)
            .iter()
            .map(|flaw| renamed.now(&flaw.object))
            .collect();
        let mut placed: Vec<(Position, Vec<Flaw>)> = Vec::new();
        for flaw in rule.flaws(&after) {
            if known.contains(&flaw.object) {
                continue;
            }
            let position = opened_by(&flaw, trace).or_else(|| position(&flaw, timeline, &positions));
            let Some(position) = position else {
                continue;
            };
            match placed.iter_mut().find(|(other, _)| *other == position) {
                Some((_, flaws)) => flaws.push(flaw),
                None => placed.push((position, vec![flaw])),
            }
        }
        for (position, flaws) in placed {
            let folded = flaw::fold(flaws).into_iter();
            brought.extend(folded.map(|folded| Brought { rule, position, folded }));
        }
    }
    brought
}

/// Puts what a flaw says into a finding.
pub(crate) fn told(folded: Folded, mut finding: Finding) -> Finding {
    let Folded { flaw, message } = folded;
    finding.message = message;
    finding.severity = flaw.severity.unwrap_or(finding.severity);
    finding.evidence.relation = Some(flaw.object);
    finding.evidence.facts.extend(flaw.facts);
    finding.advice.extend(flaw.advice);
    finding
}

fn chosen(catalog: &Catalog, choice: &RuleChoice) -> impl Iterator<Item = &'static Rule> {
    let engine = catalog.server.engine;
    let rules = RULES.iter().copied();
    rules.filter(move |rule| rule.engines.contains(&engine) && choice.includes(rule))
}

fn judged_positions(trace: &Trace, judged: &MigrationSet) -> Vec<Position> {
    let migrations = trace.migrations.iter().enumerate();
    migrations
        .filter(|(index, _)| judged.contains(*index))
        .flat_map(|(index, migration)| (0..migration.effects.len()).map(move |statement| (index, statement)))
        .collect()
}

/// The catalog at the end, with policies and what is granted to everybody.
fn with_access(trace: &Trace) -> Catalog {
    let mut catalog = trace.catalog.clone();
    let access = trace.access.iter().map(|object| (object.id.clone(), object.clone()));
    catalog.objects.extend(access);
    catalog
}

/// The last statement that made a policy or a grant that a flaw rests on.
fn opened_by(flaw: &Flaw, trace: &Trace) -> Option<Position> {
    let made = trace.access_changes.iter().filter(|access| match &access.change {
        Change::Created(object) | Change::Altered { after: object, .. } => flaw.related.contains(&object.id),
        // What is there no more makes a flaw of the table that it was on.
        Change::Dropped(object) => object.id.owner_table().is_some_and(|table| table == flaw.object),
    });
    made.map(|access| (access.migration, access.statement)).max()
}

/// The catalog without what the judged migrations did.
fn without_judged(trace: &Trace, at_end: &Catalog, positions: &[Position]) -> Catalog {
    let mut catalog = at_end.clone();
    for access in trace.access_changes.iter().rev() {
        match &access.change {
            Change::Created(object) => drop(catalog.objects.remove(&object.id)),
            Change::Dropped(before) | Change::Altered { before, .. } => {
                catalog.objects.insert(before.id.clone(), before.clone());
            }
        }
    }
    for (migration, statement) in positions.iter().rev() {
        let Some(effect) = trace
            .migrations
            .get(*migration)
            .and_then(|it| it.effects.get(*statement))
        else {
            continue;
        };
        for change in &effect.changes {
            match change {
                Change::Created(after) | Change::Altered { after, .. } => {
                    catalog.objects.remove(&after.id);
                }
                Change::Dropped(_) => {}
            }
        }
        for change in &effect.changes {
            match change {
                Change::Dropped(before) | Change::Altered { before, .. } => {
                    catalog.objects.insert(before.id.clone(), before.clone());
                }
                Change::Created(_) => {}
            }
        }
    }
    catalog
}

/// The names that objects got in judged migrations, oldest first.
struct Renamed<'a>(Vec<(&'a ObjectId, &'a ObjectId)>);

impl<'a> Renamed<'a> {
    fn of(timeline: &Timeline<'a>, positions: &[Position]) -> Self {
        let mut renames = Vec::new();
        for position in positions {
            for step in timeline.steps(*position) {
                if let (Some(before), Some(after)) = (step.before, step.after)
                    && before.id != after.id
                {
                    renames.push((&before.id, &after.id));
                }
            }
        }
        Renamed(renames)
    }

    /// What is called so before, as it is called at the end.
    fn now(&self, id: &ObjectId) -> ObjectId {
        let renames = self.0.iter();
        renames.fold(
            id.clone(),
            |id, (before, after)| if id == **before { (*after).clone() } else { id },
        )
    }
}

/// The last judged statement that made one of the flaw's objects, or made it another; else the last that did anything to
/// the table, such as taking an index from it; else the last that changed anything.
fn position(flaw: &Flaw, timeline: &Timeline<'_>, positions: &[Position]) -> Option<Position> {
    let mut names: BTreeSet<ObjectId> = flaw.related.iter().cloned().collect();
    names.insert(flaw.object.clone());
    let owner = flaw.owner();
    let mut near = None;
    let mut any = None;
    for position in positions.iter().rev() {
        for step in timeline.steps(*position) {
            any = any.or(Some(*position));
            let touched = [step.before, step.after].into_iter().flatten();
            if touched.clone().any(|object| table_of(object) == owner) {
                near = near.or(Some(*position));
            }
            let Some(after) = step.after.filter(|after| names.contains(&after.id)) else {
                continue;
            };
            match step.before {
                Some(before) if before.body == after.body => {
                    names.insert(before.id.clone());
                }
                _ => return Some(*position),
            }
        }
    }
    near.or(any)
}

fn table_of(object: &Object) -> ObjectId {
    match &object.body {
        dbwright_catalog::ObjectBody::Index(index) => index.table.clone(),
        _ => object.id.owner_table().unwrap_or_else(|| object.id.clone()),
    }
}

#[cfg(test)]
mod tests;
