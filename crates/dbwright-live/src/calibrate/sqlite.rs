//! What is measured of SQLite.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{Measured, TIMES, longer};
use crate::LiveError;

/// Rows of the measured table: enough for a sort, and made in a second.
const ROWS: u32 = 200_000;

/// The table as programs rebuild it.
const COPY_TABLE: &str = "CREATE TABLE copy (id INTEGER PRIMARY KEY, number INTEGER NOT NULL, \
                          reference INTEGER NOT NULL, word TEXT NOT NULL, filler TEXT NOT NULL)";
const COPY: &str = "INSERT INTO copy SELECT * FROM measured";

/// Every row is written, in no index.
const UPDATE: &str = "UPDATE measured SET filler = replace(filler, 'x', 'y')";

pub(super) fn measure() -> Result<Measured, LiveError> {
    let folder = tempfile::Builder::new().prefix("dbwright-sqlite-").tempdir();
    let folder = folder.map_err(|source| LiveError::io("making a scratch folder", source))?;
    let measured = Connection::open(folder.path().join("measured.db")).and_then(|connection| all(&connection));
    measured.map_err(|source| LiveError::Sqlite {
        doing: "measuring".to_owned(),
        source,
    })
}

fn all(connection: &Connection) -> rusqlite::Result<Measured> {
    let run = |sql: &str| {
        let started = Instant::now();
        connection.execute_batch(sql)?;
        Ok::<Duration, rusqlite::Error>(started.elapsed())
    };
    // The shortest time that a statement took; another one takes it back each time.
    let fastest = |sql: &str, back: &str| {
        let mut fastest = Duration::MAX;
        for _ in 0..TIMES {
            fastest = fastest.min(run(sql)?);
            run(back)?;
        }
        Ok::<Duration, rusqlite::Error>(fastest)
    };
    let taken_back = |sql: &str| {
        run("BEGIN")?;
        let took = run(sql)?;
        run("ROLLBACK")?;
        Ok::<Duration, rusqlite::Error>(took)
    };
    run("CREATE TABLE referenced (id INTEGER PRIMARY KEY);
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
         INSERT INTO referenced SELECT n FROM n;
         CREATE TABLE measured (id INTEGER PRIMARY KEY, number INTEGER NOT NULL,
           reference INTEGER NOT NULL REFERENCES referenced (id), word TEXT NOT NULL, filler TEXT NOT NULL)")?;
    run(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS})
         INSERT INTO measured
         SELECT n, n * 7919 % 1000003, 1 + n * 7919 % 100000, lower(hex(randomblob(16))), printf('%.80c', 'x') FROM n"
    ))?;
    let bytes: i64 = connection.query_row(
        "SELECT sum(pgsize) FROM dbstat('main') WHERE name = 'measured'",
        [],
        |row| row.get(0),
    )?;
    let count = |sql: &str| {
        let started = Instant::now();
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        Ok::<Duration, rusqlite::Error>(started.elapsed())
    };
    let scan = count("SELECT count(*) FROM measured WHERE filler = ''")?;
    let references = count("PRAGMA foreign_key_check(measured)")?;
    let numbers = fastest("CREATE INDEX numbers ON measured (number)", "DROP INDEX numbers")?;
    let texts = fastest("CREATE INDEX texts ON measured (word)", "DROP INDEX texts")?;
    run(COPY_TABLE)?;
    let rewrite = fastest(COPY, "DELETE FROM copy")?;
    run("CREATE INDEX entries ON copy (number)")?;
    let with_index = fastest(COPY, "DELETE FROM copy")?;
    let update = taken_back(UPDATE)?;
    // A WHERE, because a table that is emptied as a whole is not read.
    let delete = taken_back("DELETE FROM measured WHERE id > 0")?;
    Ok(Measured {
        rows: ROWS,
        bytes: u64::try_from(bytes).unwrap_or_default(),
        rewrite,
        rebuild: rewrite,
        scan,
        numbers,
        texts,
        words: texts,
        copied_entries: longer(with_index, rewrite),
        entries: longer(with_index, rewrite),
        swapped: None,
        references,
        update,
        delete,
    })
}
