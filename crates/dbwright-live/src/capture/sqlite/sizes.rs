//! What tables and indexes take, and how many rows are in them: the head of each page says how many it holds, and no row is
//! looked at. <https://www.sqlite.org/dbstat.html>

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// What a table or an index takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TreeSize {
    pub(crate) pages: i64,
    pub(crate) bytes: u64,
    pub(crate) rows: f64,
}

/// The size of each table and index by name; why there is none where reading takes too long.
pub(crate) fn of_trees(
    connection: &Connection,
    limit: Duration,
) -> rusqlite::Result<Result<BTreeMap<String, TreeSize>, String>> {
    let end = Instant::now() + limit;
    let mut sizes: BTreeMap<String, TreeSize> = BTreeMap::new();
    let keyed = trees_of_keys(connection)?;
    let mut statement = connection.prepare("SELECT name, pgsize, pagetype, ncell FROM dbstat('main')")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if Instant::now() > end {
            return Ok(Err(format!(
                "The head of each page tells them, and reading these takes longer than {} s.",
                limit.as_secs()
            )));
        }
        let (name, bytes): (String, u32) = (row.get(0)?, row.get(1)?);
        let (kind, cells): (String, u32) = (row.get(2)?, row.get(3)?);
        let holds_rows = kind == "leaf" || kind == "internal" && keyed.contains(&name);
        let size = sizes.entry(name).or_default();
        size.pages += 1;
        size.bytes += u64::from(bytes);
        if holds_rows {
            size.rows += f64::from(cells);
        }
    }
    Ok(Ok(sizes))
}

/// Indexes, and tables `WITHOUT ROWID`: these hold rows in all pages, others in their leaves only.
/// <https://www.sqlite.org/fileformat2.html#b_tree_pages>
fn trees_of_keys(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = connection.prepare(
        "SELECT name FROM main.sqlite_schema WHERE type = 'index'
         UNION SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_by_the_heads_of_pages() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX t_a ON t (a);
                 CREATE TABLE k (a TEXT PRIMARY KEY) WITHOUT ROWID;
                 CREATE TABLE empty (a);
                 WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 12345)
                 INSERT INTO t SELECT n, hex(n) || hex(n * 7) FROM g;
                 INSERT INTO k SELECT a || id FROM t; DELETE FROM t WHERE id % 3 = 0",
            )
            .unwrap();
        let sizes = of_trees(&connection, Duration::from_mins(1)).unwrap().unwrap();
        let rows = |name: &str| sizes[name].rows.to_string();
        assert_eq!(
            [rows("t"), rows("t_a"), rows("k"), rows("empty")],
            ["8230", "8230", "12345", "0"]
        );
    }

    #[test]
    fn what_takes_too_long_is_given_up() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(100000))")
            .unwrap();
        let sizes = of_trees(&connection, Duration::from_mins(1)).unwrap().unwrap();
        assert_eq!(sizes["t"].pages, 25, "{sizes:?}");
        assert_eq!(sizes["t"].bytes, 25 * 4096);
        assert_eq!(sizes["t"].rows.to_string(), "1");
        let given_up = of_trees(&connection, Duration::ZERO).unwrap().unwrap_err();
        assert!(given_up.contains("longer than 0 s"), "{given_up}");
    }
}
