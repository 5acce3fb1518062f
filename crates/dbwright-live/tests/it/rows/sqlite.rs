//! Rows for the schemas of the corpora and for made up ones, on SQLite.

use std::collections::BTreeMap;

use dbwright_catalog::Engine;
use dbwright_ddl::{Rows, qualified_name};
use dbwright_live::fill::sqlite::fill;
use dbwright_live::introspect;
use dbwright_sql::{Dialect, statements};
use rusqlite::Connection;

use super::{Schema, Tally, corpus, made_up};
use crate::sqlite_plan;

/// Makes a schema, fills it, and counts.
fn try_schema(schema: &Schema, tally: &mut Tally) {
    let connection = Connection::open_in_memory().unwrap();
    if schema.lenient {
        for statement in statements(Dialect::server(Engine::Sqlite), &schema.sql) {
            // What does not work makes no schema, and what writes files of its own is not for us.
            let is_outside = ["ATTACH", "VACUUM"]
                .iter()
                .any(|word| statement.text.trim_start().starts_with(word));
            if is_outside {
                continue;
            }
            let _ = connection.execute_batch(&statement.text);
        }
        let _ = connection.execute_batch("ROLLBACK");
    } else if let Err(error) = connection.execute_batch(&schema.sql) {
        panic!("{}: {error}\n{}", schema.name, schema.sql);
    }
    connection.execute_batch("PRAGMA foreign_keys = on").unwrap();
    let catalog = introspect::sqlite::read(&connection).unwrap();
    let mut ledger = Rows::default();
    let unfilled = fill(&connection, &catalog, &mut ledger, None).unwrap();
    let mut counts = BTreeMap::new();
    for (table, _) in catalog.tables() {
        let sql = format!("SELECT count(*) FROM {}", qualified_name(Engine::Sqlite, table));
        let count = connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
        counts.extend(count.ok().map(|count| (table.clone(), count.unsigned_abs())));
    }
    tally.add(&schema.name, &catalog, &ledger, &unfilled, &counts);
}

#[test]
fn rows_for_the_corpora_go_in_or_the_table_is_named() {
    let mut tally = Tally::default();
    for schema in corpus::schemas(Engine::Sqlite, 3) {
        try_schema(&schema, &mut tally);
    }
    tally.check("sqlite");
}

#[test]
fn rows_for_schemas_made_up_at_random_go_in() {
    let mut tally = Tally::default();
    for number in crate::made_up::numbers(200) {
        let schema = Schema {
            name: format!("plans {number}"),
            sql: sqlite_plan::made_up(number),
            superuser: false,
            lenient: false,
        };
        try_schema(&schema, &mut tally);
        try_schema(&made_up::schema(Engine::Sqlite, 3, number), &mut tally);
    }
    tally.check_made_up("sqlite, made up", 980, &made_up::REASONS);
}
