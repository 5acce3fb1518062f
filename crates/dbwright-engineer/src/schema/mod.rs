//! `schema`: what a schema is, how two of them differ, what turns one into the other.

mod apply;
mod compare;
mod drift;
mod error;
mod hazards;
mod lint;
mod migration;
mod ours;
mod plan;
mod rename;
mod show;
mod side;
mod snapshot;
mod source;

use std::path::PathBuf;

use dbwright_catalog::{Engine, Snapshot};
use dbwright_live::connect::ReadLimits;
use dbwright_live::scratch::{BinDirs, ScratchOptions, ScratchUrl};
use dbwright_repo::Overrides;

pub use compare::{DiffRequest, diff};
pub use drift::{BaselineEntry, DriftRequest, drift, entries};
pub use error::SchemaError;
pub use lint::{LintAnswer, LintRequest, lint};
pub use migration::{NewMigration, NewMigrationRequest, new_migration};
pub use plan::{Answer, PlanRequest, RenameRequest, plan};
pub use show::{ShowRequest, show};

use crate::EngineerError;

/// What every command about schemas is given.
#[derive(Clone, Debug)]
pub struct SchemaSetUp {
    /// What flags set; they win over `dbwright.toml`.
    pub overrides: Overrides,
    /// A server to use instead of starting one.
    pub scratch_url: Option<String>,
    /// Folders to look for server programs before all others.
    pub bin_dirs: BinDirs,
    /// Where template clusters are kept.
    pub cache: PathBuf,
    /// Passwords from the environment, for URLs that have none.
    pub passwords: Passwords,
    /// How long a user's server may be waited for.
    pub limits: ReadLimits,
    /// What becomes of a source of which something does not run here.
    pub incomplete: Incomplete,
    /// Reads the file of a snapshot; the error says what is wrong with it.
    pub read_snapshot: fn(&[u8]) -> Result<Snapshot, String>,
}

/// What becomes of SQL or a history of which something does not run on the scratch server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incomplete {
    /// It is no source: a plan for half a schema would drop the other half.
    Refused,
    /// It is read as far as it ran, and what did not is told ([`SchemaSide::not_run`](dbwright_catalog::SchemaSide)).
    Told,
}

/// Passwords that stand in the environment. `Debug` does not show them.
#[derive(Clone, Default)]
pub struct Passwords {
    /// `PGPASSWORD`.
    pub postgres: Option<String>,
    /// `MYSQL_PWD`.
    pub mysql: Option<String>,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords")
    }
}

impl SchemaSetUp {
    /// A server that was given for another engine is none for this one.
    fn scratch_options(&self, engine: Engine) -> Result<ScratchOptions, EngineerError> {
        let url = match &self.scratch_url {
            Some(text) => Some(
                text.parse::<ScratchUrl>()
                    .map_err(|error| EngineerError::ScratchUrl(error.to_string()))?,
            ),
            None => None,
        };
        Ok(ScratchOptions {
            url: url.filter(|url| url.is_for(engine)),
            version: None,
            cache: self.cache.clone(),
            bin_dirs: self.bin_dirs.clone(),
        })
    }
}

/// How far a command about schemas has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaPhase {
    /// A database of the user is read.
    Reading,
    /// A scratch server is being started, and SQL run on it.
    Building,
    /// The plan is tried.
    Proving,
}
