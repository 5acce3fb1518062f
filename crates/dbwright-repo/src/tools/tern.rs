//! tern: `<number>_<name>.sql`, numbered from 1 without gaps, with `---- create above / drop below ----` between the two ways.
//!
//! As in <https://github.com/jackc/tern/blob/master/migrate/migrate.go> (names, templates, how a file is run: in one
//! transaction, or statement by statement with `---- tern: disable-tx ----`),
//! <https://github.com/jackc/tern/blob/master/migrate/code.go> (packages of code, snapshots of them) and
//! <https://github.com/jackc/tern/blob/master/main.go> (`tern.conf`). Files are templates of Go with the functions of sprig, of
//! which only a few are known here; the SQL files of folders below are templates that they may call. After each file tern
//! resets all settings of the session; where a file changed any, `RESET ALL` stands behind it here.

use std::collections::BTreeMap;
use std::path::Path;

use dbwright_catalog::{Down, Engine, LeftOut, Migration, RunMode, Span, Statement, Tool};

use super::{Claim, Folder, Place, Problem, Read, without_templates};
use crate::error::RepoError;
use crate::facts::Fact;
use crate::go_template::{self, Context, Value};
use crate::order;
use crate::scan;
use crate::text::{self, line_at};
use crate::walk::{self, has_extension};

const BETWEEN: &str = "---- create above / drop below ----";
const NO_TRANSACTION: &str = "---- tern: disable-tx ----";
const SETTINGS: &str = "tern.conf";
const SETTINGS_BYTES_MAX: u64 = 256 * 1024;
/// The file that makes a folder a package of code.
const PACKAGE: &str = "install.sql";

/// The number of a file: `\A(\d+)_.+\.sql\z`.
fn number(file: &str) -> Option<u32> {
    let (number, rest) = order::digits(file.strip_suffix(".sql")?);
    rest.strip_prefix('_').filter(|name| !name.is_empty())?;
    number.parse().ok()
}

/// Whether a folder bears marks of this tool: its settings beside the files, its comments in them, or numbered files in a
/// project that depends on it.
pub(super) fn claim(place: &Place<'_>) -> Option<Claim> {
    const LOOKED_INTO_MAX: usize = 8;
    let files: Vec<&String> = place
        .listing
        .files
        .iter()
        .filter(|file| number(file).is_some())
        .collect();
    let first = files.first()?;
    let marked = files.iter().take(LOOKED_INTO_MAX).find_map(|file| {
        let path = place.folder.join(file.as_str());
        let text = place.peek(&path);
        let mark = [BETWEEN, NO_TRANSACTION].into_iter().find(|mark| text.contains(mark))?;
        Some(Fact::new(format!("`{mark}`"), path, None))
    });
    let has_settings = |folder: &Path| {
        let listing = place.tree.folders.get(folder);
        listing.is_some_and(|listing| listing.files.iter().any(|file| file == SETTINGS))
    };
    let settings = [Some(place.folder), place.folder.parent()]
        .into_iter()
        .flatten()
        .find(|folder| has_settings(folder))
        .map(|folder| Fact::new(SETTINGS, folder.join(SETTINGS), None));
    // Gaps are refused, so that a folder that does not begin with 1 is another tool's.
    let dependency = place.depends_on(Tool::Tern).filter(|_| number(first) == Some(1));
    let facts: Vec<Fact> = marked.into_iter().chain(settings).chain(dependency).collect();
    (!facts.is_empty()).then(|| Claim {
        migrations: files.len(),
        engines: vec![Engine::Postgres],
        each_engine: false,
        facts,
    })
}

pub(super) fn read(folder: &Folder<'_>) -> Result<Read, RepoError> {
    let mut read = Read::default();
    let mut found: Vec<(u32, &str)> = Vec::new();
    for file in &folder.listing.files {
        match number(file) {
            Some(number) => found.push((number, file)),
            None if has_extension(file, "sql") => read.problems.push(Problem::skipped(
                folder.at(file),
                format!("tern passes over {file}: its name is not <number>_<name>.sql"),
                "Rename it, or move it out of the folder of migrations.",
            )),
            None => {}
        }
    }
    found.sort_unstable();
    read.problems.extend(gaps(folder, &found));

    let templates = templates(folder)?;
    let data = data(folder);
    for (_, file) in &found {
        let migration = one_file(folder, file, &data, &templates, &mut read.problems)?;
        read.migrations.push(migration);
    }
    read.left_out.extend(packages(folder, &templates));
    Ok(read)
}

/// Numbers that are missing or taken twice.
fn gaps(folder: &Folder<'_>, found: &[(u32, &str)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut expected = 1;
    for (number, file) in found {
        if *number < expected {
            problems.push(Problem::refused(
                folder.at(file),
                1,
                format!("tern refuses all migrations: the number {number} of {file} is taken twice, or is 0"),
                "Give it the next number.",
            ));
        } else if *number > expected {
            problems.push(Problem::refused(
                folder.at(file),
                1,
                format!("tern refuses all migrations: number {expected} is missing before {file}"),
                "Number the files from 1 on without gaps.",
            ));
        }
        expected = expected.max(number.saturating_add(1));
    }
    problems
}

