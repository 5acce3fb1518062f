//! Which rows a statement touched, and which tables it read from end to end.
//!
//! The server's own numbers do not tell: the affected rows of a statement leave out cascades and triggers, and the counters
//! of the performance schema count attempts (two for a row that `ON DUPLICATE KEY UPDATE` meets) and, on MariaDB, no
//! cascades. So the contents of the tables that a statement can reach are compared, read by a session that sees what is not
//! committed yet. Of tables with too many rows for that, the counters are told.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Catalog, ConstraintKind, Engine, GeneratedKind, ObjectBody, ObjectId, ObjectKind, RowCount};
use dbwright_ddl::quote_identifier;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};

use super::super::blame::words;

/// Up to so many rows, the contents of a table are compared.
const ROWS_COMPARED_MAX: usize = 1_000;

/// Tables that a statement can reach by a routine that is not known, at most.
const TABLES_COMPARED_MAX: usize = 60;

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// Rows by primary key.
    Keyed(BTreeMap<Vec<Vec<u8>>, Vec<Vec<u8>>>),
    /// Rows of a table without one, each with how often it is there.
    Bag(BTreeMap<Vec<Vec<u8>>, u64>),
    /// More than are compared, or a table that could not be read.
    Unknown,
}

impl Held {
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Held::Keyed(rows) => u64::try_from(rows.len()).ok(),
            Held::Bag(rows) => Some(rows.values().sum()),
            Held::Unknown => None,
        }
    }
}

/// Counters of one table, as the performance schema keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Rows read in any way.
    pub(super) read: u64,
    /// Rows read without the help of an index.
    pub(super) read_through: u64,
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) deleted: u64,
}

impl Counted {
    fn since(self, before: Counted) -> Counted {
        Counted {
            read: self.read.saturating_sub(before.read),
            read_through: self.read_through.saturating_sub(before.read_through),
            inserted: self.inserted.saturating_sub(before.inserted),
            updated: self.updated.saturating_sub(before.updated),
            deleted: self.deleted.saturating_sub(before.deleted),
        }
    }
}

/// Tables at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Moment {
    pub(super) held: BTreeMap<ObjectId, Held>,
    counted: BTreeMap<String, Counted>,
    /// The query for the contents of each table, and how many columns its key has.
    queries: BTreeMap<ObjectId, Option<(String, usize)>>,
}

impl Moment {
    /// Reads tables, without their contents where `contents` is not wanted because they are locked.
    pub(super) async fn read(
        conn: &mut Conn,
        database: &str,
        catalog: &Catalog,
        tables: &BTreeSet<ObjectId>,
        contents: bool,
    ) -> Result<Moment, mysql_async::Error> {
        let queries = tables.iter().map(|table| {
            let query = contents_query(database, catalog, table).filter(|_| contents);
            (table.clone(), query)
        });
        Moment::of(conn, database, queries.collect()).await
    }

    /// The same tables later, in the columns that they had before.
    pub(super) async fn again(&self, conn: &mut Conn, database: &str) -> Result<Moment, mysql_async::Error> {
        Moment::of(conn, database, self.queries.clone()).await
    }

    async fn of(
        conn: &mut Conn,
        database: &str,
        queries: BTreeMap<ObjectId, Option<(String, usize)>>,
    ) -> Result<Moment, mysql_async::Error> {
        let mut moment = Moment::default();
        for (table, query) in &queries {
            let held = match query {
                Some((query, key)) => held(conn, query, *key).await?,
                None => Held::Unknown,
            };
            moment.held.insert(table.clone(), held);
        }
        if !queries.is_empty() {
            moment.counted = counters(conn, database).await?;
        }
        moment.queries = queries;
        Ok(moment)
    }

    /// What was touched between two moments. Of tables that have new columns now (`widened`), only the counters tell what
    /// was written to these.
    pub(super) fn touched_since(&self, before: &Moment, widened: &BTreeSet<ObjectId>) -> Vec<RowCount> {
        let mut touched = Vec::new();
        for (table, old) in &before.held {
            let counted = self.counted_since(before, table.name());
            let mut count = match (old, self.held.get(table)) {
                (Held::Keyed(old), Some(Held::Keyed(new))) => keyed(table, old, new, counted),
                (Held::Bag(old), Some(Held::Bag(new))) => bag(table, old, new, counted),
                _ => RowCount {
                    table: table.clone(),
                    inserted: counted.inserted,
                    updated: counted.updated,
                    deleted: counted.deleted,
                },
            };
            if widened.contains(table) {
                count.updated = count.updated.max(counted.updated);
            }
            if count.inserted + count.updated + count.deleted > 0 {
                touched.push(count);
            }
        }
        touched
    }

