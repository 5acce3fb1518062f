//! How fast this machine does what migrations make a server do: measured once for each build of a server, and kept.
//!
//! On a server of our own as they are in production by default: with its durability, on a disk of this machine, and nobody
//! else at work. Disks of production that are slower, and whoever else is at work there, make it longer.

mod kept;
mod mysql_family;
mod postgres;
mod sqlite;

#[cfg(unix)]
use std::path::PathBuf;
use std::time::Duration;

use dbwright_catalog::{Engine, Rates, Server};

use crate::LiveError;
#[cfg(unix)]
use crate::cache::Hasher;
use crate::introspect;
use crate::scratch::ScratchOptions;
use crate::scratch::mysql_family::MySqlFamilyScratch;
#[cfg(unix)]
use crate::scratch::mysql_family::Programs as MySqlFamilyPrograms;
use crate::scratch::postgres::PostgresScratch;
#[cfg(unix)]
use crate::scratch::postgres::Programs;

/// Raise it with every change of what is measured.
const VERSION: u32 = 3;

/// Each is measured so many times, and the fastest counts: whatever else the machine does makes it slower.
const TIMES: usize = 2;

/// What was measured of a table whose rows are in no order, of about 170 bytes each.
struct Measured {
    rows: u32,
    /// What its rows take.
    bytes: u64,
    rewrite: Duration,
    rebuild: Duration,
    scan: Duration,
    /// Indexes are built with reading.
    numbers: Duration,
    texts: Duration,
    words: Duration,
    /// Putting the entries of one index in while a table without foreign keys is copied.
    copied_entries: Duration,
    /// Putting the entries of one index in, one by one.
    entries: Duration,
    /// Pages that were read and written because memory was full, and how long that took.
    swapped: Option<(u64, Duration)>,
    references: Duration,
    update: Duration,
    delete: Duration,
}

impl Measured {
    fn rates(&self, server: &Server) -> Rates {
        let rows = u64::from(self.rows);
        Rates {
            server: server.clone(),
            rewritten_bytes: per_second(self.bytes, self.rewrite),
            rebuilt_bytes: per_second(self.bytes, self.rebuild),
            scanned_bytes: per_second(self.bytes, self.scan),
            // What is read for it is counted by itself.
            indexed_numbers: per_second(rows, longer(self.numbers, self.scan)),
            indexed_texts: per_second(rows, longer(self.texts, self.scan)),
            indexed_words: per_second(rows, longer(self.words, self.scan)),
            copied_entries: per_second(rows, self.copied_entries),
            inserted_entries: per_second(rows, self.entries),
            swapped_pages: self.swapped.map(|(pages, time)| per_second(pages, time)),
            referenced_rows: per_second(rows, self.references),
            updated_rows: per_second(rows, self.update),
            deleted_rows: per_second(rows, self.delete),
            rows,
        }
    }
}

/// How much longer something takes with what is asked for than without it. What is lost in the noise counts as a twentieth.
fn longer(with: Duration, without: Duration) -> Duration {
    with.saturating_sub(without).max(without / 20)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive, and need no more digits than a float has"
)]
fn per_second(amount: u64, time: Duration) -> u64 {
    (amount as f64 / time.as_secs_f64().max(1e-6)) as u64
}

/// The rates of an engine on this machine. What was measured of a build of the server is kept in the cache.
///
/// # Errors
///
/// When no server can be had, or it fails.
pub async fn rates(engine: Engine, options: &ScratchOptions) -> Result<Rates, LiveError> {
    match engine {
        Engine::Postgres => of_postgres(options).await,
        Engine::MySql | Engine::MariaDb => of_mysql_family(engine, options).await,
        Engine::Sqlite => of_sqlite(options).await,
    }
}

async fn of_postgres(options: &ScratchOptions) -> Result<Rates, LiveError> {
    #[cfg(unix)]
    if let Some(programs) = Programs::choose(options).await? {
        let kept = place(options, &programs.identity());
        if let Some(rates) = kept::read(&kept) {
            return Ok(rates);
        }
        let rates = stopping_postgres(programs.start_timing().await?).await?;
        kept::keep(&kept, &rates);
        return Ok(rates);
    }
    stopping_postgres(PostgresScratch::start(options).await?).await
}

async fn stopping_postgres(scratch: PostgresScratch) -> Result<Rates, LiveError> {
    let measured = postgres::measure(&scratch).await;
    let rates = measured.map(|measured| measured.rates(scratch.server()));
    // Also when something went wrong: a given server is cleaned up by nobody else.
    let stopped = scratch.stop().await;
    let rates = rates?;
    stopped?;
    Ok(rates)
}

async fn of_mysql_family(engine: Engine, options: &ScratchOptions) -> Result<Rates, LiveError> {
    #[cfg(unix)]
    if options.url.is_none() {
        let programs = MySqlFamilyPrograms::choose(engine, options).await?;
        let kept = place(options, &programs.identity());
        if let Some(rates) = kept::read(&kept) {
            return Ok(rates);
        }
        let rates = stopping_mysql_family(programs.start_timing().await?).await?;
        kept::keep(&kept, &rates);
        return Ok(rates);
    }
    stopping_mysql_family(MySqlFamilyScratch::start(engine, options).await?).await
}

async fn stopping_mysql_family(scratch: MySqlFamilyScratch) -> Result<Rates, LiveError> {
    let measured = mysql_family::measure(&scratch).await;
    let rates = measured.map(|measured| measured.rates(scratch.server()));
    let stopped = scratch.stop().await;
    let rates = rates?;
    stopped?;
    Ok(rates)
}

async fn of_sqlite(options: &ScratchOptions) -> Result<Rates, LiveError> {
    let server = introspect::sqlite::server();
    #[cfg(unix)]
    let kept = place(options, &server.to_string());
    #[cfg(unix)]
    if let Some(rates) = kept::read(&kept) {
        return Ok(rates);
    }
    let measured = tokio::task::spawn_blocking(sqlite::measure).await;
    let measured = measured.map_err(|_| LiveError::Unsupported {
        what: "measuring SQLite ended early".to_owned(),
    })??;
    let rates = measured.rates(&server);
    #[cfg(unix)]
    kept::keep(&kept, &rates);
    Ok(rates)
}

/// Where the rates of a build are kept.
#[cfg(unix)]
fn place(options: &ScratchOptions, identity: &str) -> PathBuf {
    let key = Hasher::new("rates").add(identity).key();
    options.cache.join(format!("rates-{VERSION}-{key}.txt"))
}
