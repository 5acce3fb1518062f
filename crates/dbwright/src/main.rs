//! The command line of dbwright: one file per command, in `commands`.
//!
//! Data goes to stdout, talk to stderr. Exit codes: 0 fine, 1 findings, 2 wrong use, 3 the outside world failed,
//! 4 refused for safety, 70 a bug of ours, 130 interrupted.

mod args;
mod bug;
mod command_error;
mod commands;
mod interrupt;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use command_error::CommandError;

fn main() -> ExitCode {
    bug::install();
    let args = Args::parse();
    let answer = match runtime() {
        Ok(runtime) => {
            interrupt::watch();
            run(&runtime, &args)
        }
        Err(error) => Err(error),
    };
    match answer {
        Ok(code) => code,
        Err(error) => {
            terminal::complain(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// One thread: a check goes from the server to the program and back all the time, and handing each answer on to another
/// thread costs as much as the answer. What takes long without waiting has threads of its own.
fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| CommandError::outside(format!("cannot start the async runtime: {source}")))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the program waits for everything else"
)]
fn run(runtime: &tokio::runtime::Runtime, args: &Args) -> Result<ExitCode, CommandError> {
    match &args.command {
        Command::Cache(args) => commands::cache::cmd_cache(args),
        Command::Capture(args) => runtime.block_on(commands::capture::cmd_capture(args)),
        Command::Snapshot(args) => commands::snapshot::cmd_snapshot(args),
        Command::Twin(args) => runtime.block_on(commands::twin::cmd_twin(args)),
        Command::Explain(args) => runtime.block_on(commands::explain::cmd_explain(args)),
        Command::Check(args) => runtime.block_on(commands::check::cmd_check(args)),
        Command::Detect(args) => commands::detect::cmd_detect(args),
        Command::Rule(args) => commands::rule::cmd_rule(args),
        Command::Schema(args) => runtime.block_on(commands::schema::cmd_schema(args)),
        Command::Migrate(args) => runtime.block_on(commands::migrate::cmd_migrate(args)),
        Command::Engine(args) => runtime.block_on(commands::engine::cmd_engine(args)),
    }
}
