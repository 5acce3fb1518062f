//! What filling means for all engines: which tables, in which order, and whose rows the rows in them are.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ConstraintKind, ObjectId, ObjectKind, Unfilled};
use dbwright_ddl::{Placement, ROWS_PER_TABLE, Row, Rows, order, placement};

/// How often deleting is tried over all tables again, because rows of one table hold rows of another.
pub(super) const REMOVE_ROUNDS_MAX: usize = 6;

/// How many rows of a table are looked at to tell ours from others.
pub(super) const ROWS_READ_MAX: usize = 20;

/// What is to be filled.
pub(super) struct Scope {
    /// The tables that take rows, parents before children.
    pub(super) tables: Vec<ObjectId>,
    /// Tables that were asked for and take no rows.
    pub(super) unfilled: Vec<Unfilled>,
    /// Tables that were asked for, or that hold the rows of one that was. Others are filled for the sake of these.
    asked: BTreeSet<ObjectId>,
}

impl Scope {
    /// All tables, or these with the tables they refer to.
    pub(super) fn of(catalog: &Catalog, only: Option<&BTreeSet<ObjectId>>) -> Scope {
        let order = order(catalog);
        let mut asked: BTreeSet<ObjectId> = match only {
            None => order.iter().cloned().collect(),
            Some(only) => only.iter().filter(|id| order.contains(id)).cloned().collect(),
        };
        let mut unfilled = Vec::new();
        let mut todo: Vec<ObjectId> = asked.iter().cloned().collect();
        let mut wanted = BTreeSet::new();
        while let Some(id) = todo.pop() {
            let from_user = asked.contains(&id);
            match placement(catalog, &id) {
                Placement::Itself => {
                    if wanted.insert(id.clone()) {
                        todo.extend(parents(catalog, &id));
                    }
                }
                Placement::Above(above) => {
                    if from_user && asked.insert(above.clone()) || !wanted.contains(&above) {
                        todo.push(above);
                    }
                }
                Placement::Partitions => {
                    for (child, table) in catalog.tables() {
                        let is_child = table.partition.as_ref().is_some_and(|partition| partition.parent == id);
                        if is_child && (from_user && asked.insert(child.clone()) || !wanted.contains(child)) {
                            todo.push(child.clone());
                        }
                    }
                }
                Placement::Nowhere(reason) => {
                    if from_user && !unfilled.iter().any(|known: &Unfilled| known.table == id) {
                        unfilled.push(Unfilled {
                            table: id,
                            rows: 0,
                            reason: reason.to_owned(),
                        });
                    }
                }
            }
        }
        let tables = order.into_iter().filter(|id| wanted.contains(id)).collect();
        Scope {
            tables,
            unfilled,
            asked,
        }
    }

    /// Whether somebody asked for this table, or for one whose rows it holds.
    pub(super) fn is_asked(&self, table: &ObjectId) -> bool {
        self.asked.contains(table)
    }

    /// Takes note of a table that has too few rows, if anybody asked for it.
    pub(super) fn note(&mut self, table: &ObjectId, rows: usize, reason: String) {
        if self.asked.contains(table) {
            let rows = u32::try_from(rows).unwrap_or(u32::MAX);
            self.unfilled.push(Unfilled {
                table: table.clone(),
                rows,
                reason,
            });
        }
    }

    /// Whether a reference of the table at this place is checked later than the row is put in.
    pub(super) fn is_checked_later(&self, catalog: &Catalog, at: usize) -> bool {
        self.tables.get(at).is_some_and(|table| {
            let mut constraints = catalog.constraints(table);
            constraints.any(|(_, constraint)| {
                matches!(constraint.kind, ConstraintKind::ForeignKey(_)) && constraint.initially_deferred
            })
        })
    }

