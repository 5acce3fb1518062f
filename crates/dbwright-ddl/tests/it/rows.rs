//! Rows on SQLite: whatever the schema, they go in or the table is named with the reason.

use dbwright_catalog::{Change, Engine, ObjectId};
use dbwright_ddl::{ROWS_PER_TABLE, Row, Rows, candidates, delete_sql, insert_sql, order};
use proptest::prelude::*;
use rusqlite::Connection;

use crate::schema::{TestColumn, TestTable, catalog};

/// Inserts rows into all tables, each at the first attempt; the statements that failed, with the error or reason.
fn insert_all(tables: &[TestTable]) -> (Connection, Rows, Vec<String>) {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("PRAGMA foreign_keys = on").unwrap();
    for table in tables {
        connection
            .execute_batch(&table.create())
            .unwrap_or_else(|error| panic!("{error}: {}", table.create()));
    }
    let catalog = catalog(tables);
    let mut ledger = Rows::default();
    let mut failures = Vec::new();
    for table in order(&catalog) {
        for index in 0..ROWS_PER_TABLE {
            match candidates(&catalog, &ledger, &table, index, 0) {
                Err(reason) => failures.push(format!("{table}: {reason}")),
                Ok(row) => {
                    let sql = insert_sql(Engine::Sqlite, &row);
                    match connection.execute_batch(&sql) {
                        Ok(()) => ledger.place(row),
                        Err(error) => failures.push(format!("{sql}: {error}")),
                    }
                }
            }
        }
    }
    (connection, ledger, failures)
}

/// Types with a check that leaves at least three values, where there is one.
const COLUMNS: &[(&str, Option<&str>)] = &[
    ("INTEGER", None),
    ("INTEGER", Some("COL > 0 AND COL < 100")),
    ("INTEGER", Some("COL IN (3, 5, 7, 9)")),
    ("INT", Some("COL % 2 = 0 OR COL < 50")),
    ("SMALLINT", Some("COL BETWEEN -5 AND 5")),
    ("TEXT", None),
    ("TEXT", Some("COL IN ('a', 'b', 'c')")),
    ("TEXT", Some("length(COL) = 5")),
    ("TEXT", Some("length(COL) BETWEEN 2 AND 4")),
    ("VARCHAR(3)", None),
    ("TEXT", Some("COL LIKE 'x_%@%.org'")),
    ("TEXT", Some("COL GLOB '[A-Z][0-9]*'")),
    ("TEXT", Some("COL = lower(COL) AND COL <> ''")),
    ("TEXT", Some("COL = upper(COL)")),
    ("TEXT", Some("json_valid(COL)")),
    ("REAL", Some("COL >= 0.5")),
    ("NUMERIC(4,2)", Some("COL < 1000")),
    ("BLOB", None),
    ("BLOB", Some("length(COL) > 3")),
    ("DATETIME", Some("COL > '2090-01-01'")),
    ("DATE", Some("COL < '2000-01-01' OR COL > '2001-01-01'")),
    ("", None),
    ("UUID", None),
    (
        "TEXT",
        Some("CASE WHEN COL IS NULL THEN 1 ELSE COL NOT IN ('dbwright-1', 'dbwright-2') END"),
    ),
];

