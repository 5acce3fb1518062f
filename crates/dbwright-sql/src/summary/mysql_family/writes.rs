//! Queries, and the statements that change rows.

use dbwright_catalog::Engine;

use super::tables::{load_index, table_name};
use super::types::{Form, MySqlFamilySummary, TableName};
use crate::summary::Summary;
use crate::summary::reader::Reader;

/// Words that may stand between `INSERT`, `UPDATE`, `DELETE` and what they name.
const MODIFIERS: [&str; 5] = ["low_priority", "high_priority", "delayed", "quick", "ignore"];

/// Summarises what begins with `SELECT`, `WITH`, `(`, `INSERT`, `LOAD` ….
pub(super) fn summarise(mut reader: Reader<'_>, engine: Engine) -> MySqlFamilySummary {
    while reader.accept_symbol("(") {}
    if reader.accept("with") {
        reader.pass_with();
        while reader.accept_symbol("(") {}
    }
    let word = reader.word();
    let write = |form: Form, tables: Vec<TableName>| {
        MySqlFamilySummary::of(Summary::Write)
            .with_form(form)
            .with_tables(tables)
    };
    match word.as_str() {
        "select" | "values" | "table" => MySqlFamilySummary::of(Summary::Query).with_form(Form::Select),
        "insert" => write(Form::Insert, into_table(reader)),
        "replace" => write(Form::Replace, into_table(reader)),
        "update" => {
            while reader.accept_any(&MODIFIERS) {}
            write(Form::Update, referenced(reader, &["set"]))
        }
        "delete" => write(Form::Delete, deleted_from(reader)),
        "load" => load(reader, engine),
        _ => MySqlFamilySummary::of(Summary::Other),
    }
}

fn into_table(mut reader: Reader<'_>) -> Vec<TableName> {
    while reader.accept_any(&MODIFIERS) {}
    reader.accept("into");
    table_name(&mut reader).into_iter().collect()
}

/// `DELETE FROM t`, `DELETE a, b FROM …`, `DELETE FROM a, b USING …`.
fn deleted_from(mut reader: Reader<'_>) -> Vec<TableName> {
    while reader.accept_any(&MODIFIERS) {}
    if !reader.at("from") {
        reader.find_outside(&["from"], &[]);
        return referenced(reader, &["where", "order", "limit", "returning"]);
    }
    reader.next();
    let mut ahead = reader.clone();
    if ahead.find_outside(&["using"], &["where", "order", "limit"]).is_some() {
        reader = ahead;
    }
    referenced(reader, &["where", "order", "limit", "returning"])
}

/// The tables of a list of tables and joins, up to one of these words.
fn referenced(mut reader: Reader<'_>, until: &[&str]) -> Vec<TableName> {
    let mut tables = Vec::new();
    let mut expected = true;
    while let Some(token) = reader.peek() {
        if until.iter().any(|word| token.is(word)) || token.is_symbol(";") {
            break;
        }
        if expected && token.is_symbol("(") {
            reader.next();
            // A derived table is passed, joins in parentheses are gone into.
            if reader.at("select") || reader.at("with") || reader.at("values") {
                reader.pass_parenthesis();
                expected = false;
            }
        } else if expected && !token.is("lateral") {
            tables.extend(table_name(&mut reader));
            expected = false;
            if reader.peek() == Some(token) {
                reader.next();
            }
        } else {
            reader.next();
            if token.is_symbol("(") {
                reader.pass_parenthesis();
            }
            expected = token.is_symbol(",") || token.is("join") || token.is("straight_join") || token.is("lateral");
        }
    }
    tables
}

/// `LOAD DATA`, `LOAD XML`, `LOAD INDEX INTO CACHE`, behind `LOAD`.
fn load(mut reader: Reader<'_>, engine: Engine) -> MySqlFamilySummary {
    let word = reader.word();
    if word == "index" {
        return load_index(reader, engine);
    }
    if word != "data" && word != "xml" {
        return MySqlFamilySummary::of(Summary::Other);
    }
    reader.accept_any(&["low_priority", "concurrent"]);
    let name = match (word.as_str(), reader.accept("local")) {
        ("data", false) => "LOAD DATA INFILE",
        ("data", true) => "LOAD DATA LOCAL INFILE",
        (_, false) => "LOAD XML INFILE",
        (_, true) => "LOAD XML LOCAL INFILE",
    };
    let table = reader.find_outside(&["into"], &[]).and_then(|_| {
        reader.accept("table");
        table_name(&mut reader)
    });
    MySqlFamilySummary::of(Summary::ReachesOutside(name))
        .with_form(Form::LoadData)
        .with_tables(table.into_iter().collect())
}
