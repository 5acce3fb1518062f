//! Tokens with the spelling they are given, and the spaces between them.

use std::collections::BTreeSet;

use dbwright_catalog::Engine;
use dbwright_sql::{Token, TokenKind};

use super::groups::name;
use crate::quote::quote_identifier;

/// Keywords that can't be names without quotes, so that they are keywords wherever they stand
/// (those without a fallback in <https://sqlite.org/src/file/src/parse.y>).
pub(super) const RESERVED: &str = "
    add all alter and as autoincrement between case check collate commit constraint create default deferrable delete
    distinct drop else escape exists foreign from group having in index insert into is isnull join limit not nothing
    notnull null on or order primary references returning select set table then to transaction unique update using values
    when where";

/// Collating sequences that every SQLite has; their names are the same in either case.
const COLLATIONS: [&str; 3] = ["BINARY", "NOCASE", "RTRIM"];

/// A token as it will be written.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// What is written.
    pub(super) text: String,
    /// What it is, for the spaces around it.
    pub(super) kind: Spacing,
}

/// What a token is to its neighbors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spacing {
    /// A keyword.
    Keyword,
    /// A name where only a name can stand: what follows in brackets are no arguments of it.
    Name,
    /// A name, number, string or parameter.
    Value,
    /// An operator between two values.
    Operator,
    /// A sign before its number.
    Sign,
    /// `(`, `)`, `,`, `.`, `;`.
    Mark,
}

/// Tokens on their way to pieces.
pub(super) struct Writer<'t, 'a> {
    pub(super) tokens: &'t [Token<'a>],
    pub(super) pieces: Vec<Option<Piece>>,
}

impl<'t, 'a> Writer<'t, 'a> {
    /// Writes every token as it can be written anywhere.
    pub(super) fn new(tokens: &'t [Token<'a>], known: &BTreeSet<String>) -> Self {
        let mut writer = Writer {
            tokens,
            pieces: Vec::with_capacity(tokens.len()),
        };
        for index in 0..tokens.len() {
            let piece = writer.plain(index, known);
            writer.pieces.push(Some(piece));
        }
        writer.leave_out_double_brackets();
        writer
    }

    /// Writes names of columns in lower case where they are no names of results: `Price > 0` and `price > 0` are one condition.
    /// What gives something its name keeps its letters.
    pub(super) fn fold(&mut self, range: std::ops::Range<usize>, known: &BTreeSet<String>) {
        let tokens = self.tokens.get(range.clone()).unwrap_or_default();
        let pieces = self.pieces.get_mut(range).unwrap_or_default();
        for (token, piece) in tokens.iter().zip(pieces) {
            let lower = name(token).to_ascii_lowercase();
            let is_name = match token.kind {
                TokenKind::QuotedName => true,
                TokenKind::Word => !is_keyword(token.text),
                _ => false,
            };
            if is_name
                && known.contains(&lower)
                && let Some(piece) = piece
                && piece.text == quote_identifier(Engine::Sqlite, &name(token))
            {
                piece.text = quote_identifier(Engine::Sqlite, &lower);
            }
        }
    }

    /// `((a))` is `(a)`. Not behind `IN`, where a query in two pairs of brackets is a single value.
    fn leave_out_double_brackets(&mut self) {
        let mut open = Vec::new();
        let mut pairs = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            if token.is_symbol("(") {
                open.push(index);
            } else if token.is_symbol(")")
                && let Some(opened) = open.pop()
            {
                pairs.push((opened, index));
            }
        }
        for (opened, closed) in &pairs {
            let is_in = opened.checked_sub(1).is_some_and(|before| self.tokens[before].is("IN"));
            if !is_in && pairs.contains(&(opened + 1, closed - 1)) {
                self.leave_out(opened + 1);
                self.leave_out(closed - 1);
            }
        }
    }

    fn plain(&self, index: usize, known: &BTreeSet<String>) -> Piece {
        let token = &self.tokens[index];
        let (text, kind) = match token.kind {
            // <https://www.sqlite.org/lang_expr.html#isisnot>: other words for the same operators.
            TokenKind::Word if token.is("NOTNULL") => ("IS NOT NULL".to_owned(), Spacing::Keyword),
            TokenKind::Word if token.is("ISNULL") => ("IS NULL".to_owned(), Spacing::Keyword),
            TokenKind::Word if is_reserved(token.text) => (token.text.to_ascii_uppercase(), Spacing::Keyword),
            TokenKind::Word if token.is("BY") && self.is_after(index, &["ORDER", "GROUP"]) => {
                ("BY".to_owned(), Spacing::Keyword)
            }
            TokenKind::Word if index > 0 && self.tokens[index - 1].is("COLLATE") => (collation(token), Spacing::Value),
            TokenKind::Word if known.contains(&token.text.to_ascii_lowercase()) && !is_keyword(token.text) => {
                (quote_identifier(Engine::Sqlite, token.text), Spacing::Value)
            }
            TokenKind::QuotedName => (self.quoted(index, known), Spacing::Value),
            TokenKind::Operator => {
                let sign = matches!(token.text, "-" | "+" | "~") && self.is_value_expected(index);
                let kind = if sign { Spacing::Sign } else { Spacing::Operator };
                let text = match token.text {
                    "!=" => "<>",
                    "==" => "=",
                    other => other,
                };
                (text.to_owned(), kind)
            }
            TokenKind::Symbol => (token.text.to_owned(), Spacing::Mark),
            TokenKind::Word
            | TokenKind::String
            | TokenKind::Number
            | TokenKind::Parameter
            | TokenKind::Space
            | TokenKind::LineComment
            | TokenKind::BlockComment
            | TokenKind::CodeMark => (token.text.to_owned(), Spacing::Value),
        };
        Piece { text, kind }
    }

    fn is_after(&self, index: usize, words: &[&str]) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.tokens.get(before));
        before.is_some_and(|before| words.iter().any(|word| before.is(word)))
    }

    fn quoted(&self, index: usize, known: &BTreeSet<String>) -> String {
        let token = &self.tokens[index];
        if index > 0 && self.tokens[index - 1].is("COLLATE") {
            return collation(token);
        }
        let name = name(token);
        // Only double quotes are taken for a string where they name nothing. A default is one in any quotes.
        let after_default = index > 0 && self.tokens[index - 1].is("DEFAULT");
        let is_name = !token.text.starts_with('"') || known.contains(&name.to_ascii_lowercase());
        if is_name && !after_default {
            quote_identifier(Engine::Sqlite, &name)
        } else {
            token.text.to_owned()
        }
    }

    /// Whether a minus at this place is a sign.
    fn is_value_expected(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1).map(|before| &self.tokens[before]) else {
            return true;
        };
        match before.kind {
            TokenKind::Operator => true,
            TokenKind::Symbol => !before.is_symbol(")") && !before.is_symbol("."),
            TokenKind::Word => is_reserved(before.text) && !before.is("NULL"),
            _ => false,
        }
    }

    /// Writes a token as a keyword.
    pub(super) fn keyword(&mut self, index: usize) {
        if let (Some(token), Some(piece)) = (self.tokens.get(index), self.pieces.get_mut(index))
            && token.kind == TokenKind::Word
        {
            *piece = Some(Piece {
                text: token.text.to_ascii_uppercase(),
                kind: Spacing::Keyword,
            });
        }
    }

    /// Writes tokens as keywords as long as they are these words.
    pub(super) fn keywords(&mut self, from: usize, words: &[&str]) {
        for (index, word) in (from..).zip(words) {
            if self.is(index, word) {
                self.keyword(index);
            }
        }
    }

    /// Writes a token as the name it stands for. Strings are names where only a name can stand.
    pub(super) fn name(&mut self, index: usize) {
        if let (Some(token), Some(piece)) = (self.tokens.get(index), self.pieces.get_mut(index)) {
            *piece = Some(Piece {
                text: quote_identifier(Engine::Sqlite, &name(token)),
                kind: Spacing::Name,
            });
        }
    }

    /// Writes this text in place of a token.
    pub(super) fn replace(&mut self, index: usize, text: String) {
        if let Some(piece) = self.pieces.get_mut(index) {
            *piece = Some(Piece {
                text,
                kind: Spacing::Value,
            });
        }
    }

    /// Leaves a token out.
    pub(super) fn leave_out(&mut self, index: usize) {
        if let Some(piece) = self.pieces.get_mut(index) {
            *piece = None;
        }
    }

    /// Whether the token at this place is this word.
    pub(super) fn is(&self, index: usize, word: &str) -> bool {
        self.tokens.get(index).is_some_and(|token| token.is(word))
    }

    /// Whether the token at this place is this character.
    pub(super) fn is_symbol(&self, index: usize, symbol: &str) -> bool {
        self.tokens.get(index).is_some_and(|token| token.is_symbol(symbol))
    }

    /// The text of the tokens in this range.
    pub(super) fn text(&self, range: std::ops::Range<usize>) -> String {
        let mut text = String::new();
        let mut last: Option<&Piece> = None;
        for piece in self.pieces.get(range).unwrap_or_default().iter().flatten() {
            if last.is_some_and(|last| is_space_between(last, piece)) {
                text.push(' ');
            }
            text.push_str(&piece.text);
            last = Some(piece);
        }
        text
    }
}

