//! Committed migrations of graphile-migrate hold a hash of their text and of the file before them.

use std::path::Path;

use dbwright_catalog::{FileChange, Migration};

use super::RewriteRequest;
use crate::tools::graphile_migrate::{committed, is_committed, rehashed};

/// Why a migration can't be rewritten, as a clause.
pub(super) fn refusal(request: &RewriteRequest<'_>, migration: &Migration) -> Option<String> {
    if !is_committed(&migration.path) {
        return Some(format!(
            "{} is one migration as long as it is worked on: `graphile-migrate commit` makes a file of it that can become several",
            migration.path.display()
        ));
    }
    let mut later = request.history.migrations[request.migration + 1..].iter();
    let next = later.find(|later| is_committed(&later.path))?;
    Some(format!("{} holds its hash", next.path.display()))
}

/// The files with their hashes, each with that of the one before it.
pub(super) fn chained(files: &mut [FileChange], migration: &Migration) -> Result<(), String> {
    let mut previous = None;
    for file in files {
        let Some(text) = file.after.take() else { continue };
        let (text, hash) = if file.path == migration.path {
            rehashed(&text)
                .ok_or_else(|| format!("the headers of {} are not as the tool writes them", file.path.display()))?
        } else {
            committed(&text, previous.as_deref(), &message(&file.path))
        };
        file.after = Some(text);
        previous = Some(hash);
    }
    Ok(())
}

/// What a file's name says.
fn message(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let said = stem.split_once('-').map_or("", |(_, said)| said);
    said.replace('-', " ")
}
