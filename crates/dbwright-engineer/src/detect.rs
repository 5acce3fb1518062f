//! `detect`: what a repository and this machine have.

use std::path::{Path, PathBuf};

use dbwright_catalog::Engine;
use dbwright_live::scratch::BinDirs;
use dbwright_live::scratch::postgres::{Installation, installations, nearest};
use dbwright_repo::{Candidate, Config, Detection, Overrides, RepoError, Selected, Selection};

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
    /// The histories that `check` would take, or the question that it would ask.
    pub selected: Result<Selected, RepoError>,
    /// PostgreSQL servers that scratch servers can be started from.
    pub installations: Vec<Installation>,
    /// Which of them `check` would start; nothing where it needs or finds none.
    pub chosen: Option<Installation>,
}

impl DetectAnswer {
    /// The histories that `check` would take.
    pub fn selections(&self) -> &[Selection] {
        self.selected.as_ref().map_or(&[], |selected| &selected.selections)
    }

    /// Those of them that lie in the folder of this candidate.
    pub fn selections_of<'a>(&'a self, candidate: &'a Candidate) -> impl Iterator<Item = &'a Selection> {
        self.selections()
            .iter()
            .filter(|selection| selection.folder == candidate.folder)
    }
}

/// Looks at a repository and at this machine, where `cache` holds the engines that dbwright has installed.
///
/// # Errors
///
/// When the folder or its configuration cannot be read.
pub fn detect(
    folder: &Path,
    overrides: Overrides,
    bin_dirs: &BinDirs,
    cache: &Path,
) -> Result<DetectAnswer, EngineerError> {
    let (root, overrides) = narrowed(folder, overrides)?;
    let config = Config::load(&root)?.with(overrides);
    let detection = dbwright_repo::detect(&root, &config)?;
    let selected = dbwright_repo::select(&detection, &config);
    let installations = installations(&bin_dirs.postgres, cache);
    let selections = selected.as_ref().map_or(&[][..], |selected| &selected.selections);
    let postgres = selections.iter().find(|selection| selection.engine == Engine::Postgres);
    let chosen = postgres.and_then(|selection| {
        let major = selection.version.as_ref().map(|(version, _)| version.major);
        nearest(&installations, !bin_dirs.postgres.is_empty(), major).cloned()
    });
    Ok(DetectAnswer {
        root,
        config,
        detection,
        selected,
        installations,
        chosen,
    })
}
