//! Generated rows: a few per table, so that what a migration does to rows can be watched.
//!
//! The rows are guesses: whether a server takes them it says itself, and each further attempt guesses differently. What
//! conditions demand is worked out beforehand as far as they are understood, so that most rows go in at once.

mod bound_proof;
mod calendar;
mod column;
mod demand;
mod expression;
mod generate;
mod hint;
mod insert;
mod json;
mod kind;
mod order;
mod partition;
mod pattern;
mod search;
mod value;

use std::collections::BTreeMap;

use dbwright_catalog::{Catalog, Change, Object, ObjectBody, ObjectId, ObjectKind};

pub use bound_proof::{BoundProof, BoundQuestion, bound_proof};
pub use generate::candidates;
pub use insert::{delete_sql, insert_sql};
pub use order::{Placement, order, placement};

/// How many rows a table is given.
pub const ROWS_PER_TABLE: usize = 3;

/// How many different guesses for one row are worth trying.
pub const ATTEMPTS: usize = 24;

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The table it is inserted into.
    pub table: ObjectId,
    /// Columns with the SQL literals of their values. Columns that are not named take their default.
    pub values: Vec<(String, String)>,
}

impl Row {
    /// The literal in this column.
    pub fn get(&self, column: &str) -> Option<&str> {
        let found = self.values.iter().find(|(name, _)| name == column);
        found.map(|(_, sql)| sql.as_str())
    }
}

/// The ledger: which rows are where, so that further ones can refer to them and stay distinct from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    placed: BTreeMap<ObjectId, Vec<Row>>,
    found: BTreeMap<ObjectId, Vec<Row>>,
    guesses: BTreeMap<ObjectId, usize>,
}

impl Rows {
    /// How many guesses the rows of this table took, those of the row that took the most; 0 where none were put in.
    pub fn guesses(&self, table: &ObjectId) -> usize {
        self.guesses.get(table).copied().unwrap_or_default()
    }

    /// Takes note of how many guesses a row of this table took.
    pub fn guessed(&mut self, table: &ObjectId, guesses: usize) {
        let most = self.guesses.entry(table.clone()).or_default();
        *most = guesses.max(*most);
    }

    /// The generated rows in this table, oldest first.
    pub fn placed(&self, table: &ObjectId) -> &[Row] {
        self.placed.get(table).map_or(&[], Vec::as_slice)
    }

    /// Rows of this table that were there already (some of them, if there are many).
    pub fn found(&self, table: &ObjectId) -> &[Row] {
        self.found.get(table).map_or(&[], Vec::as_slice)
    }

    /// Takes note of a generated row.
    pub fn place(&mut self, row: Row) {
        self.placed.entry(row.table.clone()).or_default().push(row);
    }

    /// Keeps only the first `count` generated rows of this table.
    pub fn keep(&mut self, table: &ObjectId, count: usize) {
        if let Some(rows) = self.placed.get_mut(table) {
            rows.truncate(count);
            if rows.is_empty() {
                self.placed.remove(table);
            }
        }
    }

    /// Replaces the generated rows of this table.
    pub fn replace(&mut self, table: &ObjectId, rows: Vec<Row>) {
        self.placed.remove(table);
        for row in rows {
            self.place(row);
        }
    }

    /// Takes note of rows that were in this table already.
    pub fn set_found(&mut self, table: &ObjectId, rows: Vec<Row>) {
        self.found.remove(table);
        if !rows.is_empty() {
            self.found.insert(table.clone(), rows);
        }
    }

    /// The tables that hold generated rows.
    pub fn tables(&self) -> impl Iterator<Item = &ObjectId> {
        self.placed.keys()
    }

    /// Whether no table holds generated rows.
    pub fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// How many generated rows the tables hold.
    pub fn count(&self) -> usize {
        self.placed.values().map(Vec::len).sum()
    }

    /// A table has another name now.
    pub fn rename(&mut self, before: &ObjectId, after: &ObjectId) {
        let rows = self.placed.remove(before).unwrap_or_default();
        let renamed = |row: Row| Row {
            table: after.clone(),
            ..row
        };
        self.replace(after, rows.into_iter().map(renamed).collect());
        self.found.remove(before);
    }

    /// Follows tables and columns that were renamed or dropped. What is still wrong afterwards (a column was given new
    /// values), filling the table finds out.
    pub fn follow(&mut self, changes: &[Change]) {
        self.found.clear();
        for change in changes {
            match change {
                Change::Dropped(Object { id, .. }) if id.kind == ObjectKind::Table => {
                    self.placed.remove(id);
                }
                Change::Altered { before, after } if before.id.kind == ObjectKind::Table && before.id != after.id => {
                    self.rename(&before.id, &after.id);
                }
                _ => {}
            }
        }
        for change in changes {
            match change {
                Change::Dropped(Object { id, .. }) if id.kind == ObjectKind::Column => self.column_moved(id, None),
                Change::Altered { before, after } if before.id.kind == ObjectKind::Column && before.id != after.id => {
                    self.column_moved(&before.id, Some(after.id.name()));
                }
                _ => {}
            }
        }
    }

    fn column_moved(&mut self, column: &ObjectId, new_name: Option<&str>) {
        let rows = column.owner_table().and_then(|table| self.placed.get_mut(&table));
        for row in rows.into_iter().flatten() {
            match new_name {
                None => row.values.retain(|(name, _)| name != column.name()),
                Some(new_name) => {
                    for (name, _) in row.values.iter_mut().filter(|(name, _)| name == column.name()) {
                        new_name.clone_into(name);
                    }
                }
            }
        }
    }

    /// The rows of a table that others can refer to: the generated ones first. The rows of a partitioned table are those
    /// of its partitions.
    fn referable<'a>(&'a self, catalog: &'a Catalog, table: &'a ObjectId) -> Vec<&'a Row> {
        let mut tables = vec![table];
        let mut at = 0;
        while let Some(table) = tables.get(at).copied() {
            tables.extend(partition::children(catalog, table).map(|(id, _)| id));
            at += 1;
        }
        let placed = tables.iter().flat_map(|table| self.placed(table));
        placed
            .chain(tables.iter().flat_map(|table| self.found(table)))
            .collect()
    }
}

fn table_of<'a>(catalog: &'a Catalog, id: &ObjectId) -> Option<&'a dbwright_catalog::Table> {
    match &catalog.get(id)?.body {
        ObjectBody::Table(table) => Some(table),
        _ => None,
    }
}
