//! `dbwright schema lint`: what the rules of design and security say of a schema.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use dbwright_catalog::LintKey;
use dbwright_engineer::{FailOn, Incomplete, LintRequest, schema_lint};
use dbwright_report::TextOptions;
use dbwright_report::lint::{lint_baseline, lint_json, lint_text, parse_lint_baseline};

use super::{IncompleteArgs, SchemaSetUpArgs, progress, text_options};
use crate::command_error::CommandError;
use crate::terminal::{self, ProgressLine};

/// Judge a schema: keys, foreign keys, indexes, types, and who may see what.
///
/// The rules of the groups design and security, the same that `dbwright check` asks about what migrations add. Matters of
/// taste are off. Databases are only read: of a live one the catalog and how far its counters are, and rows only with --data,
/// which counts those whose parents are missing.
///
/// With a baseline, only findings that it does not hold count, so that a team can commit those that it has and be told of
/// what is new. It holds rule and object, so that other words or one more row are no new finding.
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
    /// Count rows of a live database whose parents are missing: read only, 5 seconds a question and a minute in all, at most
    /// 100 relations; numbers are shown, values never.
    #[arg(long)]
    data: bool,
    /// Only what is not in this file is told and counts.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings to this file, to be committed, and exit with 0.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
    /// Exit with 1 from this severity on: error, warning, note or never [default: warning].
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Tell every finding at length.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    incomplete: IncompleteArgs,
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
  1 also where statements of the source did not run, so that not all was judged; --allow-incomplete accepts that

Examples:
  dbwright schema lint .                        what the migrations here lead to
  dbwright schema lint postgres://app@db/shop   a database
  dbwright schema lint app.db --rule table-not-strict
  dbwright schema lint postgres://app@db/shop --data
  dbwright schema lint . --write-baseline lint-baseline.json
  dbwright schema lint . --baseline lint-baseline.json";

pub(crate) async fn cmd_schema_lint(args: &SchemaLintArgs) -> Result<ExitCode, CommandError> {
    let mut set_up = args.set_up.request()?;
    set_up.overrides.allow.clone_from(&args.allow);
    set_up.overrides.fail_on = args.fail_on;
    let request = LintRequest {
        source: args.source.clone(),
        rules: args.rule.clone(),
        rows: args.data,
        baseline: args.baseline.as_deref().map(read_baseline).transpose()?,
        set_up,
    };
    let mut line = ProgressLine::new();
    let answer = Box::pin(schema_lint(&request, &mut progress(&mut line))).await;
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
    if let Some(file) = &args.write_baseline {
        write_baseline(file, &answer.keys)?;
        return Ok(ExitCode::SUCCESS);
    }
    let is_failure = match answer.fail_on {
        FailOn::Never => false,
        FailOn::Severity(severity) => answer.lint.findings.iter().any(|finding| finding.severity >= severity),
    };
    let is_whole = answer.lint.side.not_run.is_empty() || args.incomplete.incomplete() == Incomplete::Told;
    Ok(ExitCode::from(u8::from(is_failure || !is_whole)))
}

/// Reads a committed baseline.
fn read_baseline(file: &Path) -> Result<(String, Vec<LintKey>), CommandError> {
    let shown = file.display().to_string();
    let hint = "`dbwright schema lint SOURCE --write-baseline FILE` writes one";
    let text = std::fs::read_to_string(file)
        .map_err(|error| CommandError::outside(format!("cannot read {shown}: {error}")).hint(hint))?;
    let keys = parse_lint_baseline(&text)
        .map_err(|problem| CommandError::outside(format!("{shown}: {problem}")).hint(hint))?;
    Ok((shown, keys))
}

fn write_baseline(file: &Path, keys: &[LintKey]) -> Result<(), CommandError> {
    std::fs::write(file, lint_baseline(keys))
        .map_err(|error| CommandError::outside(format!("cannot write {}: {error}", file.display())))?;
    let number = match keys.len() {
        1 => "1 finding".to_owned(),
        number => format!("{number} findings"),
    };
    terminal::talk(&format!(
        "wrote {number} to {}; commit it, and use it with --baseline\n",
        file.display()
    ));
    Ok(())
}
