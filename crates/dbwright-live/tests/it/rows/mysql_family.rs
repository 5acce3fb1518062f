//! Rows for the schemas of the corpora and for made up ones, on MySQL and MariaDB.

use std::collections::BTreeMap;

use dbwright_catalog::Engine;
use dbwright_ddl::{Rows, qualified_name};
use dbwright_live::fill::mysql_family::fill;
use dbwright_live::introspect::mysql_family::read;
use dbwright_live::scratch::mysql_family::{MySqlFamilyScratch, Who};
use dbwright_sql::{Dialect, statements};
use mysql_async::prelude::Queryable;

use super::{Schema, Tally, corpus, made_up};
use crate::family::run;
use crate::mysql_family_random::Generator;
use crate::servers::{MYSQL_FAMILY, mysql_family};

/// Makes a schema, fills it, and counts.
async fn try_schema(scratch: &MySqlFamilyScratch, schema: &Schema, tally: &mut Tally) {
    let engine = scratch.server().engine;
    let database = scratch.create_database().await.unwrap();
    let who = if schema.superuser { Who::Observer } else { Who::Migrator };
    let mut session = scratch.connect(&database, who).await.unwrap();
    if schema.lenient {
        for statement in statements(Dialect::server(engine), &schema.sql) {
            // What does not work makes no schema.
            if let Ok(result) = session.query_iter(&statement.text).await {
                let _ = result.drop_result().await;
            }
        }
        run(&mut session, "ROLLBACK; UNLOCK TABLES").await;
    } else {
        run(&mut session, &schema.sql).await;
    }
    let mut observer = scratch.connect(&database, Who::Observer).await.unwrap();
    let catalog = read(&mut observer, scratch.server()).await.unwrap();
    let mut filler = scratch.connect(&database, who).await.unwrap();
    let mut ledger = Rows::default();
    let unfilled = fill(&mut filler, &catalog, &mut ledger, None).await;
    let unfilled = unfilled.unwrap_or_else(|error| panic!("{}: {error:?}", schema.name));
    let mut counts = BTreeMap::new();
    for (table, _) in catalog.tables() {
        let name = qualified_name(engine, table);
        let count: Result<Option<u64>, _> = observer.query_first(format!("SELECT count(*) FROM {name}")).await;
        counts.extend(count.ok().flatten().map(|count| (table.clone(), count)));
    }
    tally.add(&schema.name, &catalog, &ledger, &unfilled, &counts);
    drop((session, observer, filler));
    scratch.drop_database(&database).await.unwrap();
}

async fn check_corpora(wanted: Engine) {
    let mut tally = Tally::default();
    for (engine, major) in MYSQL_FAMILY.into_iter().filter(|(engine, _)| *engine == wanted) {
        let scratch = mysql_family(engine, major).await;
        for schema in corpus::schemas(engine, major) {
            try_schema(&scratch, &schema, &mut tally).await;
        }
        scratch.stop().await.unwrap();
    }
    tally.check(wanted.name());
}

#[tokio::test]
async fn rows_for_the_corpora_of_mysql_go_in_or_the_table_is_named() {
    check_corpora(Engine::MySql).await;
}

#[tokio::test]
async fn rows_for_the_corpora_of_mariadb_go_in_or_the_table_is_named() {
    check_corpora(Engine::MariaDb).await;
}

#[tokio::test]
async fn rows_for_schemas_made_up_at_random_go_in() {
    let mut tally = Tally::default();
    for (engine, major) in MYSQL_FAMILY {
        let scratch = mysql_family(engine, major).await;
        for seed in crate::made_up::numbers(10) {
            let schema = Schema {
                name: format!("plans {seed} on {engine} {major}"),
                sql: Generator::new(engine, major, seed).schema().sql(),
                superuser: true,
                lenient: false,
            };
            try_schema(&scratch, &schema, &mut tally).await;
        }
        for seed in crate::made_up::numbers(15) {
            try_schema(&scratch, &made_up::schema(engine, major, seed), &mut tally).await;
        }
        scratch.stop().await.unwrap();
    }
    tally.check_made_up("mysql and mariadb, made up", 990, &made_up::REASONS);
}
