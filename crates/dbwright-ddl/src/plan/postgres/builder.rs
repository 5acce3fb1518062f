//! Collects the statements of a plan, and puts between them the edges that follow from what hangs on what.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Loss, ObjectId, ObjectKind, Plan, Refusal, Step};

use super::fate::{Fate, Fates, base_name};
use super::side::Side;
use crate::PlanOptions;
use crate::plan::graph::{Company, Graph, Node, Work};
use crate::postgres::Context;

/// What a statement does for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Drops it; afterwards it hangs on nothing.
    Down,
    /// Makes it.
    Create,
    /// Changes it; afterwards it hangs on what its new form hangs on.
    Alter,
    /// Changes it in a way that what hangs on it must not see.
    Disturb,
    /// Takes a property away that hangs on something.
    Release,
    /// Prepares what will take its place, under another name.
    Build,
    /// Puts the prepared in its place, or changes what nothing hangs on.
    Finish,
    /// Changes something that nothing hangs on, and that hangs on nothing.
    Aside,
}

/// How long a statement takes, and so with what limits it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// It only changes the catalog.
    Quick,
    /// It looks at rows, and is done soon all the same where an index serves it.
    Patient,
    /// It reads or writes the rows of a table while others wait, in a transaction with only what must go with it.
    Long(&'static str),
    /// It is committed by itself, and may take as long as it needs without making others wait.
    Alone(&'static str),
}

/// Purposes of phases whose statements are committed by themselves.
pub(super) const BUILD_INDEXES: &str = "Build or remove indexes without blocking writes.";
pub(super) const CHECK_ROWS: &str = "Check the rows that are there without blocking writes.";
pub(super) const REWRITE: &str = "Rewrite a table, with what hangs on it, in a transaction of its own.";
pub(super) const READ_ROWS: &str = "Read rows while writers wait, in a transaction of its own.";
pub(super) const BUILD_LOCKED: &str = "Build what can't be built without blocking writes, in a transaction of its own.";
pub(super) const FILL_VIEW: &str = "Fill a materialized view, in a transaction of its own.";
pub(super) const UPDATE_EXTENSION: &str = "Update an extension, in a transaction of its own.";
pub(super) const DETACH: &str = "Detach partitions without blocking readers or writers.";
pub(super) const ADD_LABELS: &str = "Add enum labels, which can be used once they are committed.";

#[derive(Default)]
struct Parts {
    /// All its statements in the order in which they are run.
    all: Vec<usize>,
    down: Vec<usize>,
    release: Vec<usize>,
    take: Vec<usize>,
    up: Vec<usize>,
    disturb: Vec<usize>,
    create: Vec<usize>,
    /// Those that take it down, or away from what it hangs on.
    away: Vec<usize>,
    /// Those that put it back.
    back: Vec<usize>,
}

pub(super) struct Builder<'p> {
    pub(super) before: &'p Side<'p>,
    pub(super) after: &'p Side<'p>,
    pub(super) fates: &'p Fates,
    pub(super) options: &'p PlanOptions,
    pub(super) major: u32,
    /// What the statements that make things look up.
    pub(super) context: Context<'p>,
    graph: Graph,
    parts: BTreeMap<ObjectId, Parts>,
    pub(super) losses: BTreeSet<Loss>,
    pub(super) refusals: BTreeSet<Refusal>,
    /// Tables that leave a parent, with the statement that does it.
    pub(super) leaving: Vec<(ObjectId, usize)>,
    /// Tables that get a parent, with it and the statement that does it.
    pub(super) entering: Vec<(ObjectId, ObjectId, usize)>,
    /// Statements that make the index of a partition a part of an index of the partitioned table.
    pub(super) attaching: Vec<(ObjectId, usize)>,
    /// Statements that come after all of an object.
    pub(super) after_all: Vec<(ObjectId, usize)>,
    /// Statements that come before all of an object.
    pub(super) before_all: Vec<(usize, ObjectId)>,
    /// Statements that give a sequence to a column, or take it from one.
    pub(super) owners: Vec<(usize, ObjectId, bool)>,
    /// Statements that rewrite a table.
    rewriting: BTreeMap<ObjectId, Vec<usize>>,
}

