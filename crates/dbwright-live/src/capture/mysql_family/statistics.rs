//! What the planner knows: InnoDB's persistent statistics, histograms, and what MariaDB keeps of columns.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{
    Cardinality, ColumnEnds, Engine, Histogram, InnodbIndex, InnodbTable, MariaDbColumn, MySqlFamilyStatistics,
    SampleValues, StoredKind, StoredRelation, Unread,
};

use super::{SCHEMA, ask, queries};
use crate::LiveError;
use crate::capture::catalogs::MARK;
use crate::capture::row::Row;
use crate::connect::Connection;

pub(super) async fn capture(
    connection: &mut Connection,
    values: &SampleValues,
    relations: &[StoredRelation],
    missing: &mut Vec<Unread>,
) -> Result<MySqlFamilyStatistics, LiveError> {
    let engine = connection.server().engine;
    let mut found = MySqlFamilyStatistics::default();
    let before = missing.len();
    persistent(connection, &mut found, missing).await?;
    if missing.len() > before {
        found.cardinalities = cardinalities(connection, missing).await?;
    } else {
        say_never_gathered(&found, relations, missing);
    }
    if engine == Engine::MariaDb {
        columns(connection, values, &mut found, missing).await?;
    } else {
        histograms(connection, values, &mut found, missing).await?;
    }
    if !values.is_none() {
        ends(connection, values, relations, &mut found, missing).await?;
    }
    Ok(found)
}

/// The two tables that InnoDB writes its statistics into.
async fn persistent(
    connection: &mut Connection,
    found: &mut MySqlFamilyStatistics,
    missing: &mut Vec<Unread>,
) -> Result<(), LiveError> {
    let help = "Numbers of different values come from information_schema.STATISTICS in their place; \
                `GRANT SELECT ON mysql.innodb_table_stats TO {user}` and `GRANT SELECT ON mysql.innodb_index_stats TO \
                {user}` show them.";
    for mut row in ask(
        connection,
        queries::TABLE_STATS,
        "persistent statistics of tables",
        help,
        missing,
    )
    .await?
    {
        found.tables.push(InnodbTable {
            table: row.text(),
            rows: row.natural(),
            clustered_pages: row.natural(),
            other_pages: row.natural(),
        });
    }
    for mut row in ask(
        connection,
        queries::INDEX_STATS,
        "persistent statistics of indexes",
        help,
        missing,
    )
    .await?
    {
        found.indexes.push(InnodbIndex {
            table: row.text(),
            index: row.text(),
            name: row.text(),
            value: row.natural(),
            sample_pages: row.maybe_number().and_then(|pages| u64::try_from(pages).ok()),
            description: row.text(),
        });
    }
    Ok(())
}

async fn cardinalities(connection: &mut Connection, missing: &mut Vec<Unread>) -> Result<Vec<Cardinality>, LiveError> {
    let rows = ask(
        connection,
        queries::CARDINALITIES,
        "numbers of different values",
        "",
        missing,
    )
    .await?;
    let cardinalities = rows.into_iter().map(|mut row| Cardinality {
        table: row.text(),
        index: row.text(),
        position: u32::try_from(row.natural()).unwrap_or_default(),
        values: row.natural(),
    });
    Ok(cardinalities.collect())
}

fn say_never_gathered(found: &MySqlFamilyStatistics, relations: &[StoredRelation], missing: &mut Vec<Unread>) {
    let is_of = |relation: &&StoredRelation| {
        relation.kind == StoredKind::Table
            && relation.access_method.as_deref() == Some("InnoDB")
            && !found
                .tables
                .iter()
                .any(|table| whole_table(&table.table) == relation.name)
    };
    missing.extend(relations.iter().filter(is_of).map(|relation| Unread {
        what: format!("persistent statistics of {}", relation.name),
        why: format!(
            "They were never gathered; `ANALYZE TABLE {}` gathers them.",
            quoted(&relation.name)
        ),
    }));
}

/// The table of a partition: `events#p#p0`, `events#P#p0`.
pub(crate) fn whole_table(name: &str) -> &str {
    let end = name.find("#p#").or_else(|| name.find("#P#")).unwrap_or(name.len());
    &name[..end]
}

/// Histograms of MySQL. Who may read a column sees its histogram.
async fn histograms(
    connection: &mut Connection,
    values: &SampleValues,
    found: &mut MySqlFamilyStatistics,
    missing: &mut Vec<Unread>,
) -> Result<(), LiveError> {
    let before = missing.len();
    let rows = ask(connection, queries::HISTOGRAM_COLUMNS, "histograms", "", missing).await?;
    if missing.len() == before {
        found.histograms_there = u64::try_from(rows.len()).ok();
    }
    let columns = rows.into_iter().map(|mut row| (row.text(), row.text()));
    let taken: Vec<_> = columns
        .filter(|(table, column)| values.may_take(SCHEMA, table, column))
        .collect();
    for columns in taken.chunks(TOGETHER) {
        let sql = format!(
            "SELECT TABLE_NAME, COLUMN_NAME, HISTOGRAM FROM information_schema.COLUMN_STATISTICS \
             WHERE SCHEMA_NAME = DATABASE() AND (TABLE_NAME, COLUMN_NAME) IN ({})",
            pairs(columns.iter().map(|(table, column)| (table.as_str(), column.as_str())))
        );
        let rows = ask(connection, &sql, "histograms", "", missing).await?;
        let mut rows = by_column(rows);
        for (table, column) in columns {
            if let Some(json) = rows
                .remove(&(table.clone(), column.clone()))
                .and_then(|mut row| row.maybe())
            {
                found.histograms.push(Histogram {
                    table: table.clone(),
                    column: column.clone(),
                    json,
                });
            }
        }
    }
    Ok(())
}

