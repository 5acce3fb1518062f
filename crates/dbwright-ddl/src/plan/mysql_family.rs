//! Plans for MySQL and MariaDB.
//!
//! Definitions commit by themselves, so that no phase is a transaction: where a step fails, those before it stay, and what
//! is left is planned again from what is there then. Within a table, changes go into one `ALTER TABLE` where they need
//! each other or the table is written anew in any case; else additions and drops that change the dictionary alone come
//! first, and indexes are built by themselves. Which algorithm a server takes for a statement, it is asked on a scratch
//! copy (`dbwright-live`): nothing here guesses.
//!
//! Manual: <https://dev.mysql.com/doc/refman/9.7/en/alter-table.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/alter/alter-table>.

mod access;
mod columns;
mod foreign_keys;
mod indexes;
mod options;
mod partitions;
mod programs;
mod sequences;
mod tables;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dbwright_catalog::{Catalog, Engine, Loss, ObjectId, ObjectKind, Plan, PlanPhase, Refusal, Step, changes};

use super::PlanOptions;
use crate::render::mysql_family::{alter_schema, create_tables, preamble, tables as text};

pub(super) fn plan(before: &Catalog, after: &Catalog, options: &PlanOptions) -> Plan {
    let mut planner = Planner {
        before,
        after,
        options,
        changed: changed_tables(before, after),
        losses: BTreeSet::new(),
        refusals: BTreeSet::new(),
    };
    let phases = planner.phases();
    planner.refuse_what_is_left(&phases);
    Plan {
        server: after.server.clone(),
        phases,
        losses: planner.losses.into_iter().collect(),
        refusals: planner.refusals.into_iter().collect(),
    }
}

/// What a plan is made from, and what it has found so far.
pub(super) struct Planner<'a> {
    pub(super) before: &'a Catalog,
    pub(super) after: &'a Catalog,
    options: &'a PlanOptions,
    /// Tables of which something is another than before, or of whose parts.
    changed: BTreeSet<ObjectId>,
    losses: BTreeSet<Loss>,
    refusals: BTreeSet<Refusal>,
}

/// The tables of which something is different.
fn changed_tables(before: &Catalog, after: &Catalog) -> BTreeSet<ObjectId> {
    let differs = before
        .objects
        .iter()
        .filter(|(id, object)| after.get(id) != Some(*object));
    let fresh = after.objects.keys().filter(|id| before.get(id).is_none());
    let ids = differs.map(|(id, _)| id).chain(fresh);
    let table = |id: &ObjectId| {
        let target = id.target();
        let id = target.as_ref().unwrap_or(id);
        if id.kind == ObjectKind::Table {
            Some(id.clone())
        } else {
            id.owner_table()
        }
    };
    ids.filter_map(table).collect()
}