    /// Tables that were read from end to end without an index between two moments.
    ///
    /// Nothing where the statement itself reads several: which of them is read whole is then the planner's choice, and
    /// depends on sizes that tables here do not have.
    pub(super) fn scanned_since(&self, before: &Moment, text: &str) -> Vec<ObjectId> {
        let named: BTreeSet<String> = words(text).into_iter().collect();
        let is_read = |table: &&ObjectId| {
            named.contains(&table.name().to_lowercase()) && self.counted_since(before, table.name()).read > 0
        };
        if before.held.keys().filter(is_read).count() > 1 {
            return Vec::new();
        }
        let is_scanned = |table: &&ObjectId| {
            let read = self.counted_since(before, table.name()).read_through;
            let rows = before.held.get(*table).and_then(Held::count);
            rows.is_some_and(|rows| rows > 0 && read >= rows)
        };
        before.held.keys().filter(is_scanned).cloned().collect()
    }

    fn counted_since(&self, before: &Moment, table: &str) -> Counted {
        let of = |moment: &Moment| moment.counted.get(table).copied().unwrap_or_default();
        of(self).since(of(before))
    }
}

/// The tables that a statement can reach, as far as its words tell: those it names, those that triggers, routines and views
/// with these names work on, and those that foreign keys take along.
pub(super) fn reachable(catalog: &Catalog, text: &str, any: bool) -> BTreeSet<ObjectId> {
    if any {
        return catalog
            .tables()
            .map(|(id, _)| id.clone())
            .take(TABLES_COMPARED_MAX)
            .collect();
    }
    let mut tables = BTreeSet::new();
    let mut read = BTreeSet::new();
    let mut todo: Vec<String> = words(text);
    while let Some(word) = todo.pop() {
        if !read.insert(word.clone()) {
            continue;
        }
        for object in catalog.objects.values() {
            let named = object.id.name().to_lowercase();
            match &object.body {
                ObjectBody::Table(_) if named == word => {
                    tables.insert(object.id.clone());
                }
                ObjectBody::View(_) if named == word => todo.extend(words(&object.definition)),
                ObjectBody::Routine(_) if named.split('(').next() == Some(&word) => {
                    todo.extend(words(&object.definition));
                }
                ObjectBody::Trigger(_) if is_of(&object.id, &word) => todo.extend(words(&object.definition)),
                ObjectBody::Constraint(constraint) => {
                    if let ConstraintKind::ForeignKey(key) = &constraint.kind
                        && key.references.name().to_lowercase() == word
                    {
                        todo.extend(object.id.owner_table().map(|table| table.name().to_lowercase()));
                    }
                }
                _ => {}
            }
        }
    }
    tables
}

fn is_of(id: &ObjectId, table: &str) -> bool {
    id.owner_table()
        .is_some_and(|owner| owner.name().to_lowercase() == table)
}

/// The query for the rows of a table, its primary key first, and how many columns that has.
fn contents_query(database: &str, catalog: &Catalog, table: &ObjectId) -> Option<(String, usize)> {
    let key: Vec<String> = catalog
        .constraints(table)
        .find_map(|(_, constraint)| match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => Some(columns.clone()),
            _ => None,
        })
        .unwrap_or_default();
    let others = catalog.columns(table).into_iter().filter(|(id, column)| {
        let computed = column
            .generated
            .as_ref()
            .is_some_and(|generated| generated.kind == GeneratedKind::Virtual);
        !computed && !key.iter().any(|name| name == id.name())
    });
    let names: Vec<String> = key
        .iter()
        .map(String::as_str)
        .chain(others.map(|(id, _)| id.name()))
        .map(|name| quote_identifier(Engine::MySql, name))
        .collect();
    if names.is_empty() || table.kind != ObjectKind::Table {
        return None;
    }
    let query = format!(
        "SELECT {} FROM {}.{} LIMIT {}",
        names.join(", "),
        quote_identifier(Engine::MySql, database),
        quote_identifier(Engine::MySql, table.name()),
        ROWS_COMPARED_MAX + 1
    );
    Some((query, key.len()))
}

