//! `dbwright check`: runs migrations on a scratch server and says which would hurt in production.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use dbwright_catalog::{Drift, Engine, Figure, Review, Tool, Version};
use dbwright_engineer::{
    BinDirs, CheckAnswer, CheckRequest, EngineerError, FailOn, Incomplete, Input, Overrides, Phase, ReadLimits,
    SchemaSetUp, Scope, check,
};
use dbwright_report::Summary;

use super::fix::Fixing;
use super::output::{Format, Found, Output, ReportKind};
use super::{cache, engine, fix, schema, snapshot};
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Run migrations on a disposable real server, and say which of them would hurt in production.
///
/// All migrations run, on a server that is removed afterwards; those that are new against the default branch are judged
/// (outside git, all). PostgreSQL, MySQL and MariaDB are started from the server programs on this machine, SQLite is built
/// in. Your databases are not touched, and nothing is sent anywhere.
#[derive(Args, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct CheckArgs {
    /// A repository or a folder in one, a file of SQL, or `-` for standard input.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Judge every migration, not only new ones.
    #[arg(long, conflicts_with = "since")]
    all: bool,
    /// Judge the migrations that are new against this branch, tag or commit.
    #[arg(long, value_name = "REF")]
    since: Option<String>,
    #[command(flatten)]
    set_up: SetUpArgs,
    /// Load this dump of a schema before the first migration (`pg_dump --schema-only`, `.schema`).
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Run on this disposable server instead of starting one: postgres://user:password@host:port/postgres, or
    /// mysql://user:password@host:port for MySQL and MariaDB, where the user must be one that may do everything.
    ///
    /// It may hold no databases but dbwright's own; one that does is refused.
    #[arg(long, value_name = "URL", env = "DBWRIGHT_SCRATCH_URL", hide_env_values = true)]
    scratch_url: Option<String>,
    /// Compare this live database with all migrations as well, and fail where it differs (`dbwright schema drift`).
    #[arg(long, value_name = "URL")]
    db: Option<String>,
    /// Of the differences of --db, only those that are not in this file count.
    #[arg(long, value_name = "FILE", requires = "db")]
    baseline: Option<PathBuf>,
    /// Run nothing: predict what the statements do from their text and from the schema that the files lead to.
    ///
    /// Takes no server and no time, and sees less: what code does (`DO`, functions), and what rows lead to. Safe versions are
    /// told in words only. Where no server can be had, this is what a check does anyway, and says so.
    #[arg(long = "static")]
    predicted: bool,
    /// Tell with each finding how large the tables of production are, who waits there, and for how long, by this snapshot of it
    /// (`dbwright capture`).
    ///
    /// Times are estimated for PostgreSQL, by what this machine does in a second: measured once, which takes some seconds.
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Also look at these queries of the application: files of SQL, what sqlx writes (`.sqlx`), or folders with these (may be
    /// given several times).
    ///
    /// Without it, the queries that the repository writes down are looked at: `.sqlx`, folders called `queries`, and what
    /// `sqlc.yaml` names, as they are in the commit that migrations are new against. With --all, only those that are named here
    /// and those of --snapshot are.
    #[arg(long, value_name = "PATH")]
    queries: Vec<PathBuf>,
    /// Run everything, also what an earlier check has run, and keep nothing (`dbwright cache --help` tells what is kept).
    #[arg(long)]
    no_cache: bool,
    /// Do not run the ways back (down migrations) of the judged migrations.
    #[arg(long)]
    no_rollback: bool,
    /// Install PostgreSQL server programs without asking, where there are none (`dbwright engine --help` tells how).
    #[arg(long)]
    install_engine: bool,
    /// Write the proven safe versions as files, in the format of the migration tool.
    ///
    /// A migration that the default branch does not have is changed, or becomes several with how each is run; its way back
    /// follows. The files were run as a whole before: same schema at the end, and what the rules said is gone. All are written
    /// or none; they are listed on standard output, and the report goes to standard error.
    #[arg(long, conflicts_with = "predicted")]
    fix: bool,
    /// With --fix: write nothing, and show what would be written as a diff.
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// How to print the report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Also write the report to a file, as in --output sarif=dbwright.sarif (may be given several times).
    #[arg(long, value_name = "FORMAT=FILE")]
    output: Vec<Output>,
    /// Which report: what the rules find, or the form that a database engineer fills in (as --format engineer).
    #[arg(long, value_name = "REPORT", default_value = "findings")]
    report: ReportKind,
    /// Exit with 1 from this severity on: error, warning, note or never [default: warning].
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Do not report this rule (may be given several times).
    #[arg(long, value_name = "RULE")]
    allow: Vec<String>,
    /// Tell every finding and every statement that was not observed in full.
    #[arg(long, short)]
    verbose: bool,
}

