//! What is measured of MySQL and MariaDB.

use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::{Measured, TIMES};
use crate::LiveError;
use crate::scratch::mysql_family::{MySqlFamilyScratch, Who};

const REFERENCED: &str = "CREATE TABLE referenced (id bigint PRIMARY KEY)";

/// The key grows, as it mostly does; all else is in no order.
const MEASURED: &str = "CREATE TABLE measured (id bigint PRIMARY KEY, number bigint NOT NULL, reference bigint NOT NULL, \
                        word varchar(32) NOT NULL, filler varchar(100) NOT NULL)";

/// Rows of the measured table. Copying row by row takes its time.
const ROWS: u32 = 60_000;

/// What a server has by default, and our scratch servers are not given: memory and a log that is not full all the time.
/// What a version does not know, or can't change while it runs, stays as it is.
const DEFAULTS: [&str; 3] = [
    "SET GLOBAL innodb_buffer_pool_size = 134217728",
    "SET GLOBAL innodb_redo_log_capacity = 104857600",
    "SET GLOBAL innodb_log_file_size = 100663296",
];

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

impl Measuring<'_> {
    async fn all(&mut self) -> Result<Measured, LiveError> {
        if self.scratch.is_own_server() {
            for setting in DEFAULTS {
                let _ = self.session.query_drop(setting).await;
            }
        }
        self.run(REFERENCED).await?;
        self.run(MEASURED).await?;
        self.run(&format!(
            "INSERT INTO referenced {NUMBERS} SELECT n FROM numbers WHERE n < 20000"
        ))
        .await?;
        self.run(&format!(
            "INSERT INTO measured {NUMBERS} SELECT n, n * 7919 % 200003, n * 7919 % 20000, LEFT(SHA2(n, 256), 32), REPEAT('x', 80) \
             FROM numbers WHERE n < {ROWS} ORDER BY n"
        ))
        .await?;
        self.run("ANALYZE TABLE measured").await?;
        let bytes = self.bytes().await?;
        let scan = self
            .fastest("SELECT COUNT(*) FROM measured WHERE filler = ''", None)
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
        let rebuild = self
            .fastest("ALTER TABLE measured FORCE, ALGORITHM=INPLACE", None)
            .await?;
        let rewrite = self.fastest(COPY, None).await?;
        let update = self.taken_back(UPDATE).await?;
        let delete = self.taken_back("DELETE FROM measured").await?;
        self.run("CREATE INDEX entries ON measured (number)").await?;
        let with_index = self.fastest(COPY, None).await?;
        self.run("DROP INDEX entries ON measured").await?;
        self.run("CREATE INDEX entries ON measured (reference)").await?;
        let in_order = self.fastest(COPY, None).await?;
        let with_key = self
            .fastest(
                "ALTER TABLE measured ADD CONSTRAINT refers FOREIGN KEY (reference) REFERENCES referenced (id), \
                 ALGORITHM=COPY",
                Some("ALTER TABLE measured DROP FOREIGN KEY refers"),
            )
            .await?;
        Ok(Measured {
            rows: ROWS,
            bytes,
            rewrite,
            rebuild,
            scan,
            numbers,
            texts,
            entries: with_index.saturating_sub(rewrite),
            references: with_key.saturating_sub(in_order),
            update,
            delete,
        })
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
