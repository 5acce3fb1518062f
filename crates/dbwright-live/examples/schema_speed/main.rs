//! How long it takes to read, write, compare and plan a schema of many tables, beside the program of the engine that dumps
//! one: `cargo run --release -p dbwright-live --example schema_speed -- ENGINE[@VERSION] [TABLES [ROUNDS]]`, or
//! `cargo xtask bench schema`.
//!
//! Server programs are looked for in `DBWRIGHT_POSTGRES_BIN` and its like first, dump programs in `PATH`. Both read from the
//! same server by the same socket, in turns; the median counts. A few hundred differences are made in the database itself
//! between the rounds and the last reading, so that both sides of a plan were read from a server.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
#![expect(clippy::disallowed_methods, reason = "this is a `main`, where the runtime is built")]

mod database;
mod schema;

use std::time::{Duration, Instant};

use dbwright_catalog::{Catalog, Engine, Version};
use dbwright_ddl::{PlanOptions, diff, plan, render};

use database::Database;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().ok_or("which engine?")?;
    let (engine, version) = match server.split_once('@') {
        Some((engine, version)) => (engine, Some(version.parse::<Version>()?)),
        None => (server.as_str(), None),
    };
    let engine = Engine::ALL.into_iter().find(|known| known.name() == engine);
    let engine = engine.ok_or("the engines are postgres, mysql, mariadb and sqlite")?;
    let tables: u32 = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let rounds: usize = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let mut database = Database::open(engine, version).await?;
    for statements in schema::batches(engine, tables) {
        database.run(&statements).await?;
    }
    database.settle().await?;
    let measured = measure(&mut database, tables, rounds).await;
    let told = match &measured {
        Ok(figures) => figures.text(&database, tables, rounds),
        Err(_) => String::new(),
    };
    database.close().await?;
    measured?;
    println!("{told}");
    Ok(())
}

/// What was measured, one time a round.
#[derive(Default)]
struct Figures {
    objects: usize,
    read: Vec<Duration>,
    dumped: Vec<Duration>,
    written: Vec<Duration>,
    compared: Vec<Duration>,
    differences: usize,
    differed: Vec<Duration>,
    nothing_planned: Vec<Duration>,
    planned: Vec<Duration>,
    steps: usize,
}

async fn measure(database: &mut Database, tables: u32, rounds: usize) -> Result<Figures, Failure> {
    let mut figures = Figures::default();
    let mut last: Option<Catalog> = None;
    for _ in 0..rounds {
        let start = Instant::now();
        let catalog = database.read().await?;
        figures.read.push(start.elapsed());
        let mut dump = database.dump().await?;
        let start = Instant::now();
        if dump.status().is_ok_and(|status| status.success()) {
            figures.dumped.push(start.elapsed());
        }
        let start = Instant::now();
        let rendered = render(&catalog);
        figures.written.push(start.elapsed());
        if let Some(refusal) = rendered.refusals.first() {
            return Err(format!("{} could not be written: {}", refusal.object, refusal.reason).into());
        }
        // Two readings are compared, so that the first round has nothing to compare with.
        if let Some(last) = &last {
            let start = Instant::now();
            let is_same = diff(last, &catalog).is_empty();
            figures.compared.push(start.elapsed());
            if !is_same {
                return Err("the same schema was read otherwise".into());
            }
        }
        last = Some(catalog);
    }
    let before = last.ok_or("there is no round")?;
    for statements in schema::edits(database.engine(), tables) {
        database.run(&statements).await?;
    }
    let after = database.read().await?;
    figures.objects = before.objects.len();
    let options = PlanOptions::default();
    for _ in 0..rounds {
        let start = Instant::now();
        figures.differences = diff(&before, &after).changes.len();
        figures.differed.push(start.elapsed());
        let start = Instant::now();
        let forth = plan(&before, &after, &options);
        figures.planned.push(start.elapsed());
        figures.steps = forth.steps().count();
        if let Some(refusal) = forth.refusals.first() {
            return Err(format!("{} is not planned: {}", refusal.object, refusal.reason).into());
        }
        let start = Instant::now();
        let nothing = plan(&after, &after, &options);
        figures.nothing_planned.push(start.elapsed());
        if nothing.steps().next().is_some() {
            return Err("there is a plan where nothing is to be done".into());
        }
    }
    Ok(figures)
}

impl Figures {
    fn text(&self, database: &Database, tables: u32, rounds: usize) -> String {
        let mut lines = vec![format!(
            "{}: {tables} tables, {} objects, median of {rounds}",
            database.server(),
            self.objects
        )];
        let mut line = |what: &str, times: &[Duration]| {
            lines.push(if times.is_empty() {
                format!("  {what:<34} not measured")
            } else {
                format!("  {what:<34} {:>7} ms", median(times).as_millis())
            });
        };
        line("read", &self.read);
        line(database.dump_name(), &self.dumped);
        line("write as SQL", &self.written);
        line("compare two readings", &self.compared);
        line(
            &format!("compare with {} differences", self.differences),
            &self.differed,
        );
        line(&format!("plan these, {} steps", self.steps), &self.planned);
        line("plan nothing", &self.nothing_planned);
        if !self.dumped.is_empty() {
            let ratio = median(&self.read).as_secs_f64() / median(&self.dumped).as_secs_f64();
            lines.insert(3, format!("  {:<34} {ratio:>10.2}", "ratio"));
        }
        lines.join("\n")
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
