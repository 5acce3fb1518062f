//! What a statement does to tables of production that takes time, and how much of it.

#![expect(
    clippy::cast_precision_loss,
    reason = "estimates need no more digits than a float has"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use dbwright_catalog::{
    Algorithm, Catalog, Change, Column, ConstraintKind, Effect, Engine, Index, ObjectBody, ObjectId, Rates, StoredKind,
    StoredRelation, TableWork, TimeRange, Trace, WorkKind,
};

use super::memory::foreign_keys_after;
use super::{Production, rows, setting};

/// What an entry of an index takes that is not there yet: two numbers, their header, and the room that pages leave free where
/// entries come in no order.
const ENTRY_BYTES: u64 = 36;

/// What InnoDB has for pages where a snapshot does not say.
const POOL_BYTES: u64 = 128 << 20;

/// The work of a statement, with the table that it is done to.
pub(super) fn of(production: &Production<'_>, trace: &Trace, statement: (usize, usize)) -> Vec<(ObjectId, TableWork)> {
    let Some(effect) = trace.effect(statement) else {
        return Vec::new();
    };
    let mut works = Works {
        production,
        done: BTreeSet::new(),
        found: Vec::new(),
    };
    works.rewrites(trace, effect);
    works.index_builds(trace, effect);
    works.foreign_key_checks(effect);
    works.rows(trace, effect, production.takes_all(statement));
    works.scans(effect);
    works.found
}

/// What was found so far, and the tables whose reading is a part of it.
struct Works<'a> {
    production: &'a Production<'a>,
    done: BTreeSet<ObjectId>,
    found: Vec<(ObjectId, TableWork)>,
}

/// What a table that is copied has afterwards.
#[derive(Clone, Copy)]
struct Copied {
    /// Indexes that it did not have.
    new: u64,
    /// Foreign keys, old ones and new ones.
    keys: u64,
}

