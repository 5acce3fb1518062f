//! What the server keeps in tables of its own, written as production has it.
//! <https://dev.mysql.com/doc/refman/9.4/en/innodb-persistent-stats.html>, <https://mariadb.com/kb/en/engine-independent-table-statistics/>

use std::collections::{BTreeMap, BTreeSet};

use dbwright_catalog::{Engine, Histogram, MariaDbColumn, MySqlFamilyStatistics, Snapshot, StoredKind};
use futures_util::future::try_join_all;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::{failed, literal, must, quoted, refusal};
use crate::LiveError;
use crate::capture::mysql_family::whole_table;

/// Writes all statistics, as the last thing: whatever looks at a table may write them anew.
pub(super) async fn write(
    observer: &mut Conn,
    sessions: &mut [Conn],
    snapshot: &Snapshot,
    known: &MySqlFamilyStatistics,
    reasons: &mut Vec<String>,
) -> Result<(), LiveError> {
    let tables: Vec<&str> = snapshot
        .relations
        .iter()
        .filter(|relation| relation.kind == StoredKind::Table)
        .map(|relation| relation.name.as_str())
        .collect();
    let told: BTreeSet<&str> = known.tables.iter().map(|part| whole_table(&part.table)).collect();
    // So that there is something of what the snapshot does not tell. MariaDB keeps more than InnoDB does.
    let is_told = |table: &&&str| snapshot.server.engine == Engine::MySql && told.contains(**table);
    for table in tables.iter().filter(|table| !is_told(table)) {
        refusal(observer.query_drop(format!("ANALYZE TABLE {}", quoted(table))).await)?;
    }
    histograms(sessions, known, reasons).await?;
    if snapshot.server.engine == Engine::MariaDb {
        of_mariadb(observer, known).await?;
    }
    if known.tables.is_empty() {
        from_cardinalities(observer, snapshot, known).await?;
    } else {
        persistent(observer, known).await?;
    }
    if snapshot.server.engine == Engine::MariaDb {
        tables_of_mariadb(observer).await?;
    }
    must(observer, "FLUSH TABLES").await
}

/// What MariaDB keeps of tables beside InnoDB, and of their indexes, by InnoDB's numbers. Those alone would not do: they are read
/// once, when the server first looks at a table, and the server looked while rows were made up.
pub(super) async fn tables_of_mariadb(observer: &mut Conn) -> Result<(), LiveError> {
    let sql = "SELECT table_name, n_rows FROM mysql.innodb_table_stats WHERE database_name = DATABASE()";
    let rows: Vec<(String, u64)> = observer.query(sql).await.map_err(failed)?;
    let mut tables: BTreeMap<&str, u64> = BTreeMap::new();
    for (table, rows) in &rows {
        *tables.entry(whole_table(table)).or_default() += rows;
    }
    for (table, rows) in tables {
        let sql = format!(
            "REPLACE INTO mysql.table_stats (db_name, table_name, cardinality) VALUES (DATABASE(), {}, {rows})",
            literal(table)
        );
        must(observer, &sql).await?;
    }
    indexes_of_mariadb(observer).await
}

/// What MariaDB keeps of indexes beside InnoDB: average numbers of rows with the same first columns. They are read and
/// written by two statements, as one may not write into a table of the server and read others.
async fn indexes_of_mariadb(observer: &mut Conn) -> Result<(), LiveError> {
    let sql = "SELECT s.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX, t.n_rows / greatest(i.stat_value, 1) \
         FROM information_schema.STATISTICS s \
         JOIN mysql.innodb_table_stats t ON t.database_name = s.TABLE_SCHEMA AND t.table_name = s.TABLE_NAME \
         JOIN mysql.innodb_index_stats i ON i.database_name = s.TABLE_SCHEMA AND i.table_name = s.TABLE_NAME \
           AND i.index_name = s.INDEX_NAME AND i.stat_name = concat('n_diff_pfx', lpad(s.SEQ_IN_INDEX, 2, '0')) \
         WHERE s.TABLE_SCHEMA = DATABASE() AND EXISTS (SELECT 1 FROM mysql.column_stats c \
           WHERE c.db_name = s.TABLE_SCHEMA AND c.table_name = s.TABLE_NAME)";
    let rows: Vec<(String, String, u32, f64)> = observer.query(sql).await.map_err(failed)?;
    for (table, index, position, frequency) in rows {
        let sql = format!(
            "REPLACE INTO mysql.index_stats (db_name, table_name, index_name, prefix_arity, avg_frequency) \
             VALUES (DATABASE(), {}, {}, {position}, {frequency})",
            literal(&table),
            literal(&index)
        );
        must(observer, &sql).await?;
    }
    Ok(())
}

/// Imports histograms, those of some tables at the same time.
async fn histograms(
    sessions: &mut [Conn],
    known: &MySqlFamilyStatistics,
    reasons: &mut Vec<String>,
) -> Result<(), LiveError> {
    // One after the other where they are of one table.
    let mut tables: BTreeMap<&str, Vec<&Histogram>> = BTreeMap::new();
    for histogram in &known.histograms {
        tables.entry(&histogram.table).or_default().push(histogram);
    }
    let count = sessions.len();
    let shares = sessions.iter_mut().enumerate().map(|(number, session)| {
        let share: Vec<&Histogram> = tables.values().skip(number).step_by(count).flatten().copied().collect();
        async move {
            let mut refused = Vec::new();
            for histogram in share {
                refused.extend(import(session, histogram).await?);
            }
            Ok::<_, LiveError>(refused)
        }
    });
    let mut refused: Vec<String> = try_join_all(shares).await?.into_iter().flatten().collect();
    refused.sort();
    reasons.extend(refused);
    Ok(())
}

