//! The order in which objects are made, and what is made in two steps because it needs what needs it.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Column, ConstraintKind, Object, ObjectBody, ObjectId, ObjectKind, Refusal, Sequence, Table, TypeKind,
};

use super::column::is_declared;
use super::context::is_identity;
use super::{Context, create, data_type, relation, table};
use crate::order::{implied, sorted};
use crate::render::Rendered;

/// Every circle is broken at one kind of place; so many kinds there are, in circles that hang together.
const ROUNDS_MAX: usize = 100;

/// Writes every object of a catalog.
pub(super) fn render(context: &Context<'_>, rendered: &mut Rendered) {
    let mut graph = Graph::new(context);
    let ids = graph.order(rendered);
    for id in &ids {
        graph.write(id, rendered);
    }
    let catalog = context.catalog;
    for object in catalog.objects.values() {
        if let ObjectBody::Sequence(sequence) = &object.body {
            rendered.steps.extend(relation::owned_by(object, sequence));
        }
    }
    for object in foreign_keys(context) {
        write(context, object, rendered);
    }
    for id in &ids {
        if let Some(object) = catalog.get(id)
            && let ObjectBody::View(view) = &object.body
        {
            rendered.steps.extend(relation::fill_view(object, view));
        }
    }
    let mut last: Vec<&Object> = catalog
        .objects
        .values()
        .filter(|object| is_last(object.id.kind))
        .collect();
    last.sort_by_key(|object| rank(&object.id));
    for object in last {
        write(context, object, rendered);
    }
}

fn write(context: &Context<'_>, object: &Object, rendered: &mut Rendered) {
    match create(context, object) {
        Ok(steps) => rendered.steps.extend(steps),
        Err(refusal) => rendered.refusals.push(refusal),
    }
}

/// What is said of objects once they are all there, and what would react to statements.
fn is_last(kind: ObjectKind) -> bool {
    kind.is_satellite()
        || matches!(
            kind,
            ObjectKind::EventTrigger | ObjectKind::DefaultPrivilege | ObjectKind::Membership
        )
}

/// Objects get their owners before privileges, tables their privileges before columns, and what reacts to statements comes
/// when there are no more. Who gets an object must be allowed to make things in its schema, so schemas come first.
fn rank(id: &ObjectId) -> u32 {
    let is_on = |kind: ObjectKind| id.target().is_some_and(|target| target.kind == kind);
    match id.kind {
        ObjectKind::Membership => 0,
        _ if is_on(ObjectKind::EventTrigger) => 6,
        ObjectKind::Owner | ObjectKind::Grant if is_on(ObjectKind::Schema) => 1,
        ObjectKind::Owner => 2,
        ObjectKind::Grant if is_on(ObjectKind::Column) => 4,
        ObjectKind::EventTrigger => 5,
        _ => 3,
    }
}

fn is_foreign_key(object: &Object) -> bool {
    matches!(&object.body, ObjectBody::Constraint(constraint) if matches!(constraint.kind, ConstraintKind::ForeignKey(_)))
}

/// The foreign keys in their order: those of partitions that have names of their own before those that take them in.
fn foreign_keys<'a>(context: &Context<'a>) -> Vec<&'a Object> {
    let mut keys: Vec<&Object> = context
        .catalog
        .objects
        .values()
        .filter(|object| is_foreign_key(object))
        .collect();
    let depth = |object: &Object| {
        let mut depth = 0;
        let mut at = object;
        while depth < ROUNDS_MAX
            && let ObjectBody::Constraint(constraint) = &at.body
            && let Some(parent) = constraint.postgres.as_ref().and_then(|extra| extra.parent.as_ref())
            && let Some(next) = context.catalog.get(parent)
        {
            (depth, at) = (depth + 1, next);
        }
        depth
    };
    keys.sort_by_key(|object| std::cmp::Reverse(depth(object)));
    keys
}

/// What needs what, where parts count as what they are made with.
struct Graph<'a> {
    context: &'a Context<'a>,
    /// The object that each part is made with.
    made_with: BTreeMap<&'a ObjectId, ObjectId>,
    needs: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    /// Columns whose default is said after their table was made.
    late_defaults: BTreeSet<ObjectId>,
    /// Domains whose checks are added later.
    late_checks: BTreeSet<ObjectId>,
    /// Views that are made with their columns first.
    late_views: BTreeSet<ObjectId>,
    /// Types that are named before they are defined.
    late_types: BTreeSet<ObjectId>,
}

