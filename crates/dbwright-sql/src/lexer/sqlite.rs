//! SQLite's lexical rules, as its tokenizer has them (<https://sqlite.org/src/file/src/tokenize.c>).

use super::scan::{at, block_comment, number, quoted_token, skip};
use super::{Lexed, TokenKind};

pub(super) fn next(text: &str, start: usize) -> Lexed {
    let bytes = text.as_bytes();
    let second = at(bytes, start + 1);
    match bytes[start] {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0c => Lexed::new(TokenKind::Space, skip(bytes, start, is_space)),
        b'-' if second == b'-' => Lexed::new(TokenKind::LineComment, skip(bytes, start, |byte| byte != b'\n')),
        // Two operators where the text ends behind them.
        b'/' if second == b'*' && bytes.len() > start + 2 => block_comment(bytes, start, false),
        b'\'' => quoted_token(TokenKind::String, bytes, start, b'\'', false),
        b'x' | b'X' if second == b'\'' => quoted_token(TokenKind::String, bytes, start + 1, b'\'', false),
        quote @ (b'"' | b'`') => quoted_token(TokenKind::QuotedName, bytes, start, quote, false),
        b'[' => bracketed(bytes, start),
        b'?' => Lexed::new(
            TokenKind::Parameter,
            skip(bytes, start + 1, |byte| byte.is_ascii_digit()),
        ),
        b'$' | b'@' | b':' | b'#' => parameter(bytes, start),
        b'0'..=b'9' => number_and_rest(bytes, start),
        b'.' if second.is_ascii_digit() => number_and_rest(bytes, start),
        byte if starts_word(byte) => Lexed::new(TokenKind::Word, skip(bytes, start, continues_word)),
        b'-' | b'+' | b'*' | b'/' | b'%' | b'=' | b'<' | b'>' | b'!' | b'|' | b'&' | b'~' => {
            Lexed::new(TokenKind::Operator, operator_end(bytes, start))
        }
        _ => Lexed::new(TokenKind::Symbol, start + 1),
    }
}

/// A vertical tab goes on with white space but does not begin it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn continues_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

/// `[name]`, in which nothing can be escaped.
fn bracketed(bytes: &[u8], start: usize) -> Lexed {
    let close = skip(bytes, start, |byte| byte != b']');
    Lexed {
        kind: TokenKind::QuotedName,
        end: bytes.len().min(close + 1),
        closed: close < bytes.len(),
    }
}

/// Letters behind a number are no new word; SQLite refuses the whole.
fn number_and_rest(bytes: &[u8], start: usize) -> Lexed {
    let end = skip(bytes, number(bytes, start), continues_word);
    Lexed::new(TokenKind::Number, end)
}

/// `:name`, `@name`, `$name`, also in the forms that Tcl has: `$a::b(c)`.
fn parameter(bytes: &[u8], start: usize) -> Lexed {
    let mut end = start + 1;
    let mut letters = false;
    loop {
        match at(bytes, end) {
            byte if continues_word(byte) => {
                letters = true;
                end += 1;
            }
            b':' if at(bytes, end + 1) == b':' => end += 2,
            b'(' if letters => {
                end = skip(bytes, end, |byte| byte != b')' && !is_space(byte));
                end += usize::from(at(bytes, end) == b')');
                break;
            }
            _ => break,
        }
    }
    let kind = if letters {
        TokenKind::Parameter
    } else {
        TokenKind::Symbol
    };
    Lexed::new(kind, end)
}

fn operator_end(bytes: &[u8], start: usize) -> usize {
    let long = [
        &b"->>"[..],
        b"->",
        b"==",
        b"<=",
        b"<>",
        b"<<",
        b">=",
        b">>",
        b"!=",
        b"||",
    ];
    let known = long.iter().find(|operator| bytes[start..].starts_with(operator));
    start + known.map_or(1, |operator| operator.len())
}
