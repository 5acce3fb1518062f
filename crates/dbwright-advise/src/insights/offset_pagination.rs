//! A page far down a list, for which all pages before it are read and thrown away.
//!
//! `OFFSET 10000` makes the server find ten thousand rows in order and drop them. Page 2 takes twice what page 1 takes, page 1000
//! a thousand times; and rows that come or go between two pages are shown twice or not at all.
//!
//! How it is found: the query ends in `OFFSET` with at least a thousand, and what stands below the limit in the plan is a good
//! part of the cost. Where the offset is a parameter: the list has at least ten thousand rows.
//!
//! ```sql setup postgres
//! CREATE TABLE post (id integer PRIMARY KEY, title text NOT NULL, at timestamptz NOT NULL);
//! INSERT INTO post SELECT n, 'post ' || n, timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 50000) n;
//! CREATE INDEX ON post (at, id);
//! ```
//!
//! ```sql told postgres
//! SELECT id, title FROM post ORDER BY at DESC, id DESC LIMIT 20 OFFSET 20000
//! ```
//!
//! ```sql silent postgres
//! SELECT id, title FROM post ORDER BY at DESC, id DESC LIMIT 20 OFFSET 40
//! ```
//!
//! ```sql setup sqlite
//! CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT NOT NULL, at TEXT NOT NULL);
//! WITH RECURSIVE g(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM g WHERE value < 50000)
//! INSERT INTO post SELECT value, 'post ' || value, datetime('2026-01-01', value || ' minutes') FROM g;
//! CREATE INDEX post_at ON post (at, id);
//! ```
//!
//! ```sql told sqlite
//! SELECT id, title FROM post ORDER BY at DESC, id DESC LIMIT 20 OFFSET 20000
//! ```
//!
//! ```sql told sqlite
//! SELECT id, title FROM post ORDER BY at DESC, id DESC LIMIT 20 OFFSET ?
//! ```
//!
//! ```sql silent sqlite
//! SELECT id, title FROM post ORDER BY at DESC, id DESC LIMIT 20 OFFSET 40
//! ```
//!
//! ```sql setup mysql mariadb
//! CREATE TABLE digit (n integer PRIMARY KEY);
//! INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
//! CREATE TABLE number (n integer PRIMARY KEY);
//! INSERT INTO number SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM digit a, digit b, digit c, digit d;
//! CREATE TABLE post (id integer PRIMARY KEY, title varchar(50) NOT NULL, at datetime NOT NULL, KEY post_at (at, id));
//! INSERT INTO post SELECT a.n * 5 + b.n, concat('post ', a.n), '2026-01-01' + INTERVAL a.n MINUTE FROM number a JOIN digit b ON b.n < 5;
//! ANALYZE TABLE post;
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT id, title FROM post ORDER BY at DESC, id DESC LIMIT 20 OFFSET 20000
//! ```
//!
//! ```sql told mysql mariadb
//! SELECT id, title FROM post ORDER BY at DESC, id DESC LIMIT 20000, 20
//! ```
//!
//! ```sql silent mysql mariadb
//! SELECT id, title FROM post ORDER BY at DESC, id DESC LIMIT 20 OFFSET 40
//! ```
//!
//! What to do: remember the last row of a page and ask for those behind it, with an index on the columns of `ORDER BY`, of which
//! the last should be unique. Pages can then be turned, not jumped to.
//!
//! See <https://www.postgresql.org/docs/current/queries-limit.html>,
//! <https://dev.mysql.com/doc/refman/9.4/en/limit-optimization.html>.

use std::ops::Range;

use dbwright_catalog::{ChangePurpose, Engine, Operation, PlanChangeKind, PlanFinding, Severity};
use dbwright_sql::TokenKind;

use crate::context::{Context, rows_told};
use crate::finding::change;
use crate::insight::Insight;
use crate::query::{Query, Select};

pub(crate) static INSIGHT: Insight = Insight {
    name: "offset-pagination",
    severity: Severity::Warning,
    engines: &[Engine::Postgres, Engine::MySql, Engine::MariaDb, Engine::Sqlite],
    source: include_str!("offset_pagination.rs"),
    look,
};

/// So many rows thrown away are not worth a word.
const SKIPPED_MIN: f64 = 1000.0;

/// A list in which somebody may turn to far pages.
const LIST_MIN: f64 = 10_000.0;

fn look(context: &Context<'_>, findings: &mut Vec<PlanFinding>) {
    let Some(query) = &context.query else { return };
    let Some(select) = query.outermost() else { return };
    let Some(offset) = &select.offset else { return };
    let Some((index, list)) = listed(context) else { return };
    let word = &query.words[offset.start.min(query.words.len() - 1)];
    let mut finding = match (word.kind, word.text.parse::<f64>()) {
        (TokenKind::Number, Ok(skipped))
            if skipped >= SKIPPED_MIN
                && (context.nodes[index].operation != Operation::Limit
                    || context.is_much(context.costs[index].inclusive)) =>
        {
            let mut finding = INSIGHT.finding(
                Some(index),
                format!(
                    "{} rows are read in order and thrown away before the first one is given",
                    rows_told(skipped)
                ),
            );
            finding
                .evidence
                .push(format!("The query says OFFSET {}.", query.source(offset)));
            finding
        }
        (TokenKind::Parameter, _) if list >= LIST_MIN => {
            let mut finding = INSIGHT.finding(
                Some(index),
                "The further the page, the more rows are read in order and thrown away".to_owned(),
            );
            finding.severity = Severity::Note;
            finding.evidence.push(format!(
                "The query says OFFSET {}, of a list of about {} rows.",
                query.source(offset),
                rows_told(list)
            ));
            finding
        }
        _ => return,
    };
    finding
        .advice
        .push("Remember the last row of a page, and ask for those behind it.".to_owned());
    if let Some(sql) = behind_the_last(context, query, &select, offset) {
        finding.change = Some(change(
            PlanChangeKind::Query,
            ChangePurpose::Cost,
            sql,
            &[
                "Its new parameters are the values of the last row of the page before.",
                "The last column of ORDER BY should be unique, and none of them NULL.",
            ],
        ));
    }
    findings.push(finding);
}

