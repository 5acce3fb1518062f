//! Taking the generated rows out again.

use dbwright_catalog::{Catalog, ConstraintKind, Engine, ObjectId};
use dbwright_ddl::{Row, Rows, delete_sql, qualified_name, quote_identifier};

use super::session::{Session, switch_triggers};
use super::table_has_triggers;
use crate::LiveError;
use crate::fill::scope::{REMOVE_ROUNDS_MAX, children_first};

/// How far references to generated rows are followed.
const REFERRER_DEPTH: u32 = 2;

/// Most statements that one row is worth.
const REFERRER_DELETES_MAX: usize = 200;

/// Deletes what the ledger says, children first, in the open transaction.
pub(super) async fn remove(session: Session<'_>, catalog: &Catalog, ledger: &mut Rows) -> Result<(), LiveError> {
    let tables = children_first(catalog, ledger);
    let mut rearm = String::new();
    for table in tables.iter().filter(|table| table_has_triggers(catalog, table)) {
        let (disable, enable) = switch_triggers(session, table).await?;
        if !disable.is_empty() && session.attempt(&disable, |_| Ok(())).await?.is_ok() {
            rearm += &enable;
        }
    }
    remove_in_rounds(session, catalog, ledger, &tables).await?;
    remove_cycles(session, catalog, ledger, &tables).await?;
    if !ledger.is_empty() {
        remove_referrers(session, catalog, ledger, &tables).await?;
        remove_in_rounds(session, catalog, ledger, &tables).await?;
    }
    if !rearm.is_empty() {
        session.must(&rearm).await?;
    }
    Ok(())
}

async fn remove_in_rounds(
    session: Session<'_>,
    catalog: &Catalog,
    ledger: &mut Rows,
    tables: &[ObjectId],
) -> Result<(), LiveError> {
    for _ in 0..REMOVE_ROUNDS_MAX {
        let mut is_progress = false;
        for table in tables {
            is_progress |= remove_rows(session, catalog, ledger, table).await?;
        }
        if !is_progress || ledger.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Deletes rows that refer to what is left: a migration that copies rows (`INSERT … SELECT`) makes such ones of ours.
async fn remove_referrers(
    session: Session<'_>,
    catalog: &Catalog,
    ledger: &Rows,
    tables: &[ObjectId],
) -> Result<(), LiveError> {
    for row in tables.iter().flat_map(|table| ledger.placed(table)) {
        let rows = delete_sql(Engine::Postgres, catalog, row).replacen("DELETE FROM", "SELECT * FROM", 1);
        let mut deletes = Vec::new();
        deletes_of_referrers(catalog, &row.table, &rows, REFERRER_DEPTH, &mut deletes);
        for delete in deletes {
            // What can't be deleted keeps its parent, which then stays in the ledger.
            let _ = session.attempt(&delete, |_| Ok(())).await?;
        }
    }
    Ok(())
}

/// Deletes of what refers to `rows` (a query over `table`), the farthest first.
fn deletes_of_referrers(catalog: &Catalog, table: &ObjectId, rows: &str, depth: u32, deletes: &mut Vec<String>) {
    let names = |columns: &[String]| {
        columns
            .iter()
            .map(|column| quote_identifier(Engine::Postgres, column))
            .collect::<Vec<_>>()
            .join(", ")
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
                qualified_name(Engine::Postgres, child),
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

/// Deletes the rows of one table. Whether any went.
async fn remove_rows(
    session: Session<'_>,
    catalog: &Catalog,
    ledger: &mut Rows,
    table: &ObjectId,
) -> Result<bool, LiveError> {
    let rows = ledger.placed(table).to_vec();
    if rows.is_empty() {
        return Ok(false);
    }
    let delete = |row: &Row| delete_sql(Engine::Postgres, catalog, row) + "; ";
    let all: String = rows.iter().rev().map(delete).collect();
    if session.attempt(&all, |_| Ok(())).await?.is_ok() {
        ledger.keep(table, 0);
        return Ok(true);
    }
    let mut kept = Vec::new();
    for row in rows.iter().rev() {
        if session.attempt(&delete(row), |_| Ok(())).await?.is_err() {
            kept.insert(0, row.clone());
        }
    }
    let is_progress = kept.len() < rows.len();
    ledger.replace(table, kept);
    Ok(is_progress)
}

/// Deletes at once what is left, with the checks of references deferred where that is possible.
async fn remove_cycles(
    session: Session<'_>,
    catalog: &Catalog,
    ledger: &mut Rows,
    tables: &[ObjectId],
) -> Result<(), LiveError> {
    let rows = tables.iter().flat_map(|table| ledger.placed(table));
    let deletes: String = rows
        .map(|row| delete_sql(Engine::Postgres, catalog, row) + "; ")
        .collect();
    if deletes.is_empty() {
        return Ok(());
    }
    let sql = format!("SET CONSTRAINTS ALL DEFERRED; {deletes} SET CONSTRAINTS ALL IMMEDIATE");
    if session.attempt(&sql, |_| Ok(())).await?.is_ok() {
        for table in tables {
            ledger.keep(table, 0);
        }
    }
    Ok(())
}