impl<'p> Builder<'p> {
    pub(super) fn new(before: &'p Side<'p>, after: &'p Side<'p>, fates: &'p Fates, options: &'p PlanOptions) -> Self {
        let refusals = fates.refusals.iter().map(|(object, reason)| Refusal {
            object: object.clone(),
            reason: reason.clone(),
        });
        Builder {
            before,
            after,
            fates,
            options,
            major: after.catalog.server.version.major,
            context: Context::new(after.catalog).beside(before.catalog),
            graph: Graph::default(),
            parts: BTreeMap::new(),
            losses: BTreeSet::new(),
            refusals: refusals.collect(),
            leaving: Vec::new(),
            entering: Vec::new(),
            attaching: Vec::new(),
            after_all: Vec::new(),
            before_all: Vec::new(),
            owners: Vec::new(),
            rewriting: BTreeMap::new(),
        }
    }

    /// Adds a statement for an object, after those that were added for it before.
    pub(super) fn add(&mut self, id: &ObjectId, part: Part, pace: Pace, sql: impl Into<String>) -> usize {
        self.add_with(id, part, pace, sql, &[])
    }

    /// The same with sentences that say why it is done this way.
    pub(super) fn add_with(
        &mut self,
        id: &ObjectId,
        part: Part,
        pace: Pace,
        sql: impl Into<String>,
        notes: &[&str],
    ) -> usize {
        let mut step = Step::new(sql, [id.clone()]);
        step.notes = notes.iter().map(|note| (*note).to_owned()).collect();
        let (company, purpose) = match pace {
            Pace::Quick | Pace::Patient => (Company::Any, ""),
            Pace::Long(purpose) => (Company::Own, purpose),
            Pace::Alone(purpose) => (Company::None, purpose),
        };
        // What is done concurrently waits for old transactions; giving that up leaves an invalid index or a partition that is
        // half detached behind, and nobody queues up behind it.
        let is_concurrent = [BUILD_INDEXES, DETACH].contains(&purpose);
        step.lock_timeout = (!is_concurrent).then_some(self.options.lock_timeout);
        step.statement_timeout = (pace == Pace::Quick).then_some(self.options.statement_timeout);
        let work = match part {
            Part::Down if self.fates.of(id) == Fate::Drop => Work::Remove,
            Part::Down | Part::Release => Work::TakeDown,
            Part::Create | Part::Build => Work::Create,
            Part::Alter | Part::Disturb | Part::Finish | Part::Aside => Work::Alter,
        };
        let node = self.graph.add(Node {
            step,
            work,
            company,
            purpose,
        });
        if pace == Pace::Long(REWRITE) {
            let table = id.owner_table().unwrap_or_else(|| id.clone());
            self.rewriting.entry(table).or_default().push(node);
        }
        if let Some(last) = self.parts.get(id).and_then(|parts| parts.all.last()) {
            self.graph.edge(*last, node);
        }
        self.register(id, part, node);
        node
    }

    /// Adds a statement that need not wait for others of its object, and comes before the one that is added next.
    pub(super) fn add_free(&mut self, id: &ObjectId, pace: Pace, sql: impl Into<String>) -> usize {
        let before = self.parts.remove(id);
        let node = self.add(id, Part::Aside, pace, sql);
        if let Some(before) = before {
            self.parts.insert(id.clone(), before);
        }
        node
    }

    /// Says that a statement does something for another object as well.
    pub(super) fn also(&mut self, node: usize, id: &ObjectId, part: Part) {
        let objects = &mut self.graph.nodes[node].step.objects;
        if !objects.contains(id) {
            objects.push(id.clone());
        }
        self.register(id, part, node);
    }

    /// The same, after all that was added for that object before.
    pub(super) fn also_after(&mut self, node: usize, id: &ObjectId, part: Part) {
        for first in self.nodes_of(id) {
            self.graph.edge(first, node);
        }
        self.also(node, id, part);
    }

    fn register(&mut self, id: &ObjectId, part: Part, node: usize) {
        let parts = self.parts.entry(id.clone()).or_default();
        if !parts.all.contains(&node) {
            parts.all.push(node);
        }
        let (mut down, mut release, mut take, mut up) = (false, false, false, false);
        match part {
            Part::Down => (down, release) = (true, true),
            Part::Create => (take, up) = (true, true),
            Part::Alter | Part::Disturb => (release, take, up) = (true, true, true),
            Part::Release => release = true,
            Part::Build => take = true,
            Part::Finish => up = true,
            Part::Aside => {}
        }
        for (wanted, list) in [
            (down, &mut parts.down),
            (release, &mut parts.release),
            (take, &mut parts.take),
            (up, &mut parts.up),
            (part == Part::Disturb, &mut parts.disturb),
            (part == Part::Create, &mut parts.create),
            (matches!(part, Part::Down | Part::Release), &mut parts.away),
            (
                part == Part::Create || part == Part::Build && id.kind == ObjectKind::Column,
                &mut parts.back,
            ),
        ] {
            if wanted {
                list.push(node);
            }
        }
    }