fn any_column() -> impl Strategy<Value = TestColumn> {
    (0..COLUMNS.len(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(at, not_null, unique, has_default)| {
        let (type_name, check) = COLUMNS[at];
        TestColumn {
            type_name: type_name.into(),
            not_null,
            // There are not enough valid JSON texts known to tell three rows apart, and dates are shared.
            unique: unique && check != Some("json_valid(COL)"),
            default: (has_default && check.is_none() && !not_null).then(|| "NULL".to_owned()),
            check: check.map(str::to_owned),
            ..TestColumn::default()
        }
    })
}

fn any_tables() -> impl Strategy<Value = Vec<TestTable>> {
    let table = (
        prop::collection::vec(any_column(), 0..8),
        prop::collection::vec(0..4usize, 0..3),
        any::<bool>(),
    );
    prop::collection::vec(table, 1..5).prop_map(|tables| {
        let mut finished: Vec<TestTable> = Vec::new();
        for (number, (mut columns, parents, exclusive)) in tables.into_iter().enumerate() {
            for (place, column) in columns.iter_mut().enumerate() {
                column.name = format!("c{place}");
                column.check = column.check.take().map(|check| check.replace("COL", &column.name));
            }
            for (place, parent) in parents.into_iter().enumerate().filter(|(_, parent)| *parent <= number) {
                columns.push(TestColumn {
                    name: format!("r{place}"),
                    type_name: "INTEGER".into(),
                    not_null: place == 0,
                    unique: place == 0,
                    references: Some(format!("t{parent}")),
                    ..TestColumn::default()
                });
            }
            let mut checks = Vec::new();
            if exclusive {
                for name in ["x", "y"] {
                    columns.push(TestColumn {
                        name: name.into(),
                        type_name: "TEXT".into(),
                        ..TestColumn::default()
                    });
                }
                checks.push("(x IS NULL) <> (y IS NULL)".to_owned());
            }
            finished.push(TestTable {
                name: format!("t{number}"),
                strict: false,
                columns,
                checks,
            });
        }
        finished
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_of_satisfiable_schemas_go_in_at_the_first_attempt(tables in any_tables()) {
        let (connection, ledger, failures) = insert_all(&tables);
        prop_assert!(failures.is_empty(), "{failures:#?}\n{tables:#?}");
        let catalog = catalog(&tables);
        let mut order = order(&catalog);
        order.reverse();
        for table in order {
            for row in ledger.placed(&table).iter().rev() {
                let sql = delete_sql(Engine::Sqlite, &catalog, row);
                let deleted = connection.execute(&sql, []);
                prop_assert_eq!(deleted, Ok(1), "{}", sql);
            }
        }
    }

    #[test]
    fn no_text_of_a_check_makes_the_generator_fail(check in "\\PC{0,60}", attempt in 0..30usize) {
        let table = TestTable {
            name: "t".into(),
            strict: false,
            columns: vec![TestColumn { name: "a".into(), type_name: "TEXT".into(), ..TestColumn::default() }],
            checks: vec![check],
        };
        let catalog = catalog(&[table]);
        prop_assert!(candidates(&catalog, &Rows::default(), &ObjectId::table("main", "t"), 0, attempt).is_ok());
    }

    #[test]
    fn no_words_of_conditions_make_the_generator_fail(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "a", "(", ")", "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "~", "'x%'", "'[a-'", "1", "-", "IS", "NULL",
                "CASE", "WHEN", "THEN", "ELSE", "END", "::text", "ARRAY[", "]", ",", "=", "ANY", "length", "'{'", ".",
            ]),
            0..25,
        ),
        type_name in prop::sample::select(vec!["TEXT", "INTEGER", "REAL", "BLOB", "JSON", "BOOLEAN", "DATE"]),
    ) {
        let table = TestTable {
            name: "t".into(),
            strict: false,
            columns: vec![TestColumn { name: "a".into(), type_name: type_name.into(), ..TestColumn::default() }],
            checks: vec![words.join(" ")],
        };
        let catalog = catalog(&[table]);
        for attempt in 0..6 {
            prop_assert!(candidates(&catalog, &Rows::default(), &ObjectId::table("main", "t"), 1, attempt).is_ok());
        }
    }
}

/// Types of all engines, as their servers print them, and what no server prints.
const TYPES: &[&str] = &[
    "integer",
    "bigint unsigned",
    "tinyint(1)",
    "numeric(10,2)",
    "numeric(0,99)",
    "decimal(65,30)",
    "varchar(3)",
    "char(0)",
    "char(36)",
    "varchar(99999999999)",
    "char(99999999999)",
    "binary(99999999999)",
    "bit(99999999999)",
    "vector(0)",
    "vector(99999999999)",
    "bit(0)",
    "text",
    "bytea",
    "jsonb",
    "json",
    "uuid",
    "date",
    "timestamp(3) without time zone",
    "interval",
    "inet",
    "cidr",
    "macaddr8",
    "int4range",
    "datemultirange",
    "integer[]",
    "text[][]",
    "enum('a','b')",
    "enum()",
    "set('x')",
    "year",
    "point",
    "geometry",
    "tsvector",
    "money",
    "oid",
    "app.mood",
    "\"Odd.Name\"",
    "",
    "numeric(",
    "(3)",
    "varchar(-1)",
    "[]",
    "enum('",
    "double precision",
    "boolean",
    "inet6",
    "time",
    "bit varying(7)",
    "sparsevec(3)",
];

/// Words of conditions and of bounds of partitions.
const WORDS: &[&str] = &[
    "c0",
    "c1",
    "(",
    ")",
    "AND",
    "OR",
    "NOT",
    "IN",
    "BETWEEN",
    "LIKE",
    "GLOB",
    "~",
    "'x%'",
    "'[a-'",
    "1",
    "-",
    "/",
    "%",
    "0",
    "IS",
    "NULL",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "::text",
    "::uuid",
    "::integer",
    "::date[]",
    "ARRAY[",
    "]",
    ",",
    "=",
    "ANY",
    "length",
    "'{'",
    ".",
    "->>",
    "'key'",
    "?",
    "CAST(",
    "AS",
    "extract(",
    "year",
    "FROM",
    "split_part(",
    "substr(",
    "99999999999999999999",
    "'2024-01-01'",
    "date(",
    "json_type(",
    "FOR VALUES FROM",
    "TO",
    "MINVALUE",
    "HASH",
    "RANGE",
    "LIST",
];

