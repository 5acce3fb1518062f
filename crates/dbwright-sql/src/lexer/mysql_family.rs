//! The lexical rules of MySQL (<https://dev.mysql.com/doc/refman/9.7/en/language-structure.html>) and MariaDB
//! (<https://mariadb.com/docs/server/reference/sql-structure/sql-language-structure>), as their lexers have them.
//!
//! Version comments (`/*!80000 … */`, `/*M!100100 … */`) whose code the server runs are not one token: their opening
//! and their closing are marks, and what stands between them is read as any other text.

use dbwright_catalog::Engine;

use super::scan::{at, block_comment, quoted_token, skip, skip_from};
use super::{Lexed, TokenKind};
use crate::dialect::{Dialect, SqlMode};

/// The newest MySQL that version comments are read for where no version is given: 9.9. Comments for 9.99.99 are a way of
/// writing code that no server runs.
const MYSQL_VERSION: u32 = 90_999;

/// The same for MariaDB: the last release of the 11.8 series.
const MARIADB_VERSION: u32 = 110_899;

/// MariaDB takes comments for these versions of MySQL for comments: it went its own way since.
const MYSQL_VERSIONS_NOT_IN_MARIADB: std::ops::RangeInclusive<u32> = 50_700..=99_999;

/// What decides how bytes are read, and what the lexer remembers from one token to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    mariadb: bool,
    version: u32,
    pub(super) sql_mode: SqlMode,
    /// Whether a version comment is open.
    pub(super) in_code_comment: bool,
    /// Where an unquoted name ended; a dot there is followed by a name, even one that looks like a number.
    name_end: usize,
    /// Where a name must begin because a dot stands before it.
    name_start: usize,
}

impl State {
    pub(super) fn new(dialect: Dialect) -> Self {
        let mariadb = dialect.engine == Engine::MariaDb;
        let version = match dialect.version {
            Some(version) => (version.major.saturating_mul(10_000))
                .saturating_add(version.minor.saturating_mul(100))
                .saturating_add(version.patch),
            None if mariadb => MARIADB_VERSION,
            None => MYSQL_VERSION,
        };
        State {
            mariadb,
            version,
            sql_mode: dialect.sql_mode,
            in_code_comment: false,
            name_end: usize::MAX,
            name_start: usize::MAX,
        }
    }

    /// Goes on at another place, where no name ended.
    pub(super) fn forget_names(&mut self) {
        self.name_end = usize::MAX;
        self.name_start = usize::MAX;
    }

    pub(super) fn next(&mut self, text: &str, start: usize) -> Lexed {
        let lexed = self.token(text.as_bytes(), start);
        self.name_start = if self.name_end == start && text.as_bytes()[start] == b'.' {
            lexed.end
        } else {
            usize::MAX
        };
        self.name_end = if lexed.kind == TokenKind::Word {
            lexed.end
        } else {
            usize::MAX
        };
        lexed
    }

    fn token(&mut self, bytes: &[u8], start: usize) -> Lexed {
        let second = at(bytes, start + 1);
        let third = at(bytes, start + 2);
        match bytes[start] {
            byte if continues_word(byte) && self.name_start == start => word(bytes, start),
            byte if is_space(byte) => Lexed::new(TokenKind::Space, skip(bytes, start, is_space)),
            b'#' => line_comment(bytes, start),
            // `5--1` is five minus minus one.
            b'-' if second == b'-' && (third.is_ascii_control() || third == b' ') => line_comment(bytes, start),
            b'/' if second == b'*' => self.comment(bytes, start),
            b'*' if second == b'/' && self.in_code_comment => {
                self.in_code_comment = false;
                Lexed::new(TokenKind::CodeMark, start + 2)
            }
            b'n' | b'N' if second == b'\'' => self.string(bytes, start + 1),
            b'x' | b'X' | b'b' | b'B' if second == b'\'' => {
                quoted_token(TokenKind::String, bytes, start + 1, b'\'', false)
            }
            b'"' if self.sql_mode.ansi_quotes => quoted_token(TokenKind::QuotedName, bytes, start, b'"', false),
            b'\'' | b'"' => self.string(bytes, start),
            b'`' => quoted_token(TokenKind::QuotedName, bytes, start, b'`', false),
            b'@' => self.variable(bytes, start),
            b'?' => Lexed::new(TokenKind::Parameter, start + 1),
            b'$' if !self.mariadb => dollar(bytes, start),
            b'0'..=b'9' => self.number_or_word(bytes, start),
            b'.' if second.is_ascii_digit() && self.name_end != start => {
                Lexed::new(TokenKind::Number, fraction(bytes, start))
            }
            b'\\' if second == b'N' => Lexed::new(TokenKind::Word, start + 2),
            byte if continues_word(byte) => word(bytes, start),
            _ => operator_or_symbol(bytes, start),
        }
    }