    /// `first` comes before `then`, for a reason that the edges between objects don't tell.
    pub(super) fn order(&mut self, first: usize, then: usize) {
        self.graph.edge(first, then);
    }

    /// `first` takes something away that `then` puts back, so that it is missing as long as what stands between them takes.
    pub(super) fn bracket(&mut self, first: Vec<usize>, then: Vec<usize>) {
        self.graph.bracket(first, then);
    }

    /// All statements of one object come before those of another.
    pub(super) fn order_objects(&mut self, first: &ObjectId, then: &ObjectId) {
        let nodes = |id: &ObjectId| self.parts.get(id).map(|parts| parts.all.clone()).unwrap_or_default();
        for (first, then) in product(&nodes(first), &nodes(then)) {
            self.graph.edge(first, then);
        }
    }

    /// A statement comes before all of an object.
    pub(super) fn order_node_first(&mut self, node: usize, then: &ObjectId) {
        for then in self.nodes_of(then) {
            self.graph.edge(node, then);
        }
    }

    /// A statement comes after all of an object.
    pub(super) fn order_node_last(&mut self, first: &ObjectId, node: usize) {
        for first in self.nodes_of(first) {
            self.graph.edge(first, node);
        }
    }

    /// An object goes with another.
    pub(super) fn follow_down(&mut self, owner: &ObjectId, id: &ObjectId) {
        let down = self
            .parts
            .get(owner)
            .map(|parts| parts.down.clone())
            .unwrap_or_default();
        for node in down {
            self.also(node, id, Part::Down);
        }
    }

    fn nodes_of(&self, id: &ObjectId) -> Vec<usize> {
        self.parts.get(id).map(|parts| parts.all.clone()).unwrap_or_default()
    }

    /// What is built for a partition comes after what is built for its partitioned table, and after the columns that it
    /// needs.
    pub(super) fn built_after(&mut self, node: usize, id: &ObjectId, parent: &ObjectId) {
        if let Some(first) = self.parts.get(parent).and_then(|parts| parts.all.first()) {
            self.graph.edge(*first, node);
        }
        let needs = self.after.needs(id).iter();
        let needs = needs.filter(|need| !matches!(need.kind, ObjectKind::Index | ObjectKind::Constraint));
        self.after_all.extend(needs.map(|need| (need.clone(), node)));
    }

    /// What is built for a constraint comes after the columns and types that it and its index need.
    pub(super) fn after_columns(&mut self, node: usize, id: &ObjectId, index: &ObjectId) {
        let needs = self.after.needs(id).iter().chain(self.after.needs(index));
        let needs = needs.filter(|need| !matches!(need.kind, ObjectKind::Index | ObjectKind::Constraint));
        let needs: Vec<ObjectId> = needs.filter(|need| !need.kind.is_satellite()).cloned().collect();
        self.after_all.extend(needs.into_iter().map(|need| (need, node)));
    }

    /// The old index of a partitioned table goes after the new index of a partition has its place.
    pub(super) fn attached_before_drop(&mut self, child: &ObjectId, parent: &ObjectId) {
        let parent_down = self
            .parts
            .get(parent)
            .map(|parts| parts.down.clone())
            .unwrap_or_default();
        for (first, then) in product(&self.nodes_of(child), &parent_down) {
            self.graph.edge(first, then);
        }
        self.follow_down(parent, child);
    }

    /// Whether the table of a part hung on the same parent before, so that what is made there is made here.
    pub(super) fn was_child(&self, part: &ObjectId) -> bool {
        let table = |side: &Side<'_>| side.relation_of(part).or_else(|| part.owner_table());
        let (Some(was), Some(is)) = (table(self.before).or_else(|| table(self.after)), table(self.after)) else {
            return false;
        };
        self.before.has(&was) && {
            let old = self.before.parents(&was);
            self.after.parents(&is).iter().any(|parent| old.contains(parent))
        }
    }

    /// Whether a part of a table goes with that of its parent, where the table hangs as long as that is there.
    pub(super) fn goes_with_parent(&self, part: &ObjectId) -> bool {
        self.before
            .inherited_from(part)
            .is_some_and(|parent| self.fates.goes(&parent) && !self.leaves_parent(part))
    }

