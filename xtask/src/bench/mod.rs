//! `cargo xtask bench`: how fast dbwright is, beside what it is compared with, in one run on one machine.
//!
//! A benchmark and not a test: a target that is missed is said and fails nothing, and no other command runs this.

mod check;
mod history;
mod large;
mod linters;
mod measure;
mod project;
mod real;
mod schema;
mod server;
mod times;
mod twin;

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    command: BenchCommand,
}

#[derive(Subcommand)]
enum BenchCommand {
    /// `dbwright check`, cold and warm, beside the client program of each engine that applies the same files.
    Check(CheckArgs),
    /// What a statement costs in a small migration and in a large one.
    Large(LargeArgs),
    /// Reading, comparing and planning a schema of many tables, beside the dump program of each engine.
    Schema(SchemaArgs),
    /// How long `check --snapshot` says that migrations take, beside how long they take.
    Times(TimesArgs),
    /// How exact, fast and small twins are: TPC-H and TPC-DS loaded for real beside their twins, and made-up databases.
    Twin(TwinArgs),
}

/// Arguments of `cargo xtask bench large`.
#[derive(clap::Args)]
pub(crate) struct LargeArgs {
    /// How many times everything is measured; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// How many statements the migrations have.
    #[arg(long, value_delimiter = ',', default_values_t = [200, 2000], value_parser = clap::value_parser!(u32).range(2..=100_000))]
    statements: Vec<u32>,
    /// Which engines, as in `postgres,sqlite`, which are those that are measured where nothing is said.
    #[arg(long, value_delimiter = ',', value_enum)]
    engine: Vec<history::Engine>,
    /// The major of the PostgreSQL server; that of `psql` where nothing is said.
    #[arg(long)]
    postgres: Option<u32>,
    /// A dbwright to measure; where nothing is said, a release build is made first.
    #[arg(long)]
    dbwright: Option<PathBuf>,
}

/// Arguments of `cargo xtask bench check`.
#[derive(clap::Args)]
pub(crate) struct CheckArgs {
    /// How many times everything is measured; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// How many files the history has.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=9999))]
    files: u32,
    /// Which engines, as in `postgres,sqlite`; all where nothing is said.
    #[arg(long, value_delimiter = ',', value_enum)]
    engine: Vec<history::Engine>,
    /// The major of the PostgreSQL server; that of `psql` where nothing is said.
    #[arg(long)]
    postgres: Option<u32>,
    /// A dbwright to measure; where nothing is said, a release build is made first.
    #[arg(long)]
    dbwright: Option<PathBuf>,
    /// A squawk to run beside it, as `pip install squawk-cli` brings it: times and findings of both.
    #[arg(long, value_name = "PROGRAM")]
    squawk: Option<PathBuf>,
    /// A repository with migrations for PostgreSQL on which squawk is run as well; may be given several times.
    #[arg(long, value_name = "FOLDER", requires = "squawk")]
    repository: Vec<PathBuf>,
    /// Only the comparison with squawk.
    #[arg(long, requires = "squawk")]
    only_squawk: bool,
}

/// Arguments of `cargo xtask bench schema`.
#[derive(clap::Args)]
pub(crate) struct SchemaArgs {
    /// How many times everything is measured; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// How many tables the schema has, each with ten columns.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    tables: u32,
    /// Which engines, as in `postgres,sqlite`; all where nothing is said.
    #[arg(long, value_delimiter = ',', value_enum)]
    engine: Vec<history::Engine>,
    /// The major of the PostgreSQL server; that of `pg_dump` where nothing is said, which reads no newer ones.
    #[arg(long)]
    postgres: Option<u32>,
}

/// Arguments of `cargo xtask bench times`.
#[derive(clap::Args)]
pub(crate) struct TimesArgs {
    /// How large the tables are, in gigabytes.
    #[arg(long, value_delimiter = ',', default_values_t = [0.1, 0.5, 2.0])]
    gigabytes: Vec<f64>,
    /// Which engines, as in `postgres,sqlite`; all where nothing is said.
    #[arg(long, value_delimiter = ',', value_enum)]
    engine: Vec<history::Engine>,
    /// The major of the PostgreSQL server; that of `psql` where nothing is said.
    #[arg(long)]
    postgres: Option<u32>,
    /// A dbwright to measure; where nothing is said, a release build is made first.
    #[arg(long)]
    dbwright: Option<PathBuf>,
    /// Where the tables are, on the disk that is measured; the system's folder for temporary files where nothing is said.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Arguments of `cargo xtask bench twin`.
#[derive(clap::Args)]
pub(crate) struct TwinArgs {
    /// Which engines, as in `mysql,sqlite`; all where nothing is said.
    #[arg(long, value_delimiter = ',', value_enum)]
    engine: Vec<history::Engine>,
    /// How large the data is; 1 is about 1.5 GB in each of two databases, kept in memory where there is a `/dev/shm`. Where
    /// nothing is said, 1 for PostgreSQL and SQLite, and 0.1 for MySQL and MariaDB, which take many times as long to load.
    #[arg(long)]
    scale: Option<f64>,
    /// The majors of PostgreSQL.
    #[arg(long, value_delimiter = ',', default_values_t = [13, 15, 16, 17, 18])]
    postgres: Vec<u32>,
    /// A Python with duckdb 1.1.3, which generates the data.
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    /// Where the data is, and is kept for the next time.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Prints the plans that differ, of engines other than PostgreSQL, whose lines that differ are always printed.
    #[arg(long)]
    show: bool,
}

/// Runs a benchmark.
pub(crate) fn cmd_bench(args: &BenchArgs) -> Result<()> {
    match &args.command {
        BenchCommand::Check(args) => {
            if !args.only_squawk {
                check::run(args)?;
            }
            args.squawk.as_ref().map_or(Ok(()), |squawk| linters::run(args, squawk))
        }
        BenchCommand::Large(args) => large::run(args),
        BenchCommand::Schema(args) => schema::run_benchmark(args),
        BenchCommand::Times(args) => times::run_benchmark(args),
        BenchCommand::Twin(args) => twin::run_benchmark(args),
    }
}
