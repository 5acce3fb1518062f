//! How long it takes to get and to leave a scratch server:
//! `cargo run --release --example scratch_speed [ENGINE [VERSION]]`, of PostgreSQL where no engine is named.
//!
//! Server programs are looked for in `DBWRIGHT_POSTGRES_BIN`, `DBWRIGHT_MYSQL_BIN` and `DBWRIGHT_MARIADB_BIN` first. The
//! first line includes making the template.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
#![expect(clippy::disallowed_methods, reason = "this is a `main`, where the runtime is built")]

use std::path::PathBuf;
use std::time::Instant;

use dbwright_catalog::Engine;
use dbwright_live::LiveError;
use dbwright_live::scratch::mysql_family::{self, MySqlFamilyScratch};
use dbwright_live::scratch::postgres::{PostgresScratch, Who};
use dbwright_live::scratch::{BinDirs, ScratchOptions};

const RUNS: usize = 6;

#[tokio::main]
async fn main() -> Result<(), LiveError> {
    let cache = tempfile::tempdir().expect("there is a folder for temporary files");
    let folders = |variable: &str| std::env::var_os(variable).map(PathBuf::from).into_iter().collect();
    let mut arguments = std::env::args().skip(1);
    let engine = arguments
        .next()
        .map_or(Ok(Engine::Postgres), |name| name.parse())
        .expect("the first argument is an engine");
    let options = ScratchOptions {
        version: arguments.next().and_then(|version| version.parse().ok()),
        cache: cache.path().to_path_buf(),
        bin_dirs: BinDirs {
            postgres: folders("DBWRIGHT_POSTGRES_BIN"),
            mysql: folders("DBWRIGHT_MYSQL_BIN"),
            mariadb: folders("DBWRIGHT_MARIADB_BIN"),
        },
        ..ScratchOptions::default()
    };
    for _ in 0..RUNS {
        match engine {
            Engine::Postgres | Engine::Sqlite => postgres(&options).await?,
            Engine::MySql | Engine::MariaDb => mysql_family(engine, &options).await?,
        }
    }
    Ok(())
}

async fn postgres(options: &ScratchOptions) -> Result<(), LiveError> {
    let begin = Instant::now();
    let scratch = PostgresScratch::start(options).await?;
    let started = begin.elapsed();
    let database = scratch.create_database().await?;
    let session = scratch.connect(&database, Who::Migrator).await?;
    let ready = begin.elapsed();
    session.close().await;
    let begin = Instant::now();
    scratch.copy_database(&database).await?;
    let copied = begin.elapsed();
    let begin = Instant::now();
    let server = scratch.server().clone();
    scratch.stop().await?;
    println!(
        "{server}: answers after {started:.0?}, database ready after {ready:.0?}, copied in {copied:.0?}, \
         stopped in {:.0?}",
        begin.elapsed()
    );
    Ok(())
}

async fn mysql_family(engine: Engine, options: &ScratchOptions) -> Result<(), LiveError> {
    let kept = options.cache.join("kept");
    let begin = Instant::now();
    let scratch = MySqlFamilyScratch::start(engine, options).await?;
    let started = begin.elapsed();
    let database = scratch.create_database().await?;
    scratch.connect(&database, mysql_family::Who::Migrator).await?;
    let ready = begin.elapsed();
    let begin = Instant::now();
    let server = scratch.server().clone();
    scratch.stop_keeping(&kept).await?;
    let stopped = begin.elapsed();
    let begin = Instant::now();
    let scratch = MySqlFamilyScratch::start_on(engine, options, &kept).await?;
    let again = begin.elapsed();
    std::fs::remove_dir_all(&kept).expect("what was kept can be removed");
    let begin = Instant::now();
    scratch.stop().await?;
    println!(
        "{server}: answers after {started:.0?}, database ready after {ready:.0?}, stopped and kept in {stopped:.0?}, \
         again after {again:.0?}, stopped in {:.0?}",
        begin.elapsed()
    );
    Ok(())
}
