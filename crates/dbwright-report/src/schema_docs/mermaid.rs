//! Diagrams for Markdown, in the language of Mermaid (<https://mermaid.js.org/syntax/entityRelationshipDiagram.html>).

use std::fmt::Write as _;

use super::clusters::{Cluster, between};
use super::model::{Model, Relation, TableDoc};
use super::neighborhood::Neighborhood;

/// How many columns of a table are drawn.
const COLUMNS_MAX: usize = 30;

/// So many tables fit into one diagram without columns.
pub(super) const TABLES_MAX: usize = 24;

/// A table with its columns and its neighbors with their keys.
pub(super) fn around(model: &Model, neighborhood: &Neighborhood<'_>) -> String {
    let mut text = String::from("erDiagram\n");
    entity(&mut text, &model.tables[neighborhood.center], true);
    for table in neighborhood.parents.iter().chain(&neighborhood.children) {
        entity(&mut text, &model.tables[*table], false);
    }
    for relation in &neighborhood.relations {
        line(&mut text, model, relation);
    }
    text
}

/// All of these tables by name, with the relations between them.
pub(super) fn tables(model: &Model, tables: &[usize]) -> String {
    let mut text = String::from("erDiagram\n");
    for table in tables {
        let _ = writeln!(text, "    {}", quoted(&model.tables[*table].name));
    }
    for relation in &model.relations {
        if tables.contains(&relation.child) && tables.contains(&relation.parent) {
            line(&mut text, model, relation);
        }
    }
    text
}

/// Groups of tables, with the number of relations between them.
pub(super) fn groups(model: &Model, clusters: &[Cluster]) -> String {
    let mut text = String::from("flowchart LR\n");
    let mut order: Vec<usize> = (0..clusters.len()).collect();
    order.truncate(TABLES_MAX);
    for number in &order {
        let cluster = &clusters[*number];
        let name = label(&cluster.title(model));
        let words = match cluster.tables.len() {
            1 => name,
            count => format!("{name}<br/>{count} tables"),
        };
        let _ = writeln!(text, "    g{number}[\"{words}\"]");
    }
    for ((one, other), count) in between(model, clusters) {
        if order.contains(&one) && order.contains(&other) {
            let _ = writeln!(text, "    g{one} ---|{count}| g{other}");
        }
    }
    text
}

fn entity(text: &mut String, table: &TableDoc, whole: bool) {
    let is_key = |primary: bool, foreign: bool| primary || foreign;
    let columns: Vec<_> = table
        .columns
        .iter()
        .filter(|column| whole || is_key(column.primary, column.foreign))
        .take(COLUMNS_MAX)
        .collect();
    if columns.is_empty() {
        let _ = writeln!(text, "    {}", quoted(&table.name));
        return;
    }
    let _ = writeln!(text, "    {} {{", quoted(&table.name));
    for column in columns {
        let keys: Vec<&str> = [
            (column.primary, "PK"),
            (column.foreign, "FK"),
            (column.unique && !column.primary, "UK"),
        ]
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, word)| word)
        .collect();
        let type_name = if column.type_name.is_empty() {
            "any"
        } else {
            &column.type_name
        };
        let keys = keys.join(", ");
        let line = format!("        {} {} {keys}", word(type_name), word(&column.name));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push_str("    }\n");
}

fn line(text: &mut String, model: &Model, relation: &Relation) {
    let parent = if relation.optional { "|o" } else { "||" };
    let child = if relation.single { "o|" } else { "o{" };
    let _ = writeln!(
        text,
        "    {} {parent}--{child} {} : {}",
        quoted(&model.tables[relation.parent].name),
        quoted(&model.tables[relation.child].name),
        quoted(&relation.columns.join(", "))
    );
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", label(name))
}

fn label(name: &str) -> String {
    name.replace('"', "'")
        .replace(['\n', '\r'], " ")
        .replace(['<', '>'], "_")
}

/// A word as types and columns must be.
fn word(name: &str) -> String {
    let mut word: String = name
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || "_-()[]".contains(letter) {
                letter
            } else {
                '_'
            }
        })
        .collect();
    if !word.starts_with(char::is_alphabetic) {
        word.insert(0, '_');
    }
    word
}
