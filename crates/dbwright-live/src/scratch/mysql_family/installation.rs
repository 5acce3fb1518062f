//! Finding the MySQL and MariaDB server programs of this machine.

use std::collections::HashSet;
use std::env;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Engine, Version};

use crate::LiveError;
use crate::scratch::places::{expand, native, said, subfolders};

/// The places where packages put the server programs, apart from `PATH`: a folder, how the names in it begin, and
/// what follows. Folders below the home folder begin with `~`.
const USUAL_PLACES: &[(&str, &str, &str)] = &[
    ("/usr", "sbin", ""),                  // Debian, Ubuntu, SUSE, packages of mysql.com and mariadb.org
    ("/usr", "libexec", ""),               // Fedora
    ("/usr", "bin", ""),                   // Alpine, Arch
    ("/usr/local", "mysql", "bin"),        // archives and installers of mysql.com
    ("/usr/local", "mariadb", "bin"),      // archives of mariadb.org
    ("/opt", "mysql", "bin"),              //
    ("/opt", "mariadb", "bin"),            //
    ("/opt/homebrew/opt", "mysql", "bin"), // Homebrew on Apple silicon
    ("/opt/homebrew/opt", "mariadb", "bin"), //
    ("/usr/local/opt", "mysql", "bin"),    // Homebrew on Intel
    ("/usr/local/opt", "mariadb", "bin"),  //
    ("/home/linuxbrew/.linuxbrew/opt", "mysql", "bin"), // Homebrew on Linux
    ("/home/linuxbrew/.linuxbrew/opt", "mariadb", "bin"), //
    ("/opt/local/lib", "mysql", "bin"),    // MacPorts
    ("/opt/local/lib", "mariadb", "bin"),  //
    ("~/.asdf/installs/mysql", "", "bin"),
    ("~/.asdf/installs/mariadb", "", "bin"),
    ("~/.local/share/mise/installs/mysql", "", "bin"),
    ("~/.local/share/mise/installs/mariadb", "", "bin"),
];

/// A server program of MySQL or MariaDB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Which of the two it is, as the program itself says: `mysqld` is MariaDB's where MariaDB is installed.
    pub engine: Engine,
    /// The folder that holds the program.
    pub bin: PathBuf,
    /// The program.
    pub program: PathBuf,
    /// The version.
    pub version: Version,
    /// How it was found: `given`, `PATH`, or the folder it was found in.
    pub origin: String,
    /// What `mysqld --version` prints, which tells builds apart.
    pub build: String,
}

/// All servers of an engine (MySQL or MariaDB) on this machine: those in `bin_dirs` first, then those in `PATH`, then
/// those in the usual places. Each is listed once, where it was seen first.
pub fn installations(engine: Engine, bin_dirs: &[PathBuf]) -> Vec<Installation> {
    search(engine, bin_dirs).found
}

/// What a search has found, and where it looked in vain.
pub(super) struct Search {
    engine: Engine,
    found: Vec<Installation>,
    /// Folders without a usable server, with the reason if they hold one that can't be used.
    in_vain: Vec<String>,
    /// The same for folders that were given; nothing where none was.
    given_in_vain: Option<Vec<String>>,
}

