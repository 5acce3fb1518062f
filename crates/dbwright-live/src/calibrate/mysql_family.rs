//! What is measured of MySQL and MariaDB.

use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::{Measured, TIMES, longer};
use crate::LiveError;
use crate::scratch::mysql_family::{MySqlFamilyScratch, Who};

const REFERENCED: &str = "CREATE TABLE referenced (id bigint PRIMARY KEY)";

/// What each statement takes that changes a table, however small.
const BLANK: &str = "CREATE TABLE blank LIKE measured";

/// The key grows, as it mostly does; all else is in no order.
const MEASURED: &str = "CREATE TABLE measured (id bigint PRIMARY KEY, number bigint NOT NULL, reference bigint NOT NULL, \
                        word varchar(32) NOT NULL, filler varchar(100) NOT NULL)";

/// Rows of the measured table, which is larger than the memory of the server, as large tables are in production. Copying row
/// by row takes its time.
const ROWS: u32 = 100_000;

/// A table whose index has entries in no order of more than half a kilobyte each, so that few rows fill much memory. MariaDB
/// puts entries in one by one where there is a foreign key, and sorts them first where there is none.
const SWAPPED: &str = "CREATE TABLE swapped (id bigint PRIMARY KEY, long_text varchar(600) CHARACTER SET latin1 NOT NULL, \
                       reference bigint, FOREIGN KEY (reference) REFERENCES referenced (id))";

/// Rows of that table, whose index takes twice the memory that the server has.
const SWAPPED_ROWS: u32 = 30_000;

/// Rows of the table with a foreign key: since 9.6 MySQL takes memory for each, and time.
const KEYED_ROWS: u32 = 40_000;

/// The numbers from 0 to 99,999: both engines read it, and no setting limits it.
const NUMBERS: &str = "\
    WITH digits AS (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 \
                    UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9), \
         numbers AS (SELECT e.d * 10000 + d.d * 1000 + c.d * 100 + b.d * 10 + a.d AS n \
                     FROM digits e JOIN digits d JOIN digits c JOIN digits b JOIN digits a)";

/// Every row is written, in no index.
const UPDATE: &str = "UPDATE measured SET filler = REPEAT('y', 80)";

/// Row by row into a new table.
const COPY: &str = "ALTER TABLE measured FORCE, ALGORITHM=COPY";
const IN_PLACE: &str = "ALTER TABLE measured FORCE, ALGORITHM=INPLACE";

pub(super) async fn measure(scratch: &MySqlFamilyScratch) -> Result<Measured, LiveError> {
    let database = scratch.create_database().await?;
    let session = scratch.connect(&database, Who::Observer).await?;
    let mut measuring = Measuring { scratch, session };
    let measured = measuring.all().await;
    let _ = measuring.session.disconnect().await;
    scratch.drop_database(&database).await?;
    measured
}

struct Measuring<'a> {
    scratch: &'a MySqlFamilyScratch,
    session: Conn,
}

/// What so many rows as the measured table has take while they are copied, where it has a foreign key.
struct Keyed {
    /// Putting the entries of an index in.
    entries: Duration,
    /// Looking each row up.
    references: Duration,
}

/// The same of a table without rows.
fn of_blank(sql: &str) -> String {
    sql.replace("measured", "blank")
}