impl Works<'_> {
    fn put(&mut self, table: &ObjectId, kind: WorkKind, object: &ObjectId, time: Option<TimeRange>) {
        let object = object.clone();
        self.found.push((table.clone(), TableWork { kind, object, time }));
        self.done.insert(table.clone());
    }

    fn rewrites(&mut self, trace: &Trace, effect: &Effect) {
        let production = self.production;
        let copied: BTreeSet<&ObjectId> = effect
            .operations
            .iter()
            .filter(|operation| operation.algorithm == Algorithm::Copy)
            .map(|operation| &operation.table)
            .collect();
        let in_place: BTreeSet<&ObjectId> = effect.operations.iter().map(|operation| &operation.table).collect();
        let rewritten: BTreeSet<&ObjectId> = effect.rewritten.iter().chain(copied.iter().copied()).collect();
        for table in rewritten {
            let Some(stored) = production.table(table) else {
                continue;
            };
            if copied.contains(table) {
                let copy = Copied {
                    new: new_indexes(effect, table),
                    keys: foreign_keys_after(&trace.catalog, effect, table),
                };
                // Keys that it brings are work of their own.
                let brought = foreign_keys(effect).filter(|(child, _)| child == table).count() as u64;
                let keys = production.foreign_key(stored);
                let keys = keys.map(|key| key.mul_f64(copy.keys.saturating_sub(brought) as f64));
                let time = production.copy(stored, copy).zip(keys).map(|(copy, keys)| copy + keys);
                let most = time.map(|time| time + production.swapping(stored, copy));
                self.put(table, WorkKind::Rewrite, table, between(time, most));
                continue;
            }
            let time = if in_place.contains(table) {
                production.rebuild(stored, |rates| rates.rebuilt_bytes)
            } else if production.snapshot.server.engine == Engine::Sqlite {
                // Indexes hold the numbers of rows, which stay.
                production.rows_written(stored)
            } else {
                production.rebuild(stored, |rates| rates.rewritten_bytes)
            };
            self.put(table, WorkKind::Rewrite, table, time.map(TimeRange::around));
        }
    }

    fn index_builds(&mut self, trace: &Trace, effect: &Effect) {
        // Those of a table that is written anew are a part of that.
        let anew = self.done.clone();
        for (id, index) in built(trace, effect) {
            let production = self.production;
            let Some(stored) = production.table(&index.table).filter(|_| !anew.contains(&index.table)) else {
                continue;
            };
            let is_text = sorts_texts(&trace.catalog, index);
            let time = production.index(stored, &index.method, is_text);
            self.put(&index.table, WorkKind::IndexBuild, id, time.map(TimeRange::around));
        }
    }

    fn foreign_key_checks(&mut self, effect: &Effect) {
        for (child, parent) in foreign_keys(effect) {
            // Where MySQL and MariaDB do not copy the table, they were told not to look.
            let looks = effect
                .operations
                .iter()
                .all(|operation| operation.table != child || operation.algorithm == Algorithm::Copy);
            if let Some(stored) = self.production.table(&child).filter(|_| looks) {
                let time = self.production.foreign_key(stored);
                self.put(&child, WorkKind::ForeignKeyCheck, parent, time.map(TimeRange::around));
                self.done.insert(parent.clone());
            }
        }
    }

    /// Rows that are updated, deleted, or copied into another table: all of a table, or those that are found in it.
    fn rows(&mut self, trace: &Trace, effect: &Effect, takes_all: bool) {
        let production = self.production;
        for count in &effect.rows {
            let table = &count.table;
            let Some(stored) = production.table(table) else {
                continue;
            };
            let (kind, time) = if count.updated > 0 {
                (WorkKind::RowsUpdated, production.update(stored))
            } else if count.deleted > 0 {
                (WorkKind::RowsDeleted, production.delete(stored))
            } else {
                continue;
            };
            // What triggers and foreign keys do for each row was not measured.
            let time = time.filter(|_| !has_more_to_do(&trace.catalog, table, kind));
            let least = if takes_all { time } else { production.read(stored) };
            self.put(table, kind, table, between(least, time));
        }
        let filled = effect
            .rows
            .iter()
            .find(|count| count.inserted > 0)
            .map(|count| &count.table);
        let Some(filled) = filled else { return };
        for table in &effect.scanned {
            if table == filled || self.done.contains(table) {
                continue;
            }
            if let Some(stored) = production.table(table) {
                let time = production.rows_written(stored);
                let least = if takes_all { time } else { production.read(stored) };
                self.put(table, WorkKind::RowsCopied, filled, between(least, time));
            }
        }
    }

    fn scans(&mut self, effect: &Effect) {
        for table in &effect.scanned {
            if self.done.contains(table) {
                continue;
            }
            if let Some(stored) = self.production.table(table) {
                let time = self.production.read(stored);
                self.put(table, WorkKind::Scan, table, time.map(TimeRange::around));
            }
        }
    }
}

/// From around the one to around the other; nothing where one of them is not known.
fn between(least: Option<Duration>, most: Option<Duration>) -> Option<TimeRange> {
    let (least, most) = (TimeRange::around(least?), TimeRange::around(most?));
    Some(TimeRange {
        low: least.low,
        high: most.high,
    })
}

/// Whether triggers fire for rows that are written, or other tables refer to rows that are deleted.
fn has_more_to_do(catalog: &Catalog, table: &ObjectId, kind: WorkKind) -> bool {
    catalog.objects.values().any(|object| match &object.body {
        ObjectBody::Trigger(trigger) => trigger.enabled && object.id.owner_table().as_ref() == Some(table),
        ObjectBody::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::ForeignKey(key) => kind == WorkKind::RowsDeleted && key.references == *table,
            _ => false,
        },
        _ => false,
    })
}

/// How many indexes a statement adds to a table.
fn new_indexes(effect: &Effect, table: &ObjectId) -> u64 {
    let is_one = |change: &&Change| match change {
        Change::Created(object) => match &object.body {
            ObjectBody::Index(index) => index.table == *table,
            _ => false,
        },
        Change::Dropped(_) | Change::Altered { .. } => false,
    };
    effect.changes.iter().filter(is_one).count() as u64
}

