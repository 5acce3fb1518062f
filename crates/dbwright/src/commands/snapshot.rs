//! `dbwright snapshot`: what a snapshot holds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use dbwright_catalog::Snapshot;
use dbwright_report::TextOptions;
use dbwright_report::snapshot::{read_snapshot, snapshot_text};

use super::schema::text_options;
use crate::command_error::CommandError;
use crate::terminal;

/// Show what a snapshot holds.
#[derive(Args, Debug)]
pub(crate) struct SnapshotArgs {
    #[command(subcommand)]
    command: SnapshotCommand,
}

#[derive(Debug, Subcommand)]
enum SnapshotCommand {
    Show(SnapshotShowArgs),
}

/// Show tables by size, the queries that took longest, and what is missing.
#[derive(Args, Debug)]
struct SnapshotShowArgs {
    /// The file.
    file: PathBuf,
    /// Show all tables and queries, and these whole.
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn cmd_snapshot(args: &SnapshotArgs) -> Result<ExitCode, CommandError> {
    match &args.command {
        SnapshotCommand::Show(args) => {
            let snapshot = read(&args.file)?;
            terminal::print(&snapshot_text(
                &snapshot,
                &TextOptions {
                    verbose: args.verbose,
                    ..text_options()
                },
            ))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads a snapshot file.
pub(crate) fn read(file: &Path) -> Result<Snapshot, CommandError> {
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|error| CommandError::outside(format!("cannot read {shown}: {error}")))?;
    read_snapshot(&bytes).map_err(|error| {
        CommandError::outside(format!("{shown}: {error}"))
            .hint("`dbwright capture URL -o FILE` takes a snapshot of a database")
    })
}
