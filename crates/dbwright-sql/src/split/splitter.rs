//! The walk over a text that finds its pieces.

use dbwright_catalog::{Engine, Span};

use super::mysql_client;
use super::mysql_family::MySqlFamilyEnd;
use super::piece::{Found, Piece, PieceKind};
use super::postgres::PostgresEnd;
use super::psql::{self, Action};
use super::sqlite::SqliteEnd;
use super::sqlite_shell;
use crate::dialect::Dialect;
use crate::lexer::TokenKind;
use crate::lexer::{Token, Tokens};
use crate::summary::{SqlModes, Summary, summarise};

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
    /// What ends a statement of MySQL or MariaDB for the client.
    delimiter: &'text str,
    /// Whether the client already holds a statement that it has not sent, because its delimiter did not come yet.
    unsent: bool,
    sql_modes: SqlModes,
}

/// A statement whose end is not yet found.
struct Open {
    start: usize,
    /// One past its last token so far.
    end: usize,
    inner: Vec<Span>,
    /// Client commands since its last token. They are inside only if the statement goes on.
    behind: Vec<Span>,
    /// Whether it is a `SET`; nothing as long as only the mark of a version comment was seen.
    sets: Option<bool>,
}

/// Which `;` ends a statement.
enum End {
    Postgres(PostgresEnd),
    Sqlite(SqliteEnd),
    MySqlFamily(MySqlFamilyEnd),
    /// Every one.
    Plain,
}

impl End {
    /// The clients of MySQL and MariaDB know no bodies: they send what stands before their delimiter. What they send
    /// is cut once more by the server.
    fn new(dialect: Dialect, delimiter: &str, oracle: bool) -> Self {
        match dialect.engine {
            Engine::Postgres => End::Postgres(PostgresEnd::new(dialect.client_commands)),
            Engine::Sqlite => End::Sqlite(SqliteEnd::default()),
            Engine::MySql | Engine::MariaDb if dialect.client_commands && delimiter == ";" => End::Plain,
            Engine::MySql => End::MySqlFamily(MySqlFamilyEnd::new(false, oracle)),
            Engine::MariaDb => End::MySqlFamily(MySqlFamilyEnd::new(true, oracle)),
        }
    }

    /// Takes notice of the next token of a statement; whether it is the separator that ends it.
    fn is_at(&mut self, token: &Token<'_>) -> bool {
        match self {
            End::Postgres(end) => end.is_at(token),
            End::Sqlite(end) => end.is_at(token),
            End::MySqlFamily(end) => end.is_at(token),
            End::Plain => token.is_symbol(";"),
        }
    }
}

impl<'text> Splitter<'text> {
    pub(super) fn new(dialect: Dialect, text: &'text str, start: usize) -> Self {
        Splitter {
            dialect,
            text,
            tokens: Tokens::starting_at(dialect, text, start),
            found: Vec::new(),
            done: start,
            open: None,
            end: End::new(dialect, ";", dialect.sql_mode.oracle),
            rows_expected: Vec::new(),
            delimiter: ";",
            unsent: false,
            sql_modes: SqlModes::new(dialect),
        }
    }

