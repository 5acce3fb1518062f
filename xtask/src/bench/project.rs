//! A repository with a history, and runs of dbwright in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::history::{Engine, File};
use crate::run::output;

/// What dbwright is run with.
pub(super) struct Dbwright {
    pub(super) program: PathBuf,
    /// The folder with the programs of the server, for engines that have one.
    pub(super) bin: Option<(Engine, PathBuf)>,
}

impl Dbwright {
    /// `dbwright check` in a folder, with a cache, and without whatever is set for this user.
    pub(super) fn check(&self, folder: &Path, cache: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DBWRIGHT_")) {
            command.env_remove(name);
        }
        command
            .arg("check")
            .args(arguments)
            .current_dir(folder)
            .env("DBWRIGHT_CACHE", cache)
            .stdin(Stdio::null());
        if let Some((engine, bin)) = &self.bin {
            command.env(format!("DBWRIGHT_{}_BIN", engine.name().to_uppercase()), bin);
        }
        command
    }

    /// Runs it; how long it took, and its last line. Findings are no failure.
    pub(super) fn time(&self, folder: &Path, cache: &Path, arguments: &[&str]) -> Result<(Duration, String)> {
        let mut command = self.check(folder, cache, arguments);
        let started = Instant::now();
        let output = command
            .output()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let time = started.elapsed();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.code() {
            Some(0 | 1) => Ok((time, text.trim_end().lines().last().unwrap_or_default().to_owned())),
            _ => bail!(
                "`dbwright check {}` failed ({}): {}",
                arguments.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            ),
        }
    }
}

/// A repository in a folder of its own.
pub(super) struct Project {
    pub(super) folder: PathBuf,
}

impl Project {
    /// Writes migrations and commits them on the default branch.
    pub(super) fn new(folder: PathBuf, engine: Engine, version: Option<&str>, files: &[File]) -> Result<Self> {
        let project = Project { folder };
        fs::create_dir_all(project.folder.join("migrations"))?;
        let version = version.map(|version| format!("engine-version = \"{version}\"\n"));
        let settings = format!("engine = \"{}\"\n{}", engine.name(), version.unwrap_or_default());
        fs::write(project.folder.join("dbwright.toml"), settings)?;
        for file in files {
            project.write(file)?;
        }
        project.git(&["init", "--quiet"])?;
        project.git(&["add", "--all"])?;
        project.git(&["commit", "--quiet", "--message", "history"])?;
        // What comes now is new.
        project.git(&["checkout", "--quiet", "-b", "change"])?;
        Ok(project)
    }

    /// Writes a migration without committing it.
    pub(super) fn write(&self, file: &File) -> Result<()> {
        let path = self.path(file);
        fs::write(&path, file.text()).with_context(|| format!("cannot write {}", path.display()))
    }

    pub(super) fn path(&self, file: &File) -> PathBuf {
        self.folder.join("migrations").join(&file.name)
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        let identity = [
            "-c",
            "user.name=bench",
            "-c",
            "user.email=bench@example.org",
            "-c",
            "init.defaultBranch=main",
        ];
        let mut command = Command::new("git");
        command
            .args(identity)
            .args(arguments)
            .current_dir(&self.folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        output(&mut command).map(drop)
    }
}

/// Copies a folder with all that is in it, owners included.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    output(Command::new("cp").arg("-a").arg(from).arg(to)).map(drop)
}
