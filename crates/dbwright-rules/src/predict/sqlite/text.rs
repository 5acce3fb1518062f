//! Words of statements, and names put in the place of others in stored texts.

use dbwright_ddl::sqlite_text::{name, source, tokens};
use dbwright_sql::{Token, TokenKind};

/// The tokens of a statement, without white space and comments.
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut tokens = tokens(text);
        while tokens.last().is_some_and(|token| token.is_symbol(";")) {
            tokens.pop();
        }
        Words { text, tokens }
    }

    pub(super) fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(word))
    }

    pub(super) fn is_symbol(&self, at: usize, symbol: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_symbol(symbol))
    }

    /// A word in lower case; nothing where none stands there.
    pub(super) fn keyword(&self, at: usize) -> String {
        self.tokens.get(at).and_then(Token::folded).unwrap_or_default()
    }

    /// Where the words go on behind `IF [NOT] EXISTS`, and whether it stands there.
    pub(super) fn if_exists(&self, at: usize) -> (usize, bool) {
        if !self.is(at, "if") {
            return (at, false);
        }
        let not = usize::from(self.is(at + 1, "not"));
        (at + 2 + not, true)
    }

    /// `[schema.]name`, and where the words go on behind it. `temp` is a schema whose objects are not kept.
    pub(super) fn qualified(&self, at: usize) -> Option<(String, usize)> {
        let first = self.tokens.get(at)?;
        if self.is_symbol(at + 1, ".") {
            return Some((name(self.tokens.get(at + 2)?), at + 3));
        }
        Some((name(first), at + 1))
    }

    /// Whether the name at this place is qualified with `temp`.
    pub(super) fn is_in_temp(&self, at: usize) -> bool {
        self.is_symbol(at + 1, ".")
            && self
                .tokens
                .get(at)
                .is_some_and(|token| name(token).eq_ignore_ascii_case("temp"))
    }

    pub(super) fn from(&self, at: usize) -> &'a str {
        source(self.text, self.tokens.get(at..).unwrap_or_default())
    }

    pub(super) fn position(&self, word: &str) -> Option<usize> {
        self.tokens.iter().position(|token| token.is(word))
    }
}

/// The name that a statement would have made, in lower case.
pub(super) fn made_by(statement: &str) -> impl Iterator<Item = String> + use<> {
    let words = Words::of(statement);
    let mut at = 1;
    if words.is(0, "create") {
        while ["temp", "temporary", "unique", "virtual"].contains(&words.keyword(at).as_str()) {
            at += 1;
        }
        let (at, _) = words.if_exists(at + 1);
        words
            .qualified(at)
            .map(|(name, _)| name.to_ascii_lowercase())
            .into_iter()
    } else if words.is(0, "alter") && words.is(3, "rename") && words.is(4, "to") {
        words
            .qualified(5)
            .map(|(name, _)| name.to_ascii_lowercase())
            .into_iter()
    } else {
        None.into_iter()
    }
}

/// Whether a text names something.
pub(super) fn mentions(text: &str, wanted: &str) -> bool {
    tokens(text).iter().any(|token| is_name(token, wanted))
}

pub(super) fn is_name(token: &Token<'_>, wanted: &str) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) && name(token).eq_ignore_ascii_case(wanted)
}

/// A text with some of its tokens replaced, as `replace` has it by index.
pub(super) fn respelled(text: &str, replace: impl Fn(&[Token<'_>], usize) -> Option<String>) -> String {
    let tokens = tokens(text);
    let mut written = String::new();
    let mut done = 0;
    for (index, token) in tokens.iter().enumerate() {
        if let Some(new) = replace(&tokens, index) {
            written.push_str(&text[done..token.span.start]);
            written.push_str(&new);
            done = token.span.end;
        }
    }
    written.push_str(&text[done..]);
    written
}
