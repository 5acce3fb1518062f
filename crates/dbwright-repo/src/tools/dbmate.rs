//! dbmate: `db/migrations/<version>_<name>.sql` with `-- migrate:up` and `-- migrate:down` in one file.
//!
//! As in <https://github.com/amacneil/dbmate/blob/main/pkg/dbmate/migration.go> (blocks and options) and
//! <https://github.com/amacneil/dbmate/blob/main/pkg/dbmate/db.go> (names, order by file name, how they are run): each up
//! block goes out as one query, inside a transaction unless it says `transaction:false`.

use std::ops::Range;

use dbwright_catalog::{Migration, RunMode};

use super::{Folder, Problem, Read, duplicates, lines, stem, without_templates};
use crate::error::RepoError;
use crate::order;
use crate::walk::has_extension;

/// What a directive begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Up { transaction: bool },
    Down,
}

/// Reads `-- migrate:up transaction:false` and `-- migrate:down`.
pub(super) fn directive(line: &str) -> Option<Directive> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
    let mut words = rest.split_whitespace();
    // The word follows at once: `migrate: up` is a comment.
    let word = words.next().filter(|word| rest.starts_with(word))?;
    match word {
        "up" => Some(Directive::Up {
            transaction: !words.any(|option| option == "transaction:false"),
        }),
        "down" => Some(Directive::Down),
        _ => None,
    }
}

/// The version of a file: the digits that its name begins with.
fn version(file: &str) -> Option<&str> {
    let (version, _) = order::digits(file);
    (!version.is_empty() && has_extension(file, "sql")).then_some(version)
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut firsts: Vec<Migration> = Vec::new();
    let mut versions: Vec<&str> = Vec::new();
    // The listing is sorted by name, which is dbmate's order: `10_b` runs before `2_a`.
    for file in &folder.listing.files {
        let Some(version) = version(file) else {
            if has_extension(file, "sql") {
                read.problems.push(Problem::skipped(
                    folder.at(file),
                    format!("dbmate passes over {file}: its name does not begin with a number"),
                    "Rename it, or move it out of the folder of migrations.",
                ));
            }
            continue;
        };
        let migrations = one_file(folder, file, &mut read.problems)?;
        if let Some(first) = migrations.first() {
            versions.push(version);
            firsts.push(first.clone());
        }
        read.migrations.extend(migrations);
    }
    read.problems.extend(duplicates(
        &firsts,
        &versions,
        "dbmate cannot record the second one and stops",
    ));
    Ok(read)
}

/// The up blocks of one file. Several make several migrations: each is a transaction of its own.
fn one_file(folder: &Folder<'_>, file: &str, problems: &mut Vec<Problem>) -> Result<Vec<Migration>, RepoError> {
    let text = folder.text(file)?.text;
    let mut ups: Vec<(Range<usize>, bool)> = Vec::new();
    let mut has_down = true;
    let mut line_of_up = 1;
    let mut refuse = |line: u32, message: &str, advice: &str| {
        problems.push(Problem::refused(
            folder.at(file),
            line,
            format!("dbmate refuses {file}: {message}"),
            advice,
        ));
    };
    for (range, number, line) in lines(&text) {
        match directive(line) {
            Some(Directive::Up { transaction }) => {
                if !has_down {
                    refuse(
                        line_of_up,
                        "a block of -- migrate:up has no -- migrate:down",
                        "Add a -- migrate:down, which may be empty.",
                    );
                }
                ups.push((range.start..text.len(), transaction));
                has_down = false;
                line_of_up = number;
            }
            Some(Directive::Down) if has_down => {
                refuse(
                    number,
                    "-- migrate:down has no -- migrate:up before it",
                    "Put -- migrate:up in front of it.",
                );
            }
            Some(Directive::Down) => {
                if let Some((up, _)) = ups.last_mut() {
                    up.end = range.start;
                }
                has_down = true;
            }
            None if ups.is_empty() && !(line.trim().is_empty() || line.trim_start().starts_with("--")) => {
                refuse(
                    number,
                    "there is SQL before the first -- migrate:up",
                    "Move it below -- migrate:up.",
                );
                break;
            }
            None => {}
        }
    }
    if ups.is_empty() && problems.iter().all(|problem| problem.path != folder.at(file)) {
        problems.push(Problem::refused(
            folder.at(file),
            1,
            format!("dbmate refuses {file}: it has no -- migrate:up"),
            "Put -- migrate:up in front of its SQL.",
        ));
    } else if !has_down {
        problems.push(Problem::refused(
            folder.at(file),
            line_of_up,
            format!("dbmate refuses {file}: it has no -- migrate:down"),
            "Add a -- migrate:down, which may be empty.",
        ));
    }
    Ok(migrations(folder, file, &text, &ups))
}

fn migrations(folder: &Folder<'_>, file: &str, text: &str, ups: &[(Range<usize>, bool)]) -> Vec<Migration> {
    let down = text.lines().any(|line| directive(line) == Some(Directive::Down));
    let blocks: Vec<(Range<usize>, bool)> = if ups.is_empty() {
        vec![(0..0, true)]
    } else {
        ups.to_vec()
    };
    let count = blocks.len();
    let in_block = |index: usize| match count {
        1 => stem(file).to_owned(),
        _ => format!("{} (block {})", stem(file), index + 1),
    };
    blocks
        .into_iter()
        .enumerate()
        .map(|(index, (range, transaction))| Migration {
            name: in_block(index),
            path: folder.at(file),
            statements: without_templates(dbwright_sql::statements_in(folder.dialect(), text, range)),
            text: text.to_owned(),
            run_mode: if transaction {
                RunMode::Transaction
            } else {
                RunMode::SimpleQuery
            },
            down: down.then(|| folder.at(file)),
        })
        .collect()
}
