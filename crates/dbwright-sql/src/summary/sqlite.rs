//! Summaries of SQLite's statements (<https://sqlite.org/lang.html>).

use super::reader::Reader;
use super::{Summary, TransactionControl};
use crate::lexer::TokenKind;

pub(super) fn summarise(mut reader: Reader<'_>) -> Summary {
    if calls_load_extension(reader.clone()) {
        return Summary::ReachesOutside("load_extension");
    }
    let start = reader.clone();
    match reader.word().as_str() {
        "explain" => Summary::Query,
        "begin" => Summary::Transaction(TransactionControl::Begin),
        "commit" | "end" => Summary::Transaction(TransactionControl::Commit),
        "rollback" => reader.rollback(),
        "savepoint" => reader.savepoint(),
        "release" => reader.release(),
        "pragma" => pragma(reader),
        "attach" => Summary::ReachesOutside("ATTACH"),
        "detach" => Summary::Session,
        "vacuum" => vacuum(reader),
        "analyze" | "reindex" => Summary::Maintenance,
        "create" => create(reader),
        "alter" | "drop" => Summary::Definition,
        _ => start.query_or_write(),
    }
}

/// Also inside triggers and views, where it would be called later. The name of a function may be quoted.
fn calls_load_extension(reader: Reader<'_>) -> bool {
    let mut is_name = false;
    for token in reader {
        if is_name && token.is_symbol("(") {
            return true;
        }
        is_name = match token.kind {
            TokenKind::Word => token.is("load_extension"),
            TokenKind::QuotedName => token
                .name()
                .is_some_and(|name| name.eq_ignore_ascii_case("load_extension")),
            TokenKind::Space
            | TokenKind::LineComment
            | TokenKind::BlockComment
            | TokenKind::String
            | TokenKind::Number
            | TokenKind::Parameter
            | TokenKind::Operator
            | TokenKind::Symbol
            | TokenKind::CodeMark => false,
        };
    }
    false
}

/// `[schema.]name`, `… = value` or `… (value)`; a value is a word, a string or a number with or without sign.
fn pragma(mut reader: Reader<'_>) -> Summary {
    let mut name = reader.name().unwrap_or_default();
    if reader.accept_symbol(".") {
        name = reader.name().unwrap_or_default();
    }
    let sets = reader
        .next()
        .is_some_and(|token| token.is_symbol("(") || token.text == "=");
    let value = sets.then(|| pragma_value(&mut reader)).flatten();
    Summary::Pragma {
        name: name.to_lowercase(),
        value: value.map(|value| value.to_lowercase()),
    }
}

fn pragma_value(reader: &mut Reader<'_>) -> Option<String> {
    let token = reader.next()?;
    match token.text {
        "-" => Some(format!("-{}", reader.next()?.text)),
        "+" => Some(reader.next()?.text.to_owned()),
        _ => token
            .name()
            .or_else(|| token.value())
            .or_else(|| Some(token.text.to_owned())),
    }
}

/// `VACUUM [schema] [INTO file]`.
fn vacuum(mut reader: Reader<'_>) -> Summary {
    if reader.find_outside(&["into"], &[]).is_some() {
        Summary::ReachesOutside("VACUUM INTO")
    } else {
        Summary::Maintenance
    }
}

fn create(mut reader: Reader<'_>) -> Summary {
    reader.accept("unique");
    if !reader.accept("index") {
        return Summary::Definition;
    }
    let if_not_exists = reader.accept_all(&["if", "not", "exists"]);
    let mut name = reader.name();
    if reader.accept_symbol(".") {
        name = reader.name();
    }
    Summary::CreateIndex {
        name,
        concurrently: false,
        if_not_exists,
    }
}