/// Values of so many columns are asked for at once: one query each would take minutes for thousands of histograms, as MySQL
/// looks through all of them each time.
const TOGETHER: usize = 1000;

/// Tables and columns as they stand in the list of an `IN`.
fn pairs<'a>(columns: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> = columns
        .map(|(table, column)| format!("({}, {})", literal(table), literal(column)))
        .collect();
    pairs.join(", ")
}

/// What was told, by table and column, which stand first in each row.
fn by_column(rows: Vec<Row>) -> BTreeMap<(String, String), Row> {
    let told = rows.into_iter().map(|mut row| ((row.text(), row.text()), row));
    told.collect()
}

/// What MariaDB keeps of columns (`ANALYZE TABLE … PERSISTENT FOR ALL`).
async fn columns(
    connection: &mut Connection,
    values: &SampleValues,
    found: &mut MySqlFamilyStatistics,
    missing: &mut Vec<Unread>,
) -> Result<(), LiveError> {
    let help = "`GRANT SELECT ON mysql.column_stats TO {user}` shows them.";
    let before = missing.len();
    let rows = ask(
        connection,
        queries::COLUMN_STATS,
        "statistics of columns",
        help,
        missing,
    )
    .await?;
    let mut there = 0;
    for mut row in rows {
        let column = MariaDbColumn {
            table: row.text(),
            column: row.text(),
            null_fraction: row.maybe(),
            length: row.maybe(),
            frequency: row.maybe(),
            least: None,
            greatest: None,
            histogram_kind: None,
            histogram: None,
        };
        there += u64::from(row.maybe().as_deref() == Some("1"));
        found.columns.push(column);
    }
    if missing.len() == before {
        found.histograms_there = Some(there);
    }
    let taken = |column: &&mut MariaDbColumn| values.may_take(SCHEMA, &column.table, &column.column);
    let mut taken: Vec<&mut MariaDbColumn> = found.columns.iter_mut().filter(taken).collect();
    for columns in taken.chunks_mut(TOGETHER) {
        let sql = format!(
            "SELECT table_name, column_name, min_value, max_value, hist_type, HEX(histogram) FROM mysql.column_stats \
             WHERE db_name = DATABASE() AND (table_name, column_name) IN ({})",
            pairs(
                columns
                    .iter()
                    .map(|column| (column.table.as_str(), column.column.as_str()))
            )
        );
        let rows = ask(connection, &sql, "values of columns", help, missing).await?;
        let mut rows = by_column(rows);
        for column in columns {
            let Some(mut row) = rows.remove(&(column.table.clone(), column.column.clone())) else {
                continue;
            };
            column.least = row.maybe();
            column.greatest = row.maybe();
            column.histogram_kind = row.maybe();
            column.histogram = row.maybe().filter(|histogram| !histogram.is_empty());
        }
    }
    Ok(())
}

/// The two ends of columns that an index begins with: each is found by one walk down the tree.
async fn ends(
    connection: &mut Connection,
    values: &SampleValues,
    relations: &[StoredRelation],
    found: &mut MySqlFamilyStatistics,
    missing: &mut Vec<Unread>,
) -> Result<(), LiveError> {
    let what = "ends of indexes";
    let with_ends = by_column(ask(connection, queries::COLUMNS_WITH_ENDS, what, "", missing).await?);
    // Others may be another server's, or have no order.
    let local: BTreeSet<&str> = relations
        .iter()
        .filter(|relation| {
            let engine = relation.access_method.as_deref().unwrap_or_default();
            relation.kind == StoredKind::Table && ["InnoDB", "MyISAM", "Aria"].contains(&engine)
        })
        .map(|relation| relation.name.as_str())
        .collect();
    let first_columns = queries::first_columns(connection.server().engine);
    for mut row in ask(connection, &first_columns, what, "", missing).await? {
        let (table, column) = (row.text(), row.text());
        let has_ends = with_ends.contains_key(&(table.clone(), column.clone())) && local.contains(table.as_str());
        if !has_ends || !values.may_take(SCHEMA, &table, &column) {
            continue;
        }
        let name = quoted(&column);
        let sql = format!("SELECT MIN({name}) AS {MARK}, MAX({name}) FROM {}", quoted(&table));
        let what = format!("ends of the index on {table}.{column}");
        if let Some(mut row) = ask(connection, &sql, &what, "", missing).await?.into_iter().next() {
            found.ends.push(ColumnEnds {
                table,
                column,
                least: row.maybe(),
                greatest: row.maybe(),
            });
        }
    }
    Ok(())
}

/// Gives indexes the pages that the statistics tell.
pub(super) fn put_pages(found: &MySqlFamilyStatistics, relations: &mut [StoredRelation]) {
    for relation in relations {
        let Some(table) = relation.table.clone() else { continue };
        let sizes = found
            .indexes
            .iter()
            .filter(|index| index.name == "size" && index.index == relation.name && whole_table(&index.table) == table);
        // The primary key is the table, whose size is known.
        if relation.name == "PRIMARY" {
            relation.bytes = Some(0);
            continue;
        }
        let pages: u64 = sizes.map(|index| index.value).sum();
        relation.pages = i64::try_from(pages).unwrap_or_default();
        relation.bytes = (pages > 0).then_some(pages * 16384);
    }
}

fn quoted(name: &str) -> String {
    dbwright_ddl::quote_identifier(Engine::MySql, name)
}

fn literal(text: &str) -> String {
    dbwright_ddl::quote_literal(Engine::MySql, text)
}
