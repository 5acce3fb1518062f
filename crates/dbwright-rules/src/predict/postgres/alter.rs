//! `ALTER TABLE` and its like.

use std::collections::BTreeSet;

use dbwright_catalog::{
    ColumnExtra, Constraint, ConstraintKind, Identity, LockMode, ObjectBody, ObjectId, ObjectKind, TableExtra,
};
use dbwright_sql::postgres::{Alter, AlterAction, AlterKind, ColumnDefinition};

use super::alter_kinds::{operation, pass_of, recurses};
use super::expressions::{Steadiness, steadiness};
use super::types::is_constrained_domain;
use super::work::{RELATIONS, Work};
use super::{Predictor, Stop, error, names, objects};
use crate::predict::facts::postgres::{Operation, SET_EXPRESSION, STRONG_OPTIONS, lock};

/// What is left to do to the tables of an `ALTER TABLE` when all its items are known.
#[derive(Default)]
pub(super) struct Pending {
    /// Tables whose rows are written anew.
    pub(super) rewrite: BTreeSet<ObjectId>,
    /// Tables that are read.
    pub(super) scan: BTreeSet<ObjectId>,
}

impl Predictor {
    pub(super) fn alter(&mut self, alter: &Alter, work: &mut Work) -> Result<(), Stop> {
        let kinds: &[ObjectKind] = match alter.kind {
            AlterKind::Table | AlterKind::ForeignTable => &RELATIONS,
            AlterKind::Index => &[ObjectKind::Index],
            AlterKind::View | AlterKind::MaterializedView => &[ObjectKind::View],
            AlterKind::Sequence => &[ObjectKind::Sequence],
        };
        let relation = match self.need(&alter.name, kinds, "42P01", "relation") {
            Ok(relation) => relation,
            Err(Stop::Missing(..)) if alter.if_exists => return Ok(()),
            Err(stop) => return Err(stop),
        };
        if let Some(AlterAction::Unknown(words)) = alter
            .actions
            .iter()
            .find(|action| matches!(action, AlterAction::Unknown(_)))
        {
            return Err(Stop::Unknown(format!("ALTER TABLE … {words} is not understood")));
        }
        if relation.kind != ObjectKind::Table {
            return self.alter_other(&relation, alter, work);
        }
        self.lock_family(&relation, alter, work)?;
        let mut pending = Pending::default();
        // Constraints that are dropped, types that change and columns that come are done before constraints that come.
        for pass in 0..3 {
            for action in alter.actions.iter().filter(|action| pass_of(action) == pass) {
                self.act(&relation, action, &mut pending, work)?;
            }
        }
        for table in pending.rewrite {
            if self.is_partitioned(&table) {
                continue;
            }
            pending.scan.remove(&table);
            self.rewrite(&table, work);
        }
        for table in pending.scan {
            self.scan(&table, work);
        }
        Ok(())
    }

    /// The strongest lock that one of the items takes, on the table and on those below it that it reaches.
    fn lock_family(&self, table: &ObjectId, alter: &Alter, work: &mut Work) -> Result<(), Stop> {
        let mut strongest = None;
        let mut reaches = false;
        for action in &alter.actions {
            let operation = operation(action);
            let Some(mode) = lock(operation, self.major) else {
                return Err(Stop::Error(error("42601", "syntax error".to_owned())));
            };
            strongest = strongest.max(Some(mode));
            reaches |= !alter.only && recurses(action, self.is_partitioned(table));
        }
        let Some(mode) = strongest else { return Ok(()) };
        let members = if reaches {
            self.family(table)
        } else {
            vec![table.clone()]
        };
        for member in members {
            work.lock(&member, mode);
        }
        Ok(())
    }

