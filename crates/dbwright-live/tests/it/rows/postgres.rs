//! Rows for the schemas of the corpora and for made up ones, on PostgreSQL.

use std::collections::BTreeMap;

use dbwright_catalog::{Engine, ObjectId};
use dbwright_ddl::{Rows, qualified_name};
use dbwright_live::fill::postgres::fill;
use dbwright_live::introspect::postgres::{CatalogState, Frame};
use dbwright_live::scratch::postgres::{PostgresScratch, Who};
use dbwright_sql::{Dialect, statements};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{Schema, Tally, corpus, made_up};
use crate::{plan_postgres, servers};

/// Makes a schema, fills it, and counts.
async fn try_schema(scratch: &PostgresScratch, schema: &Schema, tally: &mut Tally) {
    let database = scratch.create_database().await.unwrap();
    let who = if schema.superuser { Who::Observer } else { Who::Migrator };
    let session = scratch.connect(&database, who).await.unwrap();
    let client = &session.client;
    if schema.superuser {
        client.batch_execute("SET search_path = public").await.unwrap();
    }
    if schema.lenient {
        for statement in statements(Dialect::server(Engine::Postgres), &schema.sql) {
            // What does not work makes no schema.
            let _ = client.batch_execute(&statement.text).await;
        }
        let _ = client.batch_execute("ROLLBACK").await;
    } else if let Err(error) = client.batch_execute(&schema.sql).await {
        panic!("{}: {error:?}\n{}", schema.name, schema.sql);
    }
    let state = CatalogState::read(client, scratch.server(), Frame::Alone).await;
    let catalog = state.unwrap().into_catalog();
    let mut ledger = Rows::default();
    let unfilled = fill(client, &catalog, &mut ledger, None).await.unwrap();
    // Policies hide rows from the one who made them.
    let observer = scratch.connect(&database, Who::Observer).await.unwrap();
    let mut counts = BTreeMap::new();
    for (table, _) in catalog.tables() {
        counts.extend(count(&observer.client, table).await.map(|count| (table.clone(), count)));
    }
    tally.add(&schema.name, &catalog, &ledger, &unfilled, &counts);
    observer.close().await;
    session.close().await;
    // What is subscribed to keeps its database until the server goes.
    if !schema.sql.contains("SUBSCRIPTION") {
        scratch.drop_database(&database).await.unwrap();
    }
}

/// How many rows there are; nothing where they can't be read.
async fn count(client: &Client, table: &ObjectId) -> Option<u64> {
    let sql = format!("SELECT count(*) FROM {}", qualified_name(Engine::Postgres, table));
    let messages = client.simple_query(&sql).await.ok()?;
    messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_for_the_corpora_go_in_or_the_table_is_named() {
    let mut tally = Tally::default();
    for major in servers::majors() {
        let scratch = plan_postgres::server(major).await;
        for schema in corpus::schemas(Engine::Postgres, major) {
            try_schema(&scratch, &schema, &mut tally).await;
        }
        scratch.stop().await.unwrap();
    }
    tally.check("postgres");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_for_schemas_made_up_at_random_go_in() {
    let mut tally = Tally::default();
    for major in servers::majors() {
        let scratch = plan_postgres::server(major).await;
        for seed in crate::made_up::numbers(20) {
            let schema = Schema {
                name: format!("plans {seed} on {major}"),
                sql: plan_postgres::made_up(seed, major),
                superuser: false,
                lenient: false,
            };
            try_schema(&scratch, &schema, &mut tally).await;
        }
        for seed in crate::made_up::numbers(30) {
            try_schema(&scratch, &made_up::schema(Engine::Postgres, major, seed), &mut tally).await;
        }
        scratch.stop().await.unwrap();
    }
    tally.check_made_up("postgres, made up", 990, &made_up::REASONS);
}
