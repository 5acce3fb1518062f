//! `CREATE TABLE`, and the constraints that `ALTER TABLE` adds as well.

use dbwright_catalog::{
    Constraint, ConstraintKind, ForeignKey, Index, LockMode, Object, ObjectBody, ObjectId, ObjectKind, Partition,
    PostgresIndex, TableExtra, TableKind,
};
use dbwright_sql::postgres::{ColumnDefinition, CreateTable, IndexPart, TableConstraint, TableConstraintKind};

use super::work::Work;
use super::{Predictor, Stop, error, names, objects};
use crate::predict::facts::postgres::{NAMED_NOT_NULL, Operation, VIRTUAL_COLUMNS};

impl Predictor {
    pub(super) fn create_table(&mut self, table: &CreateTable, work: &mut Work) -> Result<(), Stop> {
        let schema = self.schema_for(&table.name, table.temporary);
        if self.is_relation_taken(&schema, &table.name.name) {
            if table.if_not_exists {
                return Ok(());
            }
            let message = format!("relation \"{}\" already exists", table.name.name);
            return Err(Stop::Error(error("42P07", message)));
        }
        self.need_schema(&schema)?;
        if table.of_type.is_some() {
            return Err(Stop::Unknown("tables of a type are not predicted".to_owned()));
        }
        let id = ObjectId::table(schema, table.name.name.clone());
        work.lock(&id, LockMode::AccessExclusive);
        let parent = match &table.partition_of {
            Some(parent) => Some(self.need_relation(parent)?),
            None => None,
        };
        let mut inherits = Vec::new();
        for name in &table.inherits {
            let inherited = self.need_relation(name)?;
            self.take(&inherited, Operation::InheritedTable, work)?;
            inherits.push(inherited);
        }
        let kind = match (&table.partition_by, table.foreign) {
            (Some(_), _) => TableKind::Partitioned,
            (None, true) => TableKind::Foreign,
            (None, false) => TableKind::Ordinary,
        };
        let mut object = objects::table(id.clone(), kind);
        if let ObjectBody::Table(body) = &mut object.body {
            body.partition_key.clone_from(&table.partition_by);
            body.inherits.clone_from(&inherits);
            body.partition = parent.clone().map(|parent| Partition {
                parent,
                bound: table.bound.clone().unwrap_or_default(),
                is_default: table
                    .bound
                    .as_deref()
                    .is_some_and(|bound| bound.eq_ignore_ascii_case("default")),
            });
            if let TableExtra::Postgres(extra) = &mut body.extra {
                extra.unlogged = table.unlogged;
                if kind != TableKind::Ordinary {
                    extra.access_method = None;
                }
            }
        }
        self.ledger.put(object);
        for ancestor in inherits.iter().chain(&parent) {
            self.inherit_columns(&id, ancestor, parent.is_some());
        }
        for (source, including) in &table.like {
            let source = self.need_relation(source)?;
            self.copy_columns(&id, &source, including, work)?;
        }
        for column in &table.columns {
            if parent.is_some() {
                self.ledger.change(&id.column(&column.name), |object| {
                    if let ObjectBody::Column(body) = &mut object.body {
                        body.not_null |= column.not_null.is_some();
                        if column.default.is_some() {
                            body.default.clone_from(&column.default);
                        }
                    }
                });
            } else {
                self.new_column(&id, column, work)?;
            }
        }
        if let Some(parent) = &parent {
            let bound = table.bound.as_deref().unwrap_or_default();
            self.make_partition(&id, parent, bound, work)?;
        }
        self.new_constraints(&id, table, work)
    }

    pub(super) fn need_schema(&self, schema: &str) -> Result<(), Stop> {
        let id = ObjectId::new(ObjectKind::Schema, [schema]);
        if schema == "pg_temp" || self.object(&id).is_some() {
            return Ok(());
        }
        if let Some(why) = &self.doubts.incomplete {
            return Err(Stop::Unknown(format!("the schema {schema} is not known ({why})")));
        }
        let message = format!("schema \"{schema}\" does not exist");
        Err(Stop::Missing(error("3F000", message), schema.to_owned()))
    }

