//! golang-migrate: `<version>_<title>.up.sql` and `.down.sql`.
//!
//! As in <https://github.com/golang-migrate/migrate/blob/master/source/parse.go> (names),
//! <https://github.com/golang-migrate/migrate/blob/master/source/migration.go> (order) and
//! <https://github.com/golang-migrate/migrate/blob/master/database/postgres/postgres.go> (how they are run): the whole text
//! goes out as one query. Its SQLite drivers put a transaction around it unless `x-no-tx-wrap` says otherwise:
//! <https://github.com/golang-migrate/migrate/blob/master/database/sqlite3/sqlite3.go>. With `x-multi-statement` in the
//! connection string, which no file of the repository has to show, statements would go out one by one.

use std::path::Path;

use dbwright_catalog::{Engine, RunMode};

use super::{Folder, Problem, Read, duplicates};
use crate::error::RepoError;
use crate::order;
use crate::walk::has_extension;

/// Which way a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// Version, title and direction of a file. The extension may be anything: `30_tags.up..sql` counts as well.
pub(super) fn parse(file: &str) -> Option<(u64, &str, Direction)> {
    let (version, rest) = order::digits(file);
    let rest = rest.strip_prefix('_')?;
    // The last direction counts, as the tool's expression is greedy.
    let find = |word: &'static str| rest.rfind(word).map(|at| (at, word));
    let (at, word) = find(".up.").max(find(".down."))?;
    let direction = if word == ".up." { Direction::Up } else { Direction::Down };
    Some((version.parse().ok()?, &rest[..at], direction))
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let run_mode = match folder.engine {
        Engine::Sqlite => RunMode::Transaction,
        Engine::Postgres | Engine::MySql | Engine::MariaDb => RunMode::SimpleQuery,
    };
    let mut read = Read::default();
    let mut ups: Vec<(u64, &str)> = Vec::new();
    let mut downs: Vec<(u64, &str)> = Vec::new();
    for file in &folder.listing.files {
        match parse(file) {
            Some((version, _, Direction::Up)) => ups.push((version, file)),
            Some((version, _, Direction::Down)) => downs.push((version, file)),
            None if has_extension(file, "sql") => read.problems.push(Problem::skipped(
                folder.at(file),
                format!("golang-migrate passes over {file}: its name is not <version>_<title>.up.sql or .down.sql"),
                "Rename it, or move it out of the folder of migrations.",
            )),
            None => {}
        }
    }
    ups.sort_by_key(|(version, _)| *version);

    for (version, file) in &ups {
        let name = file.rfind(".up.").map_or(*file, |end| &file[..end]);
        let (mut migration, _) = folder.whole_file(Path::new(file), name, run_mode)?;
        if let Some((_, down)) = downs.iter().find(|(other, _)| other == version) {
            migration.down = Some(folder.whole_down(down, run_mode)?.0);
        }
        read.migrations.push(migration);
    }
    let versions: Vec<u64> = ups.iter().map(|(version, _)| *version).collect();
    read.problems.extend(duplicates(
        &read.migrations,
        &versions,
        "golang-migrate refuses all migrations",
    ));
    Ok(read)
}
