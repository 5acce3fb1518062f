//! `cargo xtask bless`: accepts what the snapshot tests say now, and writes the generated pages.
//!
//! Read the diff afterwards: snapshots are regenerated and read, never edited by hand.

use anyhow::Result;

use crate::run::{cargo, run};
use crate::{docs, engines};

/// Arguments of `cargo xtask bless`.
#[derive(clap::Args)]
pub(crate) struct BlessArgs {
    /// Only the tests of this crate, for example `dbwright-report`.
    #[arg(short, long)]
    package: Option<String>,
    /// Only tests whose name contains this.
    filter: Option<String>,
}

/// Runs the tests with snapshots written, then writes the pages even if other tests failed.
pub(crate) fn cmd_bless(args: &BlessArgs) -> Result<()> {
    let mut command = cargo(&["test", "--quiet", "--no-fail-fast", "--tests"]);
    match &args.package {
        Some(package) => command.args(["--package", package]),
        None => command.arg("--workspace"),
    };
    command.args(&args.filter);
    command.env("INSTA_UPDATE", "always").env("INSTA_FORCE_PASS", "1");
    command.env("DBWRIGHT_ENGINES", engines::prefix()?);
    let tested = run(&mut command);
    docs::cmd_docs(&docs::DocsArgs { check: false })?;
    tested
}
