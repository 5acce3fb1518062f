//! What can be told of queries and expressions without a grammar for them: which relations they name, which functions
//! they call.

use dbwright_catalog::Engine;

use super::parser::Parser;
use super::types::{CreateFromQuery, Name, QueryTarget};
use crate::dialect::Dialect;
use crate::lexer::{TokenKind, tokens_in};

/// Words that stand before a parenthesis without being a function.
const NO_FUNCTIONS: [&str; 28] = [
    "and", "or", "not", "in", "any", "all", "some", "exists", "values", "as", "over", "filter", "when", "then", "else",
    "case", "select", "from", "where", "array", "row", "using", "on", "is", "like", "between", "by", "check",
];

/// Types that may stand before a parenthesis, as in `varchar(20)` behind a cast.
const TYPES: [&str; 16] = [
    "varchar",
    "char",
    "character",
    "varying",
    "numeric",
    "decimal",
    "bit",
    "varbit",
    "timestamp",
    "timestamptz",
    "time",
    "timetz",
    "interval",
    "float",
    "bpchar",
    "precision",
];

/// The functions that an expression calls, by name, folded, without schema; with words that are called without
/// parentheses, as `current_timestamp`.
pub fn calls(expression: &str) -> Vec<Name> {
    let tokens: Vec<_> = tokens_in(Dialect::server(Engine::Postgres), expression)
        .filter(|token| !token.is_space())
        .collect();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let Some(name) = token.name() else { continue };
        let bare = token.kind == TokenKind::Word;
        let opens = tokens.get(index + 1).is_some_and(|next| next.is_symbol("("));
        let behind_dot = index > 0 && tokens[index - 1].is_symbol(".");
        let behind_cast = index > 0 && (tokens[index - 1].is_symbol(":") || tokens[index - 1].is("as"));
        let word_function = bare
            && !behind_dot
            && matches!(
                name.as_str(),
                "current_timestamp"
                    | "current_date"
                    | "current_time"
                    | "localtime"
                    | "localtimestamp"
                    | "current_user"
                    | "session_user"
                    | "current_role"
                    | "current_catalog"
                    | "current_schema"
                    | "user"
            );
        let is_call = opens
            && !behind_cast
            && !(bare && !behind_dot && (NO_FUNCTIONS.contains(&name.as_str()) || TYPES.contains(&name.as_str())));
        if is_call || word_function {
            let schema = (behind_dot && index > 1).then(|| tokens[index - 2].name()).flatten();
            found.push(Name { schema, name });
        }
    }
    found
}

/// The names and words that an expression holds, folded; those behind a dot as well.
pub fn mentions(expression: &str) -> Vec<String> {
    tokens_in(Dialect::server(Engine::Postgres), expression)
        .filter_map(|token| token.name())
        .collect()
}

/// Behind `CREATE [OR REPLACE] [TEMP] VIEW`, `CREATE MATERIALIZED VIEW [IF NOT EXISTS]`, `CREATE TABLE [IF NOT EXISTS]`,
/// at the name.
pub(super) fn create_from_query(parser: &mut Parser<'_>, target: QueryTarget) -> Option<CreateFromQuery> {
    let name = parser.name()?;
    let mut columns = if parser.is_symbol("(") {
        Some(parser.identifiers()?)
    } else {
        None
    };
    while !parser.accept("as") {
        parser.pass()?;
    }
    let start = parser.at;
    let mut created = CreateFromQuery {
        target,
        name,
        temporary: false,
        or_replace: false,
        if_not_exists: false,
        with_data: true,
        columns: None,
        query: String::new(),
        reads: Vec::new(),
    };
    let (reads, selected) = reads(parser);
    created.query = parser.since(start);
    let words: Vec<String> = mentions(&created.query);
    created.with_data = !words.ends_with(&["with".to_owned(), "no".to_owned(), "data".to_owned()]);
    if columns.is_none() {
        columns = selected;
    }
    created.columns = columns;
    created.reads = reads;
    Some(created)
}

/// Reads a query to its end: the relations it names, and the names of its columns where all of them can be told.
pub(super) fn reads(parser: &mut Parser<'_>) -> (Vec<Name>, Option<Vec<String>>) {
    let mut own = Vec::new();
    let mut found: Vec<Name> = Vec::new();
    let start = parser.at;
    let selected = selected_columns(parser);
    parser.at = start;
    // By depth of parentheses: whether the names in this list are relations.
    let mut in_from = vec![false];
    while let Some(token) = parser.next() {
        if token.is_symbol("(") {
            in_from.push(false);
        } else if token.is_symbol(")") {
            in_from.pop();
        } else if token.is("with")
            || token.is("recursive")
            || token.is_symbol(",") && !in_from.last().copied().unwrap_or(false)
        {
            let named = parser.peek().and_then(crate::lexer::Token::name);
            let mut ahead = 1;
            if parser.ahead(1).is_some_and(|next| next.is_symbol("(")) {
                while parser.ahead(ahead).is_some_and(|next| !next.is_symbol(")")) {
                    ahead += 1;
                }
                ahead += 1;
            }
            if let Some(named) = named
                && parser.ahead(ahead).is_some_and(|next| next.is("as"))
                && (parser.ahead(ahead + 1).is_some_and(|next| next.is_symbol("("))
                    || parser
                        .ahead(ahead + 1)
                        .is_some_and(|next| next.is("materialized") || next.is("not")))
            {
                own.push(named);
            }
        } else if token.is("from") || token.is("join") || token.is_symbol(",") {
            if token.is("from")
                && let Some(last) = in_from.last_mut()
            {
                *last = true;
            }
            let _ = parser.accept("lateral") || parser.accept("only");
            let before = parser.at;
            if parser.peek().is_some_and(|next| next.name().is_some())
                && !parser.is("select")
                && let Some(name) = parser.name()
            {
                if parser.is_symbol("(") {
                    // A function in FROM; `EXTRACT(x FROM y)` is no relation either, but then nothing opens.
                } else if name.schema.is_some() || !own.contains(&name.name) {
                    found.push(name);
                }
            } else {
                parser.at = before;
            }
        } else if [
            "where",
            "group",
            "order",
            "having",
            "limit",
            "union",
            "window",
            "returning",
        ]
        .iter()
        .any(|word| token.is(word))
            && let Some(last) = in_from.last_mut()
        {
            *last = false;
        }
    }
    found.sort();
    found.dedup();
    (found, selected)
}

/// The names of the columns of a plain `SELECT`: each item a column, or with `AS`.
fn selected_columns(parser: &mut Parser<'_>) -> Option<Vec<String>> {
    parser.expect("select")?;
    let mut names = Vec::new();
    loop {
        let start = parser.at;
        parser.expression(&["from"])?;
        let end = parser.at;
        parser.at = start;
        // The name behind AS, the last of a dotted name, the word behind an expression.
        let mut name = None;
        let mut items = 0;
        while parser.at < end {
            let token = *parser.peek()?;
            name = token.name();
            parser.pass()?;
            items += 1;
        }
        if name.is_none() || items == 0 {
            return None;
        }
        names.push(name?);
        if !parser.accept_symbol(",") {
            break;
        }
    }
    Some(names)
}