impl Planner<'_> {
    fn engine(&self) -> Engine {
        self.after.server.engine
    }

    fn phases(&mut self) -> Vec<PlanPhase> {
        let mut phases = Vec::new();
        let taken = self.foreign_keys_to_drop();
        let dropped = self.dropped(ObjectKind::Table);
        let created = self.created(ObjectKind::Table);
        self.add(&mut phases, "Take away privileges that are gone.", self.revocations());
        self.add(&mut phases, "Drop code that is gone.", self.dropped_programs());
        let settings = self.schema_step();
        self.add(&mut phases, "Set what new tables and routines get.", settings);
        let sequences = self.sequences();
        self.add(&mut phases, "Make and change sequences.", sequences);
        let steps = self.drop_foreign_keys(&taken);
        self.add(
            &mut phases,
            "Take down foreign keys that are gone or in the way of a change.",
            steps,
        );
        let steps = self.drop_tables(&dropped);
        self.add(&mut phases, "Drop tables that are gone.", steps);
        let mut altered = Vec::new();
        let mut repartitioned = Vec::new();
        let mut kept = self.kept(ObjectKind::Table);
        kept.retain(|table| self.changed.contains(table));
        for table in kept {
            let (steps, partitions) = self.alter_table(&table);
            altered.extend(steps);
            repartitioned.extend(partitions);
        }
        self.add(&mut phases, "Change tables.", altered);
        self.add(&mut phases, "Change partitions.", repartitioned);
        let (tables, late) = create_tables(self.after, &created);
        self.refuse_foreign_references(&created);
        self.add(&mut phases, "Make new tables.", tables);
        let mut keys = self.add_foreign_keys(&taken);
        keys.extend(late);
        self.add(&mut phases, "Add foreign keys, which reads both tables.", keys);
        let steps = self.drop_sequences();
        self.add(&mut phases, "Drop sequences that are gone.", steps);
        let programs = self.programs();
        self.add(
            &mut phases,
            "Make and replace routines, views, triggers and events.",
            programs,
        );
        let grants = self.grants();
        self.add(&mut phases, "Give privileges.", grants);
        self.begin(&mut phases);
        phases
    }

    /// Puts what a session begins with in front, where there is anything to do.
    fn begin(&self, phases: &mut Vec<PlanPhase>) {
        if phases.is_empty() {
            return;
        }
        let mut steps = preamble(self.after);
        let is_versioned = |(id, _): (&ObjectId, _)| {
            text::own_text(self.before, id)
                .options
                .get(crate::render::mysql_family::text::VERSIONING)
                .is_some()
        };
        if self.engine() == Engine::MariaDb && self.before.tables().any(is_versioned) {
            let mut step = Step::new("SET SESSION system_versioning_alter_history = KEEP", []);
            step.notes
                .push("Tables with a history can't be changed otherwise; old rows take on the new shape.".to_owned());
            steps.push(step);
        }
        let phase = PlanPhase {
            purpose: "Set the session up: every later step counts on it.".to_owned(),
            transaction: false,
            steps,
        };
        phases.insert(0, phase);
    }

    fn add(&self, phases: &mut Vec<PlanPhase>, purpose: &str, mut steps: Vec<Step>) {
        if steps.is_empty() {
            return;
        }
        for step in &mut steps {
            step.lock_timeout = Some(self.options.lock_timeout.max(Duration::from_secs(1)));
        }
        let purpose = format!("{purpose} Each step commits; after a failure, plan again from what is there.");
        phases.push(PlanPhase {
            purpose,
            transaction: false,
            steps,
        });
    }

    fn lose(&mut self, object: &ObjectId, what: impl Into<String>) {
        self.losses.insert(Loss {
            object: object.clone(),
            what: what.into(),
        });
    }

    fn refuse(&mut self, object: &ObjectId, reason: impl Into<String>) {
        self.refusals.insert(Refusal {
            object: object.clone(),
            reason: reason.into(),
        });
    }

    fn ids(catalog: &Catalog, kind: ObjectKind) -> impl Iterator<Item = &ObjectId> {
        catalog.objects.keys().filter(move |id| id.kind == kind)
    }

    fn created(&self, kind: ObjectKind) -> BTreeSet<ObjectId> {
        Self::ids(self.after, kind)
            .filter(|id| self.before.get(id).is_none())
            .cloned()
            .collect()
    }

    fn dropped(&self, kind: ObjectKind) -> BTreeSet<ObjectId> {
        Self::ids(self.before, kind)
            .filter(|id| self.after.get(id).is_none())
            .cloned()
            .collect()
    }

    fn kept(&self, kind: ObjectKind) -> BTreeSet<ObjectId> {
        Self::ids(self.after, kind)
            .filter(|id| self.before.get(id).is_some())
            .cloned()
            .collect()
    }

    /// Whether both sides have it, with the same definition.
    fn is_same(&self, id: &ObjectId) -> bool {
        match (self.before.get(id), self.after.get(id)) {
            (Some(before), Some(after)) => before.definition == after.definition,
            _ => false,
        }
    }

    fn schema_step(&self) -> Vec<Step> {
        let schema = ObjectId::new(ObjectKind::Schema, [crate::render::mysql_family::MAIN]);
        let comment = schema.satellite(ObjectKind::Comment);
        let is_as_before = alter_schema(self.before) == alter_schema(self.after);
        let sql = alter_schema(self.after).filter(|_| !is_as_before);
        sql.map(|sql| Step::new(sql, [schema, comment])).into_iter().collect()
    }

    fn drop_tables(&mut self, dropped: &BTreeSet<ObjectId>) -> Vec<Step> {
        let mut order = crate::creation_order(self.before, dropped).ids;
        order.reverse();
        let mut steps = Vec::new();
        let mut triggers: BTreeMap<ObjectId, Vec<ObjectId>> = BTreeMap::new();
        for id in Self::ids(self.before, ObjectKind::Trigger) {
            if let Some(table) = id.owner_table() {
                let of_table = triggers.entry(table).or_default();
                of_table.extend([id.clone(), id.satellite(ObjectKind::Owner)]);
            }
        }
        for table in order {
            self.lose(&table, "All rows of the table are lost.");
            let name = crate::quote_identifier(self.engine(), table.name());
            let triggers = triggers.remove(&table).unwrap_or_default();
            let objects = text::objects_of(self.before, &table).into_iter().chain(triggers);
            steps.push(Step::new(format!("DROP TABLE {name}"), objects));
        }
        steps
    }

    /// Changes that no step carries out and nobody has refused yet are refused, so that nothing is passed over in silence.
    fn refuse_what_is_left(&mut self, phases: &[PlanPhase]) {
        let done: BTreeSet<&ObjectId> = phases
            .iter()
            .flat_map(|phase| &phase.steps)
            .flat_map(|step| &step.objects)
            .collect();
        let mut left = Vec::new();
        for change in changes(self.before, self.after) {
            let object = change.object();
            let is_refused = self.refusals.iter().any(|refusal| refusal.object == object.id);
            let is_moved = object.id.kind == ObjectKind::Column && self.is_same(&object.id);
            // What goes and comes with the thing that it is said of, or that it belongs to.
            let goes_with = |id: &ObjectId| {
                let target = id.target().or_else(|| id.owner_table());
                target.is_some_and(|target| done.contains(&target))
            };
            if !done.contains(&object.id) && !is_refused && !is_moved && !goes_with(&object.id) {
                left.push(object.id.clone());
            }
        }
        for id in left {
            let reason = format!(
                "Such a change of a {} can't be planned for this engine. Make it by hand.",
                id.kind.name()
            );
            self.refuse(&id, reason);
        }
    }
}
