//! `CREATE`, `DROP`, and statements that write.

use std::collections::BTreeSet;

use dbwright_catalog::{
    ConstraintKind, Dependency, Index, Object, ObjectBody, ObjectId, ObjectKind, Table, TableExtra, TableKind, Trigger,
    View,
};
use dbwright_ddl::sqlite_text::{index_text, names, view_query};

use super::table::{SCHEMA, made};
use super::text::{Words, mentions};
use super::{Predictor, Stop, Work, refuse};
use crate::predict::facts::sqlite::Operation;

impl Predictor {
    pub(super) fn define(&mut self, statement: &str, work: &mut Work) -> Result<(), Stop> {
        let words = Words::of(statement);
        match words.keyword(0).as_str() {
            "create" => self.create(&words, work),
            "drop" => self.drop(&words, work),
            "alter" => self.alter(&words, work),
            _ => Err(Stop::Unknown("dbwright does not understand it".to_owned())),
        }
    }

    fn create(&mut self, words: &Words<'_>, work: &mut Work) -> Result<(), Stop> {
        let mut at = 1;
        let temporary = words.is(at, "temp") || words.is(at, "temporary");
        if temporary {
            at += 1;
        }
        let unique = words.is(at, "unique");
        let is_virtual = words.is(at, "virtual");
        if unique || is_virtual {
            at += 1;
        }
        let kind = words.keyword(at);
        let (at, if_not_exists) = words.if_exists(at + 1);
        let temporary = temporary || words.is_in_temp(at);
        let Some((name, at)) = words.qualified(at) else {
            return Err(Stop::Unknown("dbwright does not understand it".to_owned()));
        };
        if temporary {
            self.temporary.insert(name.to_ascii_lowercase());
            return Ok(());
        }
        self.known(&name)?;
        if let Some(taken) = self.taken(&kind, &name) {
            return if if_not_exists { Ok(()) } else { refuse(taken) };
        }
        match kind.as_str() {
            "table" if is_virtual => self.create_virtual(words, &name),
            "table" if words.is_symbol(at, "(") => {
                self.create_table(&name, words.from(0));
                Ok(())
            }
            "table" => Err(Stop::Unknown(
                "columns of a table made from a query are not predicted".to_owned(),
            )),
            "index" => self.create_index(words, &name, at, unique, work),
            "view" => {
                self.create_view(&name, words.from(0));
                Ok(())
            }
            "trigger" => self.create_trigger(words, &name),
            _ => Err(Stop::Unknown("dbwright does not understand it".to_owned())),
        }
    }

    /// What SQLite says where a name is taken.
    fn taken(&self, kind: &str, name: &str) -> Option<String> {
        let table = self.relation(ObjectKind::Table, name);
        let view = self.relation(ObjectKind::View, name);
        let index = self.relation(ObjectKind::Index, name);
        match kind {
            "table" | "view" if table.is_some() => Some(format!("table {name} already exists")),
            "table" | "view" if view.is_some() => Some(format!("view {name} already exists")),
            "table" if index.is_some() => Some(format!("there is already an index named {name}")),
            "index" if index.is_some() => Some(format!("index {name} already exists")),
            "index" if table.is_some() => Some(format!("there is already a table named {name}")),
            "trigger" if self.relation(ObjectKind::Trigger, name).is_some() => {
                Some(format!("trigger {name} already exists"))
            }
            _ => None,
        }
    }

    fn create_table(&mut self, name: &str, text: &str) {
        let id = ObjectId::table(SCHEMA, name);
        let made = made(&id, text, &|name| self.relation(ObjectKind::Table, name));
        for object in made.objects {
            self.ledger.put(object);
        }
        self.ledger.link(made.edges, |_| false);
        self.empty.insert(id);
        self.resolve_references();
    }

