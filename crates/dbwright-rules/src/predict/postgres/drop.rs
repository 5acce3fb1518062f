//! `DROP`, and what goes with it.

use dbwright_catalog::{ConstraintKind, LockMode, ObjectBody, ObjectId, ObjectKind};
use dbwright_sql::postgres::{Drop, DropKind, mentions};

use super::alter_type::is_over;
use super::work::Work;
use super::{Predictor, Stop, error};
use crate::predict::facts::postgres::Operation;

impl Predictor {
    pub(super) fn drop(&mut self, drop: &Drop, work: &mut Work) -> Result<(), Stop> {
        let kinds: &[ObjectKind] = match drop.kind {
            DropKind::Table => &[ObjectKind::Table],
            DropKind::Index => &[ObjectKind::Index],
            DropKind::View | DropKind::MaterializedView => &[ObjectKind::View],
            DropKind::Sequence => &[ObjectKind::Sequence],
            DropKind::Schema => return self.drop_schemas(drop, work),
            DropKind::Type => return self.drop_types(drop, work),
            DropKind::Routine => return self.drop_routines(drop, work),
            DropKind::Trigger | DropKind::OnTable => return self.drop_on_table(drop, work),
            DropKind::Extension => {
                return Err(Stop::Opaque("what goes with an extension is not predicted".to_owned()));
            }
            DropKind::Statistics => return Err(Stop::Unknown("extended statistics are not followed".to_owned())),
        };
        let (what, code) = match drop.kind {
            DropKind::Index => ("index", "42704"),
            DropKind::View | DropKind::MaterializedView => ("view", "42P01"),
            DropKind::Sequence => ("sequence", "42P01"),
            _ => ("table", "42P01"),
        };
        let mut targets = Vec::new();
        for name in &drop.names {
            match self.need(name, kinds, code, what) {
                Ok(id) => targets.push(id),
                Err(Stop::Missing(..)) if drop.if_exists => {}
                Err(stop) => return Err(stop),
            }
        }
        for target in &targets {
            if drop.concurrently
                && let Some(table) = self.table_of_index(target)
            {
                self.take(&table, Operation::DropIndexConcurrently, work)?;
                self.take(target, Operation::DropIndexConcurrently, work)?;
                self.ledger.remove(target);
                continue;
            }
            if target.kind == ObjectKind::Index && self.constraint_of_index(target).is_some() {
                let message = format!("cannot drop index {} because a constraint requires it", target.name());
                return Err(Stop::Error(error("2BP01", message)));
            }
            self.drop_relation(target, drop.cascade, &targets, work)?;
        }
        Ok(())
    }

    /// The error about something that others depend on.
    fn depended_on(what: &ObjectId) -> Stop {
        let message = format!(
            "cannot drop {} {} because other objects depend on it",
            what.kind.name(),
            what.name()
        );
        Stop::Error(error("2BP01", message))
    }

    /// Takes away a relation with its parts. `others` go in the same statement.
    fn drop_relation(
        &mut self,
        id: &ObjectId,
        cascade: bool,
        others: &[ObjectId],
        work: &mut Work,
    ) -> Result<(), Stop> {
        if self.object(id).is_none() {
            return Ok(());
        }
        self.take(id, Operation::Drop, work)?;
        for view in self.views_over(id) {
            if !cascade && !others.contains(&view) {
                return Err(Self::depended_on(id));
            }
            self.drop_relation(&view, cascade, others, work)?;
        }
        if id.kind == ObjectKind::Table {
            for foreign_key in self.foreign_keys_to(id) {
                let Some(child) = foreign_key.owner_table() else {
                    continue;
                };
                if child == *id {
                    continue;
                }
                if !cascade && !others.contains(&child) {
                    return Err(Self::depended_on(id));
                }
                work.lock(&child, LockMode::AccessExclusive);
                self.ledger.remove(&foreign_key);
            }
            for child in self.children(id) {
                let is_partition = matches!(
                    self.object(&child).map(|object| &object.body),
                    Some(ObjectBody::Table(table)) if table.partition.is_some()
                );
                if !is_partition && !cascade && !others.contains(&child) {
                    return Err(Self::depended_on(id));
                }
                self.drop_relation(&child, cascade, others, work)?;
            }
            self.lock_above(id, work);
            if self.has_statistics(id, None) {
                self.take(id, Operation::CreateStatistics, work)?;
            }
        }
        if let Some(table) = self.table_of_index(id) {
            work.lock(&table, LockMode::AccessExclusive);
        }
        self.remove_parts(id, work);
        self.ledger.remove(id);
        Ok(())
    }

