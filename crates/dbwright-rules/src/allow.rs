//! Comments that silence rules: `-- dbwright: allow table-rewrite until 2027-01-31 because the table has 200 rows`.
//!
//! `allow` holds for the statement that follows (or that the comment stands in or behind), `allow-file` for the whole
//! file. A reason is required, behind `because` or in parentheses; without one, and after its last day, a comment silences
//! nothing.

use std::collections::BTreeSet;

use dbwright_catalog::{Allowance, AllowedFinding, Date, Finding, Migration, Span};

/// A comment for dbwright.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// What it asks for.
    pub(crate) kind: InstructionKind,
    /// Where the comment stands.
    pub(crate) span: Span,
    /// Its line, counted from 1.
    pub(crate) line: u32,
    /// Index of the statement that it stands at.
    pub(crate) statement: usize,
}

/// What a comment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InstructionKind {
    /// These rules are to be silent.
    Allow(Allow),
    /// What is wrong with it.
    NotUnderstood(String),
}

/// Rules that are to be silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allow {
    /// Names as they are written; there may be no rules of these names.
    pub(crate) rules: Vec<String>,
    /// Where.
    pub(crate) reach: Reach,
    /// The last day on which it counts.
    pub(crate) until: Option<Date>,
    /// Why.
    pub(crate) reason: Option<String>,
}

/// How far a comment reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The statement that it stands at.
    Statement,
    /// All statements of the file.
    File,
}

/// How a comment is written, for those who wrote another one.
pub(crate) const FORM: &str = "Write `-- dbwright: allow RULE because REASON`, `allow RULE until 2027-01-31 because REASON`, or the same with `allow-file`.";

/// The comments of one migration, and what they were good for.
#[derive(Debug)]
pub(crate) struct Allowances {
    pub(crate) instructions: Vec<Instruction>,
    /// Index of the instruction and name of the rule, where it met a finding.
    used: BTreeSet<(usize, String)>,
}

/// What becomes of a finding.
pub(crate) enum Verdict {
    /// It is reported.
    Reported(Finding),
    /// It is not.
    Allowed(AllowedFinding),
}

impl Allowances {
    /// Those of a migration.
    pub(crate) fn of(migration: &Migration) -> Self {
        Allowances {
            instructions: instructions(migration),
            used: BTreeSet::new(),
        }
    }

    /// Asks the comments whether a finding at a statement is allowed. Where one would allow it and does not count, the
    /// finding says so.
    pub(crate) fn judge(&mut self, finding: Finding, statement: usize, today: Option<Date>) -> Verdict {
        self.judge_where(finding, today, |instruction, allow| match allow.reach {
            Reach::Statement => instruction.statement == statement,
            Reach::File => true,
        })
    }

    /// The same for a finding about all of a file: each comment in it reaches it.
    pub(crate) fn judge_file(&mut self, finding: Finding, today: Option<Date>) -> Verdict {
        self.judge_where(finding, today, |_, _| true)
    }

    fn judge_where(
        &mut self,
        mut finding: Finding,
        today: Option<Date>,
        reaches: impl Fn(&Instruction, &Allow) -> bool,
    ) -> Verdict {
        let mut objections = Vec::new();
        let mut allowance = None;
        for (index, instruction) in self.instructions.iter().enumerate() {
            let InstructionKind::Allow(allow) = &instruction.kind else {
                continue;
            };
            if !reaches(instruction, allow) || !allow.rules.contains(&finding.rule) {
                continue;
            }
            self.used.insert((index, finding.rule.clone()));
            match counts(allow, instruction.line, today) {
                Ok(counted) => allowance = Some(counted),
                Err(objection) => objections.push(objection),
            }
        }
        if let Some(allowance) = allowance {
            return Verdict::Allowed(AllowedFinding { finding, allowance });
        }
        finding.advice.extend(objections);
        Verdict::Reported(finding)
    }

    /// What allows nothing, as indexes of instructions with the names of their rules. Comments without a reason are told by
    /// another rule.
    pub(crate) fn unused(&self) -> impl Iterator<Item = (&Instruction, &Allow, &str)> {
        self.instructions
            .iter()
            .enumerate()
            .flat_map(move |(index, instruction)| {
                let allow = match &instruction.kind {
                    InstructionKind::Allow(allow) if allow.reason.is_some() => Some(allow),
                    InstructionKind::Allow(_) | InstructionKind::NotUnderstood(_) => None,
                };
                allow.into_iter().flat_map(move |allow| {
                    let names = allow.rules.iter().map(String::as_str);
                    names
                        .filter(move |name| !self.used.contains(&(index, (*name).to_owned())))
                        .map(move |name| (instruction, allow, name))
                })
            })
    }
}

