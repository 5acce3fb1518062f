//! The lexical rules that MySQL and MariaDB share (<https://dev.mysql.com/doc/refman/9.0/en/language-structure.html>),
//! with their default `sql_mode`: `"…"` is a string and a backslash escapes.
//!
//! Not here yet: comments that hold code (`/*!80000 … */`) are one symbol, and what MariaDB alone knows is not known.

use super::scan::{at, block_comment, number, quoted_token, skip};
use super::{Lexed, TokenKind};

pub(super) fn next(text: &str, start: usize) -> Lexed {
    let bytes = text.as_bytes();
    let second = at(bytes, start + 1);
    match bytes[start] {
        byte if is_space(byte) => Lexed::new(TokenKind::Space, skip(bytes, start, is_space)),
        b'#' => line_comment(bytes, start),
        // `5--1` is five minus minus one.
        b'-' if second == b'-' && (start + 2 >= bytes.len() || bytes[start + 2] <= b' ') => line_comment(bytes, start),
        b'/' if second == b'*' => {
            let comment = block_comment(bytes, start, false);
            let holds_code = at(bytes, start + 2) == b'!' || bytes[start + 2..].starts_with(b"M!");
            let kind = if holds_code { TokenKind::Symbol } else { comment.kind };
            Lexed { kind, ..comment }
        }
        quote @ (b'\'' | b'"') => quoted_token(TokenKind::String, bytes, start, quote, true),
        b'`' => quoted_token(TokenKind::QuotedName, bytes, start, b'`', false),
        b'?' => Lexed::new(TokenKind::Parameter, start + 1),
        b'0'..=b'9' => Lexed::new(TokenKind::Number, number(bytes, start)),
        b'.' if second.is_ascii_digit() => Lexed::new(TokenKind::Number, number(bytes, start)),
        byte if continues_word(byte) => Lexed::new(TokenKind::Word, skip(bytes, start, continues_word)),
        b'+' | b'-' | b'*' | b'/' | b'%' | b'=' | b'<' | b'>' | b'!' | b'|' | b'&' | b'^' | b'~' => {
            Lexed::new(TokenKind::Operator, start + 1)
        }
        _ => Lexed::new(TokenKind::Symbol, start + 1),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn continues_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn line_comment(bytes: &[u8], start: usize) -> Lexed {
    Lexed::new(TokenKind::LineComment, skip(bytes, start, |byte| byte != b'\n'))
}
