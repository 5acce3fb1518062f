//! The walk over a text that finds its pieces.

use dbwright_catalog::{Engine, Span};

use super::piece::{Dialect, Found, Piece, PieceKind};
use super::postgres::PostgresEnd;
use super::psql::{self, Action};
use super::sqlite::SqliteEnd;
use super::sqlite_shell;
use crate::lexer::{Token, Tokens};
use crate::summary::{Summary, summarise};

/// Walks over a text once. Whatever is not a piece of another kind when the next piece begins is a piece of space.
pub(super) struct Splitter<'text> {
    dialect: Dialect,
    text: &'text str,
    tokens: Tokens<'text>,
    found: Vec<Found>,
    /// Where the last piece ends.
    done: usize,
    open: Option<Open>,
    end: End,
    /// Indexes of the pieces whose rows begin on the next line.
    rows_expected: Vec<usize>,
}

/// A statement whose end is not yet found.
struct Open {
    start: usize,
    /// One past its last token so far.
    end: usize,
    inner: Vec<Span>,
    /// Client commands since its last token. They are inside only if the statement goes on.
    behind: Vec<Span>,
}

/// Which `;` ends a statement.
enum End {
    Postgres(PostgresEnd),
    Sqlite(SqliteEnd),
    /// Every one.
    Plain,
}

impl End {
    fn new(dialect: Dialect) -> Self {
        match dialect.engine {
            Engine::Postgres => End::Postgres(PostgresEnd::new(dialect.client_commands)),
            Engine::Sqlite => End::Sqlite(SqliteEnd::default()),
            Engine::MySql | Engine::MariaDb => End::Plain,
        }
    }

    /// Takes notice of the next token of a statement; whether it is the separator that ends it.
    fn is_at(&mut self, token: &Token<'_>) -> bool {
        match self {
            End::Postgres(end) => end.is_at(token),
            End::Sqlite(end) => end.is_at(token),
            End::Plain => token.is_symbol(";"),
        }
    }
}

impl<'text> Splitter<'text> {
    pub(super) fn new(dialect: Dialect, text: &'text str, start: usize) -> Self {
        Splitter {
            dialect,
            text,
            tokens: Tokens::starting_at(dialect.engine, text, start, dialect.client_commands),
            found: Vec::new(),
            done: start,
            open: None,
            end: End::new(dialect),
            rows_expected: Vec::new(),
        }
    }

    pub(super) fn split(mut self) -> Vec<Found> {
        while let Some(token) = self.tokens.next() {
            if token.is_space() {
                self.space(&token);
            } else if !self.client_command(&token) {
                self.part_of_statement(&token);
            }
        }
        self.close(false);
        self.space_until(self.text.len());
        self.found
    }

    fn part_of_statement(&mut self, token: &Token<'_>) {
        if self.end.is_at(token) {
            self.close(false);
            self.push(PieceKind::Separator, token.span);
            return;
        }
        let open = self.open.get_or_insert_with(|| Open {
            start: token.span.start,
            end: token.span.start,
            inner: Vec::new(),
            behind: Vec::new(),
        });
        open.inner.append(&mut open.behind);
        open.end = token.span.end;
    }

    /// Ends the open statement, if there is one.
    fn close(&mut self, discarded: bool) {
        self.end = End::new(self.dialect);
        let Some(open) = self.open.take() else {
            return;
        };
        let span = Span::new(open.start, open.end);
        self.push(PieceKind::Statement, span);
        let index = self.found.len() - 1;
        self.found[index].inner = open.inner;
        self.found[index].discarded = discarded;
        if self.reads_rows(span) && !discarded {
            self.rows_expected.push(index);
        }
        for command in open.behind {
            self.push(PieceKind::ClientCommand, command);
        }
    }

    fn reads_rows(&self, statement: Span) -> bool {
        let text = &self.text[statement.range()];
        self.dialect.client_commands
            && self.dialect.engine == Engine::Postgres
            && text.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("copy"))
            && summarise(Engine::Postgres, text) == Summary::CopyFromStdin
    }

    fn push(&mut self, kind: PieceKind, span: Span) {
        self.space_until(span.start);
        self.found.push(Found {
            piece: Piece { kind, span },
            inner: Vec::new(),
            discarded: false,
            owner: None,
        });
        self.done = span.end;
    }

    fn space_until(&mut self, end: usize) {
        if end > self.done {
            let span = Span::new(self.done, end);
            self.done = end;
            self.push(PieceKind::Space, span);
        }
    }

    /// White space matters only where rows are to come: they begin behind the first line break.
    fn space(&mut self, token: &Token<'_>) {
        if self.rows_expected.is_empty() || self.open.is_some() {
            return;
        }
        let Some(line_break) = token.text.find('\n') else {
            return;
        };
        let mut position = token.span.start + line_break + 1;
        self.space_until(position);
        for owner in std::mem::take(&mut self.rows_expected) {
            let end = position + psql::rows_end(&self.text[position..]);
            if end > position {
                self.push(PieceKind::CopyRows, Span::new(position, end));
                if let Some(rows) = self.found.last_mut() {
                    rows.owner = Some(owner);
                }
            }
            position = end;
        }
        self.tokens.go_to(position);
    }

    /// Handles the token if a command of the client begins with it; whether it did.
    fn client_command(&mut self, token: &Token<'_>) -> bool {
        if !self.dialect.client_commands {
            return false;
        }
        match self.dialect.engine {
            Engine::Postgres => token.is_symbol("\\") && self.psql_command(token.span.start),
            Engine::Sqlite => self.sqlite_shell_line(token.span.start),
            Engine::MySql | Engine::MariaDb => false,
        }
    }

    fn psql_command(&mut self, start: usize) -> bool {
        let rest = &self.text[start..];
        if rest.starts_with("\\;") {
            self.close(false);
            self.push(PieceKind::Separator, Span::new(start, start + 2));
            self.tokens.go_to(start + 2);
            return true;
        }
        if rest.starts_with("\\:") {
            if let Some(open) = &mut self.open {
                open.behind.push(Span::new(start, start + 1));
            }
            return self.open.is_some();
        }
        let command = &rest[..psql::command_bytes(rest)];
        let span = Span::new(start, start + command.len());
        let action = psql::action(command);
        match action {
            Action::Sends => self.close(false),
            Action::Discards => self.close(true),
            Action::Other | Action::ReadsRows => {}
        }
        if let Some(open) = &mut self.open {
            open.behind.push(span);
        } else {
            self.push(PieceKind::ClientCommand, span);
            if action == Action::ReadsRows {
                self.rows_expected.push(self.found.len() - 1);
            }
        }
        self.tokens.go_to(span.end);
        true
    }

    /// A line of the sqlite3 shell's own: only between statements, and only from the first column on.
    fn sqlite_shell_line(&mut self, start: usize) -> bool {
        let before = &self.text[..start];
        if self.open.is_some() || !(before.ends_with('\n') || before.is_empty() || before == "\u{feff}") {
            return false;
        }
        let end = start + sqlite_shell::line_bytes(&self.text[start..]);
        match self.text.as_bytes()[start] {
            b'.' => self.push(PieceKind::ClientCommand, Span::new(start, end)),
            // A comment to the shell.
            b'#' => {}
            _ => return false,
        }
        self.tokens.go_to(end);
        true
    }
}
