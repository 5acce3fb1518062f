//! The schema in DBML (<https://dbml.dbdiagram.io/docs>).

use std::fmt::Write as _;

use super::MARK;
use super::model::{ColumnDoc, Model, Relation, TableDoc};

pub(super) fn dbml(model: &Model) -> String {
    let mut text = format!(
        "// {MARK}\n// {} ({})\n",
        model.title.replace(['\n', '\r'], " "),
        model.server
    );
    for other in model.others.iter().filter(|other| !other.labels.is_empty()) {
        let _ = write!(text, "\nEnum {} {{\n", path(&other.name));
        for label in &other.labels {
            let _ = writeln!(text, "  {}", quoted(label));
        }
        text.push_str("}\n");
    }
    for table in &model.tables {
        write_table(&mut text, table);
    }
    if !model.relations.is_empty() {
        text.push('\n');
    }
    for relation in &model.relations {
        write_relation(&mut text, model, relation);
    }
    text
}

fn write_table(text: &mut String, table: &TableDoc) {
    let _ = write!(text, "\nTable {} {{\n", table_name(table));
    let composite = table.columns.iter().filter(|column| column.primary).count() > 1;
    for column in &table.columns {
        let _ = writeln!(text, "{}", column_line(column, composite));
    }
    let keys: Vec<String> = table
        .columns
        .iter()
        .filter(|column| column.primary && composite)
        .map(|column| quoted(&column.name))
        .collect();
    if !table.indexes.is_empty() || !keys.is_empty() {
        text.push_str("\n  indexes {\n");
        if !keys.is_empty() {
            let _ = writeln!(text, "    ({}) [pk]", keys.join(", "));
        }
        for index in &table.indexes {
            let is_column = |key: &String| table.columns.iter().any(|column| column.name == *key);
            let parts: Vec<String> = index
                .keys
                .iter()
                .map(|key| if is_column(key) { quoted(key) } else { expression(key) })
                .collect();
            let unique = if index.unique { "unique, " } else { "" };
            let note = index.predicate.as_ref().map_or(String::new(), |predicate| {
                format!(", note: {}", literal(&format!("WHERE {predicate}")))
            });
            let _ = writeln!(
                text,
                "    ({}) [{unique}name: {}{note}]",
                parts.join(", "),
                literal(&index.name)
            );
        }
        text.push_str("  }\n");
    }
    if let Some(comment) = &table.comment {
        let _ = write!(text, "\n  Note: {}\n", literal(comment));
    }
    text.push_str("}\n");
}

fn column_line(column: &ColumnDoc, composite: bool) -> String {
    let mut settings = Vec::new();
    if column.primary && !composite {
        settings.push("pk".to_owned());
    }
    if column.unique && !column.primary {
        settings.push("unique".to_owned());
    }
    if column.required {
        settings.push("not null".to_owned());
    }
    match &column.value {
        Some(value) if column.generated.is_none() => settings.push(format!("default: {}", expression(value))),
        Some(_) | None => {}
    }
    let computed = column
        .value
        .as_ref()
        .filter(|_| column.generated.is_some())
        .map(|value| format!("Computed: {value}"));
    let notes: Vec<String> = column.comment.iter().cloned().chain(computed).collect();
    if !notes.is_empty() {
        settings.push(format!("note: {}", literal(&notes.join("\n"))));
    }
    let settings = if settings.is_empty() {
        String::new()
    } else {
        format!(" [{}]", settings.join(", "))
    };
    format!("  {} {}{settings}", quoted(&column.name), type_name(&column.type_name))
}

fn write_relation(text: &mut String, model: &Model, relation: &Relation) {
    let (child, parent) = (&model.tables[relation.child], &model.tables[relation.parent]);
    let sign = if relation.single { "-" } else { ">" };
    let delete = if relation.on_delete.is_empty() || relation.on_delete == "NO ACTION" {
        String::new()
    } else {
        format!(" [delete: {}]", relation.on_delete.to_lowercase())
    };
    if relation.columns.len() != relation.parent_columns.len() {
        return;
    }
    let _ = writeln!(
        text,
        "Ref {}: {}.{} {sign} {}.{}{delete}",
        quoted(&relation.name),
        table_name(child),
        columns(&relation.columns),
        table_name(parent),
        columns(&relation.parent_columns)
    );
}

fn columns(names: &[String]) -> String {
    match names {
        [one] => quoted(one),
        many => format!(
            "({})",
            many.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
        ),
    }
}

fn table_name(table: &TableDoc) -> String {
    // The one schema that everything is in has no name that people write.
    if table.name == table.bare_name {
        quoted(&table.bare_name)
    } else {
        format!("{}.{}", quoted(&table.schema), quoted(&table.bare_name))
    }
}

fn path(name: &str) -> String {
    name.split('.').map(quoted).collect::<Vec<_>>().join(".")
}

fn type_name(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_(),".contains(letter);
    match name {
        "" => "any".to_owned(),
        name if name.chars().all(is_plain) => name.to_owned(),
        name => quoted(name),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "'"))
}

fn expression(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace(['\n', '\r'], " "))
}

fn literal(text: &str) -> String {
    if text.contains(['\n', '\'', '\\']) {
        format!("'''{}'''", text.replace('\\', "\\\\").replace("'''", "\\'''"))
    } else {
        format!("'{text}'")
    }
}