    /// The constraints of a new table: keys first, then checks, then foreign keys, as the server makes them.
    fn new_constraints(&mut self, id: &ObjectId, table: &CreateTable, work: &mut Work) -> Result<(), Stop> {
        let of_columns = table.columns.iter().flat_map(|column| &column.constraints);
        let all: Vec<&TableConstraint> = of_columns.chain(&table.constraints).collect();
        let key = all.iter().find_map(|constraint| match &constraint.kind {
            TableConstraintKind::PrimaryKey(columns) => Some(columns.clone()),
            _ => None,
        });
        // A UNIQUE over the columns of the primary key is left out by the server.
        let all: Vec<&TableConstraint> = all
            .into_iter()
            .filter(|constraint| match &constraint.kind {
                TableConstraintKind::Unique { columns, .. } => constraint.deferrable || key.as_ref() != Some(columns),
                _ => true,
            })
            .collect();
        let rank = |constraint: &TableConstraint| match &constraint.kind {
            TableConstraintKind::Check(_) | TableConstraintKind::NotNull(_) => 0,
            TableConstraintKind::PrimaryKey(_)
            | TableConstraintKind::Unique { .. }
            | TableConstraintKind::UsingIndex { .. }
            | TableConstraintKind::Exclude { .. } => 1,
            TableConstraintKind::ForeignKey { .. } => 2,
        };
        for wanted in 0..3 {
            for constraint in all.iter().filter(|constraint| rank(constraint) == wanted) {
                // What a new table demands, it demands of no row.
                let mut constraint = (*constraint).clone();
                constraint.not_valid = false;
                self.add_constraint(id, &constraint, true, work)?;
            }
        }
        Ok(())
    }

    /// Adds a column to the catalog, with its `NOT NULL` and its sequence. Its constraints are not added.
    pub(super) fn new_column(
        &mut self,
        table: &ObjectId,
        column: &ColumnDefinition,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let virtual_column = matches!(&column.generated, Some((_, false)));
        if virtual_column && !VIRTUAL_COLUMNS.majors.contains(self.major) {
            return Err(Stop::Error(error(
                "42601",
                "syntax error at or near \"VIRTUAL\"".to_owned(),
            )));
        }
        self.need_type(&column.type_name.printed)?;
        if let Some(default) = &column.default
            && let Some((label, _)) = self.new_labels.iter().find(|(label, type_name)| {
                *type_name == column.type_name.printed && default.contains(&format!("'{label}'"))
            })
        {
            let message = format!(
                "unsafe use of new value \"{label}\" of enum type {}",
                column.type_name.printed
            );
            return Err(Stop::Error(error("55P04", message)));
        }
        let id = table.column(&column.name);
        if self.object(&id).is_some() {
            let message = format!(
                "column \"{}\" of relation \"{}\" already exists",
                column.name,
                table.name()
            );
            return Err(Stop::Error(error("42701", message)));
        }
        let position = self.next_position(table);
        let mut object = objects::column(id.clone(), position, column);
        if column.type_name.serial || column.identity.is_some() {
            let schema = table.schema().to_owned();
            let name = names::free(table.name(), Some(&column.name), "seq", |name| {
                self.is_relation_taken(&schema, name)
            });
            let identity = column.identity.is_some();
            let sequence = objects::sequence(&schema, &name, &column.type_name.printed, Some(id.clone()), identity);
            for mode in [
                LockMode::RowExclusive,
                LockMode::ShareRowExclusive,
                LockMode::AccessExclusive,
            ] {
                work.lock(&sequence.id, mode);
            }
            if let ObjectBody::Column(body) = &mut object.body
                && !identity
            {
                body.default = Some(format!("nextval('{name}'::regclass)"));
            }
            self.ledger.put(sequence);
        }
        let not_null = matches!(&object.body, ObjectBody::Column(column) if column.not_null);
        self.ledger.put(object);
        if not_null {
            let name = column.not_null.clone().flatten();
            self.name_not_null(table, &column.name, name);
        }
        Ok(())
    }