/// What a repository may leave open.
#[derive(Args, Debug)]
pub(crate) struct SetUpArgs {
    /// The engine that the migrations are written for: postgres, mysql, mariadb, sqlite.
    #[arg(long, value_name = "ENGINE")]
    engine: Option<Engine>,
    /// The version that runs in production, as in 16 or 15.4; the nearest at hand is taken.
    #[arg(long, value_name = "VERSION")]
    engine_version: Option<Version>,
    /// The folder of the migrations.
    #[arg(long, value_name = "DIR")]
    migrations: Option<PathBuf>,
    /// The tool that runs them: sqlx, diesel, refinery, golang-migrate, dbmate, goose, sql-migrate, flyway, prisma, drizzle,
    /// supabase, pop, node-pg-migrate, graphile-migrate, tern, atlas, liquibase, numbered.
    #[arg(long, value_name = "TOOL", value_parser = dbwright_engineer::parse_tool)]
    tool: Option<Tool>,
    #[command(flatten)]
    bin_dirs: BinDirArgs,
}

/// Where server programs are.
#[derive(Args, Debug)]
pub(crate) struct BinDirArgs {
    /// The folder with the PostgreSQL server programs to use (`initdb`, `postgres`).
    #[arg(
        long = "postgres-bin",
        value_name = "DIR",
        env = "DBWRIGHT_POSTGRES_BIN",
        hide_env_values = true
    )]
    postgres: Vec<OsString>,
    /// The folder with the MySQL server program to use (`mysqld`).
    #[arg(
        long = "mysql-bin",
        value_name = "DIR",
        env = "DBWRIGHT_MYSQL_BIN",
        hide_env_values = true
    )]
    mysql: Vec<OsString>,
    /// The folder with the MariaDB server program to use (`mariadbd`).
    #[arg(
        long = "mariadb-bin",
        value_name = "DIR",
        env = "DBWRIGHT_MARIADB_BIN",
        hide_env_values = true
    )]
    mariadb: Vec<OsString>,
}

const AFTER_HELP: &str = "\
Settings for everyone belong in dbwright.toml at the root of the repository: engine,
engine-version, migrations, tool, schema, base, fail-on, allow, rules, ignore, queries,
plan-cost-factor, plan-cost-min, overrides, thresholds.
The comment `-- dbwright: allow RULE because REASON` before a statement allows a rule there.

Exit codes:
  0 nothing found   2 wrong use                 4 refused for safety
  1 findings        3 a file or server failed   70 a bug in dbwright

Examples:
  dbwright check                            what this branch adds
  dbwright check --all                      the whole history
  dbwright check change.sql --schema d.sql  one file, on the schema you have
  dbwright check --fix                      write the safe versions as files
  dbwright check --static                   predict, with no server
  dbwright check --format json > out.json   for programs
  dbwright check --output sarif=a.sarif --output markdown=comment.md   once, for several readers";

impl SetUpArgs {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            engine: self.engine,
            engine_version: self.engine_version,
            migrations: self.migrations.as_deref().map(absolute),
            tool: self.tool,
            ..Overrides::default()
        }
    }

    /// Folders with server programs.
    pub(crate) fn bin_dirs(&self) -> BinDirs {
        self.bin_dirs.bin_dirs()
    }
}

impl BinDirArgs {
    /// Folders with server programs. An empty environment variable is none.
    pub(crate) fn bin_dirs(&self) -> BinDirs {
        let folders = |given: &[OsString]| {
            given
                .iter()
                .filter(|folder| !folder.is_empty())
                .map(|folder| absolute(Path::new(folder)))
                .collect()
        };
        BinDirs {
            postgres: folders(&self.postgres),
            mysql: folders(&self.mysql),
            mariadb: folders(&self.mariadb),
        }
    }
}

