//! `cargo xtask bench twin`: how exact, fast and small twins of PostgreSQL are.
//!
//! The measuring is an example of `dbwright-live`, which can start servers; here data is generated for it, it is built for
//! release and told where the programs are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::TwinArgs;
use super::history::Engine;
use super::schema::installed;
use crate::run::{cargo, run};

/// Generates the data.
const DATA: &str = include_str!("twin_data.py");

pub(super) fn run_benchmark(args: &TwinArgs) -> Result<()> {
    let work = tempfile::Builder::new()
        .prefix("dbwright-bench-")
        .tempdir()
        .context("no folder to work in")?;
    // Servers that root starts run as another user.
    fs::set_permissions(work.path(), fs::Permissions::from_mode(0o755))?;
    let data = args.data.clone().unwrap_or_else(|| work.path().join("data"));
    if !data.join("tpcds/tpcds.json").exists() {
        let script = work.path().join("twin_data.py");
        fs::write(&script, DATA)?;
        let scale = args.scale.to_string();
        run(Command::new(&args.python).arg(&script).arg(&data).arg(scale)).context(
            "no data: say with --python which Python has duckdb 1.1.3 (`pip install duckdb==1.1.3` in an environment)",
        )?;
    }
    for major in &args.postgres {
        let (version, bin) = installed(Engine::Postgres, Some(&major.to_string()))?;
        for name in ["tpch", "tpcds"] {
            measure(&["exact", name, &text(&data)?, &version], &bin)?;
        }
    }
    let newest = args.postgres.iter().max().map(ToString::to_string);
    let (version, bin) = installed(Engine::Postgres, newest.as_deref())?;
    measure(&["wide", "1000", &version], &bin)?;
    measure(&["huge", &version], &bin)
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().context("the folder of the data has no plain name")?;
    Ok(text.to_owned())
}

fn measure(arguments: &[&str], bin: &str) -> Result<()> {
    let mut command = cargo(&[
        "run",
        "--release",
        "--quiet",
        "-p",
        "dbwright-live",
        "--example",
        "twin_bench",
        "--",
    ]);
    run(command.args(arguments).env("DBWRIGHT_POSTGRES_BIN", bin))
}
