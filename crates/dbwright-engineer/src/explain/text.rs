//! Queries as people give them: several in a text, some with `EXPLAIN` before them already.

use dbwright_catalog::Engine;
use dbwright_sql::{Dialect, statements, tokens};

/// A query and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryText {
    /// The query, without `EXPLAIN` before it.
    pub sql: String,
    /// `queries.sql:3`; nothing where it stood on the command line.
    pub place: Option<String>,
}

/// The queries of a text. What a client would not send to the server is left out.
pub fn queries_in(engine: Engine, text: &str, file: Option<&str>) -> Vec<QueryText> {
    let found = statements(Dialect::client(engine), text).into_iter();
    let sent = found.filter(|statement| statement.not_sent.is_none());
    sent.map(|statement| QueryText {
        sql: bare(engine, &statement.text).to_owned(),
        place: file.map(|file| format!("{file}:{}", statement.line)),
    })
    .collect()
}

/// The query without `EXPLAIN`, its options, and the comments before it.
fn bare(engine: Engine, text: &str) -> &str {
    let mut words = tokens(engine, text).filter(|token| !token.is_space()).peekable();
    let Some(first) = words.peek().copied() else {
        return text;
    };
    if !first.is("explain") {
        return &text[first.span.range().start..];
    }
    words.next();
    if words.next_if(|word| word.is_symbol("(")).is_some() {
        for word in words.by_ref() {
            if word.is_symbol(")") {
                break;
            }
        }
    } else {
        let options = ["analyze", "verbose", "query", "plan", "extended", "partitions"];
        loop {
            if words.next_if(|word| word.is("format")).is_some() {
                // `FORMAT = JSON`
                words.next();
                words.next();
            } else if words
                .next_if(|word| options.iter().any(|option| word.is(option)))
                .is_none()
            {
                break;
            }
        }
    }
    words.next().map_or(text, |word| &text[word.span.range().start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explain_of_mysql_is_taken_off() {
        for text in [
            "EXPLAIN FORMAT=JSON DELETE FROM t",
            "EXPLAIN ANALYZE FORMAT = TREE DELETE FROM t",
            "explain extended DELETE FROM t",
        ] {
            assert_eq!(bare(Engine::MySql, text), "DELETE FROM t", "{text}");
        }
    }

    #[test]
    fn queries_are_taken_from_a_file_with_their_lines_and_without_explain() {
        let text = "-- name: GetOrder :one\nSELECT * FROM orders;\n\\timing\nEXPLAIN ANALYZE VERBOSE SELECT 2;\n\
                    EXPLAIN (ANALYZE, COSTS off)\nSELECT 3;";
        let found = queries_in(Engine::Postgres, text, Some("q.sql"));
        let told: Vec<(&str, &str)> = found
            .iter()
            .map(|query| (query.sql.as_str(), query.place.as_deref().unwrap()))
            .collect();
        assert_eq!(
            told,
            [
                ("SELECT * FROM orders", "q.sql:2"),
                ("SELECT 2", "q.sql:4"),
                ("SELECT 3", "q.sql:5")
            ]
        );
    }
}
