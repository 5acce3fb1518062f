//! How exact, fast and small twins are:
//!
//! - `twin_bench exact ENGINE[@VERSION] tpch|tpcds FOLDER [show]`: a benchmark loaded for real beside its twin, and how many
//!   of its queries have the same plan on both (on PostgreSQL, the same costs as well); `show` prints the plans that differ.
//!   The folder is what `cargo xtask bench twin` generates.
//! - `twin_bench wide ENGINE[@VERSION] TABLES`: capture and build of a schema of many tables.
//! - `twin_bench huge VERSION`: the twin of a made-up database of PostgreSQL of 5 TB.
//!
//! Server programs are looked for in `DBWRIGHT_POSTGRES_BIN` and its like first. `cargo xtask bench twin` runs all of it.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
#![expect(clippy::disallowed_methods, reason = "this is a `main`, where the runtime is built")]

mod benchmark;
mod counting;
mod exact;
mod figures;
mod huge;
mod plans;
mod production;
mod shares;
mod wide;

// What the live tests take for the same plan.
#[path = "../../tests/it/twin_mysql_family/plan.rs"]
mod mysql_family_plan;
#[path = "../../tests/it/twin_sqlite/plan.rs"]
mod sqlite_plan;

use std::path::PathBuf;

use dbwright_catalog::{Engine, SampleValues, Version};
use dbwright_live::scratch::{BinDirs, ScratchOptions};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let cache = tempfile::tempdir()?;
    let bin = |name: &str| std::env::var_os(name).map(PathBuf::from).into_iter().collect();
    let options = |version: Option<Version>| ScratchOptions {
        url: None,
        version,
        cache: cache.path().to_path_buf(),
        bin_dirs: BinDirs {
            postgres: bin("DBWRIGHT_POSTGRES_BIN"),
            mysql: bin("DBWRIGHT_MYSQL_BIN"),
            mariadb: bin("DBWRIGHT_MARIADB_BIN"),
        },
    };
    match arguments.as_slice() {
        ["exact", server, name, folder, rest @ ..] => {
            let (engine, version) = server_of(server)?;
            let (folder, options) = (folder.as_ref(), options(version));
            match engine {
                Engine::Postgres => exact::run(name, folder, &options).await,
                Engine::MySql | Engine::MariaDb | Engine::Sqlite => {
                    shares::run(engine, name, folder, &options, rest == ["show"]).await
                }
            }
        }
        ["wide", server, tables] => {
            let (engine, version) = server_of(server)?;
            wide::run(engine, tables.parse()?, &options(version)).await
        }
        ["huge", version] => huge::run(&options(Some(version.parse()?))).await,
        _ => Err("exact ENGINE[@VERSION] tpch|tpcds FOLDER, wide ENGINE[@VERSION] TABLES or huge VERSION".into()),
    }
}

/// Engine and version of `mysql@9.7.4`.
fn server_of(text: &str) -> Result<(Engine, Option<Version>), Failure> {
    let (engine, version) = match text.split_once('@') {
        Some((engine, version)) => (engine, Some(version.parse()?)),
        None => (text, None),
    };
    Ok((engine.parse()?, version))
}

fn values(by_default: bool) -> SampleValues {
    SampleValues {
        by_default,
        exceptions: Vec::new(),
    }
}
