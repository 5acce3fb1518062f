//! Files in, queries out.

use super::*;

fn texts(engine: Engine, sql: &str) -> Vec<(Option<String>, String)> {
    let queries = sql_file::queries(Path::new("queries/users.sql"), sql, engine);
    queries.into_iter().map(|query| (query.name, query.text)).collect()
}

fn one(engine: Engine, sql: &str) -> String {
    let mut all = texts(engine, sql);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).1
}

#[test]
fn a_file_of_sqlc_holds_several_queries_with_names() {
    let found = texts(
        Engine::Postgres,
        "-- name: GetUser :one\nSELECT * FROM users WHERE id = $1;\n\n/* name: Rename :exec */\n\
         UPDATE users SET name = @name WHERE id = sqlc.arg(id) AND name <> @name;\n",
    );
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(
        found,
        [
            (name("GetUser"), "SELECT * FROM users WHERE id = $1".to_owned()),
            (
                name("Rename"),
                "UPDATE users SET name = $1 WHERE id = $2 AND name <> $1".to_owned()
            ),
        ]
    );
}

#[test]
fn other_tools_name_queries_in_their_own_way() {
    assert_eq!(
        texts(Engine::Postgres, "-- name: get-user^\nSELECT 1;")[0].0.as_deref(),
        Some("get-user")
    );
    assert_eq!(
        texts(Engine::Postgres, "-- :name get-user :? :1\nSELECT 1;")[0]
            .0
            .as_deref(),
        Some("get-user")
    );
    assert_eq!(
        texts(Engine::Postgres, "SELECT 1;")[0].0.as_deref(),
        Some("users"),
        "a lone one by its file"
    );
    assert_eq!(texts(Engine::Postgres, "SELECT 1; SELECT 2;")[0].0, None);
}

#[test]
fn parameters_are_those_of_the_server() {
    let postgres = |sql| one(Engine::Postgres, sql);
    assert_eq!(postgres("SELECT :a::int, :b, :a"), "SELECT $1::int, $2, $1");
    assert_eq!(
        postgres("SELECT x[1:n], ':a', d ? 'k' FROM t WHERE a = ? LIMIT ?"),
        "SELECT x[1:n], ':a', d ? 'k' FROM t WHERE a = $1 LIMIT $2"
    );
    assert_eq!(
        postgres("SELECT sqlc.embed(users), $1 FROM users WHERE b = sqlc.narg('b')"),
        "SELECT users.*, $1 FROM users WHERE b = $2"
    );
    assert_eq!(
        one(
            Engine::MySql,
            "SELECT @x FROM t WHERE a = :a AND b IN (sqlc.slice('b'))"
        ),
        "SELECT @x FROM t WHERE a = ? AND b IN (?)"
    );
    assert_eq!(
        one(Engine::Sqlite, "SELECT :a, @b, ?2 FROM t WHERE c = sqlc.arg(c)"),
        "SELECT :a, @b, ?2 FROM t WHERE c = ?"
    );
}

#[test]
fn what_sets_something_up_is_no_query() {
    assert_eq!(texts(Engine::Postgres, "CREATE TABLE t (a int); SELECT 1;").len(), 1);
}

#[test]
fn what_sqlx_writes_is_read_in_both_forms() {
    let file = |text: &str| sqlx::queries(Path::new(".sqlx/query-1.json"), text, Engine::Postgres);
    let new = r#"{"db_name": "PostgreSQL", "query": "SELECT 1", "describe": {}, "hash": "1"}"#;
    assert_eq!(file(new).unwrap()[0].text, "SELECT 1");
    let old = r#"{"db": "PostgreSQL", "ab": {"describe": {}, "query": "SELECT 1"}, "cd": {"query": "SELECT 2"}}"#;
    assert_eq!(file(old).unwrap().len(), 2);
    assert_eq!(file(&new.replace("PostgreSQL", "MySQL")).unwrap(), []);
    let wrong = |text: &str| file(text).unwrap_err();
    assert!(
        wrong("{").starts_with(".sqlx/query-1.json is not what sqlx writes: EOF"),
        "{}",
        wrong("{")
    );
    assert_eq!(
        wrong("[]"),
        ".sqlx/query-1.json is not what sqlx writes: it is no object."
    );
    assert_eq!(
        wrong("{}"),
        ".sqlx/query-1.json is not what sqlx writes: no `db_name` says for which database it is."
    );
}

#[test]
fn sqlc_is_set_in_three_ways() {
    let yaml = "version: \"2\"\nsql:\n  - engine: \"postgresql\"\n    queries: \"query.sql\"\n    gen:\n      go:\n        package: x\n  \
                - schema: s\n    queries:\n      - a.sql\n      - \"b/*.sql\"\n    engine: sqlite\n";
    let set = |engine, queries: &[&str]| sqlc::Set {
        engine: Some(engine),
        queries: queries.iter().map(|path| (*path).to_owned()).collect(),
    };
    let wanted = [
        set(Engine::Postgres, &["query.sql"]),
        set(Engine::Sqlite, &["a.sql", "b/*.sql"]),
    ];
    assert_eq!(sqlc::settings(Path::new("sqlc.yaml"), yaml), wanted);
    let json = r#"{"sql": [{"engine": "postgresql", "queries": "query.sql"}, {"engine": "sqlite", "queries": ["a.sql", "b/*.sql"]}]}"#;
    assert_eq!(sqlc::settings(Path::new("sqlc.json"), json), wanted);
    let old = "packages:\n- name: db\n  queries: [./sql/query/]\n  engine: mysql\n";
    assert_eq!(
        sqlc::settings(Path::new("sqlc.yml"), old),
        [set(Engine::MySql, &["./sql/query/"])]
    );
}