/// The step that gives the page, and how long the list is.
fn listed(context: &Context<'_>) -> Option<(usize, f64)> {
    if context.server.engine == Engine::Sqlite {
        // It has no step for a limit.
        return Some((0, context.plan.root.rows_at_most()));
    }
    let limit = context.nodes_of(&[Operation::Limit]).next();
    if limit.is_none() && context.is_mysql_family() {
        // MariaDB does not tell of a limit.
        return Some((0, context.plan.root.estimate.map_or(0.0, |estimate| estimate.rows)));
    }
    let (index, _) = limit?;
    let below = context.nodes.get(index + 1)?;
    Some((index, below.estimate.map_or(0.0, |estimate| estimate.rows)))
}

/// `a <= ? AND (a < ? OR (a = ? AND b < ?))`: what MySQL and MariaDB find by an index, which they do not for `(a, b) < (?, ?)`.
/// <https://dev.mysql.com/doc/refman/9.4/en/range-optimization.html#row-constructor-range-optimization>
fn behind_one_by_one(columns: &[&str], operator: &str) -> String {
    let Some((first, rest)) = columns.split_first() else {
        return String::new();
    };
    if rest.is_empty() {
        return format!("{first} {operator} ?");
    }
    let mut any = vec![format!("{first} {operator} ?")];
    for (index, column) in rest.iter().enumerate() {
        let before: Vec<String> = columns[..=index].iter().map(|column| format!("{column} = ?")).collect();
        any.push(format!("({} AND {column} {operator} ?)", before.join(" AND ")));
    }
    format!("{first} {operator}= ? AND ({})", any.join(" OR "))
}

/// The query for the rows behind the last one, where it sorts by plain columns, all in the same direction.
fn behind_the_last(context: &Context<'_>, query: &Query<'_>, select: &Select, offset: &Range<usize>) -> Option<String> {
    let order = select.order.as_ref()?;
    if select.distinct || select.group.is_some() || select.from.is_none() {
        return None;
    }
    let mut columns = Vec::new();
    let mut descends = Vec::new();
    for item in query.items(order) {
        let last = &query.words[item.end.checked_sub(1)?];
        let (name, descending) = match last.folded().as_deref() {
            Some("desc") => (item.start..item.end - 1, true),
            Some("asc") => (item.start..item.end - 1, false),
            _ => (item.clone(), false),
        };
        let is_column = !name.is_empty()
            && name
                .clone()
                .all(|index| query.words[index].name().is_some() || query.words[index].is_symbol("."));
        let is_plain =
            is_column && name.clone().filter(|index| !query.words[*index].is_symbol(".")).count() == name.len() / 2 + 1;
        if !is_plain {
            return None;
        }
        columns.push(query.source(&name));
        descends.push(descending);
    }
    let descending = *descends.first()?;
    if descends.iter().any(|other| *other != descending) {
        return None;
    }
    let parameters = query.words.iter().filter(|word| word.kind == TokenKind::Parameter);
    let highest: usize = parameters
        .filter_map(|word| word.text.strip_prefix('$')?.parse().ok())
        .max()
        .unwrap_or(0);
    let is_numbered = query
        .words
        .iter()
        .all(|word| word.kind != TokenKind::Parameter || word.text != "?");
    let operator = if descending { "<" } else { ">" };
    let behind = if context.is_mysql_family() {
        behind_one_by_one(&columns, operator)
    } else {
        let values: Vec<String> = (1..=columns.len())
            .map(|number| match context.server.engine {
                Engine::Postgres => format!("${}", highest + number),
                Engine::Sqlite if is_numbered => format!(":last_{number}"),
                Engine::MySql | Engine::MariaDb | Engine::Sqlite => "?".to_owned(),
            })
            .collect();
        let row = |items: &[String]| match items {
            [one] => one.clone(),
            several => format!("({})", several.join(", ")),
        };
        let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        format!("{} {operator} {}", row(&columns), row(&values))
    };
    // `OFFSET` goes with its word, and `LIMIT 20000, 20` with its comma.
    let gone = if query.stand_at(offset.end, &[","]) {
        offset.start..offset.end + 1
    } else {
        offset.start - 1..offset.end
    };
    let mut changes = if let Some(condition) = &select.condition {
        vec![
            (condition.start..condition.start, format!("{behind} AND (")),
            (condition.end..condition.end, ") ".to_owned()),
        ]
    } else {
        let end = select.from.as_ref()?.end;
        vec![(end..end, format!("WHERE {behind} "))]
    };
    changes.push((gone, String::new()));
    Some(query.replaced(&changes).trim_end().to_owned())
}
