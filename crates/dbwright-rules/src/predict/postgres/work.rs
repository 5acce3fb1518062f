//! What one statement does, as far as it was told; and which kind of statement does what.

use std::collections::BTreeSet;

use dbwright_catalog::{LockMode, Object, ObjectBody, ObjectId, ObjectKind, SqlError};
use dbwright_sql::Summary;
use dbwright_sql::postgres::{DropKind, Name, PostgresStatement, ReindexTarget, calls, read};

use super::{Predictor, Stop, error};
use crate::predict::facts::postgres::{Operation, STEADY, lock};

/// What a statement does to relations. What it does to the catalog is written there.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) locks: Vec<(ObjectId, LockMode)>,
    pub(super) rewritten: BTreeSet<ObjectId>,
    pub(super) rebuilt: BTreeSet<ObjectId>,
    pub(super) scanned: BTreeSet<ObjectId>,
    /// Indexes that it makes, which are built once and not again.
    pub(super) new_indexes: BTreeSet<ObjectId>,
    /// What of it can't be told, and why.
    pub(super) unknown: Option<String>,
    /// The error that it meets as soon as the table holds rows.
    pub(super) on_rows: Option<SqlError>,
}

impl Work {
    pub(super) fn lock(&mut self, relation: &ObjectId, mode: LockMode) {
        self.locks.push((relation.clone(), mode));
    }

    pub(super) fn unknown(&mut self, reason: String) {
        self.unknown.get_or_insert(reason);
    }
}

/// The kinds that `relation "x" does not exist` is about.
pub(super) const RELATIONS: [ObjectKind; 4] = [
    ObjectKind::Table,
    ObjectKind::View,
    ObjectKind::Index,
    ObjectKind::Sequence,
];

impl Predictor {
    pub(super) fn run(&mut self, text: &str, summary: &Summary, work: &mut Work) -> Result<(), Stop> {
        match summary {
            Summary::Code => {
                let reason = "what code does is not predicted".to_owned();
                return Err(Stop::Opaque(reason));
            }
            Summary::Role | Summary::Session if !matches!(read(text), PostgresStatement::Set { .. }) => return Ok(()),
            Summary::CreateExtension { name, .. } => return create_extension(name),
            Summary::Query => return self.query(text),
            Summary::Transaction(_)
            | Summary::Session
            | Summary::Pragma { .. }
            | Summary::CreateIndex { .. }
            | Summary::Role
            | Summary::ClusterWide(_)
            | Summary::ReachesOutside(_)
            | Summary::CopyFromStdin
            | Summary::Write
            | Summary::Maintenance
            | Summary::Definition
            | Summary::Other => {}
        }
        self.definition(text, read(text), work)
    }

