//! Plans for PostgreSQL.
//!
//! First it is decided what becomes of each object ([`fate`]): what is changed where it is, what is taken down and put
//! back, and what hangs on that. Then each object adds its statements to a graph ([`builder`]), whose edges follow from
//! what hangs on what in the two schemas. Whatever is made comes from [`crate::render`].

mod access;
mod builder;
mod code;
mod columns;
mod constraints;
mod drops;
mod fate;
mod how;
mod identity;
mod indexes;
mod names;
mod retype;
mod side;
mod tables;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ConstraintKind, ObjectBody, ObjectId, ObjectKind, Plan, Step};

use self::builder::{Builder, Pace, Part};
use self::fate::{Fate, fates};
pub use self::retype::keeps_text;
use self::side::Side;
use super::PlanOptions;
use crate::postgres::render_beside;

pub(super) fn plan(before: &Catalog, after: &Catalog, options: &PlanOptions) -> Plan {
    let (was, is) = (Side::new(before), Side::new(after));
    let fates = fates(&was, &is);
    let mut builder = Builder::new(&was, &is, &fates, options);
    let alone = without_new_places(&was, &is, after);
    let made = Made::of(&alone, before);
    for id in tables_first_parents(&is) {
        tables::plan_table(&mut builder, &id);
    }
    columns::release_defaults(&mut builder);
    parts(&mut builder);
    drops::plan_drops(&mut builder);
    for (id, object) in &after.objects {
        if fates.of(id) == Fate::Alter
            && !fates.refusals.contains_key(id)
            && let Some(before) = was.get(id)
        {
            alter(&mut builder, id, before, object, &made.sql(id));
        }
    }
    for id in fates.ids(&Fate::Swap) {
        types::swap_type(&mut builder, &id, &made.sql(&id));
    }
    create(&mut builder, after, &made);
    access::without_default_grants(&mut builder);
    tables::place_new(&mut builder);
    tables::order_places(&mut builder);
    drops::order_owners(&mut builder);
    order_partition_indexes(&mut builder);
    with_unchecked_bodies(builder.finish())
}

/// Bodies of functions may name what comes later.
fn with_unchecked_bodies(mut plan: Plan) -> Plan {
    let makes_routine = |step: &Step| {
        let words = [
            "CREATE FUNCTION",
            "CREATE OR REPLACE FUNCTION",
            "CREATE PROCEDURE",
            "CREATE OR REPLACE PROCEDURE",
        ];
        words.iter().any(|word| step.sql.starts_with(word))
    };
    let phase = plan
        .phases
        .iter_mut()
        .find(|phase| phase.steps.iter().any(makes_routine));
    if let Some(phase) = phase {
        let mut step = Step::new("SET check_function_bodies = off", []);
        step.notes
            .push("Bodies of functions may name what comes later.".to_owned());
        phase.steps.insert(0, step);
    }
    plan
}

/// The goal, with new partitions of tables that stay as tables by themselves: they are made whole, with the indexes and
/// constraints that the partitioned table has, and then take their place under a weaker lock.
fn without_new_places(was: &Side<'_>, is: &Side<'_>, after: &Catalog) -> Catalog {
    let mut catalog = after.clone();
    for table in tables::new_partitions(was, is) {
        let parts: Vec<ObjectId> = after
            .objects
            .keys()
            .filter(|id| is.relation_of(id).as_ref() == Some(&table))
            .cloned()
            .chain([table.clone()])
            .collect();
        for id in parts {
            let inherited = is.inherited_from(&id).is_some();
            let Some(object) = catalog.objects.get_mut(&id) else {
                continue;
            };
            match &mut object.body {
                ObjectBody::Table(body) => body.partition = None,
                ObjectBody::Column(column) => {
                    if let dbwright_catalog::ColumnExtra::Postgres(extra) = &mut column.extra {
                        (extra.local, extra.inherited) = (true, false);
                    }
                }
                ObjectBody::Index(index) => {
                    if let Some(extra) = &mut index.postgres {
                        extra.parent = None;
                    }
                }
                // They come with the place.
                ObjectBody::Trigger(_) if inherited => {
                    catalog.objects.remove(&id);
                }
                ObjectBody::Constraint(constraint) => {
                    if inherited && matches!(constraint.kind, ConstraintKind::ForeignKey(_)) {
                        catalog.objects.remove(&id);
                    } else if let Some(extra) = &mut constraint.postgres {
                        (extra.local, extra.inherited, extra.parent) = (true, false, None);
                    }
                }
                _ => {}
            }
        }
    }
    catalog
}

/// The statements that make the objects of a catalog.
struct Made {
    steps: Vec<Step>,
    by_object: BTreeMap<ObjectId, Vec<usize>>,
    refusals: BTreeMap<ObjectId, String>,
}