/// The indexes that a statement builds over rows that are there: new ones, and those that are built anew.
fn built<'a>(trace: &'a Trace, effect: &'a Effect) -> Vec<(&'a ObjectId, &'a Index)> {
    let new = effect.changes.iter().filter_map(|change| match change {
        Change::Created(object) => Some(object),
        Change::Dropped(_) | Change::Altered { .. } => None,
    });
    let anew = effect.rebuilt_indexes.iter().filter_map(|id| trace.catalog.get(id));
    let indexes = new.chain(anew).filter_map(|object| match &object.body {
        ObjectBody::Index(index) => Some((&object.id, index)),
        _ => None,
    });
    indexes.collect()
}

/// Foreign keys that are held against the rows that are there: the table that refers, and the one that is referred to.
fn foreign_keys(effect: &Effect) -> impl Iterator<Item = (ObjectId, &ObjectId)> {
    let now_valid = effect.changes.iter().filter_map(|change| {
        let (before, after) = match change {
            Change::Created(object) => (None, object),
            Change::Altered { before, after } => (Some(before), after),
            Change::Dropped(_) => return None,
        };
        let was_valid = before.is_some_and(|object| match &object.body {
            ObjectBody::Constraint(constraint) => constraint.validated,
            _ => false,
        });
        match &after.body {
            ObjectBody::Constraint(constraint) if constraint.validated && !was_valid => Some((after, constraint)),
            _ => None,
        }
    });
    now_valid.filter_map(|(object, constraint)| match &constraint.kind {
        ConstraintKind::ForeignKey(key) if constraint.enforced => Some((object.id.owner_table()?, &key.references)),
        _ => None,
    })
}

/// Whether the first part of an index is text that a collation sorts. What is no column is taken for text, which is slower.
fn sorts_texts(catalog: &Catalog, index: &Index) -> bool {
    let first = index.keys.first().map_or("", String::as_str);
    let columns = catalog.columns(&index.table);
    let named = |(id, _): &(&ObjectId, &Column)| {
        let name = id.name();
        first == name
            || first.trim_start_matches('"').starts_with(&format!("{name}\""))
            || first.starts_with(&format!("{name} "))
    };
    let Some((_, column)) = columns.into_iter().find(named) else {
        return true;
    };
    ["text", "char", "citext", "name"]
        .iter()
        .any(|kind| column.type_name.to_lowercase().contains(kind))
}

