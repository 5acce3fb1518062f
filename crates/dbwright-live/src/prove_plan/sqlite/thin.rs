//! Rows that the goal does not allow.
//!
//! A plan that adds `NOT NULL` or a foreign key has to fail where rows do not satisfy it, and generated rows know nothing
//! of the goal. Of a table whose rows make a step fail, those are kept that do not.

use dbwright_catalog::{Catalog, ColumnExtra, ObjectBody, ObjectId, ObjectKind, Plan, TableExtra};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::apply::{self, Failure, copy};
use super::{doing, quoted};
use crate::LiveError;

/// How many tables are thinned out before it is given up.
const ROUNDS_MAX: usize = 40;

/// A plan that was carried out, or was not.
pub(super) struct Applied {
    /// The database that it started from, with the rows that were left in it.
    pub(super) start: Connection,
    /// The database that it ended with.
    pub(super) outcome: Result<Connection, Failure>,
    /// The tables of which rows were taken out.
    pub(super) thinned: Vec<Thinned>,
}

/// A table of which rows were taken out.
pub(super) struct Thinned {
    pub(super) name: String,
    pub(super) rows: usize,
    pub(super) taken: usize,
}

/// Carries out a plan on a copy, as often as it takes until it does not fail for the rows any more.
pub(super) fn apply(
    mut start: Connection,
    before: &Catalog,
    after: &Catalog,
    plan: &Plan,
) -> Result<Applied, LiveError> {
    let mut thinned = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let end = copy(&start).map_err(doing)?;
        let failure = match apply::apply(&end, plan) {
            Ok(()) => {
                return Ok(Applied {
                    start,
                    outcome: Ok(end),
                    thinned,
                });
            }
            Err(failure) => failure,
        };
        let table = concerned(&end, before, after, &failure).filter(|_| failure.is_for_rows);
        let rows = table.as_ref().map(|table| rows_of(&start, before, table)).transpose();
        let rows = rows.map_err(doing)?.unwrap_or_default();
        let (Some(table), false) = (table, rows.is_empty()) else {
            return Ok(Applied {
                start,
                outcome: Err(failure),
                thinned,
            });
        };
        let mut kept: Vec<&String> = Vec::new();
        for row in &rows {
            let trial = copy(&start).map_err(doing)?;
            kept.push(row);
            keep_only(&trial, &table, &kept).map_err(doing)?;
            if apply::apply(&trial, plan).is_err_and(|other| other.place <= failure.place) {
                kept.pop();
            }
        }
        start = copy(&start).map_err(doing)?;
        keep_only(&start, &table, &kept).map_err(doing)?;
        thinned.push(Thinned {
            taken: rows.len() - kept.len(),
            rows: rows.len(),
            name: table.name().to_owned(),
        });
    }
    let end = copy(&start).map_err(doing)?;
    let outcome = apply::apply(&end, plan).map(|()| end);
    Ok(Applied {
        start,
        outcome,
        thinned,
    })
}

/// The table, as it was called before, whose rows made a step fail.
fn concerned(end: &Connection, before: &Catalog, after: &Catalog, failure: &Failure) -> Option<ObjectId> {
    let orphans = "SELECT child FROM temp.dbwright_orphans WHERE new_ones + (SELECT count(*) FROM \
                   pragma_foreign_key_check(child)) > 0";
    let name = if failure.sql.starts_with("UPDATE temp.dbwright_orphans") {
        end.query_row(orphans, [], |row| row.get::<_, String>(0)).ok()?
    } else {
        let id = failure.objects.first()?;
        match (id.kind, after.get(id).map(|object| &object.body)) {
            (_, Some(ObjectBody::Index(index))) => index.table.name().to_owned(),
            (ObjectKind::Column, _) => id.owner_table()?.name().to_owned(),
            _ => id.name().to_owned(),
        }
    };
    let mut tables = before.tables().map(|(id, _)| id);
    tables.find(|id| id.name().eq_ignore_ascii_case(&name)).cloned()
}

/// Conditions that each hold for one row of a table.
fn rows_of(connection: &Connection, catalog: &Catalog, table: &ObjectId) -> rusqlite::Result<Vec<String>> {
    let without_rowid = match catalog.get(table).map(|object| &object.body) {
        Some(ObjectBody::Table(table)) => matches!(&table.extra, TableExtra::Sqlite(extra) if extra.without_rowid),
        _ => false,
    };
    let key: Vec<String> = if without_rowid {
        let columns = catalog.columns(table).into_iter();
        let in_key = columns.filter(
            |(_, column)| matches!(&column.extra, ColumnExtra::Sqlite(extra) if extra.primary_key_position > 0),
        );
        in_key.map(|(id, _)| quoted(id.name())).collect()
    } else {
        vec![super::rows::rowid_name(catalog, table).unwrap_or("rowid").to_owned()]
    };
    let parts: Vec<String> = key
        .iter()
        .map(|column| format!("'{column} IS ' || quote({column})"))
        .collect();
    let sql = format!("SELECT {} FROM {}", parts.join(" || ' AND ' || "), quoted(table.name()));
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// Deletes all other rows, and then those that have lost their parent. No trigger fires.
fn keep_only(connection: &Connection, table: &ObjectId, kept: &[&String]) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA foreign_keys = OFF")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    let conditions: Vec<String> = kept.iter().map(|condition| format!("({condition})")).collect();
    let condition = if conditions.is_empty() {
        "1".to_owned()
    } else {
        format!("NOT ({})", conditions.join(" OR "))
    };
    connection.execute_batch(&format!("DELETE FROM {} WHERE {condition}", quoted(table.name())))?;
    while let Ok(orphans) = orphans(connection)
        && !orphans.is_empty()
    {
        for (child, rowid) in orphans {
            let child = quoted(&child);
            connection.execute_batch(&match rowid {
                Some(rowid) => format!("DELETE FROM {child} WHERE rowid = {rowid}"),
                None => format!("DELETE FROM {child}"),
            })?;
        }
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true)?;
    connection.execute_batch("PRAGMA foreign_keys = ON")
}

fn orphans(connection: &Connection) -> rusqlite::Result<Vec<(String, Option<i64>)>> {
    let mut statement = connection.prepare("SELECT DISTINCT \"table\", rowid FROM pragma_foreign_key_check")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
