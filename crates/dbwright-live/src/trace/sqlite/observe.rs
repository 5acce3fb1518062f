//! Watching a single statement: bytecode and authorizer before it runs, the update hook while it runs, catalog and row
//! counts around it.
//!
//! The update hook is silent about rows of `WITHOUT ROWID` tables, rows that `REPLACE` pushes out, tables emptied at one
//! stroke and rows that `CREATE TABLE … AS` writes; counts and contents before and after fill these gaps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use dbwright_catalog::{
    Catalog, Change, ColumnExtra, Effect, Engine, GeneratedKind, Known, ObjectBody, ObjectId, Outcome, RowCount, Rows,
    TableExtra, TableKind, TransactionId,
};
use dbwright_ddl::{qualified_name, quote_identifier};
use rusqlite::Connection;

use super::bytecode::{self, Bytecode, Roots};
use super::changes::{self, Moment};
use super::session::{Ran, Seen, Session, Touched, doing};
use crate::LiveError;
use crate::introspect::sqlite::CatalogState;

/// Pragmas whose `EXPLAIN` says something. Many others take effect while they are compiled.
const EXPLAINED_PRAGMAS: [&str; 3] = ["integrity_check", "quick_check", "foreign_key_check"];

/// Up to so many rows, the contents of a `WITHOUT ROWID` table are compared.
const ROWS_COMPARED_MAX: u64 = 20_000;

/// Watches the statements that run in one session, one after the other.
pub(super) struct Observer {
    state: CatalogState,
    roots: Roots,
    schema_version: i64,
    /// Whether tables hold generated rows.
    rows: Rows,
}

/// What a table held before a statement.
struct Held {
    count: u64,
    /// Rows by primary key, of `WITHOUT ROWID` tables only.
    contents: Option<BTreeMap<Vec<String>, Vec<String>>>,
}

impl Observer {
    /// Begins with the database as it stands. `state` is what is known of one like it.
    pub(super) fn new(session: &Session, mut state: CatalogState, rows: Rows) -> Result<Self, LiveError> {
        state.refresh(&session.connection)?;
        Ok(Observer {
            roots: Roots::of(state.roots()),
            state,
            schema_version: schema_version(session)?,
            rows,
        })
    }

    /// The catalog after the last statement.
    pub(super) fn catalog(&self) -> &Catalog {
        self.state.catalog()
    }

    /// What is known of the database in the end.
    pub(super) fn into_state(self) -> CatalogState {
        self.state
    }

    /// Runs a statement and tells what it did. The outcome of the effect is for the caller to judge.
    pub(super) fn run(
        &mut self,
        session: &Session,
        text: &str,
        transaction: TransactionId,
    ) -> Result<(Ran, Effect), LiveError> {
        let (bytecode, foreseen) = self.look(session, text);
        let held: BTreeMap<String, Held> = foreseen
            .written
            .iter()
            .map(|table| (table.clone(), self.held(&session.connection, table)))
            .collect();

        let began = Instant::now();
        let ran = session.run(text)?;
        let mut effect = Effect::without_observation(Known::Observed, Outcome::Done, transaction);
        effect.duration = began.elapsed();
        effect.generated_rows = self.rows;
        let seen = session.seen();
        let direct_changes = session.connection.changes();

        let names = seen.rows.keys().chain(held.keys()).chain(&seen.written);
        let existing: BTreeMap<String, bool> = names
            .filter_map(|name| Some((name.clone(), self.is_virtual(name)?)))
            .collect();
        if ran == Ran::Done {
            self.note_work(&bytecode, &seen, &mut effect);
        }
        effect.changes = self.follow(session)?;
        if ran == Ran::Done {
            effect.rows = self.rows_touched(session, &existing, &seen, &held, direct_changes, &effect.changes);
        }
        Ok((ran, effect))
    }

    /// What a statement did to the tables and indexes that there were before it.
    fn note_work(&self, bytecode: &Bytecode, seen: &Seen, effect: &mut Effect) {
        let existing = self.catalog();
        let scanned = bytecode.scanned.union(&seen.checked);
        effect.scanned = tables(existing, scanned.map(String::as_str));
        if bytecode.defines {
            effect.rewritten = tables(existing, bytecode.written_in_loop.iter().map(String::as_str));
        }
        effect.rebuilt_indexes = indexes(existing, |name| bytecode.refilled.contains(name));
        if bytecode.vacuum {
            effect.rewritten = existing
                .tables()
                .filter(|(_, table)| table.kind == TableKind::Ordinary)
                .map(|(id, _)| id.clone())
                .collect();
            effect.scanned.clone_from(&effect.rewritten);
            effect.rebuilt_indexes = indexes(existing, |_| true);
        }
    }

