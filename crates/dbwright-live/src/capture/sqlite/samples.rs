//! Samples of `sqlite_stat4`, which are values: keys of indexes, with the key of the row behind them.
//! <https://www.sqlite.org/fileformat2.html#the_sqlite_stat4_table>

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{SampleValues, SqliteSample, Unread};
use rusqlite::Connection;

use super::{Entry, SCHEMA, has_table, numbers};

const TABLE: &str = "sqlite_stat4";

/// How many samples there are; nothing where there is no such table.
pub(super) fn count(connection: &Connection, entries: &[Entry]) -> rusqlite::Result<Option<u64>> {
    if !has_table(entries, TABLE) {
        return Ok(None);
    }
    let count: i64 = connection.query_row("SELECT count(*) FROM main.sqlite_stat4", [], |row| row.get(0))?;
    Ok(u64::try_from(count).ok())
}

/// The samples of those indexes of which every column may be taken.
pub(super) fn take(
    connection: &Connection,
    entries: &[Entry],
    values: &SampleValues,
    missing: &mut Vec<Unread>,
) -> rusqlite::Result<Vec<SqliteSample>> {
    if values.is_none() {
        return Ok(Vec::new());
    }
    if !has_table(entries, TABLE) {
        missing.push(Unread {
            what: "sample values".to_owned(),
            why:
                "There is no sqlite_stat4, as nobody has run `ANALYZE` with a SQLite that has SQLITE_ENABLE_STAT4: the \
                  planner knows no values there either."
                    .to_owned(),
        });
        return Ok(Vec::new());
    }
    let mut statement =
        connection.prepare("SELECT tbl, idx, neq, nlt, ndlt, hex(sample) FROM main.sqlite_stat4 ORDER BY rowid")?;
    let rows = statement.query_map([], |row| {
        let text = |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(index)?.unwrap_or_default());
        Ok(SqliteSample {
            table: text(0)?,
            index: text(1)?,
            equal: numbers(&text(2)?),
            less: numbers(&text(3)?),
            distinct_less: numbers(&text(4)?),
            key: text(5)?,
        })
    })?;
    let mut known: BTreeMap<(String, String), bool> = BTreeMap::new();
    let mut samples = Vec::new();
    for sample in rows {
        let sample = sample?;
        let key = (sample.table.clone(), sample.index.clone());
        if !known.contains_key(&key) {
            let refused = refused(connection, entries, values, &sample.table, &sample.index)?;
            if !refused.is_empty() && !values.by_default && is_asked_for(values, &sample.table) {
                missing.push(Unread {
                    what: format!("samples of the index {}", sample.index),
                    why: format!(
                        "A sample is a whole key with that of its row, so that these would have to be asked for as well: \
                         {}.",
                        refused.join(", ")
                    ),
                });
            }
            known.insert(key.clone(), refused.is_empty());
        }
        if known[&key] {
            samples.push(sample);
        }
    }
    Ok(samples)
}

/// Whether a column of this table was named.
fn is_asked_for(values: &SampleValues, table: &str) -> bool {
    let mut named = values.exceptions.iter();
    named.any(|name| name.starts_with(&format!("{table}.")) || name.starts_with(&format!("{SCHEMA}.{table}.")))
}

/// The columns that stand in the keys of an index and may not be taken. What an expression is made of is not looked into:
/// every column of its table must be free then.
fn refused(
    connection: &Connection,
    entries: &[Entry],
    values: &SampleValues,
    table: &str,
    index: &str,
) -> rusqlite::Result<Vec<String>> {
    let is_table = |entry: &&Entry| entry.kind == "table" && entry.has_pages;
    let mut tables = entries.iter().filter(is_table);
    if !tables.any(|entry| entry.name.eq_ignore_ascii_case(table)) {
        // A virtual table would be opened by the code of its module, which reads tables of its own.
        return Ok(vec![format!("{table} (no such table)")]);
    }
    let mut statement = connection.prepare("SELECT name, pk > 0 FROM pragma_table_xinfo(?1, 'main')")?;
    let columns = statement
        .query_map([table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut statement = connection.prepare("SELECT cid, name FROM pragma_index_xinfo(?1, 'main')")?;
    let parts = statement
        .query_map([index], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut refused = BTreeSet::new();
    let mut need = |column: &str| {
        if !values.may_take(SCHEMA, table, column) {
            refused.insert(format!("{table}.{column}"));
        }
    };
    if parts.is_empty() {
        // The primary key of a WITHOUT ROWID table is an index by the name of the table.
        for (column, _) in &columns {
            need(column);
        }
    }
    for (number, name) in &parts {
        let named: Vec<&str> = match (number, name) {
            (_, Some(name)) => vec![name],
            // The rowid; where the primary key is one number, it is that.
            (-1, None) => columns
                .iter()
                .filter(|(_, is_key)| *is_key)
                .map(|(column, _)| column.as_str())
                .collect(),
            (_, None) => columns.iter().map(|(column, _)| column.as_str()).collect(),
        };
        named.into_iter().for_each(&mut need);
    }
    Ok(refused.into_iter().collect())
}