    /// Foreign keys that name no columns mean the primary key of their parent, which may be created after them.
    pub(super) fn resolve_references(&mut self) {
        let open = self.ledger.catalog.objects.values().filter_map(|object| {
            let ObjectBody::Constraint(constraint) = &object.body else {
                return None;
            };
            match &constraint.kind {
                ConstraintKind::ForeignKey(key) if key.referenced_columns.is_empty() => {
                    Some((object.id.clone(), key.references.clone()))
                }
                _ => None,
            }
        });
        for (id, parent) in open.collect::<Vec<_>>() {
            let columns = self
                .ledger
                .catalog
                .constraints(&parent)
                .find_map(|(_, constraint)| match &constraint.kind {
                    ConstraintKind::PrimaryKey(columns) => Some(columns.clone()),
                    _ => None,
                });
            let Some(columns) = columns else { continue };
            self.ledger.change(&id, |object| {
                if let ObjectBody::Constraint(constraint) = &mut object.body
                    && let ConstraintKind::ForeignKey(key) = &mut constraint.kind
                {
                    key.referenced_columns = columns;
                }
            });
        }
    }

    /// Which columns it has is up to its module, which is not asked.
    fn create_virtual(&mut self, words: &Words<'_>, name: &str) -> Result<(), Stop> {
        self.ledger.put(Object {
            id: ObjectId::table(SCHEMA, name),
            definition: words.from(0).to_owned(),
            body: ObjectBody::Table(Table {
                kind: TableKind::Virtual,
                partition_key: None,
                partition: None,
                inherits: Vec::new(),
                extra: TableExtra::Sqlite(dbwright_catalog::SqliteTable {
                    strict: false,
                    without_rowid: false,
                    autoincrement: false,
                }),
            }),
        });
        Err(Stop::Unknown(
            "what a virtual table holds is up to its module".to_owned(),
        ))
    }

    fn create_index(
        &mut self,
        words: &Words<'_>,
        name: &str,
        at: usize,
        unique: bool,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let Some((on, _)) = words.qualified(at + 1) else {
            return Err(Stop::Unknown("dbwright does not understand it".to_owned()));
        };
        if self.temporary.contains(&on.to_ascii_lowercase()) {
            return Ok(());
        }
        let Some(table) = self.relation(ObjectKind::Table, &on) else {
            return self.missing("table", &on);
        };
        self.known(&on)?;
        let text = index_text(words.from(0));
        let columns = self.ledger.catalog.columns(&table);
        for key in &text.keys {
            let plain = key.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
            let there = columns.iter().any(|(id, _)| id.name().eq_ignore_ascii_case(key));
            if plain && !there && !["rowid", "_rowid_", "oid"].contains(&key.to_ascii_lowercase().as_str()) {
                return refuse(format!("no such column: {key}"));
            }
        }
        self.does(Operation::CreateIndex, &table, work);
        let id = ObjectId::new(ObjectKind::Index, [SCHEMA, name]);
        self.ledger.put(Object {
            id: id.clone(),
            definition: words.from(0).to_owned(),
            body: ObjectBody::Index(Index {
                table: table.clone(),
                method: "btree".to_owned(),
                keys: text.keys,
                included: Vec::new(),
                predicate: text.predicate,
                unique,
                nulls_not_distinct: false,
                of_constraint: false,
                valid: true,
                postgres: None,
            }),
        });
        let edge = Dependency {
            dependent: id,
            on: table,
        };
        self.ledger.link(vec![edge], |_| false);
        Ok(())
    }

    fn create_view(&mut self, name: &str, text: &str) {
        let id = ObjectId::new(ObjectKind::View, [SCHEMA, name]);
        let query = view_query(text).to_owned();
        let used: BTreeSet<ObjectId> = names(&query)
            .iter()
            .filter_map(|name| {
                let table = self.relation(ObjectKind::Table, name);
                table.or_else(|| self.relation(ObjectKind::View, name))
            })
            .collect();
        let edges = used.into_iter().map(|on| Dependency {
            dependent: id.clone(),
            on,
        });
        self.ledger.link(edges.collect(), |_| false);
        self.ledger.put(Object {
            id,
            definition: text.to_owned(),
            body: ObjectBody::View(View {
                materialized: false,
                query,
                postgres: None,
            }),
        });
    }

