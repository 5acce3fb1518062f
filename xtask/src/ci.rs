//! `cargo xtask ci`: everything that has to hold before a commit, in the order in which it fails fastest.
//!
//! What the tests need is installed on the way. No benchmark is run here.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::run::{cargo, run};
use crate::{docs, engines, tidy};

/// Majors of PostgreSQL that the live tests run on, as `DBWRIGHT_TEST_MAJORS` has them.
const MAJORS: &str = "15,18";
/// The same with `--full`.
const MAJORS_FULL: &str = "13,15,16,17,18";

/// Arguments of `cargo xtask ci`.
#[derive(clap::Args)]
pub(crate) struct CiArgs {
    /// Run the live tests on every major of PostgreSQL, not only on the oldest and newest of the usual ones, and all
    /// recorded predictions.
    #[arg(long)]
    full: bool,
}

/// Runs the steps one after the other and stops at the first that fails.
///
/// The tests come last and nothing is printed after them, so that the output ends with the runner's own summary.
pub(crate) fn cmd_ci(args: &CiArgs) -> Result<()> {
    let majors = if args.full { MAJORS_FULL } else { MAJORS };
    step("fmt", || run(&mut cargo(&["fmt", "--all", "--check"])))?;
    step("clippy", || {
        run(&mut cargo(&[
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]))
    })?;
    step("tidy", tidy::cmd_tidy)?;
    step("docs", || docs::cmd_docs(&docs::DocsArgs { check: true }))?;
    step("engines", || {
        engines::cmd_engines(&engines::EnginesArgs { print: false })
    })?;
    step("doc tests", || {
        run(&mut with_engines(
            cargo(&["test", "--quiet", "--workspace", "--doc"]),
            majors,
        )?)
    })?;
    let mut tests = test_runner(majors)?;
    if args.full {
        // Corpora of which every change runs a sample are run whole, once.
        tests.env("DBWRIGHT_CORPUS_RUNS", "1");
    }
    let started = Instant::now();
    eprintln!("ci: tests, on PostgreSQL {majors}");
    run(&mut tests).with_context(|| failed("tests", started))
}

/// All tests but those in documentation, with nextest where it is installed.
fn test_runner(majors: &str) -> Result<Command> {
    let nextest = cargo(&["nextest", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    let command = if nextest {
        cargo(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
    };
    with_engines(command, majors)
}

/// Tells the tests where the engines are and on which to run.
fn with_engines(mut command: Command, majors: &str) -> Result<Command> {
    command
        .env("DBWRIGHT_ENGINES", engines::prefix()?)
        .env("DBWRIGHT_TEST_MAJORS", majors);
    // A snapshot that differs is a failure here, not a file for somebody to look at.
    command.env("INSTA_UPDATE", "no");
    Ok(command)
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("ci: {name}");
    let started = Instant::now();
    work().with_context(|| failed(name, started))?;
    eprintln!("ci: {name} passed in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn failed(name: &str, started: Instant) -> String {
    format!(
        "the step `{name}` failed after {:.1} s",
        started.elapsed().as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_is_named_before_its_reason() {
        let error = step("tidy", || anyhow::bail!("2 problems")).unwrap_err();
        let shown = format!("{error:#}");
        assert!(shown.starts_with("the step `tidy` failed after "), "{shown}");
        assert!(shown.ends_with(": 2 problems"), "{shown}");
    }

    #[test]
    fn the_usual_majors_are_among_all_of_them() {
        let all: Vec<&str> = MAJORS_FULL.split(',').collect();
        assert!(MAJORS.split(',').all(|major| all.contains(&major)));
        assert_eq!(all, engines::MAJORS.map(|major| major.to_string()));
    }
}
