//! The server that client programs are measured on: a scratch server that dbwright started for a migration that sleeps.
//!
//! So it has the same programs, the same flags and the same template as those of a check, whatever they are. While it is
//! used, dbwright itself is held by a signal. Linux only: the server is found in `/proc`.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::history::{Engine, File};
use super::project::{Dbwright, Project};
use crate::run::output;

/// How long a server may take to come up.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Who may make databases on a scratch server.
const SUPERUSER: &str = "dbwright";

/// A program that applies files.
pub(super) struct Client {
    pub(super) engine: Engine,
    pub(super) program: PathBuf,
    /// Where it finds the way of MariaDB to log in, for a client of MySQL.
    pub(super) plugins: Option<PathBuf>,
}

/// A scratch server that sleeps.
pub(super) struct Server<'a> {
    client: &'a Client,
    dbwright: Child,
    /// The folder with its socket.
    folder: PathBuf,
    socket: PathBuf,
    databases: u32,
}

impl<'a> Server<'a> {
    /// Starts one.
    pub(super) fn start(
        dbwright: &Dbwright,
        client: &'a Client,
        version: &str,
        folder: &Path,
        cache: &Path,
    ) -> Result<Self> {
        let sleep = match client.engine {
            Engine::Postgres => "SELECT pg_sleep(100)",
            Engine::MySql | Engine::MariaDb | Engine::Sqlite => "SELECT SLEEP(100)",
        };
        let migration = File {
            name: "0001_sleep.sql".to_owned(),
            statements: vec![sleep.to_owned()],
        };
        if !folder.exists() {
            Project::new(folder.to_path_buf(), client.engine, Some(version), &[migration])?;
        }
        let mut command = dbwright.check(folder, cache, &["--all", "--no-cache"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Server {
            client,
            dbwright: child,
            folder: PathBuf::new(),
            socket: PathBuf::new(),
            databases: 0,
        };
        server.wait(sleep)?;
        signal("STOP", &server.dbwright)?;
        Ok(server)
    }

    /// Waits until the migration sleeps.
    fn wait(&mut self, sleep: &str) -> Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.dbwright.try_wait()? {
                bail!(
                    "a scratch server for {} did not start ({status})",
                    self.client.engine.title()
                );
            }
            if let Some(folder) = scratch_folder(&self.dbwright)
                && let Some(socket) = socket_in(&folder)
            {
                self.folder = folder;
                self.socket = socket;
                if self.is_asleep(sleep) {
                    return Ok(());
                }
            }
            if started.elapsed() > START_LIMIT {
                bail!(
                    "a scratch server for {} did not come up in {START_LIMIT:?}",
                    self.client.engine.title()
                );
            }
            std::thread::yield_now();
        }
    }

    fn is_asleep(&self, sleep: &str) -> bool {
        let question = match self.client.engine {
            Engine::Postgres => "SELECT query FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()",
            Engine::MySql | Engine::MariaDb | Engine::Sqlite => "SELECT info FROM information_schema.processlist",
        };
        self.administer(question).is_ok_and(|answer| answer.contains(sleep))
    }

    /// Runs a statement as the superuser.
    fn administer(&self, sql: &str) -> Result<String> {
        let mut command = match self.client.engine {
            Engine::Postgres => {
                let mut command = self.client_as(SUPERUSER, "template1");
                command.args(["-A", "-t", "-c", sql]);
                command
            }
            Engine::MySql | Engine::MariaDb | Engine::Sqlite => {
                let mut command = self.client_as(SUPERUSER, "");
                command.args(["--batch", "--execute", sql]);
                command
            }
        };
        output(&mut command)
    }

    /// Who runs migrations.
    fn migrator(&self) -> &'static str {
        match self.client.engine {
            Engine::Postgres => "postgres",
            Engine::MySql | Engine::MariaDb | Engine::Sqlite => "root",
        }
    }

    fn client_as(&self, user: &str, database: &str) -> Command {
        let mut command = Command::new(&self.client.program);
        match self.client.engine {
            Engine::Postgres => {
                command
                    .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database, "-h"])
                    .arg(&self.folder);
            }
            Engine::MySql | Engine::MariaDb | Engine::Sqlite => {
                command
                    .arg("--no-defaults")
                    .arg("--socket")
                    .arg(&self.socket)
                    .args(["--user", user]);
                if let Some(plugins) = &self.client.plugins {
                    command.arg("--plugin-dir").arg(plugins);
                }
                if !database.is_empty() {
                    command.args(["--database", database]);
                }
            }
        }
        command.stdin(Stdio::null());
        command
    }

    /// Applies files to a new database, one process a file; how long that took, without making the database.
    pub(super) fn apply(&mut self, files: &[PathBuf]) -> Result<Duration> {
        self.databases += 1;
        let database = format!("bench_{}", self.databases);
        let owner = match self.client.engine {
            Engine::Postgres => format!(" OWNER {}", self.migrator()),
            Engine::MySql | Engine::MariaDb | Engine::Sqlite => String::new(),
        };
        self.administer(&format!("CREATE DATABASE {database}{owner}"))?;
        let started = Instant::now();
        for file in files {
            let mut command;
            match self.client.engine {
                Engine::Postgres => {
                    command = self.client_as(self.migrator(), &database);
                    command.arg("-f").arg(file);
                }
                Engine::MySql | Engine::MariaDb | Engine::Sqlite => {
                    command = self.client_as(self.migrator(), &database);
                    command.stdin(fs::File::open(file)?);
                }
            }
            let done = command
                .stdout(Stdio::null())
                .output()
                .with_context(|| format!("cannot run {}", self.client.program.display()))?;
            if !done.status.success() {
                let said = String::from_utf8_lossy(&done.stderr).into_owned();
                bail!(
                    "{} on {}: {}",
                    self.client.program.display(),
                    file.display(),
                    said.trim()
                );
            }
        }
        Ok(started.elapsed())
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        // Its guard stops the server as soon as dbwright is gone. Both may be gone already.
        let _ = self.dbwright.kill();
        let _ = self.dbwright.wait();
        let started = Instant::now();
        while self.folder.exists() && started.elapsed() < START_LIMIT {
            std::thread::yield_now();
        }
    }
}

fn signal(name: &str, child: &Child) -> Result<()> {
    output(Command::new("kill").args([format!("-{name}"), child.id().to_string()])).map(drop)
}

/// The folder of the scratch server that a dbwright has started: its guard, which is a child of it, names it.
fn scratch_folder(dbwright: &Child) -> Option<PathBuf> {
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let process = entry.path();
        let Ok(stat) = fs::read_to_string(process.join("stat")) else {
            continue;
        };
        // The name of the program, in parentheses, may hold anything.
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if parent != Some(dbwright.id().to_string().as_str()) {
            continue;
        }
        let Ok(arguments) = fs::read(process.join("cmdline")) else {
            continue;
        };
        let mut arguments = arguments.split(|byte| *byte == 0);
        if arguments.any(|argument| argument == b"dbwright-guard") {
            return arguments
                .next()
                .map(|folder| PathBuf::from(String::from_utf8_lossy(folder).into_owned()));
        }
    }
    None
}

fn socket_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket()))
        .map(|entry| entry.path())
        .next()
}
