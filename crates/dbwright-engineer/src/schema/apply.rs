//! SQL of our own as a history that a scratch server runs, and what came of running one.

use std::path::{Path, PathBuf};

use dbwright_catalog::{
    Engine, Finding, History, Migration, NotRun, Outcome, RunMode, Server, Span, SqlError, Statement, Tool,
};
use dbwright_live::scratch::Replayed;

use super::error::SchemaError;

/// Statements as a migration, whose text they are.
pub(super) fn migration<'a>(name: &str, statements: impl IntoIterator<Item = &'a str>, run_mode: RunMode) -> Migration {
    let mut text = String::new();
    let mut found = Vec::new();
    for sql in statements {
        let start = text.len();
        let line = 1 + text.matches('\n').count() as u32;
        text.push_str(sql);
        found.push(Statement {
            text: sql.to_owned(),
            span: Span::new(start, text.len()),
            line,
            copy_rows: None,
            not_sent: None,
        });
        text.push_str(";\n");
    }
    Migration {
        name: name.to_owned(),
        path: PathBuf::from(name),
        text,
        statements: found,
        run_mode,
        down: None,
    }
}

/// Migrations of our own as a history.
pub(super) fn history(server: &Server, migrations: Vec<Migration>) -> History {
    History {
        tool: Tool::File,
        engine: server.engine,
        version: Some((server.version, "the other side".to_owned())),
        folder: PathBuf::new(),
        migrations,
        sqlite_foreign_keys: false,
        prelude: None,
        schema: None,
        left_out: Vec::new(),
        findings: Vec::<Finding>::new(),
    }
}

/// The first statement that did not run, as an error with its place and the server's words.
pub(super) fn must_apply(history: &History, replayed: &Replayed, server: &Server) -> Result<(), SchemaError> {
    let Some(first) = failures(history, replayed).into_iter().next() else {
        return Ok(());
    };
    Err(SchemaError::NotApplied {
        place: first.not_run.place,
        message: first.not_run.why,
        server: server.clone(),
        hints: first.hint.into_iter().collect(),
    })
}

/// Every statement that did not run.
pub(super) fn not_run(history: &History, replayed: &Replayed) -> Vec<NotRun> {
    let failures = failures(history, replayed).into_iter();
    failures.map(|failure| failure.not_run).collect()
}

struct Failure {
    not_run: NotRun,
    hint: Option<String>,
}

fn failures(history: &History, replayed: &Replayed) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (migration, trace) in history.migrations.iter().zip(&replayed.migrations) {
        for (statement, effect) in migration.statements.iter().zip(&trace.effects) {
            let (why, hint) = match &effect.outcome {
                Outcome::Done => continue,
                Outcome::Refused(reason) => {
                    let lacks_extension = reason.starts_with("the extension ") && reason.contains("is not installed");
                    (
                        format!("not run: {reason}"),
                        lacks_extension.then(|| LACKS_EXTENSION.to_owned()),
                    )
                }
                Outcome::Failed(error) | Outcome::FailedOnRows(error) | Outcome::FollowsFrom { error, .. } => {
                    (words(error), hint(error))
                }
            };
            let place = place(&migration.path, statement.line);
            failures.push(Failure {
                not_run: NotRun { place, why },
                hint,
            });
        }
    }
    failures
}

/// A migration of our own may have no lines.
fn place(path: &Path, line: u32) -> String {
    match line {
        0 => path.display().to_string(),
        line => format!("{}:{line}", path.display()),
    }
}

fn words(error: &SqlError) -> String {
    let detail = error
        .detail
        .as_ref()
        .map(|detail| format!(" ({detail})"))
        .unwrap_or_default();
    format!("{}{detail}", error.message.trim_end_matches('.'))
}

/// What to do about a refusal, where the scratch server is to blame.
fn hint(error: &SqlError) -> Option<String> {
    let message = error.message.as_str();
    // https://www.postgresql.org/docs/current/errcodes-appendix.html: feature_not_supported, undefined_file
    let extension = matches!(error.code.as_str(), "0A000" | "58P01") && message.contains("extension");
    extension.then(|| LACKS_EXTENSION.to_owned())
}

const LACKS_EXTENSION: &str = "the scratch server lacks that extension; install it beside the server programs, or give a \
                               disposable server that has it: --scratch-url URL";

/// Whether dialects of an engine run the SQL of another: what says nothing of MariaDB was taken for MySQL's.
pub(super) fn may_be(written_for: Engine, engine: Engine) -> bool {
    written_for == engine
        || matches!(
            (written_for, engine),
            (Engine::MySql, Engine::MariaDb) | (Engine::MariaDb, Engine::MySql)
        )
}
