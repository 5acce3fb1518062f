//! `ATTACH PARTITION` and `DETACH PARTITION`
//! (<https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE>).

use dbwright_catalog::{ConstraintKind, LockMode, ObjectBody, ObjectId, ObjectKind, Partition};

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
        for member in self.family(partition) {
            work.lock(&member, LockMode::AccessExclusive);
            self.scan(&member, work);
        }
        let is_default = bound.eq_ignore_ascii_case("default");
        let has_checks = self
            .ledger
            .catalog
            .constraints(partition)
            .any(|(_, constraint)| constraint.validated && matches!(constraint.kind, ConstraintKind::Check(_)));
        if has_checks {
            work.unknown(format!(
                "whether the checks of {partition} prove that its rows belong there is not known"
            ));
        }
        if let Some(default) = self.default_partition(parent) {
            for member in self.family(&default) {
                work.lock(&member, LockMode::AccessExclusive);
                self.scan(&member, work);
            }
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