impl Production<'_> {
    /// Rates, where there are such of the engine.
    fn measured(&self) -> Option<&Rates> {
        self.rates
            .filter(|rates| rates.server.engine == self.snapshot.server.engine)
    }

    /// The indexes of a table that are not the table itself, as the key of an InnoDB table is.
    fn indexes(&self, table: &StoredRelation) -> impl Iterator<Item = &StoredRelation> {
        let is_innodb = table.access_method.as_deref() == Some("InnoDB");
        self.snapshot.relations.iter().filter(move |relation| {
            relation.kind == StoredKind::Index
                && relation.schema == table.schema
                && relation.table.as_ref() == Some(&table.name)
                && !(is_innodb && relation.name == "PRIMARY")
        })
    }

    /// Writing all rows anew, and building all indexes.
    fn rebuild(&self, table: &StoredRelation, bytes_per_second: fn(&Rates) -> u64) -> Option<Duration> {
        let mut time = taking(self.bytes(table)?, bytes_per_second(self.measured()?));
        for index in self.indexes(table) {
            time += self.index(table, index.access_method.as_deref().unwrap_or("btree"), false)?;
        }
        Some(time)
    }

    /// Writing all rows into a new table, one by one, and each into all indexes.
    fn copy(&self, table: &StoredRelation, copy: Copied) -> Option<Duration> {
        let mut time = self.rows_written(table)?;
        for _ in 0..self.indexes(table).count() as u64 + copy.new {
            time += match copy.keys {
                0 => self.entries_at(table, |rates| rates.copied_entries)?,
                _ => self.entries(table)?,
            };
        }
        Some(time)
    }

    /// How much longer that takes where the entries come in no order, and InnoDB has no room in memory for the indexes: it
    /// reads a page for an entry, and writes another one. As an index grows, more and more of its pages are elsewhere; half of
    /// the memory holds what is written of the rows. Without foreign keys, MariaDB sorts entries:
    /// <https://mariadb.com/kb/en/innodb-system-variables/#innodb_alter_copy_bulk>.
    fn swapping(&self, table: &StoredRelation, copy: Copied) -> Duration {
        let (Some(rates), Some(rows)) = (self.measured(), rows(table)) else {
            return Duration::ZERO;
        };
        let are_sorted = copy.keys == 0 && rates.copied_entries / 2 > rates.inserted_entries;
        let Some(pages) = rates.swapped_pages.filter(|_| !are_sorted) else {
            return Duration::ZERO;
        };
        let there: Vec<u64> = self
            .indexes(table)
            .map(|index| index.bytes.unwrap_or(rows * ENTRY_BYTES))
            .collect();
        let indexes = there.len() as u64 + copy.new;
        let bytes = there.iter().sum::<u64>() + copy.new * rows * ENTRY_BYTES;
        let room = self.pool() / 2;
        if bytes <= room {
            return Duration::ZERO;
        }
        let (bytes, room) = (bytes as f64, room as f64);
        let elsewhere = 1.0 - room / bytes * (1.0 + (bytes / room).ln());
        taking(rows * indexes, pages).mul_f64(elsewhere)
    }

    /// The memory that production has for pages.
    fn pool(&self) -> u64 {
        let setting = setting(self.snapshot, "innodb_buffer_pool_size");
        setting.and_then(|bytes| bytes.parse().ok()).unwrap_or(POOL_BYTES)
    }

    /// Writing all rows, and no index.
    fn rows_written(&self, table: &StoredRelation) -> Option<Duration> {
        Some(taking(self.bytes(table)?, self.measured()?.rewritten_bytes))
    }

    /// Putting an entry for each row into an index.
    fn entries(&self, table: &StoredRelation) -> Option<Duration> {
        self.entries_at(table, |rates| rates.inserted_entries)
    }

    fn entries_at(&self, table: &StoredRelation, per_second: fn(&Rates) -> u64) -> Option<Duration> {
        let rates = self.measured()?;
        let rows = rows(table)?;
        Some(taking(rows, per_second(rates)).mul_f64(deeper(rows, rates)))
    }

    /// Building an index over all rows. Only B-trees were measured.
    fn index(&self, table: &StoredRelation, method: &str, sorts_texts: bool) -> Option<Duration> {
        let rates = self.measured().filter(|_| method == "btree")?;
        let is_language = self.snapshot.server.engine == Engine::Postgres && !self.snapshot.locale.compares_bytes();
        let rate = match (sorts_texts, is_language) {
            (false, _) => rates.indexed_numbers,
            (true, false) => rates.indexed_texts,
            (true, true) => rates.indexed_words,
        };
        let rows = rows(table)?;
        Some(self.read(table)? + taking(rows, rate).mul_f64(deeper(rows, rates)))
    }

    /// Updating all rows. On PostgreSQL each gets a new place, which all indexes learn.
    fn update(&self, table: &StoredRelation) -> Option<Duration> {
        let mut time = taking(rows(table)?, self.measured()?.updated_rows);
        if self.snapshot.server.engine == Engine::Postgres {
            for _ in self.indexes(table) {
                time += self.entries(table)?;
            }
        }
        Some(time)
    }

    /// Deleting all rows. On PostgreSQL their entries stay in the indexes until `VACUUM`.
    fn delete(&self, table: &StoredRelation) -> Option<Duration> {
        let mut time = taking(rows(table)?, self.measured()?.deleted_rows);
        if self.snapshot.server.engine != Engine::Postgres {
            for _ in self.indexes(table) {
                time += self.entries(table)?;
            }
        }
        Some(time)
    }

    fn read(&self, table: &StoredRelation) -> Option<Duration> {
        Some(taking(self.bytes(table)?, self.measured()?.scanned_bytes))
    }

    fn foreign_key(&self, table: &StoredRelation) -> Option<Duration> {
        Some(taking(rows(table)?, self.measured()?.referenced_rows))
    }
}

/// n rows are compared n log n times: how much more that is for each than in the measured table.
fn deeper(rows: u64, rates: &Rates) -> f64 {
    ((rows.max(2) as f64).log2() / (rates.rows.max(2) as f64).log2()).max(1.0)
}

fn taking(amount: u64, per_second: u64) -> Duration {
    Duration::from_secs_f64(amount as f64 / per_second.max(1) as f64)
}