    /// The last table, by place, that must be filled before the references of the one at this place can be checked; the
    /// place itself where they can be checked at once.
    pub(super) fn end_of_cycle(&self, catalog: &Catalog, at: usize) -> usize {
        let Some(table) = self.tables.get(at) else { return at };
        let later = catalog
            .constraints(table)
            .filter_map(|(_, constraint)| match &constraint.kind {
                ConstraintKind::ForeignKey(foreign_key) if constraint.deferrable && constraint.enforced => {
                    self.tables.iter().rposition(|id| *id == foreign_key.references)
                }
                _ => None,
            });
        later.max().unwrap_or(at).max(at)
    }
}

fn parents(catalog: &Catalog, table: &ObjectId) -> Vec<ObjectId> {
    let references = catalog
        .constraints(table)
        .filter_map(|(_, constraint)| match &constraint.kind {
            ConstraintKind::ForeignKey(foreign_key) => Some(foreign_key.references.clone()),
            _ => None,
        });
    references.filter(|id| catalog.get(id).is_some()).collect()
}

/// Sorts the rows that a table holds into ours and others', and brings the ledger up to date: rows are deleted, changed
/// and given new columns by what ran since. `ours` says that whatever is in there, was put there by triggers on our rows.
///
/// Gives the number of rows in the table, as far as it was read.
pub(super) fn reconcile(catalog: &Catalog, ledger: &mut Rows, table: &ObjectId, rows: Vec<Row>, ours: bool) -> usize {
    let count = rows.len();
    let key: Vec<String> = catalog
        .constraints(table)
        .find_map(|(_, constraint)| match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => Some(columns.clone()),
            _ => None,
        })
        .unwrap_or_default();
    let mut known: Vec<Option<Row>> = ledger.placed(table).iter().cloned().map(Some).collect();
    let mut placed: Vec<Option<Row>> = vec![None; known.len()];
    let mut found = Vec::new();
    for row in rows {
        let is_this = |known: &Option<Row>| known.as_ref().is_some_and(|known| is_same(known, &row, &key));
        match known.iter().position(is_this) {
            Some(at) => {
                known[at] = None;
                placed[at] = Some(row);
            }
            None if ours => placed.push(Some(row)),
            None => found.push(row),
        }
    }
    ledger.replace(table, placed.into_iter().flatten().collect());
    ledger.set_found(table, found);
    count
}

/// Whether a row read from the table is one of the ledger: by primary key, else by all columns that both have.
fn is_same(known: &Row, read: &Row, key: &[String]) -> bool {
    let same = |column: &str| read.get(column).is_some() && read.get(column) == known.get(column);
    if !key.is_empty() && key.iter().all(|column| known.get(column).is_some()) {
        return key.iter().all(|column| same(column));
    }
    let common: Vec<_> = known
        .values
        .iter()
        .filter(|(column, _)| read.get(column).is_some())
        .collect();
    !common.is_empty() && common.iter().all(|(column, _)| same(column))
}

/// How many rows a table still needs.
pub(super) fn missing(ledger: &Rows, table: &ObjectId) -> usize {
    ROWS_PER_TABLE.saturating_sub(ledger.placed(table).len() + ledger.found(table).len())
}

/// Which row of a table comes next, from 0.
pub(super) fn next_index(ledger: &Rows, table: &ObjectId) -> usize {
    ledger.placed(table).len().min(ROWS_PER_TABLE - 1)
}

/// The tables with generated rows, children before their parents. Rows of tables that are gone leave the ledger.
pub(super) fn children_first(catalog: &Catalog, ledger: &mut Rows) -> Vec<ObjectId> {
    let mut tables = order(catalog);
    tables.reverse();
    let gone: Vec<_> = ledger
        .tables()
        .filter(|table| !tables.contains(table))
        .cloned()
        .collect();
    for table in gone {
        ledger.keep(&table, 0);
    }
    tables.retain(|table| !ledger.placed(table).is_empty());
    tables
}

/// Whether any table has triggers.
pub(super) fn has_triggers(catalog: &Catalog) -> bool {
    catalog.objects.keys().any(|id| id.kind == ObjectKind::Trigger)
}
