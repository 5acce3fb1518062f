//! Detections, histories and errors as text.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use dbwright_catalog::History;
use dbwright_repo::{Config, Detection, Overrides, RepoError, detect, read_history, select};
use tempfile::TempDir;

/// An example of `cases/repos`.
pub(crate) fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../cases/repos")
        .join(name)
}

/// A repository with these files.
pub(crate) fn repository(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(root.path(), path, text.as_bytes());
    }
    root
}

pub(crate) fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Detects, selects and reads; what was found until an error, and the error.
pub(crate) fn check(root: &Path, overrides: Overrides) -> String {
    let mut text = String::new();
    let read = Config::load(root).and_then(|config| {
        let config = config.with(overrides);
        let detection = detect(root, &config)?;
        text.push_str(&detection_text(&detection));
        let selected = select(&detection, &config)?;
        for question in &selected.open {
            write!(text, "open {}", error_text(root, question)).unwrap();
        }
        let histories = selected.selections.iter();
        histories
            .map(|selection| read_history(root, selection, &config))
            .collect::<Result<Vec<_>, _>>()
    });
    match read {
        Ok(histories) => histories
            .iter()
            .for_each(|history| text.push_str(&history_text(history))),
        Err(error) => text.push_str(&error_text(root, &error)),
    }
    assert!(
        !text.contains("secret"),
        "a value of an environment file is shown:\n{text}"
    );
    text
}

pub(crate) fn error_text(root: &Path, error: &RepoError) -> String {
    let hint = error.hint().map_or(String::new(), |hint| format!("hint: {hint}\n"));
    format!("error: {error}\n{hint}").replace(&root.display().to_string(), "ROOT")
}

fn detection_text(detection: &Detection) -> String {
    let mut text = String::new();
    for candidate in &detection.candidates {
        let tools: Vec<&str> = candidate.tools.iter().map(|tool| tool.name()).collect();
        let engines: Vec<&str> = candidate.engines.iter().map(|engine| engine.name()).collect();
        writeln!(
            text,
            "candidate {}: {} for {}, {} migrations{}",
            candidate.folder.display(),
            tools.join("/"),
            if engines.is_empty() {
                "?".to_owned()
            } else {
                engines.join("/")
            },
            candidate.migrations,
            if candidate.aside { ", aside" } else { "" },
        )
        .unwrap();
        for fact in &candidate.facts {
            writeln!(text, "  found {fact}").unwrap();
        }
    }
    for server in &detection.servers {
        let version = server.version.map_or("?".to_owned(), |version| version.to_string());
        writeln!(text, "server {} {version}: {}", server.engine.name(), server.fact).unwrap();
    }
    for fact in detection.unread.iter().chain(&detection.unknown_engines) {
        writeln!(text, "not read: {fact}").unwrap();
    }
    text
}

pub(crate) fn history_text(history: &History) -> String {
    let mut text = String::new();
    let version = history
        .version
        .as_ref()
        .map_or(String::new(), |(version, from)| format!(" {version} ({from})"));
    let keys = if history.sqlite_foreign_keys {
        ", foreign keys on"
    } else {
        ""
    };
    writeln!(
        text,
        "history of {} in {}, {}{version}{keys}",
        history.tool.name(),
        history.folder.display(),
        history.engine
    )
    .unwrap();
    for migration in history.schema.iter().chain(&history.migrations) {
        let down = migration.down.as_ref().map_or(String::new(), |down| {
            format!(", down {} [{}]", down.path.display(), down.run_mode.name())
        });
        writeln!(
            text,
            "{} [{}] {}{down}",
            migration.name,
            migration.run_mode.name(),
            migration.path.display()
        )
        .unwrap();
        for statement in &migration.statements {
            // The place of a statement that a tool makes of a template is that of the template.
            let source = &migration.text[statement.span.range()];
            let made_of = if source == statement.text {
                String::new()
            } else {
                format!(" MADE OF {source:?}")
            };
            let rows = statement
                .copy_rows
                .as_ref()
                .map_or(String::new(), |rows| format!(" + rows {rows:?}"));
            let not_sent = statement
                .not_sent
                .as_ref()
                .map_or(String::new(), |why| format!(" NOT SENT: {why}"));
            writeln!(
                text,
                "  {:3} {:?}{made_of}{rows}{not_sent}",
                statement.line, statement.text
            )
            .unwrap();
        }
        let Some(down) = &migration.down else { continue };
        for statement in &down.statements {
            assert!(down.text.get(statement.span.range()).is_some(), "spans lie in the text");
            let not_sent = statement
                .not_sent
                .as_ref()
                .map_or(String::new(), |why| format!(" NOT SENT: {why}"));
            writeln!(text, "  {:3} back: {:?}{not_sent}", statement.line, statement.text).unwrap();
        }
    }
    for left_out in &history.left_out {
        let files: Vec<String> = left_out.files.iter().map(|file| file.display().to_string()).collect();
        writeln!(text, "left out, {}: {}", left_out.what, files.join(", ")).unwrap();
    }
    for finding in &history.findings {
        writeln!(
            text,
            "{} {}: {} at {}:{}. {}",
            finding.severity,
            finding.rule,
            finding.message,
            finding.place.path.display(),
            finding.place.line,
            finding.advice.join(" ")
        )
        .unwrap();
    }
    text
}
