//! Which tables need generated rows for a migration: those whose rows its statements can meet.

use std::collections::BTreeSet;

use dbwright_catalog::{Catalog, ObjectId};

use super::super::blame::words;
use crate::fill::reach::{Reach, Use};

/// How statements begin that work on nothing but what they name. What begins otherwise (`VACUUM`, `REINDEX`) can meet any
/// table.
const NAMING: [&str; 19] = [
    "alter",
    "begin",
    "commit",
    "create",
    "delete",
    "drop",
    "end",
    "explain",
    "insert",
    "pragma",
    "release",
    "replace",
    "rollback",
    "savepoint",
    "select",
    "update",
    "values",
    "with",
    "analyze",
];

/// The tables whose rows these statements can meet; nothing where that may be any table.
pub(super) fn reachable<'t>(catalog: &Catalog, texts: impl Iterator<Item = &'t str>) -> Option<BTreeSet<ObjectId>> {
    let texts: Vec<(&str, Vec<String>)> = texts.map(|text| (text, words(text))).collect();
    let is_naming = |(text, words): &(&str, Vec<String>)| {
        let begins = words.first().is_some_and(|first| NAMING.contains(&first.as_str()));
        // Who writes to the schema itself does what he likes.
        begins && !text.to_ascii_lowercase().contains("sqlite_")
    };
    if !texts.iter().all(is_naming) {
        return None;
    }
    // A trigger that is made fires for the statements after it.
    let fires = texts.iter().any(|(_, words)| !is_alone(words) && !makes_trigger(words));
    let reach = Reach::of(catalog);
    let mut reached = BTreeSet::new();
    for (text, words) in &texts {
        let is_alone = is_alone(words) || makes_trigger(words) && !fires;
        reached.extend(reach.by_text(text, if is_alone { Use::Alone } else { Use::Writes }));
    }
    Some(reached)
}

/// Whether a statement fires no trigger and changes no rows but those of the tables that it names.
fn is_alone(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["create", ..] => !makes_trigger(&words),
        ["alter", "table", "main", _, "add", ..]
        | ["alter", "table", _, "add", ..]
        | [
            "analyze" | "begin" | "commit" | "end" | "explain" | "pragma" | "release" | "savepoint" | "select",
            ..,
        ] => true,
        _ => false,
    }
}

fn makes_trigger(words: &[impl AsRef<str>]) -> bool {
    let words: Vec<&str> = words.iter().take(3).map(AsRef::as_ref).collect();
    matches!(
        words.as_slice(),
        ["create", "trigger", ..] | ["create", "temp" | "temporary", "trigger"]
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn reached(texts: &[&str]) -> Option<Vec<String>> {
        let connection = Connection::open_in_memory().unwrap();
        let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY);
             CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id REFERENCES users ON DELETE CASCADE);
             CREATE TABLE likes (post_id REFERENCES posts);
             CREATE TABLE log (text);
             CREATE TABLE other (a);
             CREATE VIEW seen AS SELECT * FROM other;
             CREATE TRIGGER deleted AFTER DELETE ON likes BEGIN INSERT INTO \"LOG\" VALUES ('x'); END;";
        connection.execute_batch(schema).unwrap();
        let catalog = crate::introspect::sqlite::read(&connection).unwrap();
        let reached = reachable(&catalog, texts.iter().copied());
        reached.map(|tables| tables.iter().map(|id| id.name().to_owned()).collect())
    }

    #[test]
    fn rows_are_needed_where_a_statement_can_meet_them() {
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(reached(&["ALTER TABLE users ADD COLUMN a"]), names(&["users"]));
        assert_eq!(reached(&["ALTER TABLE main.[users] ADD a"]), names(&["users"]));
        assert_eq!(reached(&["CREATE INDEX i ON posts (user_id)"]), names(&["posts"]));
        assert_eq!(reached(&["CREATE TABLE copy AS SELECT * FROM seen"]), names(&["other"]));
        assert_eq!(
            reached(&["DROP TABLE users"]),
            names(&["likes", "log", "posts", "users"])
        );
        assert_eq!(
            reached(&["ALTER TABLE posts RENAME TO p"]),
            names(&["likes", "log", "posts"])
        );
        assert_eq!(reached(&["UPDATE seen SET a = 1"]), names(&["other"]));
        assert_eq!(reached(&["PRAGMA foreign_keys = ON", "BEGIN"]), names(&[]));
        let trigger = "CREATE TRIGGER t AFTER INSERT ON other BEGIN DELETE FROM posts; END";
        assert_eq!(reached(&[trigger]), names(&["other", "posts"]));
        let fired = reached(&[trigger, "INSERT INTO other VALUES (1)"]);
        assert_eq!(fired, names(&["likes", "log", "other", "posts"]));
    }

    #[test]
    fn what_is_not_understood_needs_rows_everywhere() {
        for text in ["VACUUM", "REINDEX", "DELETE FROM sqlite_schema", "frobnicate users"] {
            assert_eq!(reached(&[text]), None, "{text}");
        }
    }
}
