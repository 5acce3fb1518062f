//! `ALTER TABLE`, `CREATE INDEX`, `DROP INDEX`: what becomes of a table, item by item.

use std::collections::BTreeSet;

use dbwright_catalog::{ColumnExtra, Engine, ObjectId, ObjectKind};
use dbwright_sql::mysql_family::{AlterItem, Place};
use dbwright_sql::{MySqlFamilySummary, TableName};

use super::super::facts::mysql_family::Operation;
use super::errors::{self, Stop, refuse};
use super::model::{MAIN, Model, same};
use super::types::{TypeChange, base_of, change, default_collation, full_name, is_text, letter_bytes_max};
use super::{Predictor, Work};

/// A change of a table, as far as its items were applied.
pub(super) struct Alteration {
    pub(super) before: Model,
    pub(super) after: Model,
    /// What is done, item by item.
    pub(super) operations: Vec<Operation>,
    /// Objects that get another id.
    pub(super) renamed: Vec<(ObjectId, ObjectId)>,
    /// New names of indexes that only get another name.
    pub(super) renamed_indexes: BTreeSet<String>,
    /// Columns that the statement adds, in lower case.
    pub(super) new_columns: BTreeSet<String>,
    /// Foreign keys that the statement drops, in lower case.
    pub(super) dropped_keys: BTreeSet<String>,
    /// The other ends of foreign keys that come or go.
    pub(super) parents: BTreeSet<ObjectId>,
    /// Whether a lock that can't be had at once is an error.
    pub(super) no_wait: bool,
}

impl Alteration {
    pub(super) fn of(before: Model) -> Self {
        Alteration {
            after: before.clone(),
            before,
            operations: Vec::new(),
            renamed: Vec::new(),
            renamed_indexes: BTreeSet::new(),
            new_columns: BTreeSet::new(),
            dropped_keys: BTreeSet::new(),
            parents: BTreeSet::new(),
            no_wait: false,
        }
    }

    pub(super) fn does(&mut self, operation: Operation) {
        self.operations.push(operation);
    }
}

/// In which order the server applies items: what goes, columns, keys, foreign keys, the rest.
fn turn(item: &AlterItem) -> u8 {
    match item {
        AlterItem::DropForeignKey { .. } => 0,
        AlterItem::DropIndex { .. } | AlterItem::DropConstraint { .. } => 1,
        AlterItem::DropColumn { .. } => 2,
        AlterItem::Option { .. } | AlterItem::ConvertTo { .. } => 3,
        AlterItem::AddColumn { .. }
        | AlterItem::ChangeColumn { .. }
        | AlterItem::RenameColumn { .. }
        | AlterItem::AlterColumn { .. } => 4,
        AlterItem::RenameIndex { .. } | AlterItem::AlterIndex { .. } => 5,
        AlterItem::AddIndex { .. } => 6,
        AlterItem::AddForeignKey { .. } | AlterItem::AddCheck { .. } | AlterItem::AlterCheck { .. } => 7,
        AlterItem::RenameTo(_)
        | AlterItem::PartitionBy(_)
        | AlterItem::Partition { .. }
        | AlterItem::Force
        | AlterItem::OrderBy
        | AlterItem::SystemVersioning
        | AlterItem::Other(_) => 8,
    }
}

impl Predictor {
    /// `ALTER TABLE`.
    pub(super) fn alter_table(
        &mut self,
        table: &TableName,
        (if_exists, no_wait): (bool, bool),
        items: &[AlterItem],
        summary: &MySqlFamilySummary,
        work: &mut Work,
    ) -> Result<(), Stop> {
        let before = match self.table(table) {
            Ok(model) => model.clone(),
            Err(Stop::Missing(..)) if if_exists => return Ok(()),
            Err(stop) => return Err(stop),
        };
        for item in items {
            if let AlterItem::Other(word) = item {
                return Err(Stop::Unknown(format!("{word} is not understood")));
            }
        }
        let mut alteration = Alteration::of(before);
        alteration.no_wait = no_wait;
        let mut ordered: Vec<&AlterItem> = items.iter().collect();
        ordered.sort_by_key(|item| turn(item));
        for item in &ordered {
            self.apply(&mut alteration, item, items.len() == 1)?;
        }
        self.finish(alteration, summary, work)
    }

