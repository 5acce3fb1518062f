//! A text into its statements, as a client or the server itself would find them.
//!
//! Not for judging: whether a piece is right SQL, the server says.

mod lines;
mod mysql_client;
mod mysql_family;
mod mysql_header;
mod piece;
mod postgres;
mod psql;
mod splitter;
mod sqlite;
mod sqlite_shell;

use std::ops::Range;

use dbwright_catalog::{Engine, Span, Statement};

pub use piece::{Piece, PieceKind};

use crate::dialect::Dialect;
use lines::Lines;
use piece::Found;
use splitter::Splitter;

/// Splits a whole text into pieces, which joined are the text.
pub fn pieces(dialect: Dialect, text: &str) -> Vec<Piece> {
    let found = Splitter::new(dialect, text, 0).split();
    found.into_iter().map(|found| found.piece).collect()
}

/// Whether this is a command of the client that does nothing to a database: `\echo`, `\timing`, `DELIMITER //`.
pub fn is_harmless_command(statement: &Statement) -> bool {
    statement
        .not_sent
        .as_deref()
        .is_some_and(|reason| reason.ends_with(HARMLESS))
}

/// How the reason ends why a harmless command is not sent; what others would do follows it.
const HARMLESS: &str = " command, not sent";

/// The statements of a text. Client commands come as statements with `not_sent` set.
///
/// The text of a statement is the text at its span, with one exception: commands of psql or mysql that do not end the
/// statement they stand in (`\echo` between two lines of a query) are blanked out, byte for byte, and come first.
///
/// Where a tool understands `DELIMITER` lines and no client reads the file, those lines are no statements at all.
pub fn statements(dialect: Dialect, text: &str) -> Vec<Statement> {
    statements_in(dialect, text, 0..text.len())
}

/// The statements of a part of a text; spans and lines are those of the whole text.
///
/// A range that is not one of the text (past its end, or inside a character) is narrowed to one.
pub fn statements_in(dialect: Dialect, text: &str, range: Range<usize>) -> Vec<Statement> {
    let end = text.floor_char_boundary(range.end);
    let start = text.ceil_char_boundary(range.start).min(end);
    let text = &text[..end];
    let found = Splitter::new(dialect, text, start).split();
    let mut collector = Collector {
        dialect,
        text,
        lines: Lines::new(text),
        statements: Vec::new(),
        open_conditions: 0,
        stopped: false,
    };
    let mut statement_of_piece = Vec::with_capacity(found.len());
    for found in &found {
        match found.piece.kind {
            PieceKind::Statement => collector.statement(found),
            // Tools that understand `DELIMITER` make nothing else of it.
            PieceKind::ClientCommand if !dialect.client_commands => {}
            PieceKind::ClientCommand => collector.client_command(found.piece.span.range()),
            PieceKind::CopyRows => collector.copy_rows(found, &statement_of_piece),
            PieceKind::Space | PieceKind::Separator => {}
        }
        statement_of_piece.push(collector.statements.len().saturating_sub(1));
    }
    collector.statements
}

/// Turns pieces into statements, in order.
struct Collector<'text> {
    dialect: Dialect,
    text: &'text str,
    lines: Lines<'text>,
    statements: Vec<Statement>,
    /// How many `\if` are open: what stands behind them may not happen.
    open_conditions: usize,
    /// Whether the client has stopped reading.
    stopped: bool,
}

impl Collector<'_> {
    fn statement(&mut self, found: &Found) {
        let range = found.piece.span.range();
        // Before those of the commands inside, so that lines are asked for in ascending order.
        let line = self.lines.line_of(range.start);
        let mut sent = String::with_capacity(range.len());
        let mut done = range.start;
        for inner in &found.inner {
            sent.push_str(&self.text[done..inner.start]);
            sent.extend(std::iter::repeat_n(' ', inner.end - inner.start));
            done = inner.end;
            if inner.end - inner.start > 1 {
                self.client_command(inner.range());
            }
        }
        sent.push_str(&self.text[done..range.end]);
        let not_sent = if found.discarded {
            Some(match self.dialect.engine {
                Engine::Postgres | Engine::Sqlite => "psql throws it away: \\r follows".to_owned(),
                Engine::MySql | Engine::MariaDb => "mysql throws it away: \\c follows".to_owned(),
            })
        } else if self.stopped {
            Some("an earlier command ends the file".to_owned())
        } else {
            None
        };
        self.push(sent, range, line, not_sent);
    }

    fn client_command(&mut self, range: Range<usize>) {
        let command = &self.text[range.clone()];
        let not_sent = match self.dialect.engine {
            Engine::Sqlite => {
                self.stopped |= sqlite_shell::ends_file(command);
                sqlite_shell::not_sent(command)
            }
            Engine::MySql | Engine::MariaDb => {
                self.stopped |= mysql_client::ends_file(command);
                mysql_client::not_sent(command)
            }
            Engine::Postgres => {
                match psql::name(command) {
                    "if" => self.open_conditions += 1,
                    "endif" => self.open_conditions = self.open_conditions.saturating_sub(1),
                    "q" | "quit" if self.open_conditions == 0 => self.stopped = true,
                    _ => {}
                }
                psql::not_sent(command)
            }
        };
        let line = self.lines.line_of(range.start);
        self.push(command.to_owned(), range, line, Some(not_sent));
    }

    fn push(&mut self, text: String, range: Range<usize>, line: u32, not_sent: Option<String>) {
        self.statements.push(Statement {
            text,
            line,
            span: Span::new(range.start, range.end),
            copy_rows: None,
            not_sent,
        });
    }

    fn copy_rows(&mut self, found: &Found, statement_of_piece: &[usize]) {
        let owner = found.owner.and_then(|piece| statement_of_piece.get(piece));
        if let Some(statement) = owner.and_then(|index| self.statements.get_mut(*index)) {
            let rows = psql::rows(&self.text[found.piece.span.range()]);
            statement.copy_rows = Some(rows.to_owned());
        }
    }
}