impl Measuring<'_> {
    async fn all(&mut self) -> Result<Measured, LiveError> {
        self.run(REFERENCED).await?;
        self.run(MEASURED).await?;
        self.run(&format!(
            "INSERT INTO referenced {NUMBERS} SELECT n FROM numbers WHERE n < 20000"
        ))
        .await?;
        self.run(&format!(
            "INSERT INTO measured {NUMBERS} SELECT n, n * 7919 % 1000003, n * 7919 % 20000, LEFT(SHA2(n, 256), 32), REPEAT('x', 80) \
             FROM numbers WHERE n < {ROWS} ORDER BY n"
        ))
        .await?;
        self.run("ANALYZE TABLE measured").await?;
        let bytes = self.bytes().await?;
        let scan = self
            .fastest("SELECT COUNT(*) FROM measured WHERE filler = ''", None)
            .await?;
        self.run(BLANK).await?;
        let index_of_none = self
            .fastest(
                "CREATE INDEX numbers ON blank (number)",
                Some("DROP INDEX numbers ON blank"),
            )
            .await?;
        let numbers = self
            .fastest(
                "CREATE INDEX numbers ON measured (number)",
                Some("DROP INDEX numbers ON measured"),
            )
            .await?;
        let texts = self
            .fastest(
                "CREATE INDEX texts ON measured (word)",
                Some("DROP INDEX texts ON measured"),
            )
            .await?;
        let rebuild_of_none = self.fastest(&of_blank(IN_PLACE), None).await?;
        let rebuild = self.fastest(IN_PLACE, None).await?;
        let copy_of_none = self.fastest(&of_blank(COPY), None).await?;
        let rewrite = self.fastest(COPY, None).await?;
        let update = self.taken_back(UPDATE).await?;
        let delete = self.taken_back("DELETE FROM measured").await?;
        self.run("CREATE INDEX entries ON measured (number)").await?;
        let with_index = self.fastest(COPY, None).await?;
        let keyed = self.keyed().await?;
        // What memory another server has is not known.
        let swapped = if self.scratch.is_own_server() {
            self.swapped().await?
        } else {
            None
        };
        Ok(Measured {
            rows: ROWS,
            bytes,
            rewrite: longer(rewrite, copy_of_none),
            rebuild: longer(rebuild, rebuild_of_none),
            scan,
            numbers: longer(numbers, index_of_none),
            texts: longer(texts, index_of_none),
            words: longer(texts, index_of_none),
            copied_entries: longer(with_index, rewrite),
            entries: keyed.entries,
            swapped,
            references: keyed.references,
            update,
            delete,
        })
    }

    /// What the copy of a table with a foreign key takes.
    async fn keyed(&mut self) -> Result<Keyed, LiveError> {
        self.run("CREATE TABLE keyed LIKE blank").await?;
        self.run(&format!(
            "INSERT INTO keyed SELECT * FROM measured WHERE id < {KEYED_ROWS}"
        ))
        .await?;
        let copy = "ALTER TABLE keyed FORCE, ALGORITHM=COPY";
        let without = self.fastest(copy, None).await?;
        self.run("ALTER TABLE keyed ADD CONSTRAINT refers FOREIGN KEY (reference) REFERENCES referenced (id)")
            .await?;
        let with_key = self.fastest(copy, None).await?;
        self.run("CREATE INDEX entries ON keyed (number)").await?;
        let with_both = self.fastest(copy, None).await?;
        let entries = longer(with_both, with_key);
        // The key has an index, too.
        let references = longer(with_key.saturating_sub(entries), without);
        Ok(Keyed {
            entries: entries * ROWS / KEYED_ROWS,
            references: references * ROWS / KEYED_ROWS,
        })
    }

    /// How many pages are read while entries are put into an index for which there is no room in memory, and how much longer
    /// that takes.
    async fn swapped(&mut self) -> Result<Option<(u64, Duration)>, LiveError> {
        self.run(SWAPPED).await?;
        self.run(&format!(
            "INSERT INTO swapped {NUMBERS} SELECT n, CONCAT(SHA2(n, 512), REPEAT('x', 400)), NULL FROM numbers \
             WHERE n < {SWAPPED_ROWS} ORDER BY n"
        ))
        .await?;
        let copy = "ALTER TABLE swapped FORCE, ALGORITHM=COPY";
        let without = self.fastest(copy, None).await?;
        self.run("CREATE INDEX entries ON swapped (long_text)").await?;
        let before = self.pages_read().await?;
        let with = self.run(copy).await?;
        let pages = self.pages_read().await?.saturating_sub(before);
        let with = with.min(self.run(copy).await?);
        // Where somebody else is at work, it may take no longer.
        let more = with.saturating_sub(without);
        Ok((pages > 0 && more > without / 10).then_some((pages, more)))
    }

    async fn pages_read(&mut self) -> Result<u64, LiveError> {
        self.number("SHOW GLOBAL STATUS LIKE 'Innodb_pages_read'").await
    }

    /// The value of a `SHOW` of one line.
    async fn number(&mut self, question: &str) -> Result<u64, LiveError> {
        let found: Result<Option<(String, u64)>, _> = self.session.query_first(question).await;
        match found {
            Ok(found) => Ok(found.map_or(0, |(_, number)| number)),
            Err(error) => Err(self.scratch.failure("measuring", error).await),
        }
    }

    /// What a snapshot says that the table takes.
    async fn bytes(&mut self) -> Result<u64, LiveError> {
        let question = "SELECT clustered_index_size * @@innodb_page_size FROM mysql.innodb_table_stats \
                        WHERE database_name = DATABASE() AND table_name = 'measured'";
        let bytes: Result<Option<u64>, _> = self.session.query_first(question).await;
        match bytes {
            Ok(bytes) => Ok(bytes.unwrap_or_default()),
            Err(error) => Err(self.scratch.failure("measuring", error).await),
        }
    }

    /// The shortest time that a statement took; another one takes it back each time, where there is something to.
    async fn fastest(&mut self, sql: &str, back: Option<&str>) -> Result<Duration, LiveError> {
        let mut fastest = Duration::MAX;
        for _ in 0..TIMES {
            fastest = fastest.min(self.run(sql).await?);
            if let Some(back) = back {
                self.run(back).await?;
            }
        }
        Ok(fastest)
    }

    /// How long a statement takes that is taken back.
    async fn taken_back(&mut self, sql: &str) -> Result<Duration, LiveError> {
        self.run("START TRANSACTION").await?;
        let took = self.run(sql).await?;
        self.run("ROLLBACK").await?;
        Ok(took)
    }

    async fn run(&mut self, sql: &str) -> Result<Duration, LiveError> {
        let started = Instant::now();
        match self.session.query_drop(sql).await {
            Ok(()) => Ok(started.elapsed()),
            Err(error) => Err(self.scratch.failure("measuring", error).await),
        }
    }
}
