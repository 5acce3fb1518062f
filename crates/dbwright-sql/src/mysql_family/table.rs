//! `CREATE TABLE`, and the keys, constraints, options and partitions that `ALTER TABLE` shares with it.

use super::column::{check, column, references};
use super::parser::Parser;
use super::types::{
    CheckDefinition, CreateTable, Element, ForeignKeyDefinition, IndexDefinition, KeyKind, KeyPart, Partitions,
};

/// Reads what stands behind `CREATE TABLE`.
pub(super) fn create_table(parser: &mut Parser<'_>, or_replace: bool) -> Option<CreateTable> {
    let if_not_exists = parser.if_not_exists();
    let mut table = CreateTable {
        name: parser.table_name()?,
        or_replace,
        if_not_exists,
        like: None,
        from_query: false,
        elements: Vec::new(),
        options: Vec::new(),
        partitions: None,
        not_understood: None,
    };
    let mut ahead = parser.clone();
    if ahead.accept("like") || (ahead.accept_symbol("(") && ahead.accept("like")) {
        table.like = Some(ahead.table_name()?);
        *parser = ahead;
        return Some(table);
    }
    let in_parentheses = ahead.at("select") || ahead.at("with") || ahead.at_symbol("(");
    if parser.at_symbol("(") && !in_parentheses {
        parser.accept_symbol("(");
        elements(parser, &mut table);
    }
    if table.not_understood.is_none() {
        behind_elements(parser, &mut table);
    }
    Some(table)
}

/// Reads the list of elements, whose parenthesis was opened.
fn elements(parser: &mut Parser<'_>, table: &mut CreateTable) {
    loop {
        match element(parser) {
            Ok(element) => table.elements.push(element),
            Err(what) => {
                table.not_understood = Some(what);
                return;
            }
        }
        if parser.accept_symbol(",") {
            continue;
        }
        if !parser.accept_symbol(")") {
            table.not_understood = Some(next_word(parser));
        }
        return;
    }
}

fn next_word(parser: &Parser<'_>) -> String {
    parser
        .peek()
        .map_or_else(|| "the end".to_owned(), |token| token.text.to_ascii_uppercase())
}

fn element(parser: &mut Parser<'_>) -> Result<Element, String> {
    if parser.accept_all(&["period", "for"]) {
        parser.name();
        parser.parenthesis();
        return Ok(Element::Period);
    }
    match key(parser) {
        Some(Ok(Key::Index(index))) => Ok(Element::Index(index)),
        Some(Ok(Key::Foreign(key))) => Ok(Element::ForeignKey(key)),
        Some(Ok(Key::Check(check))) => Ok(Element::Check(check)),
        Some(Err(what)) => Err(what),
        None => column(parser).map(|column| Element::Column(Box::new(column))),
    }
}

/// A key or constraint.
pub(super) enum Key {
    Index(IndexDefinition),
    Foreign(ForeignKeyDefinition),
    Check(CheckDefinition),
}

/// Reads a key or constraint; nothing where none is next, an error where one is that is not understood.
pub(super) fn key(parser: &mut Parser<'_>) -> Option<Result<Key, String>> {
    let start = parser.clone();
    let mut name = None;
    let mut is_constraint = false;
    if parser.accept("constraint") {
        is_constraint = true;
        parser.if_not_exists();
        let kinds = ["primary", "unique", "foreign", "check"];
        if !kinds.iter().any(|kind| parser.at(kind)) {
            name = parser.name();
        }
    }
    let found = if parser.accept("primary") {
        parser.accept("key");
        index(parser, KeyKind::Primary, name).map(Key::Index)
    } else if parser.accept_all(&["foreign", "key"]) {
        foreign_key(parser, name).map(Key::Foreign)
    } else if parser.accept("check") {
        check(parser, name).map(Key::Check)
    } else {
        let mut ahead = parser.clone();
        let kind = index_kind(&mut ahead);
        let is_index = ahead.accept_any(&["index", "key"])
            || matches!(kind, KeyKind::Unique | KeyKind::FullText | KeyKind::Spatial);
        if !is_index && !is_constraint {
            *parser = start;
            return None;
        }
        *parser = ahead;
        index(parser, kind, name).map(Key::Index)
    };
    Some(found.ok_or_else(|| next_word(parser)))
}

