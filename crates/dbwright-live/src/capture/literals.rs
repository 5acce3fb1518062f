//! Queries without the values that stand in them.

use dbwright_catalog::Engine;
use dbwright_sql::{Token, TokenKind, tokens};

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
    let mut positions = Positions::default();
    for token in tokens(engine, sql) {
        let is_position = positions.take(&token);
        match token.kind {
            TokenKind::Number if is_position => text.push_str(token.text),
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

/// Where an item of `GROUP BY` or `ORDER BY` begins: a number that stands there is a position in the list and no value.
#[derive(Default)]
struct Positions {
    depth: usize,
    /// How deep the lists are that are open.
    lists: Vec<usize>,
    /// Whether the last word was `GROUP` or `ORDER`.
    before_by: bool,
    /// Whether an item begins with the next word.
    begins: bool,
}

impl Positions {
    /// Takes the next token; whether it is a position.
    fn take(&mut self, token: &Token<'_>) -> bool {
        if token.is_space() {
            return false;
        }
        let begins = std::mem::take(&mut self.begins);
        let before_by = std::mem::replace(&mut self.before_by, token.is("group") || token.is("order"));
        if token.is_symbol("(") {
            self.depth += 1;
        } else if token.is_symbol(")") {
            self.depth = self.depth.saturating_sub(1);
            self.lists.retain(|depth| *depth <= self.depth);
        } else if before_by && token.is("by") {
            self.lists.push(self.depth);
            self.begins = true;
        } else if token.is_symbol(",") {
            self.begins = self.lists.last() == Some(&self.depth);
        } else if ["having", "limit", "offset", "fetch", "window", "union", "select", "for"]
            .iter()
            .any(|word| token.is(word))
        {
            self.lists.retain(|depth| *depth < self.depth);
        }
        begins && token.text.bytes().all(|byte| byte.is_ascii_digit())
    }
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
            (
                "SELECT a, f(b, 7), 8 FROM t GROUP BY 1, (2, 3), 2 HAVING f(4, 5) ORDER BY 1 DESC, 2 LIMIT 5, 6",
                "SELECT a, f(b, $1), $2 FROM t GROUP BY 1, ($3, $4), 2 HAVING f($5, $6) ORDER BY 1 DESC, 2 LIMIT $7, $8",
            ),
            ("SELECT 'it''s", "SELECT …"),
            ("SELECT \"Name\" FROM t LIMIT 5", "SELECT \"Name\" FROM t LIMIT $1"),
        ] {
            assert_eq!(without(Engine::Postgres, sql), without_literals);
        }
    }
}
