//! sqlx: `migrations/<version>_<description>.sql`, or `.up.sql` and `.down.sql`.
//!
//! As in <https://github.com/launchbadge/sqlx/blob/main/sqlx-core/src/migrate/source.rs> (names, order, marker) and
//! <https://github.com/launchbadge/sqlx/blob/main/sqlx-postgres/src/migrate.rs> (how they are run; `sqlx-sqlite` likewise).

use std::path::Path;

use dbwright_catalog::RunMode;

use super::{Folder, Problem, Read, duplicates, stem};
use crate::error::RepoError;
use crate::text::Mark;
use crate::walk::has_extension;

/// Set by `SqliteConnectOptions::new`:
/// <https://github.com/launchbadge/sqlx/blob/main/sqlx-sqlite/src/options/mod.rs>.
pub(super) const SQLITE_FOREIGN_KEYS: bool = true;

/// The file is sent without a transaction when its very first bytes are these. A byte order mark before them hides them.
const NO_TRANSACTION: &str = "-- no-transaction";

/// Whether a name reads `<number>_<description>.sql`.
pub(super) fn is_named_like(file: &str) -> bool {
    version(file).is_some_and(|version| version.is_ok())
}

/// The version of a file, or the text that is none; nothing for files that sqlx passes over.
fn version(file: &str) -> Option<Result<i64, &str>> {
    let (version, _) = file.split_once('_')?;
    has_extension(file, "sql").then(|| version.parse::<i64>().map_err(|_| version))
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut ups: Vec<(i64, &str)> = Vec::new();
    for file in &folder.listing.files {
        match version(file) {
            Some(Ok(version)) if !file.ends_with(".down.sql") => ups.push((version, file)),
            Some(Err(text)) => read.problems.push(Problem::refused(
                folder.at(file),
                1,
                format!("sqlx refuses the whole folder: `{text}` in {file} is not a version number"),
                "Begin the name with a number, or move the file out of the folder of migrations.",
            )),
            None if has_extension(file, "sql") => read.problems.push(Problem::skipped(
                folder.at(file),
                format!("sqlx passes over {file}: its name is not <VERSION>_<DESCRIPTION>.sql"),
                "Rename it, or move it out of the folder of migrations.",
            )),
            Some(Ok(_)) | None => {}
        }
    }
    ups.sort_by_key(|(version, _)| *version);

    for (_, file) in &ups {
        let (mut migration, mark) = folder.whole_file(Path::new(file), stem(file), RunMode::Transaction)?;
        if mark == Mark::None && migration.text.starts_with(NO_TRANSACTION) {
            migration.run_mode = RunMode::SimpleQuery;
        }
        let down = format!("{}.down.sql", stem(file));
        if folder.listing.files.contains(&down) {
            let (mut down, mark) = folder.whole_down(&down, RunMode::Transaction)?;
            if mark == Mark::None && down.text.starts_with(NO_TRANSACTION) {
                down.run_mode = RunMode::SimpleQuery;
            }
            migration.down = Some(down);
        }
        read.migrations.push(migration);
    }
    let versions: Vec<i64> = ups.iter().map(|(version, _)| *version).collect();
    read.problems.extend(duplicates(
        &read.migrations,
        &versions,
        "sqlx cannot record the second one and stops",
    ));
    Ok(read)
}
