//! Finding the PostgreSQL server programs of this machine.

use std::collections::HashSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use dbwright_catalog::{Engine, Version};

use super::OLDEST_MAJOR;
use crate::LiveError;
use crate::install::Engines;
use crate::scratch::patience::Patience;

/// The places where packages put the server programs, apart from `PATH`: a folder, how the names in it begin, and
/// what follows. Folders below the home folder begin with `~`.
const USUAL_PLACES: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),                      // Debian, Ubuntu, Gentoo
    ("/usr", "pgsql-", "bin"),                               // packages of postgresql.org for Red Hat and SUSE
    ("/usr/lib", "postgresql", "bin"),                       // SUSE
    ("/usr/libexec", "postgresql", ""),                      // Alpine
    ("/usr/local", "pgsql", "bin"),                          // built from source
    ("/opt/homebrew/opt", "postgresql", "bin"),              // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql", "bin"),                 // Homebrew on Intel
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"), // Homebrew on Linux
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("/opt/local/lib", "postgresql", "bin"), // MacPorts
    ("/Library/PostgreSQL", "", "bin"),      // the installer of EDB
    ("~/.asdf/installs/postgres", "", "bin"),
    ("~/.local/share/mise/installs/postgres", "", "bin"),
    ("C:\\Program Files\\PostgreSQL", "", "bin"),
];

/// How long `postgres -V` may take.
const VERSION_LIMIT: Duration = Duration::from_secs(5);

/// The server programs of one PostgreSQL version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The folder that holds `initdb` and `postgres`.
    pub bin: PathBuf,
    /// The version.
    pub version: Version,
    /// How it was found: `given`, `PATH`, or the folder it was found in.
    pub origin: String,
    /// What `postgres -V` prints, which tells builds apart.
    pub build: String,
}

/// All PostgreSQL servers on this machine: those in `bin_dirs` first, then those in `PATH`, then those in the usual
/// places, then those that `dbwright engine install` has put into the cache. Each is listed once, where it was seen first.
pub fn installations(bin_dirs: &[PathBuf], cache: &Path) -> Vec<Installation> {
    search(bin_dirs, cache).found
}

/// What a search has found, and where it looked in vain.
pub(super) struct Search {
    pub(super) found: Vec<Installation>,
    /// Folders without a usable server, with the reason if they hold one that can't be used.
    pub(super) in_vain: Vec<String>,
    /// The same for folders that were given; nothing where none was.
    pub(super) given_in_vain: Option<Vec<String>>,
}

pub(super) fn search(bin_dirs: &[PathBuf], cache: &Path) -> Search {
    let mut search = Search {
        found: Vec::new(),
        in_vain: Vec::new(),
        given_in_vain: None,
    };
    let mut seen = HashSet::new();
    for bin in bin_dirs {
        if !look(bin, "given", &mut seen, &mut search) {
            search
                .in_vain
                .push(format!("{} (it holds no `initdb` and `postgres`)", bin.display()));
        }
    }
    if !bin_dirs.is_empty() {
        search.given_in_vain = Some(search.in_vain.clone());
    }
    for bin in env::var_os("PATH").iter().flat_map(env::split_paths) {
        look(&bin, "PATH", &mut seen, &mut search);
    }
    search.in_vain.push("PATH".to_owned());
    for (folder, prefix, below) in USUAL_PLACES {
        let Some(folder) = expand(folder) else { continue };
        for bin in subfolders(&folder, prefix, below) {
            look(&bin, &folder.display().to_string(), &mut seen, &mut search);
        }
        if native(&folder) {
            search
                .in_vain
                .push(folder.join(format!("{prefix}*")).join(below).display().to_string());
        }
    }
    // Without a cache, there must be no looking below whatever folder this happens to run in.
    if !cache.as_os_str().is_empty() {
        let engines = Engines::of_cache(cache);
        for bin in engines.bin_folders() {
            look(&bin, &engines.folder().display().to_string(), &mut seen, &mut search);
        }
        search.in_vain.push(engines.folder().display().to_string());
    }
    search
}