/// Imports one; why it is not there, where the server refused it.
async fn import(session: &mut Conn, histogram: &Histogram) -> Result<Option<String>, LiveError> {
    // https://dev.mysql.com/doc/refman/9.4/en/analyze-table.html: USING DATA since 8.0.31.
    let sql = format!(
        "ANALYZE TABLE {} UPDATE HISTOGRAM ON {} USING DATA {}",
        quoted(&histogram.table),
        quoted(&histogram.column),
        literal(&histogram.json)
    );
    let said = match session.query::<(String, String, String, String), _>(sql).await {
        Ok(rows) => rows.into_iter().find(|row| row.2 == "Error").map(|row| row.3),
        Err(error) => refusal::<()>(Err(error))?,
    };
    Ok(said.map(|said| {
        format!(
            "The histogram of {}.{} is not in the twin: {}.",
            histogram.table,
            histogram.column,
            said.trim_end_matches('.')
        )
    }))
}

/// InnoDB's own tables.
async fn persistent(observer: &mut Conn, known: &MySqlFamilyStatistics) -> Result<(), LiveError> {
    for tables in known.tables.chunks(200) {
        let rows: Vec<String> = tables
            .iter()
            .map(|table| {
                format!(
                    "(DATABASE(), {}, NOW(), {}, {}, {})",
                    literal(&table.table),
                    table.rows,
                    table.clustered_pages,
                    table.other_pages
                )
            })
            .collect();
        let sql = format!(
            "REPLACE INTO mysql.innodb_table_stats \
             (database_name, table_name, last_update, n_rows, clustered_index_size, sum_of_other_index_sizes) VALUES {}",
            rows.join(", ")
        );
        must(observer, &sql).await?;
    }
    for rows in known.indexes.chunks(200) {
        let rows: Vec<String> = rows
            .iter()
            .map(|row| {
                format!(
                    "(DATABASE(), {}, {}, NOW(), {}, {}, {}, {})",
                    literal(&row.table),
                    literal(&row.index),
                    literal(&row.name),
                    row.value,
                    row.sample_pages.map_or("NULL".to_owned(), |pages| pages.to_string()),
                    literal(&row.description)
                )
            })
            .collect();
        let sql = format!(
            "REPLACE INTO mysql.innodb_index_stats \
             (database_name, table_name, index_name, last_update, stat_name, stat_value, sample_size, stat_description) \
             VALUES {}",
            rows.join(", ")
        );
        must(observer, &sql).await?;
    }
    Ok(())
}

/// The same from what everybody may read, where the role of the capture could not read those.
async fn from_cardinalities(
    observer: &mut Conn,
    snapshot: &Snapshot,
    known: &MySqlFamilyStatistics,
) -> Result<(), LiveError> {
    for relation in &snapshot.relations {
        if relation.kind != StoredKind::Table || relation.tuples < 0.0 {
            continue;
        }
        let sql = format!(
            "UPDATE mysql.innodb_table_stats SET n_rows = {:.0}, clustered_index_size = {} \
             WHERE database_name = DATABASE() AND table_name = {}",
            relation.tuples,
            relation.pages.max(1),
            literal(&relation.name)
        );
        must(observer, &sql).await?;
    }
    for row in &known.cardinalities {
        let sql = format!(
            "UPDATE mysql.innodb_index_stats SET stat_value = {} \
             WHERE database_name = DATABASE() AND table_name = {} AND index_name = {} AND stat_name = 'n_diff_pfx{:02}'",
            row.values,
            literal(&row.table),
            literal(&row.index),
            row.position
        );
        must(observer, &sql).await?;
    }
    Ok(())
}

/// What MariaDB keeps of columns, whatever the storage engine.
async fn of_mariadb(observer: &mut Conn, known: &MySqlFamilyStatistics) -> Result<(), LiveError> {
    let text = |value: &Option<String>| value.as_deref().map_or("NULL".to_owned(), literal);
    for column in &known.columns {
        let (kind, size, histogram) = histogram(column);
        let sql = format!(
            "REPLACE INTO mysql.column_stats (db_name, table_name, column_name, min_value, max_value, nulls_ratio, \
             avg_length, avg_frequency, hist_size, hist_type, histogram) \
             VALUES (DATABASE(), {}, {}, {}, {}, {}, {}, {}, {size}, {kind}, {histogram})",
            literal(&column.table),
            literal(&column.column),
            text(&column.least),
            text(&column.greatest),
            text(&column.null_fraction),
            text(&column.length),
            text(&column.frequency),
        );
        must(observer, &sql).await?;
    }
    Ok(())
}

/// Kind, size and bytes of a histogram, as SQL.
fn histogram(column: &MariaDbColumn) -> (String, usize, String) {
    let (Some(kind), Some(bytes)) = (&column.histogram_kind, &column.histogram) else {
        return ("NULL".to_owned(), 0, "NULL".to_owned());
    };
    // Of those in JSON it is the number of buckets, which nothing asks for once they are there.
    let size = if kind == "JSON_HB" { 254 } else { bytes.len() / 2 };
    let is_plain = bytes.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = if is_plain {
        format!("x'{bytes}'")
    } else {
        "NULL".to_owned()
    };
    (literal(kind), size.min(255), bytes)
}