    /// Compiles a statement without running it.
    fn look(&self, session: &Session, text: &str) -> (Bytecode, Seen) {
        let explain = match dbwright_sql::summarise(Engine::Sqlite, text) {
            dbwright_sql::Summary::Pragma { name, .. } => EXPLAINED_PRAGMAS.contains(&name.as_str()),
            _ => true,
        };
        if !explain {
            return (Bytecode::default(), Seen::default());
        }
        session.look(|connection| bytecode::read(connection, text, &self.roots))
    }

    /// Brings the catalog up to date; gives what changed. SQLite counts changes of the schema, also uncommitted ones.
    fn follow(&mut self, session: &Session) -> Result<Vec<Change>, LiveError> {
        let schema_version = schema_version(session)?;
        if schema_version == self.schema_version {
            return Ok(Vec::new());
        }
        let replaced = self.state.refresh(&session.connection)?;
        let roots = Roots::of(self.state.roots());
        let before = Moment {
            catalog: &replaced.before,
            roots: &self.roots,
        };
        let after = Moment {
            catalog: &replaced.after,
            roots: &roots,
        };
        let changes = changes::changes(&before, &after);
        self.roots = roots;
        self.schema_version = schema_version;
        Ok(changes)
    }

    fn held(&self, connection: &Connection, table: &str) -> Held {
        let id = ObjectId::table("main", table);
        let count = count(connection, self.catalog(), &id);
        let compared = is_without_rowid(self.catalog(), &id) && count <= ROWS_COMPARED_MAX;
        Held {
            count,
            contents: compared.then(|| contents(connection, self.catalog(), &id).unwrap_or_default()),
        }
    }

    /// Whether a table is virtual; nothing where there is no such table.
    fn is_virtual(&self, name: &str) -> Option<bool> {
        let object = self.catalog().get(&ObjectId::table("main", name))?;
        Some(is_virtual(&object.body))
    }

    /// Which rows a statement touched. `existing` are the tables that there were before it, and whether each is virtual.
    fn rows_touched(
        &self,
        session: &Session,
        existing: &BTreeMap<String, bool>,
        seen: &Seen,
        held: &BTreeMap<String, Held>,
        direct_changes: u64,
        changes: &[Change],
    ) -> Vec<RowCount> {
        let renamed = changes::table_names(changes);
        let is_renamed = |id: &ObjectId| renamed.contains_key(id) || renamed.values().any(|old| *old == id);
        let names: BTreeSet<&String> = seen.rows.keys().chain(held.keys()).chain(&seen.written).collect();
        let mut rows = Vec::new();
        for name in names {
            let id = ObjectId::table("main", name.clone());
            let Some(is_virtual) = existing.get(name).copied().or_else(|| self.is_virtual(name)) else {
                continue;
            };
            let mut touched = seen.rows.get(name).copied().unwrap_or_default();
            if is_virtual {
                // Dropping one deletes no rows that anybody counts.
                let still = self.catalog().get(&id).is_some();
                touched = directly(seen, name, if still { direct_changes } else { 0 });
            } else if let (Some(before), false) = (held.get(name), is_renamed(&id)) {
                let after = self.held(&session.connection, name);
                match (&before.contents, &after.contents) {
                    (Some(old), Some(new)) => {
                        touched = difference(old, new);
                        // Rows that were written with the values they had.
                        let written = directly(seen, name, direct_changes).updated;
                        touched.updated = touched.updated.max(written.min(after.count));
                    }
                    _ => balance(&mut touched, before.count, after.count),
                }
            }
            if touched != Touched::default() {
                rows.push(RowCount {
                    table: id,
                    inserted: touched.inserted,
                    updated: touched.updated,
                    deleted: touched.deleted,
                });
            }
        }
        rows
    }
}

fn schema_version(session: &Session) -> Result<i64, LiveError> {
    session
        .number("PRAGMA main.schema_version")
        .map_err(doing("reading the schema version"))
}