/// The installation that a scratch server is started from: where folders were given, only theirs come into question
/// (a typing error must not lead to another server). The major version that was asked for, else the next newer, else the
/// newest older; without a wish the newest.
pub(super) fn choose(search: &Search, major: Option<u32>) -> Result<Installation, LiveError> {
    nearest(&search.found, search.given_in_vain.is_some(), major)
        .cloned()
        .ok_or_else(|| match &search.given_in_vain {
            Some(folders) => LiveError::GivenFolder {
                engine: Engine::Postgres,
                tried: folders.join(", "),
            },
            None => LiveError::NoServer {
                engine: Engine::Postgres,
                version: major.map(|major| Version::new(major, 0, 0)),
                tried: search.in_vain.join(", "),
            },
        })
}

/// Which of `found` a scratch server is started from; only those in folders that were given, where there were any.
pub fn nearest(found: &[Installation], given: bool, major: Option<u32>) -> Option<&Installation> {
    found
        .iter()
        .filter(|found| !given || found.origin == "given")
        // The last of equals wins a `max_by_key`, and the first found is to win.
        .rev()
        .max_by_key(|found| nearness(found.version, major))
}

/// Bigger is better.
fn nearness(version: Version, wanted: Option<u32>) -> (u32, i64, Version) {
    let major = i64::from(version.major);
    match wanted {
        Some(wanted) if version.major == wanted => (2, 0, version),
        Some(wanted) if version.major > wanted => (1, -major, version),
        None | Some(_) => (0, major, version),
    }
}

/// Takes the programs in `bin` into the list; whether there is a usable server.
fn look(bin: &Path, origin: &str, seen: &mut HashSet<PathBuf>, search: &mut Search) -> bool {
    let program = |name: &str| bin.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    // Distributions link single programs into `/usr/bin`, so it is the program that tells two folders apart.
    let Ok(canonical) = program("postgres").canonicalize() else {
        return false;
    };
    if !program("initdb").exists() {
        return false;
    }
    if !seen.insert(canonical) {
        return true;
    }
    match program_version(&program("postgres")) {
        Ok((version, build)) if version.major >= OLDEST_MAJOR => {
            search.found.push(Installation {
                bin: bin.to_path_buf(),
                version,
                origin: origin.to_owned(),
                build,
            });
            true
        }
        Ok((version, _)) => {
            search.in_vain.push(format!(
                "{} (PostgreSQL {version}; {OLDEST_MAJOR} or newer is needed)",
                bin.display()
            ));
            true
        }
        Err(problem) => {
            search.in_vain.push(format!("{} ({problem})", bin.display()));
            true
        }
    }
}

/// The version of a server program and what it prints about itself.
pub(crate) fn program_version(postgres: &Path) -> Result<(Version, String), String> {
    let mut child = Command::new(postgres)
        .arg("-V")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`postgres -V` can't be run: {error}"))?;
    let mut patience = Patience::new(VERSION_LIMIT);
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if patience.is_exhausted() {
            // Both may fail only because it is gone already.
            let _ = child.kill();
            let _ = child.wait();
            return Err("`postgres -V` does not answer".to_owned());
        }
        patience.pause_blocking();
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    text.strip_prefix("postgres (PostgreSQL) ")
        .and_then(|rest| rest.parse().ok())
        .map(|version| (version, text.clone()))
        .ok_or_else(|| {
            // A missing library is told there.
            let errors = String::from_utf8_lossy(&output.stderr);
            let said = if text.is_empty() { errors.trim() } else { text.as_str() };
            let colon = if said.is_empty() { "" } else { ": " };
            format!("`postgres -V` failed ({}){colon}{said}", output.status)
        })
}

