//! Whether queries have the same plans and costs on a filled database of PostgreSQL and on its twin.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use dbwright_catalog::{Engine, SampleValues};
use dbwright_live::capture::capture;
use dbwright_live::connect::{Connection, ReadLimits};
use dbwright_live::scratch::ScratchOptions;
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};
use dbwright_live::twin::postgres::build;
use dbwright_report::snapshot::snapshot_file;

use crate::benchmark::Benchmark;
use crate::counting::Counter;
use crate::figures::{Captured, captured, disk, fidelity, megabytes};
use crate::{Failure, values};

/// Costs that differ by more than this share are not the same.
const SAME: f64 = 1e-6;

/// Takes a snapshot by a connection on loopback.
pub(crate) async fn taken(
    scratch: &PostgresScratch,
    database: &str,
    values: &SampleValues,
) -> Result<Captured, Failure> {
    let folder = scratch.socket_folder().ok_or("the server is not our own")?;
    let counter = Counter::before(&folder.join(".s.PGSQL.5432")).await?;
    let url = format!(
        "postgres://dbwright@127.0.0.1:{}/{database}?sslmode=disable",
        counter.port
    );
    let begun = Instant::now();
    let mut connection = Connection::open(&url.parse()?, &ReadLimits::default()).await?;
    let snapshot = capture(&mut connection, values).await?;
    connection.close().await;
    Ok(Captured {
        time: begun.elapsed(),
        queries: Some(counter.queries()),
        bytes: snapshot_file(&snapshot).len(),
        snapshot,
    })
}

pub(crate) async fn run(name: &str, folder: &Path, options: &ScratchOptions) -> Result<(), Failure> {
    let benchmark = Benchmark::read(name, folder, Engine::Postgres)?;
    let production = PostgresScratch::start(options).await?;
    let compared = compare(name, &benchmark, &production, options).await;
    production.stop().await?;
    compared
}

async fn compare(
    name: &str,
    benchmark: &Benchmark,
    production: &PostgresScratch,
    options: &ScratchOptions,
) -> Result<(), Failure> {
    let database = production.create_database().await?;
    let session = production.connect(&database, Who::Observer).await?;
    session
        .client
        .batch_execute("CREATE EXTENSION pageinspect SCHEMA public")
        .await?;
    let begun = Instant::now();
    load(benchmark, &session).await?;
    let size: i64 = session
        .client
        .query_one("SELECT pg_database_size(current_database())", &[])
        .await?
        .get(0);
    println!(
        "{name} on {}: {} loaded in {:.0} s",
        production.server(),
        megabytes(u64::try_from(size)?),
        begun.elapsed().as_secs_f64()
    );
    let there = plans(&session, benchmark).await?;
    session.close().await;
    let all = taken(production, &database, &values(true)).await?;
    let none = taken(production, &database, &values(false)).await?;
    println!(
        "  captured {} ({} kB without values)",
        captured(&all),
        none.bytes / 1024
    );
    let mut estimated = all.snapshot.clone();
    for relation in &mut estimated.relations {
        relation.tree_levels = None;
        relation.gin = None;
    }
    for (what, snapshot, tell) in [
        ("with values", &all.snapshot, true),
        ("with values, heights of B-trees estimated", &estimated, true),
        ("without values", &none.snapshot, false),
    ] {
        let begun = Instant::now();
        let twin = build(snapshot, options).await?;
        let time = begun.elapsed();
        let disk = twin.scratch.socket_folder().map_or(0, |folder| disk(&folder));
        let session = twin.scratch.connect(&twin.database, Who::Observer).await?;
        let here = plans(&session, benchmark).await?;
        session.close().await;
        println!(
            "  {what}: {}; built in {:.2} s, {} on the disk",
            told(&there, &here, tell),
            time.as_secs_f64(),
            megabytes(disk)
        );
        println!("    {}", fidelity(&twin.fidelity));
        twin.stop().await?;
    }
    Ok(())
}

/// Makes the tables, fills and analyses them.
async fn load(benchmark: &Benchmark, session: &Session) -> Result<(), Failure> {
    let client = &session.client;
    client.batch_execute("SET search_path = public").await?;
    for table in &benchmark.tables {
        let file = table.file.display();
        let mut statements = vec![
            table.create(Engine::Postgres),
            format!("COPY {} FROM '{file}' (FORMAT csv)", table.name),
            format!("ALTER TABLE {} ADD PRIMARY KEY ({})", table.name, table.key()),
        ];
        statements.extend(table.indexes(Engine::Postgres));
        for statement in statements {
            client.batch_execute(&statement).await?;
        }
    }
    client.batch_execute("VACUUM ANALYZE").await?;
    Ok(())
}

/// The plan of a query.
struct Plan {
    number: u32,
    lines: Vec<String>,
}

impl Plan {
    /// The cost of all of it.
    fn cost(&self) -> f64 {
        let first = self.lines.first().map_or("", String::as_str);
        let cost = first.split_once("cost=").and_then(|(_, rest)| rest.split_once(".."));
        let cost = cost.and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
        cost.unwrap_or(f64::NAN)
    }

    /// What is done, without what it costs.
    fn shape(&self) -> Vec<&str> {
        self.lines
            .iter()
            .map(|line| line.split("  (cost=").next().unwrap_or_default())
            .collect()
    }
}

async fn plans(session: &Session, benchmark: &Benchmark) -> Result<Vec<Plan>, Failure> {
    session.client.batch_execute("SET search_path = public").await?;
    let mut plans = Vec::new();
    for (number, text) in &benchmark.queries {
        let mut lines = Vec::new();
        for query in text.split(';').map(str::trim).filter(|query| !query.is_empty()) {
            let answer = session.client.simple_query(&format!("EXPLAIN {query}")).await;
            let answer = answer.map_err(|error| format!("query {number}: {error:?}"))?;
            lines.extend(answer.iter().filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            }));
        }
        plans.push(Plan { number: *number, lines });
    }
    Ok(plans)
}

fn told(there: &[Plan], here: &[Plan], tell: bool) -> String {
    let (mut same_plan, mut same_cost, mut identical) = (0, 0, 0);
    let mut others = String::new();
    for (there, here) in there.iter().zip(here) {
        let is_same_plan = there.shape() == here.shape();
        let is_same_cost = (there.cost() - here.cost()).abs() <= SAME * there.cost();
        let is_identical = there.lines == here.lines;
        same_plan += usize::from(is_same_plan);
        same_cost += usize::from(is_same_cost);
        identical += usize::from(is_identical);
        if tell && !is_identical {
            let _ = write!(
                others,
                "\n    query {}: {} and {}",
                there.number,
                there.cost(),
                here.cost()
            );
            let differs = there
                .lines
                .iter()
                .zip(&here.lines)
                .filter(|(there, here)| there != here);
            for (there, here) in differs.collect::<Vec<_>>().into_iter().rev().take(3) {
                let _ = write!(others, "\n      {}\n      {}", there.trim(), here.trim());
            }
        }
    }
    format!(
        "{same_plan} of {} plans and {same_cost} costs the same, {identical} to the last digit of every line{others}",
        there.len()
    )
}
