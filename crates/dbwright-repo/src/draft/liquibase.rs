//! Changesets in Liquibase's formatted SQL: a file of their own where the changelog takes all files of a folder
//! (`includeAll`), else behind those of the last file, which a changelog names.
//!
//! <https://docs.liquibase.com/concepts/changelogs/sql-format.html>. Liquibase's own splitting knows no dollar quotes: what has
//! statements inside gets an end of its own (`endDelimiter`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use dbwright_catalog::History;

use super::formats::FILE_BYTES;
use super::versions::stamp;
use super::{DraftError, DraftFile, DraftPart};
use crate::order;
use crate::text;
use crate::walk::has_extension;

const HEADER: &str = "--liquibase formatted sql\n";
const AUTHOR: &str = "dbwright";
/// Ends a statement that has statements inside.
const DELIMITER: &str = "@@";

pub(super) fn changesets(
    root: &Path,
    history: &History,
    name: &str,
    parts: &[DraftPart],
    down: &[DraftPart],
    seconds: u64,
) -> Result<DraftFile, DraftError> {
    let wrong = |problem: String| DraftError {
        problem,
        hint: "`dbwright schema plan … --format sql` prints the SQL to be put into a changeset by hand".to_owned(),
    };
    let last = history
        .migrations
        .last()
        .ok_or_else(|| wrong("there is no changeset to write behind".to_owned()))?;
    let before = text::peek(&root.join(&last.path), FILE_BYTES);
    let first = before.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if !first
        .to_ascii_lowercase()
        .replace(' ', "")
        .starts_with("--liquibaseformatted")
    {
        let problem = format!(
            "the last changeset stands in {}, which is no formatted SQL",
            last.path.display()
        );
        return Err(wrong(problem));
    }
    let mut body = String::new();
    for (index, part) in parts.iter().enumerate() {
        let number = if parts.len() == 1 {
            String::new()
        } else {
            format!("-{}", index + 1)
        };
        let id = format!("{}-{name}{number}", stamp(seconds));
        let back = if index + 1 == parts.len() { down } else { &[] };
        body.push_str(&changeset(&id, part, back));
    }
    if takes_all_files(root, history, &last.path) {
        return Ok(DraftFile {
            path: next_file(&last.path, name, seconds),
            text: format!("{HEADER}{body}"),
            replaces: false,
        });
    }
    Ok(DraftFile {
        path: last.path.clone(),
        text: format!("{}\n{body}", before.trim_end_matches(['\n', ' '])),
        replaces: true,
    })
}

fn changeset(id: &str, part: &DraftPart, down: &[DraftPart]) -> String {
    let has_bodies = part
        .statements
        .iter()
        .any(|statement| statement.sql.trim_end().trim_end_matches(';').contains(';'));
    let mut attributes = String::new();
    if !part.transaction {
        attributes.push_str(" runInTransaction:false");
    }
    let end = if has_bodies {
        let _ = write!(attributes, " endDelimiter:{DELIMITER}");
        format!("\n{DELIMITER}\n")
    } else {
        ";\n".to_owned()
    };
    let mut text = format!(
        "\n--changeset {AUTHOR}:{id}{attributes}\n--comment: {}\n",
        line(&part.purpose)
    );
    for statement in &part.statements {
        for comment in &statement.comments {
            let _ = writeln!(text, "-- {}", line(comment));
        }
        text.push_str(statement.sql.trim_end().trim_end_matches(';'));
        text.push_str(&end);
    }
    for statement in down.iter().flat_map(|part| &part.statements) {
        for line in statement.sql.trim_end().trim_end_matches(';').lines() {
            let _ = writeln!(text, "--rollback {line}");
        }
        let _ = writeln!(text, "--rollback {}", end.trim());
    }
    text
}

/// Comments must not look like Liquibase's own.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a changelog of the folder includes all files of the one that the last changeset is in.
fn takes_all_files(root: &Path, history: &History, last: &Path) -> bool {
    let folder = last
        .parent()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    let Some(folder) = folder else { return false };
    let entries = std::fs::read_dir(root.join(&history.folder))
        .into_iter()
        .flatten()
        .flatten();
    let changelogs = entries.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        ["xml", "yaml", "yml", "json"]
            .iter()
            .any(|extension| has_extension(&name, extension))
    });
    let mut texts = changelogs.map(|entry| text::peek(&entry.path(), FILE_BYTES));
    texts.any(|text| {
        text.split("includeAll")
            .skip(1)
            .any(|rest| rest.chars().take(300).collect::<String>().contains(&folder))
    })
}

/// A name that comes after the last file's: the next number in its manner, else the time.
fn next_file(last: &Path, name: &str, seconds: u64) -> PathBuf {
    let stem = last.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (digits, rest) = order::digits(&stem);
    let separator = rest
        .chars()
        .next()
        .filter(|first| !first.is_alphanumeric())
        .unwrap_or('_');
    let number = match digits.parse::<u128>() {
        Ok(_) if digits.len() == 14 => stamp(seconds),
        Ok(number) => format!("{:0width$}", number + 1, width = digits.len()),
        Err(_) => stamp(seconds),
    };
    last.with_file_name(format!("{number}{separator}{name}.sql"))
}
