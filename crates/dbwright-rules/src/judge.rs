//! Runs every rule over every statement of the judged migrations, and over the catalog that they lead to.

use std::collections::BTreeMap;

use dbwright_catalog::{AllowedFinding, Finding, History, MigrationSet, Outcome, Span, Trace};

use crate::allow::{Allowances, Instruction, Reach, Verdict};
use crate::context::Context;
use crate::design::unused_allowance;
use crate::lint::{self, Brought};
use crate::timeline::{Position, Timeline};
use crate::{RULES, Rule, RuleChoice};

/// What came of judging.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// What the rules say, in the order of the history and of the statements.
    pub findings: Vec<Finding>,
    /// What they say and comments allow, in the same order.
    pub allowed: Vec<AllowedFinding>,
}

/// What the rules say about the judged migrations, in the order of the history and of the statements.
///
/// SQL that was loaded before the first migration ([`History::schema`]) is never judged.
pub fn judge(history: &History, judged: &MigrationSet, trace: &Trace, choice: &RuleChoice) -> Vec<Finding> {
    judge_with_allowed(history, judged, trace, choice).findings
}

/// The same with what comments allow.
pub fn judge_with_allowed(history: &History, judged: &MigrationSet, trace: &Trace, choice: &RuleChoice) -> Judgement {
    let rules: Vec<&Rule> = RULES
        .iter()
        .copied()
        .filter(|rule| rule.engines.contains(&history.engine) && choice.includes(rule))
        .collect();
    let timeline = Timeline::new(trace);
    let mut judgement = Judgement::default();
    let mut comments: BTreeMap<usize, Allowances> = BTreeMap::new();
    let migrations = history.migrations.iter().zip(&trace.migrations).enumerate();
    for (index, (migration, migration_trace)) in migrations.filter(|(index, _)| judged.contains(*index)) {
        let allowances = comments.entry(index).or_insert_with(|| Allowances::of(migration));
        for number in 0..migration.statements.len().min(migration_trace.effects.len()) {
            let mut findings = Vec::new();
            if let Some(context) = context(history, trace, &timeline, (index, number), &allowances.instructions) {
                for rule in &rules {
                    rule.judge_statement(&context, &mut findings);
                }
            }
            for finding in findings {
                judgement.take(allowances.judge(finding, number, choice.today));
            }
        }
    }
    for brought in lint::brought(trace, judged, &timeline, choice) {
        let (migration, statement) = brought.position;
        let Some(allowances) = comments.get_mut(&migration) else {
            continue;
        };
        if let Some(finding) = place(history, trace, &timeline, &allowances.instructions, brought) {
            judgement.take(allowances.judge(finding, statement, choice.today));
        }
    }
    if rules.iter().any(|rule| rule.name == unused_allowance::RULE.name) {
        let is_asked = |name: &str| rules.iter().any(|rule| rule.name == name && rule.judges_changes());
        judgement
            .findings
            .extend(unused(history, trace, &timeline, &comments, is_asked));
    }
    judgement.findings.sort_by(order);
    judgement.allowed.sort_by(|a, b| order(&a.finding, &b.finding));
    judgement
}

impl Judgement {
    fn take(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Reported(finding) => self.findings.push(finding),
            Verdict::Allowed(allowed) => self.allowed.push(allowed),
        }
    }
}

/// The order of the history and of the statements; of one statement the worst first.
fn order(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    (a.place.statement.cmp(&b.place.statement))
        .then_with(|| b.severity.cmp(&a.severity))
        .then_with(|| a.place.line.cmp(&b.place.line))
}

/// Comments that allow a rule which was asked and found nothing, where all that they are for was observed.
fn unused(
    history: &History,
    trace: &Trace,
    timeline: &Timeline<'_>,
    comments: &BTreeMap<usize, Allowances>,
    is_asked: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (migration, allowances) in comments {
        let effects = &trace.migrations[*migration].effects;
        let ran = |statement: usize| {
            let effect = effects.get(statement);
            effect.is_some_and(|effect| {
                effect.outcome == Outcome::Done && effect.known == dbwright_catalog::Known::Observed
            })
        };
        for (instruction, allow, rule) in allowances.unused() {
            let ran = match allow.reach {
                Reach::Statement => ran(instruction.statement),
                Reach::File => (0..history.migrations[*migration].statements.len()).all(ran),
            };
            let position = (*migration, instruction.statement);
            if is_asked(rule)
                && ran
                && let Some(context) = context(history, trace, timeline, position, &allowances.instructions)
            {
                findings.push(unused_allowance::finding(&context, instruction, allow, rule));
            }
        }
    }
    findings
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

/// The finding about a flaw of the catalog, at the statement that brought it.
fn place(
    history: &History,
    trace: &Trace,
    timeline: &Timeline<'_>,
    instructions: &[Instruction],
    brought: Brought,
) -> Option<Finding> {
    let Brought { rule, position, folded } = brought;
    let context = context(history, trace, timeline, position, instructions)?;
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
