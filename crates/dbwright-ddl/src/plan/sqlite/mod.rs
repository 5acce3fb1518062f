//! Plans for SQLite.
//!
//! Columns are added and dropped by `ALTER TABLE` where SQLite does that without asking for more; every other change of a
//! table is the rebuild of <https://www.sqlite.org/lang_altertable.html#otheralter>: foreign keys off outside of the
//! transaction, a new table beside the old one, its rows copied, the old one dropped, the new one renamed, and indexes and
//! triggers made again. `legacy_alter_table` keeps `RENAME` from rewriting the views, triggers and foreign keys that
//! already say the right name.

mod alter;
mod rebuild;
mod references;
mod values;
mod virtual_table;

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Catalog, Engine, Loss, Object, ObjectBody, ObjectId, ObjectKind, Plan, PlanPhase, Refusal, Step,
};

use super::PlanOptions;
use crate::quote::quote_identifier;
use crate::render::sqlite::{is_made_by_statement, is_virtual, statements_in_order};

pub(super) fn plan(before: &Catalog, after: &Catalog, _options: &PlanOptions) -> Plan {
    let mut planner = Planner {
        before,
        after,
        emptied: BTreeSet::new(),
        refused: BTreeSet::new(),
        touched: BTreeSet::new(),
        steps: Steps::default(),
        losses: Vec::new(),
        refusals: Vec::new(),
    };
    planner.tables();
    planner.search_tables();
    planner.others();
    planner.finish()
}

/// The steps by what they do, in the order in which they are run.
#[derive(Default)]
struct Steps {
    drops: Vec<Step>,
    table_drops: Vec<Step>,
    alters: Vec<Step>,
    rebuilds: Vec<Step>,
    creates: Vec<Step>,
    /// Search indexes over tables that are there by now.
    fills: Vec<Step>,
}

struct Planner<'a> {
    before: &'a Catalog,
    after: &'a Catalog,
    /// Tables and views, by name in lower case, that lose their indexes and triggers because they are dropped or made anew.
    emptied: BTreeSet<String>,
    /// Tables of the goal that can't be reached.
    refused: BTreeSet<ObjectId>,
    /// Tables of either side that are made, dropped or rebuilt.
    touched: BTreeSet<ObjectId>,
    steps: Steps,
    losses: Vec<Loss>,
    refusals: Vec<Refusal>,
}

