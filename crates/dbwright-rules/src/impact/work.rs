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

use super::{Production, rows};

/// How much longer a server with default settings takes that reads files on a disk and checks their sums, and sorts texts by
/// the rules of a language: beside the measured PostgreSQL, tables of 0.1 to 2 GB took 1.3 to 2.9 times as long to read and to hold
/// against a foreign key, and 1.6 to 2.1 times as long to sort (docs/production.md). Writing and sorting numbers did not.
const READING: f64 = 2.0;
const SORTING_TEXTS: f64 = 1.6;

/// How much longer InnoDB takes with default settings to build a table in place and to update rows, because its log is written
/// to a disk: 1.5 to 3.7 times as long beside the measured one, on tables of 0.1 and 0.5 GB.
const LOGGING: f64 = 2.0;

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
    works.rewrites(effect);
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

impl Works<'_> {
    fn put(&mut self, table: &ObjectId, kind: WorkKind, object: &ObjectId, time: Option<TimeRange>) {
        let object = object.clone();
        self.found.push((table.clone(), TableWork { kind, object, time }));
        self.done.insert(table.clone());
    }

    fn rewrites(&mut self, effect: &Effect) {
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
            let time = if copied.contains(table) {
                production.copy(stored)
            } else if in_place.contains(table) {
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
                let time = self.production.scan(stored);
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
        let mut time = taking(self.bytes(table)?, bytes_per_second(self.measured()?)).mul_f64(self.logging());
        for index in self.indexes(table) {
            time += self.index(table, index.access_method.as_deref().unwrap_or("btree"), false)?;
        }
        Some(time)
    }

    /// Writing all rows into a new table, one by one, and each into all indexes.
    fn copy(&self, table: &StoredRelation) -> Option<Duration> {
        let mut time = self.rows_written(table)?;
        for _ in self.indexes(table) {
            time += self.entries(table)?;
        }
        Some(time)
    }

    /// Writing all rows, and no index.
    fn rows_written(&self, table: &StoredRelation) -> Option<Duration> {
        Some(taking(self.bytes(table)?, self.measured()?.rewritten_bytes))
    }

    /// Putting an entry for each row into an index.
    fn entries(&self, table: &StoredRelation) -> Option<Duration> {
        let rates = self.measured()?;
        let rows = rows(table)?;
        Some(taking(rows, rates.inserted_entries).mul_f64(deeper(rows, rates)))
    }

    /// Building an index over all rows. Only B-trees were measured.
    fn index(&self, table: &StoredRelation, method: &str, sorts_texts: bool) -> Option<Duration> {
        let rates = self.measured().filter(|_| method == "btree")?;
        let (rate, slower) = if sorts_texts {
            (rates.indexed_texts, SORTING_TEXTS)
        } else {
            (rates.indexed_numbers, 1.0)
        };
        let rows = rows(table)?;
        Some(self.read(table)? + taking(rows, rate).mul_f64(deeper(rows, rates) * slower))
    }

    /// Updating all rows. On PostgreSQL each gets a new place, which all indexes learn.
    fn update(&self, table: &StoredRelation) -> Option<Duration> {
        let mut time = taking(rows(table)?, self.measured()?.updated_rows).mul_f64(self.logging());
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

    fn scan(&self, table: &StoredRelation) -> Option<Duration> {
        self.read(table).map(|time| time.mul_f64(self.reading()))
    }

    fn foreign_key(&self, table: &StoredRelation) -> Option<Duration> {
        Some(taking(rows(table)?, self.measured()?.referenced_rows).mul_f64(self.reading()))
    }

    fn logging(&self) -> f64 {
        match self.snapshot.server.engine {
            Engine::MySql | Engine::MariaDb => LOGGING,
            Engine::Postgres | Engine::Sqlite => 1.0,
        }
    }

    fn reading(&self) -> f64 {
        match self.snapshot.server.engine {
            Engine::Postgres => READING,
            Engine::MySql | Engine::MariaDb | Engine::Sqlite => 1.0,
        }
    }
}

/// n rows are compared n log n times: how much more that is for each than in the measured table.
fn deeper(rows: u64, rates: &Rates) -> f64 {
    ((rows.max(2) as f64).log2() / (rates.rows.max(2) as f64).log2()).max(1.0)
}

fn taking(amount: u64, per_second: u64) -> Duration {
    Duration::from_secs_f64(amount as f64 / per_second.max(1) as f64)
}
