//! Markdown: an index with an overview, and a page for each table.

use std::fmt::Write as _;

use super::clusters::{Bond, clusters};
use super::mermaid;
use super::model::{Model, Relation, TableDoc};
use super::neighborhood::neighborhood;
use super::{DocsFile, MARK};

pub(super) fn files(model: &Model) -> Vec<DocsFile> {
    let mut files = vec![DocsFile {
        path: "README.md".to_owned(),
        text: index(model),
    }];
    for (place, table) in model.tables.iter().enumerate() {
        files.push(DocsFile {
            path: format!("tables/{}.md", table.slug),
            text: page(model, place),
        });
    }
    files
}

fn index(model: &Model) -> String {
    let mut text = format!(
        "<!-- {MARK} -->\n# {}\n\n{}",
        inline(&model.title),
        inline(&model.server)
    );
    let counts = [
        (model.tables.len(), "table", "tables"),
        (model.relations.len(), "relation", "relations"),
    ];
    for (count, one, many) in counts {
        let _ = write!(text, ", {count} {}", if count == 1 { one } else { many });
    }
    text.push_str(".\n");
    if let [first, rest @ ..] = model.missing.as_slice() {
        let _ = write!(text, "\n> **Incomplete:** {}\n>\n", inline(first));
        for line in rest {
            let _ = writeln!(text, "> - {}", cell(line));
        }
    }
    overview(&mut text, model);
    text.push_str("\n## Tables\n\n| table | columns | refers to | about |\n| --- | ---: | --- | --- |\n");
    for (place, table) in model.tables.iter().enumerate() {
        let mut parents: Vec<usize> = model
            .relations
            .iter()
            .filter(|relation| relation.child == place)
            .map(|relation| relation.parent)
            .collect();
        parents.dedup();
        let parents: Vec<_> = parents
            .iter()
            .map(|parent| link(&model.tables[*parent], "tables/"))
            .collect();
        let about = table.comment.as_deref().and_then(|comment| comment.lines().next());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            link(table, "tables/"),
            table.columns.len(),
            parents.join(", "),
            cell(about.unwrap_or_default())
        );
    }
    let mut heading = "";
    for other in &model.others {
        if other.heading != heading {
            heading = other.heading;
            let _ = write!(text, "\n## {heading}\n");
        }
        let _ = write!(text, "\n### {}\n", inline(&other.name));
        if let Some(comment) = &other.comment {
            let _ = write!(text, "\n{}\n", inline(comment));
        }
        if !other.labels.is_empty() {
            let labels: Vec<_> = other.labels.iter().map(|label| code(label)).collect();
            let _ = write!(text, "\n{}\n", labels.join(", "));
        }
        if !other.columns.is_empty() {
            text.push_str("\n| column | type |\n| --- | --- |\n");
            for (name, type_name) in &other.columns {
                let _ = writeln!(text, "| {} | {} |", code(name), cell(type_name));
            }
        }
        if !other.definition.is_empty() {
            text.push_str(&block("sql", &other.definition));
        }
    }
    text
}

fn overview(text: &mut String, model: &Model) {
    if model.relations.is_empty() {
        return;
    }
    text.push_str("\n## Overview\n");
    if model.tables.len() <= mermaid::TABLES_MAX {
        let all: Vec<usize> = (0..model.tables.len()).collect();
        text.push_str(&block("mermaid", &mermaid::tables(model, &all)));
        return;
    }
    let clusters = clusters(model);
    text.push_str(
        "\nTables that belong together, called after the one with the most relations; on the lines, how many \
                   relations there are between two groups.\n",
    );
    text.push_str(&block("mermaid", &mermaid::groups(model, &clusters)));
    for cluster in &clusters {
        let title = inline(&cluster.title(model));
        let _ = match cluster.bond {
            Bond::Relations => write!(text, "\n### Around {title}\n"),
            Bond::Shared | Bond::Nothing => write!(text, "\n### Tables {title}\n"),
        };
        let has_relations = model
            .relations
            .iter()
            .any(|relation| cluster.tables.contains(&relation.child) && cluster.tables.contains(&relation.parent));
        if has_relations {
            text.push_str(&block("mermaid", &mermaid::tables(model, &cluster.tables)));
        } else {
            let links: Vec<_> = cluster
                .tables
                .iter()
                .map(|table| link(&model.tables[*table], "tables/"))
                .collect();
            let _ = write!(text, "\n{}\n", links.join(", "));
        }
    }
}

