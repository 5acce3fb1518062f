//! PostgreSQL's lexical rules (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html>), which psql shares.
//!
//! `standard_conforming_strings` is taken to be on, as it is by default: a backslash in `'…'` is a character.

use super::scan::{at, block_comment, number, quoted, quoted_token, skip};
use super::{Lexed, TokenKind};

/// Longest operator that is looked for. The server refuses operators over 63 bytes; without a limit, a long run of
/// `+-+-…`, of which each token is one character, would be read over and over.
const OPERATOR_BYTES_MAX: usize = 64;

pub(super) fn next(text: &str, start: usize, line_by_line: bool) -> Lexed {
    let string = |open: usize, backslash: bool| string(text.as_bytes(), open, backslash, line_by_line);
    let bytes = text.as_bytes();
    let second = at(bytes, start + 1);
    let third = at(bytes, start + 2);
    match bytes[start] {
        byte if is_space(byte) => Lexed::new(TokenKind::Space, skip(bytes, start, is_space)),
        b'-' if second == b'-' => Lexed::new(TokenKind::LineComment, line_comment_end(bytes, start)),
        b'/' if second == b'*' => block_comment(bytes, start, true),
        b'\'' => string(start, false),
        b'"' => quoted_token(TokenKind::QuotedName, bytes, start, b'"', false),
        b'e' | b'E' if second == b'\'' => string(start + 1, true),
        b'b' | b'B' | b'n' | b'N' | b'x' | b'X' if second == b'\'' => string(start + 1, false),
        b'u' | b'U' if second == b'&' && third == b'\'' => string(start + 2, false),
        b'u' | b'U' if second == b'&' && third == b'"' => {
            quoted_token(TokenKind::QuotedName, bytes, start + 2, b'"', false)
        }
        b'$' => dollar(text, start),
        b'0'..=b'9' => Lexed::new(TokenKind::Number, number(bytes, start)),
        b'.' if second.is_ascii_digit() => Lexed::new(TokenKind::Number, number(bytes, start)),
        byte if starts_word(byte) => Lexed::new(TokenKind::Word, skip(bytes, start, continues_word)),
        byte if is_operator(byte) => Lexed::new(TokenKind::Operator, operator_end(bytes, start)),
        _ => Lexed::new(TokenKind::Symbol, start + 1),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// All characters outside ASCII may stand in names, even white space.
fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn continues_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

/// Those that standard SQL does not know in operators.
fn is_free_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'%'
    )
}

fn is_operator(byte: u8) -> bool {
    is_free_operator(byte) || matches!(byte, b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=')
}

/// A lone carriage return ends a comment as well.
fn line_comment_end(bytes: &[u8], start: usize) -> usize {
    skip(bytes, start, |byte| byte != b'\n' && byte != b'\r')
}

/// A string whose quote is at `open`, with its continuations: after a line break, `'…'` goes on with `'…'` by the same
/// rules, so that `E'a'` and `'\''` on the next line are one string.
fn string(bytes: &[u8], open: usize, backslash: bool, line_by_line: bool) -> Lexed {
    let mut open = open;
    loop {
        let (end, closed) = quoted(bytes, open + 1, b'\'', backslash);
        match continuation(bytes, end) {
            Some(next) if closed && !line_by_line => open = next,
            _ => {
                return Lexed {
                    kind: TokenKind::String,
                    end,
                    closed,
                };
            }
        }
    }
}

/// The quote that continues a string: behind white space with a line break, in which comments may stand.
fn continuation(bytes: &[u8], from: usize) -> Option<usize> {
    let mut position = from;
    let mut line_break = false;
    loop {
        match at(bytes, position) {
            b'\n' | b'\r' => {
                line_break = true;
                position += 1;
            }
            byte if is_space(byte) => position += 1,
            b'-' if at(bytes, position + 1) == b'-' => position = line_comment_end(bytes, position),
            b'\'' if line_break => return Some(position),
            _ => return None,
        }
    }
}

/// `$1` is a parameter, `$$` and `$tag$` open a string that the same delimiter closes; any other `$` is nothing.
/// (A `$` behind a letter or digit of a name belongs to the name and never gets here.)
fn dollar(text: &str, start: usize) -> Lexed {
    let bytes = text.as_bytes();
    let tag = start + 1;
    if at(bytes, tag).is_ascii_digit() {
        return Lexed::new(TokenKind::Parameter, skip(bytes, tag, |byte| byte.is_ascii_digit()));
    }
    let tag_end = skip(bytes, tag, |byte| starts_word(byte) || byte.is_ascii_digit());
    if at(bytes, tag_end) != b'$' {
        return Lexed::new(TokenKind::Symbol, tag);
    }
    let body = tag_end + 1;
    let delimiter = &text[start..body];
    let close = text[body..].find(delimiter);
    Lexed {
        kind: TokenKind::String,
        end: close.map_or(text.len(), |place| body + place + delimiter.len()),
        closed: close.is_some(),
    }
}

/// A run of operator characters ends where a comment begins. It does not end in `+` or `-` unless it holds a character
/// that standard SQL does not know in operators: `=-1` is `=` and `-1`, `@-` is one operator.
fn operator_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < bytes.len() && end - start < OPERATOR_BYTES_MAX && is_operator(bytes[end]) {
        if matches!((bytes[end], at(bytes, end + 1)), (b'-', b'-') | (b'/', b'*')) {
            break;
        }
        end += 1;
    }
    let free = bytes[start..end].iter().any(|byte| is_free_operator(*byte));
    while !free && end > start + 1 && matches!(bytes[end - 1], b'+' | b'-') {
        end -= 1;
    }
    end
}
