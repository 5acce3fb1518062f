//! `cargo xtask bench schema`: reading a schema of many tables, beside the dump program of the engine.
//!
//! The measuring is an example of `dbwright-live`, which can start a server and read it; here it is built for release and
//! told where the programs are. PostgreSQL only, yet.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::SchemaArgs;
use crate::engines;
use crate::run::{cargo, output, run};

fn run_postgres(args: &SchemaArgs, major: &str, bin: &str) -> Result<()> {
    let (tables, rounds) = (args.tables.to_string(), args.rounds.to_string());
    let mut command = cargo(&[
        "run",
        "--release",
        "--quiet",
        "-p",
        "dbwright-live",
        "--example",
        "schema_speed",
        "--",
        major,
        &tables,
        &rounds,
    ]);
    run(command.env("DBWRIGHT_POSTGRES_BIN", bin))
}

pub(super) fn run_benchmark(args: &SchemaArgs) -> Result<()> {
    let major = match args.postgres {
        Some(major) => major.to_string(),
        None => dump_major().context("no pg_dump here to compare with: say which server with --postgres")?,
    };
    let manifest = engines::prefix()?.join("manifest.tsv");
    let text = fs::read_to_string(&manifest)
        .with_context(|| format!("no {}: run `cargo xtask engines` first", manifest.display()))?;
    let bin = text.lines().find_map(|line| {
        let mut fields = line.split('\t');
        let is_it = fields.next() == Some("postgres") && fields.next()?.split('.').next() == Some(major.as_str());
        is_it.then(|| fields.next()).flatten()
    });
    let bin = bin.with_context(|| format!("no PostgreSQL {major}: run `cargo xtask engines`"))?;
    run_postgres(args, &major, bin)
}

/// The major version of the `pg_dump` that is found: `15` of `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn dump_major() -> Result<String> {
    let text = output(Command::new("pg_dump").arg("--version"))?;
    let version = text.split(") ").nth(1).unwrap_or_default();
    let major = version.split('.').next().unwrap_or_default().trim();
    Ok(major.to_owned())
}