    fn act(
        &mut self,
        table: &ObjectId,
        action: &AlterAction,
        pending: &mut Pending,
        work: &mut Work,
    ) -> Result<(), Stop> {
        match action {
            AlterAction::AddColumn { column, if_not_exists } => {
                if *if_not_exists && self.column(table, &column.name).is_some() {
                    return Ok(());
                }
                self.add_column(table, column, pending, work)
            }
            AlterAction::DropColumn {
                name,
                if_exists,
                cascade,
            } => self.drop_column(table, name, *if_exists, *cascade, work),
            AlterAction::Type {
                column,
                type_name,
                collation,
                using,
            } => {
                for member in self.family(table) {
                    self.change_type(
                        &member,
                        column,
                        type_name,
                        collation.as_deref(),
                        using.as_deref(),
                        pending,
                        work,
                    )?;
                }
                Ok(())
            }
            AlterAction::Default { column, default } => {
                for member in self.family(table) {
                    self.change_column(&member, column, |column| column.default.clone_from(default))?;
                }
                Ok(())
            }
            AlterAction::SetNotNull(column) => self.set_not_null(table, column, pending, work),
            AlterAction::DropNotNull(column) => self.drop_not_null(table, column),
            AlterAction::SetExpression(column, expression) => self.set_expression(table, column, expression, pending),
            AlterAction::DropExpression(column) => self.change_column(table, column, |column| column.generated = None),
            AlterAction::AddIdentity { column, always } => self.add_identity(table, column, *always, work),
            AlterAction::SetIdentity(column) => {
                self.need_column(table, column)?;
                for sequence in self.sequences_of(&table.column(column)) {
                    work.lock(&sequence, LockMode::RowExclusive);
                    work.lock(&sequence, LockMode::ShareRowExclusive);
                }
                Ok(())
            }
            AlterAction::DropIdentity(column) => {
                self.change_column(table, column, |column| column.identity = None)?;
                for sequence in self.sequences_of(&table.column(column)) {
                    work.lock(&sequence, LockMode::AccessExclusive);
                    self.ledger.remove(&sequence);
                }
                Ok(())
            }
            AlterAction::ColumnStatistics(column) => {
                for member in self.family(table) {
                    self.change_column(&member, column, |column| {
                        if let ColumnExtra::Postgres(extra) = &mut column.extra {
                            extra.statistics_target = Some(extra.statistics_target.unwrap_or(100) + 1);
                        }
                    })?;
                }
                Ok(())
            }
            AlterAction::ColumnOptions(column) | AlterAction::ColumnStorage(column) => self.need_column(table, column),
            AlterAction::AddConstraint(constraint) => self.add_constraint(table, constraint, false, work),
            AlterAction::DropConstraint {
                name,
                if_exists,
                cascade,
            } => self.drop_constraint(table, name, *if_exists, *cascade, work),
            AlterAction::Validate(name) => self.validate(table, name, pending, work),
            AlterAction::AlterConstraint {
                name,
                deferrable,
                initially_deferred,
                enforced,
            } => {
                if enforced.is_some() {
                    return Err(Stop::Unknown(
                        "ENFORCED of a constraint that is there is not predicted".to_owned(),
                    ));
                }
                self.change_constraint(table, name, |constraint| {
                    constraint.deferrable = deferrable.unwrap_or(constraint.deferrable) || *initially_deferred;
                    constraint.initially_deferred = *initially_deferred;
                })
            }
            AlterAction::RenameColumn { from, to } => self.rename_column(table, from, to),
            AlterAction::RenameConstraint { from, to } => self.rename_constraint(table, from, to, work),
            AlterAction::RenameTo(to) => {
                let new = ObjectId::new(table.kind, [table.schema(), to.as_str()]);
                if self.is_relation_taken(table.schema(), to) {
                    return Err(Stop::Error(error("42P07", format!("relation \"{to}\" already exists"))));
                }
                self.move_object(table, &new);
                Ok(())
            }
            AlterAction::SetSchema(schema) => self.set_schema(table, schema, work),

            AlterAction::Options(names) => {
                self.change_table(table, |extra| extra.options.push(names.join(",")));
                Ok(())
            }
            AlterAction::Logged(logged) => {
                let mut differs = false;
                self.change_table(table, |extra| {
                    differs = extra.unlogged == *logged;
                    extra.unlogged = !logged;
                });
                if !differs {
                    return Ok(());
                }
                if self.is_partitioned(table) {
                    return Err(Stop::Unknown(
                        "SET LOGGED of a partitioned table is not predicted".to_owned(),
                    ));
                }
                pending.rewrite.insert(table.clone());
                if self.major >= 15 {
                    for sequence in self.owned_sequences(table) {
                        work.lock(&sequence, LockMode::RowExclusive);
                        work.lock(&sequence, LockMode::AccessExclusive);
                    }
                }
                Ok(())
            }
            AlterAction::AccessMethod(method) => {
                let mut differs = false;
                self.change_table(table, |extra| {
                    differs = extra.access_method.as_deref() != Some(method.as_str());
                    extra.access_method = Some(method.clone());
                });
                if differs {
                    pending.rewrite.insert(table.clone());
                }
                Ok(())
            }
            AlterAction::Tablespace(name) if name == "pg_default" => Ok(()),
            AlterAction::Tablespace(_) => {
                pending.rewrite.insert(table.clone());
                Ok(())
            }
            AlterAction::ClusterOn(index) => {
                if let Some(index) = index {
                    let index = ObjectId::new(ObjectKind::Index, [table.schema(), index.as_str()]);
                    self.take(&index, Operation::ClusterOn, work)?;
                }
                Ok(())
            }
            AlterAction::Owner | AlterAction::ReplicaIdentity | AlterAction::Rule => Ok(()),
            AlterAction::Trigger { name, enabled } => {
                let triggers: Vec<ObjectId> = self
                    .ledger
                    .catalog
                    .objects
                    .keys()
                    .filter(|id| id.kind == ObjectKind::Trigger && id.owner_table().as_ref() == Some(table))
                    .filter(|id| matches!(name.as_str(), "all" | "user") || id.name() == name)
                    .cloned()
                    .collect();
                for id in triggers {
                    self.ledger.change(&id, |object| {
                        if let ObjectBody::Trigger(trigger) = &mut object.body {
                            trigger.enabled = *enabled;
                        }
                    });
                }
                Ok(())
            }
            AlterAction::RowSecurity(switched) => {
                if let Some(switched) = switched {
                    self.change_table(table, |extra| extra.row_security = *switched);
                }
                Ok(())
            }
            AlterAction::Inherit(parent) => {
                let parent = self.need_relation(parent)?;
                self.take(&parent, Operation::InheritedTable, work)?;
                self.ledger.change(table, |object| {
                    if let ObjectBody::Table(table) = &mut object.body {
                        table.inherits.push(parent.clone());
                    }
                });
                Ok(())
            }
            AlterAction::NoInherit(parent) => {
                let parent = self.need_relation(parent)?;
                self.ledger.change(table, |object| {
                    if let ObjectBody::Table(table) = &mut object.body {
                        table.inherits.retain(|other| *other != parent);
                    }
                });
                Ok(())
            }
            AlterAction::Attach { partition, bound } => {
                let partition = self.need_relation(partition)?;
                self.attach(table, &partition, bound, work)
            }
            AlterAction::Detach {
                partition,
                concurrently,
                finalize,
            } => {
                let partition = self.need_relation(partition)?;
                if *finalize {
                    return Err(Stop::Unknown("what an interrupted DETACH left is not known".to_owned()));
                }
                self.detach(table, &partition, *concurrently, work)
            }
            AlterAction::Unknown(words) => Err(Stop::Unknown(format!("ALTER TABLE … {words} is not understood"))),
        }
    }

