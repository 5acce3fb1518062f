//! All automation of the repository: one subcommand per file, run as `cargo xtask NAME`.
//!
//! Not part of the product: nothing here is published or called by dbwright.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "xtask is a program that talks to whoever runs it"
)]

mod bench;
mod bless;
mod ci;
mod docs;
mod engines;
mod new_rule;
mod run;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// All automation of the repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install the database servers that the tests need, in a folder of their own.
    Engines(engines::EnginesArgs),
    /// Check the borders between crates and the house style.
    Tidy,
    /// Write the generated pages: rules and the JSON schema.
    Docs(docs::DocsArgs),
    /// Add a rule: its file from a template, and its line in the list.
    NewRule(new_rule::NewRuleArgs),
    /// Accept what the snapshot tests say now, then write the generated pages.
    Bless(bless::BlessArgs),
    /// Measure how fast dbwright is, beside what it is compared with.
    Bench(bench::BenchArgs),
    /// Everything that has to hold before a commit.
    Ci(ci::CiArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Engines(args) => engines::cmd_engines(&args),
        Command::Tidy => tidy::cmd_tidy(),
        Command::Docs(args) => docs::cmd_docs(&args),
        Command::NewRule(args) => new_rule::cmd_new_rule(&args),
        Command::Bless(args) => bless::cmd_bless(&args),
        Command::Bench(args) => bench::cmd_bench(&args),
        Command::Ci(args) => ci::cmd_ci(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
