//! What is measured of PostgreSQL.

use std::time::{Duration, Instant};

use super::{Measured, TIMES, longer};
use crate::LiveError;
use crate::scratch::postgres::{PostgresScratch, Session, Who};

/// Rows of the measured table: enough for a sort, and made in a second.
const ROWS: u32 = 200_000;

/// Numbers and texts in no order, as tables have them. `VACUUM FULL` leaves the large one in the files, through which tables
/// are read that are larger than a part of the server's memory, as this one is by default.
fn tables() -> String {
    format!(
        "CREATE TABLE public.referenced (id bigint PRIMARY KEY);
         CREATE TABLE public.measured
           (id bigint NOT NULL, reference bigint NOT NULL, word text NOT NULL, filler text NOT NULL);
         INSERT INTO public.referenced SELECT pg_catalog.generate_series(1, 100000);
         INSERT INTO public.measured
           SELECT n * 7919 % 1000003, 1 + n * 7919 % 100000, pg_catalog.md5(n::text), pg_catalog.repeat('x', 80)
           FROM pg_catalog.generate_series(1, {ROWS}) n;
         VACUUM ANALYZE public.referenced;
         VACUUM FULL public.measured;
         CHECKPOINT"
    )
}

/// Every row is written, and taken back.
const UPDATE: &str = "UPDATE public.measured SET filler = 'y'";

pub(super) async fn measure(scratch: &PostgresScratch) -> Result<Measured, LiveError> {
    let database = scratch.create_database().await?;
    let session = scratch.connect(&database, Who::Observer).await?;
    let measuring = Measuring { scratch, session };
    for statement in tables().split(';') {
        measuring.run(statement).await?;
    }
    let size = "SELECT pg_catalog.pg_relation_size('public.measured')";
    let bytes: i64 = match measuring.session.client.query_one(size, &[]).await {
        Ok(row) => row.get(0),
        Err(error) => return Err(scratch.failure("measuring", error).await),
    };
    let scan = measuring
        .fastest(
            "ALTER TABLE public.measured ADD CONSTRAINT positive CHECK (id >= 0)",
            "ALTER TABLE public.measured DROP CONSTRAINT positive",
        )
        .await?;
    let numbers = measuring
        .fastest(
            "CREATE INDEX numbers ON public.measured (id)",
            "DROP INDEX public.numbers",
        )
        .await?;
    let texts = measuring
        .fastest(
            "CREATE INDEX texts ON public.measured (word)",
            "DROP INDEX public.texts",
        )
        .await?;
    let words = match measuring.language().await? {
        Some(collation) => {
            let index = format!("CREATE INDEX words ON public.measured (word COLLATE {collation})");
            measuring.fastest(&index, "DROP INDEX public.words").await?
        }
        None => texts,
    };
    let references = measuring
        .fastest(
            "ALTER TABLE public.measured ADD CONSTRAINT refers FOREIGN KEY (reference) REFERENCES public.referenced (id)",
            "ALTER TABLE public.measured DROP CONSTRAINT refers",
        )
        .await?;
    let rewrite = measuring
        .fastest(
            "ALTER TABLE public.measured ALTER COLUMN reference TYPE integer",
            "ALTER TABLE public.measured ALTER COLUMN reference TYPE bigint",
        )
        .await?;
    let delete = measuring.taken_back("DELETE FROM public.measured").await?;
    // What was written and taken back is in the way otherwise.
    measuring.run("VACUUM FULL public.measured").await?;
    let update = measuring.taken_back(UPDATE).await?;
    measuring.run("VACUUM FULL public.measured").await?;
    measuring.run("CREATE INDEX entries ON public.measured (id)").await?;
    let with_index = measuring.taken_back(UPDATE).await?;
    measuring.session.close().await;
    scratch.drop_database(&database).await?;
    Ok(Measured {
        rows: ROWS,
        bytes: u64::try_from(bytes).unwrap_or_default(),
        rewrite,
        rebuild: rewrite,
        scan,
        numbers,
        texts,
        words,
        copied_entries: longer(with_index, update),
        entries: longer(with_index, update),
        swapped: None,
        references,
        update,
        delete,
    })
}

struct Measuring<'a> {
    scratch: &'a PostgresScratch,
    session: Session,
}

impl Measuring<'_> {
    /// A collation by the rules of a language, quoted: English as the system sorts it, which most servers have, or as ICU does.
    async fn language(&self) -> Result<Option<String>, LiveError> {
        let question = "SELECT pg_catalog.format('%I.%I', 'pg_catalog', c.collname) FROM pg_catalog.pg_collation c \
                        WHERE c.collname IN ('en_US.utf8', 'en-x-icu') AND c.collencoding IN (-1, 6) \
                        ORDER BY c.collname DESC LIMIT 1";
        match self.session.client.query_opt(question, &[]).await {
            Ok(row) => Ok(row.map(|row| row.get(0))),
            Err(error) => Err(self.scratch.failure("measuring", error).await),
        }
    }

    /// The shortest time that a statement took; another one takes it back each time.
    async fn fastest(&self, sql: &str, back: &str) -> Result<Duration, LiveError> {
        let mut fastest = Duration::MAX;
        for _ in 0..TIMES {
            fastest = fastest.min(self.run(sql).await?);
            self.run(back).await?;
        }
        Ok(fastest)
    }

    /// How long a statement takes that is taken back.
    async fn taken_back(&self, sql: &str) -> Result<Duration, LiveError> {
        self.run("BEGIN").await?;
        let took = self.run(sql).await?;
        self.run("ROLLBACK").await?;
        Ok(took)
    }

    async fn run(&self, sql: &str) -> Result<Duration, LiveError> {
        let started = Instant::now();
        match self.session.client.batch_execute(sql).await {
            Ok(()) => Ok(started.elapsed()),
            Err(error) => Err(self.scratch.failure("measuring", error).await),
        }
    }
}
