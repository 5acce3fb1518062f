//! Atlas: `<version>_<name>.sql` beside `atlas.sum`.
//!
//! As in <https://github.com/ariga/atlas/blob/master/sql/migrate/dir.go> (files, order, directives, checksums),
//! <https://github.com/ariga/atlas/blob/master/sql/migrate/lex.go> (delimiters) and
//! <https://github.com/ariga/atlas/blob/master/cmd/atlas/internal/cmdapi/migrate.go> (transactions: one for each file,
//! unless it says `-- atlas:txmode none`). A checkpoint replaces all files before it on a new database, and is passed over
//! on one that has them.

use std::ops::Range;
use std::path::PathBuf;

use dbwright_catalog::{Engine, LeftOut, Migration, RunMode, Span, Statement};
use sha2::{Digest, Sha256};

use super::{Claim, Folder, Place, Problem, Read, lines, without_templates};
use crate::error::RepoError;
use crate::facts::{Fact, engines_named};
use crate::text;
use crate::walk::has_extension;

const SUM: &str = "atlas.sum";
const PROJECT: &str = "atlas.hcl";
const DIRECTIVE: &str = "atlas:";
const PEEK_BYTES: u64 = 256 * 1024;

/// Whether a folder bears marks of this tool: its `atlas.sum`.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    if !place.listing.files.iter().any(|file| file == SUM) {
        return None;
    }
    let migrations = place
        .listing
        .files
        .iter()
        .filter(|file| has_extension(file, "sql"))
        .count();
    // Tools that read their own names have Atlas make the sum only: `.up.sql`, annotations.
    let is_foreign = |file: &String| file.ends_with(".up.sql") || file.ends_with(".down.sql");
    if migrations == 0 || place.listing.files.iter().any(is_foreign) || is_annotated(place) {
        return None;
    }
    let mut facts = vec![Fact::new(SUM, place.folder, None)];
    let mut engines: Vec<Engine> = Vec::new();
    for (engine, fact) in project(place) {
        if !engines.contains(&engine) {
            engines.push(engine);
            facts.push(fact);
        }
    }
    Some(Claim {
        migrations,
        engines,
        each_engine: false,
        facts,
    })
}

/// Whether the first file is one of goose's, dbmate's or another tool's, whose folders Atlas keeps as well.
fn is_annotated(place: &Place<'_>) -> bool {
    let first = place.listing.files.iter().find(|file| has_extension(file, "sql"));
    first.is_some_and(|file| {
        let text = text::peek(&place.root.join(place.folder).join(file), PEEK_BYTES);
        super::annotated(&text).is_some()
    })
}

/// Engines by the URLs of `atlas.hcl` in the nearest folder upwards that has one: of its schemes, no more is looked at.
fn project(place: &Place<'_>) -> Vec<(Engine, Fact)> {
    let Some(at) = place.folder.ancestors().find(|parent| {
        let listing = place.tree.folders.get(*parent);
        listing.is_some_and(|listing| listing.files.iter().any(|file| file == PROJECT))
    }) else {
        return Vec::new();
    };
    let path = at.join(PROJECT);
    let text = text::peek(&place.root.join(&path), PEEK_BYTES);
    let mut found = Vec::new();
    for (line, content) in (1u32..).zip(text.lines()) {
        let content = content.trim_start();
        if let Some(rest) = content.strip_prefix("docker \"") {
            let name = rest.split('"').next().unwrap_or_default();
            if let Some(engine) = engines_named(name).first() {
                found.push((*engine, Fact::new(format!("docker {name}"), path.clone(), Some(line))));
            }
        }
        if content.starts_with(['#', '/']) || !(content.starts_with("url") || content.starts_with("dev")) {
            continue;
        }
        let Some((before, rest)) = content.split_once("://") else {
            continue;
        };
        let scheme = before.rsplit(['"', ' ', '=']).next().unwrap_or_default();
        // `docker://postgres/16/dev`, `docker+postgres://image`.
        let name = match scheme {
            "docker" => rest.split(['/', '"']).next().unwrap_or_default(),
            _ => scheme.strip_prefix("docker+").unwrap_or(scheme),
        };
        if let Some(engine) = engines_named(name).first() {
            found.push((*engine, Fact::new(format!("URL for {name}"), path.clone(), Some(line))));
        }
    }
    found
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut files: Vec<(&str, Vec<u8>)> = Vec::new();
    let names = folder.listing.files.iter().filter(|file| has_extension(file, "sql"));
    for name in names {
        let path = folder.at(name);
        let bytes = std::fs::read(folder.root.join(&path)).map_err(|source| RepoError::Unreadable { path, source })?;
        files.push((name, bytes));
    }
    read.problems.extend(sum_problem(folder, &files)?);
    let before_first = development_baseline(folder);

    let mut passed_over = Vec::new();
    for (name, _) in &files {
        let text = folder.text(name)?.text;
        if !directives(&text, "checkpoint").is_empty() {
            // A checkpoint is for new databases; the files before it are the history that is replayed.
            passed_over.push(folder.at(name));
            continue;
        }
        let (migration, problem) = one_file(folder, name, text);
        read.migrations.push(migration);
        read.problems.extend(problem);
    }
    if let Some(base) = base(&files, &passed_over, &read.migrations) {
        let path = passed_over.remove(base);
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        let (migration, problem) = one_file(folder, &name, folder.text(&name)?.text);
        read.migrations.insert(0, migration);
        read.problems.extend(problem);
    }
    if let (Some(migration), false) = (before_first, read.migrations.is_empty()) {
        read.migrations.insert(0, migration);
    }
    if !passed_over.is_empty() {
        read.left_out.push(LeftOut {
            what: "checkpoints, which repeat the files before them".to_owned(),
            files: passed_over,
        });
    }
    Ok(read)
}

