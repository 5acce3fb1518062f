//! The first words of a statement, and definitions of what is no table.

use super::alter::items;
use super::column::data_type;
use super::parser::Parser;
use super::table::{create_table, index, index_kind};
use super::types::{MySqlFamilyStatement, TypeText};

/// Takes a statement apart; nothing for what is not known.
pub(super) fn statement(parser: &mut Parser<'_>) -> Option<MySqlFamilyStatement> {
    match parser.reader.word().as_str() {
        "create" => create(parser),
        "alter" => alter(parser),
        "drop" => drop_object(parser),
        "rename" if parser.accept_any(&["table", "tables"]) => {
            parser.if_exists();
            let mut pairs = Vec::new();
            loop {
                let from = parser.table_name()?;
                wait(parser);
                parser.accept("to").then_some(())?;
                pairs.push((from, parser.table_name()?));
                if !parser.accept_symbol(",") {
                    return Some(MySqlFamilyStatement::RenameTables(pairs));
                }
            }
        }
        "truncate" => {
            parser.accept("table");
            Some(MySqlFamilyStatement::TruncateTable(parser.table_name()?))
        }
        "update" => {
            while parser.accept_any(&["low_priority", "ignore"]) {}
            let table = parser.table_name()?;
            if !parser.at("set") {
                return None;
            }
            Some(write_rows(parser, table))
        }
        "delete" => {
            while parser.accept_any(&["low_priority", "quick", "ignore"]) {}
            parser.accept("from").then_some(())?;
            let table = parser.table_name()?;
            if !parser.at_end() && !["where", "order", "limit"].iter().any(|word| parser.at(word)) {
                return None;
            }
            Some(write_rows(parser, table))
        }
        _ => None,
    }
}

fn write_rows(parser: &Parser<'_>, table: crate::summary::TableName) -> MySqlFamilyStatement {
    let mut reader = parser.reader.clone();
    let filtered = reader.find_outside(&["where", "limit"], &[]).is_some();
    MySqlFamilyStatement::WriteRows { table, filtered }
}

/// `WAIT n`, `NOWAIT` (MariaDB); whether it is one that does not wait.
fn wait(parser: &mut Parser<'_>) -> bool {
    if parser.accept("wait") {
        parser.reader.next();
    }
    parser.accept("nowait")
}

/// `ALGORITHM = …`, `DEFINER = …`, `SQL SECURITY …`.
fn pass_view_options(parser: &mut Parser<'_>) {
    loop {
        if parser.accept("algorithm") {
            parser.option_value();
        } else if parser.accept("definer") {
            parser.reader.accept_equals();
            parser.reader.next();
            if parser.peek().is_some_and(|token| token.text.starts_with('@')) {
                let at = parser.reader.next();
                if at.is_some_and(|token| token.text == "@") {
                    parser.reader.next();
                }
            } else {
                parser.parenthesis();
            }
        } else if parser.accept_all(&["sql", "security"]) {
            parser.reader.next();
        } else {
            return;
        }
    }
}

fn create(parser: &mut Parser<'_>) -> Option<MySqlFamilyStatement> {
    let or_replace = parser.accept_all(&["or", "replace"]);
    pass_view_options(parser);
    if parser.accept("aggregate") || parser.at("temporary") {
        return None;
    }
    let kind = index_kind(parser);
    match parser.reader.word().as_str() {
        "table" => Some(MySqlFamilyStatement::CreateTable(Box::new(create_table(
            parser, or_replace,
        )?))),
        "index" => {
            let if_not_exists = parser.if_not_exists();
            let name = parser.name()?;
            let method = parser.accept("using").then(|| parser.reader.word());
            wait(parser);
            parser.accept("on").then_some(())?;
            let table = parser.table_name()?;
            let mut index = index(parser, kind, Some(name))?;
            index.method = index.method.or(method);
            Some(MySqlFamilyStatement::CreateIndex {
                table,
                index,
                if_not_exists,
            })
        }
        "view" => view(parser, or_replace, false),
        "trigger" => {
            let if_not_exists = parser.if_not_exists();
            let name = parser.table_name()?.name;
            parser.reader.find_outside(&["on"], &[])?;
            Some(MySqlFamilyStatement::CreateTrigger {
                name,
                table: parser.table_name()?,
                or_replace,
                if_not_exists,
            })
        }
        "procedure" => routine(parser, false, or_replace),
        "function" => routine(parser, true, or_replace),
        _ => None,
    }
}

fn view(parser: &mut Parser<'_>, or_replace: bool, alters: bool) -> Option<MySqlFamilyStatement> {
    let if_not_exists = parser.if_not_exists();
    let name = parser.table_name()?;
    parser.names_in_parentheses();
    parser.accept("as").then_some(())?;
    Some(MySqlFamilyStatement::CreateView {
        name,
        or_replace,
        if_not_exists,
        alters,
        query: parser.rest().to_owned(),
    })
}

fn routine(parser: &mut Parser<'_>, is_function: bool, or_replace: bool) -> Option<MySqlFamilyStatement> {
    let if_not_exists = parser.if_not_exists();
    let name = parser.table_name()?;
    parser.accept_symbol("(").then_some(())?;
    let mut parameters: Vec<(&'static str, TypeText)> = Vec::new();
    while !parser.accept_symbol(")") {
        let modes = ["IN", "OUT", "INOUT"];
        let mode = modes.into_iter().find(|mode| parser.accept(mode)).unwrap_or("IN");
        parser.name()?;
        parameters.push((mode, data_type(parser)?));
        parser.accept_symbol(",");
    }
    Some(MySqlFamilyStatement::CreateRoutine {
        name,
        is_function,
        or_replace,
        if_not_exists,
        parameters,
    })
}

fn alter(parser: &mut Parser<'_>) -> Option<MySqlFamilyStatement> {
    pass_view_options(parser);
    parser.accept("online");
    let ignore = parser.accept("ignore");
    match parser.reader.word().as_str() {
        "table" => {
            let if_exists = parser.if_exists();
            let table = parser.table_name()?;
            Some(MySqlFamilyStatement::AlterTable {
                if_exists,
                ignore,
                table,
                no_wait: wait(parser),
                items: items(parser),
            })
        }
        "view" => view(parser, false, true),
        _ => None,
    }
}

fn drop_object(parser: &mut Parser<'_>) -> Option<MySqlFamilyStatement> {
    let word = parser.reader.word();
    let if_exists = parser.if_exists();
    match word.as_str() {
        "table" | "tables" => Some(MySqlFamilyStatement::DropTables {
            names: parser.table_names()?,
            if_exists,
        }),
        "view" => Some(MySqlFamilyStatement::DropViews {
            names: parser.table_names()?,
            if_exists,
        }),
        "index" => {
            let name = parser.name()?;
            parser.accept("on").then_some(())?;
            Some(MySqlFamilyStatement::DropIndex {
                table: parser.table_name()?,
                name,
                if_exists,
            })
        }
        "trigger" => Some(MySqlFamilyStatement::DropTrigger {
            name: parser.table_name()?.name,
            if_exists,
        }),
        "procedure" | "function" => Some(MySqlFamilyStatement::DropRoutine {
            name: parser.table_name()?,
            is_function: word == "function",
            if_exists,
        }),
        _ => None,
    }
}