    /// A string that opens at `open`.
    fn string(&self, bytes: &[u8], open: usize) -> Lexed {
        let backslash = !self.sql_mode.no_backslash_escapes;
        quoted_token(TokenKind::String, bytes, open, bytes[open], backslash)
    }

    /// `@name`, `@'name'`, `@@name`; also the host of an account, which looks the same.
    fn variable(&self, bytes: &[u8], start: usize) -> Lexed {
        match at(bytes, start + 1) {
            quote @ (b'\'' | b'"' | b'`') => {
                let backslash = quote != b'`'
                    && !self.sql_mode.no_backslash_escapes
                    && !(quote == b'"' && self.sql_mode.ansi_quotes);
                quoted_token(TokenKind::Parameter, bytes, start + 1, quote, backslash)
            }
            b'@' => Lexed::new(TokenKind::Parameter, skip_from(bytes, start + 2, continues_word)),
            _ => {
                let belongs = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$');
                Lexed::new(TokenKind::Parameter, skip_from(bytes, start + 1, belongs))
            }
        }
    }

    /// A comment, or the opening of one that holds code.
    fn comment(&mut self, bytes: &[u8], start: usize) -> Lexed {
        let for_mariadb = self.mariadb && bytes[start + 2..].starts_with(b"M!");
        if !for_mariadb && at(bytes, start + 2) != b'!' {
            return block_comment(bytes, start, false);
        }
        let digits_start = start + if for_mariadb { 4 } else { 3 };
        let digits = self.version_digits(bytes, digits_start);
        let version = bytes[digits_start..digits_start + digits]
            .iter()
            .fold(0, |version, digit| version * 10 + u32::from(digit - b'0'));
        let foreign = self.mariadb && !for_mariadb && MYSQL_VERSIONS_NOT_IN_MARIADB.contains(&version);
        if version > self.version || foreign {
            return skipped_comment(bytes, start);
        }
        self.in_code_comment = true;
        Lexed::new(TokenKind::CodeMark, digits_start + digits)
    }

    /// How many digits the version has: five or six. Six count on MySQL only where white space follows.
    fn version_digits(&self, bytes: &[u8], start: usize) -> usize {
        let digits = bytes[start.min(bytes.len())..]
            .iter()
            .take(6)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        match digits {
            6 if self.mariadb || is_space(at(bytes, start + 6)) => 6,
            5 | 6 => 5,
            _ => 0,
        }
    }