/// What `atlas.hcl` has a new database of its development server begin with (<https://atlasgo.io/concepts/dev-database>):
/// `baseline = file("extensions.sql")`, or the SQL itself. Production has it by other means.
fn development_baseline(folder: &Folder<'_>) -> Option<Migration> {
    let project = folder.path.ancestors().map(|parent| parent.join(PROJECT));
    let path = project.into_iter().find(|path| folder.root.join(path).is_file())?;
    let text = text::peek(&folder.root.join(&path), PEEK_BYTES);
    let (range, _, line) = lines(&text).find(|(.., line)| line.trim_start().starts_with("baseline"))?;
    let value = line.split_once('=')?.1.trim();
    let (path, text, part) = if let Some(rest) = value.strip_prefix("file(\"") {
        let path = path.parent()?.join(rest.split('"').next()?);
        let text = text::read(&folder.root.join(&path), &path).ok()?.text;
        let part = 0..text.len();
        (path, text, part)
    } else {
        let mark = value.strip_prefix("<<")?.trim_start_matches('-');
        let start = (range.end + 1).min(text.len());
        let (end, ..) = lines(&text).find(|(range, _, line)| range.start >= start && line.trim() == mark)?;
        (path, text, start..end.start)
    };
    Some(Migration {
        name: "baseline of atlas.hcl".to_owned(),
        statements: without_templates(dbwright_sql::statements_in(folder.dialect(), &text, part)),
        path,
        text,
        run_mode: RunMode::EachStatement,
        down: None,
    })
}

/// The checkpoint that the history begins with, where the files before it were removed: the first file of the folder, or
/// the last checkpoint where there is nothing else.
fn base(files: &[(&str, Vec<u8>)], checkpoints: &[PathBuf], migrations: &[Migration]) -> Option<usize> {
    if migrations.is_empty() {
        return checkpoints.len().checked_sub(1);
    }
    let (first, _) = files.first()?;
    let is_first = checkpoints.first()?.file_name()? == *first;
    is_first.then_some(0)
}

/// One migration, and why Atlas refuses it.
fn one_file(folder: &Folder<'_>, name: &str, text: String) -> (Migration, Option<Problem>) {
    let modes = directives(&text, "txmode");
    let run_mode = match modes.as_slice() {
        [mode] if mode == "none" => RunMode::EachStatement,
        _ => RunMode::Transaction,
    };
    let problem = match modes.as_slice() {
        [] => None,
        [mode] if mode == "none" || mode == "file" => None,
        [mode] => Some(format!("txmode `{mode}` is not one for a file (none, file)")),
        _ => Some("it has several txmode directives".to_owned()),
    };
    let problem = problem.map(|why| {
        Problem::refused(
            folder.at(name),
            1,
            format!("Atlas refuses {name}: {why}"),
            "See https://atlasgo.io/versioned/apply#transaction-configuration.",
        )
    });
    let statements = match delimiter(&text) {
        Some((delimiter, start)) => delimited(&text, start, &delimiter),
        None => dbwright_sql::statements(folder.dialect().with_delimiter_lines(), &text),
    };
    let migration = Migration {
        name: name.strip_suffix(".sql").unwrap_or(name).to_owned(),
        path: folder.at(name),
        statements: without_templates(statements),
        text,
        run_mode,
        down: None,
    };
    (migration, problem)
}