    fn apply(&self, alteration: &mut Alteration, item: &AlterItem, alone: bool) -> Result<(), Stop> {
        match item {
            AlterItem::AddColumn {
                column,
                place,
                if_not_exists,
            } => self.add_column(alteration, column, place, *if_not_exists),
            AlterItem::DropColumn { name, if_exists } => self.drop_column(alteration, name, *if_exists),
            AlterItem::ChangeColumn {
                from,
                column,
                place,
                if_exists,
            } => self.change_column(alteration, from, (column, place), *if_exists),
            AlterItem::RenameColumn { from, to, if_exists } => self.rename_column(alteration, from, to, *if_exists),
            AlterItem::AlterColumn {
                name,
                change,
                if_exists,
            } => self.alter_column(alteration, name, change, *if_exists),
            AlterItem::AddIndex { index, if_not_exists } => self.add_key(alteration, index, *if_not_exists),
            AlterItem::DropIndex { name, if_exists } => self.drop_index(alteration, name, *if_exists),
            AlterItem::RenameIndex { from, to, if_exists } => self.rename_index(alteration, from, to, *if_exists),
            AlterItem::AlterIndex { name, hidden } => self.hide_index(alteration, name, *hidden),
            AlterItem::AddForeignKey { key, if_not_exists } => self.add_reference(alteration, key, *if_not_exists),
            AlterItem::DropForeignKey { name, if_exists } => self.drop_foreign_key(alteration, name, *if_exists),
            AlterItem::AddCheck { check, if_not_exists } => self.add_condition(alteration, check, *if_not_exists),
            AlterItem::DropConstraint { name, if_exists } => self.drop_constraint(alteration, name, *if_exists),
            AlterItem::AlterCheck { name, enforced } => Predictor::enforce(alteration, name, *enforced),
            AlterItem::RenameTo(name) => self.rename_to(alteration, name, alone),
            AlterItem::ConvertTo { charset, collation } => {
                self.convert_to(alteration, charset.as_deref(), collation.as_deref());
                Ok(())
            }
            AlterItem::Option { name, value } => self.option(alteration, name, value),
            AlterItem::PartitionBy(partitions) => {
                alteration.after.partition_key = Some(partitions.key.clone());
                alteration.after.extra.partitions.clone_from(&partitions.list);
                alteration.does(Operation::PartitionBy);
                Ok(())
            }
            AlterItem::Partition { what, names, made } => partition(alteration, what, names, made),
            AlterItem::Force => {
                alteration.does(Operation::Force);
                Ok(())
            }
            AlterItem::OrderBy => {
                alteration.does(Operation::OrderBy);
                Ok(())
            }
            AlterItem::SystemVersioning => {
                alteration.does(Operation::SystemVersioning);
                Ok(())
            }
            AlterItem::Other(word) => Err(Stop::Unknown(format!("{word} is not understood"))),
        }
    }

    fn rename_to(&self, alteration: &mut Alteration, name: &TableName, alone: bool) -> Result<(), Stop> {
        let to = self.id_of(name)?;
        if to == alteration.after.id {
            return Ok(());
        }
        self.known(&name.name)?;
        if self.tables.contains_key(&to) || self.view(&name.name).is_some() {
            return self.in_the_way(&name.name, errors::table_exists(&name.name));
        }
        let keys = alteration
            .after
            .foreign_keys
            .iter()
            .map(|(_, key)| key.references.clone());
        alteration.parents.extend(keys);
        alteration.after = renamed(&alteration.after, &to, self.engine);
        alteration.does(if alone {
            Operation::RenameTable
        } else {
            Operation::RenameTableBeside
        });
        Ok(())
    }

    /// `CONVERT TO CHARACTER SET`: the table's default, and all texts in it.
    fn convert_to(&self, alteration: &mut Alteration, charset: Option<&str>, collation: Option<&str>) {
        let charset = charset.map_or_else(|| "utf8mb4".to_owned(), full_name);
        let collation = collation.map_or_else(|| default_collation(self.engine, self.version, &charset), full_name);
        let mut operations = Vec::new();
        let after = &mut alteration.after;
        for column in &mut after.columns {
            let is_indexed = alteration.before.is_indexed(&column.name);
            let before = column.column.clone();
            let ColumnExtra::MySqlFamily(extra) = &mut column.column.extra else {
                continue;
            };
            if !is_text(&column.column.type_name) {
                continue;
            }
            let old = extra.charset.clone().unwrap_or_default();
            // A text keeps its capacity in letters.
            if letter_bytes_max(&charset) > letter_bytes_max(&old) {
                let wider = match base_of(&column.column.type_name) {
                    "tinytext" => Some("text"),
                    "text" => Some("mediumtext"),
                    "mediumtext" => Some("longtext"),
                    _ => None,
                };
                if let Some(wider) = wider {
                    wider.clone_into(&mut column.column.type_name);
                }
            }
            extra.charset = Some(charset.clone());
            column.column.collation = Some(collation.clone());
            operations.extend(match change(&before, &column.column) {
                TypeChange::None => None,
                TypeChange::Collation if is_indexed => Some(Operation::IndexedColumnCollation),
                TypeChange::Collation if old != charset => Some(Operation::ColumnCollation),
                TypeChange::Collation => Some(Operation::ConvertCollation),
                TypeChange::Extended
                | TypeChange::Lengthened
                | TypeChange::LongLengthened
                | TypeChange::LabelsAppended
                | TypeChange::Converted => Some(Operation::ConvertCharset),
            });
        }
        after.extra.charset = charset;
        after.extra.collation = collation;
        operations.push(Operation::DefaultCharset);
        alteration.operations.extend(operations);
    }

