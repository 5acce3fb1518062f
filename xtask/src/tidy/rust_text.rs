//! Just enough reading of Rust to look for words in code: comments and literals blanked out, tests told apart.
//!
//! Not a parser. It knows comments, strings, characters and braces, and nothing else of the language.

use std::ops::Range;

/// The text of a Rust file, read for searching.
pub(super) struct RustText {
    /// The text with every comment and the inside of every literal replaced by spaces; same length, same lines.
    code: String,
    /// Which of it exists only when testing.
    tests: Tests,
}

/// What of a file exists only when testing.
enum Tests {
    Whole,
    Parts(Vec<Range<usize>>),
}

impl RustText {
    /// Reads a file. `path` tells whether it is a test as a whole.
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = blanked(text);
        let tests = if is_test_file(path) {
            Tests::Whole
        } else {
            Tests::Parts(test_modules(&code))
        };
        RustText { code, tests }
    }

    /// Where a path, word or piece of code stands, as byte positions. A word is not found inside a longer word.
    pub(super) fn find<'a>(&'a self, piece: &'a str) -> impl Iterator<Item = usize> + 'a {
        let is_word = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
        self.code.match_indices(piece).map(|(at, _)| at).filter(move |at| {
            let before = self.code[..*at].chars().next_back();
            let after = self.code[at + piece.len()..].chars().next();
            let starts_inside = is_word(piece.chars().next()) && is_word(before);
            let ends_inside = is_word(piece.chars().next_back()) && is_word(after);
            !starts_inside && !ends_inside
        })
    }

    /// Where a module of the standard library is used, written `std::fs` or `std::{fs, …}`.
    pub(super) fn find_std(&self, module: &str) -> Vec<usize> {
        let mut found: Vec<usize> = self.find(&format!("std::{module}")).collect();
        for at in self.find("std::{") {
            let start = at + "std::{".len();
            let group = &self.code[start..end_of_block(&self.code, start - 1)];
            let mut depth = 0;
            let mut word = String::new();
            for character in group.chars().chain([',']) {
                match character {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        if word.split("::").next() == Some(module) {
                            found.push(at);
                        }
                        word.clear();
                    }
                    _ if depth == 0 && !character.is_whitespace() => word.push(character),
                    _ => {}
                }
            }
        }
        found
    }

    /// The code before a position.
    pub(super) fn before(&self, at: usize) -> &str {
        &self.code[..at]
    }

    /// The code from a position on.
    pub(super) fn after(&self, at: usize) -> &str {
        &self.code[at..]
    }

    /// Whether a position exists only when testing.
    pub(super) fn is_test(&self, at: usize) -> bool {
        match &self.tests {
            Tests::Whole => true,
            Tests::Parts(parts) => parts.iter().any(|part| part.contains(&at)),
        }
    }

    /// Line of a position, counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }
}

fn is_test_file(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "tests" | "tests.rs" | "testing.rs" | "benches"))
}

/// The modules and items behind `#[cfg(test)]`.
fn test_modules(code: &str) -> Vec<Range<usize>> {
    let mark = "#[cfg(test)]";
    code.match_indices(mark)
        .map(|(at, _)| {
            let open = code[at + mark.len()..]
                .find(['{', ';'])
                .map_or(code.len(), |found| at + mark.len() + found);
            let end = if code[open..].starts_with('{') {
                end_of_block(code, open)
            } else {
                open
            };
            at..end
        })
        .collect()
}

/// Position of the brace that closes the one at `open`.
fn end_of_block(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// Replaces comments and the inside of literals by spaces, byte by byte.
fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = token_to_blank(bytes, at);
        match end {
            Some(end) => {
                for byte in &mut code[at..end] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
                at = end;
            }
            None => at += 1,
        }
    }
    // Whole tokens were replaced, so no character was cut in two.
    String::from_utf8(code).unwrap_or_default()
}

/// The end of the comment or literal that begins at a position, if one does.
fn token_to_blank(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return Some(at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()));
    }
    if rest.starts_with(b"/*") {
        return Some(end_of_comment(bytes, at));
    }
    match rest[0] {
        b'"' => Some(end_of_string(bytes, at)),
        b'r' if !inside_word(bytes, at) => end_of_raw_string(bytes, at),
        // `br"…"` and `cr"…"`: the `r` is inside a word, so the word's first letter stands for it.
        b'b' | b'c' if rest.get(1) == Some(&b'r') && !inside_word(bytes, at) => end_of_raw_string(bytes, at + 1),
        b'\'' => end_of_character(bytes, at),
        _ => None,
    }
}

fn inside_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn end_of_comment(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_raw_string(bytes: &[u8], start: usize) -> Option<usize> {
    let hashes = bytes[start + 1..].iter().take_while(|byte| **byte == b'#').count();
    let open = start + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.extend(std::iter::repeat_n(b'#', hashes));
    let inside = &bytes[open + 1..];
    let length = inside.windows(close.len()).position(|window| window == close);
    Some(length.map_or(bytes.len(), |length| open + 1 + length + close.len()))
}

/// A character literal; `None` for a lifetime.
fn end_of_character(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start + 1) == Some(&b'\\') {
        let close = bytes.get(start + 3..)?.iter().position(|byte| *byte == b'\'')?;
        return Some(start + 3 + close + 1);
    }
    // One character of one to four bytes, then the quote.
    let first = *bytes.get(start + 1)?;
    let length = match first {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    };
    (bytes.get(start + 1 + length) == Some(&b'\'')).then_some(start + length + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_with(text: &str, piece: &str) -> Vec<usize> {
        let text = RustText::new("src/lib.rs", text);
        text.find(piece).map(|at| text.line(at)).collect()
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        let text = concat!(
            "// word\n/* word /* word */ word */ word\n\"word \\\" word\" word\nr#\"word \" word\"# word\n",
            "br\"word\" word\n'\\'' word '\"' word\nlet x: &'a str = word;\n'é' word b'\\n' word \"\\\\\" word\n"
        );
        assert_eq!(lines_with(text, "word"), [2, 3, 4, 5, 6, 6, 7, 8, 8, 8]);
    }

    #[test]
    fn a_word_is_not_found_inside_another() {
        assert_eq!(lines_with("tokio_postgres::x\nmy_tokio\ntokio::spawn", "tokio"), [3]);
        assert_eq!(lines_with("x.unwrap_or()\nx.unwrap()", ".unwrap()"), [2]);
    }

    #[test]
    fn modules_of_the_standard_library_are_found_in_groups() {
        for (text, found) in [
            ("use std::fs::File;", 1),
            ("use std::{fs, io};", 1),
            ("use std::{io::{self, Read}, fs::File};", 1),
            ("use std::{fmt, io::{fs}};", 0),
            ("use std::fsx;", 0),
        ] {
            assert_eq!(RustText::new("src/lib.rs", text).find_std("fs").len(), found, "{text}");
        }
    }

    #[test]
    fn code_behind_cfg_test_is_a_test() {
        let text =
            "fn a() { word }\n#[cfg(test)]\nmod tests { fn b() { word } }\nfn c() { word }\n#[cfg(test)]\nmod t;\nword";
        let text = RustText::new("src/lib.rs", text);
        let found: Vec<bool> = text.find("word").map(|at| text.is_test(at)).collect();
        assert_eq!(found, [false, true, false, false]);
        let whole = RustText::new("crates/x/tests/it/main.rs", "word");
        assert!(whole.is_test(0));
    }
}
