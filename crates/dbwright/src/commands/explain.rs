//! `dbwright explain`: the plan of a query as a tree, what makes it slow, and what would help.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use dbwright_engineer::{ExplainOn, ExplainRequest, QueryText, ReadLimits, TwinSetUp, explain, queries_in};
use dbwright_report::TextOptions;
use dbwright_report::explain::{explanation_json, explanation_text};

use super::check::BinDirArgs;
use super::schema::{passwords, text_options};
use super::{cache, snapshot};
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Show how queries are run, where the cost is, and what would help.
///
/// Plans come from a twin of production (--on), which knows its statistics and holds no rows, or from a live server (--url),
/// in a read-only session with timeouts. What insights propose is tried in the same place, and shown with the plan that it
/// leads to. A query with parameters ($1, ?, :name) is planned for any value of them on PostgreSQL and SQLite, and with values that are
/// told on MySQL and MariaDB. A statement that writes is planned and never run.
///
/// Nothing is run, unless --analyze says so: then on the server of --url alone, and only what is proven to read only.
#[derive(Args, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct ExplainArgs {
    /// Queries: SQL, a file of SQL, or - for standard input.
    #[arg(value_name = "QUERY|FILE")]
    queries: Vec<String>,
    /// Plan on a twin of this snapshot, which `dbwright capture` has written.
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    on: Option<PathBuf>,
    /// Plan on this database: postgres://user@host/database, mysql://… (the password may stand in PGPASSWORD or MYSQL_PWD), or a
    /// SQLite file.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Tell of a plan that somebody has kept, as EXPLAIN prints it in JSON, MySQL as a tree, or SQLite's shell by EXPLAIN QUERY
    /// PLAN; - for standard input (may be given several times). With --on or --url, what is known of its tables there helps.
    #[arg(long, value_name = "FILE")]
    plan: Vec<PathBuf>,
    /// Run the queries that are proven to read only, and tell times and rows (with --url; SQLite measures no steps).
    #[arg(long, requires = "url")]
    analyze: bool,
    /// Which values may be looked for on the server of --url, to stand in place of parameters (MySQL, MariaDB).
    #[arg(long, value_name = "WHICH", default_value = "none", requires = "url")]
    values: Values,
    /// A query that is run may take so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    /// How it is told.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ExplainFormat,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Show conditions and queries whole.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    bin_dirs: BinDirArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Values {
    /// None: values are of the right type, and rows that they find are counted by statistics.
    None,
    /// The first and last values of indexes, which are shown with the plan.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    /// For people.
    Text,
    /// For programs: version 0 (docs/schema/explain-v0.json).
    Json,
}

const AFTER_HELP: &str = "\
Exit codes:
  0 explained   1 some query was refused   2 wrong use   3 a file or server failed   70 a bug in dbwright

Examples:
  dbwright explain --on shop.dbsnap \"SELECT * FROM orders WHERE customer_id = 7\"
  dbwright explain --on shop.dbsnap queries.sql
  dbwright explain --url postgres://me@db/shop --analyze \"SELECT count(*) FROM orders\"
  dbwright explain --url app.db queries.sql
  dbwright explain --plan plan.json
  dbwright rule not-in-subquery             what an insight means (docs/insights has them all)";

pub(crate) async fn cmd_explain(args: &ExplainArgs) -> Result<ExitCode, CommandError> {
    let on = on(args)?;
    let request = ExplainRequest {
        queries: queries(args, &on)?,
        plans: plans(&args.plan)?,
        on,
    };
    if request.queries.is_empty() && request.plans.is_empty() {
        return Err(CommandError::usage("there is no query to explain".to_owned())
            .hint("give one as `dbwright explain --on FILE \"SELECT …\"`, a file of them, or - for standard input"));
    }
    let mut line = ProgressLine::new();
    line.show("explaining");
    let explanation = Box::pin(explain(&request)).await;
    drop(line);
    let explanation = explanation?;
    let text = if args.json || args.format == ExplainFormat::Json {
        explanation_json(&explanation)
    } else {
        explanation_text(
            &explanation,
            &TextOptions {
                verbose: args.verbose,
                ..text_options()
            },
        )
    };
    terminal::print(&text)?;
    let refused = explanation.queries.iter().any(|query| query.outcome.is_err());
    Ok(ExitCode::from(u8::from(refused)))
}

fn on(args: &ExplainArgs) -> Result<ExplainOn, CommandError> {
    if let Some(url) = &args.url {
        let limits = ReadLimits {
            statement: Duration::from_secs(args.timeout),
            ..ReadLimits::default()
        };
        return Ok(ExplainOn::Live {
            url: url.clone(),
            passwords: passwords(),
            limits,
            run: args.analyze,
            values: args.values == Values::All,
        });
    }
    if let Some(file) = &args.on {
        let set_up = TwinSetUp {
            bin_dirs: args.bin_dirs.bin_dirs(),
            cache: cache::folder()?,
        };
        return Ok(ExplainOn::Twin(Box::new(snapshot::read(file)?), set_up));
    }
    if args.plan.is_empty() || !args.queries.is_empty() {
        return Err(CommandError::usage("nobody is named who makes the plans".to_owned()).hint(
            "--on FILE plans on a twin of a snapshot (`dbwright capture URL -o FILE` takes one), --url URL on a live server",
        ));
    }
    Ok(ExplainOn::Nobody)
}

fn queries(args: &ExplainArgs, on: &ExplainOn) -> Result<Vec<QueryText>, CommandError> {
    let engine = on.engine()?;
    let mut queries = Vec::new();
    for given in &args.queries {
        let path = Path::new(given);
        if given == "-" {
            queries.extend(queries_in(engine, &standard_input()?, Some("-")));
        } else if path.is_file() {
            queries.extend(queries_in(engine, &read(path)?, Some(given)));
        } else if given.split_whitespace().nth(1).is_none() {
            return Err(CommandError::usage(format!("`{given}` is neither a query nor a file")));
        } else {
            queries.extend(queries_in(engine, given, None));
        }
    }
    Ok(queries)
}

fn plans(files: &[PathBuf]) -> Result<Vec<(String, String)>, CommandError> {
    let mut plans = Vec::new();
    for file in files {
        let json = if file == Path::new("-") {
            standard_input()?
        } else {
            read(file)?
        };
        plans.push((file.display().to_string(), json));
    }
    Ok(plans)
}

fn read(file: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(file)
        .map_err(|error| CommandError::outside(format!("cannot read {}: {error}", file.display())))
}

fn standard_input() -> Result<String, CommandError> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|error| CommandError::outside(format!("cannot read standard input: {error}")))?;
    Ok(text)
}
