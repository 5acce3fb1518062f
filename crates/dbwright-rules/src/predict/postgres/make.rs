//! Indexes, views, sequences, types, routines and triggers.

use dbwright_catalog::{
    Dependency, DomainCheck, LockMode, ObjectBody, ObjectId, ObjectKind, PostgresRoutine, PostgresView, Routine,
    RoutineKind, Trigger, Type, TypeKind, View, ViewColumn, Volatility,
};
use dbwright_sql::postgres::{
    CreateFromQuery, CreateIndex, CreateRoutine, DomainAction, Name, NewType, QueryTarget, TypeAction,
};

use super::constraint::NewIndex;
use super::table::part_name;
use super::work::Work;
use super::{Predictor, Stop, error, names, objects};
use crate::predict::facts::postgres::{FILLED_BY_REFRESH, Operation, TRIGGERS_ON_PARTITIONS};

impl Predictor {
    pub(super) fn create_index(&mut self, index: &CreateIndex, work: &mut Work) -> Result<(), Stop> {
        if index.concurrently {
            self.refuses_transaction("CREATE INDEX CONCURRENTLY")?;
        }
        let table = self.need_relation(&index.table)?;
        let partitioned = self.is_partitioned(&table);
        if index.concurrently && partitioned {
            let message = format!(
                "cannot create index on partitioned table \"{}\" concurrently",
                table.name()
            );
            return Err(Stop::Error(error("0A000", message)));
        }
        let schema = table.schema().to_owned();
        let name = index.name.clone().unwrap_or_else(|| {
            let parts = index.parts.iter().map(part_name).chain(index.included.iter().cloned());
            let joined = names::columns(&parts.collect::<Vec<_>>());
            names::free(table.name(), Some(&joined), "idx", |name| {
                self.is_relation_taken(&schema, name)
            })
        });
        if index.if_not_exists && self.is_relation_taken(&schema, &name) {
            let operation = if index.concurrently {
                Operation::CreateIndexConcurrently
            } else {
                Operation::CreateIndex
            };
            return self.take(&table, operation, work);
        }
        let new_index = NewIndex {
            parts: &index.parts,
            included: &index.included,
            method: &index.method,
            predicate: index.predicate.as_deref(),
            unique: index.unique,
            nulls_not_distinct: index.nulls_not_distinct,
            of_constraint: false,
        };
        if index.concurrently {
            // In its own phases, in which the new index is locked by nobody else.
            let mut inside = Work::default();
            self.new_index(&table, &name, &new_index, false, &mut inside)?;
            work.scanned.extend(inside.scanned);
            return self.take(&table, Operation::CreateIndexConcurrently, work);
        }
        let id = self.new_index(&table, &name, &new_index, false, work)?;
        if partitioned && !index.only {
            self.index_partitions(&table, &id, work);
        }
        Ok(())
    }

    /// Makes the indexes of partitions that belong to a new index of their parent.
    fn index_partitions(&mut self, table: &ObjectId, index: &ObjectId, work: &mut Work) {
        let children = self.children(table);
        if children.is_empty() {
            return;
        }
        work.lock(index, LockMode::ShareUpdateExclusive);
        for child in children {
            work.lock(&child, LockMode::Share);
            self.clone_indexes(&child, table, false, work);
        }
    }