    fn change_table(&mut self, table: &ObjectId, change: impl FnOnce(&mut dbwright_catalog::PostgresTable)) {
        self.ledger.change(table, |object| {
            if let ObjectBody::Table(table) = &mut object.body
                && let TableExtra::Postgres(extra) = &mut table.extra
            {
                change(extra);
            }
        });
    }

    fn need_column(&self, table: &ObjectId, column: &str) -> Result<(), Stop> {
        match self.column(table, column) {
            Some(_) => Ok(()),
            // Columns of an index are counted, those of a view are not kept one by one.
            None => Err(self.missing_column(table, column)),
        }
    }

    pub(super) fn change_column(
        &mut self,
        table: &ObjectId,
        column: &str,
        change: impl FnOnce(&mut dbwright_catalog::Column),
    ) -> Result<(), Stop> {
        self.need_column(table, column)?;
        self.ledger.change(&table.column(column), |object| {
            if let ObjectBody::Column(column) = &mut object.body {
                change(column);
            }
        });
        Ok(())
    }

    fn change_constraint(
        &mut self,
        table: &ObjectId,
        name: &str,
        change: impl FnOnce(&mut Constraint),
    ) -> Result<(), Stop> {
        let id = self.need_constraint(table, name)?;
        self.ledger.change(&id, |object| {
            if let ObjectBody::Constraint(constraint) = &mut object.body {
                change(constraint);
            }
        });
        Ok(())
    }

