//! Runs every rule over every statement of the judged migrations, and over the catalog that they lead to.

use dbwright_catalog::{Finding, Group, History, MigrationSet, Span, Trace};

use crate::allow::{self, Instruction};
use crate::context::Context;
use crate::lint::{self, Brought};
use crate::timeline::{Position, Timeline};
use crate::{RULES, Rule, RuleChoice};

/// What the rules say about the judged migrations, in the order of the history and of the statements.
///
/// SQL that was loaded before the first migration ([`History::schema`]) is never judged.
pub fn judge(history: &History, judged: &MigrationSet, trace: &Trace, choice: &RuleChoice) -> Vec<Finding> {
    let rules = rules(history, choice);
    let timeline = Timeline::new(trace);
    let mut findings = Vec::new();
    for index in (0..trace.migrations.len()).filter(|index| judged.contains(*index)) {
        findings.extend(statements(history, trace, &timeline, &rules, index));
    }
    for brought in lint::brought(trace, judged, &timeline, choice) {
        findings.extend(place(history, trace, &timeline, brought));
    }
    findings.sort_by(|a, b| {
        (a.place.statement.cmp(&b.place.statement))
            .then_with(|| b.severity.cmp(&a.severity))
            .then_with(|| a.place.line.cmp(&b.place.line))
    });
    findings
}

/// What the rules about statements say of the last migration of a trace that ends before its history does. Knowing the rest
/// may change it, and rules about schemas are not asked.
pub fn judge_last(history: &History, trace: &Trace, choice: &RuleChoice) -> Vec<Finding> {
    let Some(last) = trace.migrations.len().checked_sub(1) else {
        return Vec::new();
    };
    statements(history, trace, &Timeline::new(trace), &rules(history, choice), last)
}

/// The rules that are asked.
fn rules(history: &History, choice: &RuleChoice) -> Vec<&'static Rule> {
    let asked = |rule: &&Rule| rule.engines.contains(&history.engine) && choice.includes(rule);
    RULES.iter().copied().filter(asked).collect()
}

/// What these rules say of the statements of one migration.
fn statements(
    history: &History,
    trace: &Trace,
    timeline: &Timeline<'_>,
    rules: &[&Rule],
    index: usize,
) -> Vec<Finding> {
    let Some(migration) = history.migrations.get(index) else {
        return Vec::new();
    };
    let instructions = allow::instructions(migration);
    let contexts = (0..migration.statements.len())
        .filter_map(|number| context(history, trace, timeline, (index, number), &instructions));
    contexts
        .flat_map(|context| judge_statement(rules, &context, &instructions))
        .collect()
}

fn context<'a>(
    history: &'a History,
    trace: &'a Trace,
    timeline: &'a Timeline<'a>,
    position: Position,
    instructions: &'a [Instruction],
) -> Option<Context<'a>> {
    let migration = history.migrations.get(position.0)?;
    Some(Context {
        history,
        trace,
        migration,
        statement: migration.statements.get(position.1)?,
        effect: trace.migrations.get(position.0)?.effects.get(position.1)?,
        instructions: instructions
            .iter()
            .filter(|instruction| instruction.statement == position.1)
            .collect(),
        position,
        timeline,
    })
}

fn judge_statement(rules: &[&Rule], context: &Context<'_>, instructions: &[Instruction]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules {
        rule.judge_statement(context, &mut findings);
    }
    findings.retain(|finding| !allow::is_allowed(instructions, &finding.rule, context.position.1));
    fold(findings)
}

/// What is told as a fact of another finding about the same table at the same statement, where one stands: several effects
/// of one statement are one finding.
static FOLDED: [&Rule; 3] = [
    &crate::release::required_column::RULE,
    &crate::release::result_type_changed::RULE,
    &crate::locks::referenced_table_locked::RULE,
];

fn fold(findings: Vec<Finding>) -> Vec<Finding> {
    let is_folded = |finding: &Finding| FOLDED.iter().any(|rule| rule.name == finding.rule);
    let (folded, mut findings): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(is_folded);
    let mut alone = Vec::new();
    for finding in folded {
        let host = findings.iter_mut().find(|host| {
            host.group == Group::Failure
                || host.evidence.relation == finding.evidence.relation
                || host.group == Group::DataLoss
        });
        match host {
            Some(host) => host.evidence.facts.push(format!("{}.", finding.message)),
            None => alone.push(finding),
        }
    }
    findings.append(&mut alone);
    findings
}

/// The finding about a flaw of the catalog, at the statement that brought it; nothing where a comment allows it there.
fn place(history: &History, trace: &Trace, timeline: &Timeline<'_>, brought: Brought) -> Option<Finding> {
    let Brought { rule, position, folded } = brought;
    let instructions = allow::instructions(history.migrations.get(position.0)?);
    if allow::is_allowed(&instructions, rule.name, position.1) {
        return None;
    }
    let context = context(history, trace, timeline, position, &instructions)?;
    let mut finding = lint::told(folded, context.finding(rule, None, String::new()));
    let name = finding
        .evidence
        .relation
        .as_ref()
        .map(|object| object.name().to_owned());
    if let Some(span) = name.and_then(|name| named_at(&context, &name)) {
        let before = &context.migration.text[context.statement.span.start..span.start];
        let lines = before.bytes().filter(|byte| *byte == b'\n').count();
        finding.place.line += u32::try_from(lines).unwrap_or(0);
        finding.place.span = Some(span);
    }
    Some(finding)
}

/// Where the statement names an object first, as a word of its own.
fn named_at(context: &Context<'_>, name: &str) -> Option<Span> {
    let statement = context.statement.span;
    let text = context.migration.text.get(statement.range())?;
    // What was sent may have been rendered from a template: a position in it says nothing about the file.
    if text != context.statement.text || name.is_empty() {
        return None;
    }
    let (lower, name) = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let is_edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
    let at = lower
        .match_indices(&name)
        .map(|(at, _)| at)
        .find(|at| is_edge(lower[..*at].chars().next_back()) && is_edge(lower[at + name.len()..].chars().next()))?;
    Some(Span::new(statement.start + at, statement.start + at + name.len()))
}
