//! `SET`: what it sets, and how it changes the way in which quotes are read.

use super::types::{Form, MySqlFamilySummary};
use crate::dialect::{Dialect, SqlMode};
use crate::lexer::{Token, TokenKind};
use crate::summary::reader::Reader;
use crate::summary::{Summary, TransactionControl};

/// Whose value a `SET` changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The session's.
    Session,
    /// The server's.
    Server,
    /// `@name`.
    UserVariable,
}

/// One `name = value` of a `SET`.
struct Assignment<'text> {
    scope: Scope,
    /// In lower case; without `@` for user variables.
    name: String,
    /// The tokens of the value.
    value: Vec<Token<'text>>,
}

/// Summarises a `SET` whose first word was consumed.
pub(super) fn set(mut reader: Reader<'_>) -> MySqlFamilySummary {
    if reader.at("password") {
        return MySqlFamilySummary::committing(Summary::Role);
    }
    if reader.accept("default") {
        return MySqlFamilySummary::committing(Summary::Role);
    }
    if reader.accept_all(&["resource", "group"]) {
        return MySqlFamilySummary::of(Summary::ClusterWide("SET RESOURCE GROUP"));
    }
    if reader.at("role") || reader.at("names") || reader.at("charset") || reader.at("character") {
        return MySqlFamilySummary::of(Summary::Session);
    }
    let mut ahead = reader.clone();
    let global = ahead.accept("global");
    ahead.accept_any(&["session", "local"]);
    if ahead.at("transaction") {
        return MySqlFamilySummary::of(if global {
            Summary::ClusterWide("SET GLOBAL")
        } else {
            Summary::Transaction(TransactionControl::Set)
        });
    }
    let assignments = assignments(reader);
    let mut found = MySqlFamilySummary::of(Summary::Session);
    for assignment in &assignments {
        match assignment.scope {
            Scope::Server if names_file(&assignment.name) => {
                found.summary = Summary::ReachesOutside("SET GLOBAL … file");
                return found;
            }
            Scope::Server => found.summary = Summary::ClusterWide("SET GLOBAL"),
            Scope::Session if assignment.name == "autocommit" => {
                let on = assignment.is_on();
                found.implicit_commit |= on;
                found.form = Form::SetAutocommit(on);
            }
            Scope::Session | Scope::UserVariable => {}
        }
    }
    found
}

/// What a `SET` assigns in its session; see [`crate::mysql_family::session_assignments`].
pub(crate) fn session_assignments(dialect: Dialect, text: &str) -> Vec<(String, String)> {
    let mut reader = Reader::new(dialect, text);
    let others = [
        "password",
        "default",
        "role",
        "names",
        "charset",
        "character",
        "transaction",
    ];
    if !reader.accept("set") || others.iter().any(|word| reader.at(word)) {
        return Vec::new();
    }
    let assigned = assignments(reader).into_iter().filter_map(|assignment| {
        let name = match assignment.scope {
            Scope::Session => assignment.name,
            Scope::UserVariable => format!("@{}", assignment.name),
            Scope::Server => return None,
        };
        let (first, last) = (assignment.value.first()?, assignment.value.last()?);
        Some((name, text.get(first.span.start..last.span.end)?.to_owned()))
    });
    assigned.collect()
}

/// Whether the setting names a file or folder that the server writes to or reads from.
fn names_file(name: &str) -> bool {
    name.ends_with("_file") || name.ends_with("_dir") || name.ends_with("_path") || name.ends_with("_filename")
}

impl Assignment<'_> {
    /// Whether the value means on. `DEFAULT` does, for `autocommit`.
    fn is_on(&self) -> bool {
        let Some(first) = self.value.first() else {
            return false;
        };
        let text = first.value().unwrap_or_else(|| first.text.to_owned());
        !["0", "off", "false"].iter().any(|off| text.eq_ignore_ascii_case(off))
    }
}

/// The assignments of a `SET`. A word of scope holds for all that follow it, up to the next one.
fn assignments(mut reader: Reader<'_>) -> Vec<Assignment<'_>> {
    let mut assignments = Vec::new();
    let mut words_scope = Scope::Session;
    loop {
        if reader.accept_any(&["session", "local"]) {
            words_scope = Scope::Session;
        } else if reader.accept_any(&["global", "persist", "persist_only"]) {
            words_scope = Scope::Server;
        }
        let Some((scope, name)) = target(&mut reader, words_scope) else {
            return assignments;
        };
        let mut value = Vec::new();
        let mut depth = 0_usize;
        let more = loop {
            let Some(token) = reader.next() else {
                break false;
            };
            match token.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                ";" if depth == 0 => break false,
                "," if depth == 0 => break true,
                _ => {}
            }
            value.push(token);
        };
        assignments.push(Assignment { scope, name, value });
        if !more {
            return assignments;
        }
    }
}