    pub(super) fn need_constraint(&self, table: &ObjectId, name: &str) -> Result<ObjectId, Stop> {
        let id = table.child(ObjectKind::Constraint, name);
        if self.object(&id).is_some() {
            return Ok(id);
        }
        if let Some(why) = self.doubts.vague.get(table.name()).or(self.doubts.incomplete.as_ref()) {
            return Err(Stop::Unknown(format!(
                "the constraint {name} of {table} is not known ({why})"
            )));
        }
        let message = format!("constraint \"{name}\" of relation \"{}\" does not exist", table.name());
        Err(Stop::Missing(error("42704", message), name.to_owned()))
    }

    fn sequences_of(&self, column: &ObjectId) -> Vec<ObjectId> {
        let table = column.owner_table();
        let owned = table.map_or_else(Vec::new, |table| self.owned_sequences(&table));
        let is_its = |id: &ObjectId| match self.object(id).map(|object| &object.body) {
            Some(ObjectBody::Sequence(sequence)) => sequence.owned_by.as_ref() == Some(column),
            _ => false,
        };
        owned.into_iter().filter(|id| is_its(id)).collect()
    }

    fn add_column(
        &mut self,
        table: &ObjectId,
        column: &ColumnDefinition,
        pending: &mut Pending,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let rewrites = self.column_rewrites(column, work);
        for member in self.family(table) {
            if self.column(&member, &column.name).is_some() && member != *table {
                continue;
            }
            self.new_column(&member, column, work)?;
            if rewrites {
                if column.type_name.serial || column.identity.is_some() {
                    for sequence in self.sequences_of(&member.column(&column.name)) {
                        work.lock(&sequence, LockMode::RowExclusive);
                    }
                }
                pending.rewrite.insert(member.clone());
            }
            let fills = rewrites || has_value(column);
            if column.not_null.is_some() && !fills {
                pending.scan.insert(member.clone());
                if !self.is_partitioned(&member) && !self.is_made_here(&member) {
                    let message = format!(
                        "column \"{}\" of relation \"{}\" contains null values",
                        column.name,
                        member.name()
                    );
                    work.on_rows.get_or_insert(error("23502", message));
                }
            }
        }
        for constraint in &column.constraints {
            // A new column without a value can refer to nothing, so that nothing is looked up.
            let is_foreign_key = matches!(
                constraint.kind,
                dbwright_sql::postgres::TableConstraintKind::ForeignKey { .. }
            );
            let empty = is_foreign_key && !has_value(column) && !rewrites;
            self.add_constraint(table, constraint, empty, work)?;
            // A default that is NULL is looked at row by row all the same.
            if let (true, Some(_), dbwright_sql::postgres::TableConstraintKind::ForeignKey { references, .. }) =
                (empty, &column.default, &constraint.kind)
            {
                let parent = self.need_relation(references)?;
                work.lock(&parent, LockMode::RowShare);
                self.scan(table, work);
            }
        }
        Ok(())
    }

    /// Whether the table was made by the same migration or transaction, so that it may well hold no rows.
    fn is_made_here(&self, table: &ObjectId) -> bool {
        self.made_in_transaction().contains(table) || self.made_in_migration.contains(table)
    }

