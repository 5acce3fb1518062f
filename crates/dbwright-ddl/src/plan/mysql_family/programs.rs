//! Views, routines, triggers and events.
//!
//! Views are replaced without a gap, on MariaDB everything is; MySQL has no `OR REPLACE` for the others, which are away
//! between two steps. Triggers fire in an order: where one of them is dropped and made anew, those behind it are as well.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, Engine, ObjectId, ObjectKind, Step};

use super::Planner;
use crate::render::mysql_family::code::routine_name;
use crate::render::mysql_family::{Programs, follows, is_program, programs_of};
use crate::{Circumstances, creation_order, quote_identifier};

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
                let is_behind = before.is_some_and(|before| wanted.contains(&before));
                is_behind && !wanted.contains(id) && !self.keeps_its_place(id)
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
        let is_replaced = |id: &ObjectId| match id.kind {
            ObjectKind::View => true,
            ObjectKind::Trigger => self.keeps_its_place(id),
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
        for mut step in programs.create(&triggers, &replaced) {
            let first = step.objects.first().filter(|id| replaced.contains(*id));
            if let Some(sql) = first.and_then(|id| self.in_front(id, &step.sql)) {
                step.sql = sql;
            }
            steps.push(step);
        }
        steps
    }

    /// The statement for the first of several triggers: `OR REPLACE` would put it behind them all.
    fn in_front(&self, trigger: &ObjectId, sql: &str) -> Option<String> {
        let object = self.after.get(trigger)?;
        let is_next = |id: &&ObjectId| {
            let other = self.after.get(id);
            other.and_then(|other| follows(self.after, other)).as_ref() == Some(trigger)
        };
        let next = Self::ids(self.after, ObjectKind::Trigger).find(is_next)?;
        if follows(self.after, object).is_some() {
            return None;
        }
        let row = dbwright_sql::tokens(self.engine(), sql).find(|token| token.is("ROW"))?;
        let (head, body) = sql.split_at_checked(row.span.end)?;
        Some(format!(
            "{head} PRECEDES {}{body}",
            quote_identifier(self.engine(), next.name())
        ))
    }

    /// Whether a trigger can be replaced without a gap, by `OR REPLACE` of MariaDB: where all triggers of its table are there
    /// before and after, for the same events and in the same order.
    fn keeps_its_place(&self, trigger: &ObjectId) -> bool {
        let Some(table) = trigger.owner_table().filter(|_| self.engine() == Engine::MariaDb) else {
            return false;
        };
        let places = |catalog: &Catalog| -> Vec<(ObjectId, String, Option<ObjectId>)> {
            let triggers =
                Self::ids(catalog, ObjectKind::Trigger).filter(|id| id.owner_table().as_ref() == Some(&table));
            triggers
                .filter_map(|id| {
                    let object = catalog.get(id)?;
                    Some((id.clone(), fires(&object.definition), follows(catalog, object)))
                })
                .collect()
        };
        places(self.before) == places(self.after)
    }

    /// Whether a program is new or another than before, itself or by whose rights it runs with. Where the goal does not say
    /// whose, that is no change.
    pub(super) fn is_remade(&self, id: &ObjectId) -> bool {
        let owner = id.satellite(ObjectKind::Owner);
        let has_other_owner = self.after.get(&owner).is_some() && !self.is_same(&owner);
        is_program(id.kind) && (!self.is_same(id) || has_other_owner)
    }
}

/// When a trigger fires: `BEFORE INSERT`.
fn fires(definition: &str) -> String {
    let (_, statement) = Circumstances::split(definition);
    let words = dbwright_sql::tokens(Engine::MariaDb, statement).filter(|token| !token.is_space());
    let words: Vec<_> = words.take_while(|token| !token.is("ON")).collect();
    let last = words.get(words.len().saturating_sub(2)..).unwrap_or_default();
    let last: Vec<String> = last.iter().map(|token| token.text.to_uppercase()).collect();
    last.join(" ")
}