fn any_text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..14).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_catalog_has_rows_or_a_reason_and_always_the_same(
        engine in prop::sample::select(Engine::ALL.to_vec()),
        columns in prop::collection::vec(
            (prop::sample::select(TYPES.to_vec()), any::<bool>(), any::<bool>(), prop::option::of(any_text())),
            0..5,
        ),
        check in any_text(),
        key in prop::option::of(any_text()),
        bound in prop::option::of(any_text()),
        parent in prop::sample::select(vec!["t0", "t1", "gone"]),
    ) {
        let columns: Vec<TestColumn> = columns
            .into_iter()
            .enumerate()
            .map(|(place, (type_name, not_null, unique, check))| TestColumn {
                name: format!("c{place}"),
                type_name: type_name.to_owned(),
                not_null,
                unique,
                default: check.clone().filter(|_| place == 2),
                check,
                references: (place == 3).then(|| parent.to_owned()),
            })
            .collect();
        let other = TestTable { checks: vec![check], ..table("t1", columns.clone()) };
        let mut catalog = catalog(&[table("t0", columns), other]);
        catalog.server.engine = engine;
        let (above, below) = (ObjectId::table("main", "t0"), ObjectId::table("main", "t1"));
        if let Some(dbwright_catalog::ObjectBody::Table(table)) = catalog.objects.get_mut(&above).map(|object| &mut object.body) {
            table.partition_key = key;
        }
        if let Some(dbwright_catalog::ObjectBody::Table(table)) = catalog.objects.get_mut(&below).map(|object| &mut object.body)
            && let Some(bound) = bound
        {
            let is_default = bound.is_empty();
            table.partition = Some(dbwright_catalog::Partition { parent: above, bound, is_default });
        }
        let fill = || {
            let mut ledger = Rows::default();
            let mut told = Vec::new();
            for table in order(&catalog) {
                for (index, attempt) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 7), (2, 23)] {
                    match candidates(&catalog, &ledger, &table, index, attempt) {
                        Ok(row) => {
                            told.push(insert_sql(engine, &row));
                            ledger.place(row);
                        }
                        Err(reason) => told.push(reason),
                    }
                }
            }
            told
        };
        prop_assert_eq!(fill(), fill());
    }
}

/// Whether a text, which may be a number, is a value of a type.
type Fits = fn(&str, Option<f64>) -> bool;

/// The text of a literal, and the number that it is.
fn read_literal(sql: &str) -> (String, Option<f64>) {
    let text = sql.trim_start_matches('E').trim_matches('\'').to_owned();
    let number = text.parse().ok();
    (text, number)
}

#[test]
fn values_fit_their_types_without_a_server_that_says_so() {
    let types: &[(&str, Fits)] = &[
        ("smallint", |_, number| {
            number.is_some_and(|number| (-32_768.0..=32_767.0).contains(&number))
        }),
        ("numeric(4,2)", |_, number| {
            number.is_some_and(|number| number.abs() < 100.0)
        }),
        ("numeric(2,2)", |_, number| {
            number.is_some_and(|number| number.abs() < 1.0)
        }),
        ("varchar(3)", |text, _| text.chars().count() <= 3),
        ("character varying(1)", |text, _| text.chars().count() <= 1),
        ("uuid", |text, _| {
            text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        }),
        ("bit(5)", |text, _| {
            text.len() == 5 && text.bytes().all(|bit| matches!(bit, b'0' | b'1'))
        }),
        ("date", |text, _| {
            text.len() == 10 && text.split('-').all(|part| part.parse::<u16>().is_ok())
        }),
        ("inet", |text, _| text.parse::<std::net::Ipv4Addr>().is_ok()),
        ("boolean", |text, _| matches!(text, "true" | "false")),
    ];
    for (type_name, fits) in types {
        for unique in [false, true] {
            let column = TestColumn {
                not_null: true,
                unique,
                ..column("c", type_name)
            };
            let mut catalog = catalog(&[table("t", vec![column])]);
            catalog.server.engine = Engine::Postgres;
            let id = ObjectId::table("main", "t");
            let mut ledger = Rows::default();
            let mut seen = std::collections::BTreeSet::new();
            for index in 0..ROWS_PER_TABLE {
                let row = candidates(&catalog, &ledger, &id, index, 0).unwrap();
                let sql = row.get("c").unwrap().to_owned();
                let (text, number) = read_literal(&sql);
                assert!(fits(&text, number), "{type_name}: {sql}");
                let could_differ = !matches!(*type_name, "boolean");
                assert!(
                    !unique || !could_differ || seen.insert(sql.clone()),
                    "{type_name}: {sql} twice"
                );
                ledger.place(row);
            }
        }
    }
}

