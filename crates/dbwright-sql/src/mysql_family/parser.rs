//! Reading words, names and texts.

use crate::dialect::Dialect;
use crate::lexer::{Token, TokenKind};
use crate::summary::{Reader, TableName};

/// A statement, and how far it was read.
#[derive(Clone)]
pub(super) struct Parser<'text> {
    pub(super) reader: Reader<'text>,
    text: &'text str,
}

impl<'text> Parser<'text> {
    pub(super) fn new(dialect: Dialect, text: &'text str) -> Self {
        Parser {
            reader: Reader::new(dialect, text),
            text,
        }
    }

    pub(super) fn accept(&mut self, word: &str) -> bool {
        self.reader.accept(word)
    }

    pub(super) fn accept_any(&mut self, words: &[&str]) -> bool {
        self.reader.accept_any(words)
    }

    pub(super) fn accept_all(&mut self, words: &[&str]) -> bool {
        self.reader.accept_all(words)
    }

    pub(super) fn accept_symbol(&mut self, symbol: &str) -> bool {
        self.reader.accept_symbol(symbol)
    }

    pub(super) fn at(&self, word: &str) -> bool {
        self.reader.at(word)
    }

    pub(super) fn at_symbol(&self, symbol: &str) -> bool {
        self.reader.peek().is_some_and(|token| token.is_symbol(symbol))
    }

    pub(super) fn peek(&self) -> Option<Token<'text>> {
        self.reader.peek()
    }

    pub(super) fn at_end(&self) -> bool {
        self.peek().is_none_or(|token| token.is_symbol(";"))
    }

    /// A name that is next; strings may be names behind `AS` only, and are none here.
    pub(super) fn name(&mut self) -> Option<String> {
        let name = self.peek()?.name()?;
        self.reader.next();
        Some(name)
    }

    pub(super) fn table_name(&mut self) -> Option<TableName> {
        self.accept_symbol(".");
        let first = self.name()?;
        if !self.accept_symbol(".") {
            return Some(TableName {
                schema: None,
                name: first,
            });
        }
        let name = self.name()?;
        Some(TableName {
            schema: Some(first),
            name,
        })
    }

    pub(super) fn table_names(&mut self) -> Option<Vec<TableName>> {
        let mut names = vec![self.table_name()?];
        while self.accept_symbol(",") {
            names.push(self.table_name()?);
        }
        Some(names)
    }

    pub(super) fn if_exists(&mut self) -> bool {
        self.accept_all(&["if", "exists"])
    }

    pub(super) fn if_not_exists(&mut self) -> bool {
        self.accept_all(&["if", "not", "exists"])
    }

    /// What stands between parentheses, of which the first is next.
    pub(super) fn parenthesis(&mut self) -> Option<&'text str> {
        if !self.accept_symbol("(") {
            return None;
        }
        let start = self.reader.consumed_to();
        self.reader.pass_parenthesis();
        let end = self.reader.consumed_to();
        self.text.get(start..end.saturating_sub(1)).map(str::trim)
    }

    /// What stands from a byte to what was read last.
    pub(super) fn since(&self, start: usize) -> &'text str {
        self.text.get(start..self.reader.consumed_to()).unwrap_or_default()
    }

    /// All that is left.
    pub(super) fn rest(&self) -> &'text str {
        let rest = self.text.get(self.reader.consumed_to()..).unwrap_or_default();
        rest.trim().trim_end_matches(';').trim_end()
    }

    /// The value of an option: a word, name, number or string, unquoted.
    pub(super) fn option_value(&mut self) -> Option<String> {
        self.reader.accept_equals();
        let token = self.peek()?;
        if matches!(token.kind, TokenKind::Symbol | TokenKind::Operator) {
            return None;
        }
        self.reader.next();
        Some(
            token
                .value()
                .or_else(|| token.name())
                .unwrap_or_else(|| token.text.to_owned()),
        )
    }

    /// Names with commas between them in parentheses.
    pub(super) fn names_in_parentheses(&mut self) -> Option<Vec<String>> {
        if !self.accept_symbol("(") {
            return None;
        }
        let mut names = Vec::new();
        while !self.accept_symbol(")") {
            names.push(self.name()?);
            self.accept_symbol(",");
        }
        Some(names)
    }
}
