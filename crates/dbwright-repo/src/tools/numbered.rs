//! Numbered SQL files without a tool: run one after the other by `psql -f` or `sqlite3 <`, each statement by itself.
//!
//! There is no source to follow. On MySQL and MariaDB, a file whose routines the client would cut is read as a program sends
//! it. Numbers count as numbers (`2-b` before `10-a`); where a shell's order would be another,
//! a finding says so.

use crate::walk::has_extension;

use dbwright_catalog::Migration;

use super::{Folder, Problem, ProblemKind, Read};
use crate::error::RepoError;
use crate::history::client_file;
use crate::order;

/// Ends of names (before `.sql`) that mean the way back.
const DOWN: [&str; 8] = [
    ".down",
    "_down",
    "-down",
    ".undo",
    "_undo",
    ".rollback",
    "_rollback",
    "-rollback",
];
/// Ends of names that mean the way forth.
const UP: [&str; 3] = [".up", "_up", "-up"];

/// Whether a name is that of a numbered file that goes up: `001-init.sql`, `v1.2_users.sql`, `2024-01-02-x.sql`.
pub(super) fn is_up(file: &str) -> bool {
    is_numbered(file) && down_of(file).is_none()
}

fn is_numbered(file: &str) -> bool {
    let name = file.strip_prefix(['v', 'V']).unwrap_or(file);
    name.starts_with(|c: char| c.is_ascii_digit()) && has_extension(file, "sql")
}

/// The name without direction, of a file that goes down.
fn down_of(file: &str) -> Option<&str> {
    let name = file.strip_suffix(".sql")?;
    DOWN.iter().find_map(|end| name.strip_suffix(end))
}

fn up_name(file: &str) -> &str {
    let name = file.strip_suffix(".sql").unwrap_or(file);
    UP.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut ups: Vec<&str> = folder
        .listing
        .files
        .iter()
        .map(String::as_str)
        .filter(|file| is_up(file))
        .collect();
    let shell_order = ups.clone();
    ups.sort_by(|a, b| order::natural(a, b));
    if let Some((ours, theirs)) = ups.iter().zip(&shell_order).find(|(ours, theirs)| ours != theirs) {
        read.problems.push(Problem {
            kind: ProblemKind::Skipped,
            path: folder.at(ours),
            line: 1,
            message: format!("{ours} is run before {theirs} here, and after it by a shell that sorts names"),
            advice: "Give all numbers the same count of digits.".to_owned(),
        });
    }
    for file in ups {
        let down = folder
            .listing
            .files
            .iter()
            .find(|other| down_of(other).is_some_and(|name| name == up_name(file)));
        let down = down.map(|down| one_file(folder, down)).transpose()?;
        read.migrations.push(Migration {
            down: down.map(super::down_of),
            ..one_file(folder, file)?
        });
    }
    Ok(read)
}

fn one_file(folder: &Folder<'_>, file: &str) -> Result<Migration, RepoError> {
    let migration = client_file(&folder.at(file), folder.text(file)?.text, folder.engine);
    Ok(Migration {
        name: up_name(file).to_owned(),
        ..migration
    })
}
