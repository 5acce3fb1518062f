//! Rewrites of conditions that several insights propose, made in the query's own text.

use std::ops::Range;

use dbwright_catalog::Engine;
use dbwright_sql::TokenKind;

use crate::query::Query;

/// The query with a range of a column in place of `date(column) = value`, `column::date = value`,
/// `CAST(column AS date) = value` or `date_trunc('month', column) = value`; nothing where none of these stands there once.
pub(crate) fn as_range(query: &Query<'_>, column: &str, data_type: &str) -> Option<String> {
    let mut found = Vec::new();
    for at in 0..query.words.len() {
        found.extend(day(query, at, column).or_else(|| truncated(query, at, column)));
    }
    let [rounded] = found.as_slice() else { return None };
    let equals = rounded.place.end;
    if query.words.get(equals).is_none_or(|word| word.text != "=") {
        return None;
    }
    let value = value_at(query, equals + 1)?;
    let name = query.source(&rounded.column);
    let is_mysql_family = matches!(query.engine, Engine::MySql | Engine::MariaDb);
    let (from, to) = if is_mysql_family {
        // https://dev.mysql.com/doc/refman/9.4/en/cast-functions.html#function_cast: there is no type `timestamp`.
        let from = format!("CAST({} AS datetime)", query.source(&value));
        let to = format!("{from} + INTERVAL 1 {}", rounded.unit.to_uppercase());
        (from, to)
    } else {
        let from = format!("CAST({} AS {data_type})", query.source(&value));
        let to = format!("{from} + interval '1 {}'", rounded.unit);
        (from, to)
    };
    let range = format!("{name} >= {from} AND {name} < {to}");
    Some(query.replaced(&[(rounded.place.start..value.end, range)]))
}

/// A column that is rounded down to a day or a month.
struct Rounded {
    place: Range<usize>,
    column: Range<usize>,
    unit: String,
}

/// `date(column)`, `column::date`, `CAST(column AS date)`.
fn day(query: &Query<'_>, at: usize, column: &str) -> Option<Rounded> {
    let rounded = |place, column| {
        Some(Rounded {
            place,
            column,
            unit: "day".to_owned(),
        })
    };
    if query.stand_at(at, &["date", "("]) || query.stand_at(at, &["cast", "("]) {
        let inside = query.inside(at + 1)?;
        let name = column_at(query, inside.start, column)?;
        let is_cast = query.stand_at(at, &["cast"]);
        let rest = if is_cast { name.end + 2 } else { name.end };
        let fits = rest == inside.end && (!is_cast || query.stand_at(name.end, &["as", "date"]));
        return if fits { rounded(at..inside.end + 1, name) } else { None };
    }
    let behind_dot = at > 0 && query.words[at - 1].is_symbol(".");
    let name = column_at(query, at, column).filter(|_| !behind_dot)?;
    if query.stand_at(name.end, &[":", ":", "date"]) {
        return rounded(name.start..name.end + 3, name);
    }
    None
}

/// `date_trunc('month', column)`.
fn truncated(query: &Query<'_>, at: usize, column: &str) -> Option<Rounded> {
    if !query.stand_at(at, &["date_trunc", "("]) {
        return None;
    }
    let inside = query.inside(at + 1)?;
    let unit = query.words.get(inside.start)?.value()?.to_ascii_lowercase();
    let is_unit = ["second", "minute", "hour", "day", "week", "month", "year"].contains(&unit.as_str());
    let name = column_at(query, inside.start + 2, column)?;
    let fits = is_unit && query.stand_at(inside.start + 1, &[","]) && name.end == inside.end;
    fits.then_some(Rounded {
        place: at..inside.end + 1,
        column: name,
        unit,
    })
}

/// The name of the column here, with what qualifies it.
fn column_at(query: &Query<'_>, at: usize, column: &str) -> Option<Range<usize>> {
    let mut end = at + 1;
    while query.words.get(end).is_some_and(|word| word.is_symbol(".")) {
        end += 2;
    }
    let last = query.words.get(end - 1)?;
    (last.name().as_deref() == Some(column)).then_some(at..end)
}

/// A literal or parameter here, with a cast behind it or a type before it.
pub(crate) fn value_at(query: &Query<'_>, at: usize) -> Option<Range<usize>> {
    let is_value = |index: usize| {
        let kind = query.words.get(index).map(|word| word.kind);
        matches!(kind, Some(TokenKind::String | TokenKind::Number | TokenKind::Parameter))
    };
    let typed = ["date", "timestamp", "timestamptz"]
        .iter()
        .any(|word| query.stand_at(at, &[word]));
    let mut end = match (is_value(at), typed && is_value(at + 1)) {
        (true, _) => at + 1,
        (false, true) => at + 2,
        (false, false) => return None,
    };
    if query.stand_at(end, &[":", ":"]) {
        end += 3;
    }
    let ends = query
        .words
        .get(end)
        .is_none_or(|word| word.kind != TokenKind::Operator && !word.is_symbol(":"));
    (ends && end <= query.words.len()).then_some(at..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rounded_time_becomes_a_range() {
        let range = |text: &str| as_range(&Query::new(Engine::Postgres, text), "at", "timestamptz");
        let whole = "SELECT 1 FROM t WHERE t.at >= CAST($1 AS timestamptz) AND t.at < CAST($1 AS timestamptz) + interval '1 day' LIMIT 5";
        for text in [
            "SELECT 1 FROM t WHERE date(t.at) = $1 LIMIT 5",
            "SELECT 1 FROM t WHERE t.at::date = $1 LIMIT 5",
            "SELECT 1 FROM t WHERE CAST(t.at AS date) = $1 LIMIT 5",
            "SELECT 1 FROM t WHERE date_trunc('day', t.at) = $1 LIMIT 5",
        ] {
            assert_eq!(range(text).as_deref(), Some(whole), "{text}");
        }
        for text in [
            "SELECT 1 FROM t WHERE date(t.at) > $1",
            "SELECT 1 FROM t WHERE date(t.at) = date(t.at)",
            "SELECT 1 FROM t WHERE date(t.other) = $1",
            "SELECT 1 FROM t WHERE date(t.at) = $1 + 1",
        ] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}
