//! Runs every rule over every statement of the judged migrations, and over the catalog that they lead to.

use std::collections::BTreeMap;

use dbwright_catalog::{AllowedFinding, Finding, Group, History, MigrationSet, Outcome, Severity, Span, Trace};

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
    let rules = rules(history, choice);
    let timeline = Timeline::new(trace);
    let mut judgement = Judgement::default();
    let mut comments: BTreeMap<usize, Allowances> = BTreeMap::new();
    for index in (0..trace.migrations.len()).filter(|index| judged.contains(*index)) {
        let Some(migration) = history.migrations.get(index) else {
            continue;
        };
        let allowances = comments.entry(index).or_insert_with(|| Allowances::of(migration));
        let of_migration = statements(history, trace, &timeline, &rules, (index, allowances), choice);
        judgement.findings.extend(of_migration.findings);
        judgement.allowed.extend(of_migration.allowed);
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

/// What the rules about statements say of the last migration of a trace that ends before its history does. Knowing the rest
/// may change it, and rules about schemas are not asked.
pub fn judge_last(history: &History, trace: &Trace, choice: &RuleChoice) -> Vec<Finding> {
    let last = trace.migrations.len().checked_sub(1);
    let Some((last, migration)) = last.and_then(|last| Some((last, history.migrations.get(last)?))) else {
        return Vec::new();
    };
    let mut allowances = Allowances::of(migration);
    let (timeline, rules) = (Timeline::new(trace), rules(history, choice));
    statements(history, trace, &timeline, &rules, (last, &mut allowances), choice).findings
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
    (index, allowances): (usize, &mut Allowances),
    choice: &RuleChoice,
) -> Judgement {
    let mut judgement = Judgement::default();
    let number = history.migrations.get(index).map_or(0, |it| it.statements.len());
    for statement in 0..number {
        let mut findings = Vec::new();
        if let Some(context) = context(history, trace, timeline, (index, statement), &allowances.instructions) {
            for rule in rules {
                rule.judge_statement(&context, &mut findings);
            }
        }
        let is_work = |finding: &&mut Finding| crate::locks::tells_of_work(&finding.rule);
        if let Some(finding) = findings.iter_mut().find(is_work)
            && let Some(context) = context(history, trace, timeline, (index, statement), &allowances.instructions)
        {
            finding
                .evidence
                .facts
                .extend(crate::locks::long_lock_hold::meanwhile(&context));
        }
        let mut of_statement = Judgement::default();
        for finding in findings {
            of_statement.take(allowances.judge(finding, statement, choice.today));
        }
        judgement.findings.extend(fold(of_statement.findings));
        judgement.allowed.extend(of_statement.allowed);
    }
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

/// What is told as a fact of another finding about the same table at the same statement, where one stands: several effects
/// of one statement are one finding.
static FOLDED: [&Rule; 5] = [
    &crate::release::required_column::RULE,
    &crate::release::result_type_changed::RULE,
    &crate::release::stricter_table::RULE,
    &crate::failure::unproven_key::RULE,
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
            Some(host) => {
                host.evidence.facts.push(format!("{}.", finding.message));
                // What to count stands nowhere else.
                if finding.rule == crate::failure::unproven_key::RULE.name {
                    host.advice.extend(finding.advice);
                }
            }
            None => alone.push(finding),
        }
    }
    findings.append(&mut alone);
    fold_failure(findings)
}

/// The rules about a statement that reads all rows, or builds an index, to prove that they fit: that it fails on rows that
/// do not is a part of the same decision.
static PROVING: [&Rule; 6] = [
    &crate::locks::set_not_null_scan::RULE,
    &crate::locks::constraint_validated_under_lock::RULE,
    &crate::locks::domain_constraint_scan::RULE,
    &crate::locks::attach_partition_scan::RULE,
    &crate::locks::add_unique_constraint::RULE,
    &crate::locks::create_index_without_concurrently::RULE,
];

/// Tells that a statement fails on some rows together with the proof that it is; what fails on every row stands by itself.
fn fold_failure(mut findings: Vec<Finding>) -> Vec<Finding> {
    let fails_on_rows = crate::failure::fails_on_rows::RULE.name;
    let is_of_rows = |finding: &Finding| finding.rule == fails_on_rows && finding.severity != Severity::Error;
    let is_proof = |finding: &Finding| PROVING.iter().any(|rule| rule.name == finding.rule);
    let (Some(failure), true) = (findings.iter().position(is_of_rows), findings.iter().any(is_proof)) else {
        return findings;
    };
    let failure = findings.remove(failure);
    if let Some(host) = findings.iter_mut().find(|finding| is_proof(finding)) {
        host.evidence.facts.push(format!("{}.", failure.message));
        // The first is the server's message, which is a part of the sentence above.
        host.evidence.facts.extend(failure.evidence.facts.into_iter().skip(1));
        host.advice.extend(failure.advice);
    }
    findings
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