/// Whether a comment counts, or why not, as a whole sentence.
fn counts(allow: &Allow, line: u32, today: Option<Date>) -> Result<Allowance, String> {
    let Some(reason) = &allow.reason else {
        return Err(format!(
            "Give the comment on line {line} a reason: it allows this without one, so it does not count."
        ));
    };
    match (allow.until, today) {
        (Some(until), Some(today)) if until < today => Err(format!(
            "Decide again: the comment on line {line} allowed it until {until} ({reason}), and that day has passed."
        )),
        _ => Ok(Allowance {
            reason: reason.clone(),
            until: allow.until,
            line,
        }),
    }
}

/// All comments for dbwright in a migration.
fn instructions(migration: &Migration) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    let mut start = 0;
    for (index, line) in migration.text.split_inclusive('\n').enumerate() {
        let line_start = start;
        start += line.len();
        let Some((offset, text)) = comment_for_us(line) else {
            continue;
        };
        let span = Span::new(line_start + offset, line_start + line.trim_end().len());
        let behind_a_statement = !line[..offset].trim().is_empty();
        // A way back that does nothing has no statement, and its comment says why.
        let statement = statement_at(migration, span, line_start, behind_a_statement).unwrap_or(0);
        instructions.push(Instruction {
            kind: read(text),
            span,
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            statement,
        });
    }
    instructions
}

/// Where `--` stands in the line and what follows `dbwright:`.
fn comment_for_us(line: &str) -> Option<(usize, &str)> {
    line.match_indices("--").find_map(|(offset, _)| {
        let text = line[offset..]
            .trim_start_matches('-')
            .trim_start()
            .strip_prefix("dbwright:")?;
        Some((offset, text.trim()))
    })
}

/// The statement that a comment stands at: the one that it is behind on the same line, else the one that it is in, else
/// the next; after the last one, the last.
fn statement_at(migration: &Migration, comment: Span, line_start: usize, behind: bool) -> Option<usize> {
    let statements = &migration.statements;
    let behind = statements
        .iter()
        .rposition(|statement| behind && statement.span.start < comment.start && statement.span.end >= line_start);
    let next = || {
        statements
            .iter()
            .position(|statement| statement.span.end > comment.start)
    };
    behind.or_else(next).or_else(|| statements.len().checked_sub(1))
}

fn read(text: &str) -> InstructionKind {
    let not_understood = || InstructionKind::NotUnderstood(format!("dbwright does not understand `{text}`"));
    let (orders, reason) = reason(text);
    let mut words = orders
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty());
    let reach = match words.next() {
        Some("allow") => Reach::Statement,
        Some("allow-file") => Reach::File,
        _ => return not_understood(),
    };
    let mut rules = Vec::new();
    let mut until = None;
    while let Some(word) = words.next() {
        if word != "until" {
            rules.push(word.to_owned());
            continue;
        }
        let day = words.next().unwrap_or_default();
        match day.parse::<Date>() {
            Ok(date) => until = Some(date),
            Err(error) => return InstructionKind::NotUnderstood(format!("`until {day}` names no day: {error}")),
        }
        if words.next().is_some() {
            return not_understood();
        }
    }
    if rules.is_empty() {
        return not_understood();
    }
    InstructionKind::Allow(Allow {
        rules,
        reach,
        until,
        reason,
    })
}

/// What stands before the reason, and the reason: all that follows the word `because`, or what stands in parentheses.
fn reason(text: &str) -> (&str, Option<String>) {
    let because = text
        .match_indices("because")
        .find(|(at, word)| {
            let edge = |letter: Option<char>| letter.is_none_or(char::is_whitespace);
            edge(text[..*at].chars().next_back()) && edge(text[at + word.len()..].chars().next())
        })
        .map(|(at, word)| (at, &text[at + word.len()..]));
    let parenthesis = text.find('(').map(|at| {
        let inside = text[at + 1..].trim_end();
        (at, inside.strip_suffix(')').unwrap_or(inside))
    });
    let first = [because, parenthesis].into_iter().flatten().min_by_key(|(at, _)| *at);
    match first {
        None => (text, None),
        Some((at, reason)) => {
            let reason = reason.trim();
            (&text[..at], (!reason.is_empty()).then(|| reason.to_owned()))
        }
    }
}