    fn definition(&mut self, text: &str, statement: PostgresStatement, work: &mut Work) -> Result<(), Stop> {
        match statement {
            PostgresStatement::CreateTable(table) => self.create_table(&table, work),
            PostgresStatement::CreateFromQuery(created) => self.create_from_query(&created, work),
            PostgresStatement::Alter(alter) => self.alter(&alter, work),
            PostgresStatement::Drop(drop) => {
                let concurrent = drop.kind == DropKind::Index && drop.concurrently;
                if concurrent {
                    self.refuses_transaction("DROP INDEX CONCURRENTLY")?;
                }
                self.drop(&drop, work)
            }
            PostgresStatement::CreateIndex(index) => self.create_index(&index, work),
            PostgresStatement::Refresh {
                name,
                concurrently,
                with_data,
            } => self.refresh(&name, concurrently, with_data, work),
            PostgresStatement::Truncate {
                tables,
                cascade,
                restart_identity,
            } => self.truncate(&tables, cascade, restart_identity, work),
            PostgresStatement::CreateSequence {
                name,
                if_not_exists,
                temporary,
                owned_by,
            } => self.create_sequence(&name, if_not_exists, temporary, owned_by.as_ref(), work),
            PostgresStatement::AlterSequence {
                name,
                if_exists,
                owned_by,
            } => self.alter_sequence(&name, if_exists, owned_by.as_ref(), work),
            PostgresStatement::CreateType { name, kind } => self.create_type(&name, kind),
            PostgresStatement::AlterType { name, action } => self.alter_type(&name, action),
            PostgresStatement::CreateDomain {
                name,
                base,
                default,
                not_null,
                checks,
            } => self.create_domain(&name, base.printed, default, not_null, checks),
            PostgresStatement::AlterDomain { name, action } => self.alter_domain(&name, action, work),
            PostgresStatement::CreateRoutine(routine) => {
                self.create_routine(&routine, text);
                Ok(())
            }
            PostgresStatement::CreateTrigger {
                name,
                table,
                or_replace,
                function,
                ..
            } => self.create_trigger(&name, &table, or_replace, &function, work),
            PostgresStatement::AlterTrigger { name, table, rename } => {
                self.alter_trigger(&name, &table, rename.as_deref(), work)
            }
            PostgresStatement::OnTable { table } => {
                let table = self.need_relation(&table)?;
                self.take(&table, Operation::Policy, work)
            }
            PostgresStatement::CreateStatistics { name, over, table } => {
                let table = self.need_relation(&table)?;
                let name = name.map_or_else(String::new, |name| name.name);
                self.statistics.push((name, table.clone(), over));
                self.take(&table, Operation::CreateStatistics, work)
            }
            PostgresStatement::CreateSchema {
                name,
                if_not_exists,
                elements,
            } => self.create_schema(&name, if_not_exists, elements),
            PostgresStatement::RenameSchema { name, to } => self.rename_schema(&name, &to),
            PostgresStatement::CommentOnRelation { name } => {
                let relation = self.need_relation(&name)?;
                self.take(&relation, Operation::Comment, work)
            }
            PostgresStatement::Reindex {
                target,
                name,
                concurrently,
            } => self.reindex(target, name.as_ref(), concurrently, work),
            PostgresStatement::Cluster { table, index } => self.cluster(table.as_ref(), index.as_deref(), work),
            PostgresStatement::Vacuum { tables, full } => self.vacuum(&tables, full, work),
            PostgresStatement::Analyze { tables } => {
                if tables.is_empty() {
                    return Err(Stop::Unknown(
                        "which tables are analyzed depends on who runs it".to_owned(),
                    ));
                }
                for table in &tables {
                    let table = self.need_relation(table)?;
                    for member in self.family(&table) {
                        self.take(&member, Operation::Analyze, work)?;
                    }
                }
                Ok(())
            }
            PostgresStatement::Lock { tables, mode } => {
                let Some(mode) = LockMode::parse(&mode) else {
                    return Err(Stop::Unknown(format!("the lock mode {mode} is not known")));
                };
                for table in &tables {
                    let table = self.need_relation(table)?;
                    for member in self.family(&table) {
                        work.lock(&member, mode);
                    }
                }
                Ok(())
            }
            PostgresStatement::Write { table, all_rows, verb } => self.write(verb, &table, all_rows, work),
            PostgresStatement::Query | PostgresStatement::NoRelation => Ok(()),
            PostgresStatement::Set { name, values, .. } => {
                self.set(&name, values);
                Ok(())
            }

            PostgresStatement::Unknown(words) => Err(Stop::Opaque(format!("{words} … is not understood"))),
        }
    }

    /// Takes the lock of an operation.
    pub(super) fn take(&self, relation: &ObjectId, operation: Operation, work: &mut Work) -> Result<(), Stop> {
        let Some(mode) = lock(operation, self.major) else {
            return Err(Stop::Error(error(
                "42601",
                format!("PostgreSQL {} does not know this", self.major),
            )));
        };
        work.lock(relation, mode);
        Ok(())
    }

    /// Gives up where the statement stands in a transaction block that it refuses.
    pub(super) fn refuses_transaction(&self, what: &str) -> Result<(), Stop> {
        if self.in_transaction_block() {
            let message = format!("{what} cannot run inside a transaction block");
            return Err(Stop::Error(error("25001", message)));
        }
        Ok(())
    }

    /// The object with this name, in the schema that is written or on the search path.
    pub(super) fn find(&self, name: &Name, kinds: &[ObjectKind]) -> Option<ObjectId> {
        let schemas: Vec<&str> = match &name.schema {
            Some(schema) => vec![schema.as_str()],
            None => std::iter::once("pg_temp")
                .chain(self.session.search_path.iter().map(String::as_str))
                .collect(),
        };
        schemas.into_iter().find_map(|schema| {
            kinds.iter().find_map(|kind| {
                let id = ObjectId::new(*kind, [schema, name.name.as_str()]);
                self.ledger.catalog.get(&id).map(|_| id)
            })
        })
    }