    pub(super) fn create_from_query(&mut self, created: &CreateFromQuery, work: &mut Work) -> Result<(), Stop> {
        let schema = self.schema_for(&created.name, created.temporary);
        let name = &created.name.name;
        let kind = match created.target {
            QueryTarget::Table => ObjectKind::Table,
            QueryTarget::View | QueryTarget::MaterializedView => ObjectKind::View,
        };
        let id = ObjectId::new(kind, [schema.as_str(), name.as_str()]);
        let replaces = created.or_replace && self.object(&id).is_some();
        if self.is_relation_taken(&schema, name) && !replaces {
            if created.if_not_exists {
                return Ok(());
            }
            return Err(Stop::Error(error(
                "42P07",
                format!("relation \"{name}\" already exists"),
            )));
        }
        self.need_schema(&schema)?;
        let mut reads = Vec::new();
        for read in &created.reads {
            match self.need_relation(read) {
                Ok(relation) => reads.push(relation),
                Err(Stop::Unknown(reason)) => work.unknown(reason),
                Err(stop) => return Err(stop),
            }
        }
        work.lock(&id, LockMode::AccessExclusive);
        let runs = created.with_data && created.target != QueryTarget::View;
        let created = &self.with_all_columns(created, &reads);
        match created.target {
            QueryTarget::Table => self.table_from_query(&id, created, &reads),
            QueryTarget::View | QueryTarget::MaterializedView => self.put_view(&id, created, &reads),
        }
        if runs {
            if created.target == QueryTarget::MaterializedView && FILLED_BY_REFRESH.majors.contains(self.major) {
                work.lock(&id, LockMode::Share);
                work.lock(&id, LockMode::Exclusive);
            }
            for read in &reads {
                match self.object(read).map(|object| &object.body) {
                    Some(ObjectBody::View(view)) if !view.materialized => {
                        work.scanned.extend(self.tables_below(read));
                    }
                    _ => work.scanned.extend(
                        self.family(read)
                            .into_iter()
                            .filter(|member| !self.is_partitioned(member)),
                    ),
                }
            }
        }
        Ok(())
    }

    /// Of `SELECT * FROM` one relation, the columns are those of that.
    fn with_all_columns(&self, created: &CreateFromQuery, reads: &[ObjectId]) -> CreateFromQuery {
        let mut created = created.clone();
        let words: Vec<String> = created
            .query
            .split_whitespace()
            .take(3)
            .map(str::to_ascii_lowercase)
            .collect();
        let ([only], None, true) = (reads, &created.columns, words == ["select", "*", "from"]) else {
            return created;
        };
        let of_table = self
            .ledger
            .catalog
            .columns(only)
            .into_iter()
            .map(|(id, _)| id.name().to_owned());
        let columns: Vec<String> = match self.object(only).map(|object| &object.body) {
            Some(ObjectBody::View(view)) => {
                let of_view = view.postgres.iter().flat_map(|view| &view.columns);
                of_view.map(|column| column.name.clone()).collect()
            }
            _ => of_table.collect(),
        };
        if !columns.is_empty() {
            created.columns = Some(columns);
        }
        created
    }

    fn table_from_query(&mut self, id: &ObjectId, created: &CreateFromQuery, reads: &[ObjectId]) {
        self.ledger
            .put(objects::table(id.clone(), dbwright_catalog::TableKind::Ordinary));
        if let Some(columns) = &created.columns {
            for (position, name) in (1_u32..).zip(columns) {
                let source = reads.iter().find_map(|read| self.column(read, name));
                let type_name = source.map_or_else(String::new, |column| column.type_name.clone());
                self.ledger
                    .put(objects::plain_column(id.column(name), position, &type_name));
            }
        } else {
            // What is asked of its columns later is not known either.
            let reason = format!("the columns of {id} come from a query");
            self.doubts.vague.insert(id.name().to_owned(), reason);
        }
    }

    fn put_view(&mut self, id: &ObjectId, created: &CreateFromQuery, reads: &[ObjectId]) {
        let columns = created.columns.iter().flatten().map(|name| {
            let source = reads.iter().find_map(|read| self.column(read, name));
            let plain = objects::plain_column(id.clone(), 0, "");
            let extra = match plain.body {
                ObjectBody::Column(column) => match column.extra {
                    dbwright_catalog::ColumnExtra::Postgres(extra) => Some(extra),
                    _ => None,
                },
                _ => None,
            };
            (
                name,
                source.map_or_else(String::new, |column| column.type_name.clone()),
                extra,
            )
        });
        let columns = columns
            .filter_map(|(name, type_name, extra)| {
                Some(ViewColumn {
                    name: name.clone(),
                    type_name,
                    collation: None,
                    default: None,
                    extra: extra?,
                })
            })
            .collect();
        let view = View {
            materialized: created.target == QueryTarget::MaterializedView,
            query: created.query.clone(),
            postgres: Some(PostgresView {
                populated: created.with_data,
                columns,
                ..PostgresView::default()
            }),
        };
        self.ledger.put(objects::object(id.clone(), ObjectBody::View(view)));
        let edges = reads.iter().map(|read| Dependency {
            dependent: id.clone(),
            on: read.clone(),
        });
        self.ledger.link(edges.collect(), |edge| edge.dependent == *id);
    }

