//! What files of a repository say about tools, engines and servers, each fact with its place.

mod embedded;
mod foreign_keys;
mod manifest;
mod package;
mod server;

use std::fmt;
use std::path::PathBuf;

use dbwright_catalog::{Engine, Version};

pub(crate) use embedded::embedded;
pub(crate) use foreign_keys::{bundled, foreign_keys};
pub(crate) use manifest::{Manifest, manifests, unread_tools};
pub(crate) use package::{depended_package, package_version};
pub(crate) use server::servers;

/// Something that was found, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// What: `` `sqlx` ``, `image postgres:16-alpine`. Never a value of an environment file.
    pub what: String,
    /// In which file or folder, relative to the root.
    pub path: PathBuf,
    /// In which line, counted from 1, where it is in one.
    pub line: Option<u32>,
}

impl Fact {
    pub(crate) fn new(what: impl Into<String>, path: impl Into<PathBuf>, line: Option<u32>) -> Fact {
        Fact {
            what: what.into(),
            path: path.into(),
            line,
        }
    }

    /// The place: `Cargo.toml:12`.
    pub fn place(&self) -> String {
        let path = if self.path.as_os_str().is_empty() {
            ".".to_owned()
        } else {
            self.path.display().to_string()
        };
        match self.line {
            Some(line) => format!("{path}:{line}"),
            None => path,
        }
    }
}

impl fmt::Display for Fact {
    /// `` `sqlx` in Cargo.toml:12 ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.what, self.place())
    }
}

/// A server that a repository says it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFact {
    /// Which engine.
    pub engine: Engine,
    /// Which version, where it is said.
    pub version: Option<Version>,
    /// Where it is said.
    pub fact: Fact,
    /// How much it counts: 0 where the project says what it runs on (compose files), more for development and CI files,
    /// and for tests and examples.
    pub rank: u8,
}

/// Facts in one line, the first few of them.
pub(crate) fn listed(facts: &[Fact]) -> String {
    const SHOWN: usize = 5;
    let mut texts: Vec<String> = facts.iter().take(SHOWN).map(ToString::to_string).collect();
    if facts.len() > SHOWN {
        texts.push(format!("{} more", facts.len() - SHOWN));
    }
    texts.join(", ")
}

/// The engines that a word names. MySQL's drivers and tools serve MariaDB too.
pub(crate) fn engines_named(word: &str) -> &'static [Engine] {
    match word {
        "postgres" | "postgresql" | "pg" | "pgsql" | "psql" => &[Engine::Postgres],
        "mysql" => &[Engine::MySql, Engine::MariaDb],
        "mariadb" | "maria" => &[Engine::MariaDb],
        "sqlite" | "sqlite3" | "libsql" => &[Engine::Sqlite],
        _ => &[],
    }
}