pub(crate) async fn cmd_check(args: &CheckArgs) -> Result<ExitCode, CommandError> {
    if args.report == ReportKind::Engineer && !matches!(args.format, Format::Text | Format::Markdown | Format::Engineer)
    {
        return Err(CommandError::usage("--report engineer is a text of its own".to_owned())
            .hint("leave --format out; --output FORMAT=FILE writes other formats in the same run"));
    }
    let request = CheckRequest {
        input: input(&args.path)?,
        overrides: Overrides {
            schema: args.schema.as_deref().map(absolute),
            since: args.since.clone(),
            fail_on: args.fail_on,
            allow: args.allow.clone(),
            queries: args.queries.iter().map(|path| absolute(path)).collect(),
            ..args.set_up.overrides()
        },
        scope: if args.all { Scope::All } else { Scope::New },
        tries_ways_back: !args.no_rollback,
        scratch_url: args.scratch_url.clone().filter(|url| !url.is_empty()),
        bin_dirs: args.set_up.bin_dirs(),
        predicted: args.predicted,
        snapshot: args.snapshot.as_deref().map(snapshot::read).transpose()?,
        cache: cache::folder()?,
        cache_bytes_max: if args.no_cache { 0 } else { cache::bytes_max()? },
    };
    let mut answer = run(&request).await;
    let failure = match &answer {
        Ok(answer) => answer.failure.as_ref(),
        Err(error) => Some(error),
    };
    if let Some(error) = failure
        && engine::offer(error, &request.cache, args.install_engine).await?
    {
        answer = run(&request).await;
    }
    let answer = answer?;
    if let Some(lock) = &answer.cache_held {
        terminal::talk(&cache_held(lock));
    }
    let drift = drift(args).await?;
    let found = Found {
        review: &answer.review,
        drift: drift.as_ref(),
        fail_on: answer.fail_on,
        verbose: args.verbose,
    };
    for output in &args.output {
        output.write(&found)?;
    }
    let format = match args.report {
        ReportKind::Findings => args.format,
        ReportKind::Engineer => Format::Engineer,
    };
    let text = found.told(format, true);
    let left = match fixing(args) {
        None => {
            terminal::print(&text)?;
            None
        }
        Some(fixing) => {
            // What is written is the data.
            terminal::talk(&text);
            let (text, left) = fix::fix(&answer, fixing)?;
            terminal::print(&text)?;
            left
        }
    };
    let review = left.as_ref().unwrap_or(&answer.review);
    let failed = match answer.fail_on {
        FailOn::Never => false,
        FailOn::Severity(severity) => {
            Summary::of(review).at_least(severity) > 0
                || drift.as_ref().is_some_and(Drift::is_new)
                || misses_threshold(&answer.review)
        }
    };
    match answer.failure {
        // Said in the report; what was found weighs more.
        Some(error) if !failed => Err(error.into()),
        _ => Ok(ExitCode::from(u8::from(failed))),
    }
}

fn fixing(args: &CheckArgs) -> Option<Fixing> {
    args.fix
        .then_some(if args.dry_run { Fixing::Show } else { Fixing::Write })
}

/// Whether a figure is lower than the project asks for.
fn misses_threshold(review: &Review) -> bool {
    let mut figures = review.sections.iter().flat_map(|section| &section.scorecard.figures);
    figures.any(Figure::misses_threshold)
}

/// How the database of `--db` differs from the migrations.
async fn drift(args: &CheckArgs) -> Result<Option<Drift>, CommandError> {
    let Some(db) = &args.db else { return Ok(None) };
    let known = args.baseline.as_deref().map(schema::drift::read_baseline).transpose()?;
    let set_up = SchemaSetUp {
        overrides: args.set_up.overrides(),
        scratch_url: args.scratch_url.clone().filter(|url| !url.is_empty()),
        bin_dirs: args.set_up.bin_dirs(),
        cache: cache::folder()?,
        passwords: schema::passwords(),
        limits: ReadLimits::default(),
        incomplete: Incomplete::Refused,
        read_snapshot: schema::read_snapshot,
    };
    let against = args.path.display().to_string();
    Ok(Some(Box::pin(schema::drift::find(db, &against, known, set_up)).await?))
}

async fn run(request: &CheckRequest) -> Result<CheckAnswer, EngineerError> {
    let mut line = ProgressLine::new();
    check(request, &mut |phase| line.show(&words(phase))).await
}

fn input(path: &Path) -> Result<Input, CommandError> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|error| CommandError::outside(format!("cannot read standard input: {error}")))?;
        return Ok(Input::Bytes(bytes));
    }
    let data = std::fs::metadata(path).map_err(|error| {
        CommandError::usage(format!("cannot check {}: {error}", path.display()))
            .hint("name a repository or a folder in one, a file of SQL, or `-` for standard input")
    })?;
    Ok(if data.is_dir() {
        Input::Repository(path.to_owned())
    } else {
        Input::File(path.to_owned())
    })
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Why nothing of earlier checks was used, or nothing of this one is kept.
fn cache_held(lock: &Path) -> String {
    format!(
        "note: another process did not let go of {}; this check went on without the cache\nhint: a dbwright that was stopped \
         (Ctrl-Z) holds it until it goes on or is ended\n",
        lock.display()
    )
}

fn words(phase: Phase) -> String {
    match phase {
        Phase::Starting(engine) => format!("starting {engine}"),
        Phase::Running(at) => format!("running migration {} of {}", at.migration + 1, at.migrations),
        Phase::Proving { fixes: 1 } => "trying the safe version".to_owned(),
        Phase::Proving { fixes } => format!("trying {fixes} safe versions"),
        Phase::Planning { queries } => format!("planning {queries} queries on twins of production"),
        Phase::Asking { queries } => format!("preparing {queries} queries of the application"),
        Phase::Calibrating => "measuring how fast this machine is".to_owned(),
        Phase::ProvingFiles { migrations: 1 } => "trying its files".to_owned(),
        Phase::ProvingFiles { migrations } => format!("trying the files of {migrations} migrations"),
        Phase::GoingBack { migrations: 1 } => "trying the way back".to_owned(),
        Phase::GoingBack { migrations } => format!("trying {migrations} ways back"),
    }
}