impl Made {
    fn of(catalog: &Catalog, before: &Catalog) -> Self {
        let rendered = render_beside(catalog, before);
        let mut by_object: BTreeMap<ObjectId, Vec<usize>> = BTreeMap::new();
        for (place, step) in rendered.steps.iter().enumerate() {
            for id in &step.objects {
                by_object.entry(id.clone()).or_default().push(place);
            }
        }
        let refusals = rendered.refusals.into_iter();
        Made {
            by_object,
            refusals: refusals.map(|refusal| (refusal.object, refusal.reason)).collect(),
            steps: rendered.steps,
        }
    }

    fn sql(&self, id: &ObjectId) -> Vec<String> {
        let places = self.by_object.get(id).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|place| self.steps[*place].sql.clone()).collect()
    }
}

/// Tables of the goal, parents before children.
fn tables_first_parents(side: &Side<'_>) -> Vec<ObjectId> {
    let mut done: Vec<ObjectId> = Vec::new();
    let mut seen: BTreeSet<ObjectId> = BTreeSet::new();
    let mut open: Vec<(ObjectId, bool)> = side.catalog.tables().map(|(id, _)| (id.clone(), false)).collect();
    open.reverse();
    while let Some((id, ready)) = open.pop() {
        if ready {
            done.push(id);
        } else if seen.insert(id.clone()) {
            open.push((id.clone(), true));
            open.extend(side.parents(&id).into_iter().map(|parent| (parent, false)));
        }
    }
    done
}

/// Columns, constraints and indexes of tables that stay.
fn parts(builder: &mut Builder<'_>) {
    let mut columns = Vec::new();
    let mut constraints = Vec::new();
    for table in tables_first_parents(builder.before)
        .iter()
        .chain(&tables_first_parents(builder.after))
    {
        if !builder.before.has(table) || !builder.after.has(table) {
            continue;
        }
        for side in [builder.before, builder.after] {
            columns.extend(side.catalog.columns(table).into_iter().map(|(id, _)| id.clone()));
            constraints.extend(side.catalog.constraints(table).map(|(id, _)| id.clone()));
        }
    }
    let mut seen = BTreeSet::new();
    columns.retain(|id| seen.insert(id.clone()));
    constraints.retain(|id| seen.insert(id.clone()));
    for id in &columns {
        if !builder.fates.refusals.contains_key(id) {
            columns::plan_column(builder, id);
        }
    }
    for id in &constraints {
        if !builder.fates.refusals.contains_key(id) {
            constraints::plan_constraint(builder, id);
        }
    }
    let stays = |builder: &Builder<'_>, id: &ObjectId| {
        let relation = |side: &Side<'_>| side.relation_of(id);
        let relation = relation(builder.after).or_else(|| relation(builder.before));
        relation.is_some_and(|id| builder.before.has(&id) && builder.after.has(&id) && !builder.fates.goes(&id))
    };
    // Parents first, so that what comes from them is known.
    let mut indexes: Vec<ObjectId> = Vec::new();
    for side in [builder.before, builder.after] {
        for (id, object) in &side.catalog.objects {
            if matches!(object.body, ObjectBody::Index(_)) && stays(builder, id) && !indexes.contains(id) {
                indexes.push(id.clone());
            }
        }
    }
    let depth = |builder: &Builder<'_>, id: &ObjectId| {
        let mut depth = 0;
        let mut at = id.clone();
        while let Some(parent) = builder
            .after
            .inherited_from(&at)
            .or_else(|| builder.before.inherited_from(&at))
        {
            depth += 1;
            at = parent;
        }
        depth
    };
    indexes.sort_by_key(|id| (depth(builder, id), id.clone()));
    for id in &indexes {
        indexes::plan_index(builder, id);
    }
}

/// Changes of what is no part of a table, where it is.
fn alter(
    builder: &mut Builder<'_>,
    id: &ObjectId,
    was: &dbwright_catalog::Object,
    is: &dbwright_catalog::Object,
    create: &[String],
) {
    match (&was.body, &is.body) {
        (ObjectBody::Type(was), ObjectBody::Type(is)) => types::alter_type(builder, id, was, is),
        (ObjectBody::Sequence(was), ObjectBody::Sequence(is)) => types::alter_sequence(builder, id, was, is),
        (ObjectBody::Extension(was), ObjectBody::Extension(is)) => types::alter_extension(builder, id, was, is),
        (ObjectBody::Column(_) | ObjectBody::Constraint(_) | ObjectBody::Index(_) | ObjectBody::Table(_), _) => {}
        _ => {
            code::alter(builder, id, was, is, create);
            access::alter(builder, id, was, is, create);
        }
    }
}