    /// What the goal calls a part of a table that comes from that of its parent, where both stay and only the name is another.
    pub(super) fn other_name_of_heir(&self, part: &ObjectId) -> Option<ObjectId> {
        let parent = self.before.inherited_from(part)?;
        let table = self.before.relation_of(part)?;
        if self.fates.goes(&parent) || !self.after.has(&parent) || self.leaves_parent(part) {
            return None;
        }
        let mut heirs = self
            .after
            .catalog
            .objects
            .keys()
            .filter(|id| id.kind == part.kind && *id != part);
        let is_it = |id: &&ObjectId| {
            self.after.inherited_from(id).as_ref() == Some(&parent)
                && self.after.relation_of(id).as_ref() == Some(&table)
        };
        heirs.find(is_it).cloned()
    }

    /// Whether the table of a part leaves its parent.
    pub(super) fn leaves_parent(&self, part: &ObjectId) -> bool {
        let Some(table) = self.before.relation_of(part) else {
            return false;
        };
        let now = self.after.parents(&table);
        self.before.parents(&table).iter().any(|parent| !now.contains(parent))
    }

    /// Whether a column, type or routine that an index or constraint hangs on changes or is made anew.
    pub(super) fn is_disturbed(&self, id: &ObjectId) -> bool {
        let index = self.before.constraint(id).and_then(|body| body.index.as_ref());
        let all = [Some(id), index].into_iter().flatten();
        let needs = all.flat_map(|id| self.before.needs(id).iter().chain(self.after.needs(id)));
        needs
            .filter(|need| {
                !matches!(
                    need.kind,
                    ObjectKind::Constraint | ObjectKind::Index | ObjectKind::Table
                )
            })
            .any(|need| self.fates.retyped.contains(need) || self.fates.goes(need) || self.fates.of(need) == Fate::Swap)
    }

    /// Whether another index of the table is the one that `CLUSTER` shall go by.
    pub(super) fn another_is_clustered(&self, table: &ObjectId) -> bool {
        let mut indexes = self.after.catalog.indexes(table);
        indexes.any(|(_, index)| index.postgres.as_ref().is_some_and(|extra| extra.clustered))
    }

    /// The type of this name, or that these are arrays of, where a new one takes its place.
    pub(super) fn swapped_type(&self, type_name: &str) -> Option<ObjectId> {
        let element = type_name.trim_end_matches("[]");
        let swapped = self.fates.ids(&Fate::Swap).into_iter();
        let mut types = swapped.filter(|id| id.kind == ObjectKind::Type);
        types.find(|id| super::names::name(id) == element)
    }

    pub(super) fn lose(&mut self, id: &ObjectId, what: impl Into<String>) {
        self.losses.insert(Loss {
            object: id.clone(),
            what: what.into(),
        });
    }

    pub(super) fn refuse(&mut self, id: &ObjectId, reason: impl Into<String>) {
        self.refusals.insert(Refusal {
            object: id.clone(),
            reason: reason.into(),
        });
    }

    /// Whether statements were added for an object.
    pub(super) fn has_steps(&self, id: &ObjectId) -> bool {
        self.parts.contains_key(id)
    }

    /// Whether something of a table that is new was made before.
    pub(super) fn has_parts_of(&self, table: &ObjectId) -> bool {
        self.parts.get(table).is_some_and(|parts| parts.create.len() > 1)
    }

    /// The plan.
    pub(super) fn finish(mut self) -> Plan {
        for (id, node) in std::mem::take(&mut self.after_all) {
            self.order_node_last(&id, node);
        }
        for (node, id) in std::mem::take(&mut self.before_all) {
            self.order_node_first(node, &id);
        }
        self.edges_of_before();
        self.edges_of_after();
        self.edges_of_names();
        self.brackets_of_objects();
        for steps in std::mem::take(&mut self.rewriting).into_values() {
            self.graph.together(steps);
        }
        let (mut phases, circles) = self.graph.phases();
        for phase in phases.iter_mut().filter(|phase| phase.transaction) {
            rewrite_once(&mut phase.steps);
        }
        for circle in circles {
            let names: Vec<String> = circle.iter().map(|id| format!("{} {id}", id.kind.name())).collect();
            if let Some(object) = circle.first() {
                self.refusals.insert(Refusal {
                    object: object.clone(),
                    reason: format!(
                        "No order was found for the changes of these, each of which has to come before the next: {}. Split the \
                         change in two.",
                        names.join(", ")
                    ),
                });
            }
        }
        Plan {
            phases,
            losses: self.losses.into_iter().collect(),
            refusals: self.refusals.into_iter().collect(),
            ..Plan::empty(self.after.catalog.server.clone())
        }
    }

    /// What is taken down is put back soon, with what is said of it: owner, privileges, comment.
    fn brackets_of_objects(&mut self) {
        for (id, parts) in self.parts.iter().filter(|(_, parts)| !parts.back.is_empty()) {
            let needs = self.before.needs(id).iter().filter(|_| id.kind.is_satellite());
            let away = needs.filter_map(|need| self.parts.get(need)).map(|parts| &parts.away);
            for away in away.chain([&parts.away]).filter(|away| !away.is_empty()) {
                self.graph.bracket(away.clone(), parts.back.clone());
            }
        }
    }

