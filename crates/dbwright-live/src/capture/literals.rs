//! Queries without the values that stand in them.

use dbwright_catalog::Engine;
use dbwright_sql::{TokenKind, tokens};

/// The query with a parameter in place of every literal, and without comments, which may hold values as well.
///
/// Servers normalise most queries by themselves, but not utility statements (`ALTER ROLE … PASSWORD 'x'`), and not what was
/// forgotten and kept again while it ran.
pub(super) fn without(engine: Engine, sql: &str) -> String {
    let highest = tokens(engine, sql)
        .filter(|token| token.kind == TokenKind::Parameter)
        .filter_map(|token| token.text.strip_prefix('$')?.parse::<u32>().ok())
        .max();
    let mut next = highest.unwrap_or(0);
    let mut text = String::with_capacity(sql.len());
    for token in tokens(engine, sql) {
        match token.kind {
            // What never closes may hold the rest of a value.
            _ if !token.closed => text.push('…'),
            TokenKind::LineComment | TokenKind::BlockComment => text.push(' '),
            TokenKind::String | TokenKind::Number => {
                if engine == Engine::Postgres {
                    next = next.saturating_add(1);
                    text.push('$');
                    text.push_str(&next.to_string());
                } else {
                    text.push('?');
                }
            }
            TokenKind::Space
            | TokenKind::Word
            | TokenKind::QuotedName
            | TokenKind::Parameter
            | TokenKind::Operator
            | TokenKind::Symbol
            | TokenKind::CodeMark => text.push_str(token.text),
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_become_parameters_and_comments_go() {
        for (sql, without_literals) in [
            (
                "SELECT * FROM t WHERE a = $1 AND b = 'x' -- y",
                "SELECT * FROM t WHERE a = $1 AND b = $2",
            ),
            ("ALTER ROLE r PASSWORD 'secret'", "ALTER ROLE r PASSWORD $1"),
            ("DO $do$ BEGIN PERFORM 'secret'; END $do$", "DO $1"),
            ("SELECT /* user 7 */ E'a\\'b', 1.5e3, U&'\\0041'", "SELECT   $1, $2, $3"),
            ("SELECT 'it''s", "SELECT …"),
            ("SELECT \"Name\" FROM t LIMIT 5", "SELECT \"Name\" FROM t LIMIT $1"),
        ] {
            assert_eq!(without(Engine::Postgres, sql), without_literals);
        }
    }
}
