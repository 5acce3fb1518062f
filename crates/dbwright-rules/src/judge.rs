//! Runs every rule over every statement of the judged migrations.

use dbwright_catalog::{Finding, History, MigrationSet, Trace};

use crate::allow::{self, Instruction};
use crate::context::Context;
use crate::timeline::Timeline;
use crate::{RULES, Rule};

/// What the rules say about the judged migrations, in the order of the history and of the statements.
///
/// `allowed` holds names of rules that are switched off altogether. SQL that was loaded before the first migration
/// ([`History::schema`]) is never judged.
pub fn judge(history: &History, judged: &MigrationSet, trace: &Trace, allowed: &[String]) -> Vec<Finding> {
    let rules: Vec<&Rule> = RULES
        .iter()
        .copied()
        .filter(|rule| rule.engines.contains(&history.engine) && !allowed.iter().any(|name| name == rule.name))
        .collect();
    let timeline = Timeline::new(trace);
    let mut findings = Vec::new();
    let migrations = history.migrations.iter().zip(&trace.migrations).enumerate();
    for (index, (migration, migration_trace)) in migrations.filter(|(index, _)| judged.contains(*index)) {
        let instructions = allow::instructions(migration);
        let statements = migration.statements.iter().zip(&migration_trace.effects).enumerate();
        for (number, (statement, effect)) in statements {
            let context = Context {
                history,
                trace,
                migration,
                statement,
                effect,
                instructions: instructions
                    .iter()
                    .filter(|instruction| instruction.statement == number)
                    .collect(),
                position: (index, number),
                timeline: &timeline,
            };
            findings.extend(judge_statement(&rules, &context, &instructions));
        }
    }
    findings
}

fn judge_statement(rules: &[&Rule], context: &Context<'_>, instructions: &[Instruction]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules {
        (rule.check)(context, &mut findings);
    }
    findings.retain(|finding| !allow::is_allowed(instructions, &finding.rule, context.position.1));
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| a.place.line.cmp(&b.place.line))
    });
    findings
}