impl Planner<'_> {
    fn tables(&mut self) {
        let (before, after) = (self.before, self.after);
        let old: BTreeMap<String, &ObjectId> = before.tables().map(|(id, _)| (lower(id), id)).collect();
        let new: BTreeMap<String, &ObjectId> = after.tables().map(|(id, _)| (lower(id), id)).collect();
        for (name, id) in &old {
            let other = new.get(name).copied();
            if other.is_none_or(|other| is_virtual(before, id) != is_virtual(after, other)) {
                self.drop_table(id);
            }
        }
        let mut created = BTreeSet::new();
        for (name, id) in &new {
            let Some(was) = old
                .get(name)
                .copied()
                .filter(|was| is_virtual(before, was) == is_virtual(after, id))
            else {
                created.insert((*id).clone());
                continue;
            };
            let (Some(from), Some(to)) = (before.get(was), after.get(id)) else {
                continue;
            };
            if from.id == to.id && from.definition == to.definition {
                continue;
            }
            if is_virtual(after, id) {
                self.alter_virtual(from, to);
            } else {
                self.alter(from, to);
            }
        }
        for id in statements_in_order(after, |object| created.contains(&object.id)) {
            if let Some(object) = after.get(&id) {
                self.touched.insert(id.clone());
                self.steps
                    .creates
                    .push(Step::new(object.definition.clone(), [id.clone()]));
                self.fill_search_index(object);
            }
        }
    }

    /// Search tables over others that are made anew: what they find may have changed.
    fn search_tables(&mut self) {
        let after = self.after;
        for (id, _) in after.tables().filter(|(id, _)| is_virtual(after, id)) {
            let content = after.get(id).and_then(virtual_table::content);
            let is_touched = |content: String| {
                let content = ObjectId::table(id.schema(), content);
                self.touched.iter().any(|touched| lower(touched) == lower(&content))
            };
            if !self.touched.contains(id)
                && content.is_some_and(is_touched)
                && let Some(object) = after.get(id)
            {
                self.fill_search_index(object);
            }
        }
    }

    fn drop_table(&mut self, id: &ObjectId) {
        self.emptied.insert(lower(id));
        self.touched.insert(id.clone());
        let sql = format!("DROP TABLE {}", quoted(id.name()));
        self.steps.table_drops.push(Step::new(sql, [id.clone()]));
        let is_derived = self.before.get(id).is_some_and(virtual_table::is_derived);
        if !is_derived {
            self.losses.push(Loss {
                object: id.clone(),
                what: "All rows of the table.".to_owned(),
            });
        }
    }

    /// Indexes, views and triggers: what is gone or different is dropped, what is new, different or was lost with its table
    /// is made.
    fn others(&mut self) {
        let (before, after) = (self.before, self.after);
        let changed_views: Vec<_> = of_statement(before, ObjectKind::View)
            .filter(|view| is_changed(view, after))
            .map(|view| lower(&view.id))
            .collect();
        self.emptied.extend(changed_views);
        let mut drops = Vec::new();
        for (kind, word) in [
            (ObjectKind::Trigger, "TRIGGER"),
            (ObjectKind::View, "VIEW"),
            (ObjectKind::Index, "INDEX"),
        ] {
            for object in of_statement(before, kind) {
                let is_gone_with_table = owner(object).is_some_and(|owner| self.emptied.contains(&owner));
                if is_changed(object, after) && !is_gone_with_table {
                    let sql = format!("DROP {word} {}", quoted(object.id.name()));
                    drops.push(Step::new(sql, [object.id.clone()]));
                }
            }
        }
        self.steps.drops = drops;
        let wanted = |object: &Object| {
            object.id.kind != ObjectKind::Table
                && (is_changed(object, before) || owner(object).is_some_and(|owner| self.emptied.contains(&owner)))
        };
        for id in statements_in_order(after, wanted) {
            let Some(object) = after.get(&id) else { continue };
            let refused = match &object.body {
                ObjectBody::Index(index) => self.refused.contains(&index.table),
                _ => false,
            };
            if refused {
                self.refusals.push(Refusal {
                    object: id,
                    reason: "Its table stays as it is.".to_owned(),
                });
            } else {
                self.steps.creates.push(Step::new(object.definition.clone(), [id]));
            }
        }
    }

    fn refuse(&mut self, id: &ObjectId, reason: String) {
        self.refused.insert(id.owner_table().unwrap_or_else(|| id.clone()));
        self.refusals.push(Refusal {
            object: id.clone(),
            reason,
        });
    }

    fn finish(mut self) -> Plan {
        let without_keys = !self.steps.table_drops.is_empty() || !self.steps.rebuilds.is_empty();
        let legacy = !self.steps.rebuilds.is_empty();
        let (counted, checked) = if without_keys {
            references::check(self.before, self.after, &self.touched)
        } else {
            (Vec::new(), Vec::new())
        };
        let mut plan = Plan::empty(self.after.server.clone());
        let mut phase = |purpose: &str, transaction: bool, steps: Vec<Step>| {
            if !steps.is_empty() {
                plan.phases.push(PlanPhase {
                    purpose: purpose.to_owned(),
                    transaction,
                    steps,
                });
            }
        };
        let (off, on) = settings(without_keys, legacy);
        phase("Prepare the connection, outside of any transaction.", false, off);
        let steps = std::mem::take(&mut self.steps);
        let steps = [
            counted,
            steps.drops,
            steps.table_drops,
            steps.alters,
            steps.rebuilds,
            steps.creates,
            steps.fills,
            checked,
        ];
        phase(
            "Change the schema, all or nothing.",
            true,
            steps.into_iter().flatten().collect(),
        );
        phase("Set the connection back.", false, on);
        self.losses.sort();
        self.refusals.sort();
        plan.losses = self.losses;
        plan.refusals = self.refusals;
        plan
    }
}

/// Settings of the connection for the time of the change, and back.
fn settings(without_keys: bool, legacy: bool) -> (Vec<Step>, Vec<Step>) {
    let (mut off, mut on) = (Vec::new(), Vec::new());
    if legacy {
        let mut step = Step::new("PRAGMA legacy_alter_table = ON", []);
        step.notes.push(
            "ALTER TABLE leaves the texts of views, triggers and foreign keys alone: they say the right name already."
                .to_owned(),
        );
        off.push(step);
        on.push(Step::new("PRAGMA legacy_alter_table = OFF", []));
    }
    if without_keys {
        let mut step = Step::new("PRAGMA foreign_keys = OFF", []);
        step.notes.push(
            "Inside a transaction SQLite ignores this, and dropping a table would then delete the rows that refer to it."
                .to_owned(),
        );
        off.push(step);
        let mut step = Step::new("PRAGMA foreign_keys = ON", []);
        step.notes
            .push("Leave this out where the connection did not have them on.".to_owned());
        on.push(step);
    }
    (off, on)
}

fn of_statement(catalog: &Catalog, kind: ObjectKind) -> impl Iterator<Item = &Object> {
    let objects = catalog.objects.values();
    objects.filter(move |object| object.id.kind == kind && is_made_by_statement(object))
}

fn is_changed(object: &Object, other: &Catalog) -> bool {
    other
        .get(&object.id)
        .is_none_or(|other| other.definition != object.definition)
}

/// The name in lower case of the table or view that an index or trigger goes with.
fn owner(object: &Object) -> Option<String> {
    match &object.body {
        ObjectBody::Index(index) => Some(lower(&index.table)),
        ObjectBody::Trigger(_) => object.id.path.get(1).map(|name| name.to_ascii_lowercase()),
        _ => None,
    }
}

fn lower(id: &ObjectId) -> String {
    id.name().to_ascii_lowercase()
}

fn quoted(name: &str) -> String {
    quote_identifier(Engine::Sqlite, name)
}
