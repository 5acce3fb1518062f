//! What the Go code of a project says about its migrations: those that are written in Go, the library's that are merged in,
//! the defaults of options.
//!
//! Lines are looked at one by one; Go is not parsed.

use std::fs;
use std::path::{Path, PathBuf};

use dbwright_catalog::{Migration, RunMode, Span, Statement};

use super::super::lines;
use super::names::Dialect;
use crate::text;
use crate::walk::{self, has_extension};

const FILES_MAX: usize = 4000;
const BYTES_MAX: u64 = 512 * 1024;

/// Migrations written in Go in and beside the folder, with their versions: they are named in their order, and nothing of
/// them can be run.
pub(super) fn migrations(root: &Path, folder: &Path, dialect: Dialect) -> Vec<(String, Migration)> {
    let parent = folder.parent().unwrap_or(Path::new(""));
    let list = |folder: &Path| walk::list(&root.join(folder), folder).unwrap_or_default();
    let mut folders = vec![parent.to_owned()];
    folders.extend(list(parent).folders.iter().map(|name| parent.join(name)));
    let mut found = Vec::new();
    for folder in folders {
        for file in list(&folder).files.iter().filter(|file| is_source(file)) {
            found.extend(in_file(root, &folder.join(file), file, dialect));
        }
    }
    found
}

fn is_source(file: &str) -> bool {
    has_extension(file, "go") && !file.ends_with("_test.go")
}

/// A migration in Go.
struct GoMigration {
    version: String,
    /// The line that gives the version.
    span: Span,
    line: u32,
    is_up: bool,
    dialect: Dialect,
}

/// The `popx.Migration{Version: "…", Direction: "up", DBType: "…"}` of one file.
fn in_file(root: &Path, path: &Path, file: &str, dialect: Dialect) -> Vec<(String, Migration)> {
    let Ok(text) = fs::read_to_string(root.join(path)) else {
        return Vec::new();
    };
    if !text.contains("popx.Migration") {
        return Vec::new();
    }
    let mut entries: Vec<GoMigration> = Vec::new();
    for (range, number, line) in lines(&text) {
        let Some((key, value)) = field(line) else { continue };
        match (key, entries.last_mut()) {
            ("Version", _) => entries.push(GoMigration {
                version: value.to_owned(),
                span: Span::new(range.start + (line.len() - line.trim_start().len()), range.end),
                line: number,
                is_up: false,
                dialect: Dialect::All,
            }),
            ("Direction", Some(last)) => last.is_up = value == "up",
            ("DBType", Some(last)) if value != "all" => last.dialect = Dialect::of(value),
            _ => {}
        }
    }
    entries.retain(|entry| entry.is_up && (entry.dialect == dialect || entry.dialect == Dialect::All));
    let stem = file.strip_suffix(".go").unwrap_or(file);
    let title = stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    let migration = |entry: GoMigration| {
        let statement = Statement {
            text: text[entry.span.range()].to_owned(),
            span: entry.span,
            line: entry.line,
            copy_rows: None,
            not_sent: Some("the migration is Go code; dbwright runs SQL only".to_owned()),
        };
        let migration = Migration {
            name: format!("{}_{title}", entry.version),
            path: path.to_owned(),
            text: text.clone(),
            statements: vec![statement],
            run_mode: RunMode::Transaction,
            down: None,
        };
        (entry.version, migration)
    };
    entries.into_iter().map(migration).collect()
}

/// Reads `Version: "2020",`.
fn field(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.trim().split_once(':')?;
    let value = value
        .trim()
        .trim_end_matches(',')
        .strip_prefix('"')?
        .strip_suffix('"')?;
    Some((key.trim(), value))
}

/// The folder of Ory's library in the repository, where the Go module around `folder` takes it from there:
/// `replace github.com/ory/x => ./oryx`.
pub(crate) fn library(root: &Path, folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find_map(|module| {
        let text = text::peek(&root.join(module).join("go.mod"), BYTES_MAX);
        let line = text.lines().find(|line| {
            line.trim_start()
                .trim_start_matches("replace ")
                .starts_with("github.com/ory/x ")
        })?;
        let target = line.split_once("=> ./")?.1.split_whitespace().next()?;
        Some(module.join(target))
    })
}

/// The files of the library's own migrations (the table `networks`), relative to the root, where the project merges them
/// with those of `folder`: `fsx.Merge(Migrations, networkx.Migrations)`.
pub(super) fn merged(root: &Path, folder: &Path) -> Vec<PathBuf> {
    let Some(library) = library(root, folder).filter(|library| !folder.starts_with(library)) else {
        return Vec::new();
    };
    let own = library.join("networkx/migrations/sql");
    let listing = walk::list(&root.join(&own), &own).unwrap_or_default();
    if listing.files.is_empty() || sources(root, |text| text.contains("networkx.Migrations").then_some(())).is_none() {
        return Vec::new();
    }
    listing.files.iter().map(|file| own.join(file)).collect()
}

/// The default of an option of the connection: of the field of this name in a settings struct,
/// `` Namespace string `envconfig:"DB_NAMESPACE" default:"auth"` ``.
pub(super) fn option_default(root: &Path, name: &str) -> Option<String> {
    sources(root, |text| {
        text.lines().find_map(|line| {
            let rest = line
                .trim_start()
                .strip_prefix(name)?
                .trim_start()
                .strip_prefix("string")?;
            let value = rest.split_once("default:\"")?.1.split_once('"')?.0;
            Some(value.to_owned())
        })
    })
}

/// The first answer that a source file of the repository gives; tests and examples aside.
fn sources<T>(root: &Path, answer: impl Fn(&str) -> Option<T>) -> Option<T> {
    let tree = walk::walk(root).ok()?;
    let is_asked = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        is_source(name) && !walk::is_aside(path)
    };
    tree.files()
        .filter(is_asked)
        .take(FILES_MAX)
        .find_map(|path| answer(&text::peek(&root.join(path), BYTES_MAX)))
}