    /// What a dropped table leaves: its partitioned table, and tables that its foreign keys refer to.
    fn lock_above(&self, table: &ObjectId, work: &mut Work) {
        if let Some(ObjectBody::Table(body)) = self.object(table).map(|object| &object.body)
            && let Some(partition) = &body.partition
        {
            work.lock(&partition.parent, LockMode::AccessExclusive);
            if let Some(default) = self.default_partition(&partition.parent) {
                work.lock(&default, LockMode::AccessExclusive);
            }
        }
        for (_, constraint) in self.ledger.catalog.constraints(table) {
            if let ConstraintKind::ForeignKey(key) = &constraint.kind {
                for member in self.family(&key.references) {
                    work.lock(&member, LockMode::AccessExclusive);
                }
            }
        }
    }

    fn remove_parts(&mut self, id: &ObjectId, work: &mut Work) {
        let mut parts = self.indexes(id);
        if id.kind == ObjectKind::Index {
            let children = self
                .ledger
                .catalog
                .objects
                .values()
                .filter(|object| match &object.body {
                    ObjectBody::Index(index) => index
                        .postgres
                        .as_ref()
                        .is_some_and(|index| index.parent.as_ref() == Some(id)),
                    _ => false,
                });
            let children: Vec<ObjectId> = children.map(|object| object.id.clone()).collect();
            for child in children {
                if let Some(table) = self.table_of_index(&child) {
                    work.lock(&table, LockMode::AccessExclusive);
                }
                parts.push(child);
            }
        }
        if id.kind == ObjectKind::Table {
            parts.extend(self.owned_sequences(id));
        }
        for part in &parts {
            work.lock(part, LockMode::AccessExclusive);
        }
        if matches!(id.kind, ObjectKind::Table | ObjectKind::View) {
            let inside = self.ledger.catalog.objects.keys();
            let inside = inside.filter(|part| part.path.len() == 3 && part.path[..2] == id.path[..]);
            parts.extend(inside.cloned().collect::<Vec<_>>());
        }
        for part in parts {
            self.ledger.remove(&part);
        }
    }

    pub(super) fn drop_column(
        &mut self,
        table: &ObjectId,
        name: &str,
        if_exists: bool,
        cascade: bool,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let id = table.column(name);
        if self.object(&id).is_none() {
            return if if_exists && self.doubts.incomplete.is_none() {
                Ok(())
            } else {
                Err(self.missing_column(table, name))
            };
        }
        for view in self.views_over(table) {
            if !self.uses(&view, table, name)? {
                continue;
            }
            if !cascade {
                return Err(Self::depended_on(&id));
            }
            self.drop_relation(&view, true, &[], work)?;
        }
        for member in self.family(table) {
            self.drop_own_column(&member, name, cascade, work)?;
        }
        Ok(())
    }

