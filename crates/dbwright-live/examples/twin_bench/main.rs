//! How exact, fast and small twins of PostgreSQL are:
//!
//! - `twin_bench exact tpch|tpcds FOLDER VERSION`: a benchmark loaded for real beside its twin, and how many of its queries
//!   have the same plan and the same costs on both. The folder is what `cargo xtask bench twin` generates.
//! - `twin_bench wide TABLES VERSION`: capture and build of a schema of many tables.
//! - `twin_bench huge VERSION`: the twin of a made-up database of 5 TB.
//!
//! Server programs are looked for in `DBWRIGHT_POSTGRES_BIN` first. `cargo xtask bench twin` runs all of it.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
#![expect(clippy::disallowed_methods, reason = "this is a `main`, where the runtime is built")]

mod benchmark;
mod counting;
mod exact;
mod made_up;

use std::path::PathBuf;

use dbwright_catalog::{SampleValues, Version};
use dbwright_live::scratch::{BinDirs, ScratchOptions};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let cache = tempfile::tempdir()?;
    let options = |version: &str| -> Result<ScratchOptions, Failure> {
        Ok(ScratchOptions {
            url: None,
            version: Some(version.parse::<Version>()?),
            cache: cache.path().to_path_buf(),
            bin_dirs: BinDirs {
                postgres: std::env::var_os("DBWRIGHT_POSTGRES_BIN")
                    .map(PathBuf::from)
                    .into_iter()
                    .collect(),
                ..BinDirs::default()
            },
        })
    };
    match arguments.as_slice() {
        ["exact", name, folder, version] => exact::run(name, folder.as_ref(), &options(version)?).await,
        ["wide", tables, version] => made_up::wide(tables.parse()?, &options(version)?).await,
        ["huge", version] => made_up::huge(&options(version)?).await,
        _ => Err("exact tpch|tpcds FOLDER VERSION, wide TABLES VERSION or huge VERSION".into()),
    }
}

fn values(by_default: bool) -> SampleValues {
    SampleValues {
        by_default,
        exceptions: Vec::new(),
    }
}
