//! Types, columns and what belongs to a single column
//! (<https://dev.mysql.com/doc/refman/9.7/en/create-table.html>,
//! <https://mariadb.com/docs/server/reference/sql-statements/data-definition/create/create-table>).

use super::parser::Parser;
use super::types::{CheckDefinition, ColumnDefinition, DefaultValue, ForeignKeyDefinition, GeneratedText, TypeText};
use crate::lexer::TokenKind;

/// A type. Nothing where no word is next.
pub(super) fn data_type(parser: &mut Parser<'_>) -> Option<TypeText> {
    let mut found = TypeText {
        name: parser.peek()?.folded()?,
        ..TypeText::default()
    };
    parser.reader.next();
    if found.name == "national" {
        found.charset = Some("utf8mb3".to_owned());
        found.name = parser.reader.word();
    }
    let behind: &[&str] = match found.name.as_str() {
        "double" => &["precision"],
        "char" | "character" | "varchar" | "nchar" => &["varying"],
        "long" => &["varchar", "varbinary"],
        _ => &[],
    };
    for word in behind {
        if parser.accept(word) {
            found.name = format!("{} {word}", found.name);
        }
    }
    if parser.at_symbol("(") {
        found.arguments = arguments_of(parser);
    }
    loop {
        if parser.accept("unsigned") {
            found.unsigned = true;
        } else if parser.accept("zerofill") {
            found.zerofill = true;
            found.unsigned = true;
        } else if parser.accept_any(&["signed", "unicode"]) {
        } else if parser.accept("ascii") {
            found.charset = Some("latin1".to_owned());
        } else if parser.accept("binary") {
            found.binary = true;
        } else if parser.accept_all(&["character", "set"])
            || parser.accept_all(&["char", "set"])
            || parser.accept("charset")
        {
            found.charset = Some(parser.option_value()?.to_ascii_lowercase());
        } else if parser.accept("collate") {
            found.collation = Some(parser.option_value()?.to_ascii_lowercase());
        } else {
            return Some(found);
        }
    }
}

/// The arguments of a type, each as it is written.
fn arguments_of(parser: &mut Parser<'_>) -> Vec<String> {
    let mut arguments = Vec::new();
    parser.accept_symbol("(");
    for token in parser.reader.by_ref() {
        if token.is_symbol(")") {
            break;
        }
        if !token.is_symbol(",") {
            arguments.push(token.text.to_owned());
        }
    }
    arguments
}

/// A column with all its attributes, up to the comma, `FIRST` or `AFTER` behind it. What is not understood is given back.
pub(super) fn column(parser: &mut Parser<'_>) -> Result<ColumnDefinition, String> {
    let missing = |what: &str| format!("a column without {what}");
    let mut column = ColumnDefinition {
        name: parser.name().ok_or_else(|| missing("name"))?,
        ..ColumnDefinition::default()
    };
    column.data_type = data_type(parser).ok_or_else(|| missing("type"))?;
    if column.data_type.name == "serial" {
        "bigint".clone_into(&mut column.data_type.name);
        column.data_type.unsigned = true;
        (column.not_null, column.auto_increment, column.unique) = (true, true, true);
    }
    while let Some(token) = parser.peek() {
        if token.is_symbol(",") || token.is_symbol(")") || token.is_symbol(";") {
            break;
        }
        if token.is("first") || token.is("after") {
            break;
        }
        if attribute(parser, &mut column).is_none() {
            return Err(token.text.to_ascii_uppercase());
        }
    }
    Ok(column)
}

/// Reads one attribute; nothing where it is not known.
fn attribute(parser: &mut Parser<'_>, column: &mut ColumnDefinition) -> Option<()> {
    let word = parser.reader.word();
    match word.as_str() {
        "not" if parser.accept("null") => column.not_null = true,
        "null" => column.explicit_null = true,
        "default" => column.default = Some(default_value(parser)?),
        "on" if parser.accept("update") => {
            let start = parser.peek()?.span.start;
            parser.reader.next();
            parser.parenthesis();
            column.on_update = Some(parser.since(start).to_owned());
        }
        "auto_increment" => column.auto_increment = true,
        "unique" => {
            parser.accept("key");
            column.unique = true;
        }
        "primary" => {
            parser.accept("key");
            column.primary_key = true;
        }
        "key" => column.primary_key = true,
        "comment" => column.comment = Some(parser.option_value()?),
        "collate" => column.data_type.collation = Some(parser.option_value()?.to_ascii_lowercase()),
        "column_format" | "storage" | "engine_attribute" | "secondary_engine_attribute" => {
            parser.option_value()?;
        }
        "generated" | "as" => {
            if word == "generated" && !parser.accept_all(&["always", "as"]) {
                return None;
            }
            let expression = parser.parenthesis()?.to_owned();
            let stored = parser.accept_any(&["stored", "persistent"]);
            parser.accept("virtual");
            column.generated = Some(GeneratedText { expression, stored });
        }
        "constraint" => {
            let name = if parser.at("check") { None } else { parser.name() };
            if !parser.accept("check") {
                return None;
            }
            column.checks.push(check(parser, name)?);
        }
        "check" => column.checks.push(check(parser, None)?),
        "references" => column.references = Some(references(parser, vec![column.name.clone()])?),
        "visible" => column.invisible = false,
        "invisible" => column.invisible = true,
        "srid" => column.srid = parser.option_value()?.parse().ok(),
        "with" | "without" if parser.accept_all(&["system", "versioning"]) => {}
        "compressed" => {
            parser.option_value();
        }
        _ => return None,
    }
    Some(())
}

