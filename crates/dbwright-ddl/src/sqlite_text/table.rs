//! The text of a table: its columns, its constraints and what stands behind the brackets.

use dbwright_sql::{Token, TokenKind};

use super::KnownNames;
use super::canonical::{canonical_type, key_parts, leave_out_qualifier};
use super::groups::{after_group, items, name, source, tokens};
use super::pieces::Writer;

/// The text of a table in parts, each as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableParts {
    /// The columns in order: name and text, the name included.
    pub columns: Vec<(String, String)>,
    /// The constraints behind them.
    pub constraints: Vec<String>,
    /// `STRICT, WITHOUT ROWID`.
    pub options: String,
}

impl TableParts {
    /// The statement that creates such a table under this (quoted) name.
    pub fn create(&self, name: &str) -> String {
        let columns = self.columns.iter().map(|(_, text)| text);
        let items: Vec<_> = columns
            .chain(&self.constraints)
            .map(|text| format!("\n    {text}"))
            .collect();
        let options = if self.options.is_empty() {
            String::new()
        } else {
            format!(" {}", self.options)
        };
        format!("CREATE TABLE {name} ({}\n){options}", items.join(","))
    }
}

/// Takes the text of an ordinary table apart.
pub fn table_parts(text: &str) -> TableParts {
    let mut parts = TableParts::default();
    let tokens = tokens(text);
    let Some(open) = tokens.iter().position(|token| token.is_symbol("(")) else {
        return parts;
    };
    for item in items(&tokens, open) {
        let Some(first) = item.first() else { continue };
        let item_text = source(text, item).to_owned();
        if is_constraint(first) {
            parts.constraints.push(item_text);
        } else {
            parts.columns.push((name(first), item_text));
        }
    }
    source(text, &tokens[after_group(&tokens, open)..]).clone_into(&mut parts.options);
    parts
}

fn is_constraint(first: &Token<'_>) -> bool {
    ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]
        .iter()
        .any(|keyword| first.is(keyword))
}

/// The text of an ordinary table, an item a line.
pub(super) fn canonical(tokens: &[Token<'_>], subject: usize, known: &KnownNames) -> String {
    let mut writer = Writer::new(tokens, known);
    writer.name(subject);
    let table = writer.text(subject..subject + 1);
    let open = subject + 1;
    if !writer.is_symbol(open, "(") {
        return writer.text(0..tokens.len());
    }
    leave_out_qualifier(&mut writer, &name(&tokens[subject]), open);
    let end = after_group(tokens, open);
    let mut parts = TableParts::default();
    let mut at = open + 1;
    for item in items(tokens, open) {
        let Some(first) = item.first() else { continue };
        let range = at..at + item.len();
        at = range.end + 1;
        if is_constraint(first) {
            clauses(&mut writer, range.clone());
            writer.fold(range.clone(), known);
            parts.constraints.push(writer.text(range));
        } else {
            writer.name(range.start);
            let rest = column_type(&mut writer, range.start + 1, range.end);
            clauses(&mut writer, rest..range.end);
            // The name of the column itself, and its type, stay as they are written.
            writer.fold(rest..range.end, known);
            parts.columns.push((name(first), writer.text(range)));
        }
    }
    for index in end..tokens.len() {
        writer.keyword(index);
    }
    parts.options = writer.text(end..tokens.len());
    parts.create(&table)
}

/// Writes the type of a column; where its clauses begin.
fn column_type(writer: &mut Writer<'_, '_>, from: usize, end: usize) -> usize {
    let clauses = [
        "CONSTRAINT",
        "PRIMARY",
        "NOT",
        "NULL",
        "UNIQUE",
        "CHECK",
        "DEFAULT",
        "COLLATE",
        "REFERENCES",
        "AS",
        "ON",
        "DEFERRABLE",
    ];
    let mut at = from;
    while at < end {
        let token = &writer.tokens[at];
        let generated = token.is("GENERATED") && writer.is(at + 1, "ALWAYS");
        if generated || clauses.iter().any(|word| token.is(word)) {
            break;
        }
        at = if token.is_symbol("(") {
            after_group(writer.tokens, at)
        } else {
            at + 1
        };
    }
    if at == from + 1 {
        let written = name(&writer.tokens[from]);
        let standard = canonical_type(&written);
        if standard != written {
            writer.replace(from, standard);
        }
    }
    at
}

/// Writes the clauses of a column or constraint.
fn clauses(writer: &mut Writer<'_, '_>, range: std::ops::Range<usize>) {
    let mut at = range.start;
    while at < range.end {
        let token = &writer.tokens[at];
        if token.is_symbol("(") {
            at = after_group(writer.tokens, at);
            continue;
        }
        if token.kind != TokenKind::Word {
            at += 1;
            continue;
        }
        at += clause(writer, at);
    }
}

/// Writes what begins with this word; how many tokens it takes.
fn clause(writer: &mut Writer<'_, '_>, at: usize) -> usize {
    match writer.tokens[at].text.to_ascii_uppercase().as_str() {
        "CONSTRAINT" => {
            writer.name(at + 1);
            2
        }
        "PRIMARY" | "FOREIGN" => {
            writer.keyword(at + 1);
            if writer.is_symbol(at + 2, "(") {
                key_parts(writer, at + 2);
            } else {
                writer.keywords(at + 2, &["ASC"]);
                writer.keywords(at + 2, &["DESC"]);
            }
            2
        }
        "UNIQUE" => {
            if writer.is_symbol(at + 1, "(") {
                key_parts(writer, at + 1);
            }
            1
        }
        "REFERENCES" => {
            writer.name(at + 1);
            if writer.is_symbol(at + 2, "(") {
                key_parts(writer, at + 2);
            }
            2
        }
        "ON" => {
            let words = match writer.tokens.get(at + 2) {
                Some(word) if word.is("SET") || word.is("NO") => 4,
                _ => 3,
            };
            for index in at..at + words {
                writer.keyword(index);
            }
            words
        }
        "DEFAULT" => match writer.tokens.get(at + 1) {
            Some(token) if token.is_symbol("(") => 1,
            Some(token) if token.kind == TokenKind::Operator => 3,
            Some(token) => {
                let times = ["CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"];
                if times.iter().any(|time| token.is(time)) {
                    writer.keyword(at + 1);
                }
                2
            }
            None => 1,
        },
        "DEFERRABLE" if writer.is(at + 1, "INITIALLY") => {
            writer.keyword(at + 1);
            writer.keyword(at + 2);
            3
        }
        "MATCH" | "GENERATED" => {
            writer.keyword(at);
            writer.keyword(at + 1);
            2
        }
        "COLLATE" => 2,
        "STORED" | "VIRTUAL" => {
            writer.keyword(at);
            1
        }
        _ => 1,
    }
}