pub(super) fn search(engine: Engine, bin_dirs: &[PathBuf]) -> Search {
    let mut search = Search {
        engine,
        found: Vec::new(),
        in_vain: Vec::new(),
        given_in_vain: None,
    };
    let mut seen = HashSet::new();
    for bin in bin_dirs {
        if !look(bin, "given", &mut seen, &mut search) {
            let names = names(engine).join("` or `");
            search
                .in_vain
                .push(format!("{} (it holds no `{names}` of {engine})", bin.display()));
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
        // Only those that are made for it: the reader knows what is in /usr/bin.
        if native(&folder) && folder.exists() && !below.is_empty() {
            let tried = folder.join(format!("{prefix}*")).join(below);
            search.in_vain.push(tried.display().to_string());
        } else if native(&folder) && below.is_empty() {
            search.in_vain.push(folder.join(prefix).display().to_string());
        }
    }
    search
}

/// The installation that a scratch server is started from: where folders were given, only theirs come into question
/// (a typing error must not lead to another server). The series that was asked for, else the next newer, else the
/// newest older; without a wish the newest.
pub(super) fn choose(search: &Search, version: Option<Version>) -> Result<Installation, LiveError> {
    nearest(&search.found, search.given_in_vain.is_some(), version)
        .cloned()
        .ok_or_else(|| match &search.given_in_vain {
            Some(folders) => LiveError::GivenFolder {
                engine: search.engine,
                tried: folders.join(", "),
            },
            None => LiveError::NoServer {
                engine: search.engine,
                version,
                tried: search.in_vain.join(", "),
            },
        })
}

/// Which of `found` a scratch server is started from; only those in folders that were given, where there were any.
pub fn nearest(found: &[Installation], given: bool, version: Option<Version>) -> Option<&Installation> {
    found
        .iter()
        .filter(|found| !given || found.origin == "given")
        // The last of equals wins a `max_by_key`, and the first found is to win.
        .rev()
        .max_by_key(|found| nearness(found.version, version))
}

/// Bigger is better. A series is what the first two numbers say: 8.0 and 8.4 differ as much as two majors elsewhere.
fn nearness(version: Version, wanted: Option<Version>) -> (u32, i64, Version) {
    let series = |version: Version| i64::from(version.major) << 32 | i64::from(version.minor);
    match wanted {
        Some(wanted) if series(version) == series(wanted) => (2, 0, version),
        Some(wanted) if series(version) > series(wanted) => (1, -series(version), version),
        None | Some(_) => (0, series(version), version),
    }
}

/// What the server program of an engine is called.
fn names(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::MariaDb => &["mariadbd", "mysqld"],
        Engine::MySql | Engine::Postgres | Engine::Sqlite => &["mysqld"],
    }
}

/// The oldest series that is used, as they are maintained today.
pub(super) fn oldest(engine: Engine) -> Version {
    match engine {
        Engine::MariaDb => Version::new(10, 6, 0),
        Engine::MySql | Engine::Postgres | Engine::Sqlite => Version::new(8, 0, 0),
    }
}

/// Takes the programs in `bin` into the list; whether there is a server of the engine.
fn look(bin: &Path, origin: &str, seen: &mut HashSet<PathBuf>, search: &mut Search) -> bool {
    let mut any = false;
    for name in names(search.engine) {
        let program = bin.join(format!("{name}{}", env::consts::EXE_SUFFIX));
        // Some distributions link one name to the other, so it is the program that tells them apart.
        let Ok(canonical) = program.canonicalize() else {
            continue;
        };
        if !seen.insert(canonical) {
            any = true;
            continue;
        }
        match version(&program) {
            Ok((engine, ..)) if engine != search.engine => {}
            Ok((engine, version, build)) if version >= oldest(engine) => {
                search.found.push(Installation {
                    engine,
                    bin: bin.to_path_buf(),
                    program,
                    version,
                    origin: origin.to_owned(),
                    build,
                });
                any = true;
            }
            Ok((engine, version, _)) => {
                search.in_vain.push(format!(
                    "{} ({engine} {version}; {} or newer is needed)",
                    bin.display(),
                    oldest(engine)
                ));
                any = true;
            }
            Err(problem) => {
                search.in_vain.push(format!("{} ({problem})", bin.display()));
                any = true;
            }
        }
    }
    any
}

/// What a server program is, and what it prints about itself.
fn version(program: &Path) -> Result<(Engine, Version, String), String> {
    // Files with settings may be broken, and have no say here.
    let (status, text) = said(program, &["--no-defaults", "--version"])?;
    read_version(&text).ok_or_else(|| {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let separator = if text.is_empty() { "" } else { ": " };
        format!("`{name} --version` failed ({status}){separator}{text}")
    })
}

/// `/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))`,
/// `mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)`.
fn read_version(text: &str) -> Option<(Engine, Version, String)> {
    let (_, build) = text.split_once(" Ver ")?;
    let version = build.trim_start().parse().ok()?;
    let engine = if build.contains("MariaDB") {
        Engine::MariaDb
    } else {
        Engine::MySql
    };
    Some((engine, version, build.to_owned()))
}