    pub(super) fn split(mut self) -> Vec<Found> {
        while let Some(token) = self.next_token() {
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

    /// The next token before a delimiter. Delimiters themselves are dealt with here.
    fn next_token(&mut self) -> Option<Token<'text>> {
        if self.delimiter == ";" {
            return self.tokens.next();
        }
        let mut start = self.tokens.position();
        while self.text[start..].starts_with(self.delimiter) {
            let end = start + self.delimiter.len();
            self.close(false);
            self.unsent = false;
            self.push(PieceKind::Separator, Span::new(start, end));
            self.tokens.go_to(end);
            start = end;
        }
        let mut token = self.tokens.next()?;
        // The client sees its delimiter also in the middle of what is one word to the server: `END$$`.
        let is_quoted = token.is_space()
            || matches!(token.kind, TokenKind::QuotedName | TokenKind::String)
            || (token.kind == TokenKind::Parameter && token.text.ends_with(['`', '\'', '"']));
        if !is_quoted {
            let first = token.text.chars().next().map_or(0, char::len_utf8);
            let inside = token
                .text
                .char_indices()
                .map(|(place, _)| place)
                .find(|place| *place >= first && self.text[start + place..].starts_with(self.delimiter));
            if let Some(place) = inside {
                token.text = &token.text[..place];
                token.span.end = start + place;
                self.tokens.go_to(token.span.end);
            }
        }
        Some(token)
    }

    fn part_of_statement(&mut self, token: &Token<'_>) {
        if self.end.is_at(token) {
            self.close(false);
            self.unsent = self.delimiter != ";";
            self.push(PieceKind::Separator, token.span);
            return;
        }
        let open = self.open.get_or_insert_with(|| Open {
            start: token.span.start,
            end: token.span.start,
            inner: Vec::new(),
            behind: Vec::new(),
            sets: None,
        });
        open.inner.append(&mut open.behind);
        open.end = token.span.end;
        if open.sets.is_none() && token.kind != TokenKind::CodeMark {
            open.sets = Some(token.is("set"));
        }
    }

    /// Ends the open statement, if there is one.
    fn close(&mut self, discarded: bool) {
        self.tokens.forget_open_comment();
        let open = self.open.take();
        if let Some(open) = &open
            && open.sets == Some(true)
            && self.dialect.is_mysql_family()
        {
            let sql_mode = self.sql_modes.after(&self.text[open.start..open.end]);
            self.tokens.set_sql_mode(sql_mode);
        }
        self.end = End::new(self.dialect, self.delimiter, self.tokens.sql_mode().oracle);
        let Some(open) = open else {
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
            return self.dialect.obeys_delimiter_lines() && token.is("delimiter") && self.mysql_line(token.span.start);
        }
        match self.dialect.engine {
            Engine::Postgres => token.is_symbol("\\") && self.psql_command(token.span.start),
            Engine::Sqlite => self.sqlite_shell_line(token.span.start),
            Engine::MySql | Engine::MariaDb if token.is_symbol("\\") => self.mysql_short_command(token.span.start),
            Engine::MySql => self.mysql_line(token.span.start),
            Engine::MariaDb => self.mariadb_comment(token) || self.mysql_line(token.span.start),
        }
    }

    /// A backslash with a letter.
    fn mysql_short_command(&mut self, start: usize) -> bool {
        let Some(command) = mysql_client::short_command(&self.text[start..]) else {
            return false;
        };
        let span = Span::new(start, start + command.short_bytes(&self.text[start..], self.delimiter));
        match command.action {
            mysql_client::Action::Sends => {
                self.close(false);
                self.unsent = false;
            }
            mysql_client::Action::Discards => {
                self.close(true);
                self.unsent = false;
            }
            mysql_client::Action::Delimiter => self.set_delimiter(span),
            mysql_client::Action::Other => {}
        }
        if let Some(open) = &mut self.open {
            open.behind.push(span);
        } else {
            self.push(PieceKind::ClientCommand, span);
        }
        self.tokens.go_to(span.end);
        true
    }

    /// A command by its name: only between statements, and only as the first word of a line.
    fn mysql_line(&mut self, start: usize) -> bool {
        let line_start = self.text[..start].trim_end_matches([' ', '\t']).as_bytes();
        let is_first = line_start.last().is_none_or(|byte| *byte == b'\n') || line_start == "\u{feff}".as_bytes();
        let busy = self.open.is_some() || (self.unsent && self.dialect.client_commands);
        if busy || !is_first {
            return false;
        }
        let rest = &self.text[start..];
        let line = rest[..rest.find('\n').unwrap_or(rest.len())].trim_ascii_end();
        let is_delimiter = line.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("delimiter"));
        let up_to_delimiter = match line.find(self.delimiter) {
            Some(place) if !is_delimiter => line[..place].trim_ascii_end(),
            _ => line,
        };
        let Some(command) = mysql_client::named_command(up_to_delimiter) else {
            return false;
        };
        let span = Span::new(start, start + up_to_delimiter.len());
        if command.is_use() {
            // With its delimiter it is a statement like any other.
            if up_to_delimiter.len() < line.len() {
                return false;
            }
            self.push(PieceKind::Statement, span);
        } else {
            if command.action == mysql_client::Action::Delimiter {
                self.set_delimiter(span);
            }
            self.push(PieceKind::ClientCommand, span);
        }
        self.tokens.go_to(span.end);
        true
    }

    fn set_delimiter(&mut self, command: Span) {
        if let Some(delimiter) = mysql_client::delimiter(&self.text[command.range()]) {
            self.delimiter = delimiter;
            if self.open.is_none() {
                self.end = End::new(self.dialect, self.delimiter, self.tokens.sql_mode().oracle);
            }
        }
    }

    /// MariaDB's client takes `--` at the start of a statement for a comment, whatever follows.
    fn mariadb_comment(&mut self, token: &Token<'_>) -> bool {
        let start = token.span.start;
        if self.open.is_some() || self.unsent || !self.text[start..].starts_with("--") {
            return false;
        }
        let rest = &self.text[start..];
        self.tokens.go_to(start + rest.find('\n').unwrap_or(rest.len()));
        true
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