    /// What hangs on something lets go of it before it goes or is disturbed.
    fn edges_of_before(&mut self) {
        for (id, parts) in &self.parts {
            for need in self.before.needs(id) {
                let Some(needed) = self.parts.get(need) else { continue };
                for (first, then) in product(&parts.release, &needed.down) {
                    if !parts.release.contains(&then) {
                        self.graph.edge(first, then);
                    }
                }
                for (first, then) in product(&parts.down, &needed.disturb) {
                    self.graph.edge(first, then);
                }
            }
        }
    }

    /// What hangs on something is made after it.
    fn edges_of_after(&mut self) {
        for (id, parts) in &self.parts {
            for need in self.after.needs(id) {
                let Some(needed) = self.parts.get(need) else { continue };
                for (first, then) in product(&needed.up, &parts.take) {
                    if !parts.up.contains(&first) && !needed.take.contains(&then) {
                        self.graph.edge(first, then);
                    }
                }
            }
        }
    }

    /// What takes a name comes after what has it.
    fn edges_of_names(&mut self) {
        let mut holders: BTreeMap<(String, String), Vec<&ObjectId>> = BTreeMap::new();
        for (id, _) in self.parts.iter().filter(|(_, parts)| !parts.down.is_empty()) {
            if let Some(key) = names_of(self.before, id) {
                holders.entry(key).or_default().push(id);
            }
        }
        for (id, parts) in self.parts.iter().filter(|(_, parts)| !parts.create.is_empty()) {
            let holders = names_of(self.after, id).and_then(|key| holders.get(&key));
            for holder in holders.into_iter().flatten().filter(|holder| **holder != id) {
                for (first, then) in product(&self.parts[*holder].down, &parts.create) {
                    self.graph.edge(first, then);
                }
            }
        }
    }
}

/// What rewrites one table in one statement, so that it is rewritten once.
fn rewrite_once(steps: &mut Vec<Step>) {
    let head = |step: &Step| {
        let words = [" ALTER COLUMN ", " ADD COLUMN "];
        let (head, rest) = words.iter().find_map(|words| step.sql.split_once(words))?;
        let is_type = step.sql[head.len()..].starts_with(" ALTER COLUMN ") && rest.contains(" TYPE ");
        let rewrites = step.statement_timeout.is_none() || is_type;
        (rewrites && head.starts_with("ALTER TABLE ") && !head.contains('\n')).then_some(head.len())
    };
    let mut merged: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps.drain(..) {
        if let (Some(last), Some(length)) = (merged.last_mut(), head(&step))
            && head(last) == Some(length)
            && last.sql[..length] == step.sql[..length]
        {
            last.sql = format!("{},\n   {}", last.sql, &step.sql[length..]);
            last.objects.extend(step.objects);
            // What is true of one that keeps the values is not true of the whole.
            match (last.statement_timeout, step.statement_timeout) {
                (Some(_), None) => last.notes = step.notes,
                (None, Some(_)) => {}
                (Some(_), Some(_)) | (None, None) => {
                    let new: Vec<String> = step
                        .notes
                        .into_iter()
                        .filter(|note| !last.notes.contains(note))
                        .collect();
                    last.notes.extend(new);
                }
            }
            last.statement_timeout = last.statement_timeout.and(step.statement_timeout);
        } else {
            merged.push(step);
        }
    }
    *steps = merged;
}

/// The name that nothing else of its sort may have. A key has that of its index.
fn names_of(side: &Side<'_>, id: &ObjectId) -> Option<(String, String)> {
    let relation = |id: &ObjectId| (format!("relation {}", id.schema()), id.name().to_owned());
    match id.kind {
        ObjectKind::Table | ObjectKind::View | ObjectKind::Sequence | ObjectKind::Index | ObjectKind::Type => {
            Some(relation(id))
        }
        ObjectKind::Constraint => side.constraint(id)?.index.as_ref().map(relation),
        ObjectKind::Routine => {
            let (schema, name) = base_name(id);
            Some((format!("routine {schema}"), name.to_owned()))
        }
        _ => None,
    }
}

fn product(first: &[usize], then: &[usize]) -> Vec<(usize, usize)> {
    first
        .iter()
        .flat_map(|first| then.iter().map(move |then| (*first, *then)))
        .filter(|(first, then)| first != then)
        .collect()
}
