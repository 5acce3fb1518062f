//! `dbwright detect`: what a repository and this machine have.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use dbwright_catalog::{Engine, Tool};
use dbwright_engineer::{Candidate, DetectAnswer, EngineerError, Fact, Selection, detect};

use super::cache;
use super::check::SetUpArgs;
use crate::command_error::CommandError;
use crate::terminal;

/// Show what is known of a repository and of this machine, and what `check` would do with it.
///
/// Lists folders with migrations, the tool and the engine of each with what says so, versions of servers that files of
/// the repository name, and the servers on this machine. `*` marks what `dbwright check` takes. Nothing is run.
#[derive(Args, Debug)]
pub(crate) struct DetectArgs {
    /// A repository, or a folder in one.
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    set_up: SetUpArgs,
}

/// More servers than these, named by files of a repository, are counted.
const SERVERS_MAX: usize = 8;

pub(crate) fn cmd_detect(args: &DetectArgs) -> Result<ExitCode, CommandError> {
    if !args.path.is_dir() {
        let what = if args.path.exists() {
            "is a file"
        } else {
            "does not exist"
        };
        return Err(
            CommandError::usage(format!("cannot look at {}: it {what}", args.path.display()))
                .hint("name a repository or a folder in one"),
        );
    }
    let answer = detect(
        &args.path,
        args.set_up.overrides(),
        &args.set_up.bin_dirs(),
        &cache::folder()?,
    )?;
    let mut text = format!("repository: {}\n", answer.root.display());
    migrations(&mut text, &answer);
    settings(&mut text, &answer);
    servers_named(&mut text, &answer);
    let unread = answer.detection.unread.iter();
    table(
        &mut text,
        "found, and not read by dbwright yet",
        &unread.map(|fact| vec![fact.to_string()]).collect::<Vec<_>>(),
    );
    servers_here(&mut text, &answer);
    text.push('\n');
    for selection in answer.selections() {
        text.push_str(&plan(&answer, selection));
    }
    // Nothing is wrong with looking: what `check` would ask is part of the answer.
    match answer.selected {
        Ok(selected) => {
            for question in selected.open {
                text.push_str(&ask("leaves out", &CommandError::from(EngineerError::from(question))));
            }
        }
        Err(question) => text.push_str(&ask("stops here", &CommandError::from(EngineerError::from(question)))),
    }
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn migrations(text: &mut String, answer: &DetectAnswer) {
    let candidates = &answer.detection.candidates;
    let rows: Vec<Vec<String>> = candidates.iter().map(|candidate| row(answer, candidate)).collect();
    let lines = aligned(&rows);
    text.push_str("\nmigrations\n");
    if candidates.is_empty() {
        text.push_str("  none found\n");
    }
    for (candidate, line) in candidates.iter().zip(lines) {
        let is_selected = answer.selections_of(candidate).next().is_some();
        let mark = if is_selected { '*' } else { ' ' };
        let _ = writeln!(text, "{mark} {line}");
        for fact in &candidate.facts {
            let _ = writeln!(text, "      {}", reason(candidate, fact));
        }
    }
    if candidates.iter().any(|candidate| candidate.aside) && candidates.iter().any(|candidate| !candidate.aside) {
        text.push_str("  (Those among tests, examples and documentation are taken only where there are no others.)\n");
    }
    if let Some(limit) = &answer.detection.truncated {
        let _ = writeln!(
            text,
            "  The search stopped at {limit}: name the folder with --migrations DIR."
        );
    }
}

/// A fact without the folder that stands in the line above.
fn reason(candidate: &Candidate, fact: &Fact) -> String {
    match fact.path.strip_prefix(&candidate.folder) {
        Ok(inner) if inner.as_os_str().is_empty() => fact.what.clone(),
        Ok(inner) => Fact {
            path: inner.to_owned(),
            ..fact.clone()
        }
        .to_string(),
        Err(_) => fact.to_string(),
    }
}

/// Folder, number of migrations, tool, engine.
fn row(answer: &DetectAnswer, candidate: &Candidate) -> Vec<String> {
    let selected: Vec<&Selection> = answer.selections_of(candidate).collect();
    let (tools, engines) = match selected.first() {
        Some(first) => {
            let engines: Vec<String> = selected.iter().map(|selection| selection.engine.to_string()).collect();
            (first.tool.name().to_owned(), engines.join(", "))
        }
        None => (
            one_of(candidate.tools.iter().map(|tool| tool.name().to_owned())).unwrap_or_default(),
            one_of(candidate.engines.iter().map(ToString::to_string)).unwrap_or_else(|| "engine unknown".to_owned()),
        ),
    };
    let noun = if candidate.migrations == 1 {
        "migration"
    } else {
        "migrations"
    };
    vec![
        shown(&candidate.folder),
        format!("{} {noun}", candidate.migrations),
        tools,
        engines,
    ]
}

/// What `dbwright.toml` and flags say, and where.
fn settings(text: &mut String, answer: &DetectAnswer) {
    let config = &answer.config;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut add = |key: &str, value: Option<(String, &String)>| {
        if let Some((value, from)) = value {
            rows.push(vec![key.to_owned(), value, from.clone()]);
        }
    };
    add(
        "engine",
        config.engine.as_ref().map(|set| (set.value.to_string(), &set.from)),
    );
    add(
        "engine-version",
        config
            .engine_version
            .as_ref()
            .map(|set| (set.value.to_string(), &set.from)),
    );
    add(
        "tool",
        config.tool.as_ref().map(|set| (set.value.to_string(), &set.from)),
    );
    add(
        "migrations",
        config.migrations.as_ref().map(|set| (shown(&set.value), &set.from)),
    );
    add(
        "schema",
        config.schema.as_ref().map(|set| (shown(&set.value), &set.from)),
    );
    add("base", config.base.as_ref().map(|set| (set.value.clone(), &set.from)));
    table(text, "settings", &rows);
}

/// Those that count most, which come first.
fn servers_named(text: &mut String, answer: &DetectAnswer) {
    let servers = &answer.detection.servers;
    let rows = servers.iter().take(SERVERS_MAX).map(|server| {
        let name = match server.version {
            Some(version) => format!("{} {version}", server.engine),
            None => server.engine.to_string(),
        };
        vec![name, server.fact.to_string()]
    });
    table(text, "servers the repository names", &rows.collect::<Vec<_>>());
    if servers.len() > SERVERS_MAX {
        let _ = writeln!(text, "  and {} more", servers.len() - SERVERS_MAX);
    }
}

fn servers_here(text: &mut String, answer: &DetectAnswer) {
    let mut marks: Vec<char> = Vec::new();
    let mut mark = |chosen: bool| marks.push(if chosen { '*' } else { ' ' });
    let mut rows: Vec<Vec<String>> = Vec::new();
    for server in &answer.installations {
        let origin = match server.origin.as_str() {
            "given" => " (given)",
            "PATH" => " (in PATH)",
            _ => "",
        };
        rows.push(vec![
            format!("PostgreSQL {}", server.version),
            format!("{}{origin}", server.bin.display()),
        ]);
        mark(answer.chosen.as_ref() == Some(server));
    }
    if rows.is_empty() {
        rows.push(vec!["PostgreSQL".to_owned(), "not found".to_owned()]);
        mark(false);
    }
    rows.push(vec!["SQLite".to_owned(), "built in".to_owned()]);
    mark(
        answer
            .selections()
            .iter()
            .any(|selection| selection.engine == Engine::Sqlite),
    );
    text.push_str("\nservers on this machine\n");
    for (mark, line) in marks.iter().zip(aligned(&rows)) {
        let _ = writeln!(text, "{mark} {line}");
    }
}

/// What `check` would do.
fn plan(answer: &DetectAnswer, selection: &Selection) -> String {
    let folder = shown(&selection.folder);
    let how = match selection.tool {
        Tool::Numbered | Tool::File => "one after the other".to_owned(),
        tool => format!("as {tool} does"),
    };
    let engine = selection.engine;
    let server = match (engine, &answer.chosen) {
        (Engine::Sqlite, _) => "the SQLite in dbwright".to_owned(),
        (Engine::Postgres, Some(server)) => format!("PostgreSQL {}", server.version),
        (Engine::Postgres, None) => {
            return format!(
                "`dbwright check` needs a PostgreSQL server to run {folder} on, and found none: it says what to do.\n"
            );
        }
        (Engine::MySql | Engine::MariaDb, _) => {
            return format!("`dbwright check` does not run {engine} yet, and {folder} is written for it.\n");
        }
    };
    let mut text = format!("`dbwright check` runs the files in {folder} {how}, on {server}.\n");
    match (&selection.version, engine) {
        (Some((version, from)), _) => {
            let _ = writeln!(text, "Production runs {engine} {version}, says {from}.");
        }
        (None, Engine::Postgres) => {
            text.push_str("Nothing says which version runs in production: --engine-version VERSION would.\n");
        }
        (None, _) => {}
    }
    text
}

fn ask(what: &str, question: &CommandError) -> String {
    // What comes in further lines is a list of what stands above.
    let message = question
        .message
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches(':');
    let mut text = format!("`dbwright check` {what}: {message}.\n");
    for hint in &question.hints {
        let _ = writeln!(text, "  {hint}");
    }
    text
}

/// A heading with aligned rows below it; nothing where there are no rows.
fn table(text: &mut String, title: &str, rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for line in aligned(rows) {
        let _ = writeln!(text, "  {line}");
    }
}

/// Rows as lines whose cells stand below each other.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width_of = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width_of(column).unwrap_or_default())
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn one_of(names: impl Iterator<Item = String>) -> Option<String> {
    let names: Vec<String> = names.collect();
    (!names.is_empty()).then(|| names.join(" or "))
}

fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() {
        ".".to_owned()
    } else {
        path.display().to_string()
    }
}
