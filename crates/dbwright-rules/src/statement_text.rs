//! The few questions about a statement's words that its effect can't answer.

use dbwright_catalog::Engine;
use dbwright_sql::{Token, TokenKind, tokens};

use crate::context::Context;

/// The words of a statement in lower case, without comments, strings and quoted names.
pub(crate) fn words(engine: Engine, text: &str) -> Vec<String> {
    tokens(engine, text).filter_map(|token| token.folded()).collect()
}

/// Whether the judged statement begins with these words.
pub(crate) fn begins_with(context: &Context<'_>, wanted: &[&str]) -> bool {
    words(context.history.engine, &context.statement.text)
        .iter()
        .map(String::as_str)
        .take(wanted.len())
        .eq(wanted.iter().copied())
}

/// Whether the judged statement has this word outside strings and quoted names.
pub(crate) fn has_word(context: &Context<'_>, word: &str) -> bool {
    tokens(context.history.engine, &context.statement.text).any(|token| token.is(word))
}

/// Whether the judged statement has this word outside all parentheses, so that it belongs to the statement itself.
pub(crate) fn has_outer_word(context: &Context<'_>, word: &str) -> bool {
    let mut depth = 0_usize;
    tokens(context.history.engine, &context.statement.text).any(|token| {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is(word)
    })
}

/// Whether a text names something: as a word or as a quoted name, letters compared as the engine does.
pub(crate) fn names(engine: Engine, text: &str, name: &str) -> bool {
    tokens(engine, text).any(|token| is_named(&token, name))
}

fn is_named(token: &Token<'_>, name: &str) -> bool {
    match token.kind {
        TokenKind::Word => token.text.eq_ignore_ascii_case(name),
        TokenKind::QuotedName => token.name().is_some_and(|quoted| quoted == name),
        TokenKind::Space
        | TokenKind::LineComment
        | TokenKind::BlockComment
        | TokenKind::String
        | TokenKind::Number
        | TokenKind::Parameter
        | TokenKind::Operator
        | TokenKind::Symbol
        | TokenKind::CodeMark => false,
    }
}
