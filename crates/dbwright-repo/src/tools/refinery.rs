//! refinery: `V<version>__<name>.sql` and `U<version>__<name>.sql`, also in folders below.
//!
//! As in <https://github.com/rust-db/refinery/blob/main/refinery_core/src/util.rs> (names, recursion, order) and
//! <https://github.com/rust-db/refinery/blob/main/refinery_core/src/traits/sync.rs> (how they are run). `set_grouped(true)`
//! in the project's code would put all pending ones into one transaction; the default is one for each.

use std::path::PathBuf;

use dbwright_catalog::RunMode;

use super::{Folder, Problem, Read, duplicates};
use crate::error::RepoError;
use crate::order;
use crate::walk::has_extension;

/// rusqlite's bundled SQLite is compiled with `SQLITE_DEFAULT_FOREIGN_KEYS=1`:
/// <https://github.com/rusqlite/rusqlite/blob/master/libsqlite3-sys/build.rs>.
pub(super) const SQLITE_FOREIGN_KEYS: bool = true;

/// The version of a migration's file name, as text: `V12__name.sql`, `U1__name.rs`.
pub(super) fn version(file: &str) -> Option<&str> {
    let rest = file.strip_prefix(['V', 'U', '|'])?;
    let (version, name) = rest.split_once("__")?;
    let (whole, fraction) = version
        .split_once('.')
        .map_or((version, None), |(whole, part)| (whole, Some(part)));
    let (word, extension) = name.rsplit_once('.')?;
    let is_number = |text: &str| !text.is_empty() && order::digits(text).1.is_empty();
    let is_right = is_number(whole)
        && fraction.is_none_or(is_number)
        && !word.is_empty()
        && word.chars().all(|c| c.is_alphanumeric() || c == '_')
        && matches!(extension, "sql" | "rs");
    is_right.then_some(version)
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut found: Vec<(i64, PathBuf, String)> = Vec::new();
    for path in folder.files_below()? {
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        match version(&file).map(|text| (text, text.parse::<i64>())) {
            Some((_, Ok(version))) => found.push((version, path, file)),
            Some((text, Err(_))) => read.problems.push(Problem::refused(
                folder.at(&path),
                1,
                format!("refinery refuses all migrations: the version {text} of {file} is not a whole number"),
                "Give it a whole number as version.",
            )),
            None if has_extension(&file, "sql") => read.problems.push(Problem::skipped(
                folder.at(&path),
                format!("refinery passes over {file}: its name is not V<number>__<name>.sql with a name of letters, digits and _"),
                "Rename it, or move it out of the folder of migrations.",
            )),
            None => {}
        }
    }
    found.sort_by_key(|(version, ..)| *version);

    for (_, path, file) in &found {
        let name = file.rsplit_once('.').map_or(file.as_str(), |(name, _)| name);
        read.migrations.push(if has_extension(file, "rs") {
            folder.program(path, name, "Rust")?
        } else {
            folder.whole_file(path, name, RunMode::Transaction)?.0
        });
    }
    let versions: Vec<i64> = found.iter().map(|(version, ..)| *version).collect();
    read.problems.extend(duplicates(
        &read.migrations,
        &versions,
        "refinery refuses all migrations",
    ));
    Ok(read)
}
