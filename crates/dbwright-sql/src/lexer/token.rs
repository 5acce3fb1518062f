//! A token and what can be read from it.

use std::borrow::Cow;

use dbwright_catalog::{Engine, Span};

/// PostgreSQL cuts names to so many bytes (`NAMEDATALEN - 1`,
/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
const POSTGRES_NAME_BYTES_MAX: usize = 63;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// White space; also a byte order mark.
    Space,
    /// A comment to the end of its line, without the line break.
    LineComment,
    /// `/* … */`.
    BlockComment,
    /// A keyword or an unquoted name.
    Word,
    /// A quoted name: `"…"`, `U&"…"`, `` `…` ``, on SQLite also `[…]`.
    QuotedName,
    /// A string of any form, with its prefix, and with its continuation on the next lines where the engine knows that.
    String,
    /// A number.
    Number,
    /// A place for a value: `$1`, `?`, `:name`; a variable of MySQL or MariaDB: `@name`, `@'name'`, `@@name`.
    Parameter,
    /// An operator.
    Operator,
    /// Any other single character: `;`, `(`, `)`, `,`, `.` and what the engine does not know.
    Symbol,
    /// What opens or closes code that stands in a comment for other engines: `/*!80000`, `/*M!`, `*/`.
    CodeMark,
}

/// A token with its place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'text> {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is, in bytes.
    pub span: Span,
    /// The text at this place.
    pub text: &'text str,
    /// `false` where a quote or comment reaches to the end of the text without having been closed.
    pub closed: bool,
    pub(super) engine: Engine,
}

impl Token<'_> {
    /// Whether the engine skips it: white space and comments. An open comment counts only for SQLite, the others
    /// refuse it.
    pub fn is_space(&self) -> bool {
        match self.kind {
            TokenKind::Space | TokenKind::LineComment => true,
            TokenKind::BlockComment => self.closed || self.engine == Engine::Sqlite,
            TokenKind::Word
            | TokenKind::QuotedName
            | TokenKind::String
            | TokenKind::Number
            | TokenKind::Parameter
            | TokenKind::Operator
            | TokenKind::Symbol
            | TokenKind::CodeMark => false,
        }
    }

    /// Whether it is this unquoted word, in any case.
    pub fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this single character.
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }

    /// The unquoted word in lower case; nothing for anything else.
    pub fn folded(&self) -> Option<String> {
        (self.kind == TokenKind::Word).then(|| self.text.to_ascii_lowercase())
    }

    /// The name that a word or quoted name stands for: unquoted, and on PostgreSQL folded and cut as the server does.
    /// The other engines keep the case in which a name was written.
    pub fn name(&self) -> Option<String> {
        let mut name = match self.kind {
            TokenKind::Word if self.engine == Engine::Postgres => self.text.to_ascii_lowercase(),
            TokenKind::Word => self.text.to_owned(),
            TokenKind::QuotedName => self.unquoted_name(),
            TokenKind::Space
            | TokenKind::LineComment
            | TokenKind::BlockComment
            | TokenKind::String
            | TokenKind::Number
            | TokenKind::Parameter
            | TokenKind::Operator
            | TokenKind::Symbol
            | TokenKind::CodeMark => return None,
        };
        if self.engine == Engine::Postgres {
            name.truncate(name.floor_char_boundary(POSTGRES_NAME_BYTES_MAX));
        }
        Some(name)
    }

    /// The value of a string with its quotes and doubled quotes taken away; nothing for anything else.
    ///
    /// Escapes are resolved only in their simple form (`\'`, `\n`), and a string continued on the next line ends with
    /// its first line: enough for names and settings, not for data.
    pub fn value(&self) -> Option<String> {
        if self.kind != TokenKind::String {
            return None;
        }
        if let Some(delimited) = self.text.strip_prefix('$') {
            let tag_bytes = delimited.find('$')? + 2;
            let end = self.text.len() - if self.closed { tag_bytes } else { 0 };
            return self.text.get(tag_bytes..end).map(str::to_owned);
        }
        let open = self.text.find(['\'', '"'])?;
        let prefix = &self.text[..open];
        let quote = self.text[open..].chars().next()?;
        let backslash = prefix.eq_ignore_ascii_case("e") || matches!(self.engine, Engine::MySql | Engine::MariaDb);
        let value = between_quotes(&self.text[open + 1..], quote, backslash);
        Some(if prefix.eq_ignore_ascii_case("u&") {
            unicode_escapes_resolved(&value).into_owned()
        } else {
            value
        })
    }

    fn unquoted_name(&self) -> String {
        let Some(open) = self.text.find(['"', '[', '`']) else {
            return self.text.to_owned();
        };
        let close = match self.text.as_bytes()[open] {
            b'[' => ']',
            b'`' => '`',
            _ => '"',
        };
        let name = between_quotes(&self.text[open + 1..], close, false);
        if open > 0 {
            unicode_escapes_resolved(&name).into_owned()
        } else {
            name
        }
    }
}

/// What stands before the closing quote, doubled quotes being one.
fn between_quotes(text: &str, quote: char, backslash: bool) -> String {
    let mut value = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == quote {
            if quote == ']' || characters.next_if_eq(&quote).is_none() {
                break;
            }
            value.push(quote);
        } else if character == '\\' && backslash {
            match characters.next() {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some(other) => value.push(other),
                None => {}
            }
        } else {
            value.push(character);
        }
    }
    value
}

/// `U&"d\0061t\+000061"` is `data`. An escape character other than the backslash is not known here.
fn unicode_escapes_resolved(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut resolved = String::new();
    let mut rest = text;
    while let Some(place) = rest.find('\\') {
        resolved.push_str(&rest[..place]);
        rest = &rest[place + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            resolved.push('\\');
            rest = after;
            continue;
        }
        let (digits, skipped) = if rest.starts_with('+') { (6, 1) } else { (4, 0) };
        let code = rest
            .get(skipped..skipped + digits)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .and_then(char::from_u32);
        if let Some(character) = code {
            resolved.push(character);
            rest = &rest[skipped + digits..];
        } else {
            resolved.push('\\');
        }
    }
    resolved.push_str(rest);
    Cow::Owned(resolved)
}
