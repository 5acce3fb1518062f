//! Constraints that are added, to new tables and to old ones, and the indexes that stand behind them.

use dbwright_catalog::{Constraint, ConstraintKind, ForeignKey, LockMode, ObjectBody, ObjectId, ObjectKind};
use dbwright_sql::postgres::{IndexPart, Name, TableConstraint, TableConstraintKind, mentions};

use super::table::part_name;
use super::work::Work;
use super::{Predictor, Stop, error, names, objects};
use crate::predict::facts::postgres::{NAMED_NOT_NULL, NO_INHERIT_LOCKS_HEIRS, Operation, PARTITIONED_NOT_VALID};

/// A new index, before it has a name.
pub(super) struct NewIndex<'a> {
    pub(super) parts: &'a [IndexPart],
    pub(super) included: &'a [String],
    pub(super) method: &'a str,
    pub(super) predicate: Option<&'a str>,
    pub(super) unique: bool,
    pub(super) nulls_not_distinct: bool,
    pub(super) of_constraint: bool,
}

impl Predictor {
    /// Adds a constraint to a table, with the work that it takes. `new` where the table is, and holds no rows.
    pub(super) fn add_constraint(
        &mut self,
        table: &ObjectId,
        constraint: &TableConstraint,
        new: bool,
        work: &mut Work,
    ) -> Result<(), Stop> {
        match &constraint.kind {
            TableConstraintKind::Check(expression) => self.add_check(table, constraint, expression, new, work),
            TableConstraintKind::PrimaryKey(columns) => self.add_key(table, constraint, columns, true, new, work),
            TableConstraintKind::Unique { columns, .. } => self.add_key(table, constraint, columns, false, new, work),
            TableConstraintKind::UsingIndex { primary, index } => {
                self.add_key_over(table, constraint, *primary, index, work)
            }
            TableConstraintKind::Exclude { method, parts } => {
                let columns: Vec<String> = parts.iter().map(part_name).collect();
                let schema = table.schema().to_owned();
                let name = constraint.name.clone().unwrap_or_else(|| {
                    names::free(table.name(), Some(&names::columns(&columns)), "excl", |name| {
                        self.is_relation_taken(&schema, name)
                    })
                });
                let index = NewIndex {
                    parts,
                    included: &[],
                    method,
                    predicate: None,
                    unique: false,
                    nulls_not_distinct: false,
                    of_constraint: true,
                };
                let index = self.new_index(table, &name, &index, new, work)?;
                self.put_constraint(
                    table,
                    constraint,
                    &name,
                    ConstraintKind::Exclusion(String::new()),
                    Some(index),
                )
            }
            TableConstraintKind::ForeignKey { .. } => self.add_foreign_key(table, constraint, new, work),
            TableConstraintKind::NotNull(column) => {
                if !NAMED_NOT_NULL.majors.contains(self.major) {
                    return Err(Stop::Error(error(
                        "42601",
                        "syntax error at or near \"NOT\"".to_owned(),
                    )));
                }
                for member in self.family(table) {
                    let Some(known) = self.column(&member, column) else {
                        return Err(self.missing_column(&member, column));
                    };
                    if !known.not_null {
                        if !new && !constraint.not_valid && !self.proves_not_null(&member, column) {
                            self.scan(&member, work);
                        }
                        self.ledger.change(&member.column(column), |object| {
                            if let ObjectBody::Column(body) = &mut object.body {
                                body.not_null = true;
                            }
                        });
                    }
                    self.name_not_null(&member, column, constraint.name.clone());
                    if constraint.not_valid
                        && let Some(id) = self.not_null_of(&member, column)
                    {
                        self.ledger.change(&id, |object| {
                            if let ObjectBody::Constraint(body) = &mut object.body {
                                body.validated = false;
                            }
                        });
                    }
                }
                Ok(())
            }
        }
    }

    /// Reads a table from end to end; a partitioned one has no rows of its own.
    pub(super) fn scan(&self, table: &ObjectId, work: &mut Work) {
        if table.kind == ObjectKind::Table && !self.is_partitioned(table) {
            work.scanned.insert(table.clone());
        }
    }

    pub(super) fn column(&self, table: &ObjectId, name: &str) -> Option<&dbwright_catalog::Column> {
        match &self.object(&table.column(name))?.body {
            ObjectBody::Column(column) => Some(column),
            _ => None,
        }
    }

