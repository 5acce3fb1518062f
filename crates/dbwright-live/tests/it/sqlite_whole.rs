//! Reading a SQLite database for comparing it with another.

use dbwright_catalog::{ObjectKind, Reading};
use dbwright_live::introspect::sqlite::read_whole;
use rusqlite::Connection;

fn whole(sql: &str) -> Reading {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(sql).unwrap();
    read_whole(&mut connection).unwrap()
}

fn edges(reading: &Reading, kinds: &[ObjectKind]) -> Vec<String> {
    let edges = reading.catalog.dependencies.iter();
    edges
        .filter(|edge| kinds.contains(&edge.dependent.kind))
        .map(|edge| format!("{} on {}", edge.dependent, edge.on))
        .collect()
}

#[test]
fn views_and_triggers_hang_on_what_sqlite_finds_when_it_compiles_them() {
    let reading = whole(
        "CREATE TABLE t (a, b, v2); CREATE TABLE log (x, y); CREATE TABLE unused (a);
         CREATE VIEW v AS SELECT a AS unused FROM t;
         CREATE VIEW v2 AS SELECT unused FROM v;
         CREATE TRIGGER g AFTER UPDATE OF b ON t BEGIN INSERT INTO log (x) SELECT unused FROM v; END;
         CREATE TRIGGER h INSTEAD OF INSERT ON v BEGIN DELETE FROM log WHERE y = new.unused; END;",
    );
    assert_eq!(
        edges(&reading, &[ObjectKind::View, ObjectKind::Trigger]),
        [
            "v on t",
            "v on t.a",
            "v2 on t",
            "v2 on t.a",
            "v2 on v",
            "t.g on log",
            "t.g on t",
            "t.g on v",
            "v.h on log",
            "v.h on log.y",
            "v.h on v",
        ]
    );
    assert!(reading.unread.is_empty(), "{:?}", reading.unread);
}

#[test]
fn what_is_typed_in_another_way_is_the_same() {
    let one = whole(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, kind VARCHAR(10) DEFAULT -1 CHECK (kind <> 'x'));
         CREATE INDEX i ON p (kind COLLATE NOCASE DESC) WHERE kind IS NOT NULL;
         CREATE VIEW v AS SELECT id FROM p WHERE kind = \"no such column\";
         CREATE TRIGGER g AFTER INSERT ON p BEGIN DELETE FROM p WHERE id = new.id; END;",
    );
    let other = whole(
        "create table [p]( -- why
           `id` integer primary key,
           'kind' VARCHAR ( 10 ) default - 1 check(\"p\".\"kind\"<>'x'));
         create index if not exists \"i\" on \"p\"(kind collate nocase desc)where kind is not null;
         create view v as /* why */ select \"id\" from \"p\" where [kind] = \"no such column\";
         create trigger g after insert on \"p\" begin delete from [p] where \"id\"=new.id;end;",
    );
    assert_eq!(one.catalog.objects, other.catalog.objects);
    assert_eq!(one.catalog.dependencies, other.catalog.dependencies);
}

#[test]
fn broken_views_are_told_and_keep_the_edges_by_name() {
    let reading = whole(
        "CREATE TABLE t (a); CREATE TABLE u (b); CREATE VIEW v AS SELECT a, b FROM t, u; DROP TABLE u;
         CREATE TRIGGER g AFTER DELETE ON t BEGIN SELECT * FROM u; END;",
    );
    assert_eq!(
        edges(&reading, &[ObjectKind::View, ObjectKind::Trigger]),
        ["v on t", "t.g on t"]
    );
    let told: Vec<_> = reading.unread.iter().map(|unread| unread.what.as_str()).collect();
    assert_eq!(told, ["what the view v reads", "what the triggers of t use"]);
}

#[test]
fn tables_of_modules_that_are_missing_are_found_and_left_out() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t (a);
             PRAGMA writable_schema = on;
             INSERT INTO sqlite_schema VALUES ('table', 'geo', 'geo', 0, 'CREATE VIRTUAL TABLE geo USING nowhere(a, b)');
             PRAGMA writable_schema = reset;",
        )
        .unwrap();
    let reading = read_whole(&mut connection).unwrap();
    assert_eq!(reading.unmodelled.len(), 1);
    assert_eq!(reading.unmodelled[0].kind, "virtual table of the module nowhere");
    assert_eq!(reading.unmodelled[0].name, "geo");
    assert_eq!(reading.unread.len(), 1);
    assert_eq!(reading.catalog.tables().count(), 1);
}