/// `UNIQUE`, `FULLTEXT`, `SPATIAL`, `VECTOR`, if one of them is next.
pub(super) fn index_kind(parser: &mut Parser<'_>) -> KeyKind {
    let kinds = [
        ("unique", KeyKind::Unique),
        ("fulltext", KeyKind::FullText),
        ("spatial", KeyKind::Spatial),
        ("vector", KeyKind::Vector),
    ];
    let found = kinds.iter().find(|(word, _)| parser.accept(word));
    found.map_or(KeyKind::Plain, |(_, kind)| *kind)
}

/// An index from its name on.
pub(super) fn index(parser: &mut Parser<'_>, kind: KeyKind, constraint: Option<String>) -> Option<IndexDefinition> {
    parser.if_not_exists();
    let mut index = IndexDefinition {
        name: constraint,
        kind,
        parts: Vec::new(),
        method: None,
        hidden: false,
    };
    if !parser.at("using") && !parser.at_symbol("(") {
        index.name = Some(parser.name()?);
    }
    if parser.accept("using") {
        index.method = Some(parser.reader.word());
    }
    index.parts = key_parts(parser)?;
    index_options(parser, &mut index);
    Some(index)
}

/// The parts of a key, with their parentheses.
pub(super) fn key_parts(parser: &mut Parser<'_>) -> Option<Vec<KeyPart>> {
    if !parser.accept_symbol("(") {
        return None;
    }
    let mut parts = Vec::new();
    loop {
        if parser.at_symbol("(") {
            parts.push(KeyPart::Expression(parser.parenthesis()?.to_owned()));
            parser.accept_any(&["asc", "desc"]);
        } else {
            let name = parser.name()?;
            let length = parser.parenthesis().and_then(|length| length.parse().ok());
            let descending = parser.accept("desc");
            parser.accept("asc");
            parts.push(KeyPart::Column {
                name,
                length,
                descending,
            });
        }
        if !parser.accept_symbol(",") {
            break;
        }
    }
    parser.accept_symbol(")").then_some(parts)
}

/// What may stand behind the parts of a key.
pub(super) fn index_options(parser: &mut Parser<'_>, index: &mut IndexDefinition) {
    loop {
        if parser.accept("using") {
            index.method = Some(parser.reader.word());
        } else if parser.accept_any(&["invisible", "ignored"]) {
            index.hidden = true;
        } else if parser.accept("visible") || parser.accept_all(&["not", "ignored"]) {
            index.hidden = false;
        } else if parser.accept_any(&[
            "comment",
            "key_block_size",
            "engine_attribute",
            "clustering",
            "m",
            "distance",
        ]) {
            parser.option_value();
        } else if parser.accept_all(&["with", "parser"]) {
            parser.name();
        } else {
            return;
        }
    }
}

fn foreign_key(parser: &mut Parser<'_>, name: Option<String>) -> Option<ForeignKeyDefinition> {
    parser.if_not_exists();
    let index = if parser.at_symbol("(") { None } else { parser.name() };
    let columns = parser.names_in_parentheses()?;
    if !parser.accept("references") {
        return None;
    }
    let mut key = references(parser, columns)?;
    key.name = name;
    key.index = index;
    Some(key)
}

