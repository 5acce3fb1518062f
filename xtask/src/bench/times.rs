//! `cargo xtask bench times`: how long `check --snapshot` says that migrations take, beside how long they take.
//!
//! Tables of several sizes on a server with default settings; a snapshot of it; a check of migrations that do one thing each
//! to each of them; then the same statements on that server.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::TimesArgs;
use super::check::{programs, release_build};
use super::history::{Engine, File};
use super::measure::seconds;
use super::project::{Dbwright, Project};
use super::real::RealServer;
use super::server::Client;
use crate::run::output;

/// Bytes of a row, about.
const ROW: f64 = 185.0;

/// So many rows are inserted at once on MySQL and MariaDB.
const PART: u64 = 100_000;

/// Larger tables of MySQL get no foreign key: it takes 2.5 KB of memory for each row.
const KEY_MAX: f64 = 1.0;

/// A prediction is right where what it took is between the half and the double.
const FACTOR: f64 = 2.0;

/// Runs the benchmark.
pub(super) fn run_benchmark(args: &TimesArgs) -> Result<()> {
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
        .tempdir_in(args.folder.clone().unwrap_or_else(std::env::temp_dir))
        .context("no folder to work in")?;
    // Servers that root starts run as another user.
    fs::set_permissions(work.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    println!("engine      size      statement                                        estimated      took  ratio");
    for engine in engines {
        let (client, version, bin) = match engine {
            Engine::Sqlite => (sqlite()?, None, None),
            Engine::Postgres | Engine::MySql | Engine::MariaDb => {
                let (client, version, bin) = programs(engine, args.postgres)?;
                (client, Some(version), Some(bin))
            }
        };
        let bench = Bench {
            engine,
            dbwright: Dbwright {
                program: program.clone(),
                bin: bin.clone().map(|bin| (engine, bin)),
            },
            work: work.path().join(engine.name()),
        };
        bench.measure(args, client, version.as_deref(), bin.as_deref())?;
    }
    Ok(())
}

fn sqlite() -> Result<Client> {
    output(std::process::Command::new("sqlite3").arg("--version")).context("no sqlite3 in PATH")?;
    Ok(Client {
        engine: Engine::Sqlite,
        program: PathBuf::from("sqlite3"),
        plugins: None,
    })
}

struct Bench {
    engine: Engine,
    dbwright: Dbwright,
    work: PathBuf,
}

/// A statement that is estimated and run, and what takes it back.
struct Deed {
    table: String,
    sql: String,
    back: Vec<String>,
}

impl Bench {
    fn measure(&self, args: &TimesArgs, client: Client, version: Option<&str>, bin: Option<&Path>) -> Result<()> {
        fs::create_dir_all(&self.work)?;
        let tables: Vec<(String, f64)> = args
            .gigabytes
            .iter()
            .enumerate()
            .map(|(index, size)| (format!("t{index}"), *size))
            .collect();
        let mut create = vec![format!("CREATE TABLE parent (id {} PRIMARY KEY)", self.number())];
        create.extend(tables.iter().map(|(table, _)| self.create(table)));
        let deeds: Vec<Deed> = tables
            .iter()
            .flat_map(|(table, size)| self.deeds(table, *size))
            .collect();
        let mut files = vec![file(1, create.clone())];
        for (index, deed) in deeds.iter().enumerate() {
            // Each finds what the first one has left.
            let statements = std::iter::once(deed.sql.clone()).chain(deed.back.clone()).collect();
            files.push(file(index + 2, statements));
        }
        let project = Project::new(self.work.join("project"), self.engine, version, &files)?;
        let cache = self.work.join("cache");
        // Prepares the server, and measures the rates only once there is a snapshot.
        self.dbwright
            .time(&project.folder, &cache, &["--all", "--no-rollback"])?;
        let server = RealServer::start(client, bin, &cache, &self.work.join("server"))?;
        for statement in &create {
            server.run(statement)?;
        }
        self.fill(&server, &tables)?;
        let estimates = self.estimates(&project, &cache, &server)?;
        let mut within = 0;
        let mut told = 0;
        for (index, deed) in deeds.iter().enumerate() {
            let (took, _) = server.run(&deed.sql)?;
            for back in &deed.back {
                server.run(back)?;
            }
            let size = tables
                .iter()
                .find(|(table, _)| *table == deed.table)
                .map_or(0.0, |(_, size)| *size);
            let Some((low, high)) = estimates[index] else {
                println!(
                    "{:<10}  {size:>4} GB  {:<48}  {:>9}  {:>8}",
                    self.engine.title(),
                    shortened(&deed.sql),
                    "-",
                    seconds(took)
                );
                continue;
            };
            // The range is from two thirds to twice of what was computed.
            let computed = (low * 1.5).max(high / 2.0);
            let ratio = took.as_secs_f64() / computed;
            told += 1;
            if (1.0 / FACTOR..=FACTOR).contains(&ratio) {
                within += 1;
            }
            println!(
                "{:<10}  {size:>4} GB  {:<48}  {computed:>7.2} s  {:>8}  {ratio:>5.2}",
                self.engine.title(),
                shortened(&deed.sql),
                seconds(took)
            );
        }
        println!(
            "{}: {within} of {told} took between the half and the double",
            self.engine.title()
        );
        Ok(())
    }

    fn number(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "INTEGER",
            Engine::Postgres | Engine::MySql | Engine::MariaDb => "bigint",
        }
    }

    fn create(&self, table: &str) -> String {
        let number = self.number();
        let (word, filler) = match self.engine {
            Engine::MySql | Engine::MariaDb => ("varchar(40)", "varchar(100)"),
            Engine::Postgres | Engine::Sqlite => ("text", "text"),
        };
        format!(
            "CREATE TABLE {table} (id {number} PRIMARY KEY, parent {number} NOT NULL, number {number} NOT NULL, \
             word {word} NOT NULL, filler {filler} NOT NULL)"
        )
    }

    fn deeds(&self, table: &str, gigabytes: f64) -> Vec<Deed> {
        let deed = |sql: String, back: &[String]| Deed {
            table: table.to_owned(),
            sql,
            back: back.to_vec(),
        };
        let index = |column: &str| format!("CREATE INDEX {table}_{column} ON {table} ({column})");
        let without_index = |column: &str| match self.engine {
            Engine::MySql | Engine::MariaDb => format!("DROP INDEX {table}_{column} ON {table}"),
            Engine::Postgres | Engine::Sqlite => format!("DROP INDEX {table}_{column}"),
        };
        let mut deeds = vec![
            deed(index("number"), &[without_index("number")]),
            deed(index("word"), &[without_index("word")]),
        ];
        let check = format!("ALTER TABLE {table} ADD CONSTRAINT {table}_c CHECK (parent >= 0)");
        let key = format!("ALTER TABLE {table} ADD CONSTRAINT {table}_f FOREIGN KEY (parent) REFERENCES parent (id)");
        match self.engine {
            Engine::Postgres => deeds.extend([
                deed(check, &[format!("ALTER TABLE {table} DROP CONSTRAINT {table}_c")]),
                deed(key, &[format!("ALTER TABLE {table} DROP CONSTRAINT {table}_f")]),
                deed(
                    format!("ALTER TABLE {table} ALTER COLUMN number TYPE numeric"),
                    &[format!("ALTER TABLE {table} ALTER COLUMN number TYPE bigint")],
                ),
            ]),
            Engine::MySql | Engine::MariaDb => {
                deeds.extend([
                    deed(format!("ALTER TABLE {table} FORCE"), &[]),
                    deed(
                        format!("ALTER TABLE {table} MODIFY number varchar(30) NOT NULL"),
                        &[format!("ALTER TABLE {table} MODIFY number bigint NOT NULL")],
                    ),
                    deed(check, &[format!("ALTER TABLE {table} DROP CONSTRAINT {table}_c")]),
                ]);
                if self.engine == Engine::MariaDb || gigabytes <= KEY_MAX {
                    deeds.push(deed(
                        key,
                        &[
                            format!("ALTER TABLE {table} DROP FOREIGN KEY {table}_f"),
                            format!("ALTER TABLE {table} DROP INDEX {table}_f"),
                        ],
                    ));
                }
            }
            Engine::Sqlite => deeds.push(deed(format!("ALTER TABLE {table} DROP COLUMN word"), &[])),
        }
        deeds.push(deed(format!("UPDATE {table} SET filler = 'y'"), &[]));
        deeds
    }

    /// Fills the tables, and lets the server count.
    fn fill(&self, server: &RealServer, tables: &[(String, f64)]) -> Result<()> {
        // Enough to refer to, in memory.
        self.numbers(server, "parent", 100_000)?;
        for (table, gigabytes) in tables {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few million")]
            let rows = (gigabytes * 1e9 / ROW) as u64;
            self.numbers(server, table, rows)?;
        }
        for table in tables.iter().map(|(table, _)| table.as_str()).chain(["parent"]) {
            match self.engine {
                Engine::Postgres => server.run(&format!("VACUUM ANALYZE {table}"))?,
                Engine::MySql | Engine::MariaDb => server.run(&format!("ANALYZE TABLE {table}"))?,
                Engine::Sqlite => server.run(&format!("ANALYZE {table}"))?,
            };
        }
        if self.engine == Engine::Postgres {
            server.run("CHECKPOINT")?;
        }
        Ok(())
    }

    fn numbers(&self, server: &RealServer, table: &str, rows: u64) -> Result<()> {
        let columns = |n: &str, word: &str, filler: &str| {
            if table == "parent" {
                n.to_owned()
            } else {
                format!("{n}, 1 + {n} * 7919 % 100000, {n} * 7919 % 1000003, {word}, {filler}")
            }
        };
        let sql = match self.engine {
            Engine::Postgres => format!(
                "INSERT INTO {table} SELECT {} FROM generate_series(1, {rows}::bigint) n",
                columns("n", "md5(n::text)", "repeat('x', 90)")
            ),
            Engine::Sqlite => format!(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows}) \
                 INSERT INTO {table} SELECT {} FROM n",
                columns("n", "lower(hex(randomblob(16)))", "printf('%.90c', 'x')")
            ),
            // In parts, because what could be taken back is kept.
            Engine::MySql | Engine::MariaDb => {
                let limit = match self.engine {
                    Engine::MySql => "cte_max_recursion_depth",
                    _ => "max_recursive_iterations",
                };
                let values = columns("n", "LEFT(SHA2(n, 256), 32)", "REPEAT('x', 90)");
                let part = |part: u64| {
                    let (from, to) = (part * PART + 1, ((part + 1) * PART).min(rows));
                    format!(
                        "INSERT INTO {table} WITH RECURSIVE n (n) AS \
                         (SELECT CAST({from} AS SIGNED) UNION ALL SELECT n + 1 FROM n WHERE n < {to}) SELECT {values} FROM n;"
                    )
                };
                let parts: String = (0..rows.div_ceil(PART)).map(part).collect();
                format!("SET SESSION {limit} = 1000000;{parts}")
            }
        };
        server.run(&sql).map(drop)
    }

    /// What a check of the migrations says, in their order: from, to, in seconds.
    fn estimates(&self, project: &Project, cache: &Path, server: &RealServer) -> Result<Vec<Option<(f64, f64)>>> {
        let snapshot = self.work.join("shop.dbsnap");
        let mut capture = std::process::Command::new(&self.dbwright.program);
        output(capture.arg("capture").arg(server.url()).arg("-o").arg(&snapshot))?;
        let arguments = ["--all", "--no-rollback", "--snapshot"];
        let mut check = self.dbwright.check(&project.folder, cache, &arguments);
        check.arg(&snapshot).args(["--format", "json"]);
        let checked = check.output().context("cannot run dbwright")?;
        let report: Value = serde_json::from_slice(&checked.stdout)
            .with_context(|| format!("no report: {}", String::from_utf8_lossy(&checked.stderr)))?;
        let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of = |number: usize| {
            let name = file(number, Vec::new()).name;
            let mut found = findings.iter().filter(|finding| {
                finding["file"].as_str().is_some_and(|file| file.ends_with(&name)) && finding["statement"] == 0
            });
            found.find_map(|finding| {
                let work = finding["production"]["work"].as_array()?;
                let mut sum = (0.0, 0.0);
                for work in work {
                    sum.0 += work["time"]["low"].as_f64()?;
                    sum.1 += work["time"]["high"].as_f64()?;
                }
                (!work.is_empty()).then_some(sum)
            })
        };
        let count = project_files(project)?;
        Ok((2..=count).map(of).collect())
    }
}

fn project_files(project: &Project) -> Result<usize> {
    let count = fs::read_dir(project.folder.join("migrations"))?.count();
    if count < 2 {
        bail!("no migrations in {}", project.folder.display());
    }
    Ok(count)
}

fn file(number: usize, statements: Vec<String>) -> File {
    File {
        name: format!("{number:04}_deed.sql"),
        statements,
    }
}

fn shortened(sql: &str) -> String {
    sql.chars().take(48).collect()
}