    pub(super) fn create_sequence(
        &mut self,
        name: &Name,
        if_not_exists: bool,
        temporary: bool,
        owned_by: Option<&(Name, String)>,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let schema = self.schema_for(name, temporary);
        if self.is_relation_taken(&schema, &name.name) {
            if if_not_exists {
                return Ok(());
            }
            let message = format!("relation \"{}\" already exists", name.name);
            return Err(Stop::Error(error("42P07", message)));
        }
        self.need_schema(&schema)?;
        let owner = self.owner_column(owned_by)?;
        let sequence = objects::sequence(&schema, &name.name, "bigint", owner, false);
        work.lock(&sequence.id, LockMode::AccessExclusive);
        self.ledger.put(sequence);
        Ok(())
    }

    fn owner_column(&self, owned_by: Option<&(Name, String)>) -> Result<Option<ObjectId>, Stop> {
        match owned_by {
            Some((table, column)) => Ok(Some(self.need_relation(table)?.column(column))),
            None => Ok(None),
        }
    }

    pub(super) fn alter_sequence(
        &mut self,
        name: &Name,
        if_exists: bool,
        owned_by: Option<&(Name, String)>,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let id = match self.need(name, &[ObjectKind::Sequence], "42P01", "relation") {
            Ok(id) => id,
            Err(Stop::Missing(..)) if if_exists => return Ok(()),
            Err(stop) => return Err(stop),
        };
        work.lock(&id, LockMode::RowExclusive);
        self.take(&id, Operation::AlterSequence, work)?;
        if let Some(owner) = self.owner_column(owned_by)? {
            self.ledger.change(&id, |object| {
                if let ObjectBody::Sequence(sequence) = &mut object.body {
                    sequence.owned_by = Some(owner);
                }
            });
        }
        Ok(())
    }

    fn new_type_id(&self, name: &Name) -> Result<ObjectId, Stop> {
        let schema = self.schema_for(name, false);
        self.need_schema(&schema)?;
        let id = ObjectId::new(ObjectKind::Type, [schema.as_str(), name.name.as_str()]);
        if self.object(&id).is_some() {
            let message = format!("type \"{}\" already exists", name.name);
            return Err(Stop::Error(error("42710", message)));
        }
        Ok(id)
    }

    pub(super) fn create_type(&mut self, name: &Name, kind: NewType) -> Result<(), Stop> {
        let id = self.new_type_id(name)?;
        let kind = match kind {
            NewType::Enum(labels) => TypeKind::Enum(labels),
            NewType::Composite(attributes) => TypeKind::Composite(
                attributes
                    .into_iter()
                    .map(|(name, type_name)| dbwright_catalog::Attribute {
                        name,
                        type_name: type_name.printed,
                        collation: None,
                    })
                    .collect(),
            ),
            NewType::Other => TypeKind::Shell,
        };
        self.ledger.put(objects::object(id, ObjectBody::Type(Type { kind })));
        Ok(())
    }

    pub(super) fn need_type_id(&self, name: &Name) -> Result<ObjectId, Stop> {
        self.need(name, &[ObjectKind::Type], "42704", "type")
    }