    fn drop_own_column(&mut self, table: &ObjectId, name: &str, cascade: bool, work: &mut Work) -> Result<(), Stop> {
        for foreign_key in self.foreign_keys_to(table) {
            let Some(ObjectBody::Constraint(constraint)) = self.object(&foreign_key).map(|object| &object.body) else {
                continue;
            };
            let (ConstraintKind::ForeignKey(key), Some(child)) = (&constraint.kind, foreign_key.owner_table()) else {
                continue;
            };
            if !key.referenced_columns.iter().any(|column| column == name) {
                continue;
            }
            if child != *table && !cascade {
                return Err(Self::depended_on(&table.column(name)));
            }
            work.lock(&child, LockMode::AccessExclusive);
            self.ledger.remove(&foreign_key);
        }
        let constraints: Vec<_> = self
            .ledger
            .catalog
            .constraints(table)
            .map(|(id, constraint)| (id.clone(), constraint.clone()))
            .collect();
        for (id, constraint) in constraints {
            let goes = match &constraint.kind {
                ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) => {
                    columns.iter().any(|column| column == name)
                }
                ConstraintKind::ForeignKey(key) => key.columns.iter().any(|column| column == name),
                ConstraintKind::Check(expression) => mentions(expression).iter().any(|word| word == name),
                ConstraintKind::NotNull(column) => column == name,
                ConstraintKind::Exclusion(_) => {
                    let index = constraint.index.as_ref().and_then(|index| self.object(index));
                    matches!(index.map(|object| &object.body), Some(ObjectBody::Index(index)) if is_over(index, name))
                }
                ConstraintKind::Trigger => false,
            };
            if goes {
                self.remove_constraint(&id, work);
            }
        }
        let indexes: Vec<ObjectId> = self
            .ledger
            .catalog
            .indexes(table)
            .filter(|(_, index)| is_over(index, name))
            .map(|(id, _)| id.clone())
            .collect();
        for index in indexes {
            work.lock(&index, LockMode::AccessExclusive);
            self.ledger.remove(&index);
        }
        if self.has_statistics(table, Some(name)) {
            self.take(table, Operation::CreateStatistics, work)?;
        }
        let column = table.column(name);
        for sequence in self.owned_sequences(table) {
            let is_its = matches!(self.object(&sequence).map(|object| &object.body),
                Some(ObjectBody::Sequence(sequence)) if sequence.owned_by.as_ref() == Some(&column));
            if is_its {
                work.lock(&sequence, LockMode::AccessExclusive);
                self.ledger.remove(&sequence);
            }
        }
        self.ledger.remove(&column);
        Ok(())
    }

    /// Takes a constraint away with its index, and locks the table that a foreign key refers to.
    fn remove_constraint(&mut self, id: &ObjectId, work: &mut Work) {
        let Some(ObjectBody::Constraint(constraint)) = self.object(id).map(|object| object.body.clone()) else {
            return;
        };
        if let Some(index) = &constraint.index {
            work.lock(index, LockMode::AccessExclusive);
            self.ledger.remove(index);
        }
        if let ConstraintKind::ForeignKey(key) = &constraint.kind {
            for member in self.family(&key.references) {
                work.lock(&member, LockMode::AccessExclusive);
            }
        }
        self.ledger.remove(id);
    }

    pub(super) fn drop_constraint(
        &mut self,
        table: &ObjectId,
        name: &str,
        if_exists: bool,
        cascade: bool,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let id = match self.need_constraint(table, name) {
            Ok(id) => id,
            Err(Stop::Missing(..)) if if_exists => return Ok(()),
            Err(stop) => return Err(stop),
        };
        let Some(ObjectBody::Constraint(constraint)) = self.object(&id).map(|object| object.body.clone()) else {
            return Ok(());
        };
        let key = match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) => columns.clone(),
            _ => Vec::new(),
        };
        if !key.is_empty() {
            for foreign_key in self.foreign_keys_to(table) {
                let Some(ObjectBody::Constraint(other)) = self.object(&foreign_key).map(|object| &object.body) else {
                    continue;
                };
                let (ConstraintKind::ForeignKey(refers), Some(child)) = (&other.kind, foreign_key.owner_table()) else {
                    continue;
                };
                if refers.referenced_columns != key {
                    continue;
                }
                if !cascade {
                    let message = format!(
                        "cannot drop constraint {name} on table {} because other objects depend on it",
                        table.name()
                    );
                    return Err(Stop::Error(error("2BP01", message)));
                }
                work.lock(&child, LockMode::AccessExclusive);
                self.ledger.remove(&foreign_key);
            }
        }
        if let ConstraintKind::NotNull(column) = &constraint.kind {
            for member in self.family(table) {
                self.change_column(&member, column, |column| column.not_null = false)?;
            }
        }
        for member in self.family(table) {
            self.remove_constraint(&member.child(ObjectKind::Constraint, name), work);
        }
        Ok(())
    }

    fn drop_schemas(&mut self, drop: &Drop, work: &mut Work) -> Result<(), Stop> {
        for name in &drop.names {
            let id = ObjectId::new(ObjectKind::Schema, [name.name.as_str()]);
            if self.object(&id).is_none() {
                if drop.if_exists {
                    continue;
                }
                let message = format!("schema \"{}\" does not exist", name.name);
                return Err(Stop::Missing(error("3F000", message), name.name.clone()));
            }
            let inside: Vec<ObjectId> = self
                .ledger
                .catalog
                .objects
                .keys()
                .filter(|other| other.kind != ObjectKind::Schema && other.schema() == name.name)
                .cloned()
                .collect();
            if !inside.is_empty() && !drop.cascade {
                return Err(Self::depended_on(&id));
            }
            for object in &inside {
                match object.kind {
                    ObjectKind::Table | ObjectKind::View | ObjectKind::Sequence | ObjectKind::Index => {
                        self.drop_relation(object, true, &inside, work)?;
                    }
                    ObjectKind::Type => self.drop_type(object, true, work)?,
                    _ => self.ledger.remove(object),
                }
            }
            self.ledger.remove(&id);
        }
        Ok(())
    }

    fn drop_types(&mut self, drop: &Drop, work: &mut Work) -> Result<(), Stop> {
        for name in &drop.names {
            match self.need_type_id(name) {
                Ok(id) => self.drop_type(&id, drop.cascade, work)?,
                Err(Stop::Missing(..)) if drop.if_exists => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    fn drop_type(&mut self, id: &ObjectId, cascade: bool, work: &mut Work) -> Result<(), Stop> {
        for column in self.columns_of_type(id.name()) {
            if !cascade {
                return Err(Self::depended_on(id));
            }
            let Some(table) = column.owner_table() else { continue };
            work.lock(&table, LockMode::AccessExclusive);
            self.drop_column(&table, column.name(), true, true, work)?;
        }
        self.ledger.remove(id);
        Ok(())
    }

    fn drop_routines(&mut self, drop: &Drop, work: &mut Work) -> Result<(), Stop> {
        for name in &drop.names {
            let schema = self.schema_for(name, false);
            let routines: Vec<ObjectId> = self
                .ledger
                .catalog
                .objects
                .keys()
                .filter(|id| {
                    id.kind == ObjectKind::Routine
                        && id.schema() == schema
                        && id.name().split('(').next() == Some(name.name.as_str())
                })
                .cloned()
                .collect();
            let triggers: Vec<ObjectId> = self
                .ledger
                .catalog
                .objects
                .values()
                .filter(|object| match &object.body {
                    ObjectBody::Trigger(trigger) => trigger
                        .function
                        .as_ref()
                        .is_some_and(|function| function.name().split('(').next() == Some(name.name.as_str())),
                    _ => false,
                })
                .map(|object| object.id.clone())
                .collect();
            if !triggers.is_empty() {
                if !drop.cascade {
                    return Err(match routines.first() {
                        Some(routine) => Self::depended_on(routine),
                        None => Stop::Unknown(format!("the function {} is not known", name.name)),
                    });
                }
                for trigger in triggers {
                    if let Some(table) = trigger.owner_table() {
                        work.lock(&table, LockMode::AccessExclusive);
                    }
                    self.ledger.remove(&trigger);
                }
            }
            // Of several with one name, which one goes is told by its arguments, which are not compared.
            if routines.len() > 1 {
                return Err(Stop::Unknown(format!(
                    "there are several functions called {}",
                    name.name
                )));
            }
            for routine in routines {
                self.ledger.remove(&routine);
            }
        }
        Ok(())
    }

    fn drop_on_table(&mut self, drop: &Drop, work: &mut Work) -> Result<(), Stop> {
        let Some(table) = &drop.table else { return Ok(()) };
        let table = match self.need_relation(table) {
            Ok(table) => table,
            Err(Stop::Missing(..)) if drop.if_exists => return Ok(()),
            Err(stop) => return Err(stop),
        };
        if drop.kind == DropKind::OnTable {
            if drop.if_exists {
                work.unknown("policies and rules are not followed".to_owned());
            }
            return self.take(&table, Operation::CreateRule, work);
        }
        for name in &drop.names {
            let id = table.child(ObjectKind::Trigger, name.name.as_str());
            if self.object(&id).is_none() {
                if drop.if_exists {
                    continue;
                }
                if let Some(why) = &self.doubts.incomplete {
                    return Err(Stop::Unknown(format!("the trigger {} is not known ({why})", name.name)));
                }
                let message = format!(
                    "trigger \"{}\" for table \"{}\" does not exist",
                    name.name,
                    table.name()
                );
                return Err(Stop::Missing(error("42704", message), name.name.clone()));
            }
            for member in self.family(&table) {
                let id = member.child(ObjectKind::Trigger, name.name.as_str());
                if self.object(&id).is_some() {
                    self.take(&member, Operation::Drop, work)?;
                    self.ledger.remove(&id);
                }
            }
        }
        Ok(())
    }
}
