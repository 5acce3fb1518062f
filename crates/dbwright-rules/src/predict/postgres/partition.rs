//! `ATTACH PARTITION` and `DETACH PARTITION`
//! (<https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE>).

use dbwright_catalog::{ConstraintKind, LockMode, ObjectBody, ObjectId, ObjectKind, Partition};

use dbwright_ddl::{BoundProof, BoundQuestion, bound_proof};

use super::work::Work;
use super::{Predictor, Stop, error, names, objects};
use crate::predict::facts::postgres::{DETACH_CONCURRENTLY, Operation};

impl Predictor {
    pub(super) fn attach(
        &mut self,
        parent: &ObjectId,
        partition: &ObjectId,
        bound: &str,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let is_default = bound.eq_ignore_ascii_case("default");
        let bounds = if is_default {
            self.bounds_of(parent)
        } else {
            vec![bound.to_owned()]
        };
        for member in self.family(partition) {
            work.lock(&member, LockMode::AccessExclusive);
        }
        self.prove_bounds(parent, partition, &bounds, is_default, work);
        if !is_default {
            self.search_default(parent, partition, bound, work);
        }
        let parent_id = parent.clone();
        self.ledger.change(partition, |object| {
            if let ObjectBody::Table(table) = &mut object.body {
                table.partition = Some(Partition {
                    parent: parent_id,
                    bound: bound.to_owned(),
                    is_default,
                });
            }
        });
        self.clone_indexes(partition, parent, false, work);
        self.clone_foreign_keys(partition, parent, work)
    }

    /// What a partition with this bound takes of the default partition beside it: it is searched for rows of the new one.
    pub(super) fn search_default(&mut self, parent: &ObjectId, partition: &ObjectId, bound: &str, work: &mut Work) {
        let Some(default) = self.default_partition(parent).filter(|default| default != partition) else {
            return;
        };
        for member in self.family(&default) {
            work.lock(&member, LockMode::AccessExclusive);
        }
        self.prove_bounds(parent, &default, &[bound.to_owned()], true, work);
    }

    /// Reads the rows of a table, to see whether they lie within bounds or outside of them, where its checks do not say so.
    fn prove_bounds(&self, parent: &ObjectId, table: &ObjectId, bounds: &[String], outside: bool, work: &mut Work) {
        let key = match self.object(parent).map(|object| &object.body) {
            Some(ObjectBody::Table(table)) => table.partition_key.as_deref().unwrap_or_default(),
            _ => return,
        };
        let proof_by = |table: &ObjectId| {
            let constraints = self.ledger.catalog.constraints(table).map(|(_, constraint)| constraint);
            let checks: Vec<&str> = constraints
                .filter(|constraint| constraint.validated)
                .filter_map(|constraint| match &constraint.kind {
                    ConstraintKind::Check(expression) => Some(expression.as_str()),
                    _ => None,
                })
                .collect();
            bound_proof(&BoundQuestion {
                key,
                bounds,
                outside,
                checks: &checks,
                column: &|name| {
                    let column = self.column(table, name)?;
                    let is_validated = self.not_null_of(table, name).and_then(|id| self.object(&id)).is_none_or(|object| {
                        !matches!(&object.body, ObjectBody::Constraint(constraint) if !constraint.validated)
                    });
                    Some((column.type_name.as_str(), column.not_null && is_validated))
                },
            })
        };
        if proof_by(table) == BoundProof::Proven {
            return;
        }
        for member in self.family(table) {
            match proof_by(&member) {
                BoundProof::Proven => {}
                BoundProof::Missing => self.scan(&member, work),
                BoundProof::Unknown => work.unknown(format!(
                    "whether the checks of {member} prove that its rows belong there is not known"
                )),
            }
        }
    }

    /// The bounds of the partitions of a table, without that of the default one.
    fn bounds_of(&self, parent: &ObjectId) -> Vec<String> {
        let tables = self.ledger.catalog.tables();
        let partitions = tables.filter_map(|(_, table)| table.partition.as_ref());
        partitions
            .filter(|partition| partition.parent == *parent && !partition.is_default)
            .map(|partition| partition.bound.clone())
            .collect()
    }

    pub(super) fn detach(
        &mut self,
        parent: &ObjectId,
        partition: &ObjectId,
        concurrently: bool,
        work: &mut Work,
    ) -> Result<(), Stop> {
        if concurrently {
            if !DETACH_CONCURRENTLY.majors.contains(self.major) {
                return Err(Stop::Error(error(
                    "42601",
                    "syntax error at or near \"CONCURRENTLY\"".to_owned(),
                )));
            }
            self.refuses_transaction("ALTER TABLE ... DETACH CONCURRENTLY")?;
            if self.default_partition(parent).is_some() {
                let message = "cannot detach partitions concurrently when a default partition exists".to_owned();
                return Err(Stop::Error(error("55000", message)));
            }
            work.locks.clear();
            self.take(parent, Operation::DetachConcurrently, work)?;
            work.lock(partition, LockMode::AccessExclusive);
            self.keep_bound(parent, partition);
        } else {
            self.take(partition, Operation::DetachedPartition, work)?;
            if let Some(default) = self.default_partition(parent) {
                work.lock(&default, LockMode::AccessExclusive);
            }
        }
        self.ledger.change(partition, |object| {
            if let ObjectBody::Table(table) = &mut object.body {
                table.partition = None;
            }
        });
        for index in self.indexes(partition) {
            if !concurrently {
                work.lock(&index, LockMode::AccessExclusive);
            }
            self.ledger.change(&index, |object| {
                if let ObjectBody::Index(index) = &mut object.body
                    && let Some(index) = &mut index.postgres
                {
                    index.parent = None;
                }
            });
        }
        Ok(())
    }

    /// A partition that was detached concurrently keeps its bound as a check.
    fn keep_bound(&mut self, parent: &ObjectId, partition: &ObjectId) {
        let key = match self.object(parent).map(|object| &object.body) {
            Some(ObjectBody::Table(table)) => table.partition_key.clone().unwrap_or_default(),
            _ => return,
        };
        let columns: Vec<String> = dbwright_sql::postgres::mentions(&key)
            .into_iter()
            .filter(|word| self.column(partition, word).is_some())
            .collect();
        let only = match columns.as_slice() {
            [only] => Some(only.as_str()),
            _ => None,
        };
        let schema = partition.schema().to_owned();
        let name = names::free(partition.name(), only, "check", |name| {
            self.is_constraint_taken(&schema, name)
        });
        let id = partition.child(ObjectKind::Constraint, name);
        self.ledger.put(objects::constraint(id, ConstraintKind::Check(key)));
    }
}