fn is_space_between(left: &Piece, right: &Piece) -> bool {
    let is = |piece: &Piece, marks: &[&str]| piece.kind == Spacing::Mark && marks.contains(&piece.text.as_str());
    if is(right, &[",", ")", ";", "."]) || is(left, &["(", "."]) {
        return false;
    }
    if is(right, &["("]) {
        return left.kind != Spacing::Value;
    }
    if left.kind == Spacing::Sign {
        return matches!(right.kind, Spacing::Sign | Spacing::Operator);
    }
    true
}

fn collation(token: &Token<'_>) -> String {
    let name = name(token);
    let known = COLLATIONS.into_iter().find(|known| known.eq_ignore_ascii_case(&name));
    known.map_or_else(|| quote_identifier(Engine::Sqlite, &name), str::to_owned)
}

/// Whether a word is a keyword wherever it stands.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED
        .split_ascii_whitespace()
        .any(|reserved| reserved.eq_ignore_ascii_case(word))
}

fn is_keyword(word: &str) -> bool {
    // What must be quoted although its letters are plain is a keyword.
    let lower = word.to_ascii_lowercase();
    quote_identifier(Engine::Sqlite, &lower) != lower
        && lower
            .bytes()
            .all(|letter| letter.is_ascii_lowercase() || letter == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_words_are_no_names_to_sqlite_and_all_others_are() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for word in RESERVED.split_ascii_whitespace() {
            let made = connection.execute_batch(&format!("CREATE TABLE {word} (a)"));
            assert!(made.is_err(), "{word}");
        }
        for word in [
            "key",
            "action",
            "view",
            "first",
            "generated",
            "always",
            "left",
            "current_time",
            "filter",
        ] {
            connection.execute_batch(&format!("CREATE TABLE {word} (a)")).unwrap();
        }
    }
}
