//! Renames: asked about, declared, carried out on a copy, and nothing is left to plan.

use dbwright_catalog::Engine;
use dbwright_ddl::{RENAME, answer, questions, rename_steps};
use dbwright_live::introspect::sqlite::read_whole;
use rusqlite::Connection;

use super::{catalog, planned, steps};

/// Answers every question with a rename and carries it out, as long as there are some; the steps that are left then.
fn left_after_renames(before: &str, after: &str) -> Vec<String> {
    let after = catalog(after);
    let mut scratch = Connection::open_in_memory().unwrap();
    scratch.execute_batch(before).unwrap();
    for _ in 0..5 {
        let now = read_whole(&mut scratch).unwrap().catalog;
        let asked = questions(&now, &after);
        let Some(question) = asked.first() else { break };
        for rename in answer(&asked, &question.id, RENAME).unwrap() {
            for step in rename_steps(Engine::Sqlite, &rename) {
                scratch.execute_batch(&step.sql).unwrap();
            }
        }
    }
    let now = read_whole(&mut scratch).unwrap().catalog;
    let plan = planned(&now, &after);
    steps(&plan).into_iter().map(str::to_owned).collect()
}

#[test]
fn after_declared_renames_everything_that_names_the_object_is_as_the_goal_has_it() {
    let left = left_after_renames(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, mail TEXT UNIQUE, CHECK (users.name <> ''));
         CREATE TABLE posts (id INTEGER PRIMARY KEY, author INT REFERENCES users (id), body TEXT);
         CREATE INDEX by_mail ON users (lower(mail)) WHERE mail IS NOT NULL;
         CREATE VIEW names AS SELECT name, mail FROM users WHERE mail LIKE 'a%';
         CREATE TRIGGER tidy AFTER DELETE ON users BEGIN DELETE FROM posts WHERE author = old.id; END;",
        "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE, CHECK (name <> ''));
         CREATE TABLE posts (id INTEGER PRIMARY KEY, author INT REFERENCES people (id), body TEXT);
         CREATE INDEX by_mail ON people (lower(email)) WHERE email IS NOT NULL;
         CREATE VIEW names AS SELECT name, email FROM people WHERE email LIKE 'a%';
         CREATE TRIGGER tidy AFTER DELETE ON people BEGIN DELETE FROM posts WHERE author = old.id; END;",
    );
    assert_eq!(left, [""; 0]);
}
