//! An index more on a twin, to see what it changes: a real one on the rows that were made up, with statistics as it would have
//! them on production.
//!
//! Where the twin's table is smaller, what the server counts here is scaled: as many different values as rows stay as many as
//! rows, few stay few. <https://dev.mysql.com/doc/refman/9.4/en/innodb-persistent-stats.html>

use dbwright_catalog::Engine;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::super::AddedIndex;
use super::{Twin, failed, literal, must, quoted};
use crate::LiveError;
use crate::scratch::mysql_family::Who;

/// From this share of different values among the rows that are here on, there are more where there are more rows.
const MANY: f64 = 0.5;

impl Twin {
    /// Makes an index by a `CREATE INDEX` and gives it statistics.
    ///
    /// # Errors
    ///
    /// When the twin refuses it, or it makes none. Nothing of it stays then.
    pub async fn add_index(&self, statement: &str) -> Result<AddedIndex, LiveError> {
        let mut session = self.connect().await?;
        let before = indexes(&mut session).await?;
        let kept = Statistics::read(&mut self.observer().await?).await?;
        must(&mut session, statement).await?;
        let made = indexes(&mut session)
            .await?
            .into_iter()
            .find(|index| !before.contains(index));
        session.disconnect().await.map_err(failed)?;
        let Some((table, name)) = made else {
            return Err(LiveError::Unsupported {
                what: format!("`{statement}` makes no index"),
            });
        };
        let index = AddedIndex {
            schema: self.database.clone(),
            table,
            name,
        };
        let mut observer = self.observer().await?;
        if let Err(error) = write(&mut observer, self.server().engine, &index, &kept).await {
            self.drop_index(&index).await?;
            return Err(error);
        }
        observer.disconnect().await.map_err(failed)?;
        Ok(index)
    }

    /// Takes an index away again.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn drop_index(&self, index: &AddedIndex) -> Result<(), LiveError> {
        let mut observer = self.observer().await?;
        let kept = Statistics::read(&mut observer).await?;
        let sql = format!("DROP INDEX {} ON {}", quoted(&index.name), quoted(&index.table));
        must(&mut observer, &sql).await?;
        kept.write(&mut observer, Some(index)).await?;
        must(&mut observer, "FLUSH TABLES").await?;
        observer.disconnect().await.map_err(failed)
    }

    pub(super) async fn observer(&self) -> Result<Conn, LiveError> {
        self.scratch.connect(&self.database, Who::Observer).await
    }
}

/// Tables and names of all indexes.
async fn indexes(session: &mut Conn) -> Result<Vec<(String, String)>, LiveError> {
    let sql =
        "SELECT DISTINCT TABLE_NAME, INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()";
    session.query(sql).await.map_err(failed)
}

pub(super) type TableRow = (String, u64, u64, u64);
pub(super) type IndexRow = (String, String, String, u64, Option<u64>, String);

/// What the twin was given, which a change of a table may write anew.
pub(super) struct Statistics {
    pub(super) tables: Vec<TableRow>,
    pub(super) indexes: Vec<IndexRow>,
}

impl Statistics {
    pub(super) async fn read(observer: &mut Conn) -> Result<Self, LiveError> {
        let tables = "SELECT table_name, n_rows, clustered_index_size, sum_of_other_index_sizes \
                      FROM mysql.innodb_table_stats WHERE database_name = DATABASE()";
        let indexes = "SELECT table_name, index_name, stat_name, stat_value, sample_size, stat_description \
                       FROM mysql.innodb_index_stats WHERE database_name = DATABASE()";
        Ok(Statistics {
            tables: observer.query(tables).await.map_err(failed)?,
            indexes: observer.query(indexes).await.map_err(failed)?,
        })
    }

