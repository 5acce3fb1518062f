//! Taking the generated rows out again.

use dbwright_catalog::{Catalog, Engine, ObjectId};
use dbwright_ddl::{Row, Rows, delete_sql};

use super::session::{Session, switch_triggers};
use super::table_has_triggers;
use crate::LiveError;

/// How often deleting is tried over all tables again, because rows of one table hold rows of another.
const REMOVE_ROUNDS_MAX: usize = 6;

/// Deletes what the ledger says, children first, in the open transaction.
pub(super) async fn remove(session: Session<'_>, catalog: &Catalog, ledger: &mut Rows) -> Result<(), LiveError> {
    let mut tables = dbwright_ddl::order(catalog);
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
    let mut rearm = String::new();
    for table in tables.iter().filter(|table| table_has_triggers(catalog, table)) {
        let (disable, enable) = switch_triggers(session, table).await?;
        if !disable.is_empty() && session.attempt(&disable, |_| Ok(())).await?.is_ok() {
            rearm += &enable;
        }
    }
    for _ in 0..REMOVE_ROUNDS_MAX {
        let mut is_progress = false;
        for table in &tables {
            is_progress |= remove_rows(session, catalog, ledger, table).await?;
        }
        if !is_progress || ledger.is_empty() {
            break;
        }
    }
    remove_cycles(session, catalog, ledger, &tables).await?;
    if !rearm.is_empty() {
        session.must(&rearm).await?;
    }
    Ok(())
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