    fn create_trigger(&mut self, words: &Words<'_>, name: &str) -> Result<(), Stop> {
        let on = words.position("on").and_then(|at| words.qualified(at + 1));
        let Some((on, _)) = on else {
            return Err(Stop::Unknown("dbwright does not understand it".to_owned()));
        };
        if self.temporary.contains(&on.to_ascii_lowercase()) {
            return Ok(());
        }
        let table = self.relation(ObjectKind::Table, &on);
        let Some(owner) = table.or_else(|| self.relation(ObjectKind::View, &on)) else {
            return self.missing("table", &on);
        };
        let id = ObjectId::new(ObjectKind::Trigger, [SCHEMA, owner.name(), name]);
        let edge = Dependency {
            dependent: id.clone(),
            on: owner,
        };
        self.ledger.link(vec![edge], |_| false);
        self.ledger.put(Object {
            id,
            definition: words.from(0).to_owned(),
            body: ObjectBody::Trigger(Trigger {
                function: None,
                enabled: true,
                postgres: None,
            }),
        });
        Ok(())
    }

    fn drop(&mut self, words: &Words<'_>, work: &mut Work) -> Result<(), Stop> {
        let kind = match words.keyword(1).as_str() {
            "table" => ObjectKind::Table,
            "index" => ObjectKind::Index,
            "view" => ObjectKind::View,
            "trigger" => ObjectKind::Trigger,
            _ => return Err(Stop::Unknown("dbwright does not understand it".to_owned())),
        };
        let (at, if_exists) = words.if_exists(2);
        let Some((name, _)) = words.qualified(at) else {
            return Err(Stop::Unknown("dbwright does not understand it".to_owned()));
        };
        if self.temporary.remove(&name.to_ascii_lowercase()) {
            return Ok(());
        }
        let Some(id) = self.relation(kind, &name) else {
            return match self.missing(kind.name(), &name) {
                Err(Stop::Missing(..)) if if_exists => Ok(()),
                other => other,
            };
        };
        match kind {
            ObjectKind::Table => self.drop_table(&id, work)?,
            ObjectKind::Index if name.to_ascii_lowercase().starts_with("sqlite_autoindex") => {
                return refuse("index associated with UNIQUE or PRIMARY KEY constraint cannot be dropped");
            }
            ObjectKind::View => {
                self.drop_triggers(&id);
                self.ledger.remove(&id);
            }
            _ => self.ledger.remove(&id),
        }
        self.doubts.vague.remove(&name.to_ascii_lowercase());
        Ok(())
    }

    fn drop_triggers(&mut self, owner: &ObjectId) {
        for trigger in self.triggers(owner) {
            self.ledger.remove(&trigger);
        }
    }

    pub(super) fn triggers(&self, owner: &ObjectId) -> Vec<ObjectId> {
        let ids = self.ledger.catalog.objects.keys();
        ids.filter(|id| id.kind == ObjectKind::Trigger && id.path.get(1) == owner.path.get(1))
            .cloned()
            .collect()
    }

    /// "If foreign key constraints are enabled when DROP TABLE is prepared, then an implicit DELETE is performed to remove
    /// all rows from the table prior to dropping" (<https://sqlite.org/foreignkeys.html#fk_schemacommands>).
    fn drop_table(&mut self, id: &ObjectId, work: &mut Work) -> Result<(), Stop> {
        if self.foreign_keys {
            let children = self.references_to(id);
            let deferred = self
                .ledger
                .catalog
                .constraints(id)
                .any(|(_, constraint)| constraint.initially_deferred);
            if !children.is_empty() || deferred {
                self.does(Operation::DropReferencedTable, id, work);
            }
            for (child, columns) in children {
                if child == *id || !self.references_to(&child).is_empty() {
                    return Err(Stop::Opaque(
                        "which rows of which tables go with its rows is not predicted".to_owned(),
                    ));
                }
                if !self.is_found(&child, &columns) {
                    work.scanned.insert(child);
                }
            }
        }
        self.does(Operation::DropTable, id, work);
        self.drop_triggers(id);
        for index in self.indexes(id) {
            self.ledger.remove(&index);
        }
        let parts = self.parts(id);
        for part in parts {
            self.ledger.remove(&part);
        }
        self.ledger.remove(id);
        self.empty.remove(id);
        Ok(())
    }

