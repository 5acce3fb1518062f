//! What is set for sqlc: which files hold queries, and for which engine.
//!
//! See <https://docs.sqlc.dev/en/latest/reference/config.html>.

use std::path::Path;

use dbwright_catalog::Engine;
use serde_json::Value;

/// One database of a `sqlc.yaml`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) engine: Option<Engine>,
    /// Files, folders and patterns, relative to the file of settings.
    pub(super) queries: Vec<String>,
}

pub(super) fn is_settings(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    matches!(name, Some("sqlc.yaml" | "sqlc.yml" | "sqlc.json"))
}

/// The databases that are set up.
pub(super) fn settings(path: &Path, text: &str) -> Vec<Set> {
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let sets = if is_json { json(text) } else { yaml(text) };
    sets.into_iter().filter(|set| !set.queries.is_empty()).collect()
}

fn json(text: &str) -> Vec<Set> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let listed = ["sql", "packages"]
        .into_iter()
        .filter_map(|key| value.get(key)?.as_array());
    let set = |value: &Value| Set {
        engine: value
            .get("engine")
            .and_then(Value::as_str)
            .and_then(|name| name.parse().ok()),
        queries: match value.get("queries") {
            Some(Value::String(path)) => vec![path.clone()],
            Some(Value::Array(paths)) => paths
                .iter()
                .filter_map(|path| Some(path.as_str()?.to_owned()))
                .collect(),
            _ => Vec::new(),
        },
    };
    listed.flatten().map(set).collect()
}

/// Line by line: an item of a list with a key begins a database, `engine` and `queries` stand in it.
fn yaml(text: &str) -> Vec<Set> {
    let mut sets: Vec<Set> = Vec::new();
    // The indentation of `queries:` while its list goes on.
    let mut list: Option<usize> = None;
    for line in text.lines() {
        let inner = line.trim_start();
        let mut indentation = line.len() - inner.len();
        let inner = inner.find(" #").map_or(inner, |at| &inner[..at]).trim_end();
        if inner.is_empty() || inner.starts_with('#') {
            continue;
        }
        let (item, content) = match inner.strip_prefix("- ") {
            Some(content) => (true, content.trim_start()),
            None => (false, inner),
        };
        if item && list.is_some_and(|of| indentation >= of) && !content.contains(": ") && !content.ends_with(':') {
            if let Some(set) = sets.last_mut() {
                set.queries.push(unquoted(content).to_owned());
            }
            continue;
        }
        list = None;
        let Some((key, value)) = content.split_once(':') else {
            continue;
        };
        if item {
            sets.push(Set::default());
            indentation += 2;
        }
        let (Some(set), value) = (sets.last_mut(), value.trim()) else {
            continue;
        };
        match (unquoted(key.trim()), value) {
            ("engine", _) => set.engine = unquoted(value).parse().ok(),
            ("queries", "") => list = Some(indentation),
            ("queries", _) => {
                let inner = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
                let paths = inner.unwrap_or(value).split(',').map(|path| unquoted(path.trim()));
                set.queries
                    .extend(paths.filter(|path| !path.is_empty()).map(str::to_owned));
            }
            _ => {}
        }
    }
    sets
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}
