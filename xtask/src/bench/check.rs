//! `cargo xtask bench check`: a check beside the client programs that apply the same files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::CheckArgs;
use super::history::{self, Engine, File};
use super::measure::{Line, Times, ratio, seconds, table};
use super::project::{Dbwright, Project, copy};
use super::server::{Client, Server};
use crate::engines;
use crate::run::{cargo, output, run as run_command};

/// A cold check may take so many times as long as the client.
const COLD_RATIO_MAX: f64 = 2.0;

/// What is measured, for whoever reads the figures.
const EXPLANATION: &str = "\
What is measured, each round in this order:
  client       one process of the engine's client a file, to a new database of a running scratch server of dbwright's own
               (same programs, flags and template); starting that server and making the database is not counted
  cold, all    `dbwright check --all`: start a server, run, watch and judge every file, try every fix; nothing is known
               from before but the template cluster, which is made beforehand
  cold, seen   the same with every rule allowed: every file is run and watched, and there are no fixes to try
  cold, new    `dbwright check` with one new migration: the same, but only the new one is judged
  warm, new    `dbwright check` again, with another new migration in the place of the first
  warm, same   `dbwright check` again, with nothing changed
The new migration adds a column and an index, on PostgreSQL a finding with a fix that is tried.
";

/// Runs the benchmark.
pub(super) fn run(args: &CheckArgs) -> Result<()> {
    let program = match &args.dbwright {
        Some(program) => program
            .canonicalize()
            .with_context(|| format!("no {}", program.display()))?,
        None => release_build()?,
    };
    let engines = if args.engine.is_empty() {
        Engine::ALL.to_vec()
    } else {
        args.engine.clone()
    };
    let work = tempfile::Builder::new()
        .prefix("dbwright-bench-")
        .tempdir()
        .context("no folder to work in")?;
    // Servers that root starts run as another user.
    fs::set_permissions(work.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    println!("{EXPLANATION}");
    let (mut lines, mut verdicts, mut troubles) = (Vec::new(), Vec::new(), Vec::new());
    for engine in engines {
        let bench = Bench::prepare(engine, args, &program, &work.path().join(engine.name()));
        match bench.and_then(|mut bench| bench.measure(args.rounds)) {
            Ok(figures) => figures.tell(engine, &mut lines, &mut verdicts),
            Err(error) => troubles.push(format!("{} was not measured: {error:#}", engine.title())),
        }
    }
    println!("\n{}", table(&lines));
    for verdict in &verdicts {
        println!("{verdict}");
    }
    if troubles.is_empty() {
        Ok(())
    } else {
        bail!("{}", troubles.join("\n"))
    }
}

/// Builds dbwright as users have it.
pub(super) fn release_build() -> Result<PathBuf> {
    eprintln!("bench: building dbwright");
    run_command(&mut cargo(&["build", "--quiet", "--release", "--package", "dbwright"]))?;
    let facts = output(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let facts: serde_json::Value = serde_json::from_str(&facts).context("cargo metadata is not JSON")?;
    let target = facts["target_directory"]
        .as_str()
        .context("cargo metadata tells no target folder")?;
    Ok(Path::new(target).join("release/dbwright"))
}

/// What is needed to measure one engine.
struct Bench {
    engine: Engine,
    dbwright: Dbwright,
    client: Option<Client>,
    /// The major of the server, as `dbwright.toml` has it.
    version: Option<String>,
    /// A folder to work in.
    work: PathBuf,
    /// A cache with a template cluster and nothing else.
    template: PathBuf,
    project: Project,
    files: Vec<File>,
    /// New migrations written so far.
    variants: u32,
}

#[derive(Default)]
struct Figures {
    statements: usize,
    files: usize,
    client_name: Option<String>,
    server: String,
    client: Times,
    cold_all: Times,
    cold_seen: Times,
    cold_new: Times,
    warm_new: Times,
    warm_same: Times,
    /// The last line of the check of all files.
    status: String,
}

impl Bench {
    fn prepare(engine: Engine, args: &CheckArgs, program: &Path, work: &Path) -> Result<Self> {
        eprintln!("bench: {}: preparing", engine.title());
        let (client, server) = match engine {
            Engine::Sqlite => (None, None),
            Engine::Postgres | Engine::MySql | Engine::MariaDb => {
                let (client, version, bin) = programs(engine, args.postgres)?;
                (Some(client), Some((version, bin)))
            }
        };
        let version = server.as_ref().map(|(version, _)| version.clone());
        let dbwright = Dbwright {
            program: program.to_path_buf(),
            bin: server.map(|(_, bin)| (engine, bin)),
        };
        fs::create_dir_all(work)?;
        let files = history::files(engine, args.files);
        let project = Project::new(work.join("project"), engine, version.as_deref(), &files)?;
        let template = work.join("template");
        fs::create_dir(&template)?;
        let one = Project::new(work.join("one"), engine, version.as_deref(), &files[..1])?;
        dbwright.time(&one.folder, &template, &["--all", "--no-cache"])?;
        Ok(Bench {
            engine,
            dbwright,
            client,
            version,
            work: work.to_path_buf(),
            template,
            project,
            files,
            variants: 0,
        })
    }

    fn measure(&mut self, rounds: u32) -> Result<Figures> {
        let mut figures = Figures {
            statements: self.files.iter().map(|file| file.statements.len()).sum(),
            files: self.files.len(),
            server: format!(
                "{} {}",
                self.engine.title(),
                self.version.as_deref().unwrap_or_default()
            ),
            ..Figures::default()
        };
        for round in 1..=rounds {
            eprintln!("bench: {}: round {round} of {rounds}", self.engine.title());
            self.round(&mut figures)?;
        }
        Ok(figures)
    }

    fn round(&mut self, figures: &mut Figures) -> Result<()> {
        if let (Some(client), Some(version)) = (&self.client, &self.version) {
            let sleeper = self.work.join("sleeper");
            let mut server = Server::start(&self.dbwright, client, version, &sleeper, &self.template)?;
            let paths: Vec<PathBuf> = self.files.iter().map(|file| self.project.path(file)).collect();
            figures.client.add(server.apply(&paths)?);
            figures.client_name = client
                .program
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
        }
        let folder = &self.project.folder;
        let cache = self.cold_cache()?;
        let (time, status) = self.dbwright.time(folder, &cache, &["--all"])?;
        figures.cold_all.add(time);
        figures.status = status;
        let cache = self.cold_cache()?;
        let mut arguments = vec!["--all"];
        arguments.extend(dbwright_rules::RULES.iter().flat_map(|rule| ["--allow", rule.name]));
        figures.cold_seen.add(self.dbwright.time(folder, &cache, &arguments)?.0);

        let cache = self.cold_cache()?;
        let first = self.new_migration()?;
        figures
            .cold_new
            .add(self.dbwright.time(&self.project.folder, &cache, &[])?.0);
        self.new_migration()?;
        figures
            .warm_new
            .add(self.dbwright.time(&self.project.folder, &cache, &[])?.0);
        figures
            .warm_same
            .add(self.dbwright.time(&self.project.folder, &cache, &[])?.0);
        fs::remove_file(first)?;
        Ok(())
    }

    /// A cache that knows the template cluster and nothing else.
    fn cold_cache(&self) -> Result<PathBuf> {
        let cache = self.work.join("cache");
        if cache.exists() {
            fs::remove_dir_all(&cache)?;
        }
        copy(&self.template, &cache)?;
        Ok(cache)
    }

    /// Writes a migration that was never seen before, in the place of the one before; its file.
    fn new_migration(&mut self) -> Result<PathBuf> {
        self.variants += 1;
        let files = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let file = history::new_file(self.engine, files, self.variants);
        self.project.write(&file)?;
        Ok(self.project.path(&file))
    }
}

/// The client of an engine, and the major and folder of the server, from the manifest of `cargo xtask engines`.
pub(super) fn programs(engine: Engine, postgres: Option<u32>) -> Result<(Client, String, PathBuf)> {
    let manifest = engines::prefix()?.join("manifest.tsv");
    let text = fs::read_to_string(&manifest)
        .with_context(|| format!("no {}: run `cargo xtask engines` first", manifest.display()))?;
    let entries: Vec<(&str, &str, &str)> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('\t');
            Some((fields.next()?, fields.next()?, fields.next()?))
        })
        .collect();
    let major = |version: &str| version.split('.').next().unwrap_or_default().to_owned();
    let find = |name: &str, wanted: Option<&str>| {
        let found = entries
            .iter()
            .find(|(engine, version, _)| *engine == name && wanted.is_none_or(|wanted| major(version) == wanted));
        found
            .copied()
            .with_context(|| format!("{} has no {name}: run `cargo xtask engines`", manifest.display()))
    };
    let client = |program: PathBuf| Client {
        engine,
        program,
        plugins: None,
    };
    let (client, version, bin) = match engine {
        Engine::Postgres => {
            let (_, client_version, clients) = find("psql", None)?;
            let wanted = postgres.map_or_else(|| major(client_version), |major| major.to_string());
            let (_, version, bin) = find("postgres", Some(&wanted))?;
            (client(Path::new(clients).join("psql")), major(version), bin)
        }
        Engine::MySql => {
            let (_, version, bin) = find("mysql", None)?;
            (client(Path::new(bin).join("mysql")), major(version), bin)
        }
        Engine::MariaDb => {
            let (_, version, bin) = find("mariadb", None)?;
            let own = Path::new(bin).join("mariadb");
            let series: Vec<&str> = version.split('.').take(2).collect();
            let client = if own.exists() {
                client(own)
            } else {
                clients_of_mysql(engine, Path::new(find("mysql", None)?.2))
            };
            (client, series.join("."), bin)
        }
        Engine::Sqlite => bail!("SQLite has no server"),
    };
    Ok((client, version, PathBuf::from(bin)))
}