fn table(name: &str, columns: Vec<TestColumn>) -> TestTable {
    TestTable {
        name: name.into(),
        strict: false,
        columns,
        checks: Vec::new(),
    }
}

fn column(name: &str, type_name: &str) -> TestColumn {
    TestColumn {
        name: name.into(),
        type_name: type_name.into(),
        ..TestColumn::default()
    }
}

fn reference(name: &str, parent: &str, not_null: bool) -> TestColumn {
    TestColumn {
        references: Some(parent.into()),
        not_null,
        ..column(name, "INTEGER")
    }
}

#[test]
fn strict_tables_take_the_values_of_their_types() {
    let types = ["INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"];
    let columns = types.iter().enumerate().map(|(number, name)| TestColumn {
        not_null: true,
        unique: true,
        ..column(&format!("c{number}"), name)
    });
    let strict = TestTable {
        strict: true,
        ..table("t", columns.collect())
    };
    assert_eq!(insert_all(&[strict]).2, Vec::<String>::new());
}

#[test]
fn the_second_row_has_nulls_and_the_others_values() {
    let (_, ledger, _) = insert_all(&[table("t", vec![column("a", "TEXT"), column("b", "DATE")])]);
    let row = |index: usize| ledger.placed(&ObjectId::table("main", "t"))[index].clone();
    assert_eq!(
        (row(0).get("a"), row(0).get("b")),
        (Some("'dbwright-1'"), Some("'2001-01-01'"))
    );
    assert_eq!((row(1).get("a"), row(1).get("b")), (Some("NULL"), Some("NULL")));
    assert_eq!(
        (row(2).get("a"), row(2).get("b")),
        (Some("'dbwright-3'"), Some("'2001-01-03'"))
    );
    assert_eq!(row(0).get("id"), Some("1000000001"));
}

#[test]
fn a_literal_default_is_the_likeliest_value() {
    let status = TestColumn {
        default: Some("'new'".into()),
        not_null: true,
        ..column("status", "TEXT")
    };
    let (connection, ..) = insert_all(&[table("t", vec![status])]);
    let count: i64 = connection
        .query_row("SELECT count(*) FROM t WHERE status = 'new'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 3);
}

#[test]
fn parents_come_before_children_and_cycles_break_where_null_is_allowed() {
    let tables = [
        table("a", vec![reference("b", "b", true)]),
        table("b", vec![reference("c", "c", false)]),
        table("c", vec![reference("a", "a", true)]),
        table("z", vec![reference("a", "a", false)]),
    ];
    let names: Vec<_> = order(&catalog(&tables)).iter().map(|id| id.name().to_owned()).collect();
    assert_eq!(names, ["b", "a", "c", "z"]);
}

#[test]
fn a_reason_is_given_where_no_row_can_be_thought_of() {
    let tables = [
        table("a", vec![reference("b", "b", true)]),
        table("b", vec![reference("a", "a", true)]),
    ];
    let reason = candidates(&catalog(&tables), &Rows::default(), &ObjectId::table("main", "a"), 0, 0);
    assert_eq!(reason, Err("its parent b has no rows".to_owned()));
    let missing = candidates(
        &catalog(&tables),
        &Rows::default(),
        &ObjectId::table("main", "zz"),
        0,
        0,
    );
    assert!(missing.is_err());
}

#[test]
fn the_ledger_follows_renamed_and_dropped_objects() {
    let before = catalog(&[table("a", vec![column("x", "TEXT"), column("y", "TEXT")])]);
    let mut ledger = Rows::default();
    let id = ObjectId::table("main", "a");
    ledger.place(Row {
        table: id.clone(),
        values: vec![("x".into(), "'1'".into()), ("y".into(), "'2'".into())],
    });
    let renamed = |from: &ObjectId, to: &ObjectId| {
        let object = before.get(from).unwrap().clone();
        let after = dbwright_catalog::Object {
            id: to.clone(),
            ..object.clone()
        };
        Change::Altered { before: object, after }
    };
    let other = ObjectId::table("main", "b");
    ledger.follow(&[renamed(&id, &other)]);
    assert_eq!(ledger.placed(&other)[0].get("x"), Some("'1'"));
    ledger.rename(&other, &id);
    ledger.follow(&[
        renamed(&id.column("x"), &id.column("z")),
        Change::Dropped(before.get(&id.column("y")).unwrap().clone()),
    ]);
    assert_eq!(ledger.placed(&id)[0].values, [("z".to_owned(), "'1'".to_owned())]);
    ledger.follow(&[Change::Dropped(before.get(&id).unwrap().clone())]);
    assert!(ledger.is_empty());
}
