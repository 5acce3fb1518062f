//! A catalog of MySQL and MariaDB as SQL.
//!
//! Names have no database in front of them, so that the statements work in any. `DEFINER` is written where the catalog has
//! an owner for the object; without one, whoever runs the statement becomes it.

pub(crate) mod code;
pub(crate) mod grants;
pub(crate) mod tables;
pub(crate) mod text;

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ForeignKey, ObjectBody, ObjectId, ObjectKind, Refusal, Step};

use super::Rendered;
use crate::{CreationOrder, creation_order, quote_identifier, quote_literal};
use code::Circumstances;

/// The schema of the database at hand, in ids.
pub(crate) const MAIN: &str = "main";

/// What statements about tables are run under: values that do not fit are refused and not cut, dates that are all zeros
/// may stay where they are, and a zero in an `AUTO_INCREMENT` column is a value.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO";

pub(super) fn render(catalog: &Catalog) -> Rendered {
    let mut rendered = Rendered::default();
    if catalog.objects.is_empty() {
        return rendered;
    }
    rendered.steps = preamble(catalog);
    let ids = |kind: ObjectKind| catalog.objects.keys().filter(move |id| id.kind == kind);
    if let Some(sql) = alter_schema(catalog) {
        let schema = ObjectId::new(ObjectKind::Schema, [MAIN]);
        let comment = schema.satellite(ObjectKind::Comment);
        let has_comment = catalog.get(&comment).is_some();
        let objects = std::iter::once(schema).chain(has_comment.then_some(comment));
        rendered.steps.push(Step::new(sql, objects));
    }
    for id in ids(ObjectKind::Sequence) {
        let definition = catalog.get(id).map(|object| object.definition.clone());
        rendered
            .steps
            .push(Step::new(definition.unwrap_or_default(), [id.clone()]));
    }
    rendered.refusals = foreign_references(catalog);
    let (steps, late) = create_tables(catalog, &ids(ObjectKind::Table).cloned().collect());
    rendered.steps.extend(steps);
    rendered.steps.extend(late);
    let mut programs = Programs::new(catalog);
    let code: BTreeSet<ObjectId> = programs_of(catalog).cloned().collect();
    rendered.steps.extend(programs.create(&code, &BTreeSet::new()));
    for id in ids(ObjectKind::Grant) {
        if let Some(step) = grant_step(catalog, id) {
            rendered.steps.push(step);
        }
    }
    refuse_others(catalog, &mut rendered);
    rendered
}

/// What every session begins with.
pub(crate) fn preamble(catalog: &Catalog) -> Vec<Step> {
    let mode = quote_literal(catalog.server.engine, SQL_MODE);
    let settings = ["SET NAMES utf8mb4".to_owned(), format!("SET SESSION sql_mode = {mode}")];
    settings.map(|sql| Step::new(sql, [])).to_vec()
}

/// `ALTER DATABASE` with what is set for the database at hand.
pub(crate) fn alter_schema(catalog: &Catalog) -> Option<String> {
    let schema = ObjectId::new(ObjectKind::Schema, [MAIN]);
    let object = catalog.get(&schema)?;
    let mut sql = format!("ALTER DATABASE {}", object.definition);
    if catalog.server.engine == dbwright_catalog::Engine::MariaDb {
        let comment = tables::comment(catalog, &schema);
        sql.extend([" COMMENT ", &quote_literal(catalog.server.engine, comment)]);
    }
    Some(sql)
}

/// Steps that create these tables, and those that add the foreign keys that had to wait for a table behind.
pub(crate) fn create_tables(catalog: &Catalog, ids: &BTreeSet<ObjectId>) -> (Vec<Step>, Vec<Step>) {
    let CreationOrder { ids: order, .. } = creation_order(catalog, ids);
    let (mut steps, mut late) = (Vec::new(), Vec::new());
    let mut waiting = ids.clone();
    for id in &order {
        let is_there = |key: &ForeignKey| key.references == *id || is_here(key) && !waiting.contains(&key.references);
        let later: BTreeSet<ObjectId> = tables::foreign_keys(catalog, id)
            .filter(|(_, key)| !is_there(key))
            .map(|(key, _)| key.clone())
            .collect();
        let objects = tables::objects_of(catalog, id)
            .into_iter()
            .filter(|object| !later.contains(object));
        steps.push(Step::new(tables::create(catalog, id, is_there), objects));
        late.extend(later.iter().filter_map(|key| add_foreign_key(catalog, key)));
        waiting.remove(id);
    }
    (steps, late)
}

/// Whether a foreign key refers to a table of the database at hand.
pub(crate) fn is_here(key: &ForeignKey) -> bool {
    key.references.schema() == MAIN
}

/// The step that adds one foreign key; nothing where its parent is in another database.
pub(crate) fn add_foreign_key(catalog: &Catalog, id: &ObjectId) -> Option<Step> {
    let table = id.owner_table()?;
    let (_, key) = tables::foreign_keys(catalog, &table).find(|(key, _)| *key == id)?;
    let definition = &catalog.get(id)?.definition;
    let table = quote_identifier(catalog.server.engine, table.name());
    is_here(key).then(|| Step::new(format!("ALTER TABLE {table} ADD {definition}"), [id.clone()]))
}

/// Views, routines, triggers and events.
pub(crate) fn programs_of(catalog: &Catalog) -> impl Iterator<Item = &ObjectId> {
    catalog.objects.keys().filter(|id| is_program(id.kind))
}

