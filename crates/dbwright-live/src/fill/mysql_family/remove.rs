//! Taking the generated rows out again.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ColumnExtra, ConstraintKind, ObjectId};
use dbwright_ddl::{Row, Rows, delete_sql, qualified_name, quote_identifier};

use super::session::Session;
use super::triggers::written_by_triggers;
use crate::LiveError;
use crate::fill::scope::{REMOVE_ROUNDS_MAX, children_first};

/// How far references to generated rows are followed.
const REFERRER_DEPTH: u32 = 2;

/// Most statements that one row is worth.
const REFERRER_DELETES_MAX: usize = 200;

/// Deletes what the ledger says, children first, in the open transaction. Gives the statements that put the counters of
/// the emptied tables back: they commit.
pub(super) async fn remove(
    session: &mut Session<'_>,
    catalog: &Catalog,
    ledger: &mut Rows,
    only: Option<&BTreeSet<ObjectId>>,
) -> Result<Vec<String>, LiveError> {
    let mut tables = children_first(catalog, ledger);
    tables.retain(|table| only.is_none_or(|only| only.contains(table)));
    let ours = tables_with_nothing_else(session, catalog, ledger, &tables).await?;
    remove_in_rounds(session, catalog, ledger, &tables).await?;
    if tables.iter().any(|table| !ledger.placed(table).is_empty()) {
        remove_referrers(session, catalog, ledger, &tables).await?;
        remove_in_rounds(session, catalog, ledger, &tables).await?;
    }
    remove_cycles(session, catalog, ledger, &tables).await?;
    for table in ours.iter().filter(|table| ledger.placed(table).is_empty()) {
        // What triggers wrote while our rows went is as generated as these.
        let delete = format!("DELETE FROM {}", qualified_name(catalog.server.engine, table));
        session.attempt(&delete).await?.ok();
    }
    let emptied = tables.iter().filter(|table| ledger.placed(table).is_empty());
    Ok(emptied.filter_map(|table| reset_counter(catalog, table)).collect())
}

/// InnoDB reads 1 as the highest number in the table and one more. Without this, what a migration inserts would be numbered
/// from where the generated rows ended.
fn reset_counter(catalog: &Catalog, table: &ObjectId) -> Option<String> {
    let counts = |extra: &ColumnExtra| matches!(extra, ColumnExtra::MySqlFamily(extra) if extra.auto_increment);
    let has_counter = catalog.columns(table).iter().any(|(_, column)| counts(&column.extra));
    let name = qualified_name(catalog.server.engine, table);
    has_counter.then(|| format!("ALTER TABLE {name} AUTO_INCREMENT = 1"))
}

/// The tables that hold at most generated rows, where triggers could add others while rows of `emptied` go.
async fn tables_with_nothing_else(
    session: &mut Session<'_>,
    catalog: &Catalog,
    ledger: &Rows,
    emptied: &[ObjectId],
) -> Result<Vec<ObjectId>, LiveError> {
    let mut tables = Vec::new();
    for table in written_by_triggers(catalog, emptied) {
        let count = ledger.placed(&table).len();
        if session
            .read(catalog, &table)
            .await?
            .is_ok_and(|rows| rows.len() <= count)
        {
            tables.push(table);
        }
    }
    Ok(tables)
}

async fn remove_in_rounds(
    session: &mut Session<'_>,
    catalog: &Catalog,
    ledger: &mut Rows,
    tables: &[ObjectId],
) -> Result<(), LiveError> {
    for _ in 0..REMOVE_ROUNDS_MAX {
        let mut is_progress = false;
        for table in tables {
            is_progress |= remove_rows(session, catalog, ledger, table).await?;
        }
        if !is_progress {
            break;
        }
    }
    Ok(())
}

