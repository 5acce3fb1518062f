//! Filling and emptying tables of a SQLite database.

use dbwright_ddl::Rows;
use dbwright_live::fill::sqlite::{fill, remove};
use dbwright_live::introspect;
use rusqlite::Connection;

fn database(schema: &str) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("PRAGMA foreign_keys = on").unwrap();
    connection.execute_batch(schema).unwrap();
    connection
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection
        .query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0))
        .unwrap()
}

/// Every table of the schema is given three rows, and they can be taken out again.
fn check_filled(schema: &str) {
    let connection = database(schema);
    let catalog = introspect::sqlite::read(&connection).unwrap();
    let mut ledger = Rows::default();
    assert_eq!(fill(&connection, &catalog, &mut ledger, None).unwrap(), []);
    for (id, _) in catalog.tables() {
        assert!(count(&connection, id.name()) >= 3, "{id}");
    }
    remove(&connection, &catalog, &mut ledger).unwrap();
    assert!(ledger.is_empty(), "{ledger:?}");
    for (id, _) in catalog.tables() {
        assert_eq!(count(&connection, id.name()), 0, "{id}");
    }
    assert_eq!(introspect::sqlite::read(&connection).unwrap(), catalog);
}

fn check_reasons(schema: &str, expected: &[(&str, u32, &str)]) {
    let connection = database(schema);
    let catalog = introspect::sqlite::read(&connection).unwrap();
    let unfilled = fill(&connection, &catalog, &mut Rows::default(), None).unwrap();
    assert_eq!(unfilled.len(), expected.len(), "{unfilled:?}");
    for (unfilled, (table, rows, reason)) in unfilled.iter().zip(expected) {
        assert_eq!(
            (unfilled.table.name(), unfilled.rows),
            (*table, *rows),
            "{}",
            unfilled.reason
        );
        assert!(unfilled.reason.contains(reason), "{}", unfilled.reason);
    }
}

#[test]
fn tables_of_all_shapes_are_filled() {
    check_filled(
        "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(5) NOT NULL UNIQUE, at DATETIME NOT NULL
             DEFAULT CURRENT_TIMESTAMP, ok BOOLEAN NOT NULL CHECK (ok IN (0, 1)), data TEXT NOT NULL CHECK (json_valid(data)));
         CREATE TABLE b (a INTEGER NOT NULL REFERENCES a ON DELETE CASCADE, key TEXT NOT NULL, value BLOB NOT NULL,
             PRIMARY KEY (a, key)) WITHOUT ROWID;
         CREATE TABLE c (i INT NOT NULL, r REAL NOT NULL, t TEXT NOT NULL, b BLOB NOT NULL, x ANY NOT NULL,
             g TEXT AS (t || 'x')) STRICT;
         CREATE TABLE \"select\" (\"a b\" NOT NULL, parent REFERENCES a (id), \"Mixed\" TEXT CHECK (length(mixed) = 2));
         CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES tree (id));
         CREATE UNIQUE INDEX only_one ON a (lower(name)) WHERE ok;
         CREATE TABLE typed (t TEXT NOT NULL CHECK (typeof(t) = 'text' AND t GLOB '[A-Z]*'), n NUMERIC(4,2) NOT NULL
             CHECK (n BETWEEN 0 AND 1));",
    );
}

#[test]
fn deferred_cycles_are_filled() {
    check_filled(
        "CREATE TABLE c (id INTEGER PRIMARY KEY, d INTEGER NOT NULL REFERENCES d (id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TABLE d (id INTEGER PRIMARY KEY, c INTEGER NOT NULL REFERENCES c (id));",
    );
}

#[test]
fn what_can_not_be_filled_is_named_with_the_reason() {
    check_reasons(
        "CREATE TABLE dangling (id INTEGER PRIMARY KEY, other INTEGER NOT NULL REFERENCES missing (id));
         CREATE TABLE single (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT);",
        &[
            ("dangling", 0, "its parent missing does not exist"),
            ("single", 1, "UNIQUE constraint failed"),
        ],
    );
    check_reasons(
        "CREATE VIRTUAL TABLE notes USING fts5 (body)",
        &[("notes", 0, "it is a virtual table")],
    );
}

#[test]
fn triggers_fire_unless_they_keep_rows_out() {
    check_filled(
        "CREATE TABLE refused (id INTEGER PRIMARY KEY);
         CREATE TRIGGER refuse BEFORE INSERT ON refused BEGIN SELECT RAISE(ABORT, 'no'); END;
         CREATE TABLE noted (id INTEGER PRIMARY KEY);
         CREATE TABLE note (what TEXT NOT NULL);
         CREATE TRIGGER noting AFTER INSERT ON noted BEGIN INSERT INTO note VALUES ('x'); END;
         CREATE TRIGGER unnoting AFTER DELETE ON noted BEGIN INSERT INTO note VALUES ('y'); END;",
    );
}

#[test]
fn rows_that_are_there_are_used_and_stay() {
    let connection = database(
        "CREATE TABLE role (name TEXT PRIMARY KEY NOT NULL); INSERT INTO role VALUES ('a'), ('b'), ('c'), ('d');
         CREATE TABLE person (id INTEGER PRIMARY KEY, role TEXT NOT NULL REFERENCES role);",
    );
    let catalog = introspect::sqlite::read(&connection).unwrap();
    let mut ledger = Rows::default();
    assert_eq!(fill(&connection, &catalog, &mut ledger, None).unwrap(), []);
    assert_eq!((count(&connection, "role"), count(&connection, "person")), (4, 3));
    remove(&connection, &catalog, &mut ledger).unwrap();
    assert_eq!((count(&connection, "role"), count(&connection, "person")), (4, 0));
}

#[test]
fn a_reference_that_is_checked_later_to_a_table_that_takes_no_rows_is_a_reason() {
    check_reasons(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, a INTEGER AS (x'00') STORED) STRICT;
         CREATE TABLE c (id INTEGER PRIMARY KEY, p NOT NULL REFERENCES p DEFERRABLE INITIALLY DEFERRED);",
        &[
            ("p", 0, "cannot store BLOB value in INTEGER column"),
            ("c", 0, "the tables it refers to could not be filled"),
        ],
    );
}