    /// Columns and constraints of a table.
    fn parts(&self, table: &ObjectId) -> Vec<ObjectId> {
        let columns = self.ledger.catalog.columns(table);
        let columns = columns.into_iter().map(|(id, _)| id.clone());
        let constraints = self.ledger.catalog.constraints(table).map(|(id, _)| id.clone());
        columns.chain(constraints).collect()
    }

    /// Tables with foreign keys to this one, each with its columns.
    fn references_to(&self, parent: &ObjectId) -> Vec<(ObjectId, Vec<String>)> {
        let mut found = Vec::new();
        for object in self.ledger.catalog.objects.values() {
            if let ObjectBody::Constraint(constraint) = &object.body
                && let ConstraintKind::ForeignKey(key) = &constraint.kind
                && key.references == *parent
                && let Some(child) = object.id.owner_table()
            {
                found.push((child, key.columns.clone()));
            }
        }
        found
    }

    /// Whether rows with given values in these columns are found without reading the table.
    fn is_found(&self, table: &ObjectId, columns: &[String]) -> bool {
        let Some(first) = columns.first() else { return false };
        let by_index = self.ledger.catalog.indexes(table).any(|(_, index)| {
            index.predicate.is_none() && index.keys.first().is_some_and(|key| key.eq_ignore_ascii_case(first))
        });
        by_index
            || self.ledger.catalog.constraints(table).any(|(_, constraint)| {
                matches!(&constraint.kind, ConstraintKind::PrimaryKey(key)
                    if key.first().is_some_and(|key| key.eq_ignore_ascii_case(first)))
            })
    }

    /// What rows lead to is not predicted; that all rows of a table are read or written is.
    pub(super) fn write(&mut self, statement: &str, work: &mut Work) -> Result<(), Stop> {
        let words = Words::of(statement);
        let at = match words.keyword(0).as_str() {
            "insert" | "replace" => words.position("into").map(|at| at + 1),
            "delete" => words.is(1, "from").then_some(2),
            "update" if words.is(1, "or") => Some(3),
            "update" => Some(1),
            _ => None,
        };
        let Some((name, _)) = at.and_then(|at| words.qualified(at)) else {
            return Ok(());
        };
        if self.temporary.contains(&name.to_ascii_lowercase()) {
            return Ok(());
        }
        let table = self.relation(ObjectKind::Table, &name);
        let Some(table) = table.or_else(|| self.relation(ObjectKind::View, &name)) else {
            return self.missing("table", &name);
        };
        self.empty.remove(&table);
        if table.kind != ObjectKind::Table {
            return Ok(());
        }
        if words.is(0, "insert") || words.is(0, "replace") {
            if let Some(source) = self.copied_whole(&words) {
                work.scanned.insert(source);
            }
            return Ok(());
        }
        let narrowed = ["where", "from", "limit"].map(|word| words.position(word).filter(|at| *at > 2));
        if narrowed.iter().all(Option::is_none) {
            let deletes = words.is(0, "delete");
            let operation = if deletes {
                Operation::DeleteAll
            } else {
                Operation::UpdateAll
            };
            self.does(operation, &table, work);
        }
        Ok(())
    }

    /// The table whose rows an `INSERT … SELECT` copies, all of them; nothing where that is less plain.
    fn copied_whole(&self, words: &Words<'_>) -> Option<ObjectId> {
        let select = words.position("select")?;
        let from = select + words.tokens.get(select..)?.iter().position(|token| token.is("from"))?;
        let (name, end) = words.qualified(from + 1)?;
        let ends = end == words.tokens.len();
        let nested = words.from(select + 1).to_ascii_lowercase();
        if !ends || mentions(&nested, "select") {
            return None;
        }
        self.relation(ObjectKind::Table, &name)
            .filter(|table| self.tables().contains(table))
    }
}