    /// Whether the values of a new column have to be written into every row.
    fn column_rewrites(&self, column: &ColumnDefinition, work: &mut Work) -> bool {
        let catalog = &self.ledger.catalog;
        if column.type_name.serial
            || column.identity.is_some()
            || matches!(&column.generated, Some((_, true)))
            || is_constrained_domain(catalog, &self.session, &column.type_name.printed)
        {
            return true;
        }
        let Some(default) = &column.default else { return false };
        match steadiness(catalog, &self.session, default) {
            Steadiness::Steady => false,
            Steadiness::Volatile => {
                for sequence in self.drawn_from(default) {
                    work.lock(&sequence, LockMode::RowExclusive);
                }
                true
            }
            Steadiness::Unknown(reason) => {
                work.unknown(reason);
                false
            }
        }
    }

    /// The sequences whose next values an expression takes.
    fn drawn_from(&self, expression: &str) -> Vec<ObjectId> {
        let tokens = dbwright_sql::tokens(dbwright_catalog::Engine::Postgres, expression);
        let names = tokens.filter_map(|token| token.value());
        let sequences = names.filter_map(|text| {
            let (schema, name) = match text.split_once('.') {
                Some((schema, name)) => (Some(schema.to_owned()), name),
                None => (None, text.as_str()),
            };
            let name = dbwright_sql::postgres::Name {
                schema,
                name: name.trim_matches('"').to_owned(),
            };
            self.find(&name, &[ObjectKind::Sequence])
        });
        sequences.collect()
    }

    fn set_not_null(
        &mut self,
        table: &ObjectId,
        column: &str,
        pending: &mut Pending,
        _work: &mut Work,
    ) -> Result<(), Stop> {
        for member in self.family(table) {
            let Some(known) = self.column(&member, column) else {
                return Err(self.missing_column(&member, column));
            };
            let invalid = self.not_null_of(&member, column).filter(|id| {
                matches!(self.object(id).map(|object| &object.body),
                    Some(ObjectBody::Constraint(constraint)) if !constraint.validated)
            });
            if known.not_null && invalid.is_none() {
                continue;
            }
            if !self.proves_not_null(&member, column) {
                pending.scan.insert(member.clone());
            }
            self.change_column(&member, column, |column| column.not_null = true)?;
            let of_table = self.not_null_of(table, column).map(|id| id.name().to_owned());
            self.name_not_null(&member, column, of_table);
            if let Some(id) = invalid {
                self.ledger.change(&id, |object| {
                    if let ObjectBody::Constraint(constraint) = &mut object.body {
                        constraint.validated = true;
                    }
                });
            }
        }
        Ok(())
    }

    fn drop_not_null(&mut self, table: &ObjectId, column: &str) -> Result<(), Stop> {
        let in_key = self.ledger.catalog.constraints(table).any(|(_, constraint)| {
            matches!(&constraint.kind, ConstraintKind::PrimaryKey(columns) if columns.iter().any(|key| key == column))
        });
        if in_key {
            return Err(Stop::Error(error(
                "42P16",
                format!("column \"{column}\" is in a primary key"),
            )));
        }
        for member in self.family(table) {
            self.change_column(&member, column, |column| column.not_null = false)?;
            if let Some(id) = self.not_null_of(&member, column) {
                self.ledger.remove(&id);
            }
        }
        Ok(())
    }

    fn set_expression(
        &mut self,
        table: &ObjectId,
        column: &str,
        expression: &str,
        pending: &mut Pending,
    ) -> Result<(), Stop> {
        if !SET_EXPRESSION.majors.contains(self.major) {
            return Err(Stop::Error(error(
                "42601",
                "syntax error at or near \"EXPRESSION\"".to_owned(),
            )));
        }
        let mut stored = false;
        self.change_column(table, column, |column| {
            if let Some(generated) = &mut column.generated {
                expression.clone_into(&mut generated.expression);
                stored = generated.kind == dbwright_catalog::GeneratedKind::Stored;
            }
        })?;
        if stored {
            pending.rewrite.insert(table.clone());
        }
        Ok(())
    }

