//! What can be written on the command line.

use clap::{Parser, Subcommand};

use crate::commands::cache::CacheArgs;
use crate::commands::capture::CaptureArgs;
use crate::commands::check::CheckArgs;
use crate::commands::detect::DetectArgs;
use crate::commands::engine::EngineArgs;
use crate::commands::explain::ExplainArgs;
use crate::commands::migrate::MigrateArgs;
use crate::commands::rule::RuleArgs;
use crate::commands::schema::SchemaArgs;
use crate::commands::snapshot::SnapshotArgs;
use crate::commands::twin::TwinArgs;

/// Runs schema changes on a disposable real server and says what they would do to production.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Begin with `dbwright detect`, then `dbwright check`. `dbwright COMMAND --help` tells more of each."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(CheckArgs),
    Detect(DetectArgs),
    Schema(SchemaArgs),
    Migrate(MigrateArgs),
    Capture(CaptureArgs),
    Snapshot(SnapshotArgs),
    Twin(TwinArgs),
    Explain(ExplainArgs),
    Rule(RuleArgs),
    Engine(EngineArgs),
    Cache(CacheArgs),
}
