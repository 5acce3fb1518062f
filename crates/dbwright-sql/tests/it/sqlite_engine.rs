//! Our statements of SQLite against those that the engine itself finds.

use std::fs;
use std::path::Path;

use dbwright_catalog::Engine;
use dbwright_sql::{statements, tokens};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, Connection};

use crate::SQLITE;

/// Statements that can be prepared in any order where the table `t` exists.
const STATEMENTS: &[&str] = &[
    "SELECT 1",
    "SELECT ';', 'it''s', x'3b', \"a;\", `a;`, [a;] FROM t",
    "SELECT a$b, a FROM t -- not yet;\n WHERE a = ?1 /* nor; */ OR a = :x",
    "SELECT 5 - -1, 5 -/* x */-1, 1.5e-3, .5, 0x1F, 1 <> 2, 1 << 2, '{}' ->> '$'",
    "INSERT INTO t (a) VALUES ('😀;'), (CASE WHEN 1 THEN 'END' ELSE ';' END)",
    "WITH x AS (SELECT 1) DELETE FROM t WHERE a IN x",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
    "CREATE TEMP TRIGGER g AFTER INSERT ON t WHEN CASE WHEN NEW.a THEN 1 END BEGIN UPDATE t SET a = CASE a WHEN 1 THEN CASE 1 WHEN 2 THEN 3 END END; DELETE FROM t; END",
    "create trigger if not exists g after insert on t begin select ';end;' /* ; */ ; -- end;\n select 2; end",
    "EXPLAIN QUERY PLAN SELECT * FROM t",
    "EXPLAIN CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
    "CREATE TABLE größe (\"Straße;\" text CHECK (\"Straße;\" <> ';'))",
    "BEGIN IMMEDIATE",
    "END",
    "PRAGMA cache_size = -2000",
    "CREATE TABLE \"create\" (\"trigger\", \"end\")",
    "ALTER TABLE t RENAME COLUMN a TO [trigger]",
    "SELECT 1 AS \"end\", 2 AS [begin]",
    "SELECT $a, @b, #c",
];

const SPACES: &[&str] = &[
    "",
    " ",
    "\n",
    "\r\n",
    " \u{feff}",
    "-- a; 'b\n",
    "/* c; \" */",
    ";",
    " ; ;\n",
    "\u{c}",
];

fn connection() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (a, a$b, \"a;\")").unwrap();
    connection
}

/// What the engine prepares one after the other, without the space and separators around it; nothing where it refuses.
fn found_by_engine(connection: &Connection, text: &str) -> Option<Vec<String>> {
    let mut batch = Batch::new(connection, text);
    let mut found = Vec::new();
    loop {
        match batch.next() {
            Ok(Some(statement)) => found.push(without_surroundings(&sql_of(&statement))),
            Ok(None) => return Some(found),
            Err(_) => return None,
        }
    }
}

/// Parameters come back as `NULL`.
fn sql_of(statement: &rusqlite::Statement<'_>) -> String {
    statement.expanded_sql().unwrap()
}

fn without_surroundings(text: &str) -> String {
    let significant: Vec<_> = tokens(Engine::Sqlite, text).filter(|token| !token.is_space()).collect();
    let from = significant.iter().position(|token| !token.is_symbol(";"));
    let to = significant.iter().rposition(|token| !token.is_symbol(";"));
    match (from, to) {
        (Some(from), Some(to)) => text[significant[from].span.start..significant[to].span.end].to_owned(),
        _ => String::new(),
    }
}

/// Ours, each alone through the engine so that parameters look alike.
fn found_by_us(connection: &Connection, text: &str) -> Option<Vec<String>> {
    statements(SQLITE, text)
        .iter()
        .map(|statement| {
            let alone = found_by_engine(connection, &statement.text)?;
            assert_eq!(alone.len(), 1, "not one statement: {:?}", statement.text);
            Some(alone.concat())
        })
        .collect()
}

#[test]
fn each_case_is_split_as_the_engine_splits_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/split/sqlite");
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("shell_") || file.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        // The statements build on each other, so each is also run.
        let engine = Connection::open_in_memory().unwrap();
        let mut batch = Batch::new(&engine, &text);
        let mut theirs = Vec::new();
        while let Some(mut statement) = batch.next().unwrap() {
            theirs.push(without_surroundings(&sql_of(&statement)));
            statement.query([]).unwrap().next().unwrap();
        }
        let ours: Vec<String> = statements(SQLITE, &text).into_iter().map(|found| found.text).collect();
        assert_eq!(ours, theirs, "{name}");
        let engine = Connection::open_in_memory().unwrap();
        for statement in &ours {
            let mut prepared = engine.prepare(statement).unwrap();
            prepared.query([]).unwrap().next().unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn known_statements_are_split_as_the_engine_splits_them(
        script in vec((select(SPACES), select(STATEMENTS), select(SPACES)), 1..8),
    ) {
        let mut text = String::new();
        for (before, statement, behind) in &script {
            text.extend([before, *statement, behind, ";"]);
        }
        let connection = connection();
        let theirs = found_by_engine(&connection, &text);
        prop_assert!(theirs.is_some(), "refused: {}", text);
        prop_assert_eq!(statements(SQLITE, &text).len(), script.len());
        prop_assert_eq!(found_by_us(&connection, &text), theirs);
    }

    #[test]
    fn whatever_the_engine_takes_is_split_as_it_splits_it(
        fragments in vec(
            select(&["SELECT 1", "SELECT ", "'a", "'", ";", " ", "\n", "--", "/*", "*/", "1", ",", "\"a;\"", "[a;]", "`", "AS ", "x", "-", "||", "t", "$a", ":a", "(", ")", "\u{feff}", "\u{b}", "é"][..]),
            1..14,
        ),
    ) {
        let text = fragments.concat();
        let connection = connection();
        if let Some(theirs) = found_by_engine(&connection, &text) {
            prop_assert_eq!(found_by_us(&connection, &text), Some(theirs), "{}", text);
        }
    }
}
