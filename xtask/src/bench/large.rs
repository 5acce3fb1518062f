//! `cargo xtask bench large`: what a statement costs in a small migration and in a large one.
//!
//! One file that its tool runs statement by statement, as a dump of a grown schema is one: tables, keys, indexes, columns.
//! What a statement costs should not depend on how many stand before it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::LargeArgs;
use super::check::{manifest_programs, release_build};
use super::history::{self, Engine};
use super::measure::Times;
use super::project::{Dbwright, Project, copy};

/// Runs the benchmark.
pub(super) fn run(args: &LargeArgs) -> Result<()> {
    let program = match &args.dbwright {
        Some(program) => program
            .canonicalize()
            .with_context(|| format!("no {}", program.display()))?,
        None => release_build()?,
    };
    let engines = if args.engine.is_empty() {
        vec![Engine::Postgres, Engine::Sqlite]
    } else {
        args.engine.clone()
    };
    let work = tempfile::Builder::new()
        .prefix("dbwright-bench-")
        .tempdir()
        .context("no folder to work in")?;
    // Servers that root starts run as another user.
    fs::set_permissions(work.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    println!(
        "`dbwright check --all --no-cache` of one migration; the time of one with a single statement is taken off."
    );
    for engine in engines {
        let server = match engine {
            Engine::Sqlite => None,
            Engine::Postgres | Engine::MySql | Engine::MariaDb => Some(manifest_programs(engine, args.postgres)?),
        };
        let dbwright = Dbwright {
            program: program.clone(),
            bin: server.as_ref().map(|(_, bin)| (engine, bin.clone())),
        };
        let version = server.map(|(version, _)| version);
        let bench = Bench {
            engine,
            dbwright,
            version,
            work: work.path().join(engine.name()),
        };
        bench.measure(args)?;
    }
    Ok(())
}

struct Bench {
    engine: Engine,
    dbwright: Dbwright,
    version: Option<String>,
    work: PathBuf,
}

impl Bench {
    fn measure(&self, args: &LargeArgs) -> Result<()> {
        fs::create_dir_all(&self.work)?;
        let template = self.work.join("template");
        fs::create_dir(&template)?;
        let base = self.project(1)?;
        self.dbwright.time(&base.folder, &template, &["--all", "--no-cache"])?;
        let base = self.time(&base, &template, args.rounds)?;
        let mut each = Vec::new();
        for statements in &args.statements {
            let project = self.project(*statements)?;
            let time = self.time(&project, &template, args.rounds)?;
            let more = time.saturating_sub(base).as_secs_f64() * 1000.0 / f64::from((*statements).max(2) - 1);
            println!(
                "{:<11} {statements:>6} statements {:>8.2} s, {more:.2} ms a statement",
                self.engine.title(),
                time.as_secs_f64()
            );
            each.push(more);
        }
        if let (Some(first), Some(last)) = (each.first(), each.last())
            && *first > 0.0
        {
            println!(
                "{:<11} a statement of the largest costs {:.2}x of one of the smallest",
                self.engine.title(),
                last / first
            );
        }
        Ok(())
    }

    fn project(&self, statements: u32) -> Result<Project> {
        let file = history::large_file(self.engine, statements);
        let folder = self.work.join(format!("large-{statements}"));
        Project::new(folder, self.engine, self.version.as_deref(), &[file])
    }

    fn time(&self, project: &Project, template: &Path, rounds: u32) -> Result<std::time::Duration> {
        let mut times = Times::default();
        for _ in 0..rounds {
            let cache = self.work.join("cache");
            if cache.exists() {
                fs::remove_dir_all(&cache)?;
            }
            copy(template, &cache)?;
            times.add(self.dbwright.time(&project.folder, &cache, &["--all", "--no-cache"])?.0);
        }
        Ok(times.median())
    }
}
