//! Questions about relations of the catalog, and what is done to many of them.

use dbwright_catalog::{Change, ConstraintKind, LockMode, ObjectBody, ObjectId, ObjectKind, TableKind};

use super::work::Work;
use super::{Predictor, Stop};

impl Predictor {
    /// The table with its partitions and the tables that inherit from it, itself first.
    pub(super) fn family(&self, table: &ObjectId) -> Vec<ObjectId> {
        let mut members = vec![table.clone()];
        let mut next = 0;
        while next < members.len() {
            let children = self.children(&members[next]);
            members.extend(children.into_iter().filter(|child| *child != *table));
            next += 1;
        }
        members
    }

    /// Partitions of the table, and tables that inherit from it.
    pub(super) fn children(&self, table: &ObjectId) -> Vec<ObjectId> {
        let tables = self.ledger.catalog.tables().filter(|(_, child)| {
            child
                .partition
                .as_ref()
                .is_some_and(|partition| partition.parent == *table)
                || child.inherits.contains(table)
        });
        tables.map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn default_partition(&self, parent: &ObjectId) -> Option<ObjectId> {
        let mut tables = self.ledger.catalog.tables();
        let found = tables.find(|(_, table)| {
            (table.partition.as_ref()).is_some_and(|partition| partition.parent == *parent && partition.is_default)
        });
        found.map(|(id, _)| id.clone())
    }

    pub(super) fn is_partitioned(&self, table: &ObjectId) -> bool {
        matches!(
            self.object(table).map(|object| &object.body),
            Some(ObjectBody::Table(table)) if table.kind == TableKind::Partitioned
        )
    }

    pub(super) fn indexes(&self, table: &ObjectId) -> Vec<ObjectId> {
        self.ledger.catalog.indexes(table).map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn table_of_index(&self, index: &ObjectId) -> Option<ObjectId> {
        match &self.object(index)?.body {
            ObjectBody::Index(index) => Some(index.table.clone()),
            _ => None,
        }
    }

    /// Other tables whose foreign keys refer to this one.
    pub(super) fn referencing(&self, table: &ObjectId) -> Vec<ObjectId> {
        let mut tables: Vec<ObjectId> = self
            .foreign_keys_to(table)
            .into_iter()
            .filter_map(|constraint| constraint.owner_table())
            .filter(|child| child != table)
            .collect();
        tables.dedup();
        tables
    }

    /// Foreign keys that refer to this table.
    pub(super) fn foreign_keys_to(&self, table: &ObjectId) -> Vec<ObjectId> {
        let constraints = self
            .ledger
            .catalog
            .objects
            .values()
            .filter(|object| match &object.body {
                ObjectBody::Constraint(constraint) => {
                    matches!(&constraint.kind, ConstraintKind::ForeignKey(key) if key.references == *table)
                }
                _ => false,
            });
        constraints.map(|object| object.id.clone()).collect()
    }

    /// Sequences that go with columns of this table, each with its column.
    pub(super) fn owned_sequences(&self, table: &ObjectId) -> Vec<ObjectId> {
        let sequences = self
            .ledger
            .catalog
            .objects
            .values()
            .filter(|object| match &object.body {
                ObjectBody::Sequence(sequence) => {
                    sequence.owned_by.as_ref().and_then(ObjectId::owner_table).as_ref() == Some(table)
                }
                _ => false,
            });
        sequences.map(|object| object.id.clone()).collect()
    }

    /// Views that read this relation.
    pub(super) fn views_over(&self, relation: &ObjectId) -> Vec<ObjectId> {
        let dependencies = self.ledger.catalog.dependencies.iter();
        dependencies
            .filter(|dependency| dependency.on == *relation && self.object(&dependency.dependent).is_some())
            .map(|dependency| dependency.dependent.clone())
            .collect()
    }

    /// Whether a view uses a column of a table that it reads; unknown where the column may as well be another table's.
    pub(super) fn uses(&self, view: &ObjectId, table: &ObjectId, column: &str) -> Result<bool, Stop> {
        let Some(ObjectBody::View(body)) = self.object(view).map(|object| &object.body) else {
            return Ok(false);
        };
        let tokens: Vec<_> = dbwright_sql::tokens(dbwright_catalog::Engine::Postgres, &body.query)
            .filter(|token| !token.is_space())
            .collect();
        let dependencies = self
            .ledger
            .catalog
            .dependencies
            .iter()
            .filter(|edge| edge.dependent == *view);
        let others: Vec<&ObjectId> = dependencies.map(|edge| &edge.on).filter(|on| *on != table).collect();
        let name_at = |index: usize| tokens.get(index).and_then(dbwright_sql::Token::name);
        let is_of_another = |index: usize| {
            let qualified = index >= 2 && tokens[index - 1].is_symbol(".");
            let before = qualified.then(|| name_at(index - 2)).flatten();
            before.is_some_and(|name| name != table.name() && others.iter().any(|other| other.name() == name))
        };
        let is_named =
            (0..tokens.len()).any(|index| name_at(index).as_deref() == Some(column) && !is_of_another(index));
        let all = tokens.windows(2).any(|pair| {
            pair[1].text == "*"
                && (pair[0].is("select") || pair[0].is("distinct") || pair[0].is_symbol(".") || pair[0].is_symbol(","))
        });
        if !is_named && !all {
            return Ok(false);
        }
        let elsewhere = others
            .iter()
            .any(|other| other.kind != ObjectKind::Table || self.column(other, column).is_some());
        if is_named && (others.is_empty() || !elsewhere && !all) {
            return Ok(true);
        }
        // A star stands for the columns of the time when it was written.
        Err(Stop::Unknown(format!(
            "whether {view} uses the column {column} of {table} is not known"
        )))
    }

    /// The tables and materialised views that a view reads, through other views.
    pub(super) fn tables_below(&self, view: &ObjectId) -> Vec<ObjectId> {
        let mut found = Vec::new();
        let mut to_do = vec![view.clone()];
        let mut seen = Vec::new();
        while let Some(next) = to_do.pop() {
            for dependency in &self.ledger.catalog.dependencies {
                if dependency.dependent != next || seen.contains(&dependency.on) {
                    continue;
                }
                seen.push(dependency.on.clone());
                match self.object(&dependency.on).map(|object| &object.body) {
                    Some(ObjectBody::View(view)) if !view.materialized => to_do.push(dependency.on.clone()),
                    Some(ObjectBody::Table(_)) => {
                        let stored = self.family(&dependency.on).into_iter();
                        found.extend(stored.filter(|member| !self.is_partitioned(member)));
                    }
                    Some(ObjectBody::View(_)) => found.push(dependency.on.clone()),
                    _ => {}
                }
            }
        }
        found
    }

    /// Writes every row of a table anew, and with them its indexes.
    pub(super) fn rewrite(&self, table: &ObjectId, work: &mut Work) {
        work.lock(table, LockMode::Share);
        for index in self.indexes(table) {
            work.lock(&index, LockMode::AccessExclusive);
            if !work.new_indexes.contains(&index) {
                work.rebuilt.insert(index);
            }
        }
        work.rewritten.insert(table.clone());
        work.scanned.insert(table.clone());
    }

    /// Whether extended statistics of a table are over a column; over any where none is named.
    pub(super) fn has_statistics(&self, table: &ObjectId, column: Option<&str>) -> bool {
        self.statistics
            .iter()
            .any(|(_, of, over)| of == table && column.is_none_or(|column| over.iter().any(|word| word == column)))
    }

    /// Tables that the open transaction has made.
    pub(super) fn made_in_transaction(&self) -> Vec<ObjectId> {
        let Some(open) = &self.open else { return Vec::new() };
        let changes = self.ledger.changes_since(open.start);
        let created = changes.into_iter().filter_map(|change| match change {
            Change::Created(object) if object.id.kind == ObjectKind::Table => Some(object.id),
            Change::Created(_) | Change::Dropped(_) | Change::Altered { .. } => None,
        });
        created.collect()
    }

    /// Whether a relation of this name is there.
    pub(super) fn is_relation_taken(&self, schema: &str, name: &str) -> bool {
        super::work::RELATIONS
            .iter()
            .any(|kind| self.object(&ObjectId::new(*kind, [schema, name])).is_some())
    }

    /// Whether a table of this schema has a constraint of this name.
    pub(super) fn is_constraint_taken(&self, schema: &str, name: &str) -> bool {
        self.ledger
            .catalog
            .objects
            .keys()
            .any(|id| id.kind == ObjectKind::Constraint && id.schema() == schema && id.name() == name)
    }

    /// Gives an object another id, and everything that belongs to it or refers to it by its id.
    pub(super) fn move_object(&mut self, old: &ObjectId, new: &ObjectId) {
        let parts: Vec<ObjectId> = match old.kind {
            ObjectKind::Table | ObjectKind::View => self
                .ledger
                .catalog
                .objects
                .keys()
                .filter(|part| part.path.len() == 3 && part.path[..2] == old.path[..])
                .cloned()
                .collect(),
            _ => Vec::new(),
        };
        for part in parts {
            let mut moved = part.clone();
            moved.path[..2].clone_from_slice(&new.path[..2]);
            self.ledger.rename(&part, moved.clone(), |_| {});
            self.refer_anew(&part, &moved);
        }
        self.ledger.rename(old, new.clone(), |_| {});
        self.refer_anew(old, new);
    }

    /// Objects that name `old` in their model name `new`.
    fn refer_anew(&mut self, old: &ObjectId, new: &ObjectId) {
        let referring: Vec<ObjectId> = self
            .ledger
            .catalog
            .objects
            .values()
            .filter(|object| refers(&object.body, old))
            .map(|object| object.id.clone())
            .collect();
        for id in referring {
            self.ledger.change(&id, |object| redirect(&mut object.body, old, new));
        }
        let edges: Vec<_> = self
            .ledger
            .catalog
            .dependencies
            .iter()
            .filter(|edge| edge.on == *old || edge.dependent == *old)
            .cloned()
            .collect();
        let mut moved_edges = Vec::with_capacity(edges.len());
        for edge in edges {
            let mut moved = edge.clone();
            if moved.on == *old {
                moved.on = new.clone();
            }
            if moved.dependent == *old {
                moved.dependent = new.clone();
            }
            moved_edges.push(moved);
        }
        self.ledger
            .link(moved_edges, |edge| edge.on == *old || edge.dependent == *old);
    }
}

fn refers(body: &ObjectBody, id: &ObjectId) -> bool {
    match body {
        ObjectBody::Constraint(constraint) => {
            constraint.index.as_ref() == Some(id)
                || matches!(&constraint.kind, ConstraintKind::ForeignKey(key) if key.references == *id)
        }
        ObjectBody::Index(index) => {
            index.table == *id
                || index
                    .postgres
                    .as_ref()
                    .is_some_and(|index| index.parent.as_ref() == Some(id))
        }
        ObjectBody::Sequence(sequence) => sequence.owned_by.as_ref() == Some(id),
        ObjectBody::Table(table) => {
            table.inherits.contains(id)
                || table
                    .partition
                    .as_ref()
                    .is_some_and(|partition| partition.parent == *id)
        }
        ObjectBody::Trigger(trigger) => trigger.function.as_ref() == Some(id),
        _ => false,
    }
}

fn redirect(body: &mut ObjectBody, old: &ObjectId, new: &ObjectId) {
    let replace = |id: &mut ObjectId| {
        if id == old {
            id.clone_from(new);
        }
    };
    match body {
        ObjectBody::Constraint(constraint) => {
            constraint.index.as_mut().map(replace);
            if let ConstraintKind::ForeignKey(key) = &mut constraint.kind {
                replace(&mut key.references);
            }
        }
        ObjectBody::Index(index) => {
            replace(&mut index.table);
            if let Some(index) = &mut index.postgres {
                index.parent.as_mut().map(replace);
            }
        }
        ObjectBody::Sequence(sequence) => {
            sequence.owned_by.as_mut().map(replace);
        }
        ObjectBody::Table(table) => {
            table.inherits.iter_mut().for_each(replace);
            if let Some(partition) = &mut table.partition {
                replace(&mut partition.parent);
            }
        }
        ObjectBody::Trigger(trigger) => {
            trigger.function.as_mut().map(replace);
        }
        _ => {}
    }
}
