//! dbmate: `db/migrations/<version>_<name>.sql` with `-- migrate:up` and `-- migrate:down` in one file.
//!
//! As in <https://github.com/amacneil/dbmate/blob/main/pkg/dbmate/migration.go> (blocks and options) and
//! <https://github.com/amacneil/dbmate/blob/main/pkg/dbmate/db.go> (names, order by file name, how they are run): each up
//! block goes out as one query, inside a transaction unless it says `transaction:false`.

use std::ops::Range;

use dbwright_catalog::{Down, Migration, RunMode};

use super::{Folder, Problem, Read, duplicates, lines, stem, without_templates};
use crate::error::RepoError;
use crate::order;
use crate::walk::has_extension;

/// What a directive begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Up { transaction: bool },
    Down { transaction: bool },
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
        "down" => Some(Directive::Down {
            transaction: !words.any(|option| option == "transaction:false"),
        }),
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
    let mut ups: Vec<Block> = Vec::new();
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
                if let Some(Block { down: Some(down), .. }) = ups.last_mut() {
                    down.range.end = range.start;
                }
                ups.push(Block {
                    up: Part {
                        range: range.start..text.len(),
                        transaction,
                    },
                    down: None,
                });
                has_down = false;
                line_of_up = number;
            }
            Some(Directive::Down { .. }) if has_down => {
                refuse(
                    number,
                    "-- migrate:down has no -- migrate:up before it",
                    "Put -- migrate:up in front of it.",
                );
            }
            Some(Directive::Down { transaction }) => {
                if let Some(block) = ups.last_mut() {
                    block.up.range.end = range.start;
                    block.down = Some(Part {
                        range: range.start..text.len(),
                        transaction,
                    });
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

/// What one way of a block holds.
struct Part {
    range: Range<usize>,
    transaction: bool,
}

/// A block that goes up, and the one that goes back.
struct Block {
    up: Part,
    down: Option<Part>,
}

fn migrations(folder: &Folder<'_>, file: &str, text: &str, blocks: &[Block]) -> Vec<Migration> {
    let nothing = [Block {
        up: Part {
            range: 0..0,
            transaction: true,
        },
        down: None,
    }];
    let blocks = if blocks.is_empty() { &nothing } else { blocks };
    let in_block = |index: usize| match blocks.len() {
        1 => stem(file).to_owned(),
        _ => format!("{} (block {})", stem(file), index + 1),
    };
    let statements =
        |part: &Part| without_templates(dbwright_sql::statements_in(folder.dialect(), text, part.range.clone()));
    let run_mode = |part: &Part| {
        if part.transaction {
            RunMode::Transaction
        } else {
            RunMode::SimpleQuery
        }
    };
    let migrations = blocks.iter().enumerate().map(|(index, block)| Migration {
        name: in_block(index),
        path: folder.at(file),
        statements: statements(&block.up),
        text: text.to_owned(),
        run_mode: run_mode(&block.up),
        down: block.down.as_ref().map(|down| Down {
            path: folder.at(file),
            text: text.to_owned(),
            statements: statements(down),
            run_mode: run_mode(down),
        }),
    });
    migrations.collect()
}
