//! A server as its users run it: default settings, files on a disk. Scratch servers are quicker than that.
//!
//! It starts on a copy of the data directory that dbwright has prepared for its scratch servers, because not every package of
//! a server has a program that makes one. SQLite is a file.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::history::Engine;
use super::project::copy;
use super::server::Client;
use crate::run::output;

/// How long a server may take to come up.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Who may do everything in the prepared data directory.
const SUPERUSER: &str = "dbwright";

/// The database that is made.
const DATABASE: &str = "shop";

/// A running server, or the file of SQLite.
pub(super) struct RealServer {
    client: Client,
    folder: PathBuf,
    server: Option<Child>,
}

impl RealServer {
    /// Starts it in an empty folder, with an empty database. `cache` is one in which dbwright has prepared its servers.
    pub(super) fn start(client: Client, bin: Option<&Path>, cache: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut server = RealServer {
            client,
            folder: folder.to_path_buf(),
            server: None,
        };
        let Some(bin) = bin else {
            return Ok(server);
        };
        let prepared = prepared(cache, server.client.engine)?;
        let data = folder.join("data");
        copy(&prepared, &data)?;
        let mut command = server.program(bin, &data);
        if let Some((user, group)) = other_user()? {
            give(folder, user, group)?;
            command.uid(user).gid(group);
        }
        let log = fs::File::create(folder.join("log"))?;
        server.server = Some(
            command
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn()?,
        );
        server.wait()?;
        server.run_in(None, &format!("CREATE DATABASE {DATABASE}"))?;
        Ok(server)
    }

    fn program(&self, bin: &Path, data: &Path) -> Command {
        match self.client.engine {
            Engine::Postgres => {
                let mut command = Command::new(bin.join("postgres"));
                command.arg("-D").arg(data).arg("-k").arg(&self.folder);
                command.args(["-c", "listen_addresses=", "-p", "5432"]);
                command
            }
            Engine::MySql | Engine::MariaDb | Engine::Sqlite => {
                let name = if self.client.engine == Engine::MySql {
                    "mysqld"
                } else {
                    "mariadbd"
                };
                let mut command = Command::new(bin.join(name));
                command.arg("--no-defaults");
                command.arg(format!("--datadir={}", data.display()));
                command.arg(format!("--socket={}", self.socket().display()));
                command.arg(format!("--pid-file={}", self.folder.join("pid").display()));
                command.args(["--skip-networking", "--loose-mysqlx=OFF"]);
                if self.client.engine == Engine::MySql {
                    // The folder of the package is not there where it was unpacked elsewhere.
                    command.arg("--secure-file-priv=NULL");
                }
                command
            }
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    fn wait(&mut self) -> Result<()> {
        let started = Instant::now();
        while self.run_in(None, "SELECT 1").is_err() {
            let ended = self.server.as_mut().and_then(|server| server.try_wait().ok().flatten());
            if ended.is_some() || started.elapsed() > START_LIMIT {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("{} did not start:\n{log}", self.client.engine.title());
            }
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Runs statements in the database; how long they took together with the start of the client, and what they gave.
    pub(super) fn run(&self, sql: &str) -> Result<(Duration, String)> {
        self.run_in(Some(DATABASE), sql)
    }

    fn run_in(&self, database: Option<&str>, sql: &str) -> Result<(Duration, String)> {
        let mut command = Command::new(&self.client.program);
        match self.client.engine {
            Engine::Postgres => {
                // Where applications have their tables, and not in the schema of this role.
                command.env("PGOPTIONS", "-c search_path=public");
                command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", SUPERUSER, "-h"]);
                command.arg(&self.folder);
                command.args(["-d", database.unwrap_or("template1"), "-c", sql]);
            }
            Engine::MySql | Engine::MariaDb => {
                command.arg("--no-defaults").arg("--socket").arg(self.socket());
                command.args(["--user", SUPERUSER]);
                if let Some(plugins) = &self.client.plugins {
                    command.arg("--plugin-dir").arg(plugins);
                }
                command.args(database.map(|database| format!("--database={database}")));
                command.args(["--batch", "--skip-column-names", "--execute", sql]);
            }
            Engine::Sqlite => {
                command.arg("-bail").arg(self.folder.join("shop.db")).arg(sql);
            }
        }
        let started = Instant::now();
        let said = output(&mut command)?;
        Ok((started.elapsed(), said))
    }

    /// Where dbwright finds the database.
    pub(super) fn url(&self) -> String {
        let folder = self.folder.display();
        match self.client.engine {
            Engine::Postgres => format!("postgres://{SUPERUSER}@/{DATABASE}?host={folder}"),
            Engine::MySql => format!("mysql://{SUPERUSER}@localhost/{DATABASE}?socket={folder}/socket"),
            Engine::MariaDb => format!("mariadb://{SUPERUSER}@localhost/{DATABASE}?socket={folder}/socket"),
            Engine::Sqlite => format!("sqlite:{folder}/shop.db"),
        }
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // Its data are thrown away.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// The data directory that dbwright has prepared for an engine.
fn prepared(cache: &Path, engine: Engine) -> Result<PathBuf> {
    let prefix = format!("{}-", engine.name());
    for entry in fs::read_dir(cache)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) && entry.path().is_dir() {
            return Ok(entry.path());
        }
    }
    bail!("dbwright has prepared no {} in {}", engine.title(), cache.display())
}

/// Somebody without rights, where we are root, as whom no server runs.
fn other_user() -> Result<Option<(u32, u32)>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let number = |option: &str| -> Result<u32> {
        let said = output(Command::new("id").args([option, "nobody"]))?;
        said.trim().parse().context("`id` gives no number")
    };
    Ok(Some((number("-u")?, number("-g")?)))
}

/// Makes somebody the owner of a folder and all that is in it.
fn give(path: &Path, user: u32, group: u32) -> Result<()> {
    chown(path, Some(user), Some(group))?;
    if path.is_dir() {
        for entry in fs::read_dir(path)?.flatten() {
            give(&entry.path(), user, group)?;
        }
    }
    Ok(())
}
