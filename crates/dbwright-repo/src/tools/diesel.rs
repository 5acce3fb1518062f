//! diesel: `migrations/<version>_<name>/up.sql`, with `down.sql` and `metadata.toml`.
//!
//! As in <https://github.com/diesel-rs/diesel/blob/main/diesel_migrations/src/file_based_migrations.rs>,
//! <https://github.com/diesel-rs/diesel/blob/main/diesel_migrations/migrations_internals/src/lib.rs> (which folders count)
//! and <https://github.com/diesel-rs/diesel/blob/main/diesel_migrations/src/migration_harness.rs> (order, transaction).

use std::path::Path;

use dbwright_catalog::RunMode;

use super::{Folder, Problem, Read};
use crate::error::RepoError;
use crate::walk;

/// The file that makes a folder a migration.
pub(super) const UP: &str = "up.sql";
const DOWN: &str = "down.sql";
const METADATA: &str = "metadata.toml";

/// What a migration is ordered and recorded by: the name up to the first `_`, without `-`. Compared as text.
fn version(name: &str) -> String {
    name.split('_').next().unwrap_or_default().replace('-', "")
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut names: Vec<(String, &str)> = Vec::new();
    for name in folder.listing.folders.iter().filter(|name| !name.starts_with('.')) {
        let inner = walk::list(&folder.root.join(folder.path).join(name), &folder.at(name))?;
        if super::is_diesel_migration(&inner) {
            names.push((version(name), name));
        } else if !(inner.files.is_empty() && inner.folders.is_empty() && inner.links.is_empty()) {
            read.problems.push(Problem::refused(
                folder.at(name),
                1,
                format!("diesel refuses all migrations: the folder {name} has no up.sql"),
                "Add an up.sql, or move the folder out of the folder of migrations.",
            ));
        }
    }
    names.sort();

    for (index, (version, name)) in names.iter().enumerate() {
        let up = Path::new(name).join(UP);
        let (mut migration, _) = folder.whole_file(&up, name, RunMode::Transaction)?;
        if !runs_in_transaction(folder, name) {
            migration.run_mode = RunMode::SimpleQuery;
        }
        if folder.root.join(folder.at(name)).join(DOWN).is_file() {
            // The metadata counts for both ways.
            let (down, _) = folder.whole_down(Path::new(name).join(DOWN), migration.run_mode)?;
            migration.down = Some(down);
        }
        if migration.text.is_empty() {
            read.problems.push(Problem::refused(
                migration.path.clone(),
                1,
                format!("diesel refuses {name}: its up.sql is empty"),
                "Write at least a comment into it.",
            ));
        }
        if let Some((_, earlier)) = names[..index].iter().find(|(other, _)| other == version) {
            read.problems.push(Problem::skipped(
                migration.path.clone(),
                format!("{name} has the same version ({version}) as {earlier}: diesel runs only one of them"),
                "Give one of the two another version.",
            ));
        }
        read.migrations.push(migration);
    }
    Ok(read)
}

/// A metadata.toml that can't be read counts as none, one that does not say counts as `run_in_transaction = false`: diesel
/// gives the missing field the default of a `bool`.
fn runs_in_transaction(folder: &Folder<'_>, name: &str) -> bool {
    let Ok(text) = folder.text(Path::new(name).join(METADATA)) else {
        return true;
    };
    match text.text.parse::<toml::Table>() {
        Ok(table) => match table.get("run_in_transaction") {
            None => false,
            Some(value) => value.as_bool().unwrap_or(true),
        },
        Err(_) => true,
    }
}
