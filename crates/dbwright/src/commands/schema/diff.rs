//! `dbwright schema diff`: what is different between two schemas.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use dbwright_engineer::{DiffRequest, SchemaSetUp, schema_diff};
use dbwright_report::schema::{diff_json, diff_text};

use super::{IncompleteArgs, SchemaSetUpArgs, progress, text_options};
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Show what is different between two schemas.
///
/// Exits with 1 when they differ. What belongs to a platform or to a migration tool is left out, and that is said.
#[derive(Args, Debug)]
pub(crate) struct SchemaDiffArgs {
    /// The schema that it starts from: a URL, a file or folder of SQL, migrations, a repository, or git:REF:PATH.
    #[arg(value_name = "A")]
    before: String,
    /// The schema that it ends in.
    #[arg(value_name = "B")]
    after: String,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    incomplete: IncompleteArgs,
    #[command(flatten)]
    set_up: SchemaSetUpArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs; version 0, which may still change.
    Json,
}

pub(crate) async fn cmd_schema_diff(args: &SchemaDiffArgs) -> Result<ExitCode, CommandError> {
    let request = DiffRequest {
        before: args.before.clone(),
        after: args.after.clone(),
        set_up: SchemaSetUp {
            incomplete: args.incomplete.incomplete(),
            ..args.set_up.request()?
        },
    };
    let mut line = ProgressLine::new();
    let comparison = Box::pin(schema_diff(&request, &mut progress(&mut line))).await;
    drop(line);
    let comparison = comparison?;
    terminal::print(&match args.format {
        Format::Json => diff_json(&comparison),
        Format::Text => diff_text(&comparison, &text_options()),
    })?;
    Ok(ExitCode::from(u8::from(!comparison.diff.is_empty())))
}