    fn add_identity(&mut self, table: &ObjectId, column: &str, always: bool, work: &mut Work) -> Result<(), Stop> {
        let Some(known) = self.column(table, column) else {
            return Err(self.missing_column(table, column));
        };
        if !known.not_null {
            let message = format!(
                "column \"{column}\" of relation \"{}\" must be declared NOT NULL before identity can be added",
                table.name()
            );
            return Err(Stop::Error(error("55000", message)));
        }
        let type_name = known.type_name.clone();
        let schema = table.schema().to_owned();
        let name = names::free(table.name(), Some(column), "seq", |name| {
            self.is_relation_taken(&schema, name)
        });
        let sequence = objects::sequence(&schema, &name, &type_name, Some(table.column(column)), true);
        for mode in [
            LockMode::RowExclusive,
            LockMode::ShareRowExclusive,
            LockMode::AccessExclusive,
        ] {
            work.lock(&sequence.id, mode);
        }
        self.ledger.put(sequence);
        self.change_column(table, column, |column| {
            column.identity = Some(if always { Identity::Always } else { Identity::ByDefault });
        })
    }

    fn validate(&mut self, table: &ObjectId, name: &str, pending: &mut Pending, work: &mut Work) -> Result<(), Stop> {
        let id = self.need_constraint(table, name)?;
        let Some(ObjectBody::Constraint(constraint)) = self.object(&id).map(|object| object.body.clone()) else {
            return Ok(());
        };
        if constraint.validated {
            return Ok(());
        }
        let members = if constraint.no_inherit
            || matches!(constraint.kind, ConstraintKind::ForeignKey(_)) && !self.is_partitioned(table)
        {
            vec![table.clone()]
        } else {
            self.family(table)
        };
        if let ConstraintKind::ForeignKey(key) = &constraint.kind {
            for member in self.family(&key.references) {
                work.lock(&member, LockMode::RowShare);
                self.scan(&member, work);
            }
        }
        for member in members {
            self.take(&member, Operation::Validate, work)?;
            pending.scan.insert(member.clone());
            let id = member.child(ObjectKind::Constraint, name);
            self.ledger.change(&id, |object| {
                if let ObjectBody::Constraint(constraint) = &mut object.body {
                    constraint.validated = true;
                }
            });
        }
        Ok(())
    }

