//! Settings files of tools, flattened: `flyway.placeholders.owner` → `app`, each with its line.
//!
//! Only what such files are written in by people: `key = value`, nested TOML tables, nested YAML maps and lists of
//! plain values. Anchors, multi-line values and the like are passed over. A list becomes its values with commas between.

use crate::text;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// Its name, with a dot between levels.
    pub(super) key: String,
    /// Its value, without quotes.
    pub(super) value: String,
    /// Line, counted from 1.
    pub(super) line: u32,
}

/// `key = value` or `key: value`, one on a line, as Java's properties are written.
pub(super) fn properties(text: &str) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut rest = (1u32..).zip(text.lines());
    while let Some((line, content)) = rest.next() {
        let content = content.trim();
        if content.is_empty() || content.starts_with(['#', '!']) {
            continue;
        }
        // The key ends at the first separator; colons occur in values (`jdbc:…`).
        let Some(at) = content.find(['=', ':']) else { continue };
        let mut value = content[at + 1..].trim().to_owned();
        while value.ends_with('\\') {
            value.pop();
            match rest.next() {
                Some((_, more)) => value.push_str(more.trim()),
                None => break,
            }
        }
        settings.push(Setting {
            key: content[..at].trim().to_owned(),
            value,
            line,
        });
    }
    settings
}

/// A TOML file. Lines are found by the key's last part.
pub(super) fn toml(text: &str) -> Vec<Setting> {
    let Ok(table) = text.parse::<toml::Table>() else {
        return Vec::new();
    };
    let mut settings = Vec::new();
    flatten(text, "", &table, &mut settings);
    settings
}

fn flatten(text: &str, prefix: &str, table: &toml::Table, settings: &mut Vec<Setting>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        let value = match value {
            toml::Value::Table(inner) => {
                flatten(text, &key, inner, settings);
                continue;
            }
            toml::Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(","),
            toml::Value::String(_)
            | toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_) => plain(value),
        };
        let has_key = |content: &&str| {
            let rest = content
                .trim_start()
                .trim_start_matches(['"', '\''])
                .strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with('='))
        };
        let at = text.lines().position(|content| has_key(&content)).unwrap_or(0);
        settings.push(Setting {
            key,
            value,
            line: u32::try_from(at).map_or(u32::MAX, |at| at.saturating_add(1)),
        });
    }
}

fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A YAML file: maps by indentation, lists of plain values, `[a, b]`.
pub(super) fn yaml(text: &str) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    // The open maps: indentation and name.
    let mut open: Vec<(usize, String)> = Vec::new();
    for (line, content) in (1u32..).zip(text.lines()) {
        let content = content.trim_end();
        let indentation = content.len() - content.trim_start().len();
        let inner = without_comment(content.trim_start());
        if inner.is_empty() || inner == "---" {
            if inner == "---" {
                open.clear();
            }
            continue;
        }
        if let Some(item) = inner.strip_prefix("- ") {
            while open.last().is_some_and(|(outer, _)| *outer > indentation) {
                open.pop();
            }
            let key = joined(&open, "");
            match settings.last_mut() {
                Some(last) if last.key == key => {
                    last.value.push(',');
                    last.value.push_str(unquoted(item));
                }
                _ => settings.push(Setting {
                    key,
                    value: unquoted(item).to_owned(),
                    line,
                }),
            }
            continue;
        }
        while open.last().is_some_and(|(outer, _)| *outer >= indentation) {
            open.pop();
        }
        let Some((name, value)) = key_and_value(inner) else {
            continue;
        };
        if value.is_empty() {
            open.push((indentation, name.to_owned()));
            continue;
        }
        let value = match value.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
            Some(list) => list
                .split(',')
                .map(|item| unquoted(item.trim()))
                .collect::<Vec<_>>()
                .join(","),
            None => unquoted(value).to_owned(),
        };
        settings.push(Setting {
            key: joined(&open, name),
            value,
            line,
        });
    }
    settings
}

fn joined(open: &[(usize, String)], name: &str) -> String {
    let mut parts: Vec<&str> = open.iter().map(|(_, name)| name.as_str()).collect();
    if !name.is_empty() {
        parts.push(name);
    }
    parts.join(".")
}

/// `name: value`, where the name may be quoted. Nothing where there is no colon that ends a name.
fn key_and_value(text: &str) -> Option<(&str, &str)> {
    if let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let end = text[1..].find(quote)? + 1;
        return Some((&text[1..end], text[end + 1..].trim_start().strip_prefix(':')?.trim()));
    }
    let at = text.find(": ").or_else(|| text.strip_suffix(':').map(str::len))?;
    Some((text[..at].trim(), text[at + 1..].trim()))
}

fn without_comment(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    text.find(" #").map_or(text, |at| &text[..at]).trim_end()
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// The settings of a file by its name; none for files of other kinds.
pub(super) fn of_file(name: &str, path: &std::path::Path, limit: u64) -> Vec<Setting> {
    let read = |parse: fn(&str) -> Vec<Setting>| parse(&text::peek(path, limit));
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("toml") => read(toml),
        Some("yml" | "yaml") => read(yaml),
        Some("conf" | "properties") => read(properties),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(settings: &[Setting]) -> Vec<String> {
        settings
            .iter()
            .map(|setting| format!("{} {}={}", setting.line, setting.key, setting.value))
            .collect()
    }

    #[test]
    fn properties_end_their_key_at_the_first_separator_and_may_go_on() {
        let text = "# no\nflyway.url=jdbc:postgresql://db/app\nflyway.locations: a,\\\n  b\n\nnothing\n";
        assert_eq!(
            shown(&properties(text)),
            ["2 flyway.url=jdbc:postgresql://db/app", "3 flyway.locations=a,b"]
        );
    }

    #[test]
    fn toml_tables_are_flattened() {
        let text = "[flyway]\nlocations = [\"a\", \"b\"]\nmixed = true\n[flyway.placeholders]\nowner = \"app\"\n";
        assert_eq!(
            shown(&toml(text)),
            [
                "2 flyway.locations=a,b",
                "3 flyway.mixed=true",
                "5 flyway.placeholders.owner=app"
            ]
        );
        assert_eq!(toml("= broken"), []);
    }

    #[test]
    fn yaml_maps_are_followed_by_indentation() {
        let text = "spring:\n  flyway:\n    locations: # two\n      - classpath:a\n      - 'classpath:b'\n    placeholders:\n      \
                    owner: \"app\"\n    url: jdbc:x://y # why\n    out: [c, \"d\"]\nother: 1\n";
        assert_eq!(
            shown(&yaml(text)),
            [
                "4 spring.flyway.locations=classpath:a,classpath:b",
                "7 spring.flyway.placeholders.owner=app",
                "8 spring.flyway.url=jdbc:x://y",
                "9 spring.flyway.out=c,d",
                "10 other=1",
            ]
        );
    }

    #[test]
    fn odd_files_are_no_trouble() {
        for text in ["", "-", "- a", ":", "a:\n- b", "\"", "'a", "[", "= =", "\\"] {
            let _ = (properties(text), toml(text), yaml(text));
        }
    }
}
