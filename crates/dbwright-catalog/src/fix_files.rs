//! Safe versions as files of the repository.

use std::path::PathBuf;

use crate::Server;

/// What becomes of one migration whose statements have proven fixes: files in its tool's own format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixFiles {
    /// Index of the migration in its history.
    pub migration: usize,
    /// Indexes of the statements that are replaced, ascending.
    pub statements: Vec<usize>,
    /// The files, or why there are none.
    pub outcome: FixFilesOutcome,
}

/// The files of a fix, or why there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixFilesOutcome {
    /// The history was read with these files in place and run: it ended in the same catalog, none of the locks was taken that
    /// the fixes are there to avoid, and their rules found nothing any more.
    Proven {
        /// Where it ran.
        server: Server,
        /// The files, in the order in which they run.
        files: Vec<FileChange>,
    },
    /// Nothing is offered, and why: a clause without a full stop.
    Refused {
        /// The reason.
        reason: String,
    },
}

impl FixFiles {
    /// The files, where they are proven.
    pub fn proven(&self) -> Option<&[FileChange]> {
        match &self.outcome {
            FixFilesOutcome::Proven { files, .. } => Some(files),
            FixFilesOutcome::Refused { .. } => None,
        }
    }
}

/// One file that would be written, changed or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The file, relative to the root of the repository.
    pub path: PathBuf,
    /// What is in it; nothing where it is not there.
    pub before: Option<String>,
    /// What shall be in it; nothing where it goes.
    pub after: Option<String>,
}