    fn option(&self, alteration: &mut Alteration, name: &str, value: &str) -> Result<(), Stop> {
        let engine_before = alteration.after.extra.storage_engine.clone();
        self.set_option(&mut alteration.after, name, value);
        alteration.does(match name {
            "ENGINE" | "TYPE" if same(&engine_before, &alteration.after.extra.storage_engine) => Operation::Force,
            "ENGINE" | "TYPE" => Operation::ConvertEngine,
            "CHARACTER SET" | "COLLATE" => Operation::DefaultCharset,
            "ROW_FORMAT" | "KEY_BLOCK_SIZE" => Operation::RowFormat,
            "AUTO_INCREMENT" => Operation::AutoIncrementCounter,
            "COMMENT" => Operation::TableComment,
            "STATS_PERSISTENT" | "STATS_AUTO_RECALC" | "STATS_SAMPLE_PAGES" => Operation::TableStatistics,
            _ => return Err(Stop::Unknown(format!("the option {name} is not understood"))),
        });
        Ok(())
    }

    /// Checks what the server checks of a whole table, tells how it gets there, and writes it.
    pub(super) fn finish(
        &mut self,
        mut alteration: Alteration,
        summary: &MySqlFamilySummary,
        work: &mut Work,
    ) -> Result<(), Stop> {
        if alteration.after.columns.is_empty() {
            return refuse(
                1090,
                "You can't delete all columns with ALTER TABLE; use DROP TABLE instead",
            );
        }
        Predictor::check_counters(&alteration.after)?;
        self.check_needed_indexes(&alteration)?;
        Predictor::check_row_size(&alteration.after)?;
        alteration.after.drop_generated();
        let (operation, rewritten) = self.operate(&alteration, summary)?;
        let id = alteration.before.id.clone();
        self.lock_relatives(&alteration, work);
        let after = &mut alteration.after;
        if let Some(versions) = operation.row_versions {
            after.versions = versions;
        }
        if rewritten {
            work.rewritten.insert(after.id.clone());
            work.scanned.insert(after.id.clone());
        }
        work.operations.push(operation);
        work.renamed_indexes = alteration.renamed_indexes;
        let Alteration {
            before,
            after,
            mut renamed,
            ..
        } = alteration;
        if after.id != id {
            renamed.extend(renamed_objects(&before, &after, &renamed, self.engine));
            self.follow_rename(&id, &after.id);
        }
        let columns: Vec<(String, String)> = renamed
            .iter()
            .filter(|(from, _)| from.kind == ObjectKind::Column)
            .map(|(from, to)| (from.name().to_owned(), to.name().to_owned()))
            .collect();
        let table = after.id.clone();
        self.put(Some(&before), Some(after), &renamed);
        self.follow_renamed_columns(&table, &columns);
        Ok(())
    }

    /// Which other tables the change locks.
    fn lock_relatives(&self, alteration: &Alteration, work: &mut Work) {
        let id = &alteration.before.id;
        let mut parents: BTreeSet<ObjectId> = BTreeSet::new();
        if self.relatives_are_locked() {
            parents.extend(self.children(id).map(|child| child.id.clone()));
            parents.extend(alteration.parents.iter().cloned());
        } else if alteration.operations.contains(&Operation::AddForeignKey) && !alteration.no_wait {
            parents.extend(alteration.parents.iter().cloned());
        }
        parents.retain(|parent| parent != id && self.tables.contains_key(parent));
        work.parents.extend(parents);
    }

    /// Foreign keys of other tables follow the table that they refer to.
    pub(super) fn follow_rename(&mut self, from: &ObjectId, to: &ObjectId) {
        let children: Vec<Model> = self.children(from).cloned().collect();
        for before in children {
            let mut after = before.clone();
            for (_, key) in &mut after.foreign_keys {
                if key.references == *from {
                    key.references = to.clone();
                }
            }
            self.put(Some(&before), Some(after), &[]);
        }
    }

    /// Foreign keys of other tables follow the columns that they refer to.
    fn follow_renamed_columns(&mut self, table: &ObjectId, columns: &[(String, String)]) {
        if columns.is_empty() {
            return;
        }
        let children: Vec<Model> = self.children(table).cloned().collect();
        for before in children {
            let mut after = before.clone();
            let keys = after
                .foreign_keys
                .iter_mut()
                .filter(|(_, key)| key.references == *table);
            for name in keys.flat_map(|(_, key)| &mut key.referenced_columns) {
                if let Some((_, to)) = columns.iter().find(|(from, _)| same(from, name)) {
                    to.clone_into(name);
                }
            }
            self.put(Some(&before), Some(after), &[]);
        }
    }
}

