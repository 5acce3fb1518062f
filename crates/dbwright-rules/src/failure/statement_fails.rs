//! A statement fails, whatever the tables hold.
//!
//! It was run the way the migration tool runs it, after all migrations before it, and the server refused it.
//! The deployment stops there; whether what came before it in the file stays depends on the engine and the tool.
//! Statements that fail only because this one did are not reported by themselves.
//!
//! ```sql bad postgres
//! ALTER TABLE nowhere ADD COLUMN total integer;
//! ```
//!
//! ```sql good postgres
//! CREATE TABLE somewhere (id integer PRIMARY KEY);
//! ALTER TABLE somewhere ADD COLUMN total integer;
//! ```
//!
//! ```sql bad sqlite
//! ALTER TABLE nowhere ADD COLUMN total INTEGER;
//! ```
//!
//! ```sql good sqlite
//! CREATE TABLE somewhere (id INTEGER PRIMARY KEY);
//! ALTER TABLE somewhere ADD COLUMN total INTEGER;
//! ```
//!
//! ```sql bad mysql mariadb
//! ALTER TABLE nowhere ADD COLUMN total int;
//! ```
//!
//! ```sql good mysql mariadb
//! CREATE TABLE somewhere (id int PRIMARY KEY);
//! ALTER TABLE somewhere ADD COLUMN total int;
//! ```
//!
//! On MySQL and MariaDB what stands before it in the file stays, because definitions commit.
//!
//! It is fine where production has what the scratch server lacks: an extension, a right, a role, a function that the
//! application adds to its SQLite connection, a table that an earlier migration makes in a program.
//! Such a failure is a note, and everything after it was observed without that statement.
//!
//! See <https://www.postgresql.org/docs/current/errcodes-appendix.html>, <https://www.sqlite.org/rescode.html>,
//! <https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html> and
//! <https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference>.

use dbwright_catalog::{Effect, Engine, Finding, Group, History, Known, Outcome, Severity, SqlError, Trace};
use dbwright_sql::{Summary, summarise};

use crate::context::{Context, Neighbour};
use crate::{Check, Claim, Rule, phrase};

