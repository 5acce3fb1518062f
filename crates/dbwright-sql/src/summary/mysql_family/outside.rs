//! What reaches outside the database by its mere name, wherever in a statement it stands.

use crate::lexer::TokenKind;
use crate::summary::reader::Reader;

/// Engines whose tables are files of other programs, or live on other servers.
const ENGINES: [(&str, &str); 6] = [
    ("connect", "ENGINE=CONNECT"),
    ("federated", "ENGINE=FEDERATED"),
    ("federatedx", "ENGINE=FEDERATED"),
    ("mroonga", "ENGINE=MROONGA"),
    ("s3", "ENGINE=S3"),
    ("spider", "ENGINE=SPIDER"),
];

/// What reaches files of the server's machine or other servers: calls of `LOAD_FILE`, `INTO OUTFILE`, `DATA
/// DIRECTORY`, some storage engines. Also in the bodies of routines, which would be called later.
pub(super) fn named_anywhere(reader: Reader<'_>) -> Option<&'static str> {
    let mut previous = "";
    let mut reader = reader;
    while let Some(token) = reader.next() {
        if token.kind == TokenKind::Word {
            let found = match token.text.len() {
                7 if token.is("outfile") && is(previous, "into") => string_follows(&reader, "SELECT … INTO OUTFILE"),
                8 if token.is("dumpfile") && is(previous, "into") => string_follows(&reader, "SELECT … INTO DUMPFILE"),
                9 if token.is("load_file") && previous != "." => follows(&reader, "(").then_some("LOAD_FILE"),
                9 if token.is("directory") && is(previous, "data") => string_follows(&reader, "DATA DIRECTORY"),
                9 if token.is("directory") && is(previous, "index") => string_follows(&reader, "INDEX DIRECTORY"),
                6 if token.is("engine") && previous != "." => foreign_engine(&reader),
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        previous = token.text;
    }
    None
}

fn is(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word)
}

fn follows(reader: &Reader<'_>, symbol: &str) -> bool {
    reader.peek().is_some_and(|token| token.is_symbol(symbol))
}

/// The name, if a string follows, maybe behind `=`.
fn string_follows(reader: &Reader<'_>, name: &'static str) -> Option<&'static str> {
    let mut ahead = reader.clone();
    ahead.accept_equals();
    ahead
        .next()
        .is_some_and(|token| token.kind == TokenKind::String)
        .then_some(name)
}

fn foreign_engine(reader: &Reader<'_>) -> Option<&'static str> {
    let mut ahead = reader.clone();
    ahead.accept_equals();
    let engine = ahead.name()?;
    ENGINES
        .iter()
        .find(|(known, _)| engine.eq_ignore_ascii_case(known))
        .map(|(_, name)| *name)
}