/// Whether objects of this kind are code that other statements run.
pub(crate) fn is_program(kind: ObjectKind) -> bool {
    matches!(
        kind,
        ObjectKind::View | ObjectKind::Routine | ObjectKind::Trigger | ObjectKind::Event
    )
}

/// Makes views, routines, triggers and events, each in a session that has the settings it needs.
pub(crate) struct Programs<'a> {
    catalog: &'a Catalog,
    settings: Circumstances,
}

impl<'a> Programs<'a> {
    /// In a session that has just begun.
    pub(crate) fn new(catalog: &'a Catalog) -> Self {
        let settings = Circumstances {
            sql_mode: Some(SQL_MODE.to_owned()),
            time_zone: None,
        };
        Programs { catalog, settings }
    }

    /// Steps that make these; `replaced` are there already and make room by `OR REPLACE`.
    pub(crate) fn create(&mut self, ids: &BTreeSet<ObjectId>, replaced: &BTreeSet<ObjectId>) -> Vec<Step> {
        let mut steps = Vec::new();
        for id in self.in_order(ids) {
            let Some(object) = self.catalog.get(&id) else { continue };
            let (circumstances, _) = Circumstances::split(&object.definition);
            let wanted = Circumstances {
                sql_mode: circumstances.sql_mode.or_else(|| self.settings.sql_mode.clone()),
                time_zone: circumstances.time_zone.or_else(|| self.settings.time_zone.clone()),
            };
            if wanted != self.settings {
                let settings = wanted.settings(self.catalog.server.engine);
                let old = self.settings.settings(self.catalog.server.engine);
                let new = settings.into_iter().filter(|sql| !old.contains(sql));
                steps.extend(new.map(|sql| Step::new(sql, [])));
                self.settings = wanted;
            }
            let sql = code::create(self.catalog, &id, &object.definition, replaced.contains(&id));
            let owner = id.satellite(ObjectKind::Owner);
            let owner = self.catalog.get(&owner).map(|owner| owner.id.clone());
            steps.push(Step::new(sql, std::iter::once(id.clone()).chain(owner)));
        }
        steps
    }

    /// Routines, then views as they read each other, then triggers in the order in which they fire, then events.
    fn in_order(&self, ids: &BTreeSet<ObjectId>) -> Vec<ObjectId> {
        let of = |kind: ObjectKind| ids.iter().filter(move |id| id.kind == kind).cloned();
        let mut order: Vec<ObjectId> = of(ObjectKind::Routine).collect();
        // The head of a package comes before its body, which has the longer name.
        order.sort_by_key(|id| (id.name().ends_with("(package body)"), id.clone()));
        order.extend(creation_order(self.catalog, &of(ObjectKind::View).collect()).ids);
        let mut triggers: Vec<ObjectId> = of(ObjectKind::Trigger).collect();
        triggers.sort_by_cached_key(|id| (self.place(id), id.clone()));
        order.extend(triggers);
        order.extend(of(ObjectKind::Event));
        order
    }

    /// How many triggers fire before this one.
    fn place(&self, trigger: &ObjectId) -> usize {
        let mut place = 0;
        let mut at = trigger.clone();
        while let Some(before) = self.catalog.get(&at).and_then(|object| follows(self.catalog, object)) {
            place += 1;
            if place > self.catalog.objects.len() {
                break;
            }
            at = before;
        }
        place
    }
}

/// The trigger that fires directly before this one.
pub(crate) fn follows(catalog: &Catalog, trigger: &dbwright_catalog::Object) -> Option<ObjectId> {
    let (_, statement) = Circumstances::split(&trigger.definition);
    let mut words = dbwright_sql::tokens(catalog.server.engine, statement).filter(|token| !token.is_space());
    words.find(|token| token.is("ROW"))?;
    words.next().filter(|token| token.is("FOLLOWS"))?;
    let name = words.next()?.name()?;
    Some(trigger.id.owner_table()?.child(ObjectKind::Trigger, name))
}

/// The step that gives an account what a grant says.
pub(crate) fn grant_step(catalog: &Catalog, id: &ObjectId) -> Option<Step> {
    match &catalog.get(id)?.body {
        ObjectBody::Grant(grant) => Some(Step::new(grants::grant(catalog, id, grant)?, [id.clone()])),
        _ => None,
    }
}

/// What refers to another database, which is not there when this one is made anew.
pub(crate) fn foreign_references(catalog: &Catalog) -> Vec<Refusal> {
    let reason =
        "It refers to another database, which is no part of this schema. Make that database first, then it by hand.";
    let mut refusals = Vec::new();
    for (table, _) in catalog.tables() {
        let keys = tables::foreign_keys(catalog, table).filter(|(_, key)| !is_here(key));
        refusals.extend(keys.map(|(id, _)| Refusal {
            object: id.clone(),
            reason: reason.to_owned(),
        }));
    }
    refusals
}

/// Everything that no step makes is refused by name.
fn refuse_others(catalog: &Catalog, rendered: &mut Rendered) {
    let made: BTreeSet<&ObjectId> = rendered.steps.iter().flat_map(|step| &step.objects).collect();
    let refused: BTreeSet<&ObjectId> = rendered.refusals.iter().map(|refusal| &refusal.object).collect();
    let others: Vec<Refusal> = catalog
        .objects
        .keys()
        .filter(|id| !made.contains(id) && !refused.contains(id))
        .map(|id| Refusal {
            object: id.clone(),
            reason: format!("A {} can't be written as SQL for this engine.", id.kind.name()),
        })
        .collect();
    rendered.refusals.extend(others);
}
