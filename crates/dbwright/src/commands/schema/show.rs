//! `dbwright schema show`: one schema as SQL, as a tree, as JSON.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use dbwright_engineer::{ShowRequest, schema_show};
use dbwright_report::incomplete_text;
use dbwright_report::schema::{coverage_text, show_json, show_sql, show_tree};

use super::{SchemaSetUpArgs, progress, text_options};
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Show a schema: as SQL that recreates it, as a tree, or as JSON.
#[derive(Args, Debug)]
pub(crate) struct SchemaShowArgs {
    /// The schema: a URL, a file or folder of SQL, a folder of migrations or a repository, or git:REF:PATH.
    source: String,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "sql")]
    format: Format,
    /// Say how much of the schema dbwright understands, kind by kind, instead of the schema.
    #[arg(long)]
    coverage: bool,
    #[command(flatten)]
    set_up: SchemaSetUpArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// SQL that recreates it on an empty database.
    Sql,
    /// For programs; version 0, which may still change.
    Json,
    /// The objects, those of a table below it.
    Tree,
}

pub(crate) async fn cmd_schema_show(args: &SchemaShowArgs) -> Result<ExitCode, CommandError> {
    let request = ShowRequest {
        source: args.source.clone(),
        set_up: args.set_up.request()?,
    };
    let mut line = ProgressLine::new();
    let shown = schema_show(&request, &mut progress(&mut line)).await;
    drop(line);
    let shown = shown?;
    let text = match args.format {
        Format::Json => show_json(&shown),
        _ if args.coverage => coverage_text(&shown, &text_options()),
        Format::Sql => show_sql(&shown),
        Format::Tree => show_tree(&shown, &text_options()),
    };
    terminal::talk(&incomplete_text(&shown.side, &text_options()));
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
