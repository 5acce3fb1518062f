//! `dbwright schema lint`: what the rules of design and security say of a schema.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use dbwright_engineer::{FailOn, LintRequest, schema_lint};
use dbwright_report::TextOptions;
use dbwright_report::lint::{lint_json, lint_text};

use super::{SchemaSetUpArgs, progress, text_options};
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Judge a schema: keys, foreign keys, indexes, types, and who may see what.
///
/// The rules of the groups design and security, the same that `dbwright check` asks about what migrations add. Matters of
/// taste are off. Databases are only read; no rows are.
#[derive(Args, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct SchemaLintArgs {
    /// The schema: a URL, a file or folder of SQL, a folder of migrations or a repository, or git:REF:PATH.
    source: String,
    /// How to print what was found.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Ask this rule, which is off by default (may be given several times).
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Do not report this rule (may be given several times).
    #[arg(long, value_name = "RULE")]
    allow: Vec<String>,
    /// Exit with 1 from this severity on: error, warning, note or never [default: warning].
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Tell every finding at length.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    set_up: SchemaSetUpArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs; version 0, which may still change.
    Json,
}

const AFTER_HELP: &str = "\
Severities for everyone belong in dbwright.toml: under [rules], serial-column = \"note\"
switches a rule on, small-key = \"allow\" switches one off.

Exit codes:
  0 nothing found   2 wrong use                 4 refused for safety
  1 findings        3 a file or server failed   70 a bug in dbwright

Examples:
  dbwright schema lint .                        what the migrations here lead to
  dbwright schema lint postgres://app@db/shop   a database
  dbwright schema lint app.db --rule table-not-strict";

pub(crate) async fn cmd_schema_lint(args: &SchemaLintArgs) -> Result<ExitCode, CommandError> {
    let mut set_up = args.set_up.request()?;
    set_up.overrides.allow.clone_from(&args.allow);
    set_up.overrides.fail_on = args.fail_on;
    let request = LintRequest {
        source: args.source.clone(),
        rules: args.rule.clone(),
        set_up,
    };
    let mut line = ProgressLine::new();
    let answer = schema_lint(&request, &mut progress(&mut line)).await;
    drop(line);
    let answer = answer?;
    let text = match args.format {
        Format::Json => lint_json(&answer.lint),
        Format::Text => lint_text(
            &answer.lint,
            &TextOptions {
                verbose: args.verbose,
                ..text_options()
            },
        ),
    };
    terminal::print(&text)?;
    let is_failure = match answer.fail_on {
        FailOn::Never => false,
        FailOn::Severity(severity) => answer.lint.findings.iter().any(|finding| finding.severity >= severity),
    };
    Ok(ExitCode::from(u8::from(is_failure)))
}
