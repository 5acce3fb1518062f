//! What a statement does to tables of production that takes time, and how much of it.

#![expect(
    clippy::cast_precision_loss,
    reason = "estimates need no more digits than a float has"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use dbwright_catalog::{
    Algorithm, Catalog, Change, Column, ConstraintKind, Effect, Index, ObjectBody, ObjectId, Rates, StoredKind,
    StoredRelation, TableWork, TimeRange, Trace, WorkKind,
};

use super::{Production, rows};

/// How much longer a server with default settings takes that reads files on a disk and checks their sums, and sorts texts by
/// the rules of a language: beside the measured one, tables of 0.1 to 2 GB took 1.3 to 2.9 times as long to read and to hold
/// against a foreign key, and 1.6 to 2.1 times as long to sort (docs/production.md). Writing and sorting numbers did not.
const READING: f64 = 2.0;
const SORTING_TEXTS: f64 = 1.6;

/// The work of a statement, with the table that it is done to.
pub(super) fn of(production: &Production<'_>, trace: &Trace, effect: &Effect) -> Vec<(ObjectId, TableWork)> {
    let mut works = Vec::new();
    let mut done: BTreeSet<ObjectId> = BTreeSet::new();
    let mut put = |table: &ObjectId, kind: WorkKind, object: &ObjectId, time: Option<Duration>| {
        let time = time.map(TimeRange::around);
        let object = object.clone();
        works.push((table.clone(), TableWork { kind, object, time }));
    };
    let copied = effect
        .operations
        .iter()
        .filter(|operation| operation.algorithm == Algorithm::Copy)
        .map(|operation| &operation.table);
    let rewritten: BTreeSet<&ObjectId> = effect.rewritten.iter().chain(copied).collect();
    for table in rewritten {
        if let Some(stored) = production.table(table) {
            put(table, WorkKind::Rewrite, table, production.rewrite(stored));
            done.insert(table.clone());
        }
    }
    for (id, index) in built(trace, effect) {
        // Those of a table that is written anew are a part of that.
        let Some(stored) = production.table(&index.table).filter(|_| !done.contains(&index.table)) else {
            continue;
        };
        let is_text = sorts_texts(&trace.catalog, index);
        let time = production.index(stored, &index.method, is_text);
        put(&index.table, WorkKind::IndexBuild, id, time);
    }
    let indexed: Vec<&ObjectId> = built(trace, effect)
        .into_iter()
        .map(|(_, index)| &index.table)
        .collect();
    done.extend(indexed.into_iter().cloned());
    for (child, parent) in foreign_keys(effect) {
        if let Some(stored) = production.table(&child) {
            put(
                &child,
                WorkKind::ForeignKeyCheck,
                parent,
                production.foreign_key(stored),
            );
            done.extend([child, parent.clone()]);
        }
    }
    let written: BTreeSet<&ObjectId> = effect.rows.iter().map(|rows| &rows.table).collect();
    for table in effect.scanned.iter().filter(|table| !done.contains(*table)) {
        if let Some(stored) = production.table(table) {
            // Of what is done to the rows that are found, nothing was measured.
            let time = production.scan(stored).filter(|_| !written.contains(table));
            put(table, WorkKind::Scan, table, time);
        }
    }
    works
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

    /// Writing all rows anew, and all indexes.
    fn rewrite(&self, table: &StoredRelation) -> Option<Duration> {
        let rates = self.measured()?;
        let mut time = taking(self.bytes(table)?, rates.rewritten_bytes);
        let is_of_it = |relation: &&StoredRelation| {
            relation.kind == StoredKind::Index
                && relation.schema == table.schema
                && relation.table.as_ref() == Some(&table.name)
        };
        for index in self.snapshot.relations.iter().filter(is_of_it) {
            time += self.index(table, index.access_method.as_deref().unwrap_or("btree"), false)?;
        }
        Some(time)
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
        // n rows are compared n log n times.
        let deeper = (rows.max(2) as f64).log2() / (rates.rows.max(2) as f64).log2();
        let read = taking(self.bytes(table)?, rates.scanned_bytes);
        Some(read + taking(rows, rate).mul_f64(deeper.max(1.0) * slower))
    }

    fn scan(&self, table: &StoredRelation) -> Option<Duration> {
        Some(taking(self.bytes(table)?, self.measured()?.scanned_bytes).mul_f64(READING))
    }

    fn foreign_key(&self, table: &StoredRelation) -> Option<Duration> {
        Some(taking(rows(table)?, self.measured()?.referenced_rows).mul_f64(READING))
    }
}

fn taking(amount: u64, per_second: u64) -> Duration {
    Duration::from_secs_f64(amount as f64 / per_second.max(1) as f64)
}
