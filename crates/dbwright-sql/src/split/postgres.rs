//! Which `;` ends a statement on PostgreSQL: one outside parentheses (`CREATE RULE … DO (a; b)`) and outside the body
//! of a routine in standard SQL (`BEGIN ATOMIC a; b; END`).

use crate::lexer::{Token, TokenKind};

/// Follows the tokens of one statement.
///
/// psql and the server do not agree in all corners. psql counts words: in `CREATE FUNCTION`, any `BEGIN` opens and any
/// `END` closes (<https://github.com/postgres/postgres/blob/master/src/fe_utils/psqlscan.l>). The server has a
/// grammar: only `BEGIN ATOMIC` opens, and `SELECT 1 AS end` is a column called `end`.
pub(super) struct PostgresEnd {
    by_psql: bool,
    words: usize,
    /// First letters of the first words, where they are words that begin the definition of a routine.
    head: [u8; 4],
    parentheses: usize,
    /// Bodies and `CASE`s that are open.
    blocks: usize,
    previous: Previous,
}

/// What the token before was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Previous {
    Begin,
    /// `AS` or a dot: a name follows, whatever it looks like.
    BeforeName,
    Other,
}

impl PostgresEnd {
    pub(super) fn new(by_psql: bool) -> Self {
        PostgresEnd {
            by_psql,
            words: 0,
            head: [0; 4],
            parentheses: 0,
            blocks: 0,
            previous: Previous::Other,
        }
    }

    /// Takes notice of the next token; whether it is the separator that ends the statement.
    pub(super) fn is_at(&mut self, token: &Token<'_>) -> bool {
        match token.kind {
            TokenKind::Word => {
                self.word(token);
                self.previous = if token.is("begin") {
                    Previous::Begin
                } else if token.is("as") {
                    Previous::BeforeName
                } else {
                    Previous::Other
                };
                return false;
            }
            TokenKind::Symbol => match token.text {
                "(" => self.parentheses += 1,
                ")" => self.parentheses = self.parentheses.saturating_sub(1),
                ";" if self.parentheses == 0 && self.blocks == 0 => return true,
                _ => {}
            },
            TokenKind::Space
            | TokenKind::LineComment
            | TokenKind::BlockComment
            | TokenKind::QuotedName
            | TokenKind::String
            | TokenKind::Number
            | TokenKind::Parameter
            | TokenKind::Operator
            | TokenKind::CodeMark => {}
        }
        self.previous = if token.is_symbol(".") {
            Previous::BeforeName
        } else {
            Previous::Other
        };
        false
    }

    fn word(&mut self, token: &Token<'_>) {
        if let Some(place) = self.head.get_mut(self.words) {
            let begins_routine = ["create", "or", "replace", "function", "procedure"];
            if begins_routine.iter().any(|word| token.is(word)) {
                *place = token.text.as_bytes()[0].to_ascii_lowercase();
            }
        }
        self.words += 1;
        if self.parentheses > 0 || !self.defines_routine() {
            return;
        }
        let opens = if self.by_psql {
            token.is("begin")
        } else {
            self.blocks == 0 && token.is("atomic") && self.previous == Previous::Begin
        };
        let is_name = !self.by_psql && self.previous == Previous::BeforeName;
        if opens || (self.blocks > 0 && token.is("case") && !is_name) {
            self.blocks += 1;
        } else if token.is("end") && !is_name {
            self.blocks = self.blocks.saturating_sub(1);
        }
    }

    fn defines_routine(&self) -> bool {
        matches!(self.head, [b'c', b'f' | b'p', ..] | [b'c', b'o', b'r', b'f' | b'p'])
    }
}
