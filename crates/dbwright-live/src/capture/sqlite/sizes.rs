//! What tables and indexes take. <https://www.sqlite.org/dbstat.html>

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// What a table or an index takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TreeSize {
    pub(super) pages: i64,
    pub(super) bytes: u64,
}

/// The size of each table and index by name; why there is none where reading takes too long.
pub(super) fn of_trees(
    connection: &Connection,
    limit: Duration,
) -> rusqlite::Result<Result<BTreeMap<String, TreeSize>, String>> {
    let end = Instant::now() + limit;
    let mut sizes: BTreeMap<String, TreeSize> = BTreeMap::new();
    let mut statement = connection.prepare("SELECT name, pgsize FROM dbstat('main')")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if Instant::now() > end {
            return Ok(Err(format!(
                "The head of each page tells them, and reading these takes longer than {} s.",
                limit.as_secs()
            )));
        }
        let (name, bytes): (String, u32) = (row.get(0)?, row.get(1)?);
        let size = sizes.entry(name).or_default();
        size.pages += 1;
        size.bytes += u64::from(bytes);
    }
    Ok(Ok(sizes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_given_up() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(100000))")
            .unwrap();
        let sizes = of_trees(&connection, Duration::from_mins(1)).unwrap().unwrap();
        assert_eq!(sizes["t"].pages, 25, "{sizes:?}");
        assert_eq!(sizes["t"].bytes, 25 * 4096);
        let given_up = of_trees(&connection, Duration::ZERO).unwrap().unwrap_err();
        assert!(given_up.contains("longer than 0 s"), "{given_up}");
    }
}
