//! `dbwright schema`: one file per command below it.

pub(crate) mod diff;
pub(crate) mod docs;
pub(crate) mod drift;
pub(crate) mod lint;
pub(crate) mod plan;
pub(crate) mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use dbwright_catalog::Snapshot;
use dbwright_engineer::{Incomplete, Passwords, ReadLimits, SchemaPhase, SchemaSetUp};

use super::cache;
use super::check::SetUpArgs;
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Show schemas, compare them, and plan the way from one to another.
///
/// A source is a database (postgres://user@host/db, mysql://user@host/db, mariadb://…, sqlite:/path, or a SQLite file), a file
/// or folder of SQL that says what a schema shall be, a folder of migrations or a repository, a snapshot that `dbwright
/// capture` wrote (FILE.dbsnap), or git:REF:PATH for a file or folder as it was committed. sql:PATH and migrations:PATH say
/// which of the two a folder is, snapshot:PATH that a file is one. SQL is run on a disposable server of the other side's
/// engine and major version; databases are only read.
///
/// Passwords may stand in the URL or in PGPASSWORD and MYSQL_PWD. Encryption: sslmode=disable, prefer (the default), require,
/// verify-ca or verify-full, and sslrootcert=FILE, in the URL.
#[derive(Args, Debug)]
pub(crate) struct SchemaArgs {
    #[command(subcommand)]
    command: SchemaCommand,
}

#[derive(Debug, Subcommand)]
enum SchemaCommand {
    Show(show::SchemaShowArgs),
    Diff(diff::SchemaDiffArgs),
    Plan(plan::SchemaPlanArgs),
    Lint(lint::SchemaLintArgs),
    Drift(drift::SchemaDriftArgs),
    Docs(docs::SchemaDocsArgs),
}

pub(crate) async fn cmd_schema(args: &SchemaArgs) -> Result<ExitCode, CommandError> {
    match &args.command {
        SchemaCommand::Show(args) => show::cmd_schema_show(args).await,
        SchemaCommand::Diff(args) => diff::cmd_schema_diff(args).await,
        SchemaCommand::Plan(args) => Box::pin(plan::cmd_schema_plan(args)).await,
        SchemaCommand::Lint(args) => Box::pin(lint::cmd_schema_lint(args)).await,
        SchemaCommand::Drift(args) => drift::cmd_schema_drift(args).await,
        SchemaCommand::Docs(args) => docs::cmd_schema_docs(args).await,
    }
}

/// What every command about schemas takes.
#[derive(Args, Debug)]
pub(crate) struct SchemaSetUpArgs {
    #[command(flatten)]
    pub(crate) set_up: SetUpArgs,
    /// Run SQL on this disposable server instead of starting one; it may hold no databases but dbwright's own.
    #[arg(long, value_name = "URL", env = "DBWRIGHT_SCRATCH_URL", hide_env_values = true)]
    pub(crate) scratch_url: Option<String>,
}

impl SchemaSetUpArgs {
    pub(crate) fn request(&self) -> Result<SchemaSetUp, CommandError> {
        Ok(SchemaSetUp {
            overrides: self.set_up.overrides(),
            scratch_url: self.scratch_url.clone().filter(|url| !url.is_empty()),
            bin_dirs: self.set_up.bin_dirs(),
            cache: cache::folder()?,
            passwords: passwords(),
            limits: ReadLimits::default(),
            incomplete: Incomplete::Refused,
            read_snapshot,
        })
    }
}

/// Whether half a source will do.
#[derive(Args, Debug)]
pub(crate) struct IncompleteArgs {
    /// Go on where statements of a source do not run here, with what the others make; what is missing is told.
    #[arg(long)]
    allow_incomplete: bool,
}

impl IncompleteArgs {
    pub(crate) fn incomplete(&self) -> Incomplete {
        if self.allow_incomplete {
            Incomplete::Told
        } else {
            Incomplete::Refused
        }
    }
}

/// Reads the file of a snapshot that a source names.
pub(crate) fn read_snapshot(bytes: &[u8]) -> Result<Snapshot, String> {
    dbwright_report::snapshot::read_snapshot(bytes).map_err(|error| error.to_string())
}

/// Passwords that the client programs of the engines take from the environment as well.
pub(crate) fn passwords() -> Passwords {
    let variable = |name: &str| std::env::var(name).ok();
    Passwords {
        postgres: variable("PGPASSWORD"),
        mysql: variable("MYSQL_PWD"),
    }
}

/// Shows on the terminal what takes long.
pub(crate) fn progress(line: &mut ProgressLine) -> impl FnMut(SchemaPhase) + Send {
    |phase| {
        line.show(match phase {
            SchemaPhase::Reading => "reading the database",
            SchemaPhase::Building => "running SQL on a scratch server",
            SchemaPhase::Proving => "trying the plan on a copy",
        });
    }
}

/// How text is laid out on this terminal.
pub(crate) fn text_options() -> dbwright_report::TextOptions {
    dbwright_report::TextOptions {
        color: terminal::color(),
        width: terminal::width(),
        verbose: false,
    }
}
