//! What is measured of PostgreSQL.

use std::time::{Duration, Instant};

use super::{Measured, TIMES};
use crate::LiveError;
use crate::scratch::postgres::{PostgresScratch, Session, Who};

/// Rows of the measured table: enough for a sort, and made in a second.
const ROWS: u32 = 200_000;

/// Numbers and texts in no order, as tables have them.
fn tables() -> String {
    format!(
        "CREATE TABLE public.referenced (id bigint PRIMARY KEY);
         CREATE TABLE public.measured
           (id bigint NOT NULL, reference bigint NOT NULL, word text NOT NULL, filler text NOT NULL);
         INSERT INTO public.referenced SELECT pg_catalog.generate_series(1, 20000);
         INSERT INTO public.measured
           SELECT n * 7919 % 200003, 1 + n * 7919 % 20000, pg_catalog.md5(n::text), pg_catalog.repeat('x', 80)
           FROM pg_catalog.generate_series(1, {ROWS}) n;
         VACUUM ANALYZE public.measured;
         VACUUM ANALYZE public.referenced;
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
        entries: with_index.saturating_sub(update),
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