    fn next_position(&self, table: &ObjectId) -> u32 {
        let columns = self.ledger.catalog.columns(table);
        columns.last().map_or(1, |(_, column)| column.position + 1)
    }

    /// Whether a type is there; nothing is said where extensions could have brought it.
    pub(super) fn need_type(&self, printed: &str) -> Result<(), Stop> {
        let scalar = printed.trim_end_matches("[]").split('(').next().unwrap_or_default();
        if self.doubts.incomplete.is_some()
            || super::types::is_built_in(printed)
            || self.session.type_id(&self.ledger.catalog, scalar).is_some()
        {
            return Ok(());
        }
        if self.doubts.lost.contains_key(scalar) {
            let message = format!("type \"{scalar}\" does not exist");
            return Err(Stop::Missing(error("42704", message), scalar.to_owned()));
        }
        Ok(())
    }

    /// The constraint that stands for `NOT NULL` where the version has such.
    pub(super) fn name_not_null(&mut self, table: &ObjectId, column: &str, name: Option<String>) {
        let there = self.not_null_of(table, column).is_some();
        if there || !NAMED_NOT_NULL.majors.contains(self.major) {
            return;
        }
        let name = name.unwrap_or_else(|| {
            names::free(table.name(), Some(column), "not_null", |name| {
                self.object(&table.child(ObjectKind::Constraint, name)).is_some()
            })
        });
        let id = table.child(ObjectKind::Constraint, name);
        self.ledger
            .put(objects::constraint(id, ConstraintKind::NotNull(column.to_owned())));
    }

    /// The named constraint that stands for the `NOT NULL` of a column.
    pub(super) fn not_null_of(&self, table: &ObjectId, column: &str) -> Option<ObjectId> {
        let mut constraints = self.ledger.catalog.constraints(table);
        let found =
            constraints.find(|(_, constraint)| matches!(&constraint.kind, ConstraintKind::NotNull(of) if of == column));
        found.map(|(id, _)| id.clone())
    }

    /// Columns and checks that come from a table above.
    fn inherit_columns(&mut self, table: &ObjectId, parent: &ObjectId, as_partition: bool) {
        let columns: Vec<Object> = self
            .ledger
            .catalog
            .columns(parent)
            .into_iter()
            .filter_map(|(id, _)| self.object(id).cloned())
            .collect();
        for mut column in columns {
            column.id = table.column(column.id.name());
            if self.object(&column.id).is_some() {
                continue;
            }
            let position = self.next_position(table);
            if let ObjectBody::Column(body) = &mut column.body {
                body.position = position;
                if let dbwright_catalog::ColumnExtra::Postgres(extra) = &mut body.extra {
                    extra.local = false;
                    extra.inherited = true;
                }
                if as_partition && self.major < 17 {
                    body.identity = None;
                }
            }
            self.ledger.put(column);
        }
        let constraints: Vec<(ObjectId, Constraint)> = self
            .ledger
            .catalog
            .constraints(parent)
            .filter(|(_, constraint)| {
                !constraint.no_inherit
                    && matches!(constraint.kind, ConstraintKind::Check(_) | ConstraintKind::NotNull(_))
            })
            .map(|(id, constraint)| (id.clone(), constraint.clone()))
            .collect();
        for (id, mut constraint) in constraints {
            let id = table.child(ObjectKind::Constraint, id.name());
            if let Some(postgres) = &mut constraint.postgres {
                postgres.local = false;
                postgres.inherited = true;
            }
            self.ledger.put(objects::object(id, ObjectBody::Constraint(constraint)));
        }
    }