async fn held(conn: &mut Conn, query: &str, key: usize) -> Result<Held, mysql_async::Error> {
    let rows: Vec<Row> = match conn.query(query).await {
        Ok(rows) => rows,
        // Locked, or a column that this session may not read: its rows are not known, and nothing else is wrong.
        Err(mysql_async::Error::Server(_)) => return Ok(Held::Unknown),
        Err(error) => return Err(error),
    };
    if rows.len() > ROWS_COMPARED_MAX {
        return Ok(Held::Unknown);
    }
    let cells = rows
        .into_iter()
        .map(|row| row.unwrap_raw().into_iter().flatten().map(cell).collect::<Vec<_>>());
    if key == 0 {
        let mut bag = BTreeMap::new();
        for row in cells {
            *bag.entry(row).or_default() += 1;
        }
        return Ok(Held::Bag(bag));
    }
    let keyed = cells.map(|mut row| {
        let rest = row.split_off(key.min(row.len()));
        (row, rest)
    });
    Ok(Held::Keyed(keyed.collect()))
}

/// A value as bytes that tell `NULL` from any text.
fn cell(value: Value) -> Vec<u8> {
    match value {
        Value::NULL => Vec::new(),
        Value::Bytes(bytes) => [b"=", bytes.as_slice()].concat(),
        // Not in the text protocol.
        other => other.as_sql(true).into_bytes(),
    }
}

async fn counters(conn: &mut Conn, database: &str) -> Result<BTreeMap<String, Counted>, mysql_async::Error> {
    let query = format!(
        "SELECT OBJECT_NAME, INDEX_NAME, COUNT_FETCH, COUNT_INSERT, COUNT_UPDATE, COUNT_DELETE \
         FROM performance_schema.table_io_waits_summary_by_index_usage \
         WHERE COUNT_STAR > 0 AND OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA = {}",
        dbwright_ddl::quote_literal(Engine::MySql, database)
    );
    let rows: Vec<(String, Option<String>, u64, u64, u64, u64)> = match conn.query(query).await {
        Ok(rows) => rows,
        Err(mysql_async::Error::Server(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut counted: BTreeMap<String, Counted> = BTreeMap::new();
    for (table, index, fetched, inserted, updated, deleted) in rows {
        let table = counted.entry(table).or_default();
        table.read += fetched;
        if index.is_none() {
            table.read_through += fetched;
        }
        table.inserted += inserted;
        table.updated += updated;
        table.deleted += deleted;
    }
    Ok(counted)
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

fn keyed(
    table: &ObjectId,
    old: &BTreeMap<Vec<Vec<u8>>, Vec<Vec<u8>>>,
    new: &BTreeMap<Vec<Vec<u8>>, Vec<Vec<u8>>>,
    counted: Counted,
) -> RowCount {
    let changed = new
        .iter()
        .filter(|(key, row)| old.get(*key).is_some_and(|old| old != *row));
    let touched = RowCount {
        table: table.clone(),
        inserted: count(new.keys().filter(|key| !old.contains_key(*key)).count()),
        updated: count(changed.count()),
        deleted: count(old.keys().filter(|key| !new.contains_key(*key)).count()),
    };
    moved(touched, counted)
}

fn bag(
    table: &ObjectId,
    old: &BTreeMap<Vec<Vec<u8>>, u64>,
    new: &BTreeMap<Vec<Vec<u8>>, u64>,
    counted: Counted,
) -> RowCount {
    let more = |here: &BTreeMap<Vec<Vec<u8>>, u64>, there: &BTreeMap<Vec<Vec<u8>>, u64>| -> u64 {
        let rows = here.iter();
        rows.map(|(row, times)| times.saturating_sub(there.get(row).copied().unwrap_or_default()))
            .sum()
    };
    let touched = RowCount {
        table: table.clone(),
        inserted: more(new, old),
        updated: 0,
        deleted: more(old, new),
    };
    moved(touched, counted)
}

/// A row that is gone and one that is new are the same row with other values, where nothing was inserted or deleted.
fn moved(touched: RowCount, counted: Counted) -> RowCount {
    if counted.inserted > 0 && counted.deleted > 0 {
        return touched;
    }
    let moved = touched.inserted.min(touched.deleted);
    RowCount {
        table: touched.table,
        inserted: touched.inserted - moved,
        updated: touched.updated + moved,
        deleted: touched.deleted - moved,
    }
}