/// Deletes the rows of one table. Whether any went.
async fn remove_rows(
    session: &mut Session<'_>,
    catalog: &Catalog,
    ledger: &mut Rows,
    table: &ObjectId,
) -> Result<bool, LiveError> {
    let rows = ledger.placed(table).to_vec();
    if rows.is_empty() {
        return Ok(false);
    }
    let delete = |row: &Row| delete_sql(catalog.server.engine, catalog, row);
    let all: Vec<_> = rows.iter().rev().map(delete).collect();
    if session.attempt(&all.join("; ")).await?.is_ok() {
        ledger.keep(table, 0);
        return Ok(true);
    }
    let mut kept = Vec::new();
    for row in rows.iter().rev() {
        if session.attempt(&delete(row)).await?.is_err() {
            kept.insert(0, row.clone());
        }
    }
    let is_progress = kept.len() < rows.len();
    ledger.replace(table, kept);
    Ok(is_progress)
}

/// Deletes rows that refer to what is left: a migration that copies rows (`INSERT … SELECT`) makes such ones of ours.
async fn remove_referrers(
    session: &mut Session<'_>,
    catalog: &Catalog,
    ledger: &Rows,
    tables: &[ObjectId],
) -> Result<(), LiveError> {
    for row in tables.iter().flat_map(|table| ledger.placed(table)) {
        let delete = delete_sql(catalog.server.engine, catalog, row);
        // A LIMIT may not stand in a subquery.
        let rows = delete.replacen("DELETE FROM", "SELECT * FROM", 1);
        let rows = rows.strip_suffix(" LIMIT 1").unwrap_or(&rows);
        let mut deletes = Vec::new();
        deletes_of_referrers(catalog, &row.table, rows, REFERRER_DEPTH, &mut deletes);
        for delete in deletes {
            // What can't be deleted keeps its parent, which then stays in the ledger.
            session.attempt(&delete).await?.ok();
        }
    }
    Ok(())
}

/// Deletes of what refers to `rows` (a query over `table`), the farthest first.
fn deletes_of_referrers(catalog: &Catalog, table: &ObjectId, rows: &str, depth: u32, deletes: &mut Vec<String>) {
    let engine = catalog.server.engine;
    let names = |columns: &[String]| {
        let columns: Vec<_> = columns.iter().map(|column| quote_identifier(engine, column)).collect();
        columns.join(", ")
    };
    for (child, _) in catalog.tables() {
        for (_, constraint) in catalog.constraints(child) {
            let ConstraintKind::ForeignKey(key) = &constraint.kind else {
                continue;
            };
            if key.references != *table || deletes.len() >= REFERRER_DELETES_MAX {
                continue;
            }
            let referring = format!(
                "FROM {} WHERE ({}) IN (SELECT {} FROM ({rows}) parent)",
                qualified_name(engine, child),
                names(&key.columns),
                names(&key.referenced_columns)
            );
            if depth > 0 && child != table {
                deletes_of_referrers(catalog, child, &format!("SELECT * {referring}"), depth - 1, deletes);
            }
            deletes.push(format!("DELETE {referring}"));
        }
    }
}

/// Deletes at once what is left of rows that refer to each other.
async fn remove_cycles(
    session: &mut Session<'_>,
    catalog: &Catalog,
    ledger: &mut Rows,
    tables: &[ObjectId],
) -> Result<(), LiveError> {
    let left: Vec<ObjectId> = tables
        .iter()
        .filter(|table| !ledger.placed(table).is_empty())
        .cloned()
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    let rows = left.iter().flat_map(|table| ledger.placed(table));
    let deletes: Vec<_> = rows
        .map(|row| delete_sql(catalog.server.engine, catalog, row))
        .collect();
    session
        .must("SAVEPOINT dbwright_cycle; SET SESSION foreign_key_checks = 0")
        .await?;
    let is_deleted = session.attempt(&deletes.join("; ")).await?.is_ok();
    session.must("SET SESSION foreign_key_checks = 1").await?;
    let all: Vec<ObjectId> = catalog.tables().map(|(id, _)| id.clone()).collect();
    if is_deleted && !super::is_dangling(session, catalog, &all).await? {
        for table in &left {
            ledger.keep(table, 0);
        }
    } else {
        session.must("ROLLBACK TO dbwright_cycle").await?;
    }
    Ok(())
}