fn expand(folder: &str) -> Option<PathBuf> {
    match folder.strip_prefix("~/") {
        Some(below) => env::home_dir().map(|home| home.join(below)),
        None => Some(PathBuf::from(folder)),
    }
}

/// Whether a folder is one of this platform's, for the list of what was tried.
fn native(folder: &Path) -> bool {
    let text = folder.to_string_lossy();
    let mac = text.starts_with("/Applications") || text.starts_with("/Library") || text.starts_with("/opt/");
    if cfg!(windows) {
        text.contains('\\')
    } else {
        !text.contains('\\') && (cfg!(target_os = "macos") || !mac)
    }
}

/// The folders `folder/prefix*/below`, those with the highest numbers first.
fn subfolders(folder: &Path, prefix: &str, below: &str) -> Vec<PathBuf> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names.reverse();
    names.iter().map(|name| folder.join(name).join(below)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(version: &str, origin: &str) -> Installation {
        Installation {
            bin: PathBuf::from(format!("/{origin}/{version}")),
            version: version.parse().unwrap(),
            origin: origin.to_owned(),
            build: String::new(),
        }
    }

    fn chosen(found: &[(&str, &str)], major: Option<u32>) -> String {
        let search = Search {
            found: found
                .iter()
                .map(|(version, origin)| installation(version, origin))
                .collect(),
            in_vain: vec!["PATH".to_owned()],
            given_in_vain: found.iter().any(|(_, origin)| *origin == "given").then(Vec::new),
        };
        choose(&search, major).map_or_else(|error| error.to_string(), |found| found.bin.display().to_string())
    }

    #[test]
    fn the_nearest_major_is_taken_and_newer_is_nearer_than_older() {
        let found = [
            ("13.1", "PATH"),
            ("15.20", "usual"),
            ("17.2", "usual"),
            ("18.1", "usual"),
        ];
        assert_eq!(chosen(&found, Some(15)), "/usual/15.20");
        assert_eq!(chosen(&found, Some(14)), "/usual/15.20");
        assert_eq!(chosen(&found, Some(16)), "/usual/17.2");
        assert_eq!(chosen(&found, Some(9)), "/PATH/13.1");
        assert_eq!(chosen(&found, Some(19)), "/usual/18.1");
        assert_eq!(chosen(&found, None), "/usual/18.1");
    }

    #[test]
    fn the_newest_minor_of_a_major_wins_and_among_equals_the_first_found() {
        assert_eq!(
            chosen(&[("15.1", "PATH"), ("15.20", "usual")], Some(15)),
            "/usual/15.20"
        );
        assert_eq!(
            chosen(&[("15.20", "PATH"), ("15.20", "usual")], Some(15)),
            "/PATH/15.20"
        );
    }

    #[test]
    fn explicit_folders_win_over_a_nearer_major_elsewhere() {
        assert_eq!(
            chosen(&[("15.20", "given"), ("18.1", "PATH")], Some(18)),
            "/given/15.20"
        );
    }

    #[test]
    fn finding_nothing_tells_where_was_looked() {
        assert_eq!(
            chosen(&[], None),
            "no usable PostgreSQL server was found; looked in: PATH"
        );
    }

    #[test]
    fn a_given_folder_without_a_server_is_told_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let error = choose(&search(&[folder.path().to_path_buf()], folder.path()), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "no usable PostgreSQL server in the folder that was given: {} (it holds no `initdb` and `postgres`)",
                folder.path().display()
            )
        );
    }

    #[test]
    fn a_program_that_is_no_server_is_named_and_not_used() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["postgres", "initdb"] {
            std::fs::write(folder.path().join(name), "not a program").unwrap();
        }
        let search = search(&[folder.path().to_path_buf()], folder.path());
        assert!(search.found.iter().all(|found| found.bin != folder.path()));
        let named = search
            .in_vain
            .iter()
            .find(|tried| tried.starts_with(&folder.path().display().to_string()));
        assert!(named.unwrap().contains("can't be run"), "{named:?}");
    }
}
