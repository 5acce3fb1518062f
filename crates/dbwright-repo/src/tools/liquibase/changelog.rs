//! What a changelog in XML, YAML or JSON includes, in its order. Changesets written in these forms are counted, not read.
//!
//! As in <https://github.com/liquibase/liquibase/blob/master/liquibase-standard/src/main/java/liquibase/changelog/DatabaseChangeLog.java>
//! (`handleChildNode`, `handleInclude`, `handleIncludeAll`, `handleProperty`).

use super::formatted::Property;
use crate::json5::{self, Value};
use crate::text::line_at;
use crate::walk::has_extension;

/// One entry of a changelog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Another changelog.
    Include { file: String, is_relative: bool, line: u32 },
    /// All changelogs of a folder and those below it.
    IncludeAll {
        path: String,
        is_relative: bool,
        ends_with: String,
        depth_max: usize,
        line: u32,
    },
    /// A value for `${name}`.
    Property(Property),
    /// So many changesets one after the other, from this line on.
    ChangeSets { count: usize, line: u32 },
}

/// Whether a file may be a changelog by its extension.
pub(super) fn is_structured(file: &str) -> bool {
    ["xml", "yaml", "yml", "json"]
        .iter()
        .any(|extension| has_extension(file, extension))
}

/// The form of a changelog, for people.
pub(super) fn form(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("xml") => "XML",
        Some("json") => "JSON",
        _ => "YAML",
    }
}

/// Whether a text is a changelog.
pub(super) fn is_changelog(file: &str, text: &str) -> bool {
    match form(file) {
        "XML" => text.contains("<databaseChangeLog") || text.contains(":databaseChangeLog"),
        "JSON" => text.contains("\"databaseChangeLog\""),
        _ => text
            .lines()
            .any(|line| line.trim_end().starts_with("databaseChangeLog:")),
    }
}

/// The entries of a changelog.
pub(super) fn entries(file: &str, text: &str) -> Vec<Entry> {
    let found = match form(file) {
        "XML" => xml(text),
        "JSON" => json(text),
        _ => yaml(text),
    };
    let mut entries: Vec<Entry> = Vec::new();
    for entry in found {
        match (entries.last_mut(), &entry) {
            (Some(Entry::ChangeSets { count, .. }), Entry::ChangeSets { count: more, .. }) => *count += more,
            _ => entries.push(entry),
        }
    }
    entries
}

/// An entry from its name and a look-up of its attributes.
fn entry(name: &str, line: u32, get: impl Fn(&str) -> Option<String>) -> Option<Entry> {
    let is_relative = || get("relativeToChangelogFile").is_some_and(|value| value == "true");
    match name {
        "include" => Some(Entry::Include {
            file: get("file")?.replace('\\', "/"),
            is_relative: is_relative(),
            line,
        }),
        "includeAll" => Some(Entry::IncludeAll {
            path: get("path")?.replace('\\', "/"),
            is_relative: is_relative(),
            ends_with: get("endsWithFilter").unwrap_or_default(),
            depth_max: get("maxDepth")
                .and_then(|depth| depth.parse().ok())
                .unwrap_or(usize::MAX),
            line,
        }),
        "property" => Some(Entry::Property(Property {
            name: get("name")?,
            value: get("value")?,
            dbms: get("dbms"),
        })),
        "changeSet" => Some(Entry::ChangeSets { count: 1, line }),
        _ => None,
    }
}

fn xml(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('<') {
        let start = at + open;
        let rest = &text[start..];
        let skip = |end: &str| rest.find(end).map_or(text.len(), |found| start + found + end.len());
        if rest.starts_with("<!--") {
            at = skip("-->");
        } else if rest.starts_with("<![CDATA[") {
            at = skip("]]>");
        } else {
            let end = tag_end(rest).map_or(text.len(), |end| start + end);
            let tag = &text[start + 1..end.max(start + 1)];
            let name = tag
                .split(|c: char| c.is_whitespace() || c == '/' || c == '>')
                .next()
                .unwrap_or_default();
            let local = name.rsplit(':').next().unwrap_or_default();
            let line = line_at(text.as_bytes(), start);
            entries.extend(entry(local, line, |wanted| xml_attribute(&tag[name.len()..], wanted)));
            at = end;
        }
    }
    entries
}

/// Where a tag ends: at the `>` outside of quotes.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '>' => return Some(at),
            Some(_) | None => {}
        }
    }
    None
}

fn xml_attribute(tag: &str, wanted: &str) -> Option<String> {
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.trim().rsplit(char::is_whitespace).next().unwrap_or_default();
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, others) = after[1..].split_once(quote)?;
        if name == wanted {
            let unescaped = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
            return Some(unescaped.replace("&apos;", "'").replace("&amp;", "&"));
        }
        rest = others;
    }
    None
}

fn json(text: &str) -> Vec<Entry> {
    let value = json5::parse(text);
    let items = value.get("databaseChangeLog").map_or(&[][..], Value::items);
    let of_item = |item: &Value| {
        let (name, fields) = item.entries().first()?;
        entry(name, 1, |wanted| word(fields.get(wanted)?))
    };
    items.iter().filter_map(of_item).collect()
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Word(text) => Some(text.clone()),
        Value::Object(_) | Value::Array(_) | Value::Unknown => None,
    }
}

