//! `dbwright schema plan`: the steps from one schema to another, tried before they are shown.

use std::io::{BufRead as _, IsTerminal};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use dbwright_catalog::{Proposal, Question};
use dbwright_engineer::{Answer, PlanOptions, PlanRequest, RenameRequest, SchemaSetUp, schema_plan};
use dbwright_report::schema::{losses_text, plan_json, plan_sql, plan_text};

use super::{IncompleteArgs, SchemaSetUpArgs, progress, text_options};
use crate::command_error::{CommandError, Kind};
use crate::terminal::{self, ProgressLine};

/// Plan the way from one schema to another, try it on a copy, and print it.
///
/// The plan is carried out on a copy of A with generated rows in every table: it must end in B, keep every row of columns that
/// stay, and lead back. A plan that fails this is told as what went wrong, and not printed.
///
/// What was renamed has to be said: `-- dbwright: renamed from OLD` in the SQL of B, --rename, or an answer. What looks like a
/// rename is asked: at a terminal, else as questions that --answer answers.
#[derive(Args, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct SchemaPlanArgs {
    /// The schema that it starts from: a URL, a file or folder of SQL, migrations, a repository, or git:REF:PATH.
    #[arg(value_name = "A")]
    before: String,
    /// The schema that it ends in.
    #[arg(value_name = "B")]
    after: String,
    #[command(flatten)]
    way: WayArgs,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Print the way back instead, and what it can't restore.
    #[arg(long)]
    reverse: bool,
}

/// What decides how a plan goes.
#[derive(Args, Debug)]
pub(crate) struct WayArgs {
    /// Do not try the plan on a copy.
    #[arg(long)]
    no_prove: bool,
    /// Try the plan on a copy; without a server for it, fail.
    #[arg(long, conflicts_with = "no_prove")]
    prove: bool,
    /// Print also a plan that destroys data.
    #[arg(long)]
    allow_data_loss: bool,
    /// What is called so in A is called so in B: users=people, app.users.mail=email (may be given several times).
    #[arg(long, value_name = "OLD=NEW")]
    rename: Vec<RenameRequest>,
    /// Answer a question (may be given several times).
    #[arg(long, value_name = "ID=CHOICE")]
    answer: Vec<Answer>,
    #[command(flatten)]
    incomplete: IncompleteArgs,
    #[command(flatten)]
    pub(crate) set_up: SchemaSetUpArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// Nothing but SQL.
    Sql,
    /// For programs; version 0, which may still change.
    Json,
}

const AFTER_HELP: &str = "\
Exit codes:
  0 a plan, or nothing to do
  1 no plan: it failed its proof, or can't do all of it
  2 wrong use, or questions that have to be answered first
  3 a file or server failed
  4 refused: the plan would destroy data (--allow-data-loss)

Examples:
  dbwright schema plan postgres://app@db/app schema.sql
  dbwright schema plan . schema/ --format sql > change.sql
  dbwright schema plan a.db b.sql --rename users=people";

pub(crate) async fn cmd_schema_plan(args: &SchemaPlanArgs) -> Result<ExitCode, CommandError> {
    let proposal = Box::pin(settle(&args.before, &args.after, &args.way, args.reverse)).await?;
    if args.format == Format::Json {
        terminal::print(&plan_json(&proposal))?;
        return Ok(verdict(&proposal, &args.way).unwrap_or(ExitCode::SUCCESS));
    }
    if let Some(code) = verdict(&proposal, &args.way) {
        // What is no plan is talk, unless a person wanted to read it.
        match args.format {
            Format::Sql => terminal::talk(&plan_text(&proposal, &text_options())),
            Format::Text | Format::Json => terminal::print(&plan_text(&proposal, &text_options()))?,
        }
        return Ok(code);
    }
    terminal::print(&match args.format {
        Format::Sql => plan_sql(&proposal),
        Format::Text | Format::Json => plan_text(&proposal, &text_options()),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Why there is no plan to print, as an exit code.
pub(crate) fn verdict(proposal: &Proposal, way: &WayArgs) -> Option<ExitCode> {
    if !proposal.questions().is_empty() {
        return Some(ExitCode::from(Kind::Usage.exit_code()));
    }
    if !proposal.plan.losses.is_empty() && !way.allow_data_loss {
        terminal::talk(&losses_text(proposal, &text_options()));
        terminal::complain(&CommandError {
            kind: Kind::Refused,
            message: "refused: the plan would destroy data".to_owned(),
            hints: vec![
                "--allow-data-loss prints it; what was renamed is said with --rename OLD=NEW or a comment".to_owned(),
            ],
        });
        return Some(ExitCode::from(Kind::Refused.exit_code()));
    }
    if !proposal.is_sound() || (way.prove && proposal.proof.is_none() && proposal.plan.steps().next().is_some()) {
        return Some(ExitCode::from(1));
    }
    None
}

/// Plans; at a terminal, questions are asked until none is open.
pub(crate) async fn settle(before: &str, after: &str, way: &WayArgs, reverse: bool) -> Result<Proposal, CommandError> {
    let mut request = PlanRequest {
        before: before.to_owned(),
        after: after.to_owned(),
        reverse,
        prove: !way.no_prove,
        renames: way.rename.clone(),
        answers: way.answer.clone(),
        options: PlanOptions::default(),
        set_up: SchemaSetUp {
            incomplete: way.incomplete.incomplete(),
            ..way.set_up.request()?
        },
    };
    loop {
        let mut line = ProgressLine::new();
        let proposal = Box::pin(schema_plan(&request, &mut progress(&mut line))).await;
        drop(line);
        let proposal = proposal?;
        let is_watched = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if proposal.questions().is_empty() || !is_watched {
            return Ok(proposal);
        }
        for question in proposal.questions() {
            match ask(question)? {
                Some(answer) => request.answers.push(answer),
                None => return Ok(proposal),
            }
        }
    }
}

/// Asks one question; nothing at the end of the input.
fn ask(question: &Question) -> Result<Option<Answer>, CommandError> {
    let mut text = format!("{}\n", question.text);
    for reason in &question.reasons {
        text.extend(["  ", reason, "\n"]);
    }
    for (index, choice) in question.choices.iter().enumerate() {
        text.extend([
            "  ",
            &(index + 1).to_string(),
            ") ",
            &choice.name,
            ": ",
            &choice.consequence,
            "\n",
        ]);
    }
    terminal::talk(&text);
    loop {
        terminal::talk("answer: ");
        let mut line = String::new();
        let bytes = std::io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|error| CommandError::outside(format!("cannot read the answer: {error}")))?;
        if bytes == 0 {
            return Ok(None);
        }
        let line = line.trim();
        let by_number = line.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let choice = by_number
            .and_then(|index| question.choices.get(index))
            .or_else(|| question.choices.iter().find(|choice| choice.name == line));
        if let Some(choice) = choice {
            return Ok(Some(Answer {
                question: question.id.clone(),
                choice: choice.name.clone(),
            }));
        }
    }
}