/// Reads options, partitions and the query behind the elements.
fn behind_elements(parser: &mut Parser<'_>, table: &mut CreateTable) {
    while !parser.at_end() {
        if parser.at("partition") {
            match partitions(parser) {
                Some(found) => table.partitions = Some(found),
                None => table.not_understood = Some("PARTITION".to_owned()),
            }
        } else if parser.at_symbol("(")
            || ["as", "select", "ignore", "replace", "with", "values", "table"]
                .iter()
                .any(|word| parser.at(word))
        {
            // `WITH SYSTEM VERSIONING` makes no query.
            if parser.accept_all(&["with", "system", "versioning"]) {
                table.options.push(("SYSTEM VERSIONING".to_owned(), String::new()));
                continue;
            }
            table.from_query = true;
            return;
        } else if let Some((name, value)) = option(parser) {
            table.options.push((name, value));
            parser.accept_symbol(",");
        } else {
            table.not_understood = Some(next_word(parser));
            return;
        }
    }
}

/// An option of a table: its name in capitals, without `DEFAULT`, and its value.
pub(super) fn option(parser: &mut Parser<'_>) -> Option<(String, String)> {
    parser.accept("default");
    let mut name = parser.peek()?.folded()?.to_ascii_uppercase();
    parser.reader.next();
    let second = match name.as_str() {
        "CHARACTER" | "CHAR" => "set",
        "DATA" | "INDEX" => "directory",
        _ => "",
    };
    if !second.is_empty() && parser.accept(second) {
        name = format!("{name} {}", second.to_ascii_uppercase());
    }
    if matches!(name.as_str(), "CHARSET" | "CHAR SET") {
        "CHARACTER SET".clone_into(&mut name);
    }
    parser.reader.accept_equals();
    if parser.at_symbol("(") {
        let value = parser.parenthesis()?;
        return Some((name, value.to_owned()));
    }
    let value = parser.option_value()?;
    Some((name, value))
}

/// `PARTITION BY …`, up to the end of its list.
pub(super) fn partitions(parser: &mut Parser<'_>) -> Option<Partitions> {
    if !parser.accept_all(&["partition", "by"]) {
        return None;
    }
    let start = parser.peek()?.span.start;
    let mut found = Partitions::default();
    // `[LINEAR] HASH|KEY [ALGORITHM = n]`, `RANGE|LIST [COLUMNS]`, `SYSTEM_TIME`.
    while let Some(token) = parser.peek().filter(|token| !token.is_symbol("(")) {
        if token.is("partitions") || token.is_symbol(";") {
            break;
        }
        parser.reader.next();
    }
    parser.parenthesis();
    parser.since(start).clone_into(&mut found.key);
    loop {
        if parser.accept_any(&["partitions", "subpartitions", "interval", "limit"]) {
            parser.reader.next();
        } else if parser.accept_all(&["subpartition", "by"]) {
            while parser.peek().is_some_and(|token| !token.is_symbol("(")) {
                parser.reader.next();
            }
            parser.parenthesis();
        } else {
            break;
        }
    }
    if parser.at_symbol("(") {
        found.list = partition_list(parser)?;
    }
    Some(found)
}

/// `(PARTITION name VALUES …, …)`: names and bounds.
pub(super) fn partition_list(parser: &mut Parser<'_>) -> Option<Vec<(String, String)>> {
    if !parser.accept_symbol("(") {
        return None;
    }
    let mut list = Vec::new();
    while parser.accept("partition") {
        let name = parser.name()?;
        let mut bound = String::new();
        if parser.at("values") {
            let start = parser.peek()?.span.start;
            parser.reader.next();
            parser.accept_all(&["less", "than"]);
            parser.accept("in");
            if !parser.accept("maxvalue") {
                parser.parenthesis()?;
            }
            parser.since(start).clone_into(&mut bound);
        }
        list.push((name, bound));
        // Options of the partition, and its subpartitions.
        while let Some(token) = parser.peek() {
            if token.is_symbol(",") || token.is_symbol(")") {
                break;
            }
            if token.is_symbol("(") {
                parser.parenthesis();
            } else {
                parser.reader.next();
            }
        }
        parser.accept_symbol(",");
    }
    parser.accept_symbol(")").then_some(list)
}
