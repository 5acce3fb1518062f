//! What the lexers of all engines need. Positions are byte positions; a position past the end is allowed everywhere.

use super::{Lexed, TokenKind};

/// The byte at a position, 0 past the end (which no lexer takes for anything).
pub(super) fn at(bytes: &[u8], position: usize) -> u8 {
    bytes.get(position).copied().unwrap_or(0)
}

/// The first position from `from` on whose byte does not belong.
pub(super) fn skip(bytes: &[u8], from: usize, belongs: impl Fn(u8) -> bool) -> usize {
    bytes[from..]
        .iter()
        .position(|byte| !belongs(*byte))
        .map_or(bytes.len(), |count| from + count)
}

/// The same, for a `from` that may lie past the end.
pub(super) fn skip_from(bytes: &[u8], from: usize, belongs: impl Fn(u8) -> bool) -> usize {
    skip(bytes, from.min(bytes.len()), belongs)
}

/// Where a quoted thing ends, seen from behind its opening quote. A doubled quote does not end it, nor does one behind
/// a backslash, where backslashes count.
pub(super) fn quoted(bytes: &[u8], from: usize, quote: u8, backslash: bool) -> (usize, bool) {
    let mut position = from;
    loop {
        position = skip_from(bytes, position, |byte| byte != quote && !(backslash && byte == b'\\'));
        if position >= bytes.len() {
            return (bytes.len(), false);
        }
        if bytes[position] == b'\\' && quote != b'\\' {
            // The escaped character may be of several bytes; those after its first are neither quote nor backslash.
            position += 2;
        } else if at(bytes, position + 1) == quote {
            position += 2;
        } else {
            return (position + 1, true);
        }
    }
}

/// A token in quotes that opens at `open`.
pub(super) fn quoted_token(kind: TokenKind, bytes: &[u8], open: usize, quote: u8, backslash: bool) -> Lexed {
    let (end, closed) = quoted(bytes, open + 1, quote, backslash);
    Lexed { kind, end, closed }
}

/// A comment `/* … */` that opens at `open`.
pub(super) fn block_comment(bytes: &[u8], open: usize, nested: bool) -> Lexed {
    let mut depth = 1_usize;
    let mut position = open + 2;
    while position < bytes.len() {
        position = skip(bytes, position, |byte| byte != b'*' && byte != b'/');
        match (at(bytes, position), at(bytes, position + 1)) {
            (b'*', b'/') => {
                depth -= 1;
                position += 2;
                if depth == 0 {
                    return Lexed::new(TokenKind::BlockComment, position);
                }
            }
            (b'/', b'*') if nested => {
                depth += 1;
                position += 2;
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

/// Where a number ends that begins at `start` with a digit, or with a dot before a digit.
pub(super) fn number(bytes: &[u8], start: usize) -> usize {
    let digit = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    if bytes[start] == b'0' && matches!(at(bytes, start + 1), b'x' | b'X' | b'o' | b'O' | b'b' | b'B') {
        let end = skip(bytes, start + 2, |byte| byte.is_ascii_hexdigit() || byte == b'_');
        if end > start + 2 {
            return end;
        }
    }
    let mut end = skip(bytes, start, digit);
    // `1..10` is a range in PL/pgSQL, not `1.` and `.10`.
    if at(bytes, end) == b'.' && at(bytes, end + 1) != b'.' {
        end = skip(bytes, end + 1, digit);
    }
    if matches!(at(bytes, end), b'e' | b'E') {
        let sign = usize::from(matches!(at(bytes, end + 1), b'+' | b'-'));
        if at(bytes, end + 1 + sign).is_ascii_digit() {
            end = skip(bytes, end + 1 + sign, digit);
        }
    }
    end
}
