//! What has to be found again and again while objects are written.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, Constraint, ConstraintKind, Object, ObjectBody, ObjectId, ObjectKind, Sequence};

/// A catalog with what is looked up in it by other things than ids.
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) catalog: &'a Catalog,
    /// The sequences of identity columns, by column.
    identities: BTreeMap<&'a ObjectId, (&'a ObjectId, &'a Sequence)>,
    /// The constraints that refuse NULL, by table and name of the column.
    not_null: BTreeMap<(ObjectId, &'a str), (&'a ObjectId, &'a Constraint)>,
    /// The tables that are partitions of each table, or inherit from it.
    children: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
    /// The table of each constraint, by schema and name: the first of those that have it.
    constraint_names: BTreeMap<(&'a str, &'a str), ObjectId>,
    /// Names that constraints of several tables of a schema have. The server makes up none that is taken.
    shared_names: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Context<'a> {
    /// Looks through a catalog once.
    pub fn new(catalog: &'a Catalog) -> Self {
        let mut context = Context {
            catalog,
            identities: BTreeMap::new(),
            not_null: BTreeMap::new(),
            children: BTreeMap::new(),
            constraint_names: BTreeMap::new(),
            shared_names: BTreeSet::new(),
        };
        for object in catalog.objects.values() {
            context.note(object);
        }
        context.note_names(catalog);
        context
    }

    /// The same where the objects of another catalog are still there.
    pub(crate) fn beside(mut self, other: &'a Catalog) -> Self {
        self.note_names(other);
        self
    }

    fn note_names(&mut self, catalog: &'a Catalog) {
        let constraints = catalog
            .objects
            .values()
            .filter(|object| object.id.kind == ObjectKind::Constraint);
        for object in constraints {
            let Some(table) = object.id.owner_table() else { continue };
            let key = (object.id.schema(), object.id.name());
            if *self.constraint_names.entry(key).or_insert_with(|| table.clone()) != table {
                self.shared_names.insert(key);
            }
        }
    }

    /// Whether constraints of several tables have this name, so that the server would not choose it by itself.
    pub(crate) fn is_shared_name(&self, constraint: &ObjectId) -> bool {
        self.shared_names.contains(&(constraint.schema(), constraint.name()))
    }

    fn note(&mut self, object: &'a Object) {
        match &object.body {
            ObjectBody::Sequence(sequence) => {
                if let Some(column) = &sequence.owned_by
                    && is_identity(sequence)
                {
                    self.identities.insert(column, (&object.id, sequence));
                }
            }
            ObjectBody::Constraint(constraint) => {
                if let ConstraintKind::NotNull(column) = &constraint.kind
                    && let Some(table) = object.id.owner_table()
                {
                    self.not_null.insert((table, column), (&object.id, constraint));
                }
            }
            ObjectBody::Table(table) => {
                let parents = table
                    .inherits
                    .iter()
                    .chain(table.partition.as_ref().map(|partition| &partition.parent));
                for parent in parents {
                    self.children.entry(parent).or_default().push(&object.id);
                }
            }
            _ => {}
        }
    }

    /// The sequence of an identity column.
    pub(crate) fn identity(&self, column: &ObjectId) -> Option<(&'a ObjectId, &'a Sequence)> {
        self.identities.get(column).copied()
    }

    /// The constraint that refuses NULL in a column; before 18 there are none.
    pub(crate) fn not_null(&self, table: &ObjectId, column: &str) -> Option<(&'a ObjectId, &'a Constraint)> {
        self.not_null.get(&(table.clone(), column)).copied()
    }

    /// All tables below this one: its partitions and those that inherit from it, of every level.
    pub(crate) fn descendants(&self, table: &ObjectId) -> Vec<&'a ObjectId> {
        let mut found: Vec<&'a ObjectId> = Vec::new();
        let mut todo: Vec<&'a ObjectId> = self.children.get(table).cloned().unwrap_or_default();
        while let Some(child) = todo.pop() {
            if !found.contains(&child) {
                found.push(child);
                todo.extend(self.children.get(child).into_iter().flatten().copied());
            }
        }
        found
    }

    /// The tables right above this one.
    pub(crate) fn parents(&self, table: &ObjectId) -> Vec<ObjectId> {
        match self.catalog.get(table).map(|object| &object.body) {
            Some(ObjectBody::Table(table)) => {
                let partitioned = table.partition.as_ref().map(|partition| partition.parent.clone());
                table.inherits.iter().cloned().chain(partitioned).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn major(&self) -> u32 {
        self.catalog.server.version.major
    }
}

/// Whether a sequence belongs to an identity column.
pub(crate) fn is_identity(sequence: &Sequence) -> bool {
    sequence.postgres.as_ref().is_some_and(|extra| extra.identity)
}
