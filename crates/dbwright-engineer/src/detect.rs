//! `detect`: what a repository and this machine have.

use std::path::{Path, PathBuf};

use dbwright_catalog::Engine;
use dbwright_live::scratch::postgres::{Installation, installations, nearest};
use dbwright_repo::{Candidate, Config, Detection, Overrides, RepoError, Selection};

use crate::EngineerError;
use crate::check::narrowed;

/// What was found in a repository and on this machine.
#[derive(Debug)]
pub struct DetectAnswer {
    /// The root of the repository.
    pub root: PathBuf,
    /// What its configuration and the flags set.
    pub config: Config,
    /// Histories, versions of servers, and what is not read yet.
    pub detection: Detection,
    /// The candidate that `check` would take, or the question that it would ask.
    pub selection: Result<Selection, RepoError>,
    /// PostgreSQL servers that scratch servers can be started from.
    pub installations: Vec<Installation>,
    /// Which of them `check` would start; nothing where it needs or finds none.
    pub chosen: Option<Installation>,
}

impl DetectAnswer {
    /// Whether this candidate is the one that `check` would take.
    pub fn is_selected(&self, candidate: &Candidate) -> bool {
        self.selection
            .as_ref()
            .is_ok_and(|selection| selection.folder == candidate.folder)
    }
}

/// Looks at a repository and at this machine.
///
/// # Errors
///
/// When the folder or its configuration cannot be read.
pub fn detect(folder: &Path, overrides: Overrides, bin_dirs: &[PathBuf]) -> Result<DetectAnswer, EngineerError> {
    let (root, overrides) = narrowed(folder, overrides)?;
    let config = Config::load(&root)?.with(overrides);
    let detection = dbwright_repo::detect(&root, &config)?;
    let selection = dbwright_repo::select(&detection, &config);
    let installations = installations(bin_dirs);
    let chosen = match &selection {
        Ok(selection) if selection.engine == Engine::Postgres => {
            let major = selection.version.as_ref().map(|(version, _)| version.major);
            nearest(&installations, !bin_dirs.is_empty(), major).cloned()
        }
        _ => None,
    };
    Ok(DetectAnswer {
        root,
        config,
        detection,
        selection,
        installations,
        chosen,
    })
}