    pub(super) fn alter_type(&mut self, name: &Name, action: TypeAction) -> Result<(), Stop> {
        let id = self.need_type_id(name)?;
        match action {
            TypeAction::AddValue {
                label,
                if_not_exists,
                place,
            } => {
                let mut taken = false;
                self.ledger.change(&id, |object| {
                    if let ObjectBody::Type(Type {
                        kind: TypeKind::Enum(labels),
                    }) = &mut object.body
                    {
                        taken = labels.contains(&label);
                        if taken {
                            return;
                        }
                        let at = place.as_ref().and_then(|(before, other)| {
                            let index = labels.iter().position(|known| known == other)?;
                            Some(if *before { index } else { index + 1 })
                        });
                        labels.insert(at.unwrap_or(labels.len()), label.clone());
                    }
                });
                if self.in_transaction_block() && !taken {
                    self.new_labels.push((label.clone(), id.name().to_owned()));
                }
                if taken && !if_not_exists {
                    let message = format!("enum label \"{label}\" already exists");
                    return Err(Stop::Error(error("42710", message)));
                }
            }
            TypeAction::RenameValue(from, to) => self.ledger.change(&id, |object| {
                if let ObjectBody::Type(Type {
                    kind: TypeKind::Enum(labels),
                }) = &mut object.body
                {
                    labels
                        .iter_mut()
                        .filter(|label| **label == from)
                        .for_each(|label| label.clone_from(&to));
                }
            }),
            TypeAction::RenameTo(to) => {
                let new = ObjectId::new(ObjectKind::Type, [id.schema(), to.as_str()]);
                self.retype(id.name(), &to);
                self.move_object(&id, &new);
            }
            TypeAction::SetSchema(schema) => {
                let new = ObjectId::new(ObjectKind::Type, [schema.as_str(), id.name()]);
                self.move_object(&id, &new);
            }
            TypeAction::Owner => {}
            TypeAction::Attribute => {
                return Err(Stop::Unknown("changes of composite types are not predicted".to_owned()));
            }
        }
        Ok(())
    }

    /// Columns of a type whose name changes.
    fn retype(&mut self, from: &str, to: &str) {
        let of_type: Vec<ObjectId> = self.columns_of_type(from);
        for id in of_type {
            self.ledger.change(&id, |object| {
                if let ObjectBody::Column(column) = &mut object.body {
                    column.type_name = column.type_name.replace(from, to);
                }
            });
        }
    }

    /// The columns that are of this type, or an array of it.
    pub(super) fn columns_of_type(&self, name: &str) -> Vec<ObjectId> {
        let is_it = |type_name: &str| {
            let scalar = type_name.trim_end_matches("[]");
            scalar.rsplit('.').next().map(|last| last.trim_matches('"')) == Some(name)
        };
        let columns = self
            .ledger
            .catalog
            .objects
            .values()
            .filter(|object| match &object.body {
                ObjectBody::Column(column) => is_it(&column.type_name),
                _ => false,
            });
        columns.map(|object| object.id.clone()).collect()
    }

    pub(super) fn create_domain(
        &mut self,
        name: &Name,
        base: String,
        default: Option<String>,
        not_null: bool,
        checks: Vec<(Option<String>, String)>,
    ) -> Result<(), Stop> {
        let id = self.new_type_id(name)?;
        let checks = checks
            .into_iter()
            .map(|(check, expression)| DomainCheck {
                name: check.unwrap_or_else(|| names::made_up(&name.name, None, "check")),
                definition: format!("CHECK ({expression})"),
                validated: true,
            })
            .collect();
        let kind = TypeKind::Domain {
            base,
            collation: None,
            not_null,
            not_null_name: None,
            default,
            checks,
        };
        self.ledger.put(objects::object(id, ObjectBody::Type(Type { kind })));
        Ok(())
    }

    pub(super) fn alter_domain(&mut self, name: &Name, action: DomainAction, work: &mut Work) -> Result<(), Stop> {
        let id = self.need_type_id(name)?;
        let operation = match &action {
            DomainAction::SetNotNull | DomainAction::AddCheck { not_valid: false, .. } => {
                Some(Operation::DomainConstraint)
            }
            DomainAction::Validate(_) => Some(Operation::DomainValidate),
            DomainAction::Default(_)
            | DomainAction::DropNotNull
            | DomainAction::AddCheck { not_valid: true, .. }
            | DomainAction::DropConstraint(_)
            | DomainAction::RenameTo(_)
            | DomainAction::SetSchema(_)
            | DomainAction::Other => None,
        };
        if let Some(operation) = operation {
            for column in self.columns_of_type(id.name()) {
                let Some(table) = column.owner_table() else { continue };
                self.take(&table, operation, work)?;
                self.scan(&table, work);
            }
        }
        match action {
            DomainAction::RenameTo(to) => {
                let new = ObjectId::new(ObjectKind::Type, [id.schema(), to.as_str()]);
                self.retype(id.name(), &to);
                self.move_object(&id, &new);
            }
            DomainAction::SetSchema(schema) => {
                let new = ObjectId::new(ObjectKind::Type, [schema.as_str(), id.name()]);
                self.move_object(&id, &new);
            }
            action => self.ledger.change(&id, |object| {
                if let ObjectBody::Type(Type { kind }) = &mut object.body {
                    change_domain(kind, action, name);
                }
            }),
        }
        Ok(())
    }

