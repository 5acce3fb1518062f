//! Copies the schema of one PostgreSQL database into another, empty one, and says what came out otherwise.
//!
//! `cargo run --release -p dbwright-live --example schema_copy -- 'host=… dbname=a' 'host=… dbname=b'`; without the second
//! database it only reads, and says how long that took.

#![expect(clippy::print_stdout, reason = "a program for people")]
#![expect(clippy::disallowed_methods, reason = "the runtime of `main`")]

use std::time::Instant;

use dbwright_catalog::{Catalog, Change, Engine, Server, Version, changes};
use dbwright_ddl::render;
use dbwright_live::introspect::postgres::read_whole;
use tokio_postgres::{Client, NoTls};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let from = arguments.next().ok_or("which database?")?;
    let (source, server) = connect(&from).await?;
    let before = read(&source, &server).await?;
    let Some(to) = arguments.next() else {
        return Ok(());
    };
    let start = Instant::now();
    let rendered = render(&before);
    println!(
        "written as {} statements in {:?}",
        rendered.steps.len(),
        start.elapsed()
    );
    for refusal in &rendered.refusals {
        println!(
            "refused: {} {}: {}",
            refusal.object.kind.name(),
            refusal.object,
            refusal.reason
        );
    }
    let (target, server) = connect(&to).await?;
    for step in &rendered.steps {
        if let Err(error) = target.batch_execute(&step.sql).await {
            let why = error
                .as_db_error()
                .map_or(error.to_string(), |error| error.message().to_owned());
            println!("failed: {}\n    {why}", step.sql);
        }
    }
    let after = read(&target, &server).await?;
    say_difference(&before, &after);
    Ok(())
}

async fn connect(to: &str) -> Result<(Client, Server), Failure> {
    let (client, connection) = tokio_postgres::connect(to, NoTls).await?;
    tokio::spawn(connection);
    let row = client
        .query_one("SELECT current_setting('server_version_num')::int4", &[])
        .await?;
    let number: i32 = row.get(0);
    let number = u32::try_from(number)?;
    let server = Server {
        engine: Engine::Postgres,
        version: Version::new(number / 10000, number % 10000, 0),
    };
    Ok((client, server))
}

async fn read(client: &Client, server: &Server) -> Result<Catalog, Failure> {
    let start = Instant::now();
    let reading = read_whole(client, server).await?;
    println!(
        "read {} objects and {} edges in {} ms; {} not modelled, {} not read",
        reading.catalog.objects.len(),
        reading.catalog.dependencies.len(),
        start.elapsed().as_millis(),
        reading.unmodelled.len(),
        reading.unread.len()
    );
    Ok(reading.catalog)
}

fn say_difference(before: &Catalog, after: &Catalog) {
    let changes = changes(before, after);
    for change in &changes {
        match change {
            Change::Created(object) => println!("more: {} {}", object.id.kind.name(), object.id),
            Change::Dropped(object) => println!("missing: {} {}", object.id.kind.name(), object.id),
            Change::Altered { before, after } => {
                println!("other: {} {}", after.id.kind.name(), after.id);
                println!("    {}\n    {}", before.definition, after.definition);
                if before.definition == after.definition {
                    println!("    {:?}\n    {:?}", before.body, after.body);
                }
            }
        }
    }
    println!("{} objects are otherwise", changes.len());
}
