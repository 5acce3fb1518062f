//! `cargo xtask bench schema`: reading, comparing and planning a schema of many tables, beside the program of each engine
//! that dumps one.
//!
//! The measuring is an example of `dbwright-live`, which can start a server and read it; here it is built for release and
//! told where the programs are.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::SchemaArgs;
use super::history::Engine;
use crate::engines;
use crate::run::{cargo, output, run};

pub(super) fn run_benchmark(args: &SchemaArgs) -> Result<()> {
    let engines = if args.engine.is_empty() {
        Engine::ALL.to_vec()
    } else {
        args.engine.clone()
    };
    let mut troubles = Vec::new();
    for engine in engines {
        if let Err(error) = measure(engine, args) {
            troubles.push(format!("{} was not measured: {error:#}", engine.title()));
        }
    }
    if troubles.is_empty() {
        Ok(())
    } else {
        bail!("{}", troubles.join("\n"))
    }
}

fn measure(engine: Engine, args: &SchemaArgs) -> Result<()> {
    let mut server = engine.name().to_owned();
    let mut program = None;
    let variable = match engine {
        Engine::Postgres => {
            let major = match args.postgres {
                Some(major) => major.to_string(),
                None => dump_major().context("no pg_dump here to compare with: say which server with --postgres")?,
            };
            let (version, bin) = installed(engine, Some(&major))?;
            server = format!("{server}@{version}");
            program = Some(bin);
            "DBWRIGHT_POSTGRES_BIN"
        }
        Engine::MySql | Engine::MariaDb => {
            let (version, bin) = installed(engine, None)?;
            server = format!("{server}@{version}");
            program = Some(bin);
            if engine == Engine::MySql {
                "DBWRIGHT_MYSQL_BIN"
            } else {
                "DBWRIGHT_MARIADB_BIN"
            }
        }
        Engine::Sqlite => "",
    };
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
        &server,
        &tables,
        &rounds,
    ]);
    if let Some(bin) = program {
        // The program that dumps a schema may lie beside the server.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(PathBuf::from(&bin)).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders)?);
        command.env(variable, bin);
    }
    run(&mut command)
}

/// Version and programs of a server that `cargo xtask engines` has installed: of this major, or the newest.
pub(super) fn installed(engine: Engine, major: Option<&str>) -> Result<(String, String)> {
    let manifest = engines::prefix()?.join("manifest.tsv");
    let text = fs::read_to_string(&manifest)
        .with_context(|| format!("no {}: run `cargo xtask engines` first", manifest.display()))?;
    let found = text.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let is_engine = fields.next() == Some(engine.name());
        let version = fields.next()?;
        let is_major = major.is_none_or(|major| version.split('.').next() == Some(major));
        (is_engine && is_major).then_some((version.to_owned(), fields.next()?.to_owned()))
    });
    let newest = found.max_by_key(|(version, _)| {
        let numbers = version
            .split('.')
            .map(|number| number.parse::<u32>().unwrap_or_default());
        numbers.collect::<Vec<_>>()
    });
    newest.with_context(|| format!("no {}: run `cargo xtask engines`", engine.title()))
}

/// The major version of the `pg_dump` that is found: `15` of `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn dump_major() -> Result<String> {
    let text = output(Command::new("pg_dump").arg("--version"))?;
    let version = text.split(") ").nth(1).unwrap_or_default();
    let major = version.split('.').next().unwrap_or_default().trim();
    Ok(major.to_owned())
}