    fn rename_column(&mut self, table: &ObjectId, from: &str, to: &str) -> Result<(), Stop> {
        for member in self.family(table) {
            self.need_column(&member, from)?;
            if self.column(&member, to).is_some() {
                let message = format!("column \"{to}\" of relation \"{}\" already exists", member.name());
                return Err(Stop::Error(error("42701", message)));
            }
            let (old, new) = (member.column(from), member.column(to));
            self.move_object(&old, &new);
            let renamed = |names: &mut Vec<String>| {
                names
                    .iter_mut()
                    .filter(|name| *name == from)
                    .for_each(|name| to.clone_into(name));
            };
            let parts: Vec<ObjectId> = self
                .ledger
                .catalog
                .constraints(&member)
                .map(|(id, _)| id.clone())
                .chain(self.indexes(&member))
                .chain(self.foreign_keys_to(&member))
                .collect();
            for id in parts {
                let own = id.owner_table().as_ref() == Some(&member);
                self.ledger.change(&id, |object| match &mut object.body {
                    ObjectBody::Index(index) => {
                        renamed(&mut index.keys);
                        renamed(&mut index.included);
                    }
                    ObjectBody::Constraint(constraint) => match &mut constraint.kind {
                        ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) => renamed(columns),
                        ConstraintKind::ForeignKey(key) => {
                            if own {
                                renamed(&mut key.columns);
                            }
                            if key.references == member {
                                renamed(&mut key.referenced_columns);
                            }
                        }
                        ConstraintKind::NotNull(column) if column == from => to.clone_into(column),
                        _ => {}
                    },
                    _ => {}
                });
            }
        }
        Ok(())
    }

    fn rename_constraint(&mut self, table: &ObjectId, from: &str, to: &str, work: &mut Work) -> Result<(), Stop> {
        let id = self.need_constraint(table, from)?;
        let index = match self.object(&id).map(|object| &object.body) {
            Some(ObjectBody::Constraint(constraint)) => constraint.index.clone(),
            _ => None,
        };
        for member in self.family(table) {
            let id = member.child(ObjectKind::Constraint, from);
            self.ledger
                .rename(&id, member.child(ObjectKind::Constraint, to), |_| {});
        }
        if let Some(index) = index {
            self.take(&index, Operation::RenameIndex, work)?;
            let new = ObjectId::new(ObjectKind::Index, [index.schema(), to]);
            self.move_object(&index, &new);
        }
        Ok(())
    }

    fn set_schema(&mut self, table: &ObjectId, schema: &str, work: &mut Work) -> Result<(), Stop> {
        self.need_schema(schema)?;
        let moved = |id: &ObjectId| {
            let mut new = id.clone();
            schema.clone_into(&mut new.path[0]);
            new
        };
        for index in self.indexes(table) {
            let new = moved(&index);
            self.move_object(&index, &new);
        }
        for sequence in self.owned_sequences(table) {
            work.lock(&sequence, LockMode::AccessExclusive);
            let new = moved(&sequence);
            self.move_object(&sequence, &new);
        }
        let new = moved(table);
        self.move_object(table, &new);
        Ok(())
    }

    /// Indexes, views and sequences.
    fn alter_other(&mut self, relation: &ObjectId, alter: &Alter, work: &mut Work) -> Result<(), Stop> {
        for action in &alter.actions {
            let is_index = relation.kind == ObjectKind::Index;
            let operation = match action {
                AlterAction::RenameTo(_) if is_index => Operation::RenameIndex,
                AlterAction::Options(names) => {
                    let strong = !is_index && relation.kind != ObjectKind::View
                        || names.iter().any(|name| STRONG_OPTIONS.contains(&name.as_str()));
                    if strong {
                        Operation::StrongOptions
                    } else {
                        Operation::Options
                    }
                }
                AlterAction::Attach { .. } => Operation::Attach,
                other => operation(other),
            };
            self.take(relation, operation, work)?;
            match action {
                AlterAction::RenameTo(to) => {
                    if self.is_relation_taken(relation.schema(), to) {
                        return Err(Stop::Error(error("42P07", format!("relation \"{to}\" already exists"))));
                    }
                    let new = ObjectId::new(relation.kind, [relation.schema(), to.as_str()]);
                    let constraint = is_index.then(|| self.constraint_of_index(relation)).flatten();
                    self.move_object(relation, &new);
                    if let Some((id, _)) = constraint
                        && let Some(table) = id.owner_table()
                    {
                        self.ledger
                            .rename(&id, table.child(ObjectKind::Constraint, to.as_str()), |_| {});
                    }
                }
                AlterAction::SetSchema(schema) => {
                    self.need_schema(schema)?;
                    let new = ObjectId::new(relation.kind, [schema.as_str(), relation.name()]);
                    self.move_object(relation, &new);
                }
                AlterAction::Attach { partition, .. } if is_index => {
                    let child = self.need(partition, &[ObjectKind::Index], "42704", "index")?;
                    work.lock(&child, LockMode::AccessExclusive);
                    let parent = relation.clone();
                    self.ledger.change(&child, |object| {
                        if let ObjectBody::Index(index) = &mut object.body {
                            index.postgres.get_or_insert_default().parent = Some(parent);
                        }
                    });
                }
                AlterAction::Tablespace(name) if name != "pg_default" => {
                    work.rebuilt.insert(relation.clone());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether a new column has a value of its own in rows that are there.
fn has_value(column: &ColumnDefinition) -> bool {
    let null = column.default.as_deref().is_some_and(|default| {
        let value = default.split("::").next().unwrap_or_default();
        value.trim().eq_ignore_ascii_case("null")
    });
    (column.default.is_some() && !null) || column.generated.is_some()
}
