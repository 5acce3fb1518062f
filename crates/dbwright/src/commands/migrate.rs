//! `dbwright migrate new`: a plan as a new migration of the repository.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};

use dbwright_engineer::{NewMigrationRequest, new_migration};
use dbwright_report::schema::plan_text;

use super::schema::plan::{WayArgs, settle, verdict};
use super::schema::text_options;
use crate::command_error::CommandError;
use crate::terminal;

/// Write migrations.
#[derive(Args, Debug)]
pub(crate) struct MigrateArgs {
    #[command(subcommand)]
    command: MigrateCommand,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    New(MigrateNewArgs),
}

/// Write the plan from one schema to another as new files in the repository's own migration format.
///
/// The plan is made and tried as `dbwright schema plan` does. What must not run in a transaction gets files of its own. No file
/// that exists is overwritten; Drizzle's journal, Atlas's checksums and the last changelog in Liquibase's formatted SQL are
/// added to. What only the tool itself can do is said. Written for every tool that dbwright reads.
#[derive(Args, Debug)]
pub(crate) struct MigrateNewArgs {
    /// The two schemas: usually the repository's migrations (`.`) and the SQL that says what the schema shall be.
    #[arg(long, value_names = ["A", "B"], num_args = 2, required = true)]
    from_diff: Vec<String>,
    /// What the migration is called, without number.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The repository that it is written to, or a folder in it.
    #[arg(long, value_name = "DIR", default_value = ".")]
    repository: PathBuf,
    #[command(flatten)]
    way: WayArgs,
}

pub(crate) async fn cmd_migrate(args: &MigrateArgs) -> Result<ExitCode, CommandError> {
    match &args.command {
        MigrateCommand::New(args) => new(args).await,
    }
}

async fn new(args: &MigrateNewArgs) -> Result<ExitCode, CommandError> {
    let [before, after] = args.from_diff.as_slice() else {
        return Err(CommandError::usage("--from-diff takes two schemas"));
    };
    let proposal = Box::pin(settle(before, after, &args.way, false)).await?;
    if let Some(code) = verdict(&proposal, &args.way) {
        terminal::talk(&plan_text(&proposal, &text_options()));
        return Ok(code);
    }
    if proposal.plan.steps().next().is_none() {
        terminal::talk("nothing to migrate: both sides are the same\n");
        return Ok(ExitCode::SUCCESS);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let request = NewMigrationRequest {
        folder: args.repository.clone(),
        name: args.name.clone(),
        seconds: now.as_secs(),
        set_up: args.way.set_up.request()?,
    };
    let written = new_migration(&proposal, &request)?;
    terminal::talk(&plan_text(&proposal, &text_options()));
    for note in &written.notes {
        terminal::talk(&format!("note: {note}\n"));
    }
    let mut text = String::new();
    for file in written.files {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", file.display());
    }
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