    /// Writes them again, those of one index left out.
    async fn write(&self, observer: &mut Conn, without: Option<&AddedIndex>) -> Result<(), LiveError> {
        for (table, rows, clustered, other) in &self.tables {
            let sql = format!(
                "UPDATE mysql.innodb_table_stats SET n_rows = {rows}, clustered_index_size = {clustered}, \
                 sum_of_other_index_sizes = {other} WHERE database_name = DATABASE() AND table_name = {}",
                literal(table)
            );
            must(observer, &sql).await?;
        }
        for row in &self.indexes {
            if without.is_some_and(|index| index.table == whole(&row.0) && index.name == row.1) {
                continue;
            }
            must(observer, &replaced(row)).await?;
        }
        Ok(())
    }

    /// Rows of a table or partition.
    pub(super) fn rows(&self, table: &str) -> Option<u64> {
        self.tables.iter().find(|row| row.0 == table).map(|row| row.1)
    }
}

pub(super) fn whole(table: &str) -> &str {
    crate::capture::mysql_family::whole_table(table)
}

pub(super) fn replaced((table, index, name, value, sample, description): &IndexRow) -> String {
    format!(
        "REPLACE INTO mysql.innodb_index_stats (database_name, table_name, index_name, last_update, stat_name, stat_value, \
         sample_size, stat_description) VALUES (DATABASE(), {}, {}, NOW(), {}, {value}, {}, {})",
        literal(table),
        literal(index),
        literal(name),
        sample.map_or("NULL".to_owned(), |pages| pages.to_string()),
        literal(description)
    )
}

/// Writes the statistics of a new index, and all others as they were.
async fn write(observer: &mut Conn, engine: Engine, index: &AddedIndex, kept: &Statistics) -> Result<(), LiveError> {
    let here: u64 = observer
        .query_first(format!("SELECT count(*) FROM {}", quoted(&index.table)))
        .await
        .map_err(failed)?
        .unwrap_or(0);
    let there: u64 = kept
        .tables
        .iter()
        .filter(|row| whole(&row.0) == index.table)
        .map(|row| row.1)
        .sum();
    let made = Statistics::read(observer).await?;
    kept.write(observer, None).await?;
    let of_index = made
        .indexes
        .into_iter()
        .filter(|row| whole(&row.0) == index.table && row.1 == index.name);
    for mut row in of_index {
        row.3 = scaled(&row, here, there, kept.rows(&row.0));
        must(observer, &replaced(&row)).await?;
    }
    if engine == Engine::MariaDb {
        super::statistics::tables_of_mariadb(observer).await?;
    }
    must(observer, "FLUSH TABLES").await
}

/// What is counted here, as it would be on production.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate"
)]
pub(super) fn scaled(row: &IndexRow, here: u64, there: u64, of_part: Option<u64>) -> u64 {
    if here == 0 || there <= here {
        return row.3;
    }
    let factor = there as f64 / here as f64;
    let is_count_of_values = row.2.starts_with("n_diff_pfx");
    if is_count_of_values && (row.3 as f64) < MANY * here as f64 {
        return row.3;
    }
    let value = (row.3 as f64 * factor).round() as u64;
    match of_part {
        Some(rows) if is_count_of_values => value.min(rows.max(1)),
        _ => value.max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_grow_with_the_rows_and_few_do_not() {
        let row = |name: &str, value| {
            (
                "t".to_owned(),
                "i".to_owned(),
                name.to_owned(),
                value,
                Some(1),
                String::new(),
            )
        };
        assert_eq!(scaled(&row("n_diff_pfx01", 100), 1000, 50_000, Some(50_000)), 100);
        assert_eq!(scaled(&row("n_diff_pfx02", 990), 1000, 50_000, Some(50_000)), 49_500);
        assert_eq!(scaled(&row("n_diff_pfx02", 1000), 1000, 50_000, Some(40_000)), 40_000);
        assert_eq!(scaled(&row("size", 4), 1000, 50_000, None), 200);
        assert_eq!(scaled(&row("n_diff_pfx01", 990), 1000, 1000, Some(1000)), 990);
    }
}