fn one_file(
    folder: &Folder<'_>,
    file: &str,
    data: &Value,
    templates: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Result<Migration, RepoError> {
    let text = folder.text(file)?.text;
    let between = text.find(BETWEEN);
    let up = between.unwrap_or(text.len());
    let snapshot = |function: &str, values: &[Value]| match (function, values) {
        ("install_snapshot", [Value::Text(name)]) => install_snapshot(name, data, templates),
        _ => None,
    };
    let context = Context {
        data,
        templates,
        function: &snapshot,
    };
    let rendered = go_template::render(&text, 0..up, &context);
    let has_sql = rendered.text().lines().any(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("--")
    });
    if !has_sql {
        problems.push(Problem::refused(
            folder.at(file),
            1,
            format!("tern refuses all migrations: {file} has no SQL that goes up"),
            format!("Write it above `{BETWEEN}`."),
        ));
    }
    let mut statements = without_templates(rendered.statements(folder.dialect(), &text));
    if statements.iter().any(changes_session) {
        statements.push(Statement {
            text: "RESET ALL".to_owned(),
            span: Span::new(up, up),
            line: line_at(text.as_bytes(), up),
            copy_rows: None,
            not_sent: None,
        });
    }
    let run_mode = |sql: &str| {
        if sql.split('\n').any(|line| line == NO_TRANSACTION) {
            RunMode::EachStatement
        } else {
            RunMode::Transaction
        }
    };
    let down = between
        .map(|between| between + BETWEEN.len()..text.len())
        .filter(|range| !text[range.clone()].trim().is_empty())
        .map(|range| {
            let rendered = go_template::render(&text, range, &context);
            Down {
                path: folder.at(file),
                statements: without_templates(rendered.statements(folder.dialect(), &text)),
                run_mode: run_mode(rendered.text()),
                text: text.clone(),
            }
        });
    Ok(Migration {
        name: file.strip_suffix(".sql").unwrap_or(file).to_owned(),
        path: folder.at(file),
        statements,
        run_mode: run_mode(rendered.text()),
        down,
        text,
    })
}

/// Whether a setting of the session would outlive the file.
fn changes_session(statement: &Statement) -> bool {
    let words = scan::tokens(&statement.text);
    let is = |index: usize, word: &str| words.get(index).is_some_and(|token| token.text == word);
    (is(0, "SET") && !is(1, "LOCAL") && !is(1, "TRANSACTION")) || words.iter().any(|token| token.text == "SET_CONFIG")
}

/// `{{ install_snapshot "name" }}` puts in what `snapshots/name/install.sql` gives, which calls the files beside it.
fn install_snapshot(name: &str, data: &Value, templates: &BTreeMap<String, String>) -> Option<Value> {
    let folder = format!("snapshots/{name}/");
    let own: BTreeMap<String, String> = templates
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix(&folder)?.to_owned(), text.clone())))
        .collect();
    let context = Context {
        data,
        templates: &own,
        function: &|_, _| None,
    };
    go_template::render_named(PACKAGE, &context).map(Value::Text)
}

/// The SQL files of the folders below, by their paths.
fn templates(folder: &Folder<'_>) -> Result<BTreeMap<String, String>, RepoError> {
    let mut templates = BTreeMap::new();
    for path in folder.files_below()? {
        let name = path.to_string_lossy().replace('\\', "/");
        if name.contains('/') && has_extension(&name, "sql") {
            templates.insert(name, folder.text(&path)?.text);
        }
    }
    Ok(templates)
}

/// What `.` is: the section `data` of the settings beside the files or in a folder above. Where these are not in the
/// repository, those of an example are taken (`tern.example.conf`).
fn data(folder: &Folder<'_>) -> Value {
    let settings = |name: &str| name == SETTINGS;
    let example = |name: &str| name.starts_with("tern") && name.contains("conf");
    let find = |is: fn(&str) -> bool| {
        folder.path.ancestors().find_map(|parent| {
            let listing = walk::list(&folder.root.join(parent), parent).ok()?;
            let file = listing.files.into_iter().find(|file| is(file))?;
            Some(folder.root.join(parent).join(file))
        })
    };
    let Some(settings) = find(settings).or_else(|| find(example)) else {
        return Value::map::<String>([]);
    };
    let text = text::peek(&settings, SETTINGS_BYTES_MAX);
    let mut section = String::new();
    let mut values = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.trim().clone_into(&mut section);
        } else if section == "data"
            && !line.starts_with(['#', ';'])
            && let Some((key, value)) = line.split_once('=')
            // The settings are a template themselves, over the environment.
            && !value.contains("{{")
        {
            values.insert(key.trim().to_owned(), Value::Text(value.trim().to_owned()));
        }
    }
    Value::Map(values)
}

/// Packages of code, which `tern code install` brings into a database by itself.
fn packages(folder: &Folder<'_>, templates: &BTreeMap<String, String>) -> Option<LeftOut> {
    let roots: Vec<&str> = templates
        .keys()
        .filter_map(|path| path.strip_suffix(PACKAGE))
        .filter(|root| root.ends_with('/') && !root.starts_with("snapshots/"))
        .collect();
    let files = templates
        .keys()
        .filter(|path| roots.iter().any(|root| path.starts_with(root)));
    let files: Vec<_> = files.map(|path| folder.at(path)).collect();
    (!files.is_empty()).then(|| LeftOut {
        what: "files of code packages".to_owned(),
        files,
    })
}
