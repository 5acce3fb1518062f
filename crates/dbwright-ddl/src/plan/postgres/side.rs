//! One of the two schemas, with what hangs on what in both directions.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Catalog, Column, ColumnExtra, Constraint, ConstraintKind, Engine, Index, Object, ObjectBody, ObjectId, ObjectKind,
    PostgresColumn, PostgresTable, Sequence, Table, TableExtra,
};

use crate::order::implied;
use crate::qualified_name;

/// One of the two schemas.
pub(super) struct Side<'a> {
    pub(super) catalog: &'a Catalog,
    needs: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    dependents: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    /// Columns by the type that they have, or are arrays of, as the server prints it.
    by_type: BTreeMap<String, Vec<ObjectId>>,
}

static NOTHING: BTreeSet<ObjectId> = BTreeSet::new();

impl<'a> Side<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        let mut side = Side {
            catalog,
            needs: BTreeMap::new(),
            dependents: BTreeMap::new(),
            by_type: BTreeMap::new(),
        };
        for edge in &catalog.dependencies {
            side.add(&edge.dependent, &edge.on);
        }
        for (id, object) in &catalog.objects {
            for on in implied(catalog, id) {
                side.add(id, &on);
            }
            side.add_parts(object);
        }
        side
    }

    fn add_parts(&mut self, object: &Object) {
        let id = &object.id;
        if let Some(whole) = id.target().and_then(|target| self.whole_of(&target)) {
            self.add(id, &whole);
        }
        match &object.body {
            ObjectBody::Index(index) => {
                if let Some(parent) = index.postgres.as_ref().and_then(|index| index.parent.as_ref()) {
                    self.add(id, parent);
                }
            }
            ObjectBody::Constraint(constraint) => {
                if let Some(parent) = constraint.postgres.as_ref().and_then(|extra| extra.parent.as_ref()) {
                    self.add(id, parent);
                }
                if let Some(index) = &constraint.index {
                    self.add(index, id);
                }
                if let (ConstraintKind::PrimaryKey(columns), Some(table)) = (&constraint.kind, id.owner_table()) {
                    for column in columns {
                        if let Some(not_null) = self.not_null(&table, column) {
                            self.add(id, &not_null);
                        }
                    }
                }
            }
            ObjectBody::Publication(publication) => {
                for table in &publication.tables {
                    self.add(id, &table.table);
                }
                for schema in &publication.schemas {
                    self.add(id, &ObjectId::new(ObjectKind::Schema, [schema.as_str()]));
                }
            }
            // A new owner must be allowed to make things in the schema.
            ObjectBody::Owner(owner) if id.target().is_some_and(|target| target.path.len() > 1) => {
                let schema = ObjectId::new(ObjectKind::Schema, [id.schema()]);
                self.add(id, &schema.satellite_of(ObjectKind::Grant, owner.role.as_str()));
            }
            // A new owner has the privileges of the old one.
            ObjectBody::Grant(_) => {
                if let Some(owner) = id.target().map(|target| target.satellite(ObjectKind::Owner)) {
                    self.add(id, &owner);
                }
            }
            ObjectBody::Column(column) => {
                let element = column.type_name.trim_end_matches("[]").to_owned();
                self.by_type.entry(element).or_default().push(id.clone());
            }
            _ => {}
        }
    }

    fn add(&mut self, dependent: &ObjectId, on: &ObjectId) {
        let (Some(dependent), Some(on)) = (self.resolve(dependent), self.resolve(on)) else {
            return;
        };
        // A constraint stands for the index that it owns, and a column for the sequence of its identity. That a sequence
        // belongs to a column is a property of it that is set when both are there.
        let on = self
            .owner_of_index(&on)
            .filter(|owner| *owner != dependent)
            .unwrap_or(on);
        if dependent == on || self.is_owned_by(&dependent, &on) || self.is_identity_of(&on, &dependent) {
            return;
        }
        self.needs.entry(dependent.clone()).or_default().insert(on.clone());
        self.dependents.entry(on).or_default().insert(dependent);
    }

    /// The constraint that refuses NULL in a column (18 and later).
    pub(super) fn not_null(&self, table: &ObjectId, column: &str) -> Option<ObjectId> {
        let mut constraints = self.catalog.constraints(table);
        let found = constraints.find(|(_, body)| matches!(&body.kind, ConstraintKind::NotNull(of) if of == column));
        found.map(|(id, _)| id.clone())
    }

    /// The view or domain that something is a part of which is no object of its own.
    fn whole_of(&self, part: &ObjectId) -> Option<ObjectId> {
        let (_, path) = part.path.split_last()?;
        let kinds = match part.kind {
            ObjectKind::Column => ObjectKind::View,
            ObjectKind::Constraint => ObjectKind::Type,
            _ => return None,
        };
        let whole = ObjectId::new(kinds, path);
        (!self.has(part) && self.has(&whole)).then_some(whole)
    }

    /// An id of an object of this side. What belongs to a view is told by the path of a table.
    fn resolve(&self, id: &ObjectId) -> Option<ObjectId> {
        if self.catalog.objects.contains_key(id) {
            return Some(id.clone());
        }
        let view = ObjectId::new(ObjectKind::View, id.path.iter().cloned());
        (id.kind == ObjectKind::Table && self.catalog.objects.contains_key(&view)).then_some(view)
    }

    fn owner_of_index(&self, index: &ObjectId) -> Option<ObjectId> {
        let body = self.index(index).filter(|body| body.of_constraint)?;
        self.catalog
            .constraints(&body.table)
            .find(|(_, constraint)| constraint.index.as_ref() == Some(index))
            .map(|(id, _)| id.clone())
    }

    fn is_owned_by(&self, sequence: &ObjectId, column: &ObjectId) -> bool {
        self.sequence(sequence)
            .is_some_and(|sequence| sequence.owned_by.as_ref() == Some(column) && !is_identity(sequence))
    }

    fn is_identity_of(&self, sequence: &ObjectId, column: &ObjectId) -> bool {
        self.sequence(sequence)
            .is_some_and(|sequence| sequence.owned_by.as_ref() == Some(column) && is_identity(sequence))
    }

    pub(super) fn get(&self, id: &ObjectId) -> Option<&'a Object> {
        self.catalog.get(id)
    }

    pub(super) fn has(&self, id: &ObjectId) -> bool {
        self.catalog.objects.contains_key(id)
    }

    /// What hangs on an object.
    pub(super) fn dependents(&self, id: &ObjectId) -> &BTreeSet<ObjectId> {
        self.dependents.get(id).unwrap_or(&NOTHING)
    }

    /// What an object hangs on.
    pub(super) fn needs(&self, id: &ObjectId) -> &BTreeSet<ObjectId> {
        self.needs.get(id).unwrap_or(&NOTHING)
    }

    /// Columns of a type, or of arrays of it.
    pub(super) fn columns_of_type(&self, id: &ObjectId) -> &[ObjectId] {
        self.by_type
            .get(&qualified_name(Engine::Postgres, id))
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn column(&self, id: &ObjectId) -> Option<&'a Column> {
        match &self.get(id)?.body {
            ObjectBody::Column(column) => Some(column),
            _ => None,
        }
    }

    pub(super) fn table(&self, id: &ObjectId) -> Option<&'a Table> {
        match &self.get(id)?.body {
            ObjectBody::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(super) fn constraint(&self, id: &ObjectId) -> Option<&'a Constraint> {
        match &self.get(id)?.body {
            ObjectBody::Constraint(constraint) => Some(constraint),
            _ => None,
        }
    }

    pub(super) fn index(&self, id: &ObjectId) -> Option<&'a Index> {
        match &self.get(id)?.body {
            ObjectBody::Index(index) => Some(index),
            _ => None,
        }
    }

    pub(super) fn sequence(&self, id: &ObjectId) -> Option<&'a Sequence> {
        match &self.get(id)?.body {
            ObjectBody::Sequence(sequence) => Some(sequence),
            _ => None,
        }
    }

    /// The relation that a column, constraint, index, trigger, rule, policy or statistics object is a part of.
    pub(super) fn relation_of(&self, id: &ObjectId) -> Option<ObjectId> {
        let table = match self.get(id).map(|object| &object.body) {
            Some(ObjectBody::Index(index)) => index.table.clone(),
            Some(ObjectBody::Statistics(statistics)) => statistics.table.clone(),
            _ => id.owner_table()?,
        };
        self.resolve(&table)
    }

    /// The object of the parent table that makes this one in its children: its column, constraint, index or trigger.
    pub(super) fn inherited_from(&self, id: &ObjectId) -> Option<ObjectId> {
        match &self.get(id)?.body {
            ObjectBody::Column(column) => {
                let extra = column_extra(column)?;
                (extra.inherited && !extra.local).then_some(())?;
                self.same_of_parents(id)
            }
            ObjectBody::Constraint(constraint) => {
                let extra = constraint.postgres.as_ref()?;
                match &extra.parent {
                    Some(parent) => Some(parent.clone()),
                    None if extra.inherited && !extra.local => {
                        self.same_of_parents(id).or_else(|| self.not_null_of_parent(id))
                    }
                    None => None,
                }
            }
            ObjectBody::Index(index) => index.postgres.as_ref()?.parent.clone(),
            ObjectBody::Trigger(trigger) if trigger.postgres.as_ref()?.inherited => self.same_of_parents(id),
            _ => None,
        }
    }

    fn same_of_parents(&self, id: &ObjectId) -> Option<ObjectId> {
        let table = id.owner_table()?;
        self.parents(&table)
            .into_iter()
            .map(|parent| parent.child(id.kind, id.name()))
            .find(|id| self.has(id))
    }

    /// The named `NOT NULL` of a parent may have another name than that of the child.
    fn not_null_of_parent(&self, id: &ObjectId) -> Option<ObjectId> {
        let kind = &self.constraint(id)?.kind;
        let table = id.owner_table()?;
        self.parents(&table).into_iter().find_map(|parent| {
            let mut constraints = self.catalog.constraints(&parent);
            constraints
                .find(|(_, other)| other.kind == *kind)
                .map(|(id, _)| id.clone())
        })
    }

    /// The tables that a table inherits from or is a partition of.
    pub(super) fn parents(&self, table: &ObjectId) -> Vec<ObjectId> {
        let Some(table) = self.table(table) else {
            return Vec::new();
        };
        let partitioned = table.partition.as_ref().map(|partition| partition.parent.clone());
        table.inherits.iter().cloned().chain(partitioned).collect()
    }

    /// The tables that inherit from a table or are partitions of it.
    pub(super) fn children(&self, table: &ObjectId) -> Vec<ObjectId> {
        let tables = self.dependents(table).iter().filter(|id| id.kind == ObjectKind::Table);
        tables.filter(|id| self.parents(id).contains(table)).cloned().collect()
    }

    /// Constraints of children that come from this one.
    pub(super) fn inherited_constraints(&self, id: &ObjectId) -> Vec<ObjectId> {
        let Some(table) = id.owner_table() else {
            return Vec::new();
        };
        self.children(&table)
            .iter()
            .flat_map(|child| {
                self.catalog
                    .constraints(child)
                    .map(|(id, _)| id.clone())
                    .collect::<Vec<_>>()
            })
            .filter(|constraint| self.inherited_from(constraint).as_ref() == Some(id))
            .collect()
    }

    /// Whether the table of one column inherits from that of another, at any distance.
    pub(super) fn children_reach(&self, heir: &ObjectId, ancestor: &ObjectId) -> bool {
        let (Some(heir), Some(ancestor)) = (heir.owner_table(), ancestor.owner_table()) else {
            return false;
        };
        let mut open = self.parents(&heir);
        let mut seen = BTreeSet::new();
        while let Some(parent) = open.pop() {
            if parent == ancestor {
                return true;
            }
            if seen.insert(parent.clone()) {
                open.extend(self.parents(&parent));
            }
        }
        false
    }

    /// The sequences that a column owns.
    pub(super) fn sequences_of(&self, column: &ObjectId) -> Vec<ObjectId> {
        let range = ObjectId::new(ObjectKind::Sequence, [""; 0])..ObjectId::new(ObjectKind::Table, [""; 0]);
        self.catalog
            .objects
            .range(range)
            .filter(|(_, object)| matches!(&object.body, ObjectBody::Sequence(sequence) if sequence.owned_by.as_ref() == Some(column)))
            .map(|(id, _)| id.clone())
            .collect()
    }
}

/// Whether a sequence is that of an identity column.
pub(super) fn is_identity(sequence: &Sequence) -> bool {
    sequence.postgres.as_ref().is_some_and(|extra| extra.identity)
}

pub(super) fn column_extra(column: &Column) -> Option<&PostgresColumn> {
    match &column.extra {
        ColumnExtra::Postgres(extra) => Some(extra),
        ColumnExtra::MySqlFamily(_) | ColumnExtra::Sqlite(_) => None,
    }
}

pub(super) fn table_extra(table: &Table) -> Option<&PostgresTable> {
    match &table.extra {
        TableExtra::Postgres(extra) => Some(extra),
        TableExtra::MySqlFamily(_) | TableExtra::Sqlite(_) => None,
    }
}