impl<'a> Graph<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        let mut graph = Graph {
            context,
            made_with: BTreeMap::new(),
            needs: BTreeMap::new(),
            late_defaults: BTreeSet::new(),
            late_checks: BTreeSet::new(),
            late_views: BTreeSet::new(),
            late_types: BTreeSet::new(),
        };
        for object in context.catalog.objects.values() {
            graph.place(object);
        }
        graph.connect();
        graph
    }

    /// Notes whether an object is made by itself or with another one.
    fn place(&mut self, object: &'a Object) {
        let id = &object.id;
        let with = match &object.body {
            ObjectBody::Column(_) => id.owner_table(),
            ObjectBody::Sequence(sequence) if is_identity(sequence) => {
                sequence.owned_by.as_ref().and_then(ObjectId::owner_table)
            }
            ObjectBody::Constraint(constraint) => match constraint.kind {
                ConstraintKind::Trigger => Some(ObjectId::new(ObjectKind::Trigger, id.path.iter())),
                ConstraintKind::NotNull(_) if is_declared(constraint) => id.owner_table(),
                _ => {
                    if let Some(index) = &constraint.index {
                        self.made_with.insert(index, id.clone());
                    }
                    None
                }
            },
            _ => None,
        };
        match with {
            Some(with) => {
                self.made_with.insert(id, with);
            }
            None if !is_last(id.kind) && !is_foreign_key(object) => {
                self.needs.entry(id.clone()).or_default();
            }
            None => {}
        }
    }

    fn node(&self, id: &ObjectId) -> ObjectId {
        self.made_with.get(id).cloned().unwrap_or_else(|| id.clone())
    }

    fn connect(&mut self) {
        for part in self.made_with.keys() {
            self.needs.remove(*part);
        }
        let catalog = self.context.catalog;
        for edge in &catalog.dependencies {
            if !self.is_ownership(&edge.dependent, &edge.on) {
                self.need(&self.node(&edge.dependent), &self.node(&edge.on));
            }
        }
        let ids: Vec<ObjectId> = self.needs.keys().cloned().collect();
        for id in &ids {
            for on in implied(catalog, id) {
                self.need(id, &self.node(&on));
            }
            // What a parent has is handed down, so its children must be there already.
            for child in self.handed_down_to(id) {
                self.need(id, child);
            }
            if let Some(object) = catalog.get(id)
                && let ObjectBody::Constraint(constraint) = &object.body
                && let Some(table) = id.owner_table()
            {
                // One that the table declares itself as well comes first: the parent's may be unproven, and takes it in.
                let is_own = constraint.postgres.as_ref().is_some_and(|extra| extra.local);
                for parent in relation::parents_of(self.context, object, constraint, &table) {
                    let parent = self.node(&parent.id);
                    if is_own && constraint.index.is_none() {
                        self.need(&parent, id);
                    } else {
                        self.need(id, &parent);
                    }
                }
            }
        }
    }

    fn handed_down_to(&self, id: &ObjectId) -> Vec<&'a ObjectId> {
        let table = match self.context.catalog.get(id).map(|object| &object.body) {
            Some(ObjectBody::Index(index)) => Some(index.table.clone()),
            Some(ObjectBody::Constraint(_) | ObjectBody::Trigger(_)) => id.owner_table(),
            _ => None,
        };
        table.map_or(Vec::new(), |table| self.context.descendants(&table))
    }

    fn need(&mut self, dependent: &ObjectId, on: &ObjectId) {
        if dependent != on
            && self.needs.contains_key(on)
            && let Some(needed) = self.needs.get_mut(dependent)
        {
            needed.insert(on.clone());
        }
    }

    /// A sequence hangs on the column that owns it, which is said at the end.
    fn is_ownership(&self, dependent: &ObjectId, on: &ObjectId) -> bool {
        matches!(
            self.context.catalog.get(dependent).map(|object| &object.body),
            Some(ObjectBody::Sequence(Sequence { owned_by: Some(owner), .. })) if owner == on
        )
    }

    /// Breaks circles until there are none, or none that can be broken.
    fn order(&mut self, rendered: &mut Rendered) -> Vec<ObjectId> {
        for _ in 0..ROUNDS_MAX {
            let needs = self
                .needs
                .iter()
                .map(|(id, needed)| (id, needed.iter().collect()))
                .collect();
            let order = sorted(needs);
            if order.circles.is_empty() {
                return order.ids;
            }
            let broken: Vec<bool> = order.circles.iter().map(|circle| self.break_circle(circle)).collect();
            if !broken.contains(&true) {
                for id in order.circles.iter().flatten() {
                    rendered.refusals.push(Refusal {
                        object: id.clone(),
                        reason: "It needs objects that need it themselves, and no statement makes one of them without \
                                 the others."
                            .to_owned(),
                    });
                }
                return order.ids;
            }
        }
        Vec::new()
    }

    fn break_circle(&mut self, circle: &BTreeSet<ObjectId>) -> bool {
        self.break_at_defaults(circle)
            || self.break_at_types(circle)
            || self.break_at_checks(circle)
            || self.break_at_views(circle)
    }

    /// Defaults of columns that need something in the circle are said later.
    fn break_at_defaults(&mut self, circle: &BTreeSet<ObjectId>) -> bool {
        let catalog = self.context.catalog;
        let mut late: BTreeMap<ObjectId, BTreeSet<ObjectId>> = BTreeMap::new();
        for edge in &catalog.dependencies {
            let (table, on) = (self.node(&edge.dependent), self.node(&edge.on));
            let is_default = matches!(on.kind, ObjectKind::Routine | ObjectKind::Table | ObjectKind::Sequence);
            if is_default
                && edge.dependent.kind == ObjectKind::Column
                && table != on
                && circle.contains(&table)
                && circle.contains(&on)
                && !self.late_defaults.contains(&edge.dependent)
                && matches!(
                    catalog.get(&edge.dependent).map(|object| &object.body),
                    Some(ObjectBody::Column(Column { default: Some(_), .. }))
                )
            {
                late.entry(edge.dependent.clone()).or_default().insert(on);
            }
        }
        for (column, needed) in &late {
            let table = self.node(column);
            // Another column may need the same; then it is late as well, or the circle stays.
            if let Some(needs) = self.needs.get_mut(&table) {
                needs.retain(|on| !needed.contains(on));
            }
            self.late_defaults.insert(column.clone());
            let mut all = needed.clone();
            all.insert(table);
            self.needs.insert(column.clone(), all);
        }
        !late.is_empty()
    }

    /// Types whose own functions take them are named first.
    fn break_at_types(&mut self, circle: &BTreeSet<ObjectId>) -> bool {
        let is_definable_later = |id: &&ObjectId| {
            matches!(
                self.context.catalog.get(id).map(|object| &object.body),
                Some(ObjectBody::Type(body)) if matches!(body.kind, TypeKind::Base(_) | TypeKind::Range(_))
            ) && !self.late_types.contains(*id)
        };
        let late: Vec<ObjectId> = circle.iter().filter(is_definable_later).cloned().collect();
        for id in &late {
            let shell = id.child(ObjectKind::Type, "");
            let routines: Vec<ObjectId> = self.needs.get(id).into_iter().flatten().cloned().collect();
            for routine in routines.iter().filter(|on| on.kind == ObjectKind::Routine) {
                if let Some(needs) = self.needs.get_mut(routine)
                    && needs.remove(id)
                {
                    needs.insert(shell.clone());
                }
            }
            let schema = ObjectId::new(ObjectKind::Schema, [id.schema()]);
            self.needs.insert(shell.clone(), BTreeSet::new());
            self.need(&shell, &schema);
            self.need(id, &shell);
            self.late_types.insert(id.clone());
        }
        !late.is_empty()
    }

    /// Checks of domains that call functions in the circle are added later.
    fn break_at_checks(&mut self, circle: &BTreeSet<ObjectId>) -> bool {
        let has_checks = |id: &&ObjectId| {
            matches!(
                self.context.catalog.get(id).map(|object| &object.body),
                Some(ObjectBody::Type(body))
                    if matches!(&body.kind, TypeKind::Domain { checks, .. } if !checks.is_empty())
            ) && !self.late_checks.contains(*id)
        };
        let late: Vec<ObjectId> = circle.iter().filter(has_checks).cloned().collect();
        for id in &late {
            let checks = id.child(ObjectKind::Constraint, "");
            let mut needed = BTreeSet::from([id.clone()]);
            if let Some(needs) = self.needs.get_mut(id) {
                needed.extend(needs.extract_if(.., |on| on.kind == ObjectKind::Routine));
            }
            self.needs.insert(checks, needed);
            self.late_checks.insert(id.clone());
        }
        !late.is_empty()
    }

    /// Views get their columns first and their query later.
    fn break_at_views(&mut self, circle: &BTreeSet<ObjectId>) -> bool {
        let can_be_late = |id: &&ObjectId| {
            matches!(
                self.context.catalog.get(id).map(|object| &object.body),
                Some(ObjectBody::View(view)) if !view.materialized && view.postgres.is_some()
            ) && !self.late_views.contains(*id)
        };
        let Some(id) = circle.iter().find(can_be_late).cloned() else {
            return false;
        };
        let query = id.child(ObjectKind::Rule, "_RETURN");
        let mut all = self.needs.get(&id).cloned().unwrap_or_default();
        // Its columns need their types.
        let kept = |on: &ObjectId| matches!(on.kind, ObjectKind::Schema | ObjectKind::Type | ObjectKind::Extension);
        let first = all.iter().filter(|on| kept(on)).cloned().collect();
        self.needs.insert(id.clone(), first);
        all.insert(id.clone());
        self.needs.insert(query, all);
        self.late_views.insert(id);
        true
    }

    fn write(&self, id: &ObjectId, rendered: &mut Rendered) {
        let catalog = self.context.catalog;
        let whole = |path: &[String]| ObjectId::new(id.kind, path);
        match (id.kind, id.path.as_slice()) {
            (ObjectKind::Column, _) => {
                if let Some(object) = catalog.get(id)
                    && let ObjectBody::Column(column) = &object.body
                {
                    rendered.steps.extend(table::set_default(object, column));
                }
                return;
            }
            (ObjectKind::Type, [schema, own, _]) => {
                let shell = catalog
                    .get(&whole(&[schema.clone(), own.clone()]))
                    .map(data_type::shell);
                rendered.steps.extend(shell);
                return;
            }
            (ObjectKind::Constraint, [schema, own, last]) if last.is_empty() => {
                let domain = ObjectId::new(ObjectKind::Type, [schema, own]);
                if let Some(object) = catalog.get(&domain)
                    && let ObjectBody::Type(body) = &object.body
                {
                    rendered.steps.extend(data_type::domain_checks(object, body, |_| true));
                }
                return;
            }
            (ObjectKind::Rule, [schema, own, rule]) if rule == "_RETURN" => {
                let view = ObjectId::new(ObjectKind::View, [schema, own]);
                if let Some(object) = catalog.get(&view)
                    && let ObjectBody::View(view) = &object.body
                {
                    rendered.steps.extend(relation::replace_placeholder(object, view));
                }
                return;
            }
            _ => {}
        }
        let Some(object) = catalog.get(id) else {
            return;
        };
        match &object.body {
            ObjectBody::Table(body) => self.write_table(object, body, rendered),
            ObjectBody::Type(body) if self.late_checks.contains(id) => {
                rendered.steps.extend(data_type::domain(object, body, false));
            }
            ObjectBody::View(view) if self.late_views.contains(id) => {
                rendered.steps.extend(relation::placeholder(object, view));
            }
            _ => write(self.context, object, rendered),
        }
    }

    fn write_table(&self, object: &Object, body: &Table, rendered: &mut Rendered) {
        if table::has_lost_origins(self.context, object, body) {
            rendered.refusals.push(Refusal {
                object: object.id.clone(),
                reason:
                    "Its inherited columns stand in an order that no statement gives them, so that the copy has to \
                         declare them itself."
                        .to_owned(),
            });
        }
        rendered.steps.extend(table::create_table_without(
            self.context,
            object,
            body,
            &self.late_defaults,
        ));
    }
}
