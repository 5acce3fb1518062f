//! Parameters by name, and the functions of sqlc, as the server takes them.
//!
//! | written | PostgreSQL | MySQL, MariaDB | SQLite |
//! | --- | --- | --- | --- |
//! | `:name` | `$1`, the same for the same name | `?` | as it is |
//! | `@name` | `$1` | as it is, a variable | as it is |
//! | `?` | `$1`, where it is no operator | as it is | as it is |
//! | `sqlc.arg(name)`, `sqlc.narg`, `sqlc.slice` | `$1` | `?` | `?` |
//! | `sqlc.embed(t)` | `t.*` | `t.*` | `t.*` |

use dbwright_catalog::Engine;
use dbwright_sql::{Token, TokenKind, tokens};

/// The text with parameters that the server takes.
pub(super) fn for_server(engine: Engine, text: &str) -> String {
    let all: Vec<Token<'_>> = tokens(engine, text).collect();
    let numbered = all
        .iter()
        .filter_map(|token| token.text.strip_prefix('$')?.parse().ok());
    let mut names = Names {
        engine,
        first: numbered.max().unwrap_or(0_usize),
        known: Vec::new(),
    };
    let mut written = String::with_capacity(text.len());
    let mut at = 0;
    let mut brackets = 0_usize;
    while let Some(token) = all.get(at) {
        match token.text {
            "[" => brackets += 1,
            "]" => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        let rest = &all[at..];
        let found = of_sqlc(rest, &mut names).or_else(|| match engine {
            Engine::Sqlite => None,
            // In brackets it is the end of a slice.
            _ if brackets > 0 => None,
            Engine::MySql | Engine::MariaDb => named(&all, at, &[":"], &mut names),
            Engine::Postgres => {
                named(&all, at, &[":", "@"], &mut names).or_else(|| question_mark(&all, at, &mut names))
            }
        });
        let (part, length) = found.unwrap_or_else(|| (token.text.to_owned(), 1));
        written.push_str(&part);
        at += length;
    }
    written
}

/// Parameters that got a number so far.
struct Names {
    engine: Engine,
    /// The greatest number that the text itself has.
    first: usize,
    known: Vec<String>,
}

impl Names {
    fn parameter(&mut self, name: Option<&str>) -> String {
        if self.engine != Engine::Postgres {
            return "?".to_owned();
        }
        let name = name.unwrap_or_default();
        let known = self.known.iter().position(|known| known == name && !name.is_empty());
        let place = known.unwrap_or_else(|| {
            self.known.push(name.to_owned());
            self.known.len() - 1
        });
        format!("${}", self.first + place + 1)
    }
}

/// `:name` and `@name`: the sign with a word right behind it, as in no cast.
fn named(all: &[Token<'_>], at: usize, signs: &[&str], names: &mut Names) -> Option<(String, usize)> {
    let (sign, word) = (all[at], all.get(at + 1)?);
    // The second colon of a cast.
    let is_cast = at > 0 && all[at - 1].text == ":";
    let fits = !is_cast
        && signs.contains(&sign.text)
        && word.kind == TokenKind::Word
        && sign.span.end == word.span.start
        && word
            .text
            .starts_with(|first: char| first.is_alphabetic() || first == '_');
    fits.then(|| (names.parameter(Some(word.text)), 2))
}

/// `?` where a value is expected: behind an operator, an opening bracket, a comma, or a keyword.
fn question_mark(all: &[Token<'_>], at: usize, names: &mut Names) -> Option<(String, usize)> {
    const KEYWORDS: [&str; 16] = [
        "where", "and", "or", "not", "in", "like", "ilike", "between", "limit", "offset", "set", "values", "select",
        "then", "else", "when",
    ];
    if all[at].text != "?" {
        return None;
    }
    let before = all[..at].iter().rev().find(|token| !token.is_space())?;
    let expects = match before.kind {
        TokenKind::Operator => before.text != "?",
        TokenKind::Symbol => matches!(before.text, "(" | ","),
        TokenKind::Word => KEYWORDS.iter().any(|word| before.is(word)),
        _ => false,
    };
    expects.then(|| (names.parameter(None), 1))
}

/// `sqlc.arg(name)` and its like, with the name plain or in quotes.
fn of_sqlc(rest: &[Token<'_>], names: &mut Names) -> Option<(String, usize)> {
    let [sqlc, dot, function, open, name, close, ..] = rest else {
        return None;
    };
    if !sqlc.is("sqlc") || dot.text != "." || open.text != "(" || close.text != ")" {
        return None;
    }
    let name = name.value().or_else(|| name.name())?;
    match function.text.to_ascii_lowercase().as_str() {
        "arg" | "narg" | "slice" => Some((names.parameter(Some(&name)), 6)),
        "embed" => Some((format!("{name}.*"), 6)),
        _ => None,
    }
}
