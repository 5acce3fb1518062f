//! Queries as servers keep them in their statistics, made into texts that can be prepared: a server that puts a parameter in place
//! of each literal does not ask whether one may stand there.
//!
//! | kept | asked |
//! | --- | --- |
//! | `SELECT date_trunc($1, at) … GROUP BY date_trunc($2, at)`: two parameters are two expressions | `GROUP BY 1` |
//! | `SELECT a, count(*) … GROUP BY $1`: no position any more | `GROUP BY 1`, where each item of the list that may be meant is |
//! | `interval $1`, `extract($1 FROM at)` (PostgreSQL) | `$1::interval`, `date_part($1, at)` |
//! | `COUNT ( * )`, `` `DATE_FORMAT` ( at, ? ) `` (MySQL, MariaDB): with space or quotes it is no function of theirs | `COUNT( * )`, `DATE_FORMAT( at, ? )` |
//! | `IN (...)` (MySQL, MariaDB) | `IN (?, ?, ?)` |
//! | `(a, b) VALUES (...)` (MySQL, MariaDB) | `(a, b) VALUES (?, ?)` |

use std::ops::Range;

use dbwright_catalog::Engine;
use dbwright_sql::TokenKind;

use crate::query::{Query, Select};

/// Types whose name may stand before a literal. Those of several words end in the same ones.
const LITERAL_TYPES: [&str; 6] = ["interval", "timestamp", "timestamptz", "date", "time", "timetz"];

/// Stands for a list that the server has left out.
const LIST: &str = "?, ?, ?";

/// A change of the text: words, and what stands there instead.
type Edit = (Range<usize>, String);

/// The text of a query that a server has kept, as it can be prepared.
pub fn preparable(engine: Engine, text: &str) -> String {
    match engine {
        Engine::Postgres => typed(&positioned(engine, text)),
        Engine::MySql | Engine::MariaDb => positioned(engine, &called(engine, text)),
        Engine::Sqlite => text.to_owned(),
    }
}

/// PostgreSQL: parameters where only literals may stand.
fn typed(text: &str) -> String {
    let query = Query::new(Engine::Postgres, text);
    let mut edits: Vec<Edit> = Vec::new();
    for (at, word) in query.words.iter().enumerate() {
        if word.kind != TokenKind::Parameter {
            continue;
        }
        if let Some((start, name)) = type_before(&query, at) {
            edits.push((start..at + 1, format!("{}::{name}", word.text)));
        }
        if at >= 2 && query.stand_at(at - 2, &["extract", "("]) && query.stand_at(at + 1, &["from"]) {
            edits.push((at - 2..at + 2, format!("date_part({},", word.text)));
        }
    }
    query.replaced(&edits)
}

/// The type whose name stands before a parameter, and where it begins.
fn type_before(query: &Query<'_>, at: usize) -> Option<(usize, String)> {
    for suffix in [&["with", "time", "zone"][..], &["without", "time", "zone"][..], &[][..]] {
        let Some(start) = at.checked_sub(suffix.len() + 1) else {
            continue;
        };
        let is_type = LITERAL_TYPES.iter().any(|name| query.words[start].is(name));
        // `CAST (at AS date) $1` and a column of that name are none.
        let is_behind_as = start > 0 && query.words[start - 1].is("as");
        if is_type && !is_behind_as && query.stand_at(start + 1, suffix) {
            return Some((start, query.source(&(start..at)).to_owned()));
        }
    }
    None
}

/// MySQL and MariaDB: functions without space before their brackets, and lists that were left out.
fn called(engine: Engine, text: &str) -> String {
    let query = Query::new(engine, text);
    let mut edits: Vec<Edit> = Vec::new();
    for at in 1..query.words.len() {
        if !query.words[at].is_symbol("(") {
            continue;
        }
        let word = &query.words[at - 1];
        let is_apart = word.span.range().end < query.words[at].span.range().start;
        let name = match word.kind {
            TokenKind::Word => Some(word.text.to_owned()),
            // A function that is no keyword.
            TokenKind::QuotedName if !names_columns(&query, at - 1) => word.name().filter(|name| is_plain(name)),
            _ => None,
        };
        edits.extend(
            name.filter(|_| is_apart)
                .map(|name| (at - 1..at + 1, format!("{name}("))),
        );
        let Some(inside) = query.inside(at).filter(|inside| query.source(inside) == "...") else {
            continue;
        };
        if word.is("in") {
            edits.push((inside, LIST.to_owned()));
        } else if let Some(columns) = inserted_columns(&query).filter(|_| word.is("values")) {
            edits.push((inside, vec!["?"; columns].join(", ")));
        }
    }
    query.replaced(&edits)
}

