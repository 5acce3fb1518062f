//! What sqlx writes down of the queries that it has checked: `.sqlx/query-*.json`, and `sqlx-data.json` before 0.7.
//!
//! See <https://docs.rs/sqlx/latest/sqlx/macro.query.html#offline-mode>.

use std::path::Path;

use dbwright_catalog::{Engine, Query, QueryOrigin};
use serde_json::Value;

/// The queries of a file for this engine; what is wrong with the file, as a sentence.
pub(super) fn queries(path: &Path, text: &str, engine: Engine) -> Result<Vec<Query>, String> {
    let wrong = |what: &str| format!("{} is not what sqlx writes: {what}.", path.display());
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
    let Some(members) = value.as_object() else {
        return Err(wrong("it is no object"));
    };
    let name = members
        .get("db_name")
        .or_else(|| members.get("db"))
        .and_then(Value::as_str)
        .ok_or_else(|| wrong("no `db_name` says for which database it is"))?;
    let texts: Vec<&str> = match members.get("query") {
        Some(query) => query.as_str().into_iter().collect(),
        // The old format: a query for each hash.
        None => members
            .values()
            .filter_map(|value| value.get("query")?.as_str())
            .collect(),
    };
    if texts.is_empty() && members.contains_key("query") {
        return Err(wrong("`query` is no text"));
    }
    if !is_for(name, engine) {
        return Ok(Vec::new());
    }
    let query = |text: &str| Query {
        name: None,
        origin: QueryOrigin::File {
            path: path.to_owned(),
            line: 1,
        },
        text: text.trim().to_owned(),
        load: None,
    };
    Ok(texts.into_iter().map(query).collect())
}

/// Whether a database that sqlx names is of this engine. It knows MariaDB as MySQL.
fn is_for(name: &str, engine: Engine) -> bool {
    match engine {
        Engine::Postgres => name == "PostgreSQL",
        Engine::MySql | Engine::MariaDb => name == "MySQL",
        Engine::Sqlite => name == "SQLite",
    }
}