/// The items of the list `databaseChangeLog:` and the plain `name: value` below each.
fn yaml(text: &str) -> Vec<Entry> {
    let mut items: Vec<Item> = Vec::new();
    let mut list_indent = None;
    for (number, line) in (1u32..).zip(text.lines()) {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = line.len() - content.len();
        if let Some(item) = content
            .strip_prefix("- ")
            .filter(|_| list_indent.is_none_or(|known| known == indent))
        {
            list_indent = Some(indent);
            let (name, rest) = item.split_once(':').unwrap_or((item, ""));
            items.push(Item {
                name: name.trim().to_owned(),
                line: number,
                fields: flow(rest),
            });
        } else if let Some(Item { fields, .. }) = items.last_mut()
            && let Some((name, value)) = content.split_once(':')
            && list_indent.is_some_and(|known| indent > known)
        {
            let name = name.trim().trim_start_matches("- ");
            // The first counts: those of changes inside a changeset come later.
            if fields.iter().all(|(known, _)| known != name) {
                fields.push((name.to_owned(), scalar(value)));
            }
        }
    }
    let of_item = |item: Item| {
        entry(&item.name, item.line, |wanted| {
            let field = item.fields.iter().find(|(name, _)| name == wanted);
            field.map(|(_, value)| value.clone())
        })
    };
    items.into_iter().filter_map(of_item).collect()
}

/// An item of a list in YAML.
struct Item {
    name: String,
    line: u32,
    fields: Vec<(String, String)>,
}

/// `{ file: a.sql, relativeToChangelogFile: true }` behind the name of an item.
fn flow(text: &str) -> Vec<(String, String)> {
    let inner = text.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let fields = inner
        .unwrap_or_default()
        .split(',')
        .filter_map(|field| field.split_once(':'));
    fields.map(|(name, value)| (scalar(name), scalar(value))).collect()
}

fn scalar(text: &str) -> String {
    let text = text.split(" #").next().unwrap_or_default().trim();
    text.trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Vec<Entry> {
        vec![
            Entry::Property(Property {
                name: "schema".to_owned(),
                value: "app".to_owned(),
                dbms: None,
            }),
            Entry::Include {
                file: "a.sql".to_owned(),
                is_relative: true,
                line: 0,
            },
            Entry::ChangeSets { count: 2, line: 0 },
            Entry::IncludeAll {
                path: "more/".to_owned(),
                is_relative: false,
                ends_with: String::new(),
                depth_max: usize::MAX,
                line: 0,
            },
        ]
    }

    fn without_lines(file: &str, text: &str) -> Vec<Entry> {
        assert!(is_changelog(file, text));
        let mut found = entries(file, text);
        for entry in &mut found {
            match entry {
                Entry::Include { line, .. } | Entry::IncludeAll { line, .. } | Entry::ChangeSets { line, .. } => {
                    *line = 0;
                }
                Entry::Property(_) => {}
            }
        }
        found
    }

    #[test]
    fn the_three_forms_say_the_same() {
        let xml = "<?xml version=\"1.0\"?>\n<databaseChangeLog xmlns=\"a\">\n<!-- <include file=\"no.sql\"/> -->\n\
                   <property name=\"schema\" value='app'/><include file=\"a.sql\"\n relativeToChangelogFile=\"true\"/>\n\
                   <changeSet id=\"1\" author=\"a>b\"><sql><![CDATA[<include file=\"no\">]]></sql></changeSet><changeSet id=\"2\"/>\n\
                   <includeAll path=\"more/\"/></databaseChangeLog>";
        let yaml = "databaseChangeLog:\n  # - include: no\n  - property:\n      name: schema\n      value: \"app\"\n  - include:\n\
                    \x20     file: a.sql # here\n      relativeToChangelogFile: true\n  - changeSet:\n      id: 1\n      changes:\n\
                    \x20       - include:\n            file: no\n  - changeSet:\n      id: 2\n  - includeAll: { path: 'more/' }\n";
        let json = "{\"databaseChangeLog\": [{\"property\": {\"name\": \"schema\", \"value\": \"app\"}},\
                    {\"include\": {\"file\": \"a.sql\", \"relativeToChangelogFile\": true}}, {\"changeSet\": {\"id\": 1}},\
                    {\"changeSet\": {}}, {\"includeAll\": {\"path\": \"more/\"}}]}";
        assert_eq!(without_lines("a.xml", xml), expected());
        assert_eq!(without_lines("a.yaml", yaml), expected());
        assert_eq!(without_lines("a.json", json), expected());
    }

    #[test]
    fn anything_is_read_without_end() {
        for text in [
            "<",
            "<!--",
            "<a b",
            "<include file=",
            "- ",
            "-",
            "{",
            "<include file=\"é",
            "databaseChangeLog:\n- include:",
        ] {
            for file in ["a.xml", "a.yml", "a.json"] {
                let _ = entries(file, text);
            }
        }
    }
}
