//! Text to tokens, by each engine's own lexical rules, so that nobody mistakes a `;` in a string for the end of a
//! statement.
//!
//! Not for grammar: a token does not know what it means. Every text has tokens; what an engine would refuse (a quote
//! that never closes, a stray character) is a token as well.

mod mysql_family;
mod postgres;
mod scan;
mod sqlite;
mod token;

use dbwright_catalog::{Engine, Span};

use crate::dialect::{Dialect, SqlMode};

pub use token::{Token, TokenKind};

/// One token as an engine's lexer finds it at a given place.
#[derive(Clone, Copy, Debug)]
struct Lexed {
    kind: TokenKind,
    /// One past its last byte; always more than its first.
    end: usize,
    /// Whether a quote or comment ends before the text does.
    closed: bool,
}

impl Lexed {
    fn new(kind: TokenKind, end: usize) -> Self {
        Lexed {
            kind,
            end,
            closed: true,
        }
    }
}

/// The tokens of a text as the server of this engine reads it, white space and comments included: joined, they are the
/// text.
pub fn tokens(engine: Engine, text: &str) -> Tokens<'_> {
    tokens_in(Dialect::server(engine), text)
}

/// The same for a session in another mode, or a server of a certain version.
pub fn tokens_in(dialect: Dialect, text: &str) -> Tokens<'_> {
    Tokens::starting_at(dialect, text, 0)
}

/// An iterator over the tokens of a text. A clone goes on from the same place, which makes looking ahead cheap.
#[derive(Clone, Debug)]
pub struct Tokens<'text> {
    engine: Engine,
    text: &'text str,
    position: usize,
    line_by_line: bool,
    mysql_family: mysql_family::State,
}

impl<'text> Tokens<'text> {
    /// Begins in the middle of a text, at a character border between tokens.
    ///
    /// A client that reads line by line, as psql does, does not see that a string of PostgreSQL goes on in the next
    /// line.
    pub(crate) fn starting_at(dialect: Dialect, text: &'text str, position: usize) -> Self {
        Tokens {
            engine: dialect.engine,
            text,
            position,
            line_by_line: dialect.client_commands,
            mysql_family: mysql_family::State::new(dialect),
        }
    }

    /// Where the next token begins.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// How quotes are read from here on.
    pub(crate) fn sql_mode(&self) -> SqlMode {
        self.mysql_family.sql_mode
    }

    /// Reads quotes in another way from here on.
    pub(crate) fn set_sql_mode(&mut self, sql_mode: SqlMode) {
        self.mysql_family.sql_mode = sql_mode;
    }

    /// Begins another statement, in which no version comment is open.
    pub(crate) fn forget_open_comment(&mut self) {
        self.mysql_family.in_code_comment = false;
    }

    /// Goes on from another place, which must be a character border.
    pub(crate) fn go_to(&mut self, position: usize) {
        self.position = position;
        self.mysql_family.forget_names();
    }

    /// Whether this is the mark that some editors put at the start of a file. SQLite takes it for white space
    /// everywhere (<https://sqlite.org/src/file/src/tokenize.c>), psql at the start of a file.
    fn at_byte_order_mark(&self) -> bool {
        (self.position == 0 || self.engine == Engine::Sqlite) && self.text[self.position..].starts_with('\u{feff}')
    }
}

impl<'text> Iterator for Tokens<'text> {
    type Item = Token<'text>;

    fn next(&mut self) -> Option<Token<'text>> {
        let start = self.position;
        if start >= self.text.len() {
            return None;
        }
        let lexed = if self.at_byte_order_mark() {
            Lexed::new(TokenKind::Space, start + '\u{feff}'.len_utf8())
        } else {
            match self.engine {
                Engine::Postgres => postgres::next(self.text, start, self.line_by_line),
                Engine::Sqlite => sqlite::next(self.text, start),
                Engine::MySql | Engine::MariaDb => self.mysql_family.next(self.text, start),
            }
        };
        self.position = lexed.end;
        Some(Token {
            kind: lexed.kind,
            span: Span::new(start, lexed.end),
            text: &self.text[start..lexed.end],
            closed: lexed.closed,
            engine: self.engine,
        })
    }
}
