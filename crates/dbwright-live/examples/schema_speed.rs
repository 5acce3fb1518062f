//! How long it takes to read a schema of many tables from PostgreSQL, beside `pg_dump --schema-only`:
//! `cargo run --release -p dbwright-live --example schema_speed -- MAJOR [TABLES [ROUNDS]]`, or `cargo xtask bench schema`.
//!
//! Server programs are looked for in `DBWRIGHT_POSTGRES_BIN` first. Both read from the same server by the same socket, in
//! turns; the median counts.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
#![expect(clippy::disallowed_methods, reason = "this is a `main`, where the runtime is built")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dbwright_ddl::{diff, render};
use dbwright_live::introspect::postgres::read_whole;
use dbwright_live::scratch::postgres::{PostgresScratch, Session, Who};
use dbwright_live::scratch::{BinDirs, ScratchOptions};

type Failure = Box<dyn std::error::Error>;

/// So many tables are made in one transaction: each takes a few locks.
const BATCH: u32 = 100;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let version = arguments.next().ok_or("which major version?")?.parse()?;
    let tables: u32 = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let rounds: usize = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let cache = tempfile::tempdir()?;
    let options = ScratchOptions {
        version: Some(version),
        cache: cache.path().to_path_buf(),
        bin_dirs: BinDirs {
            postgres: std::env::var_os("DBWRIGHT_POSTGRES_BIN")
                .map(PathBuf::from)
                .into_iter()
                .collect(),
            ..BinDirs::default()
        },
        ..ScratchOptions::default()
    };
    let scratch = PostgresScratch::start(&options).await?;
    let database = scratch.create_database().await?;
    let session = scratch.connect(&database, Who::Observer).await?;
    make_tables(&session, tables).await?;
    let mut dump = dump_command(&session, &database).await?;

    let (mut read, mut dumped, mut written, mut compared) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..rounds {
        let start = Instant::now();
        let reading = read_whole(&session.client, scratch.server()).await?;
        read.push(start.elapsed());
        let start = Instant::now();
        let status = dump.status();
        if status.is_ok_and(|status| status.success()) {
            dumped.push(start.elapsed());
        }
        let start = Instant::now();
        let rendered = render(&reading.catalog);
        written.push(start.elapsed());
        // Two readings are compared, so that the first round has nothing to compare with.
        if let Some(last) = &last {
            let start = Instant::now();
            let is_same = diff(last, &reading.catalog).is_empty();
            compared.push(start.elapsed());
            if !is_same {
                return Err("the same schema was read otherwise".into());
            }
        }
        if !rendered.refusals.is_empty() {
            return Err("the schema could not be written".into());
        }
        last = Some(reading.catalog);
    }
    let objects = last.map_or(0, |catalog| catalog.objects.len());
    println!(
        "PostgreSQL {}: {tables} tables, {objects} objects, median of {rounds}",
        scratch.server().version
    );
    let read = median(read);
    println!("  read                   {:>7} ms", read.as_millis());
    if dumped.is_empty() {
        println!("  pg_dump --schema-only  not measured: there is none that reads this server");
    } else {
        let dumped = median(dumped);
        println!("  pg_dump --schema-only  {:>7} ms", dumped.as_millis());
        println!(
            "  ratio                  {:>10.2}",
            read.as_secs_f64() / dumped.as_secs_f64()
        );
    }
    println!("  write as SQL           {:>7} ms", median(written).as_millis());
    if compared.is_empty() {
        println!("  compare two readings   not measured: that takes two rounds");
    } else {
        println!("  compare two readings   {:>7} ms", median(compared).as_millis());
    }
    scratch.stop().await?;
    Ok(())
}

/// Tables of ten columns with a key, half of them with an index, a third of them with a foreign key.
async fn make_tables(session: &Session, tables: u32) -> Result<(), Failure> {
    for first in (1..=tables).step_by(usize::try_from(BATCH)?) {
        let mut sql = String::from("BEGIN;");
        for number in first..(first + BATCH).min(tables + 1) {
            write!(
                sql,
                "CREATE TABLE public.t{number} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c1 text NOT NULL, \
                 c2 integer DEFAULT 0, c3 numeric(10,2), c4 timestamptz DEFAULT now(), c5 varchar(20), c6 boolean, c7 jsonb, \
                 c8 uuid, c9 date);"
            )?;
            if number % 2 == 0 {
                write!(sql, "CREATE INDEX ON public.t{number} (c1);")?;
            }
            if number % 3 == 0 {
                let parent = number - 1;
                write!(
                    sql,
                    "ALTER TABLE public.t{number} ADD FOREIGN KEY (id) REFERENCES public.t{parent};"
                )?;
            }
        }
        session.client.batch_execute(&(sql + "COMMIT")).await?;
    }
    session.client.batch_execute("ANALYZE").await?;
    Ok(())
}

async fn dump_command(session: &Session, database: &str) -> Result<Command, Failure> {
    let question = "SELECT current_setting('unix_socket_directories'), current_setting('port'), current_user::text";
    let row = session.client.query_one(question, &[]).await?;
    let (folder, port, user): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    let mut command = Command::new("pg_dump");
    command
        .args(["--schema-only", "-h", &folder, "-p", &port, "-U", &user, database])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(command)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