    /// `LIKE`: columns with their `NOT NULL`, and what `INCLUDING` asks for.
    fn copy_columns(
        &mut self,
        table: &ObjectId,
        source: &ObjectId,
        including: &[String],
        work: &mut Work,
    ) -> Result<(), Stop> {
        let includes = |what: &str| including.iter().any(|word| word == what || word == "all");
        if source.kind != ObjectKind::Table {
            return Err(Stop::Unknown("a table like a view is not predicted".to_owned()));
        }
        if includes("indexes") && self.ledger.catalog.indexes(source).next().is_some() {
            work.unknown("the indexes that LIKE copies are not predicted".to_owned());
        }
        let columns: Vec<Object> = self
            .ledger
            .catalog
            .columns(source)
            .into_iter()
            .filter_map(|(id, _)| self.object(id).cloned())
            .collect();
        for mut column in columns {
            column.id = table.column(column.id.name());
            let position = self.next_position(table);
            if let ObjectBody::Column(body) = &mut column.body {
                body.position = position;
                if !includes("defaults") {
                    body.default = None;
                }
                if !includes("generated") {
                    body.generated = None;
                }
                if !includes("identity") {
                    body.identity = None;
                } else if body.identity.is_some() {
                    work.unknown("the identity that LIKE copies is not predicted".to_owned());
                }
            }
            self.ledger.put(column);
        }
        let constraints: Vec<(ObjectId, Constraint)> = self
            .ledger
            .catalog
            .constraints(source)
            .filter(|(_, constraint)| match constraint.kind {
                ConstraintKind::NotNull(_) => true,
                ConstraintKind::Check(_) => includes("constraints"),
                _ => false,
            })
            .map(|(id, constraint)| (id.clone(), constraint.clone()))
            .collect();
        for (id, constraint) in constraints {
            let id = table.child(ObjectKind::Constraint, id.name());
            self.ledger.put(objects::object(id, ObjectBody::Constraint(constraint)));
        }
        Ok(())
    }

    /// What a new partition takes: locks on its parent and the default partition, which is read; indexes and foreign
    /// keys like those of the parent.
    fn make_partition(
        &mut self,
        table: &ObjectId,
        parent: &ObjectId,
        bound: &str,
        work: &mut Work,
    ) -> Result<(), Stop> {
        self.take(parent, Operation::CreatePartition, work)?;
        self.search_default(parent, table, bound, work);
        self.clone_indexes(table, parent, true, work);
        self.clone_foreign_keys(table, parent, work)
    }

    /// Makes indexes on a partition like those of its parent. Whether the partition is new, so that nothing is read.
    pub(super) fn clone_indexes(&mut self, table: &ObjectId, parent: &ObjectId, new: bool, work: &mut Work) {
        let of_parent: Vec<(ObjectId, Index)> = self
            .ledger
            .catalog
            .indexes(parent)
            .map(|(id, index)| (id.clone(), index.clone()))
            .collect();
        for (parent_id, parent_index) in of_parent {
            let constraint = self.constraint_of_index(&parent_id);
            work.lock(&parent_id, LockMode::ShareUpdateExclusive);
            let existing = self.matching_index(table, &parent_index);
            if let Some(existing) = existing {
                self.ledger.change(&existing, |object| {
                    if let ObjectBody::Index(index) = &mut object.body {
                        index.postgres.get_or_insert_default().parent = Some(parent_id.clone());
                    }
                });
                continue;
            }
            let label = match constraint.as_ref().map(|(_, constraint)| &constraint.kind) {
                Some(ConstraintKind::PrimaryKey(_)) => "pkey",
                Some(ConstraintKind::Exclusion(_)) => "excl",
                Some(_) => "key",
                None => "idx",
            };
            let columns = names::columns(&key_names(&parent_index.keys, &parent_index.included));
            let second = (label != "pkey").then_some(columns.as_str());
            let schema = table.schema().to_owned();
            let name = names::free(table.name(), second, label, |name| {
                self.is_relation_taken(&schema, name)
            });
            let id = ObjectId::new(ObjectKind::Index, [schema, name.clone()]);
            work.lock(table, LockMode::Share);
            work.lock(&id, LockMode::AccessExclusive);
            work.new_indexes.insert(id.clone());
            if !new && !self.is_partitioned(table) {
                work.scanned.insert(table.clone());
            }
            let mut index = parent_index.clone();
            index.table = table.clone();
            index.postgres = Some(PostgresIndex {
                parent: Some(parent_id.clone()),
                ..PostgresIndex::default()
            });
            self.ledger.put(objects::object(id.clone(), ObjectBody::Index(index)));
            if let Some((parent_constraint, mut constraint)) = constraint {
                constraint.index = Some(id);
                if let Some(postgres) = &mut constraint.postgres {
                    postgres.local = false;
                    postgres.inherited = true;
                    postgres.parent = Some(parent_constraint);
                }
                let id = table.child(ObjectKind::Constraint, name);
                self.ledger.put(objects::object(id, ObjectBody::Constraint(constraint)));
            }
            let children = self.children(table);
            for child in children {
                self.clone_indexes(&child, table, new, work);
            }
        }
    }