    /// The error about a column that is not there, or that nobody knows.
    pub(super) fn missing_column(&self, table: &ObjectId, name: &str) -> Stop {
        if let Some(why) = self.doubts.vague.get(table.name()).or(self.doubts.incomplete.as_ref()) {
            return Stop::Unknown(format!("the column {name} of {table} is not known ({why})"));
        }
        let message = format!("column \"{name}\" of relation \"{}\" does not exist", table.name());
        Stop::Missing(error("42703", message), name.to_owned())
    }

    pub(super) fn put_constraint(
        &mut self,
        table: &ObjectId,
        from: &TableConstraint,
        name: &str,
        kind: ConstraintKind,
        index: Option<ObjectId>,
    ) -> Result<(), Stop> {
        let id = table.child(ObjectKind::Constraint, name);
        if self.object(&id).is_some() {
            let message = format!("constraint \"{name}\" for relation \"{}\" already exists", table.name());
            return Err(Stop::Error(error("42710", message)));
        }
        let mut object = objects::constraint(id, kind);
        if let ObjectBody::Constraint(body) = &mut object.body {
            body.validated = !from.not_valid && !from.not_enforced;
            body.enforced = !from.not_enforced;
            body.deferrable = from.deferrable;
            body.initially_deferred = from.initially_deferred;
            body.no_inherit = from.no_inherit;
            body.index = index;
        }
        self.ledger.put(object);
        Ok(())
    }

    fn add_check(
        &mut self,
        table: &ObjectId,
        constraint: &TableConstraint,
        expression: &str,
        new: bool,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let mentioned = mentions(expression);
        let mut columns: Vec<String> = self
            .ledger
            .catalog
            .columns(table)
            .into_iter()
            .map(|(id, _)| id.name().to_owned())
            .filter(|name| mentioned.contains(name))
            .collect();
        columns.dedup();
        let schema = table.schema().to_owned();
        let only = match columns.as_slice() {
            [only] => Some(only.as_str()),
            _ => None,
        };
        let name = constraint.name.clone().unwrap_or_else(|| {
            names::free(table.name(), only, "check", |name| {
                self.is_constraint_taken(&schema, name)
            })
        });
        let family = if constraint.no_inherit {
            if NO_INHERIT_LOCKS_HEIRS.majors.contains(self.major) {
                for heir in self.family(table) {
                    work.lock(&heir, LockMode::AccessExclusive);
                }
            }
            vec![table.clone()]
        } else {
            self.family(table)
        };
        for member in family {
            self.put_constraint(
                &member,
                constraint,
                &name,
                ConstraintKind::Check(expression.to_owned()),
                None,
            )?;
            if !new && !constraint.not_valid && !constraint.not_enforced {
                self.scan(&member, work);
            }
        }
        Ok(())
    }

    fn add_key(
        &mut self,
        table: &ObjectId,
        constraint: &TableConstraint,
        columns: &[String],
        primary: bool,
        new: bool,
        work: &mut Work,
    ) -> Result<(), Stop> {
        for column in columns {
            if self.column(table, column).is_none() {
                return Err(self.missing_column(table, column));
            }
        }
        let has_primary = || {
            self.ledger
                .catalog
                .constraints(table)
                .any(|(_, constraint)| is_primary(constraint))
        };
        if primary && has_primary() {
            let message = format!("multiple primary keys for table \"{}\" are not allowed", table.name());
            return Err(Stop::Error(error("42P16", message)));
        }
        if primary {
            self.make_not_null(table, columns, new, work);
        }
        let schema = table.schema().to_owned();
        let joined = names::columns(columns);
        let (second, label) = if primary {
            (None, "pkey")
        } else {
            (Some(joined.as_str()), "key")
        };
        let name = constraint.name.clone().unwrap_or_else(|| {
            names::free(table.name(), second, label, |name| {
                self.is_relation_taken(&schema, name)
            })
        });
        let parts: Vec<IndexPart> = columns
            .iter()
            .map(|column| IndexPart {
                text: column.clone(),
                column: Some(column.clone()),
                function: None,
            })
            .collect();
        let nulls_not_distinct = matches!(
            &constraint.kind,
            TableConstraintKind::Unique {
                nulls_not_distinct: true,
                ..
            }
        );
        let index = NewIndex {
            parts: &parts,
            included: &[],
            method: "btree",
            predicate: None,
            unique: true,
            nulls_not_distinct,
            of_constraint: true,
        };
        if constraint.deferrable {
            // What is checked at the commit is checked by a trigger.
            self.take(table, Operation::CreateTrigger, work)?;
        }
        let index = self.new_index(table, &name, &index, new, work)?;
        let kind = if primary {
            ConstraintKind::PrimaryKey(columns.to_vec())
        } else {
            ConstraintKind::Unique(columns.to_vec())
        };
        self.put_constraint(table, constraint, &name, kind, Some(index))?;
        let children = self.children(table);
        if self.is_partitioned(table) {
            for child in children {
                if primary && self.major >= 18 {
                    work.lock(&child, LockMode::AccessExclusive);
                }
                self.clone_indexes(&child, table, new, work);
            }
        }
        Ok(())
    }