    pub(super) fn create_routine(&mut self, routine: &CreateRoutine, text: &str) {
        let schema = self.schema_for(&routine.name, false);
        let name = format!("{}({})", routine.name.name, routine.arguments.join(", "));
        let body = Routine {
            kind: match routine.kind {
                "procedure" => RoutineKind::Procedure,
                "aggregate" => RoutineKind::Aggregate,
                _ => RoutineKind::Function,
            },
            language: routine.language.clone(),
            returns: routine.returns.clone(),
            volatility: match routine.volatility {
                "immutable" => Volatility::Immutable,
                "stable" => Volatility::Stable,
                _ => Volatility::Volatile,
            },
            security_definer: routine.security_definer,
            strict: routine.strict,
            postgres: Some(PostgresRoutine {
                arguments: routine.arguments.join(", "),
                ..PostgresRoutine::default()
            }),
        };
        let id = ObjectId::new(ObjectKind::Routine, [schema, name]);
        let mut object = objects::object(id, ObjectBody::Routine(body));
        text.clone_into(&mut object.definition);
        self.ledger.put(object);
    }

    pub(super) fn create_trigger(
        &mut self,
        name: &str,
        table: &Name,
        or_replace: bool,
        function: &Name,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let table = self.need_relation(table)?;
        let id = table.child(ObjectKind::Trigger, name);
        if self.object(&id).is_some() && !or_replace {
            let message = format!("trigger \"{name}\" for relation \"{}\" already exists", table.name());
            return Err(Stop::Error(error("42710", message)));
        }
        let schema = self.schema_for(function, false);
        let function = ObjectId::new(ObjectKind::Routine, [schema, format!("{}()", function.name)]);
        let family = if self.is_partitioned(&table) {
            self.family(&table)
        } else {
            vec![table.clone()]
        };
        for member in family {
            self.take(&member, Operation::CreateTrigger, work)?;
            if member != table && !TRIGGERS_ON_PARTITIONS.majors.contains(self.major) {
                continue;
            }
            let trigger = Trigger {
                function: Some(function.clone()),
                enabled: true,
                postgres: Some(dbwright_catalog::PostgresTrigger {
                    fires: 'O',
                    inherited: member != table,
                    parent_fires: None,
                    extensions: Vec::new(),
                }),
            };
            let id = member.child(ObjectKind::Trigger, name);
            self.ledger.put(objects::object(id, ObjectBody::Trigger(trigger)));
        }
        Ok(())
    }
}

fn change_domain(kind: &mut TypeKind, action: DomainAction, domain: &Name) {
    let TypeKind::Domain {
        not_null,
        default,
        checks,
        ..
    } = kind
    else {
        return;
    };
    match action {
        DomainAction::Default(new) => *default = new,
        DomainAction::SetNotNull => *not_null = true,
        DomainAction::DropNotNull => *not_null = false,
        DomainAction::AddCheck {
            name,
            expression,
            not_valid,
        } => checks.push(DomainCheck {
            name: name.unwrap_or_else(|| names::made_up(&domain.name, None, "check")),
            definition: format!("CHECK ({expression})"),
            validated: !not_valid,
        }),
        DomainAction::DropConstraint(name) => checks.retain(|check| check.name != name),
        DomainAction::Validate(name) => {
            let mut named = checks.iter_mut().filter(|check| check.name == name);
            if let Some(check) = named.next() {
                check.validated = true;
            }
        }
        DomainAction::RenameTo(_) | DomainAction::SetSchema(_) | DomainAction::Other => {}
    }
}
