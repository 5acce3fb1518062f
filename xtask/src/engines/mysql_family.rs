//! MySQL and MariaDB from Debian's packages.
//!
//! Servers, and their own command-line clients: MySQL's can't log in to MariaDB. What this Debian has comes from its own packages, the rest is
//! unpacked beside it ([`super::suite`]).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::{debian, open_to_all, remove, say, suite};
use crate::run::output;

/// A server to install.
pub(super) struct Server {
    /// As the manifest and the folder have it.
    pub(super) engine: &'static str,
    /// The folder below the folder of the engines.
    pub(super) folder: &'static str,
    /// The server program.
    program: &'static str,
    /// How the version must begin, or the oldest series where any newer one does as well.
    wanted: Wanted,
    /// The release of Debian that has it.
    release: &'static str,
    packages: &'static [&'static str],
    /// What is offered beside the server program.
    programs: &'static [&'static str],
}

enum Wanted {
    Series(&'static str),
    From(u32),
}

/// All of them.
pub(super) const SERVERS: [Server; 3] = [
    // Debian's stable releases have no MySQL. Which series the unstable one has changes: any from 9 on will do.
    Server {
        engine: "mysql",
        folder: "mysql",
        program: "mysqld",
        wanted: Wanted::From(9),
        release: "sid",
        packages: &["mysql-server-core", "mysql-client-core"],
        programs: &["mysql", "mysqldump"],
    },
    Server {
        engine: "mariadb",
        folder: "mariadb-10.11",
        program: "mariadbd",
        wanted: Wanted::Series("10.11."),
        release: "bookworm",
        packages: &["mariadb-server-core", "mariadb-client-core"],
        programs: &["mariadb"],
    },
    Server {
        engine: "mariadb",
        folder: "mariadb-11.8",
        program: "mariadbd",
        wanted: Wanted::Series("11.8."),
        release: "trixie",
        packages: &["mariadb-server-core", "mariadb-client-core"],
        programs: &["mariadb"],
    },
];

impl Wanted {
    fn is(&self, version: &str) -> bool {
        match self {
            Wanted::Series(series) => version.starts_with(series),
            Wanted::From(major) => version
                .split('.')
                .next()
                .and_then(|text| text.parse::<u32>().ok())
                .is_some_and(|found| found >= *major),
        }
    }
}

impl Server {
    /// Installs it unless it is there and starts. Returns whether something was done.
    pub(super) fn install(&self, prefix: &Path) -> Result<bool> {
        let engine = prefix.join(self.folder);
        let started = Instant::now();
        if self.is_whole(&engine) {
            return Ok(false);
        }
        let work = prefix.join(format!(".work-{}", self.folder));
        remove(&work)?;
        let from = if self.make_from_host(&work)? {
            "Debian".to_owned()
        } else if let Some(reason) = suite::unable() {
            say(self.engine, &format!("{} left out: {reason}", self.folder));
            return Ok(false);
        } else {
            self.make_from_release(&work, &engine)?;
            format!("Debian {}, unpacked", self.release)
        };
        let made = work.join("engine");
        open_to_all(&made)?;
        remove(&engine)?;
        fs::rename(&made, &engine).with_context(|| format!("cannot write {}", engine.display()))?;
        remove(&work)?;
        let version = self
            .version(&engine)
            .with_context(|| format!("{} does not start", self.folder))?;
        if !self.wanted.is(&version) {
            bail!(
                "{} of {} is {version}, which is not what was wanted",
                self.engine,
                self.release
            );
        }
        say(
            self.engine,
            &format!("{version} ({from}), {:.1} s", started.elapsed().as_secs_f64()),
        );
        Ok(true)
    }

    fn is_whole(&self, engine: &Path) -> bool {
        let has = |name: &&str| engine.join("bin").join(name).exists();
        self.programs.iter().all(has) && self.version(engine).is_ok_and(|version| self.wanted.is(&version))
    }

    /// Makes the engine's folder in `work` out of the machine's own packages, where those are of the wanted series.
    fn make_from_host(&self, work: &Path) -> Result<bool> {
        let Wanted::Series(series) = self.wanted else {
            return Ok(false);
        };
        if !debian::provide_series(self.packages, series)? {
            return Ok(false);
        }
        let bin = work.join("engine/bin");
        fs::create_dir_all(&bin)?;
        for name in [self.program].iter().chain(self.programs) {
            let program = Path::new("/").join(self.find(Path::new("/"), name)?);
            std::os::unix::fs::symlink(program, bin.join(name))?;
        }
        Ok(true)
    }

    /// Makes the engine's folder in `work`: `root` with what was unpacked, `bin` with what starts it from `engine`.
    fn make_from_release(&self, work: &Path, engine: &Path) -> Result<()> {
        let made = work.join("engine");
        let (unpacked, bin) = (made.join("root"), made.join("bin"));
        fs::create_dir_all(&unpacked)?;
        fs::create_dir_all(&bin)?;
        suite::unpack(self.release, self.packages, work, &unpacked)?;
        let root = engine.join("root");
        // MariaDB does not find its messages and its SQL from its own place, as MySQL does.
        let settings = [("MY_BASEDIR_VERSION", root.join("usr").display().to_string())];
        for name in [self.program].iter().chain(self.programs) {
            let program = self.find(&unpacked, name)?;
            suite::wrap(&root, &program.display().to_string(), &settings, &bin.join(name))?;
        }
        Ok(())
    }

    /// Where one of the programs lies below a root.
    fn find(&self, root: &Path, name: &str) -> Result<PathBuf> {
        suite::program(root, name).with_context(|| format!("{} brings no {name}", self.packages.join(" ")))
    }

    /// What `mysqld --version` says: `9.7.4`. Shows that the program and its libraries load.
    pub(super) fn version(&self, engine: &Path) -> Result<String> {
        let program: PathBuf = engine.join("bin").join(self.program);
        let said = output(Command::new(&program).args(["--no-defaults", "--version"]))?;
        version_said(&said).with_context(|| format!("{} does not tell its version: {}", program.display(), said.trim()))
    }
}

/// `/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))`.
fn version_said(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(" Ver ")?;
    let version: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    version.contains('.').then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_the_server_says() {
        assert_eq!(
            version_said("/r/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))\n").as_deref(),
            Some("9.7.4")
        );
        assert_eq!(
            version_said(
                "/usr/sbin/mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)\n"
            )
            .as_deref(),
            Some("10.11.19")
        );
        assert_eq!(version_said("postgres (PostgreSQL) 18.4\n"), None);
    }

    #[test]
    fn any_mysql_from_nine_on_will_do_and_only_the_series_of_mariadb_that_was_asked_for() {
        assert!(SERVERS[0].wanted.is("9.7.4") && SERVERS[0].wanted.is("10.0.1"));
        assert!(!SERVERS[0].wanted.is("8.4.6"));
        assert!(SERVERS[1].wanted.is("10.11.19") && !SERVERS[1].wanted.is("10.110.1"));
    }
}
