//! Views, routines, triggers and events.
//!
//! Views are replaced without a gap, on MariaDB everything is; MySQL has no `OR REPLACE` for the others, which are away
//! between two steps. Triggers fire in an order: where one of them is made anew, those behind it are as well.

use std::collections::BTreeSet;

use dbwright_catalog::{Engine, ObjectId, ObjectKind, Step};

use super::Planner;
use crate::render::mysql_family::code::routine_name;
use crate::render::mysql_family::{Programs, follows, is_program, programs_of};
use crate::{creation_order, quote_identifier};

impl Planner<'_> {
    /// Drops what is gone, readers first.
    pub(super) fn dropped_programs(&self) -> Vec<Step> {
        let gone: BTreeSet<ObjectId> = programs_of(self.before)
            .filter(|id| self.after.get(id).is_none())
            .cloned()
            .collect();
        // The triggers of a table go with it.
        let stays = |id: &ObjectId| id.owner_table().is_none_or(|table| self.after.get(&table).is_some());
        let mut order = creation_order(self.before, &gone).ids;
        order.reverse();
        order.retain(stays);
        // The body of a package goes with its head.
        let heads: BTreeSet<String> = order
            .iter()
            .filter_map(|id| id.name().strip_suffix(" (package)"))
            .map(str::to_owned)
            .collect();
        let is_of_head = |id: &ObjectId| {
            id.name()
                .strip_suffix(" (package body)")
                .is_some_and(|name| heads.contains(name))
        };
        let alone: Vec<ObjectId> = order.into_iter().filter(|id| !is_of_head(id)).collect();
        alone.into_iter().map(|id| self.drop_program(&id)).collect()
    }

    fn drop_program(&self, id: &ObjectId) -> Step {
        let engine = self.engine();
        let definition = self.before.get(id).map_or("", |object| object.definition.as_str());
        let what = match id.kind {
            ObjectKind::Routine => routine_name(engine, id, definition),
            kind => format!("{} {}", kind.name().to_uppercase(), quote_identifier(engine, id.name())),
        };
        Step::new(format!("DROP {what}"), [id.clone(), id.satellite(ObjectKind::Owner)])
    }

    /// Makes what is new and remakes what is another than before.
    pub(super) fn programs(&mut self) -> Vec<Step> {
        let mut wanted: BTreeSet<ObjectId> = programs_of(self.after)
            .filter(|id| self.is_remade(id))
            .cloned()
            .collect();
        // Triggers behind one that is made anew would fire before it.
        loop {
            let behind = |id: &&ObjectId| {
                let before = self.after.get(id).and_then(|object| follows(self.after, object));
                before.is_some_and(|before| wanted.contains(&before)) && !wanted.contains(id)
            };
            let more: Vec<ObjectId> = Self::ids(self.after, ObjectKind::Trigger)
                .filter(behind)
                .cloned()
                .collect();
            if more.is_empty() {
                break;
            }
            wanted.extend(more);
        }
        let there: BTreeSet<ObjectId> = wanted
            .iter()
            .filter(|id| self.before.get(id).is_some())
            .cloned()
            .collect();
        // `OR REPLACE` would leave a trigger in its old place.
        let is_replaced = |id: &ObjectId| match id.kind {
            ObjectKind::View => true,
            ObjectKind::Trigger => false,
            _ => self.engine() == Engine::MariaDb,
        };
        let (replaced, remade): (BTreeSet<_>, BTreeSet<_>) = there.into_iter().partition(is_replaced);
        let mut steps = Vec::new();
        let mut programs = Programs::new(self.after);
        let dropped: BTreeSet<ObjectId> = remade
            .iter()
            .filter(|id| id.kind == ObjectKind::Trigger)
            .cloned()
            .collect();
        // All of a chain are dropped before the first of them is made.
        let rest: BTreeSet<ObjectId> = wanted
            .iter()
            .filter(|id| id.kind != ObjectKind::Trigger)
            .cloned()
            .collect();
        for step in programs.create(&rest, &replaced) {
            if let Some(id) = step.objects.first().filter(|id| remade.contains(*id)) {
                let mut drop = self.drop_program(id);
                drop.notes
                    .push("MySQL can't replace it: it is away until the next step.".to_owned());
                steps.push(drop);
            }
            steps.push(step);
        }
        for id in &dropped {
            let mut drop = self.drop_program(id);
            drop.notes.push(
                "It does not fire until it is made again below. Keep writers away where that matters.".to_owned(),
            );
            steps.push(drop);
        }
        let triggers: BTreeSet<ObjectId> = wanted.into_iter().filter(|id| id.kind == ObjectKind::Trigger).collect();
        steps.extend(programs.create(&triggers, &BTreeSet::new()));
        steps
    }

    /// Whether a program is new or another than before, itself or by whose rights it runs with. Where the goal does not say
    /// whose, that is no change.
    pub(super) fn is_remade(&self, id: &ObjectId) -> bool {
        let owner = id.satellite(ObjectKind::Owner);
        let has_other_owner = self.after.get(&owner).is_some() && !self.is_same(&owner);
        is_program(id.kind) && (!self.is_same(id) || has_other_owner)
    }
}