    pub(super) fn object(&self, id: &ObjectId) -> Option<&Object> {
        self.ledger.catalog.get(id)
    }

    /// The relation with this name, or why not.
    pub(super) fn need_relation(&self, name: &Name) -> Result<ObjectId, Stop> {
        self.need(name, &RELATIONS, "42P01", "relation")
    }

    pub(super) fn need(&self, name: &Name, kinds: &[ObjectKind], code: &str, what: &str) -> Result<ObjectId, Stop> {
        if let Some(id) = self.find(name, kinds) {
            return Ok(id);
        }
        let written = match &name.schema {
            Some(schema) => format!("{schema}.{}", name.name),
            None => name.name.clone(),
        };
        let system = name
            .schema
            .as_deref()
            .is_some_and(|schema| schema.starts_with("pg_") || schema == "information_schema")
            || name.name.starts_with("pg_");
        if system {
            return Err(Stop::Unknown(format!("{written} belongs to the system")));
        }
        if let Some(why) = self.doubts.vague.get(&name.name) {
            return Err(Stop::Unknown(format!("{written} is not known ({why})")));
        }
        if !self.doubts.lost.contains_key(&name.name)
            && let Some(why) = &self.doubts.incomplete
        {
            return Err(Stop::Unknown(format!("{written} is not known ({why})")));
        }
        let message = format!("{what} \"{written}\" does not exist");
        Err(Stop::Missing(error(code, message), name.name.clone()))
    }

    /// The schema in which something new is made.
    pub(super) fn schema_for(&self, name: &Name, temporary: bool) -> String {
        if temporary {
            return "pg_temp".to_owned();
        }
        match &name.schema {
            Some(schema) if schema == "pg_temp" => schema.clone(),
            Some(schema) => schema.clone(),
            None => {
                let there = |schema: &&String| {
                    self.object(&ObjectId::new(ObjectKind::Schema, [schema.as_str()]))
                        .is_some()
                };
                let on_path = self
                    .session
                    .search_path
                    .iter()
                    .find(there)
                    .or(self.session.search_path.first());
                on_path.cloned().unwrap_or_else(|| "public".to_owned())
            }
        }
    }

    fn set(&mut self, name: &str, values: Vec<String>) {
        match name {
            "search_path" => {
                self.session.search_path = if values.is_empty() {
                    vec!["public".to_owned()]
                } else {
                    let own = values.into_iter().filter(|value| value != "$user" && !value.is_empty());
                    own.collect()
                };
            }
            "timezone" => self.session.time_zone = values.into_iter().next().or(Some("utc".to_owned())),
            "all" => self.session = super::Session::default(),
            _ => {}
        }
    }

    fn query(&mut self, text: &str) -> Result<(), Stop> {
        let called = calls(text);
        if let Some(call) = called.iter().find(|call| call.name == "set_config") {
            let _ = call;
            let mut strings = text.split('\'').skip(1).step_by(2);
            if strings.next() == Some("search_path") {
                let path = strings.next().unwrap_or_default();
                let parts = path.split(',').map(|part| part.trim().trim_matches('"').to_owned());
                self.session.search_path = parts.filter(|part| !part.is_empty()).collect();
                return Ok(());
            }
        }
        let harmless = [
            "count",
            "min",
            "max",
            "sum",
            "avg",
            "bool_and",
            "bool_or",
            "exists",
            "array_agg",
            "string_agg",
            "setval",
        ];
        let unknown = called.iter().find(|call| {
            let own = self
                .session
                .routines(&self.ledger.catalog, call.schema.as_deref(), &call.name)
                .next()
                .is_some();
            own || !(STEADY.contains(&call.name.as_str()) || harmless.contains(&call.name.as_str()))
        });
        match unknown {
            Some(call) => Err(Stop::Opaque(format!(
                "what the function {} does is not predicted",
                call.name
            ))),
            None => Ok(()),
        }
    }