/// The table under another name. Generated names of its constraints follow.
pub(super) fn renamed(model: &Model, to: &ObjectId, engine: Engine) -> Model {
    let mut after = model.clone();
    let (old, new) = (model.id.name().to_owned(), to.name().to_owned());
    let follow = |name: &mut String, mark: &str| {
        let rest = name.strip_prefix(&format!("{old}{mark}"));
        if let Some(number) = rest.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit())) {
            *name = format!("{new}{mark}{number}");
        }
    };
    for (name, key) in &mut after.foreign_keys {
        follow(name, "_ibfk_");
        if key.references == model.id {
            key.references = to.clone();
        }
    }
    if engine == Engine::MySql {
        for check in &mut after.checks {
            follow(&mut check.name, "_chk_");
        }
    }
    after.id = to.clone();
    after
}

/// The objects that get another id with their table, each once. `renamed` are those that already do.
pub(super) fn renamed_objects(
    before: &Model,
    after: &Model,
    renamed: &[(ObjectId, ObjectId)],
    engine: Engine,
) -> Vec<(ObjectId, ObjectId)> {
    let mut pairs = Vec::new();
    let fresh: BTreeSet<ObjectId> = after.objects(engine).into_iter().map(|object| object.id).collect();
    for object in before.objects(engine) {
        let id = renamed
            .iter()
            .find(|(from, _)| *from == object.id)
            .map_or(&object.id, |(_, to)| to);
        let moved = if id.kind == ObjectKind::Table {
            after.id.clone()
        } else {
            after.id.child(id.kind, now_called(before, after, id))
        };
        if fresh.contains(&moved) && moved != *id {
            pairs.push((id.clone(), moved));
        }
    }
    pairs
}

/// The name that a part of a table has now. Generated names of constraints follow that of the table.
fn now_called<'a>(before: &'a Model, after: &'a Model, part: &'a ObjectId) -> &'a str {
    if part.kind != ObjectKind::Constraint {
        return part.name();
    }
    let keys = before.foreign_keys.iter().zip(&after.foreign_keys);
    let mut keys = keys.map(|((old, _), (new, _))| (old.as_str(), new.as_str()));
    let checks = before.checks.iter().zip(&after.checks);
    let mut checks = checks.map(|(old, new)| (old.name.as_str(), new.name.as_str()));
    let is_it = |(old, _): &(&str, &str)| *old == part.name();
    let found = keys.find(is_it).or_else(|| checks.find(is_it));
    found.map_or(part.name(), |(_, new)| new)
}

/// What is done to partitions.
fn partition(alteration: &mut Alteration, what: &str, names: &[String], made: &[(String, String)]) -> Result<(), Stop> {
    let after = &mut alteration.after;
    if after.partition_key.is_none() && what != "REMOVE" {
        return refuse(1505, "Partition management on a not partitioned table is not possible");
    }
    let list = &mut after.extra.partitions;
    let is_named = |name: &str| names.iter().any(|named| same(named, name));
    let operation = match what {
        "ADD" => {
            list.extend(made.iter().cloned());
            Operation::AddPartition
        }
        "DROP" => {
            list.retain(|(name, _)| !is_named(name));
            Operation::DropPartition
        }
        "REORGANIZE" => {
            let at = list.iter().position(|(name, _)| is_named(name)).unwrap_or(list.len());
            list.retain(|(name, _)| !is_named(name));
            list.splice(at..at, made.iter().cloned());
            Operation::ReorganizePartition
        }
        "TRUNCATE" => Operation::TruncatePartition,
        "COALESCE" => Operation::CoalescePartition,
        "REBUILD" => Operation::RebuildPartition,
        "EXCHANGE" => Operation::ExchangePartition,
        "REMOVE" => {
            after.partition_key = None;
            list.clear();
            Operation::RemovePartitioning
        }
        other => return Err(Stop::Unknown(format!("{other} PARTITION is not predicted"))),
    };
    alteration.does(operation);
    Ok(())
}

/// Where a column stands that is to be put somewhere.
pub(super) fn target(model: &Model, place: &Place) -> Result<Option<usize>, Stop> {
    match place {
        Place::AsIs => Ok(None),
        Place::First => Ok(Some(0)),
        Place::After(name) => match model.place_of(name) {
            Some(at) => Ok(Some(at + 1)),
            None => Err(Stop::Missing(errors::no_column(name, model.id.name()), name.clone())),
        },
    }
}

/// The id of a table in the database that is watched.
pub(super) fn main_table(name: &str) -> ObjectId {
    ObjectId::table(MAIN, name)
}