/// The values of a directive of the file: in the comments at its top, with an empty line behind them.
fn directives(text: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while rest.starts_with('#') || rest.starts_with("--") {
        let (line, behind) = rest.split_once('\n').unwrap_or((rest, ""));
        found.extend(directive(line, name));
        rest = behind;
    }
    if rest.is_empty() || rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n') {
        found
    } else {
        Vec::new()
    }
}

fn directive(line: &str, name: &str) -> Option<String> {
    let rest = line[line.find(DIRECTIVE)? + DIRECTIVE.len()..].strip_prefix(name)?;
    (rest.trim_end().is_empty() || rest.starts_with(' ')).then(|| rest.trim().to_owned())
}

/// The delimiter that the first line sets, and where the text behind it begins.
fn delimiter(text: &str) -> Option<(String, usize)> {
    let end = text.find('\n')?;
    let line = text[..end].trim_end_matches('\r');
    let value = directive(
        line.strip_prefix("-- ").filter(|rest| rest.starts_with(DIRECTIVE))?,
        "delimiter",
    )?;
    let value = value.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t");
    (!value.is_empty()).then_some((value, end + 1))
}

/// Statements between delimiters outside of quotes and comments.
fn delimited(text: &str, start: usize, delimiter: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut begin = start;
    let mut at = start;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(delimiter) {
            statements.extend(statement(text, begin..at));
            at += delimiter.len();
            begin = at;
        } else {
            at += skipped(rest);
        }
    }
    statements.extend(statement(text, begin..text.len()));
    statements
}

/// How many bytes belong together at the beginning of a text: a quoted string, a comment, one character.
fn skipped(rest: &str) -> usize {
    let until = |open: usize, close: &str| rest[open..].find(close).map(|end| open + end + close.len());
    let first = rest.chars().next().map_or(1, char::len_utf8);
    let quoted = match rest.as_bytes() {
        [b'\'', ..] => until(1, "'"),
        [b'"', ..] => until(1, "\""),
        [b'`', ..] => until(1, "`"),
        // The line break stays: it may be part of a delimiter.
        [b'-', b'-', ..] => rest.find('\n'),
        [b'/', b'*', ..] => until(2, "*/"),
        _ => None,
    };
    quoted.unwrap_or(first).max(1)
}

/// The statement in a part of a text, without white space and comments around it.
fn statement(text: &str, range: Range<usize>) -> Option<Statement> {
    let mut start = range.start;
    loop {
        let rest = &text[start..range.end];
        let trimmed = rest.trim_start();
        start += rest.len() - trimmed.len();
        if trimmed.starts_with("--") {
            start += trimmed.find('\n').unwrap_or(trimmed.len());
        } else {
            break;
        }
    }
    let sent = text[start..range.end].trim_end();
    (!sent.is_empty()).then(|| Statement {
        text: sent.to_owned(),
        span: Span::new(start, start + sent.len()),
        line: text::line_at(text.as_bytes(), start),
        copy_rows: None,
        not_sent: None,
    })
}

