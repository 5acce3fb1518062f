//! Values that a query was asked with once, put beside its parameters: the text with parameters and the one with values are gone
//! through together.

use dbwright_catalog::Engine;
use dbwright_sql::{Token, TokenKind};

use super::Finder;
use crate::query::Query;

/// The names and keywords of a query: those of one with parameters and of a sample of it are the same.
pub fn sample_key(engine: Engine, text: &str) -> String {
    let query = Query::new(engine, text);
    let finder = Finder { query: &query };
    let mut key = String::new();
    let mut at = 0;
    while at < query.words.len() {
        if let Some(place) = finder.placeholder(at) {
            at = place.end;
            continue;
        }
        if let Some(name) = query.words[at].name().filter(|_| !is_constant(&query.words[at])) {
            key.push_str(&name.to_lowercase());
            key.push(' ');
        }
        at += 1;
    }
    key
}

/// The values of the parameters of a query, in their order, where a sample is one of the same query. Of a list that is longer in the
/// sample the first values are taken, of one that is shorter they are taken again.
pub fn values_of_sample(engine: Engine, text: &str, sample: &str) -> Option<Vec<String>> {
    let (asked, sample) = (Query::new(engine, text), Query::new(engine, sample));
    let finder = Finder { query: &asked };
    let mut values = Vec::new();
    let (mut at, mut in_sample) = (0, 0);
    while at < asked.words.len() {
        // A list that the server has left out.
        if asked.stand_at(at, &[".", ".", "."]) {
            at += 3;
            value(&sample, &mut in_sample)?;
            while sample.stand_at(in_sample, &[","]) {
                in_sample += 1;
                value(&sample, &mut in_sample)?;
            }
            continue;
        }
        let Some(place) = finder.placeholder(at) else {
            if !is_same(&asked, at, &sample, &mut in_sample)? {
                return None;
            }
            at += 1;
            continue;
        };
        let first = value(&sample, &mut in_sample)?;
        let more = listed(&finder, &mut at, place.end);
        let mut all = vec![first];
        if more.is_in_list {
            while sample.stand_at(in_sample, &[","]) {
                in_sample += 1;
                all.push(value(&sample, &mut in_sample)?);
            }
        }
        values.extend(all.iter().cycle().take(more.count).cloned());
    }
    let is_whole = in_sample == sample.words.len() || sample.stand_at(in_sample, &[";"]);
    is_whole.then_some(values)
}

/// Parameters one after the other.
struct Listed {
    count: usize,
    /// Whether they are all that stands in brackets behind `IN`.
    is_in_list: bool,
}

/// Goes on behind a parameter, and behind all of a list of them.
fn listed(finder: &Finder<'_, '_>, at: &mut usize, end: usize) -> Listed {
    let query = finder.query;
    let opens = at
        .checked_sub(2)
        .is_some_and(|before| query.stand_at(before, &["in", "("]));
    let (mut count, mut behind) = (1, end);
    while opens && query.stand_at(behind, &[","]) {
        match finder.placeholder(behind + 1) {
            Some(next) => {
                count += 1;
                behind = next.end;
            }
            None => break,
        }
    }
    let is_in_list = opens && query.stand_at(behind, &[")"]);
    if !is_in_list {
        (count, behind) = (1, end);
    }
    *at = behind;
    Listed { count, is_in_list }
}

fn is_constant(word: &Token<'_>) -> bool {
    ["null", "true", "false"].iter().any(|constant| word.is(constant))
}

/// A literal of the sample.
fn value(sample: &Query<'_>, at: &mut usize) -> Option<String> {
    let start = *at;
    if matches!(sample.words.get(*at)?.text, "-" | "+") {
        *at += 1;
    }
    let word = sample.words.get(*at)?;
    if !is_constant(word) && !matches!(word.kind, TokenKind::Number | TokenKind::String) {
        return None;
    }
    *at += 1;
    Some(sample.source(&(start..*at)).to_owned())
}

/// Whether the next words are the same; literals may be others. Nothing where the sample is at its end.
fn is_same(asked: &Query<'_>, at: usize, sample: &Query<'_>, in_sample: &mut usize) -> Option<bool> {
    let word = &asked.words[at];
    let is_literal = matches!(word.kind, TokenKind::Number | TokenKind::String);
    if word.text == ";" && *in_sample == sample.words.len() {
        return Some(true);
    }
    let other = sample.words.get(*in_sample)?;
    if is_literal && matches!(other.kind, TokenKind::Number | TokenKind::String) {
        *in_sample += 1;
        return Some(true);
    }
    *in_sample += 1;
    Some(match (word.name(), other.name()) {
        (Some(one), Some(two)) => one.eq_ignore_ascii_case(&two),
        _ => word.text == other.text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, sample: &str) -> Option<Vec<String>> {
        values_of_sample(Engine::MySql, text, sample)
    }

    #[test]
    fn values_are_found_beside_their_parameters() {
        for (text, sample, wanted) in [
            (
                "SELECT * FROM `orders` WHERE `id` = ? AND state IN (?, ?, ?) LIMIT ?",
                "select * from orders where id = -7 and state in ('open', 'done') limit 20",
                &["-7", "'open'", "'done'", "'open'", "20"][..],
            ),
            (
                "SELECT 1 FROM t WHERE a IN (?)",
                "SELECT 1 FROM t WHERE a IN (1, 2, 3);",
                &["1"],
            ),
            (
                "SELECT 5 FROM t WHERE a <=> :a;",
                "SELECT 6 FROM t WHERE a <=> NULL",
                &["NULL"],
            ),
            (
                "SELECT a FROM t WHERE f(?, ?)",
                "SELECT a FROM t WHERE f('x', x'00')",
                &["'x'", "x'00'"],
            ),
        ] {
            assert_eq!(values(text, sample).unwrap(), wanted, "{text}");
            let key = |text| sample_key(Engine::MySql, text);
            assert_eq!(key(text), key(sample), "{text}");
        }
    }

    #[test]
    fn another_query_is_no_sample() {
        for (text, sample) in [
            ("SELECT a FROM t WHERE a = ?", "SELECT a FROM t WHERE b = 1"),
            ("SELECT a FROM t WHERE a = ?", "SELECT a FROM t WHERE a = 1 AND b = 2"),
            ("SELECT a FROM t WHERE a = ? AND b = 2", "SELECT a FROM t WHERE a = 1"),
            ("SELECT a FROM t WHERE a = ?", "SELECT a FROM t WHERE a = b"),
            ("SELECT a FROM t WHERE a = ?", "SELECT a FROM t WHERE a = ..."),
            ("SELECT a FROM t WHERE f(?, ?)", "SELECT a FROM t WHERE f('x')"),
        ] {
            assert_eq!(values(text, sample), None, "{sample}");
        }
    }
}
