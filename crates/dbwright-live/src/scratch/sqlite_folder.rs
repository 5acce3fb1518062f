//! A folder for a SQLite file of ours, which is there for as long as somebody needs it.

use std::path::Path;

use dbwright_catalog::Engine;

use super::own::directory::{self, ScratchDirectory};
use crate::LiveError;

/// A folder that nobody else uses. What a run that was killed has left is removed by a later one.
pub(crate) struct SqliteFolder(ScratchDirectory);

impl SqliteFolder {
    /// Makes one, in memory if there is room. What dead runs left on this machine is cleaned up on the way.
    pub(crate) fn create() -> Result<Self, LiveError> {
        directory::sweep(None);
        ScratchDirectory::create(Engine::Sqlite, None).map(SqliteFolder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Removes it with all that is in it.
    pub(crate) fn remove(self) -> Result<(), LiveError> {
        directory::remove(self.0.path())
    }
}