fn tables<'a>(catalog: &Catalog, names: impl Iterator<Item = &'a str>) -> Vec<ObjectId> {
    names
        .map(|name| ObjectId::table("main", name))
        .filter(|id| catalog.get(id).is_some())
        .collect()
}

fn indexes(catalog: &Catalog, wanted: impl Fn(&str) -> bool) -> Vec<ObjectId> {
    let indexes = catalog
        .objects
        .values()
        .filter(|object| matches!(object.body, ObjectBody::Index(_)));
    indexes
        .filter(|object| wanted(object.id.name()))
        .map(|object| object.id.clone())
        .collect()
}

fn is_virtual(body: &ObjectBody) -> bool {
    matches!(body, ObjectBody::Table(table) if table.kind == TableKind::Virtual)
}

fn is_without_rowid(catalog: &Catalog, table: &ObjectId) -> bool {
    match catalog.get(table).map(|object| &object.body) {
        Some(ObjectBody::Table(table)) => matches!(&table.extra, TableExtra::Sqlite(extra) if extra.without_rowid),
        _ => false,
    }
}

/// The rows of an ordinary table; none where there is no such table.
fn count(connection: &Connection, catalog: &Catalog, table: &ObjectId) -> u64 {
    match catalog.get(table) {
        Some(object) if !is_virtual(&object.body) => {
            let query = format!("SELECT count(*) FROM main.{}", qualified_name(Engine::Sqlite, table));
            let count: i64 = connection.query_row(&query, [], |row| row.get(0)).unwrap_or_default();
            u64::try_from(count).unwrap_or_default()
        }
        _ => 0,
    }
}

/// The rows of a table by primary key, each value as SQL text.
fn contents(
    connection: &Connection,
    catalog: &Catalog,
    table: &ObjectId,
) -> rusqlite::Result<BTreeMap<Vec<String>, Vec<String>>> {
    let mut keys = Vec::new();
    let mut values = Vec::new();
    for (id, column) in catalog.columns(table) {
        let ColumnExtra::Sqlite(extra) = &column.extra else {
            continue;
        };
        let quoted = format!("quote({})", quote_identifier(Engine::Sqlite, id.name()));
        let computed = column
            .generated
            .as_ref()
            .is_some_and(|generated| generated.kind == GeneratedKind::Virtual);
        if extra.primary_key_position > 0 {
            keys.push(quoted);
        } else if !computed {
            values.push(quoted);
        }
    }
    let count = keys.len();
    let columns: Vec<_> = keys.into_iter().chain(values).collect();
    let query = format!(
        "SELECT {} FROM main.{}",
        columns.join(", "),
        qualified_name(Engine::Sqlite, table)
    );
    let mut statement = connection.prepare(&query)?;
    let rows = statement.query_map([], |row| {
        let mut cells = (0..columns.len()).map(|index| row.get::<_, String>(index));
        let key = cells.by_ref().take(count).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok((key, cells.collect::<rusqlite::Result<Vec<_>>>()?))
    })?;
    rows.collect()
}

fn difference(old: &BTreeMap<Vec<String>, Vec<String>>, new: &BTreeMap<Vec<String>, Vec<String>>) -> Touched {
    let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
    Touched {
        inserted: count(new.keys().filter(|key| !old.contains_key(*key)).count()),
        updated: count(
            new.iter()
                .filter(|(key, row)| old.get(*key).is_some_and(|old| old != *row))
                .count(),
        ),
        deleted: count(old.keys().filter(|key| !new.contains_key(*key)).count()),
    }
}

/// What the statement itself did to a table that no hook tells of.
fn directly(seen: &Seen, table: &str, changes: u64) -> Touched {
    Touched {
        inserted: if seen.inserts.contains(table) { changes } else { 0 },
        updated: if seen.updates.contains(table) { changes } else { 0 },
        deleted: if seen.deletes.contains(table) { changes } else { 0 },
    }
}

/// Adds what the hook kept silent about, so that the rows before and after fit.
fn balance(touched: &mut Touched, before: u64, after: u64) {
    let expected = before + touched.inserted;
    let gone = touched.deleted + after;
    touched.deleted += expected.saturating_sub(gone);
    touched.inserted += gone.saturating_sub(expected);
}