/// `name`, `@@name`, `@@global.name`, `@name`, with the `=` behind it.
fn target(reader: &mut Reader<'_>, words_scope: Scope) -> Option<(Scope, String)> {
    let token = reader.next()?;
    let (mut scope, mut name) = if let Some(name) = token.text.strip_prefix("@@") {
        (Scope::Session, name.to_owned())
    } else if let Some(name) = token.text.strip_prefix('@') {
        (Scope::UserVariable, name.trim_matches(['`', '\'', '"']).to_owned())
    } else {
        (words_scope, token.name().unwrap_or_default())
    };
    if token.text == "@@" {
        name = reader.name()?;
    }
    if scope != Scope::UserVariable && reader.accept_symbol(".") {
        scope = match name.to_ascii_lowercase().as_str() {
            "global" | "persist" | "persist_only" => Scope::Server,
            _ => Scope::Session,
        };
        name = reader.name()?;
    }
    let assigns = reader.next().is_some_and(|token| matches!(token.text, "=" | ":="));
    assigns.then(|| (scope, name.to_ascii_lowercase()))
}

/// How many user variables are remembered. Dumps use one at a time.
const SAVED_MAX: usize = 64;

/// Follows `sql_mode` through the statements of a text.
#[derive(Clone, Debug)]
pub(crate) struct SqlModes {
    dialect: Dialect,
    mode: SqlMode,
    /// User variables that hold a mode: `SET @old = @@sql_mode`, as dumps begin.
    saved: Vec<(String, SqlMode)>,
}

impl SqlModes {
    pub(crate) fn new(dialect: Dialect) -> Self {
        SqlModes {
            dialect,
            mode: dialect.sql_mode,
            saved: Vec::new(),
        }
    }

    /// The mode after this statement, which is a `SET`.
    pub(crate) fn after(&mut self, statement: &str) -> SqlMode {
        if !contains_ignoring_case(statement, "sql_mode") && self.saved.is_empty() {
            return self.mode;
        }
        let dialect = self.dialect.with_sql_mode(self.mode);
        let mut reader = Reader::new(dialect, statement);
        if !reader.accept("set") || reader.at("statement") {
            return self.mode;
        }
        for assignment in assignments(reader) {
            match assignment.scope {
                Scope::Session if assignment.name == "sql_mode" => {
                    self.mode = self.value(&assignment.value);
                }
                Scope::UserVariable => {
                    self.saved.retain(|(name, _)| *name != assignment.name);
                    if assignment.value.iter().any(is_current_mode) {
                        let mode = self.value(&assignment.value);
                        if self.saved.len() == SAVED_MAX {
                            self.saved.remove(0);
                        }
                        self.saved.push((assignment.name, mode));
                    }
                }
                Scope::Session | Scope::Server => {}
            }
        }
        self.mode
    }

    /// The mode that an expression gives, as far as its parts say it: strings add their modes to those of the current
    /// mode or of a variable, or take them away in `REPLACE`.
    fn value(&self, tokens: &[Token<'_>]) -> SqlMode {
        let takes_away = tokens.first().is_some_and(|token| token.is("replace"));
        let mut mode = SqlMode::default();
        for token in tokens {
            if is_current_mode(token) {
                mode = merged(mode, self.mode);
            } else if let Some(variable) = token.text.strip_prefix('@') {
                let name = variable.trim_matches(['`', '\'', '"']).to_ascii_lowercase();
                if let Some((_, saved)) = self.saved.iter().find(|(known, _)| *known == name) {
                    mode = merged(mode, *saved);
                }
            } else {
                let text = match token.kind {
                    TokenKind::String => token.value(),
                    TokenKind::Word | TokenKind::QuotedName => token.name(),
                    TokenKind::Space
                    | TokenKind::LineComment
                    | TokenKind::BlockComment
                    | TokenKind::Number
                    | TokenKind::Parameter
                    | TokenKind::Operator
                    | TokenKind::Symbol
                    | TokenKind::CodeMark => None,
                };
                let named = SqlMode::parse(self.dialect.engine, text.as_deref().unwrap_or(""));
                mode = if takes_away {
                    without(mode, named)
                } else {
                    merged(mode, named)
                };
            }
        }
        mode
    }
}

/// `@@sql_mode`, `@@session.sql_mode`: the last part decides.
fn is_current_mode(token: &Token<'_>) -> bool {
    let name = token.text.strip_prefix("@@").unwrap_or(token.text);
    name.eq_ignore_ascii_case("sql_mode")
}

fn merged(left: SqlMode, right: SqlMode) -> SqlMode {
    SqlMode {
        ansi_quotes: left.ansi_quotes || right.ansi_quotes,
        no_backslash_escapes: left.no_backslash_escapes || right.no_backslash_escapes,
        oracle: left.oracle || right.oracle,
    }
}

fn without(left: SqlMode, right: SqlMode) -> SqlMode {
    SqlMode {
        ansi_quotes: left.ansi_quotes && !right.ansi_quotes,
        no_backslash_escapes: left.no_backslash_escapes && !right.no_backslash_escapes,
        oracle: left.oracle && !right.oracle,
    }
}

fn contains_ignoring_case(text: &str, wanted: &str) -> bool {
    text.as_bytes()
        .windows(wanted.len())
        .any(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}