/// The major and the folder of the server of an engine.
pub(super) fn manifest_programs(engine: Engine, postgres: Option<u32>) -> Result<(String, PathBuf)> {
    let (_, version, bin) = programs(engine, postgres)?;
    Ok((version, bin))
}

/// MySQL's client, which speaks to MariaDB as well when it finds its plugins: where they were unpacked beside the host,
/// it looks in the wrong place.
fn clients_of_mysql(engine: Engine, bin: &Path) -> Client {
    let plugins = bin.with_file_name("root").join("usr/lib/mysql/plugin");
    Client {
        engine,
        program: bin.join("mysql"),
        plugins: plugins.is_dir().then_some(plugins),
    }
}

impl Figures {
    /// Adds what was measured to the table, and says of each target whether it is met.
    fn tell(self, engine: Engine, lines: &mut Vec<Line>, verdicts: &mut Vec<String>) {
        let base = self.client_name.as_ref().map(|_| self.client.median());
        let (all, seen, new) = (self.cold_all.median(), self.cold_seen.median(), self.cold_new.median());
        let warm = self.warm_new.median();
        verdicts.push(format!(
            "{}: {} files with {} statements; {}",
            self.server.trim_end(),
            self.files,
            self.statements,
            self.status.trim_start_matches("dbwright: ")
        ));
        if let (Some(base), Some(client)) = (base, &self.client_name) {
            for (what, time) in [("cold, all", all), ("cold, seen", seen), ("cold, new", new)] {
                let ratio = ratio(time, base);
                verdicts.push(format!(
                    "  {what}: {ratio:.2}x of {client}, {} a statement more; at most {COLD_RATIO_MAX}x: {}",
                    overhead(time, base, self.statements),
                    met(ratio <= COLD_RATIO_MAX)
                ));
            }
        }
        let limit = warm_limit(engine);
        verdicts.push(format!(
            "  warm, new: {}; under {}: {}",
            seconds(warm),
            seconds(limit),
            met(warm < limit)
        ));
        let title = engine.title();
        let line = |what: String, times: Times, base| Line {
            engine: title,
            what,
            times,
            base,
        };
        if let Some(client) = &self.client_name {
            lines.push(line(format!("client ({client})"), self.client, None));
        }
        lines.push(line("cold, all".to_owned(), self.cold_all, base));
        lines.push(line("cold, seen".to_owned(), self.cold_seen, base));
        lines.push(line("cold, new".to_owned(), self.cold_new, base));
        lines.push(line("warm, new".to_owned(), self.warm_new, base));
        lines.push(line("warm, same".to_owned(), self.warm_same, base));
    }
}

/// How long a warm check of one new migration may take.
fn warm_limit(engine: Engine) -> Duration {
    match engine {
        Engine::Postgres | Engine::MySql | Engine::MariaDb => Duration::from_millis(1500),
        Engine::Sqlite => Duration::from_millis(300),
    }
}

fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "NOT met" }
}

/// What dbwright adds to a statement, as in `2.7 ms`.
fn overhead(time: Duration, base: Duration, statements: usize) -> String {
    let more = time.as_secs_f64() - base.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "there are few statements")]
    let each = more * 1000.0 / statements.max(1) as f64;
    format!("{each:.1} ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overhead_is_that_of_one_statement() {
        let (time, base) = (Duration::from_millis(2700), Duration::from_millis(700));
        assert_eq!(overhead(time, base, 1000), "2.0 ms");
        assert_eq!(overhead(base, time, 1000), "-2.0 ms");
    }
}