    /// Makes the columns of a primary key refuse NULL; rows are read where that is not known already.
    fn make_not_null(&mut self, table: &ObjectId, columns: &[String], new: bool, work: &mut Work) {
        for member in self.family(table) {
            for column in columns {
                let Some(known) = self.column(&member, column) else {
                    continue;
                };
                if !known.not_null {
                    if !new && !self.proves_not_null(&member, column) {
                        self.scan(&member, work);
                    }
                    self.ledger.change(&member.column(column), |object| {
                        if let ObjectBody::Column(body) = &mut object.body {
                            body.not_null = true;
                        }
                    });
                }
                let of_table = self.not_null_of(table, column).map(|id| id.name().to_owned());
                self.name_not_null(&member, column, of_table);
            }
        }
    }

    fn add_key_over(
        &mut self,
        table: &ObjectId,
        constraint: &TableConstraint,
        primary: bool,
        index: &str,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let name = Name {
            schema: Some(table.schema().to_owned()),
            name: index.to_owned(),
        };
        let index_id = self.need(&name, &[ObjectKind::Index], "42704", "index")?;
        let keys = match self.object(&index_id).map(|object| &object.body) {
            Some(ObjectBody::Index(index)) => index.keys.clone(),
            _ => Vec::new(),
        };
        if primary {
            self.make_not_null(table, &keys, false, work);
        }
        let new_name = constraint.name.clone().unwrap_or_else(|| index.to_owned());
        let new_id = ObjectId::new(ObjectKind::Index, [table.schema(), new_name.as_str()]);
        if new_id != index_id {
            self.take(&index_id, Operation::RenameIndex, work)?;
            self.move_object(&index_id, &new_id);
        }
        self.ledger.change(&new_id, |object| {
            if let ObjectBody::Index(index) = &mut object.body {
                index.of_constraint = true;
            }
        });
        let kind = if primary {
            ConstraintKind::PrimaryKey(keys)
        } else {
            ConstraintKind::Unique(keys)
        };
        self.put_constraint(table, constraint, &new_name, kind, Some(new_id))
    }

    fn add_foreign_key(
        &mut self,
        table: &ObjectId,
        constraint: &TableConstraint,
        new: bool,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let TableConstraintKind::ForeignKey {
            columns,
            references,
            referenced_columns,
            on_delete,
            on_update,
        } = &constraint.kind
        else {
            return Ok(());
        };
        let parent = self.need_relation(references)?;
        let invalid = constraint.not_valid && self.is_partitioned(table);
        if invalid && !PARTITIONED_NOT_VALID.majors.contains(self.major) {
            let message = format!(
                "cannot add NOT VALID foreign key on partitioned table \"{}\" referencing relation \"{}\"",
                table.name(),
                parent.name()
            );
            return Err(Stop::Error(error("42809", message)));
        }
        for column in columns {
            if self.column(table, column).is_none() {
                return Err(self.missing_column(table, column));
            }
        }
        let referenced_columns = if referenced_columns.is_empty() {
            let mut constraints = self.ledger.catalog.constraints(&parent);
            let key = constraints.find_map(|(_, constraint)| match &constraint.kind {
                ConstraintKind::PrimaryKey(columns) => Some(columns.clone()),
                _ => None,
            });
            match key {
                Some(key) => key,
                None if self.doubts.incomplete.is_some() => Vec::new(),
                None => {
                    let message = format!("there is no primary key for referenced table \"{}\"", parent.name());
                    return Err(Stop::Error(error("42704", message)));
                }
            }
        } else {
            referenced_columns.clone()
        };
        let schema = table.schema().to_owned();
        let name = constraint.name.clone().unwrap_or_else(|| {
            names::free(table.name(), Some(&names::columns(columns)), "fkey", |name| {
                self.is_constraint_taken(&schema, name)
            })
        });
        let reads = !new && !constraint.not_valid && !constraint.not_enforced;
        let key = ForeignKey {
            columns: columns.clone(),
            references: parent.clone(),
            referenced_columns,
            on_delete: on_delete.clone(),
            on_update: on_update.clone(),
            match_full: false,
        };
        for member in self.family(&parent) {
            self.take(&member, Operation::AddForeignKey, work)?;
            if reads {
                work.lock(&member, LockMode::RowShare);
                self.scan(&member, work);
            }
        }
        let partitioned = self.is_partitioned(table);
        let members = if partitioned {
            self.family(table)
        } else {
            vec![table.clone()]
        };
        for member in members {
            self.take(&member, Operation::AddForeignKey, work)?;
            if reads {
                self.scan(&member, work);
            }
            self.put_constraint(
                &member,
                constraint,
                &name,
                ConstraintKind::ForeignKey(key.clone()),
                None,
            )?;
        }
        Ok(())
    }

