//! `migrate new`: a plan as new files in the repository's own format.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Plan, Proposal};
use dbwright_repo::{DraftFile, DraftPart, DraftStatement, RepoError};

use super::error::SchemaError;
use super::{SchemaSetUp, source};
use crate::EngineerError;

/// Where new migrations go, and what they are called.
#[derive(Clone, Debug)]
pub struct NewMigrationRequest {
    /// The repository, or a folder in it.
    pub folder: PathBuf,
    /// The name, without number.
    pub name: String,
    /// The time, in seconds since 1970.
    pub seconds: u64,
    /// What is the same for all.
    pub set_up: SchemaSetUp,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct NewMigration {
    /// The files, relative to the root of the repository.
    pub files: Vec<PathBuf>,
    /// What is still to be done, in whole sentences.
    pub notes: Vec<String>,
}

/// Writes a plan as new migrations, behind those that the repository has.
///
/// # Errors
///
/// When the repository does not settle on a tool, the tool can't run the plan, or a file is there already.
pub fn new_migration(proposal: &Proposal, request: &NewMigrationRequest) -> Result<NewMigration, EngineerError> {
    let engine = proposal.plan.server.engine;
    let history = source::history(&request.folder, &request.set_up, Some(engine))?;
    let folder = std::path::absolute(&request.folder).map_err(|source| RepoError::Unreadable {
        path: request.folder.clone(),
        source,
    })?;
    let root = dbwright_repo::root_of(&folder);
    let back = proposal.back.as_ref().map(parts).unwrap_or_default();
    let draft = dbwright_repo::draft(
        &root,
        &history,
        &request.name,
        &parts(&proposal.plan),
        &back,
        request.seconds,
    )
    .map_err(SchemaError::Draft)?;
    // Nothing is written where one of them can't be.
    for file in draft.files.iter().filter(|file| !file.replaces) {
        if root.join(&file.path).exists() {
            return Err(SchemaError::Exists {
                file: file.path.display().to_string(),
            }
            .into());
        }
    }
    for file in &draft.files {
        write(&root, file).map_err(|source| RepoError::Unreadable {
            path: file.path.clone(),
            source,
        })?;
    }
    Ok(NewMigration {
        files: draft.files.into_iter().map(|file| file.path).collect(),
        notes: draft.notes,
    })
}

fn write(root: &Path, file: &DraftFile) -> std::io::Result<()> {
    let path = root.join(&file.path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut target = if file.replaces {
        File::create(&path)?
    } else {
        OpenOptions::new().write(true).create_new(true).open(&path)?
    };
    target.write_all(file.text.as_bytes())
}

fn parts(plan: &Plan) -> Vec<DraftPart> {
    plan.phases
        .iter()
        .map(|phase| DraftPart {
            purpose: phase.purpose.clone(),
            transaction: phase.transaction,
            statements: phase
                .steps
                .iter()
                .map(|step| {
                    let hazards = step
                        .hazards
                        .iter()
                        .map(|hazard| format!("{}[{}]: {}", hazard.severity.name(), hazard.rule, hazard.message));
                    DraftStatement {
                        sql: step.sql.clone(),
                        comments: step.notes.iter().cloned().chain(hazards).collect(),
                    }
                })
                .collect(),
        })
        .collect()
}