/// What Atlas says of `atlas.sum` before it runs anything.
fn sum_problem(folder: &Folder<'_>, files: &[(&str, Vec<u8>)]) -> Result<Option<Problem>, RepoError> {
    let path = folder.at(SUM);
    if !folder.root.join(&path).is_file() {
        return Ok(None);
    }
    let text = folder.text(SUM)?.text;
    let mut lines = text.lines();
    let total = lines.next().unwrap_or_default().trim_start_matches("h1:").to_owned();
    let refused = |line: usize, why: String| {
        Some(Problem::refused(
            path.clone(),
            u32::try_from(line).unwrap_or(u32::MAX),
            format!("Atlas refuses all migrations: {why}"),
            "Look at what changed, then run `atlas migrate hash`.",
        ))
    };
    let mut listed: Vec<(String, String)> = Vec::new();
    for (index, line) in lines.enumerate() {
        match line.split_once("h1:") {
            Some((name, hash)) => listed.push((name.trim().to_owned(), hash.to_owned())),
            None => {
                return Ok(refused(
                    index + 2,
                    "a line of atlas.sum is not <file> h1:<checksum>".to_owned(),
                ));
            }
        }
    }
    if total != sum_of(&listed) {
        return Ok(refused(
            1,
            "the first line of atlas.sum does not fit the lines below it".to_owned(),
        ));
    }
    let actual = hashes(files);
    if actual == listed {
        return Ok(None);
    }
    let same = listed
        .iter()
        .zip(&actual)
        .take_while(|(listed, actual)| listed == actual);
    let differing = same.count();
    let is_there = |name: &str| actual.iter().any(|(other, _)| other == name);
    let why = match (listed.get(differing), actual.get(differing)) {
        (Some((name, _)), _) if !is_there(name) => format!("{name} was removed since atlas.sum was written"),
        (Some((name, _)), Some((other, _))) if name == other => {
            format!("{name} was edited since atlas.sum was written")
        }
        (_, Some((name, _))) => format!("{name} is not in atlas.sum"),
        (Some((name, _)), None) => format!("{name} was removed since atlas.sum was written"),
        (None, None) => return Ok(None),
    };
    Ok(refused(differing + 2, why))
}

/// Name and checksum of each file: that of all files up to it, names included.
fn hashes(files: &[(&str, Vec<u8>)]) -> Vec<(String, String)> {
    let mut hasher = Sha256::new();
    let mut found = Vec::new();
    for (name, bytes) in files {
        hasher.update(name.as_bytes());
        let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if directive(&String::from_utf8_lossy(first_line), "sum").as_deref() == Some("ignore") {
            continue;
        }
        hasher.update(bytes);
        found.push(((*name).to_owned(), base64(&hasher.clone().finalize())));
    }
    found
}

/// The text of `atlas.sum` for files in their order.
pub(crate) fn sum_file(files: &[(String, Vec<u8>)]) -> String {
    let files: Vec<(&str, Vec<u8>)> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    let hashes = hashes(&files);
    let lines = hashes.iter().map(|(name, hash)| format!("{name} h1:{hash}\n"));
    std::iter::once(format!("h1:{}\n", sum_of(&hashes)))
        .chain(lines)
        .collect()
}

fn sum_of(files: &[(String, String)]) -> String {
    let mut hasher = Sha256::new();
    for (name, hash) in files {
        hasher.update(name.as_bytes());
        hasher.update(hash.as_bytes());
    }
    base64(&hasher.finalize())
}

/// Base64 with padding (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let part = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = part(0) << 16 | part(1) << 8 | part(2);
        for place in 0..4 {
            if place > chunk.len() {
                text.push('=');
            } else {
                let letter = (bits >> (18 - 6 * place)) & 63;
                text.push(char::from(LETTERS[usize::try_from(letter).unwrap_or(0)]));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_base64() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn directives_stand_apart_from_the_first_statement() {
        assert_eq!(directives("-- atlas:txmode none\n\nSELECT 1;\n", "txmode"), ["none"]);
        assert_eq!(directives("-- hello\n-- atlas:txmode none\n", "txmode"), ["none"]);
        assert!(directives("-- atlas:txmode none\nSELECT 1;\n", "txmode").is_empty());
        assert!(directives("-- atlas:txmode2 none\n\n", "txmode").is_empty());
    }

    #[test]
    fn a_delimiter_of_the_file_counts_outside_of_quotes() {
        let text = "-- atlas:delimiter \\n\\n\n\nCREATE a ';\n\n';\nb\n\n-- why\nDO x;\n";
        let (delimiter, start) = delimiter(text).unwrap();
        let found: Vec<String> = delimited(text, start, &delimiter)
            .into_iter()
            .map(|statement| format!("{} {}", statement.line, statement.text))
            .collect();
        assert_eq!(found, ["3 CREATE a ';\n\n';\nb", "9 DO x;"]);
    }

    #[test]
    fn unfinished_quotes_end_with_the_text() {
        for text in ["'", "/*", "--", "`é", "é'é"] {
            let _ = delimited(text, 0, "//");
        }
    }
}