    /// Makes an index under the lock that a statement which may write no rows takes; `new` where the table is.
    pub(super) fn new_index(
        &mut self,
        table: &ObjectId,
        name: &str,
        new_index: &NewIndex<'_>,
        new: bool,
        work: &mut Work,
    ) -> Result<ObjectId, Stop> {
        let schema = table.schema().to_owned();
        if self.is_relation_taken(&schema, name) {
            let message = format!("relation \"{name}\" already exists");
            return Err(Stop::Error(error("42P07", message)));
        }
        for column in new_index.parts.iter().filter_map(|part| part.column.as_ref()) {
            if table.kind == ObjectKind::Table && self.column(table, column).is_none() {
                return Err(self.missing_column(table, column));
            }
        }
        let id = ObjectId::new(ObjectKind::Index, [schema, name.to_owned()]);
        work.new_indexes.insert(id.clone());
        work.lock(table, LockMode::Share);
        work.lock(&id, LockMode::AccessExclusive);
        if !new && !self.is_partitioned(table) {
            work.scanned.insert(table.clone());
        }
        let keys = new_index.parts.iter().map(|part| part.text.clone()).collect();
        let mut object = objects::index(id.clone(), table, keys);
        if let ObjectBody::Index(index) = &mut object.body {
            new_index.method.clone_into(&mut index.method);
            index.included = new_index.included.to_vec();
            index.predicate = new_index.predicate.map(str::to_owned);
            index.unique = new_index.unique;
            index.nulls_not_distinct = new_index.nulls_not_distinct;
            index.of_constraint = new_index.of_constraint;
        }
        self.ledger.put(object);
        Ok(id)
    }

    /// Whether a validated check proves that a column holds no NULL, so that `SET NOT NULL` reads nothing (12 and later).
    pub(super) fn proves_not_null(&self, table: &ObjectId, column: &str) -> bool {
        self.ledger
            .catalog
            .constraints(table)
            .any(|(_, constraint)| match &constraint.kind {
                ConstraintKind::Check(expression) if constraint.validated => is_conjunct_not_null(expression, column),
                _ => false,
            })
    }
}

/// Whether an expression is `column IS NOT NULL`, or that AND something.
fn is_conjunct_not_null(expression: &str, column: &str) -> bool {
    let words: Vec<String> = dbwright_sql::tokens(dbwright_catalog::Engine::Postgres, expression)
        .filter(|token| !token.is_space() && !token.is_symbol("(") && !token.is_symbol(")"))
        .map(|token| token.name().unwrap_or_else(|| token.text.to_owned()))
        .collect();
    if words
        .iter()
        .any(|word| word == "or" || word == "not" && !words.contains(&"is".to_owned()) || word == "case")
    {
        return false;
    }
    words.split(|word| word == "and").any(|part| {
        let plain: Vec<&str> = part.iter().map(String::as_str).collect();
        plain == [column, "is", "not", "null"]
    })
}

fn is_primary(constraint: &Constraint) -> bool {
    matches!(constraint.kind, ConstraintKind::PrimaryKey(_))
}
