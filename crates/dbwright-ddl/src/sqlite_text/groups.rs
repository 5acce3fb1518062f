//! Brackets and commas in SQLite's stored `CREATE` texts.
//!
//! Only for texts that SQLite itself has accepted and kept in `sqlite_schema`. Splitting files into statements is the
//! business of `dbwright-sql`, whose tokens these are.

use dbwright_catalog::Engine;
use dbwright_sql::{Token, TokenKind};

/// The tokens of a text, without white space and comments.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let tokens = dbwright_sql::tokens(Engine::Sqlite, text);
    tokens.filter(|token| !token.is_space()).collect()
}

/// The identifier that a token stands for. SQLite takes strings as names where only a name can stand.
pub fn name(token: &Token<'_>) -> String {
    let name = token.name().or_else(|| token.value());
    name.unwrap_or_else(|| token.text.to_owned())
}

/// Whether it is this operator.
pub fn is_operator(token: &Token<'_>, operator: &str) -> bool {
    token.kind == TokenKind::Operator && token.text == operator
}

/// Index of the token after the bracket that closes the one at `open`.
pub fn after_group(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return index + 1;
            }
        }
    }
    tokens.len()
}

/// The tokens between the brackets that open at `open`, split at commas that stand in no further brackets.
pub fn items<'t, 'a>(tokens: &'t [Token<'a>], open: usize) -> Vec<&'t [Token<'a>]> {
    let close = after_group(tokens, open).saturating_sub(1);
    let mut items = Vec::new();
    let mut first = open + 1;
    let mut index = first;
    while index < close {
        if tokens[index].is_symbol("(") {
            index = after_group(tokens, index);
            continue;
        }
        if tokens[index].is_symbol(",") {
            items.push(&tokens[first..index]);
            first = index + 1;
        }
        index += 1;
    }
    if first < close {
        items.push(&tokens[first..close]);
    }
    items
}

/// The text from the first of these tokens to the last.
pub fn source<'a>(text: &'a str, tokens: &[Token<'_>]) -> &'a str {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => &text[first.span.start..last.span.end],
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_names_of_all_kinds_lose_their_quotes() {
        let text = "a \"b\"\"c\" [d e] -- no\n/* nor */ 'f''g' `h`";
        let names: Vec<_> = tokens(text).iter().map(name).collect();
        assert_eq!(names, ["a", "b\"c", "d e", "f'g", "h"]);
    }

    #[test]
    fn items_are_split_at_outer_commas_only() {
        let text = "t (a int, b numeric(1, 2), check (a in (1, 2)))";
        let tokens = tokens(text);
        let items: Vec<_> = items(&tokens, 1).into_iter().map(|item| source(text, item)).collect();
        assert_eq!(items, ["a int", "b numeric(1, 2)", "check (a in (1, 2))"]);
    }

    #[test]
    fn texts_that_end_too_early_do_no_harm() {
        for text in ["(", "'a", "[a", "/* a", "\"", "t (a, (b", "é(ü"] {
            let tokens = tokens(text);
            for index in 0..tokens.len() {
                items(&tokens, index);
            }
        }
    }
}
