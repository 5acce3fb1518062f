//! `dbwright schema drift`: a live database against what it should be.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use dbwright_catalog::Drift;
use dbwright_engineer::{BaselineEntry, DriftRequest, SchemaSetUp, baseline_entries, schema_drift};
use dbwright_report::schema::{baseline, drift_json, drift_text, parse_baseline};

use super::diff::Format;
use super::{IncompleteArgs, SchemaSetUpArgs, progress, text_options};
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Compare a live database with the migrations of the repository, or with another source.
///
/// Exits with 1 when they differ. With a baseline, only differences that it does not hold count, so that a team can commit
/// the drift it has and be told of what is new.
#[derive(Args, Debug)]
pub(crate) struct SchemaDriftArgs {
    /// The database: postgres://user@host/db, mysql://user@host/db, sqlite:/path, or a SQLite file.
    #[arg(value_name = "URL")]
    database: String,
    /// What it should be: any source [default: the migrations of this repository].
    #[arg(long, value_name = "SOURCE", default_value = ".", hide_default_value = true)]
    against: String,
    /// Only what is not in this file counts.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all differences to this file, to be committed, and exit with 0.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    incomplete: IncompleteArgs,
    #[command(flatten)]
    set_up: SchemaSetUpArgs,
}

pub(crate) async fn cmd_schema_drift(args: &SchemaDriftArgs) -> Result<ExitCode, CommandError> {
    let known = args.baseline.as_deref().map(read_baseline).transpose()?;
    let set_up = SchemaSetUp {
        incomplete: args.incomplete.incomplete(),
        ..args.set_up.request()?
    };
    let drift = Box::pin(find(&args.database, &args.against, known, set_up)).await?;
    terminal::print(&match args.format {
        Format::Json => drift_json(&drift),
        Format::Text => drift_text(&drift, &text_options()),
    })?;
    if let Some(file) = &args.write_baseline {
        write_baseline(file, &drift)?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(u8::from(drift.is_new())))
}

/// Compares; also for `dbwright check --db`.
pub(crate) async fn find(
    database: &str,
    against: &str,
    baseline: Option<(String, Vec<BaselineEntry>)>,
    set_up: SchemaSetUp,
) -> Result<Drift, CommandError> {
    let request = DriftRequest {
        live: database.to_owned(),
        against: against.to_owned(),
        baseline,
        set_up,
    };
    let mut line = ProgressLine::new();
    let drift = Box::pin(schema_drift(&request, &mut progress(&mut line))).await;
    drop(line);
    Ok(drift?)
}

/// Reads a committed baseline.
pub(crate) fn read_baseline(file: &Path) -> Result<(String, Vec<BaselineEntry>), CommandError> {
    let shown = file.display().to_string();
    let hint = "`--write-baseline FILE` writes one";
    let text = std::fs::read_to_string(file)
        .map_err(|error| CommandError::outside(format!("cannot read {shown}: {error}")).hint(hint))?;
    let entries =
        parse_baseline(&text).map_err(|problem| CommandError::outside(format!("{shown}: {problem}")).hint(hint))?;
    let entry = |(object, expected, live)| BaselineEntry { object, expected, live };
    Ok((shown, entries.into_iter().map(entry).collect()))
}

fn write_baseline(file: &Path, drift: &Drift) -> Result<(), CommandError> {
    let entries: Vec<_> = baseline_entries(&drift.comparison)
        .into_iter()
        .map(|entry| (entry.object, entry.expected, entry.live))
        .collect();
    std::fs::write(file, baseline(&entries))
        .map_err(|error| CommandError::outside(format!("cannot write {}: {error}", file.display())))?;
    terminal::talk(&format!(
        "wrote {} to {}; commit it, and use it with --baseline\n",
        if entries.len() == 1 {
            "1 difference".to_owned()
        } else {
            format!("{} differences", entries.len())
        },
        file.display()
    ));
    Ok(())
}
