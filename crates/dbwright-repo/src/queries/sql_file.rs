//! A file of queries in SQL: one statement or several, with names in comments where there are some.
//!
//! `-- name: GetUser :one` as sqlc, aiosql and dotsql write it, `-- :name get-user :? :1` of HugSQL.

use std::path::Path;

use dbwright_catalog::{Engine, Query, QueryOrigin};
use dbwright_sql::{Dialect, TokenKind, statements, tokens};

use super::parameters;

/// Words that queries begin with; other statements of such files set something up.
const BEGINNINGS: [&str; 11] = [
    "select", "insert", "update", "delete", "with", "values", "replace", "merge", "table", "call", "(",
];

/// The queries in the text of a file.
pub(super) fn queries(path: &Path, text: &str, engine: Engine) -> Vec<Query> {
    let mut queries = Vec::new();
    let mut end = 0;
    let all = statements(Dialect::client(engine), text);
    let alone = all.iter().filter(|statement| statement.not_sent.is_none()).count() == 1;
    for statement in all {
        let before = text.get(end..statement.span.start).unwrap_or_default();
        end = statement.span.end;
        if statement.not_sent.is_some() || !is_query(engine, &statement.text) {
            continue;
        }
        let of_file = || path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        queries.push(Query {
            name: name_in(before).or_else(|| if alone { of_file() } else { None }),
            origin: QueryOrigin::File {
                path: path.to_owned(),
                line: statement.line,
            },
            text: parameters::for_server(engine, &statement.text),
            load: None,
        });
    }
    queries
}

fn is_query(engine: Engine, text: &str) -> bool {
    let first = tokens(engine, text).find(|token| !token.is_space() && token.kind != TokenKind::CodeMark);
    first.is_some_and(|token| BEGINNINGS.iter().any(|word| token.text.eq_ignore_ascii_case(word)))
}

/// The name in the last comment that gives one.
fn name_in(comments: &str) -> Option<String> {
    let name = |line: &str| {
        let inner = line.trim().trim_start_matches(['-', '/', '*', '#']).trim_start();
        let rest = inner.strip_prefix("name:").or_else(|| inner.strip_prefix(":name "))?;
        let word = rest.split_whitespace().next()?;
        // aiosql marks behind the name what a query gives.
        let word = word.trim_end_matches(['^', '$', '!', '<', '>', '*', '#', '+']);
        (!word.is_empty()).then(|| word.to_owned())
    };
    comments.lines().rev().find_map(name)
}
