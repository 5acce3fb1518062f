//! One difference in a few words: what an object is, and what became other.

use std::collections::BTreeMap;

use dbwright_catalog::{Column, Generated, GeneratedKind, Object, ObjectBody};
use serde_json::Value;

/// Longer definitions are cut; JSON has them whole.
const CHARACTERS_MAX: usize = 160;

/// What an object is, in one line: the type of a column, the statement of an index.
pub(super) fn described(object: &Object) -> String {
    match &object.body {
        ObjectBody::Column(body) => column(body),
        ObjectBody::Owner(owner) => owner.role.clone(),
        ObjectBody::Comment(comment) => format!("'{}'", one_line(&comment.text)),
        ObjectBody::Table(_) | ObjectBody::Schema(_) => String::new(),
        // Its rows as JSON tell a person little.
        _ if is_json(&object.definition) => String::new(),
        _ => one_line(&object.definition),
    }
}

/// What became other, a line each: `type: integer → bigint`.
pub(super) fn differences(before: &Object, after: &Object) -> Vec<String> {
    if let (ObjectBody::Column(was), ObjectBody::Column(is)) = (&before.body, &after.body) {
        let found = columns(was, is);
        if !found.is_empty() {
            return found;
        }
    }
    if let (Ok(Value::Object(was)), Ok(Value::Object(is))) = (
        serde_json::from_str::<Value>(&before.definition),
        serde_json::from_str::<Value>(&after.definition),
    ) {
        let (mut flat_was, mut flat_is) = (BTreeMap::new(), BTreeMap::new());
        flatten("", &Value::Object(was), &mut flat_was);
        flatten("", &Value::Object(is), &mut flat_is);
        let keys: std::collections::BTreeSet<&String> = flat_was.keys().chain(flat_is.keys()).collect();
        let nothing = "nothing".to_owned();
        return keys
            .into_iter()
            .filter(|key| flat_was.get(*key) != flat_is.get(*key))
            .map(|key| {
                let shown = |value: Option<&String>| value.unwrap_or(&nothing).clone();
                format!("{key}: {} → {}", shown(flat_was.get(key)), shown(flat_is.get(key)))
            })
            .collect();
    }
    match (described(before), described(after)) {
        (was, is) if was != is => vec![format!("- {was}"), format!("+ {is}")],
        // The lines that differ, where the beginning is the same.
        _ => lines(&before.definition, &after.definition),
    }
}

fn lines(before: &str, after: &str) -> Vec<String> {
    let (was, is): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let gone = was
        .iter()
        .filter(|line| !is.contains(line))
        .map(|line| format!("- {}", one_line(line)));
    let new = is
        .iter()
        .filter(|line| !was.contains(line))
        .map(|line| format!("+ {}", one_line(line)));
    let found: Vec<String> = gone.chain(new).collect();
    if found.is_empty() {
        vec!["in properties that are not part of its definition".to_owned()]
    } else {
        found
    }
}

fn flatten(key: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let key = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
                flatten(&key, value, into);
            }
        }
        Value::String(text) => {
            into.insert(key.to_owned(), one_line(text));
        }
        Value::Null => {}
        other => {
            into.insert(key.to_owned(), one_line(&other.to_string()));
        }
    }
}

fn column(column: &Column) -> String {
    let mut text = column.type_name.clone();
    if let Some(collation) = &column.collation {
        text.extend([" COLLATE ", collation]);
    }
    if column.not_null {
        text.push_str(" NOT NULL");
    }
    if let Some(default) = &column.default {
        text.extend([" DEFAULT ", default]);
    }
    if let Some(generated) = &column.generated {
        text.extend([" ", &generation(generated)]);
    }
    one_line(&text)
}

fn generation(generated: &Generated) -> String {
    let kind = match generated.kind {
        GeneratedKind::Stored => "STORED",
        GeneratedKind::Virtual => "VIRTUAL",
    };
    format!("GENERATED ALWAYS AS ({}) {kind}", generated.expression)
}

fn columns(was: &Column, is: &Column) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, was: Option<String>, is: Option<String>| {
        if was != is {
            let shown = |value: Option<String>| value.map_or("nothing".to_owned(), |value| one_line(&value));
            found.push(format!("{what}: {} → {}", shown(was), shown(is)));
        }
    };
    compare("type", Some(was.type_name.clone()), Some(is.type_name.clone()));
    compare("default", was.default.clone(), is.default.clone());
    compare("collation", was.collation.clone(), is.collation.clone());
    let null = |column: &Column| Some(if column.not_null { "NOT NULL" } else { "NULL" }.to_owned());
    compare("null", null(was), null(is));
    compare(
        "generated",
        was.generated.as_ref().map(generation),
        is.generated.as_ref().map(generation),
    );
    let position = |column: &Column| Some(column.position.to_string());
    compare("position", position(was), position(is));
    found
}

fn is_json(text: &str) -> bool {
    text.starts_with('{') || text.starts_with('[')
}

/// The text in one line, cut where it is long.
pub(super) fn one_line(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= CHARACTERS_MAX {
        return text;
    }
    let cut: String = text.chars().take(CHARACTERS_MAX).collect();
    format!("{cut}…")
}