    fn write(&mut self, verb: &str, table: &Name, all_rows: bool, work: &mut Work) -> Result<(), Stop> {
        let table = self.need_relation(table)?;
        if table.kind != ObjectKind::Table {
            work.unknown(format!("what {verb} of {table} leads to is not predicted"));
            return Ok(());
        }
        for member in self.family(&table) {
            self.take(&member, Operation::Write, work)?;
            for index in self.indexes(&member) {
                work.lock(&index, LockMode::RowExclusive);
            }
            if all_rows {
                work.scanned.insert(member);
            }
        }
        Ok(())
    }

    pub(super) fn reindex(
        &mut self,
        target: ReindexTarget,
        name: Option<&Name>,
        concurrently: bool,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let operation = if concurrently {
            self.refuses_transaction("REINDEX CONCURRENTLY")?;
            Operation::ReindexConcurrently
        } else {
            Operation::Reindex
        };
        let indexes = match (target, name) {
            (ReindexTarget::Many, _) | (_, None) => {
                self.refuses_transaction("REINDEX SCHEMA")?;
                return Err(Stop::Unknown(
                    "which tables are rebuilt depends on the server".to_owned(),
                ));
            }
            (ReindexTarget::Index, Some(name)) => vec![self.need(name, &[ObjectKind::Index], "42704", "index")?],
            (ReindexTarget::Table, Some(name)) => {
                let table = self.need_relation(name)?;
                if self.is_partitioned(&table) {
                    self.refuses_transaction("REINDEX TABLE")?;
                    return Err(Stop::Unknown(
                        "each partition is rebuilt in a transaction of its own".to_owned(),
                    ));
                }
                self.take(&table, operation, work)?;
                self.indexes(&table)
            }
        };
        for index in indexes {
            let Some(table) = self.table_of_index(&index) else {
                continue;
            };
            self.take(&table, operation, work)?;
            let mode = if concurrently {
                LockMode::ShareUpdateExclusive
            } else {
                LockMode::AccessExclusive
            };
            work.lock(&index, mode);
            work.rebuilt.insert(index);
            work.scanned.insert(table);
        }
        Ok(())
    }

    fn cluster(&mut self, table: Option<&Name>, index: Option<&str>, work: &mut Work) -> Result<(), Stop> {
        let Some(table) = table else {
            self.refuses_transaction("CLUSTER")?;
            return Err(Stop::Unknown(
                "which tables are clustered depends on the server".to_owned(),
            ));
        };
        let table = self.need_relation(table)?;
        if self.is_partitioned(&table) {
            self.refuses_transaction("CLUSTER")?;
            return Err(Stop::Unknown(
                "each partition is clustered in a transaction of its own".to_owned(),
            ));
        }
        if let Some(index) = index {
            let name = Name {
                schema: Some(table.schema().to_owned()),
                name: index.to_owned(),
            };
            self.need(&name, &[ObjectKind::Index], "42704", "index")?;
        }
        self.take(&table, Operation::Cluster, work)?;
        self.rewrite(&table, work);
        Ok(())
    }

    fn vacuum(&mut self, tables: &[Name], full: bool, work: &mut Work) -> Result<(), Stop> {
        self.refuses_transaction("VACUUM")?;
        if tables.is_empty() {
            return Err(Stop::Unknown(
                "which tables are vacuumed depends on who runs it".to_owned(),
            ));
        }
        for table in tables {
            let table = self.need_relation(table)?;
            let members = self.family(&table);
            for member in members.into_iter().filter(|member| !self.is_partitioned(member)) {
                if full {
                    self.take(&member, Operation::VacuumFull, work)?;
                    work.rewritten.insert(member.clone());
                    work.rebuilt.extend(self.indexes(&member));
                    work.scanned.insert(member);
                } else {
                    self.take(&member, Operation::Vacuum, work)?;
                }
            }
        }
        Ok(())
    }

    fn refresh(&mut self, name: &Name, concurrently: bool, with_data: bool, work: &mut Work) -> Result<(), Stop> {
        let view = self.need(name, &[ObjectKind::View], "42P01", "relation")?;
        let indexes = self.indexes(&view);
        if concurrently {
            self.take(&view, Operation::RefreshConcurrently, work)?;
            work.lock(&view, LockMode::RowExclusive);
            for index in &indexes {
                work.lock(index, LockMode::RowExclusive);
            }
            work.scanned.insert(view.clone());
        } else {
            self.take(&view, Operation::Refresh, work)?;
            for mode in [LockMode::Share, LockMode::Exclusive] {
                work.lock(&view, mode);
            }
            for index in &indexes {
                work.lock(index, LockMode::AccessExclusive);
            }
            work.rewritten.insert(view.clone());
            work.rebuilt.extend(indexes);
            work.scanned.insert(view.clone());
        }
        if with_data {
            work.scanned.extend(self.tables_below(&view));
        }
        Ok(())
    }