/// What is new or comes back, by the statements that make it.
fn create(builder: &mut Builder<'_>, after: &Catalog, made: &Made) {
    let wanted: BTreeSet<ObjectId> = made
        .by_object
        .keys()
        .filter(|id| is_made_by_rendering(builder, id))
        .cloned()
        .collect();
    let mut last: BTreeMap<ObjectId, usize> = BTreeMap::new();
    for step in &made.steps {
        let objects: Vec<&ObjectId> = step.objects.iter().filter(|id| wanted.contains(*id)).collect();
        let Some(first) = objects.first() else { continue };
        // What a sequence belongs to is said when both are there.
        if let Some(column) = builder
            .after
            .sequence(first)
            .and_then(|sequence| sequence.owned_by.clone())
            && step.sql.starts_with("ALTER SEQUENCE")
        {
            let node = builder.add(first, Part::Aside, Pace::Quick, step.sql.clone());
            builder.owners.push((node, column, true));
            continue;
        }
        // On an object that stays, others keep what they have.
        let stays = first
            .target()
            .is_some_and(|target| builder.before.has(&target) && !builder.fates.comes(&target));
        let kept = [step.sql.clone()];
        if first.kind == ObjectKind::Grant && stays && step.sql.starts_with("REVOKE ALL") {
            let whole = made.sql(first);
            if !access::without_revoke(builder, first, &whole).contains(&kept[0]) {
                continue;
            }
        }
        let pace = if step.sql.starts_with("REFRESH") {
            Pace::Long(builder::FILL_VIEW)
        } else {
            Pace::Quick
        };
        let node = builder.add(first, Part::Create, pace, step.sql.clone());
        for id in made_with_table(builder, made, first) {
            builder.also(node, &id, Part::Create);
        }
        for id in &objects {
            builder.also(node, id, Part::Create);
            if let Some(before) = last.insert((*id).clone(), node) {
                builder.order(before, node);
            }
        }
    }
    for (id, reason) in &made.refusals {
        if builder.fates.of(id) != Fate::Keep && after.objects.contains_key(id) {
            builder.refuse(id, reason.clone());
        }
    }
}

/// What stands in the statement of a table without being named beside it: `NOT NULL` with a name, sequences of identities.
fn made_with_table(builder: &Builder<'_>, made: &Made, table: &ObjectId) -> Vec<ObjectId> {
    if table.kind != ObjectKind::Table || builder.has_parts_of(table) {
        return Vec::new();
    }
    let is_new = |id: &ObjectId| builder.fates.of(id) == Fate::Create && !made.by_object.contains_key(id);
    let constraints = builder.after.catalog.constraints(table);
    let not_null = constraints
        .filter(|(id, body)| matches!(body.kind, ConstraintKind::NotNull(_)) && is_new(id))
        .map(|(id, _)| id.clone());
    let columns = builder.after.catalog.columns(table);
    let sequences = columns.into_iter().flat_map(|(id, _)| builder.after.sequences_of(id));
    not_null.chain(sequences.filter(is_new)).collect()
}

/// Whether an object is made by what makes it in an empty database, and not by a change of a table that stays.
fn is_made_by_rendering(builder: &Builder<'_>, id: &ObjectId) -> bool {
    if !matches!(builder.fates.of(id), Fate::Create | Fate::Rebuild) {
        return false;
    }
    let relation_stays = || {
        builder
            .after
            .relation_of(id)
            .is_some_and(|relation| builder.before.has(&relation) && !builder.fates.comes(&relation))
    };
    match id.kind {
        ObjectKind::Column | ObjectKind::Constraint | ObjectKind::Index => !relation_stays(),
        ObjectKind::Sequence => !builder.has_steps(id),
        ObjectKind::Trigger => {
            // It comes from the partitioned table.
            let parent = builder.after.inherited_from(id);
            !(parent.is_some() && relation_stays())
        }
        _ => true,
    }
}

/// The index of a partitioned table is whole when those of its partitions are there.
fn order_partition_indexes(builder: &mut Builder<'_>) {
    let mut pairs = Vec::new();
    for (id, object) in &builder.after.catalog.objects {
        let parent = match &object.body {
            ObjectBody::Index(index) => index.postgres.as_ref().and_then(|extra| extra.parent.clone()),
            ObjectBody::Constraint(constraint) => constraint.postgres.as_ref().and_then(|extra| extra.parent.clone()),
            _ => None,
        };
        let Some(parent) = parent.filter(|_| builder.has_steps(id)) else {
            continue;
        };
        for dependent in builder.after.dependents(&parent) {
            let is_part = builder.after.inherited_from(dependent).is_some() || dependent.kind == ObjectKind::Index;
            if dependent != id && !is_part && !dependent.kind.is_satellite() {
                pairs.push((id.clone(), dependent.clone()));
            }
        }
    }
    for (first, then) in pairs {
        builder.order_objects(&first, &then);
    }
}
