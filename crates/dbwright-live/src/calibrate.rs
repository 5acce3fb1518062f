//! How fast this machine does what migrations make a server do: measured once for each build of a server, and kept.
//!
//! On the scratch server's own terms: data in memory, no waiting for disks, nobody else. Disks of production that are slower
//! than the server's own work, and whoever else is at work there, make it longer.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive, and need no more digits than a float has"
)]

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use dbwright_catalog::{Rates, Server};

use crate::LiveError;
#[cfg(unix)]
use crate::cache::Hasher;
use crate::scratch::ScratchOptions;
#[cfg(unix)]
use crate::scratch::postgres::Programs;
use crate::scratch::postgres::{PostgresScratch, Session, Who};

/// Raise it with every change of what is measured.
const VERSION: u32 = 1;

/// Rows of the measured table: enough for a sort, and made in half a second.
const ROWS: u64 = 200_000;

/// Each is measured so many times, and the fastest counts: whatever else the machine does makes it slower.
const TIMES: usize = 2;

/// Numbers and texts in no order, as tables have them, in rows of 170 bytes.
const TABLES: &str = "
CREATE TABLE public.referenced (id bigint PRIMARY KEY);
CREATE TABLE public.measured (id bigint NOT NULL, reference bigint NOT NULL, word text NOT NULL, filler text NOT NULL);
INSERT INTO public.referenced SELECT pg_catalog.generate_series(1, 20000);
INSERT INTO public.measured
  SELECT n * 7919 % 200003, 1 + n * 7919 % 20000, pg_catalog.md5(n::text), pg_catalog.repeat('x', 80)
  FROM pg_catalog.generate_series(1, 200000) n;
VACUUM ANALYZE public.measured;
VACUUM ANALYZE public.referenced;
CHECKPOINT";

/// The rates of PostgreSQL on this machine. What was measured of a build of the server is kept in the cache.
///
/// # Errors
///
/// When no server can be had, or it fails.
pub async fn postgres(options: &ScratchOptions) -> Result<Rates, LiveError> {
    #[cfg(unix)]
    if let Some(programs) = Programs::choose(options).await? {
        let key = Hasher::new("rates").add(&programs.identity()).key();
        let kept = options.cache.join(format!("rates-{VERSION}-{key}.txt"));
        if let Some(rates) = read(&kept) {
            return Ok(rates);
        }
        let rates = measured(programs.start().await?).await?;
        keep(&kept, &rates);
        return Ok(rates);
    }
    measured(PostgresScratch::start(options).await?).await
}

async fn measured(scratch: PostgresScratch) -> Result<Rates, LiveError> {
    let measured = measure(&scratch).await;
    // Also when something went wrong: a given server is cleaned up by nobody else.
    let stopped = scratch.stop().await;
    let measured = measured?;
    stopped?;
    Ok(measured)
}

async fn measure(scratch: &PostgresScratch) -> Result<Rates, LiveError> {
    let database = scratch.create_database().await?;
    let session = scratch.connect(&database, Who::Observer).await?;
    for statement in TABLES.split(';') {
        run(scratch, &session, statement).await?;
    }
    let size = "SELECT pg_catalog.pg_relation_size('public.measured')";
    let bytes: i64 = match session.client.query_one(size, &[]).await {
        Ok(row) => row.get(0),
        Err(error) => return Err(scratch.failure("measuring", error).await),
    };
    let scan = fastest(
        scratch,
        &session,
        "ALTER TABLE public.measured ADD CONSTRAINT positive CHECK (id >= 0)",
        "ALTER TABLE public.measured DROP CONSTRAINT positive",
    )
    .await?;
    let numbers = fastest(
        scratch,
        &session,
        "CREATE INDEX numbers ON public.measured (id)",
        "DROP INDEX public.numbers",
    )
    .await?;
    let texts = fastest(
        scratch,
        &session,
        "CREATE INDEX texts ON public.measured (word)",
        "DROP INDEX public.texts",
    )
    .await?;
    let references = fastest(
        scratch,
        &session,
        "ALTER TABLE public.measured ADD CONSTRAINT refers FOREIGN KEY (reference) REFERENCES public.referenced (id)",
        "ALTER TABLE public.measured DROP CONSTRAINT refers",
    )
    .await?;
    let rewrite = fastest(
        scratch,
        &session,
        "ALTER TABLE public.measured ALTER COLUMN reference TYPE integer",
        "ALTER TABLE public.measured ALTER COLUMN reference TYPE bigint",
    )
    .await?;
    session.close().await;
    scratch.drop_database(&database).await?;
    let bytes = u64::try_from(bytes).unwrap_or_default();
    Ok(Rates {
        server: scratch.server().clone(),
        rewritten_bytes: per_second(bytes, rewrite),
        scanned_bytes: per_second(bytes, scan),
        // What is read for it is counted by itself.
        indexed_numbers: per_second(ROWS, numbers.saturating_sub(scan)),
        indexed_texts: per_second(ROWS, texts.saturating_sub(scan)),
        referenced_rows: per_second(ROWS, references),
        rows: ROWS,
    })
}

