//! How long it takes to get and to leave a scratch server: `cargo run --release --example scratch_speed [MAJOR]`.
//!
//! Server programs are looked for in `DBWRIGHT_POSTGRES_BIN` first. The first line includes making the template.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
#![expect(clippy::disallowed_methods, reason = "this is a `main`, where the runtime is built")]

use std::path::PathBuf;
use std::time::Instant;

use dbwright_live::LiveError;
use dbwright_live::scratch::postgres::{PostgresScratch, ScratchOptions, Who};

#[tokio::main]
async fn main() -> Result<(), LiveError> {
    let cache = tempfile::tempdir().expect("there is a folder for temporary files");
    let options = ScratchOptions {
        major: std::env::args().nth(1).and_then(|major| major.parse().ok()),
        cache: cache.path().to_path_buf(),
        bin_dirs: std::env::var_os("DBWRIGHT_POSTGRES_BIN")
            .map(PathBuf::from)
            .into_iter()
            .collect(),
        ..ScratchOptions::default()
    };
    for _ in 0..6 {
        let begin = Instant::now();
        let scratch = PostgresScratch::start(&options).await?;
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
    }
    Ok(())
}