    fn truncate(&mut self, tables: &[Name], cascade: bool, restart: bool, work: &mut Work) -> Result<(), Stop> {
        let mut emptied = Vec::new();
        for table in tables {
            let table = self.need_relation(table)?;
            emptied.extend(self.family(&table));
        }
        let mut next = 0;
        while next < emptied.len() {
            for child in self.referencing(&emptied[next]) {
                if emptied.contains(&child) {
                    continue;
                }
                if !cascade {
                    let message = "cannot truncate a table referenced in a foreign key constraint".to_owned();
                    return Err(Stop::Error(error("0A000", message)));
                }
                emptied.push(child);
            }
            next += 1;
        }
        let own = self.made_in_transaction();
        for table in emptied {
            self.take(&table, Operation::Truncate, work)?;
            if self.is_partitioned(&table) {
                continue;
            }
            if !own.contains(&table) {
                work.lock(&table, LockMode::Share);
            }
            for index in self.indexes(&table) {
                work.lock(&index, LockMode::AccessExclusive);
            }
            if restart {
                for sequence in self.owned_sequences(&table) {
                    work.lock(&sequence, LockMode::RowExclusive);
                    work.lock(&sequence, LockMode::AccessExclusive);
                }
            }
        }
        Ok(())
    }

    fn alter_trigger(&mut self, name: &str, table: &Name, to: Option<&str>, work: &mut Work) -> Result<(), Stop> {
        let table = self.need_relation(table)?;
        let Some(to) = to else { return Ok(()) };
        work.lock(&table, LockMode::AccessExclusive);
        let id = table.child(ObjectKind::Trigger, name);
        self.ledger.rename(&id, table.child(ObjectKind::Trigger, to), |_| {});
        Ok(())
    }

    fn create_schema(&mut self, name: &str, if_not_exists: bool, elements: bool) -> Result<(), Stop> {
        let id = ObjectId::new(ObjectKind::Schema, [name]);
        if self.object(&id).is_some() {
            if if_not_exists {
                return Ok(());
            }
            return Err(Stop::Error(error("42P06", format!("schema \"{name}\" already exists"))));
        }
        if elements {
            return Err(Stop::Opaque(
                "what CREATE SCHEMA makes with the schema is not predicted".to_owned(),
            ));
        }
        let schema = super::objects::object(id, ObjectBody::Schema(dbwright_catalog::Schema {}));
        self.ledger.put(schema);
        Ok(())
    }

    fn rename_schema(&mut self, name: &str, to: &str) -> Result<(), Stop> {
        let id = ObjectId::new(ObjectKind::Schema, [name]);
        if self.object(&id).is_none() {
            let message = format!("schema \"{name}\" does not exist");
            return Err(Stop::Missing(error("3F000", message), name.to_owned()));
        }
        let inside: Vec<ObjectId> = self
            .ledger
            .catalog
            .objects
            .keys()
            .filter(|other| other.schema() == name)
            .cloned()
            .collect();
        for old in inside {
            let mut new = old.clone();
            to.clone_into(&mut new.path[0]);
            self.move_object(&old, &new);
        }
        Ok(())
    }
}

/// Whether what an extension brings matters to nothing that comes later.
fn create_extension(name: &str) -> Result<(), Stop> {
    // Extensions bring functions, types and operators; few of them bring tables.
    let brings_relations = !matches!(
        name,
        "pgcrypto"
            | "uuid-ossp"
            | "citext"
            | "hstore"
            | "pg_trgm"
            | "btree_gin"
            | "btree_gist"
            | "unaccent"
            | "plpgsql"
            | "ltree"
            | "intarray"
            | "fuzzystrmatch"
            | "tablefunc"
            | "vector"
            | "cube"
            | "earthdistance"
            | "isn"
    );
    if brings_relations {
        return Err(Stop::Opaque(format!("what the extension {name} brings is not known")));
    }
    Ok(())
}