pub(crate) static RULE: Rule = Rule {
    name: "statement-fails",
    group: Group::Failure,
    severity: Severity::Error,
    engines: &Engine::ALL,
    claims: &[Claim::Fails],
    source: include_str!("statement_fails.rs"),
    on_by_default: true,
    check: Check::Statement(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Outcome::Failed(error) = &context.effect.outcome else {
        return;
    };
    // What is not known, and why, stands in the report; it is nobody's fault.
    if super::has_own_rule(error) || matches!(context.effect.known, Known::Unknown(_)) {
        return;
    }
    let mut finding = context.finding(
        &RULE,
        None,
        format!("The statement fails: {}", one_line(&error.message)),
    );
    finding.evidence.facts = facts(context, error);
    if !is_missing_table(error) {
        finding.evidence.facts.extend(other_major(context));
    }
    half_done(context, &mut finding);
    if let Some(advice) = why_only_here(context.history, context.trace, context.position, error) {
        finding.severity = Severity::Note;
        finding.message = format!("The statement could not be tried here: {}", one_line(&error.message));
        finding.advice.push(advice);
    } else if is_missing_table(error) {
        finding.advice.extend(load_it_first(context));
    }
    findings.push(finding);
}

/// That statements before this one in the same migration stay, so that the migration can't be run again as it is. Only on
/// engines whose definitions commit by themselves, and only where the tool has it otherwise.
pub(super) fn half_done(context: &Context<'_>, finding: &mut Finding) {
    let engine = context.history.engine;
    match engine {
        Engine::MySql | Engine::MariaDb => {}
        Engine::Postgres | Engine::Sqlite => return,
    }
    let stays = |it: &Neighbour<'_>| it.ran() && it.effect.transaction != context.effect.transaction;
    let kept = context
        .earlier_in_migration()
        .filter(|it| stays(it) && !it.effect.changes.is_empty())
        .count();
    if kept == 0 {
        return;
    }
    finding.evidence.facts.push(format!(
        "What the {} before it changed stays, as {engine} commits every definition by itself: the migration is half done, and \
         fails on that when it is run again.",
        phrase::count(kept, "statement")
    ));
    finding
        .advice
        .push("Give each change of the schema a migration of its own.".to_owned());
}

/// That the repository runs another major than the scratch server, whose syntax and functions differ.
fn other_major(context: &Context<'_>) -> Option<String> {
    let server = &context.trace.server;
    let (version, _) = context.history.version.as_ref()?;
    let lacks = match (version.major, server.version.major) {
        (repository, here) if repository > here => "where what it needs may be missing",
        (repository, here) if repository < here => "where what it needs may be gone",
        _ => return None,
    };
    Some(format!(
        "The repository says {} {version}; this ran on {}, {lacks}.",
        server.engine, server.version
    ))
}

/// The server's words, and what else fails for it.
pub(super) fn facts(context: &Context<'_>, error: &SqlError) -> Vec<String> {
    let mut facts = vec![format!(
        "{} {}: {}",
        context.trace.server.engine,
        error.code,
        one_line(&error.message)
    )];
    facts.extend(error.detail.as_deref().map(one_line));
    let migrations = context.trace.migrations.iter();
    let following = migrations
        .flat_map(|migration| &migration.effects)
        .filter(|effect| match &effect.outcome {
            Outcome::FollowsFrom {
                migration, statement, ..
            } => (*migration, *statement) == context.position,
            Outcome::Done | Outcome::Failed(_) | Outcome::FailedOnRows(_) | Outcome::Refused(_) => false,
        });
    match following.count() {
        0 => {}
        1 => facts.push("1 later statement fails only because of this one.".to_owned()),
        number => facts.push(format!(
            "{} fail only because of this one.",
            phrase::count(number, "later statement")
        )),
    }
    facts
}

/// A message without the line breaks that servers put into some.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Why the statement may well work in production, where there is a reason to think so.
pub(crate) fn why_only_here(history: &History, trace: &Trace, at: (usize, usize), error: &SqlError) -> Option<String> {
    if lies_in_the_scratch_server(history, at, error) {
        return Some(
            "Production may have what is missing here; what follows is told without this statement.".to_owned(),
        );
    }
    if history.engine == Engine::Sqlite && is_of_the_application(&error.message) {
        return Some(
            "The application may define it on its own connection; what follows is told without this statement."
                .to_owned(),
        );
    }
    let earlier = is_missing_object(error)
        .then(|| last_not_run(history, trace, at))
        .flatten()?;
    Some(format!(
        "{earlier}, which did not run here, may make what is missing; what follows is told without this statement."
    ))
}

/// The place of the last statement before this one that dbwright did not run: a program, a psql command.
fn last_not_run(history: &History, trace: &Trace, at: (usize, usize)) -> Option<String> {
    let is_not_run = |effect: &Effect| matches!(effect.outcome, Outcome::Refused(_));
    let migrations = history.migrations.iter().zip(&trace.migrations).enumerate();
    let migrations: Vec<_> = migrations.take(at.0 + 1).collect();
    migrations.into_iter().rev().find_map(|(index, (migration, trace))| {
        let before = if index == at.0 { at.1 } else { usize::MAX };
        let effects: Vec<_> = trace.effects.iter().take(before).collect();
        let statement = effects.into_iter().rposition(is_not_run)?;
        let line = migration.statements.get(statement)?.line;
        Some(if index == at.0 {
            format!("Line {line} of this file")
        } else {
            migration.path.display().to_string()
        })
    })
}

/// Whether SQLite lacks what programs add to their connection: functions, collations and modules of virtual tables.
fn is_of_the_application(message: &str) -> bool {
    ["no such function: ", "no such collation sequence: ", "no such module: "]
        .into_iter()
        .any(|words| message.starts_with(words))
}

/// Whether a table is missing, which no version of a server brings.
fn is_missing_table(error: &SqlError) -> bool {
    matches!(error.code.as_str(), "42P01" | "1146") || error.message.starts_with("no such table: ")
}

/// How tables that another program makes get there before the migrations.
fn load_it_first(context: &Context<'_>) -> Option<String> {
    context.history.schema.is_none().then(|| {
        "Where another program makes the table, load its SQL first: `schema = \"before.sql\"` in dbwright.toml, or `--schema \
         before.sql`."
            .to_owned()
    })
}

/// Whether a table, column, type, function or schema is missing.
fn is_missing_object(error: &SqlError) -> bool {
    // The numbers are those of MySQL and MariaDB: table, column, routine, database, key or column to drop.
    matches!(
        error.code.as_str(),
        "42703" | "42704" | "42883" | "3F000" | "1054" | "1305" | "1049" | "1091"
    ) || is_missing_table(error)
        || error.message.starts_with("no such column: ")
}

/// Whether the scratch server lacks something that another server may have: an extension (`feature_not_supported`,
/// `undefined_file`), a storage engine or plugin, or a right (`insufficient_privilege`).
fn lies_in_the_scratch_server(history: &History, at: (usize, usize), error: &SqlError) -> bool {
    match history.engine {
        Engine::Postgres => match error.code.as_str() {
            "42501" => true,
            "0A000" | "58P01" => {
                let statement = history.migrations.get(at.0).and_then(|it| it.statements.get(at.1));
                let summary = statement.map(|statement| summarise(Engine::Postgres, &statement.text));
                matches!(summary, Some(Summary::CreateExtension { .. })) || error.message.starts_with("extension ")
            }
            _ => false,
        },
        // Access denied (to a database, a table, a column, for want of a privilege); unknown storage engine or plugin.
        Engine::MySql | Engine::MariaDb => {
            matches!(error.code.as_str(), "1044" | "1142" | "1143" | "1227" | "1286" | "1524")
        }
        Engine::Sqlite => false,
    }
}
