//! One HTML file with everything in it: no network, no other files, the same from a disk as from a server.

mod diagram;

use std::fmt::Write as _;

use super::MARK;
use super::model::{ColumnDoc, Model, Relation, TableDoc};
use super::neighborhood::neighborhood;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

pub(super) fn page(model: &Model) -> String {
    let mut text = format!(
        "<!doctype html>\n<!-- {MARK} -->\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<meta \
         name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        title = escaped(&model.title)
    );
    sidebar(&mut text, model);
    text.push_str("<main>\n");
    start(&mut text, model);
    for place in 0..model.tables.len() {
        table_section(&mut text, model, place);
    }
    for other in &model.others {
        let _ = write!(
            text,
            "<section id=\"{}\" data-page>\n<p class=\"kind\">{}</p>\n<h1>{}</h1>\n",
            escaped(&other.slug),
            escaped(other.heading.trim_end_matches('s')),
            escaped(&other.name)
        );
        about(&mut text, other.comment.as_deref());
        if !other.labels.is_empty() {
            let labels: Vec<_> = other.labels.iter().map(|label| code(label)).collect();
            let _ = writeln!(text, "<p>{}</p>", labels.join(" "));
        }
        if !other.columns.is_empty() {
            text.push_str("<table>\n<thead><tr><th>Column</th><th>Type</th></tr></thead>\n<tbody>\n");
            for (name, type_name) in &other.columns {
                let (name, type_name) = (code(name), escaped(type_name));
                let _ = writeln!(text, "<tr><td>{name}</td><td>{type_name}</td></tr>");
            }
            text.push_str("</tbody>\n</table>\n");
        }
        if !other.definition.is_empty() {
            let _ = writeln!(text, "<pre>{}</pre>", escaped(&other.definition));
        }
        text.push_str("</section>\n");
    }
    let _ = write!(text, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
    text
}

fn sidebar(text: &mut String, model: &Model) {
    let _ = write!(
        text,
        "<nav aria-label=\"Objects\">\n<a class=\"home\" href=\"#overview\">{}</a>\n<input type=\"search\" id=\"search\" \
         placeholder=\"Search ( / )\" aria-label=\"Search tables and columns\" autocomplete=\"off\">\n\
         <p id=\"nothing\" hidden>Nothing is called so.</p>\n<ul id=\"entries\">\n",
        escaped(&model.title)
    );
    for table in &model.tables {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        entry(text, &table.slug, &table.name, "", &columns.join("\n"));
    }
    for other in &model.others {
        let kind = other.heading.trim_end_matches('s').to_lowercase();
        let columns: Vec<&str> = other.columns.iter().map(|(name, _)| name.as_str()).collect();
        entry(text, &other.slug, &other.name, &kind, &columns.join("\n"));
    }
    text.push_str("</ul>\n</nav>\n");
}

fn entry(text: &mut String, slug: &str, name: &str, kind: &str, columns: &str) {
    let kind = if kind.is_empty() {
        String::new()
    } else {
        format!(" <small>{}</small>", escaped(kind))
    };
    let _ = writeln!(
        text,
        "<li data-name=\"{name}\" data-columns=\"{}\"><a href=\"#{}\">{name}{kind}</a><span class=\"hit\"></span></li>",
        escaped(columns),
        escaped(slug),
        name = escaped(name)
    );
}

fn start(text: &mut String, model: &Model) {
    let _ = write!(
        text,
        "<section id=\"overview\" data-page>\n<h1>{}</h1>\n<p>{}. {} tables with {} relations between them.</p>\n",
        escaped(&model.title),
        escaped(&model.server),
        model.tables.len(),
        model.relations.len()
    );
    if let [first, rest @ ..] = model.missing.as_slice() {
        let lines: Vec<_> = rest.iter().map(|line| format!("<li>{}</li>", escaped(line))).collect();
        let _ = writeln!(
            text,
            "<p><strong>Incomplete:</strong> {}</p>\n<ul>{}</ul>",
            escaped(first),
            lines.concat()
        );
    }
    if !model.tables.is_empty() {
        text.push_str(
            "<p class=\"about\">Tables that belong together, called after the one with the most relations. The lines \
             between two groups are the thicker, the more relations there are. Choose a table to see what is around it.</p>\n",
        );
        diagram::overview(text, model);
    }
    text.push_str("</section>\n");
}

fn table_section(text: &mut String, model: &Model, place: usize) {
    let table = &model.tables[place];
    let _ = write!(
        text,
        "<section id=\"{}\" data-page>\n<p class=\"kind\">Table</p>\n<h1>{}</h1>\n",
        escaped(&table.slug),
        escaped(&table.name)
    );
    about(text, table.comment.as_deref());
    let around = neighborhood(model, place);
    if !around.relations.is_empty() {
        diagram::around(text, model, &around);
    }
    columns(text, table);
    let relations: Vec<_> = model.relations_of(place).collect();
    if !relations.is_empty() {
        text.push_str("<h2>Relations</h2>\n<ul>\n");
        for relation in relations {
            let _ = writeln!(text, "<li>{}</li>", sentence(model, relation, place));
        }
        text.push_str("</ul>\n");
    }
    for (heading, entries) in [("Constraints", &table.constraints), ("Triggers", &table.triggers)] {
        if !entries.is_empty() {
            let _ = write!(text, "<h2>{heading}</h2>\n<dl>\n");
            for (name, definition) in entries {
                let _ = writeln!(text, "<dt>{}</dt><dd>{}</dd>", escaped(name), code(definition));
            }
            text.push_str("</dl>\n");
        }
    }
    if !table.indexes.is_empty() {
        text.push_str("<h2>Indexes</h2>\n<dl>\n");
        for index in &table.indexes {
            let keys: Vec<_> = index.keys.iter().map(|key| code(key)).collect();
            let unique = if index.unique { "unique " } else { "" };
            let condition = index
                .predicate
                .as_ref()
                .map_or(String::new(), |predicate| format!(" where {}", code(predicate)));
            let _ = writeln!(
                text,
                "<dt>{}</dt><dd>{unique}{} on {}{condition}</dd>",
                escaped(&index.name),
                escaped(&index.method),
                keys.join(", ")
            );
        }
        text.push_str("</dl>\n");
    }
    text.push_str("</section>\n");
}

fn columns(text: &mut String, table: &TableDoc) {
    text.push_str(
        "<h2>Columns</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Name</th><th>Type</th><th>Key</th><th>Required</th>\
         <th>Default</th><th>About</th></tr></thead>\n<tbody>\n",
    );
    for column in &table.columns {
        let value = column.value.as_ref().map_or(String::new(), |value| code(value));
        let _ = writeln!(
            text,
            "<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&column.name),
            escaped(&column.type_name),
            keys(column),
            if column.required { "yes" } else { "" },
            column
                .generated
                .map_or_else(|| value.clone(), |kind| format!("computed ({kind}): {value}")),
            escaped(column.comment.as_deref().unwrap_or_default())
        );
    }
    text.push_str("</tbody>\n</table></div>\n");
}

fn keys(column: &ColumnDoc) -> String {
    let marks = [
        (column.primary, "primary"),
        (column.foreign, "foreign"),
        (column.unique && !column.primary, "unique"),
    ];
    let marks = marks.into_iter().filter(|(is, _)| *is);
    let marks: Vec<_> = marks
        .map(|(_, word)| format!("<span class=\"mark {word}\">{word}</span>"))
        .collect();
    marks.join(" ")
}

fn sentence(model: &Model, relation: &Relation, place: usize) -> String {
    let columns = |names: &[String]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    let action = match relation.on_delete.as_str() {
        "" | "NO ACTION" => String::new(),
        action => format!("; on delete {}", escaped(&action.to_lowercase())),
    };
    let link = |table: usize| {
        let table = &model.tables[table];
        format!("<a href=\"#{}\">{}</a>", escaped(&table.slug), escaped(&table.name))
    };
    let (own, other) = (columns(&relation.columns), columns(&relation.parent_columns));
    if relation.child == place {
        format!("{own} refers to {} ({other}){action}", link(relation.parent))
    } else {
        format!("{} ({own}) refers to {other}{action}", link(relation.child))
    }
}

fn about(text: &mut String, comment: Option<&str>) {
    if let Some(comment) = comment {
        let _ = writeln!(text, "<p class=\"about\">{}</p>", escaped(comment));
    }
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// Text as it must be written between and within tags.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