/// Words that stand for the moment
/// (<https://dev.mysql.com/doc/refman/9.7/en/timestamp-initialization.html>).
const MOMENTS: [&str; 4] = ["current_timestamp", "now", "localtime", "localtimestamp"];

/// What stands behind `DEFAULT`.
pub(super) fn default_value(parser: &mut Parser<'_>) -> Option<DefaultValue> {
    let token = parser.peek()?;
    let start = token.span.start;
    if token.is_symbol("(") {
        return Some(DefaultValue::Expression(parser.parenthesis()?.to_owned()));
    }
    parser.reader.next();
    match token.kind {
        TokenKind::Word if token.is("null") => Some(DefaultValue::Null),
        TokenKind::Word if MOMENTS.iter().any(|moment| token.is(moment)) => {
            parser.parenthesis();
            Some(DefaultValue::Moment(parser.since(start).to_owned()))
        }
        TokenKind::Word if parser.at_symbol("(") => {
            parser.parenthesis();
            Some(DefaultValue::Expression(parser.since(start).to_owned()))
        }
        TokenKind::Word => {
            // `_utf8mb4'x'`, `DATE '2000-01-01'`.
            if parser.peek().is_some_and(|next| next.kind == TokenKind::String) {
                parser.reader.next();
            }
            Some(DefaultValue::Literal(parser.since(start).to_owned()))
        }
        TokenKind::Operator | TokenKind::Symbol => {
            parser.reader.next();
            Some(DefaultValue::Literal(parser.since(start).to_owned()))
        }
        TokenKind::String | TokenKind::Number | TokenKind::QuotedName => {
            while parser.peek().is_some_and(|next| next.kind == TokenKind::String) {
                parser.reader.next();
            }
            Some(DefaultValue::Literal(parser.since(start).to_owned()))
        }
        TokenKind::Space
        | TokenKind::LineComment
        | TokenKind::BlockComment
        | TokenKind::Parameter
        | TokenKind::CodeMark => None,
    }
}

/// What stands behind `CHECK`.
pub(super) fn check(parser: &mut Parser<'_>, name: Option<String>) -> Option<CheckDefinition> {
    let condition = parser.parenthesis()?.to_owned();
    let mut enforced = true;
    if parser.accept_all(&["not", "enforced"]) {
        enforced = false;
    } else {
        parser.accept("enforced");
    }
    Some(CheckDefinition {
        name,
        condition,
        enforced,
    })
}

/// What stands behind `REFERENCES`.
pub(super) fn references(parser: &mut Parser<'_>, columns: Vec<String>) -> Option<ForeignKeyDefinition> {
    let parent = parser.table_name()?;
    let mut key = ForeignKeyDefinition {
        name: None,
        index: None,
        columns,
        parent,
        parent_columns: parser.names_in_parentheses().unwrap_or_default(),
        on_delete: None,
        on_update: None,
    };
    loop {
        if parser.accept("match") {
            parser.reader.next();
        } else if parser.accept_all(&["on", "delete"]) {
            key.on_delete = Some(action(parser)?);
        } else if parser.accept_all(&["on", "update"]) {
            key.on_update = Some(action(parser)?);
        } else {
            return Some(key);
        }
    }
}

fn action(parser: &mut Parser<'_>) -> Option<String> {
    let actions: [(&[&str], &str); 5] = [
        (&["cascade"], "CASCADE"),
        (&["restrict"], "RESTRICT"),
        (&["no", "action"], "NO ACTION"),
        (&["set", "null"], "SET NULL"),
        (&["set", "default"], "SET DEFAULT"),
    ];
    let found = actions.iter().find(|(words, _)| parser.accept_all(words));
    found.map(|(_, action)| (*action).to_owned())
}
