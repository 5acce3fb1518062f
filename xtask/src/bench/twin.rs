//! `cargo xtask bench twin`: how exact, fast and small twins are.
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
    let engines = if args.engine.is_empty() {
        Engine::ALL.to_vec()
    } else {
        args.engine.clone()
    };
    for engine in engines {
        let scale = args.scale.unwrap_or(match engine {
            Engine::Postgres | Engine::Sqlite => 1.0,
            Engine::MySql | Engine::MariaDb => 0.1,
        });
        let data = generated(args, work.path(), &data.join(format!("sf{scale}")), scale)?;
        let majors = match engine {
            Engine::Postgres => args.postgres.iter().map(|major| Some(major.to_string())).collect(),
            Engine::MySql | Engine::MariaDb | Engine::Sqlite => vec![None],
        };
        println!("{}, data of scale {scale}", engine.title());
        for major in &majors {
            let server = Server::installed(engine, major.as_deref())?;
            for name in ["tpch", "tpcds"] {
                let show = if args.show { &["show"][..] } else { &[] };
                server.measure(&[&["exact", &server.name, name, &data], show].concat())?;
            }
        }
        let newest = args.postgres.iter().max().map(ToString::to_string);
        let newest = newest.filter(|_| engine == Engine::Postgres);
        let server = Server::installed(engine, newest.as_deref())?;
        server.measure(&["wide", &server.name, "1000"])?;
        if engine == Engine::Postgres {
            server.measure(&["huge", &server.version])?;
        }
    }
    Ok(())
}

/// The folder of the data, generated where it is not there.
fn generated(args: &TwinArgs, work: &Path, folder: &Path, scale: f64) -> Result<String> {
    if !folder.join("tpcds/tpcds.json").exists() {
        let script = work.join("twin_data.py");
        fs::write(&script, DATA)?;
        let mut command = Command::new(&args.python);
        run(command.arg(&script).arg(folder).arg(scale.to_string())).context(
            "no data: say with --python which Python has duckdb 1.1.3 (`pip install duckdb==1.1.3` in an environment)",
        )?;
    }
    let text = folder.to_str().context("the folder of the data has no plain name")?;
    Ok(text.to_owned())
}

/// What is measured.
struct Server {
    /// As in `mysql@9.7.4`.
    name: String,
    version: String,
    /// Variable and folder that lead to its programs.
    programs: Option<(&'static str, String)>,
}

impl Server {
    fn installed(engine: Engine, major: Option<&str>) -> Result<Self> {
        let variable = match engine {
            Engine::Postgres => "DBWRIGHT_POSTGRES_BIN",
            Engine::MySql => "DBWRIGHT_MYSQL_BIN",
            Engine::MariaDb => "DBWRIGHT_MARIADB_BIN",
            Engine::Sqlite => {
                return Ok(Server {
                    name: engine.name().to_owned(),
                    version: String::new(),
                    programs: None,
                });
            }
        };
        let (version, bin) = installed(engine, major)?;
        Ok(Server {
            name: format!("{}@{version}", engine.name()),
            version,
            programs: Some((variable, bin)),
        })
    }

    fn measure(&self, arguments: &[&str]) -> Result<()> {
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
        run(command.args(arguments).envs(self.programs.clone()))
    }
}
