//! `dbwright rule`: explains a rule, or lists them all.

use std::process::ExitCode;

use clap::Args;

use crate::command_error::CommandError;
use crate::terminal;

/// Explain a rule, or list all rules.
///
/// With a name: what the rule catches, why that matters and what to do instead, with examples. Without: all rules by
/// what they protect, in a line each. What `dbwright explain` tells has pages as well; docs/insights lists them.
#[derive(Args, Debug)]
pub(crate) struct RuleArgs {
    /// The name of a rule or insight, as findings show it: table-rewrite.
    name: Option<String>,
}

pub(crate) fn cmd_rule(args: &RuleArgs) -> Result<ExitCode, CommandError> {
    let text = match &args.name {
        Some(name) => dbwright_report::rule_page(
            &dbwright_engineer::rule_page(name)?,
            terminal::color(),
            terminal::width(),
        ),
        None => list(),
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> String {
    let rules = dbwright_engineer::rules();
    let lines: Vec<dbwright_report::RuleLine<'_>> = rules
        .iter()
        .map(|rule| dbwright_report::RuleLine {
            group: rule.group,
            name: rule.name,
            summary: &rule.summary,
        })
        .collect();
    dbwright_report::rule_list(&lines, terminal::color(), terminal::width())
}