    /// A number, or a name that begins with digits.
    fn number_or_word(&self, bytes: &[u8], start: usize) -> Lexed {
        let prefixed = match at(bytes, start + 1) {
            b'x' if bytes[start] == b'0' => skip(bytes, start + 2, |byte| byte.is_ascii_hexdigit()),
            b'b' if bytes[start] == b'0' => skip(bytes, start + 2, |byte| matches!(byte, b'0' | b'1')),
            _ => start,
        };
        if prefixed > start + 2 && !continues_word(at(bytes, prefixed)) {
            return Lexed::new(TokenKind::Number, prefixed);
        }
        let end = skip(bytes, start, |byte| byte.is_ascii_digit());
        if let Some(exponent) = exponent(bytes, end) {
            return Lexed::new(TokenKind::Number, exponent);
        }
        if continues_word(at(bytes, end)) {
            return word(bytes, start);
        }
        // `1..10` is a range in MariaDB's `FOR`.
        if at(bytes, end) != b'.' || (self.mariadb && at(bytes, end + 1) == b'.') {
            return Lexed::new(TokenKind::Number, end);
        }
        Lexed::new(TokenKind::Number, fraction(bytes, end))
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn continues_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn word(bytes: &[u8], start: usize) -> Lexed {
    Lexed::new(TokenKind::Word, skip(bytes, start, continues_word))
}

fn line_comment(bytes: &[u8], start: usize) -> Lexed {
    Lexed::new(TokenKind::LineComment, skip(bytes, start, |byte| byte != b'\n'))
}

/// The digits behind a dot, with an exponent.
fn fraction(bytes: &[u8], dot: usize) -> usize {
    let end = skip_from(bytes, dot + 1, |byte| byte.is_ascii_digit());
    exponent(bytes, end).unwrap_or(end)
}

/// Where an exponent ends that begins here.
fn exponent(bytes: &[u8], start: usize) -> Option<usize> {
    if !matches!(at(bytes, start), b'e' | b'E') {
        return None;
    }
    let digits = start + 1 + usize::from(matches!(at(bytes, start + 1), b'+' | b'-'));
    at(bytes, digits)
        .is_ascii_digit()
        .then(|| skip(bytes, digits, |byte| byte.is_ascii_digit()))
}

/// A version comment that the server skips. One level of comments may stand in it.
fn skipped_comment(bytes: &[u8], start: usize) -> Lexed {
    let mut position = start + 2;
    while position < bytes.len() {
        position = skip(bytes, position, |byte| byte != b'*' && byte != b'/');
        match (at(bytes, position), at(bytes, position + 1)) {
            (b'*', b'/') => return Lexed::new(TokenKind::BlockComment, position + 2),
            (b'/', b'*') => {
                let inner = block_comment(bytes, position, false);
                if !inner.closed {
                    break;
                }
                position = inner.end;
            }
            _ => position += 1,
        }
    }
    Lexed {
        kind: TokenKind::BlockComment,
        end: bytes.len(),
        closed: false,
    }
}

/// `$$ … $$`, `$tag$ … $tag$` (MySQL 9, for routines in other languages), or a name that begins with a dollar sign.
fn dollar(bytes: &[u8], start: usize) -> Lexed {
    let tag = skip(bytes, start + 1, |byte| continues_word(byte) && byte != b'$');
    if at(bytes, tag) != b'$' {
        return word(bytes, start);
    }
    let delimiter = &bytes[start..=tag];
    let mut position = tag + 1;
    loop {
        position = skip(bytes, position, |byte| byte != b'$');
        if position >= bytes.len() {
            return Lexed {
                kind: TokenKind::String,
                end: bytes.len(),
                closed: false,
            };
        }
        if bytes[position..].starts_with(delimiter) {
            return Lexed::new(TokenKind::String, position + delimiter.len());
        }
        position += 1;
    }
}

fn operator_or_symbol(bytes: &[u8], start: usize) -> Lexed {
    let long = [
        &b"<=>"[..],
        b"->>",
        b"->",
        b":=",
        b"<=",
        b"<>",
        b"<<",
        b">=",
        b">>",
        b"!=",
        b"||",
        b"&&",
    ];
    if let Some(operator) = long.iter().find(|operator| bytes[start..].starts_with(operator)) {
        return Lexed::new(TokenKind::Operator, start + operator.len());
    }
    let kind = match bytes[start] {
        b'+' | b'-' | b'*' | b'/' | b'%' | b'=' | b'<' | b'>' | b'!' | b'|' | b'&' | b'^' | b'~' => TokenKind::Operator,
        _ => TokenKind::Symbol,
    };
    Lexed::new(kind, start + 1)
}