/// The shortest time that a statement took; another one takes it back each time.
async fn fastest(scratch: &PostgresScratch, session: &Session, sql: &str, back: &str) -> Result<Duration, LiveError> {
    let mut fastest = Duration::MAX;
    for _ in 0..TIMES {
        let started = Instant::now();
        run(scratch, session, sql).await?;
        fastest = fastest.min(started.elapsed());
        run(scratch, session, back).await?;
    }
    Ok(fastest)
}

async fn run(scratch: &PostgresScratch, session: &Session, sql: &str) -> Result<(), LiveError> {
    match session.client.batch_execute(sql).await {
        Ok(()) => Ok(()),
        Err(error) => Err(scratch.failure("measuring", error).await),
    }
}

fn per_second(amount: u64, time: Duration) -> u64 {
    (amount as f64 / time.as_secs_f64().max(1e-6)) as u64
}

/// Rates that were kept; nothing where there are none, or something else.
fn read(path: &Path) -> Option<Rates> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut words = text.split_whitespace();
    let server = Server {
        engine: dbwright_catalog::Engine::Postgres,
        version: words.next()?.parse().ok()?,
    };
    let mut number = || u64::from_str(words.next()?).ok().filter(|rate| *rate > 0);
    Some(Rates {
        server,
        rewritten_bytes: number()?,
        scanned_bytes: number()?,
        indexed_numbers: number()?,
        indexed_texts: number()?,
        referenced_rows: number()?,
        rows: number()?,
    })
}

/// Nothing depends on whether that works.
fn keep(path: &Path, rates: &Rates) {
    let text = format!(
        "{} {} {} {} {} {} {}\n",
        rates.server.version,
        rates.rewritten_bytes,
        rates.scanned_bytes,
        rates.indexed_numbers,
        rates.indexed_texts,
        rates.referenced_rows,
        rates.rows
    );
    let unfinished = PathBuf::from(format!("{}.{}", path.display(), std::process::id()));
    if std::fs::write(&unfinished, text).is_ok() && std::fs::rename(&unfinished, path).is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
}

#[cfg(test)]
mod tests {
    use dbwright_catalog::{Engine, Version};

    use super::*;

    #[test]
    fn rates_are_kept_and_what_is_no_rate_is_measured_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rates");
        let rates = Rates {
            server: Server {
                engine: Engine::Postgres,
                version: Version::new(18, 4, 0),
            },
            rewritten_bytes: 1,
            scanned_bytes: 2,
            indexed_numbers: 3,
            indexed_texts: 4,
            referenced_rows: 5,
            rows: 6,
        };
        assert_eq!(read(&path), None);
        keep(&path, &rates);
        assert_eq!(read(&path), Some(rates));
        std::fs::write(&path, "18.4 1 2 3 0 5 6").unwrap();
        assert_eq!(read(&path), None);
    }
}