    /// An index of a partition that can stand for one of its parent.
    fn matching_index(&self, table: &ObjectId, like: &Index) -> Option<ObjectId> {
        let mut indexes = self.ledger.catalog.indexes(table);
        let found = indexes.find(|(id, index)| {
            index.keys == like.keys
                && index.method == like.method
                && index.predicate == like.predicate
                && index.included == like.included
                && index.unique == like.unique
                && (!like.of_constraint || self.constraint_of_index(id).is_some())
                && index.postgres.as_ref().is_none_or(|index| index.parent.is_none())
        });
        found.map(|(id, _)| id.clone())
    }

    /// The constraint that an index enforces.
    pub(super) fn constraint_of_index(&self, index: &ObjectId) -> Option<(ObjectId, Constraint)> {
        let table = self.table_of_index(index)?;
        let mut constraints = self.ledger.catalog.constraints(&table);
        let found = constraints.find(|(_, constraint)| constraint.index.as_ref() == Some(index));
        found.map(|(id, constraint)| (id.clone(), constraint.clone()))
    }

    pub(super) fn clone_foreign_keys(
        &mut self,
        table: &ObjectId,
        parent: &ObjectId,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let keys: Vec<(ObjectId, Constraint, ForeignKey)> = self
            .ledger
            .catalog
            .constraints(parent)
            .filter_map(|(id, constraint)| match &constraint.kind {
                ConstraintKind::ForeignKey(key) => Some((id.clone(), constraint.clone(), key.clone())),
                _ => None,
            })
            .collect();
        for (id, mut constraint, key) in keys {
            self.take(&key.references, Operation::AddForeignKey, work)?;
            self.take(table, Operation::AddForeignKey, work)?;
            if let Some(postgres) = &mut constraint.postgres {
                postgres.local = false;
                postgres.inherited = true;
                postgres.parent = Some(id.clone());
            }
            let id = table.child(ObjectKind::Constraint, id.name());
            self.ledger.put(objects::object(id, ObjectBody::Constraint(constraint)));
        }
        Ok(())
    }
}

/// What a part of an index adds to a made-up name.
pub(super) fn part_name(part: &IndexPart) -> String {
    part.column
        .clone()
        .or_else(|| part.function.clone())
        .unwrap_or_else(|| "expr".to_owned())
}

/// The same for parts as the catalog has them.
fn key_names(keys: &[String], included: &[String]) -> Vec<String> {
    let of_key = |key: &String| {
        let end = key.find([' ', '(']).unwrap_or(key.len());
        match &key[..end] {
            "" => "expr".to_owned(),
            name => name.trim_matches('"').to_owned(),
        }
    };
    keys.iter().map(of_key).chain(included.iter().cloned()).collect()
}
