//! From a selection to a history: the tool's reader, and what it found odd as findings.

use std::path::Path;

use dbwright_catalog::{
    Engine, Evidence, Finding, Group, History, Known, Migration, Place, RunMode, Server, Severity, Tool, Version,
};
use dbwright_sql::Dialect;

use crate::config::Config;
use crate::detect::relative;
use crate::error::RepoError;
use crate::select::Selection;
use crate::text::{self, Mark};
use crate::tools::{self, Folder};

/// Reads a history as its tool reads and runs it, with the schema file of `config` in front of it.
pub fn read_history(root: &Path, selection: &Selection, config: &Config) -> Result<History, RepoError> {
    let Selection {
        tool, engine, folder, ..
    } = selection;
    let read = tools::read(*tool, &Folder::open(root, folder, *engine)?)?;
    if read.migrations.is_empty() && read.problems.is_empty() {
        return Err(RepoError::MigrationsFolder {
            path: folder.clone(),
            from: config
                .migrations
                .as_ref()
                .map_or("found by its name", |setting| &setting.from)
                .to_owned(),
            reason: format!("holds no migrations of {tool}"),
        });
    }
    let server = server(*engine, selection.version.as_ref());
    let mut findings = Vec::new();
    for problem in read.problems {
        findings.push(finding(
            &server,
            problem.kind.rule(),
            problem.kind.severity(),
            &problem.path,
            problem.line,
            problem.message,
            problem.advice,
        ));
    }
    findings.extend(
        read.migrations
            .iter()
            .filter_map(|migration| encoding(root, *tool, &server, migration)),
    );
    Ok(History {
        tool: *tool,
        engine: *engine,
        version: selection.version.clone(),
        folder: folder.clone(),
        migrations: read.migrations,
        sqlite_foreign_keys: selection
            .sqlite_foreign_keys
            .as_ref()
            .map_or_else(|| tools::sqlite_foreign_keys(*tool), |(on, _)| *on),
        prelude: read.prelude,
        left_out: read.left_out,
        schema: schema(root, *engine, config)?,
        findings,
    })
}

/// The schema file of the configuration, as a migration that is never judged.
pub(crate) fn schema(root: &Path, engine: Engine, config: &Config) -> Result<Option<Migration>, RepoError> {
    let Some(setting) = &config.schema else { return Ok(None) };
    let path = relative(root, &setting.value);
    let text = text::read(&root.join(&path), &path)?.text;
    Ok(Some(client_file(&path, text, engine)))
}

/// A file that a command-line client runs, statement by statement; one whose routines no client of MySQL or MariaDB would
/// let through whole is sent by a program.
pub(crate) fn client_file(path: &Path, text: String, engine: Engine) -> Migration {
    let dialect = if is_sent_whole(engine, &text) {
        Dialect::server(engine)
    } else {
        Dialect::client(engine)
    };
    let name = path.file_stem().map_or_else(
        || path.display().to_string(),
        |stem| stem.to_string_lossy().into_owned(),
    );
    let mut statements = tools::without_templates(dbwright_sql::statements(dialect, &text));
    // Nobody misses `\echo`; what a command would do to a database is named.
    statements.retain(|statement| !dbwright_sql::is_harmless_command(statement));
    Migration {
        name,
        path: path.to_owned(),
        statements,
        text,
        run_mode: RunMode::EachStatement,
        down: None,
    }
}

/// Whether a text of MySQL or MariaDB holds routines whose bodies a client would cut at each `;`, for want of `DELIMITER`.
fn is_sent_whole(engine: Engine, text: &str) -> bool {
    if !matches!(engine, Engine::MySql | Engine::MariaDb) {
        return false;
    }
    let by_client = dbwright_sql::statements(Dialect::client(engine), text);
    let has_commands = by_client.iter().any(|statement| statement.not_sent.is_some());
    !has_commands && dbwright_sql::statements(Dialect::server(engine), text).len() < by_client.len()
}

/// Byte order marks that the tool does not take away: PostgreSQL takes one for the beginning of a name.
fn encoding(root: &Path, tool: Tool, server: &Server, migration: &Migration) -> Option<Finding> {
    let takes_mark_away = matches!(tool, Tool::Numbered | Tool::File | Tool::Flyway);
    let what = match text::mark_of(&root.join(&migration.path)) {
        // It reads what a mark says (`StreamUtil.readStreamWithReader`).
        _ if tool == Tool::Liquibase => return None,
        Mark::Utf16 => "is UTF-16, which its tool does not read",
        Mark::Utf8 if server.engine == Engine::Postgres && !takes_mark_away => {
            "begins with a byte order mark, which PostgreSQL refuses as a syntax error"
        }
        Mark::Utf8 | Mark::None => return None,
    };
    Some(finding(
        server,
        "migration-refused",
        Severity::Error,
        &migration.path,
        1,
        format!("{} {what}", migration.name),
        "Save it as UTF-8 without a byte order mark.".to_owned(),
    ))
}

/// The server that a finding is about. Where no version is known, it is 0.
pub(crate) fn server(engine: Engine, version: Option<&(Version, String)>) -> Server {
    Server {
        engine,
        version: version.map_or(Version::new(0, 0, 0), |(version, _)| *version),
    }
}

/// A finding about a file as a whole.
pub(crate) fn finding(
    server: &Server,
    rule: &str,
    severity: Severity,
    path: &Path,
    line: u32,
    message: String,
    advice: String,
) -> Finding {
    Finding {
        rule: rule.to_owned(),
        group: Group::Failure,
        severity,
        place: Place {
            path: path.to_owned(),
            statement: None,
            span: None,
            line,
        },
        message,
        evidence: Evidence {
            known: Known::Predicted,
            server: server.clone(),
            relation: None,
            lock: None,
            operation: None,
            facts: Vec::new(),
        },
        advice: vec![advice],
        fix: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_routine_that_no_client_would_let_through_whole_is_one_statement() {
        let routine = "CREATE PROCEDURE tidy()\nBEGIN\n  DELETE FROM a;\n  DELETE FROM b;\nEND";
        let statements = |text: &str, engine| {
            let migration = client_file(Path::new("0001_tidy.sql"), text.to_owned(), engine);
            let texts = migration.statements.into_iter().map(|statement| statement.text);
            texts.collect::<Vec<_>>()
        };
        for engine in [Engine::MySql, Engine::MariaDb] {
            let sent_whole = format!("{routine};\nCALL tidy();\n");
            assert_eq!(statements(&sent_whole, engine), [routine, "CALL tidy()"], "{engine}");
            let by_client = format!("DELIMITER //\n{routine} //\nDELIMITER ;\nCALL tidy();\n");
            assert_eq!(statements(&by_client, engine), [routine, "CALL tidy()"], "{engine}");
        }
        assert_eq!(statements("SELECT 1; SELECT 2;", Engine::MySql).len(), 2);
    }
}