fn page(model: &Model, place: usize) -> String {
    let table = &model.tables[place];
    let mut text = format!(
        "<!-- {MARK} -->\n# {}\n\n[All tables](../README.md)\n",
        inline(&table.name)
    );
    if let Some(comment) = &table.comment {
        let _ = write!(text, "\n{}\n", inline(comment));
    }
    text.push_str("\n| column | type | required | default | key | about |\n| --- | --- | --- | --- | --- | --- |\n");
    for column in &table.columns {
        let keys: Vec<&str> = [
            (column.primary, "primary"),
            (column.foreign, "foreign"),
            (column.unique && !column.primary, "unique"),
        ]
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, word)| word)
        .collect();
        let value = column.value.as_ref().map_or(String::new(), |value| code(value));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            cell(&column.name),
            if column.type_name.is_empty() {
                String::new()
            } else {
                code(&column.type_name)
            },
            if column.required { "yes" } else { "" },
            column
                .generated
                .map_or_else(|| value.clone(), |kind| format!("computed ({kind}): {value}")),
            keys.join(", "),
            cell(column.comment.as_deref().unwrap_or_default())
        );
    }
    relations(&mut text, model, place);
    for (heading, entries) in [("Constraints", &table.constraints), ("Triggers", &table.triggers)] {
        if !entries.is_empty() {
            let _ = write!(text, "\n## {heading}\n\n");
            for (name, definition) in entries {
                let _ = writeln!(text, "- {}: {}", inline(name), code(definition));
            }
        }
    }
    if !table.indexes.is_empty() {
        text.push_str("\n## Indexes\n\n");
        for index in &table.indexes {
            let unique = if index.unique { "unique " } else { "" };
            let condition = index
                .predicate
                .as_ref()
                .map_or(String::new(), |predicate| format!(" where {}", code(predicate)));
            let _ = writeln!(
                text,
                "- {}: {unique}{} ({}){condition}",
                inline(&index.name),
                inline(&index.method),
                index.keys.iter().map(|key| code(key)).collect::<Vec<_>>().join(", ")
            );
        }
    }
    text
}

fn relations(text: &mut String, model: &Model, place: usize) {
    let around = neighborhood(model, place);
    if around.relations.is_empty() {
        return;
    }
    text.push_str("\n## Relations\n");
    text.push_str(&block("mermaid", &mermaid::around(model, &around)));
    for (count, what) in [
        (around.more_parents, "that it refers to"),
        (around.more_children, "that refer to it"),
    ] {
        if count > 0 {
            let _ = write!(text, "\nNot drawn: {count} more tables {what}.\n");
        }
    }
    text.push('\n');
    for relation in model.relations_of(place) {
        let _ = writeln!(text, "- {}", sentence(model, relation, place));
    }
}

fn sentence(model: &Model, relation: &Relation, place: usize) -> String {
    let columns = |names: &[String]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    let action = match relation.on_delete.as_str() {
        "" | "NO ACTION" => String::new(),
        action => format!("; on delete {}", action.to_lowercase()),
    };
    if relation.child == place {
        let parent = link(&model.tables[relation.parent], "");
        format!(
            "{} refers to {parent} ({}){action}",
            columns(&relation.columns),
            columns(&relation.parent_columns)
        )
    } else {
        let child = link(&model.tables[relation.child], "");
        format!(
            "{child} ({}) refers to {}{action}",
            columns(&relation.columns),
            columns(&relation.parent_columns)
        )
    }
}

fn link(table: &TableDoc, folder: &str) -> String {
    format!("[{}]({folder}{}.md)", cell(&table.name), table.slug)
}

fn block(language: &str, text: &str) -> String {
    let fence = if text.contains("```") { "````" } else { "```" };
    format!("\n{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// Code in a line; the bars of tables are escaped.
fn code(text: &str) -> String {
    let text = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

fn cell(text: &str) -> String {
    inline(&text.split_whitespace().collect::<Vec<_>>().join(" ")).replace('|', "\\|")
}

/// Text whose letters mean nothing to Markdown.
fn inline(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if "\\`*_[]<>#".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