/// How many columns an `INSERT` names.
fn inserted_columns(query: &Query<'_>) -> Option<usize> {
    let values = (0..query.words.len()).find(|at| query.words[*at].is("values"))?;
    let open = (0..values).find(|at| query.words[*at].is_symbol("("))?;
    let columns = query.inside(open).filter(|columns| columns.end + 1 == values)?;
    Some(query.items(&columns).len())
}

/// Whether what stands in brackets behind a name are columns of it, and no arguments.
fn names_columns(query: &Query<'_>, name: usize) -> bool {
    let before = name.checked_sub(1).map(|before| &query.words[before]);
    let heads = [
        "into",
        "table",
        "on",
        "with",
        "recursive",
        "references",
        "key",
        "index",
        "as",
        "join",
        "update",
    ];
    before.is_none_or(|before| before.is_symbol(".") || heads.iter().any(|head| before.is(head)))
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What groups and sorts by an expression of the list does so by its position.
fn positioned(engine: Engine, text: &str) -> String {
    let query = Query::new(engine, text);
    let mut edits: Vec<Edit> = Vec::new();
    for select in query.selects() {
        let list = query.items(&select.list);
        let has_star = list
            .iter()
            .any(|item| query.source(item).ends_with('*') && item.len() <= 3);
        if has_star {
            continue;
        }
        if let Some(group) = &select.group {
            let items = query.items(group);
            let by_numbers = numbers(&query, &select, &list, &items);
            edits.extend(by_numbers.unwrap_or_else(|| same(&query, &list, &items)));
        }
        if let Some(order) = &select.order {
            edits.extend(same(&query, &list, &query.items(order)));
        }
    }
    edits.sort_by_key(|(words, _)| words.start);
    query.replaced(&edits)
}

/// Items that are the same as one of the list, but for their parameters.
fn same(query: &Query<'_>, list: &[Range<usize>], items: &[Range<usize>]) -> Vec<Edit> {
    let edit = |item: &Range<usize>| {
        let item = without_order(query, item);
        let has_parameter = |item: &Range<usize>| item.clone().any(|at| query.words[at].kind == TokenKind::Parameter);
        let is_it = |other: &Range<usize>| {
            let other = without_alias(query, other);
            let mut pairs = other.clone().zip(item.clone());
            other.len() == item.len()
                && pairs.all(|(one, two)| is_same(query, one, two))
                && (has_parameter(&other) || has_parameter(&item))
        };
        let position = list.iter().position(is_it).filter(|_| item.len() > 1)?;
        Some((item, (position + 1).to_string()))
    };
    items.iter().filter_map(edit).collect()
}

/// Positions for `GROUP BY $1, $2`, where there are as many items in the list that can be grouped by.
fn numbers(query: &Query<'_>, select: &Select, list: &[Range<usize>], items: &[Range<usize>]) -> Option<Vec<Edit>> {
    let is_number = |item: &Range<usize>| item.len() == 1 && query.words[item.start].kind == TokenKind::Parameter;
    let single = |item: &Range<usize>| Select {
        list: item.clone(),
        ..select.clone()
    };
    let free: Vec<usize> = (0..list.len())
        .filter(|at| !query.is_aggregated(&single(&list[*at])))
        .collect();
    if !items.iter().all(is_number) || free.len() != items.len() {
        return None;
    }
    let edits = items.iter().zip(free);
    Some(edits.map(|(item, at)| (item.clone(), (at + 1).to_string())).collect())
}

/// Whether two words stand for the same. A parameter may stand for any: of some places a server keeps what stood there
/// (`GROUP BY extract(year FROM at)`).
fn is_same(query: &Query<'_>, one: usize, two: usize) -> bool {
    let (one, two) = (&query.words[one], &query.words[two]);
    let is_parameter = one.kind == TokenKind::Parameter || two.kind == TokenKind::Parameter;
    is_parameter || one.text.eq_ignore_ascii_case(two.text)
}

fn without_alias(query: &Query<'_>, item: &Range<usize>) -> Range<usize> {
    let is_named = item.len() > 2 && query.words[item.end - 2].is("as");
    item.start..if is_named { item.end - 2 } else { item.end }
}

fn without_order(query: &Query<'_>, item: &Range<usize>) -> Range<usize> {
    let depth = query.depths[item.start];
    let is_order = |at: &usize| {
        let word = &query.words[*at];
        query.depths[*at] <= depth && (word.is("asc") || word.is("desc") || word.is("nulls"))
    };
    let end = (item.start + 1..item.end).find(is_order);
    item.start..end.unwrap_or(item.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postgres_keeps_can_be_prepared() {
        for (kept, asked) in [
            (
                "SELECT date_trunc($1, at) AS day, count(*) FROM o GROUP BY date_trunc($2, at) ORDER BY date_trunc($3, at) DESC NULLS LAST",
                "SELECT date_trunc($1, at) AS day, count(*) FROM o GROUP BY 1 ORDER BY 1 DESC NULLS LAST",
            ),
            (
                "SELECT a, count(*), b FROM o WHERE x > $1 GROUP BY $2, $3 ORDER BY $4",
                "SELECT a, count(*), b FROM o WHERE x > $1 GROUP BY 1, 3 ORDER BY $4",
            ),
            (
                "SELECT a, b, count(*) FROM o GROUP BY $1",
                "SELECT a, b, count(*) FROM o GROUP BY $1",
            ),
            (
                "SELECT 1 FROM o WHERE at > now() - interval $1 AND d < timestamp with time zone $2 AND date = $3",
                "SELECT 1 FROM o WHERE at > now() - $1::interval AND d < $2::timestamp with time zone AND date = $3",
            ),
            (
                "SELECT extract($1 from o.at), sum(x), f(a, $2) FROM o GROUP BY extract(year FROM o.at), f(a, $3)",
                "SELECT date_part($1, o.at), sum(x), f(a, $2) FROM o GROUP BY 1, 3",
            ),
            (
                "SELECT * FROM (SELECT c % $1 AS k FROM o GROUP BY c % $2) x WHERE k = $3",
                "SELECT * FROM (SELECT c % $1 AS k FROM o GROUP BY 1) x WHERE k = $3",
            ),
            (
                "SELECT *, f($1) FROM o ORDER BY f($2)",
                "SELECT *, f($1) FROM o ORDER BY f($2)",
            ),
        ] {
            assert_eq!(preparable(Engine::Postgres, kept), asked);
        }
    }

    #[test]
    fn what_mysql_keeps_can_be_prepared() {
        for (kept, asked) in [
            (
                "SELECT COUNT ( * ) , `a` . `b` FROM `t` `a` WHERE `a` . `c` IN (...) AND `d` = ?",
                "SELECT COUNT( * ) , `a` . `b` FROM `t` `a` WHERE `a` . `c` IN(?, ?, ?) AND `d` = ?",
            ),
            (
                "SELECT DATE_FORMAT ( `at` , ? ) , SUM ( `x` ) FROM `t` GROUP BY DATE_FORMAT ( `at` , ? )",
                "SELECT DATE_FORMAT( `at` , ? ) , SUM( `x` ) FROM `t` GROUP BY 1",
            ),
            (
                "SELECT `a` , COUNT ( ? ) FROM `t` GROUP BY ?",
                "SELECT `a` , COUNT( ? ) FROM `t` GROUP BY 1",
            ),
            (
                "INSERT INTO `t` ( `a` , `b` ) VALUES (...)",
                "INSERT INTO `t` ( `a` , `b` ) VALUES(?, ?)",
            ),
            ("INSERT INTO `t` VALUES (...)", "INSERT INTO `t` VALUES(...)"),
            (
                "SELECT `DATE_FORMAT` ( `at` , ? ) FROM `t`",
                "SELECT DATE_FORMAT( `at` , ? ) FROM `t`",
            ),
        ] {
            assert_eq!(preparable(Engine::MySql, kept), asked);
        }
    }
}
